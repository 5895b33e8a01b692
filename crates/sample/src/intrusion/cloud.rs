//! The hybrid intrusion in the Microsoft cloud: sign-in from abroad, the risk detection, a second
//! factor of the intruder's own, the mailbox rule, a command on a machine, Defender for Cloud's alert.

use super::Plan;
use crate::clock::after;
use crate::formats::entra::{self, APPS, Audit, PORTAL, SignIn};
use crate::formats::{alerts, azure, office};
use crate::streams::{Origin, Streams};
use crate::truth::Stage;
use crate::world::World;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0";

/// Adds the steps from the sign-in to Defender for Cloud's alert.
pub(super) fn add(world: &World, streams: &mut Streams, plan: &Plan) -> Vec<Stage> {
    let mut dice = world.dice("intrusion/cloud");
    let victim = world.victim();
    let tenant = &world.company.tenant_id;
    let ip = world.cast.spray_ip.as_str();
    let place = &world.cast.spray_place;

    let second_sign_in = after(plan.run_command, -90_000);
    for (at, app) in [(plan.sign_in, APPS[0]), (second_sign_in, PORTAL)] {
        let what = SignIn {
            app,
            ip,
            place,
            error: 0,
            device: None,
            user_agent: FIREFOX,
            risk: "high",
        };
        let row = entra::sign_in(&mut dice, at, tenant, victim, &what);
        streams.signin.push(Origin::Hybrid, at, row);
    }

    let detection = entra::risk_detection(
        &mut dice,
        plan.risk,
        plan.sign_in,
        tenant,
        victim,
        ip,
        place,
    );
    streams.risk.push(Origin::Hybrid, plan.risk, detection);

    let registered = after(plan.risk, 120_000);
    let what = Audit {
        operation: "User registered security info",
        category: "UserManagement",
        service: "Authentication Methods",
        verb: "Add",
        ip,
        target: victim,
        change: ("StrongAuthenticationMethod", "", "PhoneAppNotification"),
    };
    let row = entra::audit(&mut dice, registered, tenant, victim, &what);
    streams.audit.push(Origin::Hybrid, registered, row);

    let rule = [
        ("Name", "."),
        (
            "SubjectOrBodyContainsWords",
            "security;password;suspicious;sign-in",
        ),
        ("ForwardTo", "smtp:collector@mailhold.example"),
        ("DeleteMessage", "True"),
        ("StopProcessingRules", "True"),
    ];
    let row = office::mailbox(
        &mut dice,
        plan.mailbox_rule,
        tenant,
        victim,
        "New-InboxRule",
        &rule,
        ip,
    );
    streams.office.push(Origin::Hybrid, plan.mailbox_rule, row);

    let machine = &world.azure.machines[world.cast.machine];
    let operation = "Microsoft.Compute/virtualMachines/runCommand/action";
    let row = azure::activity(
        &mut dice,
        plan.run_command,
        tenant,
        victim,
        operation,
        &machine.resource_id,
        ip,
    );
    streams.activity.push(Origin::Hybrid, plan.run_command, row);
    let alert = alerts::defender_for_cloud(
        &mut dice,
        plan.defender_for_cloud,
        plan.run_command,
        &world.company,
        &world.azure,
        machine,
        victim,
        ip,
    );
    streams
        .defender_cloud
        .push(Origin::Hybrid, plan.defender_for_cloud, alert);

    vec![
        Stage::new(
            "new-country-sign-in",
            "Sign-in from a country never seen for the victim",
            "InitialAccess",
            "T1078.004",
            &["azure/SigninLogs"],
            plan.sign_in,
            second_sign_in,
        ),
        Stage::new(
            "risk-detection",
            "Native detection of unfamiliar sign-in properties",
            "InitialAccess",
            "T1078.004",
            &["alerts/entra-risk-detections"],
            plan.risk,
            plan.risk,
        ),
        Stage::new(
            "security-info",
            "The intruder registers a second factor",
            "Persistence",
            "T1098.005",
            &["azure/AuditLogs"],
            registered,
            registered,
        ),
        Stage::new(
            "mailbox-rule",
            "Inbox rule forwards warnings outside and deletes them",
            "DefenseEvasion",
            "T1564.008",
            &["m365/OfficeActivity"],
            plan.mailbox_rule,
            plan.mailbox_rule,
        ),
        Stage::new(
            "run-command",
            "Command run on an Azure virtual machine",
            "Execution",
            "T1651",
            &["azure/AzureActivity"],
            plan.run_command,
            plan.run_command,
        ),
        Stage::new(
            "defender-for-cloud-alert",
            "Native alert about the command",
            "Execution",
            "T1651",
            &["alerts/defender-for-cloud"],
            plan.defender_for_cloud,
            plan.defender_for_cloud,
        ),
    ]
}
