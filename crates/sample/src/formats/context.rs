//! The identity table and the asset table, as CSV (RFC 4180, with `\n` line ends).

use crate::estate::Role;
use crate::people::Person;
use crate::world::World;

const IDENTITY_HEADER: &str = "account_upn,aad_user_id,sid,nt_name,aws_principals,display_name,privileged_role,sensitivity,department,manager";
const ASSET_HEADER: &str = "kind,name,criticality,owner,environment,service,tags";

/// Writes the identity table: everyone, then the service accounts.
///
/// `aws_principals` lists the session's ARN and its principal id, separated by `;`.
pub(crate) fn identities(world: &World) -> String {
    let row = |person: &Person| {
        let principals = world.federated_role(person).map_or(String::new(), |role| {
            let session = &person.employee_no;
            format!(
                "{};{}:{session}",
                world.aws.session_arn(role, session),
                role.id
            )
        });
        csv(&[
            &person.upn,
            &person.object_id,
            &person.sid,
            &world.nt_name(person),
            &principals,
            &person.display,
            person.privileged_role,
            person.sensitivity,
            person.department,
            &person.manager,
        ])
    };
    let rows = world.people.iter().chain(&world.services).map(row);
    std::iter::once(format!("{IDENTITY_HEADER}\n"))
        .chain(rows)
        .collect()
}

/// Writes the asset table: hosts, Azure machines, the AWS account.
pub(crate) fn assets(world: &World) -> String {
    let owner = world.people[3].upn.as_str();
    let hosts = world.hosts.iter().map(|host| {
        let (criticality, tag) = match host.role {
            Role::DomainController => ("0", "tier0;domain-controller"),
            Role::AdminWorkstation => ("0", "tier0;admin-workstation"),
            Role::Server if host.service == "federation" => ("0", "tier0;federation"),
            Role::Server | Role::Firewall => ("1", "server"),
            Role::Linux => ("2", "linux"),
            Role::Workstation => ("3", "workstation"),
        };
        csv(&[
            "host",
            &host.fqdn,
            criticality,
            &host.owner,
            "on-premises",
            host.service,
            tag,
        ])
    });
    let machines = world.azure.machines.iter().map(|machine| {
        csv(&[
            "azure-resource",
            &machine.resource_id,
            "1",
            owner,
            "azure",
            machine.service,
            "virtual-machine",
        ])
    });
    let account = csv(&[
        "aws-account",
        &world.aws.account,
        "1",
        owner,
        "aws",
        "webshop",
        "production",
    ]);
    std::iter::once(format!("{ASSET_HEADER}\n"))
        .chain(hosts)
        .chain(machines)
        .chain(std::iter::once(account))
        .collect()
}

fn csv(fields: &[&str]) -> String {
    let quoted: Vec<String> = fields
        .iter()
        .map(|field| {
            if field.contains([',', '"', '\n']) {
                format!("\"{}\"", field.replace('"', "\"\""))
            } else {
                (*field).to_owned()
            }
        })
        .collect();
    format!("{}\n", quoted.join(","))
}
