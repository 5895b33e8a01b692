//! The hybrid intrusion in AWS. Its address and its session's name occur nowhere else in the
//! intrusion: that the session is the victim's, only the identity table tells.

use super::Plan;
use crate::clock::after;
use crate::formats::alerts;
use crate::formats::cloudtrail::{self as trail, Call, Session};
use crate::streams::{Origin, Streams};
use crate::truth::Stage;
use crate::world::World;
use serde_json::{Value, json};

const AGENT: &str = "aws-cli/2.13.9 Python/3.11.4 Linux/6.1 exe/x86_64 prompt/off";
const REGION: &str = "us-east-1";

/// Adds the federated session, what it did, and GuardDuty's finding.
pub(super) fn add(world: &World, streams: &mut Streams, plan: &Plan) -> Vec<Stage> {
    let mut dice = world.dice("intrusion/aws");
    let aws = &world.aws;
    let victim = world.victim();
    let ip = world.cast.cloud_ip.as_str();
    let role = world.federated_role(victim).unwrap_or(&aws.roles[0]);
    let session = Session {
        role,
        name: &victim.employee_no,
        access_key: trail::temporary_key(&mut dice),
        since: plan.federation,
    };
    let assumed = trail::assume_with_saml(&mut dice, plan.federation, aws, &session, ip, AGENT);
    streams
        .cloudtrail
        .push(Origin::Hybrid, plan.federation, assumed);

    let user = aws.iam_user;
    let created = after(plan.federation, 260_000);
    let key = json!({"accessKey": {
        "accessKeyId": format!("AKIA{}", dice.base32(16)),
        "status": "Active",
        "userName": user,
        "createDate": created.strftime("%b %-d, %Y, %-I:%M:%S %p").to_string()
    }});
    let calls = [
        (
            after(plan.federation, 30_000),
            "sts.amazonaws.com",
            "GetCallerIdentity",
            true,
            Value::Null,
            Value::Null,
        ),
        (
            after(plan.federation, 80_000),
            "iam.amazonaws.com",
            "ListUsers",
            true,
            Value::Null,
            Value::Null,
        ),
        (
            after(plan.federation, 150_000),
            "iam.amazonaws.com",
            "ListAccessKeys",
            true,
            json!({"userName": user}),
            Value::Null,
        ),
        (
            created,
            "iam.amazonaws.com",
            "CreateAccessKey",
            false,
            json!({"userName": user}),
            key,
        ),
    ];
    for (at, service, name, read_only, request, response) in calls {
        let call = Call {
            service,
            name,
            region: REGION,
            ip,
            agent: AGENT,
            read_only,
            request,
            response,
        };
        let row = trail::record(&mut dice, at, aws, trail::assumed_role(aws, &session), call);
        streams.cloudtrail.push(Origin::Hybrid, at, row);
    }
    let finding = alerts::guardduty(
        &mut dice,
        plan.guardduty,
        created,
        aws,
        &session,
        ip,
        &world.cast.cloud_place,
    );
    streams
        .guardduty
        .push(Origin::Hybrid, plan.guardduty, finding);

    vec![
        Stage::new(
            "aws-federation",
            "Federated role taken from a new address",
            "LateralMovement",
            "T1550.001",
            &["cloudtrail"],
            plan.federation,
            plan.federation,
        ),
        Stage::new(
            "aws-discovery",
            "Users and keys listed",
            "Discovery",
            "T1087.004",
            &["cloudtrail"],
            after(plan.federation, 30_000),
            after(plan.federation, 150_000),
        ),
        Stage::new(
            "aws-access-key",
            "Access key made for another IAM user",
            "Persistence",
            "T1098.001",
            &["cloudtrail"],
            created,
            created,
        ),
        Stage::new(
            "guardduty-finding",
            "Native finding about the session's calls",
            "Persistence",
            "T1098.001",
            &["alerts/guardduty"],
            plan.guardduty,
            plan.guardduty,
        ),
    ]
}
