//! Ordinary days in Azure, Microsoft 365 and AWS: deployments, documents and mail, a pipeline, an
//! application, an auditor, and people who take their federated role from the office.

use crate::clock::after;
use crate::dice::Dice;
use crate::formats::azure;
use crate::formats::cloudtrail::{self as trail, Call, Session};
use crate::formats::office;
use crate::people::Person;
use crate::streams::{Origin, Streams};
use crate::world::World;
use jiff::Timestamp;
use serde_json::{Value, json};

const FILES: &[(&str, &str)] = &[
    ("Sales", "Offers 2026.xlsx"),
    ("Sales", "Price list.docx"),
    ("Finance", "Closing February.xlsx"),
    ("Logistics", "Routes week 10.xlsx"),
    ("Engineering", "Requirements.docx"),
    ("People", "Holiday calendar.pdf"),
];
const CONSOLE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Edg/122.0";
const CLI: &str = "aws-cli/2.15.24 Python/3.11.8 Linux/5.15 exe/x86_64";

/// Adds `count` rows of the Azure activity log.
pub(crate) fn add_activity(world: &World, streams: &mut Streams, count: usize) {
    let mut dice = world.dice("benign/activity");
    let scope = format!(
        "/subscriptions/{}/resourceGroups/{}",
        world.azure.subscription, world.azure.group
    );
    for _ in 0..count {
        let at = world.window.working(&mut dice);
        let person = &world.people[3 + dice.below(4)];
        let machine = &world.azure.machines[dice.below(world.azure.machines.len())].resource_id;
        let (operation, resource) = match dice.between(0, 3) {
            0 => (
                "Microsoft.Resources/deployments/write",
                format!(
                    "{scope}/providers/Microsoft.Resources/deployments/release-{}",
                    dice.between(100, 999)
                ),
            ),
            1 => (
                "Microsoft.Resources/tags/write",
                format!("{machine}/providers/Microsoft.Resources/tags/default"),
            ),
            2 => (
                "Microsoft.Compute/virtualMachines/start/action",
                machine.clone(),
            ),
            _ => (
                "Microsoft.Compute/virtualMachines/restart/action",
                machine.clone(),
            ),
        };
        let row = azure::activity(
            &mut dice,
            at,
            &world.company.tenant_id,
            person,
            operation,
            &resource,
            &world.company.office_ip,
        );
        streams.activity.push(Origin::Benign, at, row);
    }
}

/// Adds `count` rows of Microsoft 365 activity. Three of them are rules that sort mail into a folder
/// of the same mailbox, which is what most inbox rules do.
pub(crate) fn add_office(world: &World, streams: &mut Streams, count: usize) {
    let mut dice = world.dice("benign/office");
    let company = &world.company;
    for turn in 0..count {
        let at = world.window.working(&mut dice);
        let person = &world.people[dice.below(world.people.len())];
        let ip = dice
            .pick(&[&company.office_ip, &company.vpn_ip, &person.home_ip])
            .as_str();
        let row = if turn < 3 {
            let rule = [
                ("Name", "Newsletters"),
                ("SubjectContainsWords", "newsletter"),
                ("MoveToFolder", "Newsletters"),
            ];
            office::mailbox(
                &mut dice,
                at,
                &company.tenant_id,
                person,
                "New-InboxRule",
                &rule,
                ip,
            )
        } else if dice.chance(60) {
            let operation = *dice.pick(&[
                "FileAccessed",
                "FileModified",
                "FilePreviewed",
                "FileUploaded",
            ]);
            let path = *dice.pick(FILES);
            office::file(
                &mut dice,
                at,
                &company.tenant_id,
                person,
                operation,
                path,
                ip,
            )
        } else {
            let operation =
                *dice.pick(&["MailItemsAccessed", "Send", "MoveToDeletedItems", "Create"]);
            office::mailbox(
                &mut dice,
                at,
                &company.tenant_id,
                person,
                operation,
                &[],
                ip,
            )
        };
        streams.office.push(Origin::Benign, at, row);
    }
}

/// Adds `count` CloudTrail records.
pub(crate) fn add_cloudtrail(world: &World, streams: &mut Streams, count: usize) {
    let mut dice = world.dice("benign/cloudtrail");
    let federated: Vec<&Person> = world
        .people
        .iter()
        .filter(|person| world.federated_role(person).is_some())
        .collect();
    let mut left = count as i64;
    // Everyone's first session lies in the first hours: the baseline of who comes from where.
    for person in &federated {
        let at = world.window.early(&mut dice, 10);
        left -= person_session(world, streams, &mut dice, at, person);
    }
    while left > 0 {
        let person = *dice.pick(&federated);
        left -= match dice.between(0, 99) {
            0..=14 => {
                let at = world.window.working(&mut dice);
                person_session(world, streams, &mut dice, at, person)
            }
            _ => automation(world, streams, &mut dice),
        };
    }
}

