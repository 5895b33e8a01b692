//! What a sample promises as a story: intrusions that hang together by strong identifiers and with
//! nothing else, in business that well-written detections leave alone.

#![allow(clippy::unwrap_used)]

mod common;

use common::{both, lines, options, said, text, trail, windows};
use sample::{Options, generate};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn the_stages_lie_in_the_last_four_hours_in_order() {
    for seed in [1, 7, 8, 99] {
        let truth = generate(&Options {
            benign_events: 600,
            ..options(seed)
        })
        .truth;
        let end: jiff::Timestamp = truth.end.parse().unwrap();
        let firsts = truth.intrusions[0]
            .stages
            .iter()
            .map(|stage| stage.first.parse().unwrap());
        let firsts: Vec<jiff::Timestamp> = firsts.collect();
        assert!(firsts.is_sorted(), "seed {seed}");
        assert!(end.duration_since(firsts[0]).as_mins() < 240, "seed {seed}");
        assert!(truth.intrusions[0].last_event < truth.end, "seed {seed}");
    }
}

#[test]
fn the_spray_fails_on_many_accounts_and_hits_one() {
    let sample = generate(&options(7));
    let hybrid = &sample.truth.intrusions[0];
    let events = windows(&sample, "DC01-Security.evtx");
    let from = |event: &&Value| said(event, "/EventData/IpAddress") == hybrid.ips[0];
    let failed: Vec<_> = events
        .iter()
        .filter(from)
        .filter(|e| e["System"]["EventID"] == 4625)
        .collect();
    let names: BTreeSet<_> = failed
        .iter()
        .map(|e| said(e, "/EventData/TargetUserName"))
        .collect();
    assert!(names.len() >= 25);
    assert!(
        failed
            .iter()
            .all(|e| said(e, "/EventData/SubStatus") == "0xc000006a")
    );
    let hits: Vec<_> = events
        .iter()
        .filter(from)
        .filter(|e| e["System"]["EventID"] == 4624)
        .collect();
    assert_eq!(hits.len(), 1);
    assert_eq!(
        said(hits[0], "/EventData/TargetUserSid"),
        hybrid.accounts[0].sid
    );
}

#[test]
fn benign_failures_stay_below_what_rules_look_for() {
    for seed in [3, 7] {
        let sample = generate(&options(seed));
        let intruder = &sample.truth.intrusions[0].ips[0];
        let mut accounts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for event in windows(&sample, "-Security.evtx") {
            let ip = said(&event, "/EventData/IpAddress");
            if event["System"]["EventID"] == 4625 && ip != intruder {
                let name = said(&event, "/EventData/TargetUserName").to_owned();
                accounts.entry(ip.to_owned()).or_default().insert(name);
            }
        }
        assert!(!accounts.is_empty());
        assert!(accounts.values().all(|names| names.len() == 1));
    }
}

#[test]
fn only_the_intruder_signs_in_from_abroad_and_everyone_has_a_baseline() {
    let sample = generate(&options(7));
    let hybrid = &sample.truth.intrusions[0];
    let mut countries: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in lines(&sample, "azure/SigninLogs.json") {
        let intruder = row["callerIpAddress"] == hybrid.ips[0].as_str();
        assert_eq!(
            intruder,
            said(&row, "/properties/userPrincipalName") == hybrid.accounts[0].upn
                && row["properties"]["deviceDetail"]["isManaged"] == false
        );
        if !intruder {
            let user = said(&row, "/properties/userId").to_owned();
            countries
                .entry(user)
                .or_default()
                .insert(said(&row, "/location").to_owned());
        }
    }
    assert_eq!(countries.len(), 60);
    assert!(countries.values().all(|seen| seen.len() == 1));
}

