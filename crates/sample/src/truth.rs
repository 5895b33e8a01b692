//! What really happened in a sample: for tests and for judging detections, never to be ingested.

use crate::clock::millis;
use crate::streams::{Origin, Streams};
use crate::world::World;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// The whole answer sheet of a sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Truth {
    /// The seed it was made from.
    pub seed: u64,
    /// The fictitious company's name.
    pub company: String,
    /// Its DNS domain, which is also the suffix of its UPNs.
    pub domain: String,
    /// The Entra tenant.
    pub tenant_id: String,
    /// The instant no event precedes (RFC 3339).
    pub start: String,
    /// The instant of the last event (RFC 3339).
    pub end: String,
    /// Benign records by source.
    pub benign_records: BTreeMap<String, usize>,
    /// All benign records together.
    pub benign_total: usize,
    /// The intrusions; how many incidents a correlation by strong identifiers should form.
    pub intrusions: Vec<Intrusion>,
}

/// One intrusion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Intrusion {
    /// `hybrid` or `second`.
    pub name: String,
    /// The accounts taken over.
    pub accounts: Vec<CompromisedAccount>,
    /// The hosts touched, by full name.
    pub hosts: Vec<String>,
    /// The intruder's addresses on the internet.
    pub ips: Vec<String>,
    /// The intruder's address inside the network, where one is seen.
    pub inside_ips: Vec<String>,
    /// The Azure resources touched.
    pub azure_resources: Vec<String>,
    /// The AWS session, where one was taken.
    pub aws: Option<AwsPrincipal>,
    /// Records of the intrusion by source.
    pub records: BTreeMap<String, usize>,
    /// Instant of the first malicious record (RFC 3339).
    pub first_event: String,
    /// Instant of the last malicious record (RFC 3339).
    pub last_event: String,
    /// The steps in order.
    pub stages: Vec<Stage>,
}

/// An account that was taken over, by every identifier it has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CompromisedAccount {
    /// The name shown to people.
    pub display_name: String,
    /// User principal name.
    pub upn: String,
    /// `DOMAIN\account`.
    pub nt_name: String,
    /// On-premises security identifier.
    pub sid: String,
    /// Object id in Entra ID.
    pub aad_user_id: String,
}

/// The AWS side of a federated account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AwsPrincipal {
    /// The account's number.
    pub account_id: String,
    /// The name of the role taken.
    pub role: String,
    /// The role session's name.
    pub session_name: String,
    /// ARN of the session.
    pub session_arn: String,
    /// Principal id of the session.
    pub principal_id: String,
    /// The intruder's address there.
    pub ip: String,
    /// The IAM user a key was made for.
    pub iam_user: String,
}

/// One step of an intrusion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stage {
    /// A short name, unique within the intrusion.
    pub id: String,
    /// What happens.
    pub title: String,
    /// ATT&CK tactic, as Sentinel spells it.
    pub tactic: String,
    /// ATT&CK technique.
    pub technique: String,
    /// The sources that show it.
    pub sources: Vec<String>,
    /// First instant (RFC 3339).
    pub first: String,
    /// Last instant (RFC 3339).
    pub last: String,
}

impl Stage {
    pub(crate) fn new(
        id: &str,
        title: &str,
        tactic: &str,
        technique: &str,
        sources: &[&str],
        first: Timestamp,
        last: Timestamp,
    ) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            tactic: tactic.to_owned(),
            technique: technique.to_owned(),
            sources: sources.iter().map(|source| (*source).to_owned()).collect(),
            first: millis(first),
            last: millis(last),
        }
    }
}

/// Writes the answer sheet. `second` holds the second intrusion's stages, if there is one.
pub(crate) fn tell(
    world: &World,
    streams: &Streams,
    hybrid: Vec<Stage>,
    second: Option<Vec<Stage>>,
) -> Truth {
    let benign_records = streams.counts(Origin::Benign);
    let mut intrusions = vec![tell_hybrid(world, streams, hybrid)];
    intrusions.extend(second.map(|stages| tell_second(world, streams, stages)));
    Truth {
        seed: world.seed,
        company: world.company.name.to_owned(),
        domain: world.company.dns.clone(),
        tenant_id: world.company.tenant_id.clone(),
        start: millis(world.window.start),
        end: millis(world.window.end),
        benign_total: benign_records.values().sum(),
        benign_records,
        intrusions,
    }
}

fn tell_hybrid(world: &World, streams: &Streams, stages: Vec<Stage>) -> Intrusion {
    let (cast, aws, victim) = (&world.cast, &world.aws, world.victim());
    let role = world.federated_role(victim).unwrap_or(&aws.roles[0]);
    let controller = world.host("DC01");
    Intrusion {
        name: "hybrid".to_owned(),
        accounts: vec![account(world, victim)],
        hosts: vec![
            controller.fqdn.clone(),
            world.hosts[cast.admin_host].fqdn.clone(),
        ],
        ips: vec![cast.spray_ip.clone(), cast.cloud_ip.clone()],
        inside_ips: vec![cast.inside_ip.clone()],
        azure_resources: vec![world.azure.machines[cast.machine].resource_id.clone()],
        aws: Some(AwsPrincipal {
            account_id: aws.account.clone(),
            role: role.name.to_owned(),
            session_name: victim.employee_no.clone(),
            session_arn: aws.session_arn(role, &victim.employee_no),
            principal_id: format!("{}:{}", role.id, victim.employee_no),
            ip: cast.cloud_ip.clone(),
            iam_user: aws.iam_user.to_owned(),
        }),
        records: streams.counts(Origin::Hybrid),
        first_event: stages
            .first()
            .map_or(String::new(), |stage| stage.first.clone()),
        last_event: last(&stages),
        stages,
    }
}

fn tell_second(world: &World, streams: &Streams, stages: Vec<Stage>) -> Intrusion {
    Intrusion {
        name: "second".to_owned(),
        accounts: vec![account(world, world.second_victim())],
        hosts: vec![world.workstation(world.cast.second_victim).fqdn.clone()],
        ips: vec![world.cast.second_ip.clone()],
        inside_ips: vec![],
        azure_resources: vec![],
        aws: None,
        records: streams.counts(Origin::Second),
        first_event: stages
            .first()
            .map_or(String::new(), |stage| stage.first.clone()),
        last_event: last(&stages),
        stages,
    }
}

fn last(stages: &[Stage]) -> String {
    stages
        .iter()
        .map(|stage| stage.last.clone())
        .max()
        .unwrap_or_default()
}

fn account(world: &World, person: &crate::people::Person) -> CompromisedAccount {
    CompromisedAccount {
        display_name: person.display.clone(),
        upn: person.upn.clone(),
        nt_name: world.nt_name(person),
        sid: person.sid.clone(),
        aad_user_id: person.object_id.clone(),
    }
}