/// A person takes the federated role from the office and looks at a few things.
fn person_session(
    world: &World,
    streams: &mut Streams,
    dice: &mut Dice,
    at: Timestamp,
    person: &Person,
) -> i64 {
    let Some(role) = world.federated_role(person) else {
        return 0;
    };
    let aws = &world.aws;
    let ip = &world.company.office_ip;
    let session = Session {
        role,
        name: &person.employee_no,
        access_key: trail::temporary_key(dice),
        since: at,
    };
    let mut kept = keep(
        world,
        streams,
        at,
        trail::assume_with_saml(dice, at, aws, &session, ip, CONSOLE),
    );
    let mut now = at;
    for _ in 0..dice.between(2, 7) {
        now = after(now, dice.between(4_000, 240_000));
        let (service, name, request) = *dice.pick(&[
            ("ec2.amazonaws.com", "DescribeInstances", "instancesSet"),
            (
                "ec2.amazonaws.com",
                "DescribeSecurityGroups",
                "securityGroupSet",
            ),
            ("cloudwatch.amazonaws.com", "DescribeAlarms", "alarmTypes"),
            (
                "logs.amazonaws.com",
                "DescribeLogGroups",
                "logGroupNamePrefix",
            ),
        ]);
        let call = Call {
            service,
            name,
            region: aws.region,
            ip,
            agent: CONSOLE,
            read_only: true,
            request: json!({ request: {} }),
            response: Value::Null,
        };
        let row = trail::record(dice, now, aws, trail::assumed_role(aws, &session), call);
        kept += keep(world, streams, now, row);
    }
    kept
}

/// The pipeline, the application or the auditor makes a call from where it always does.
fn automation(world: &World, streams: &mut Streams, dice: &mut Dice) -> i64 {
    let aws = &world.aws;
    let at = world.window.any(dice);
    let runner = world.company.runner_ip.as_str();
    let (role, name, ip, agent, region, service, api, read_only, request) = match dice.between(0, 9)
    {
        0..=2 => (
            2,
            "pipeline",
            runner,
            CLI,
            "us-east-1",
            "sts.amazonaws.com",
            "GetCallerIdentity",
            true,
            Value::Null,
        ),
        3 => (
            2,
            "pipeline",
            runner,
            CLI,
            aws.region,
            "ecs.amazonaws.com",
            "UpdateService",
            false,
            json!({"cluster": "webshop", "service": "shop", "forceNewDeployment": true}),
        ),
        4..=6 => (
            3,
            "i-0f3c9e2ab41d77c05",
            "198.19.210.15",
            "Boto3/1.34.51 md/Botocore",
            aws.region,
            "kms.amazonaws.com",
            "Decrypt",
            true,
            json!({"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
        ),
        7 => (
            4,
            "configuration",
            "config.amazonaws.com",
            "config.amazonaws.com",
            "us-east-1",
            "iam.amazonaws.com",
            "ListUsers",
            true,
            Value::Null,
        ),
        8 => (
            4,
            "configuration",
            "config.amazonaws.com",
            "config.amazonaws.com",
            aws.region,
            "s3.amazonaws.com",
            "ListBuckets",
            true,
            Value::Null,
        ),
        _ => (
            4,
            "configuration",
            "config.amazonaws.com",
            "config.amazonaws.com",
            aws.region,
            "ec2.amazonaws.com",
            "DescribeVpcs",
            true,
            json!({"vpcSet": {}}),
        ),
    };
    let session = Session {
        role: &aws.roles[role],
        name,
        access_key: trail::temporary_key(dice),
        since: after(at, -300_000),
    };
    let call = Call {
        service,
        name: api,
        region,
        ip,
        agent,
        read_only,
        request,
        response: Value::Null,
    };
    let row = trail::record(dice, at, aws, trail::assumed_role(aws, &session), call);
    keep(world, streams, at, row)
}

fn keep(world: &World, streams: &mut Streams, at: Timestamp, row: Value) -> i64 {
    let inside = at < world.window.end;
    if inside {
        streams.cloudtrail.push(Origin::Benign, at, row);
    }
    i64::from(inside)
}