#[test]
fn aws_is_tied_to_the_rest_by_the_identity_table_alone() {
    let sample = generate(&options(7));
    let hybrid = &sample.truth.intrusions[0];
    let (account, aws) = (&hybrid.accounts[0], hybrid.aws.as_ref().unwrap());
    let trail = trail(&sample);
    let ours: Vec<_> = trail
        .iter()
        .filter(|row| row["sourceIPAddress"] == aws.ip.as_str())
        .collect();
    let names: Vec<_> = ours.iter().map(|row| said(row, "/eventName")).collect();
    assert!(names.contains(&"AssumeRoleWithSAML") && names.contains(&"CreateAccessKey"));
    let session_seen = trail.iter().any(|row| {
        row["sourceIPAddress"] != aws.ip.as_str()
            && said(row, "/userIdentity/arn") == aws.session_arn
    });
    assert!(session_seen, "the session has a baseline");

    let rest = sample
        .files
        .iter()
        .filter(|file| !file.path.starts_with("context/"));
    for file in rest.filter(|file| !file.path.ends_with(".evtx")) {
        let text = text(file);
        if file.path.starts_with("cloudtrail/") || file.path.ends_with("guardduty.jsonl") {
            for other in [
                &account.upn,
                &account.sid,
                &account.aad_user_id,
                &account.display_name,
                &hybrid.ips[0],
            ] {
                assert!(!text.contains(other.as_str()), "{} in {}", other, file.path);
            }
        } else {
            for other in [&aws.ip, &aws.session_name, &aws.principal_id] {
                assert!(!text.contains(other.as_str()), "{} in {}", other, file.path);
            }
        }
    }
    let table = String::from_utf8(sample.file("context/identities.csv").unwrap().to_vec()).unwrap();
    let row = table
        .lines()
        .find(|line| line.starts_with(&account.upn))
        .unwrap();
    for name in [
        &account.sid,
        &account.nt_name,
        &account.aad_user_id,
        &aws.session_arn,
        &aws.principal_id,
    ] {
        assert!(row.contains(name.as_str()), "{name}");
    }
}

#[test]
fn the_two_intrusions_share_no_strong_identifier() {
    for seed in [7, 21] {
        let sample = both(seed);
        let [one, two] = &sample.truth.intrusions[..] else {
            panic!("two intrusions")
        };
        let identifiers = |intrusion: &sample::Intrusion| -> BTreeSet<String> {
            let accounts = intrusion.accounts.iter().flat_map(|account| {
                [
                    &account.upn,
                    &account.sid,
                    &account.nt_name,
                    &account.aad_user_id,
                ]
                .map(Clone::clone)
            });
            accounts
                .chain(intrusion.hosts.clone())
                .chain(intrusion.ips.clone())
                .collect()
        };
        assert!(
            identifiers(one).is_disjoint(&identifiers(two)),
            "seed {seed}"
        );
        assert_eq!(
            generate(&options(seed)).truth.intrusions[0],
            *one,
            "seed {seed}"
        );
    }
}

#[test]
fn native_alerts_name_the_victim_and_the_machine() {
    let sample = both(7);
    let hybrid = &sample.truth.intrusions[0];
    let account = &hybrid.accounts[0];
    let page: Value =
        serde_json::from_slice(sample.file("alerts/defender-xdr.json").unwrap()).unwrap();
    let alerts = page["value"].as_array().unwrap();
    assert_eq!(alerts.len(), 2);
    let named = |alert: &&Value| alert.to_string().contains(&account.sid);
    assert_eq!(alerts.iter().filter(named).count(), 1);
    let cloud = lines(&sample, "alerts/defender-for-cloud.json")
        .remove(0)
        .to_string();
    assert!(cloud.contains(&account.aad_user_id) && cloud.contains(&hybrid.azure_resources[0]));
    let finding = lines(&sample, "alerts/guardduty.jsonl").remove(0);
    assert_eq!(
        said(&finding, "/resource/accessKeyDetails/principalId"),
        hybrid.aws.as_ref().unwrap().principal_id
    );
}

#[test]
fn lsass_is_read_by_intruders_only() {
    let sample = both(7);
    let events = windows(&sample, "-Sysmon.evtx");
    let readers: Vec<_> = events
        .iter()
        .filter(|event| event["System"]["EventID"] == 10)
        .collect();
    assert_eq!(readers.len(), 2);
    let encoded = events
        .iter()
        .filter(|event| said(event, "/EventData/CommandLine").contains("-EncodedCommand"));
    assert_eq!(encoded.count(), 1);
}
