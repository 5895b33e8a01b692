//! The analyst's first questions over public data. Each answer is also counted from the raw files,
//! by other means.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use support::{corpora, query, watchfloor};

/// Ingests a folder. Records that are broken in the data itself don't end the test.
fn ingested(folder: &Path) -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let path = folder.display().to_string();
    let output = watchfloor(data.path(), &["ingest", &path, "--quiet"]);
    assert!(
        output.status.code().is_some_and(|code| code < 2),
        "{output:?}"
    );
    data
}

/// Files with an extension under a folder, each content once: the same bytes again are duplicates.
fn files(folder: &Path, extension: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == extension) {
                found.insert(path.clone(), std::fs::read(path).unwrap());
            }
        }
    }
    let mut seen = HashSet::new();
    found
        .into_iter()
        .filter(|(_, bytes)| seen.insert(bytes.clone()))
        .collect()
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json[key].as_str().unwrap_or_default()
}

/// Rows of `key` and `n` as a map.
fn counts(data: &Path, text: &str, key: &str) -> BTreeMap<String, u64> {
    query(data, text)
        .iter()
        .map(|row| (self::text(row, key).to_owned(), row["n"].as_u64().unwrap()))
        .collect()
}

#[test]
fn logons_per_account_are_those_of_the_event_logs() {
    let Some(folder) = corpora("evtx") else {
        return;
    };
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for (_, bytes) in files(&folder, "evtx") {
        let mut parser = evtx::EvtxParser::from_buffer(bytes).unwrap();
        for record in parser.records_json_value().flatten() {
            let event = &record.data["Event"];
            let id = &event["System"]["EventID"];
            let id = if id.is_object() { &id["#text"] } else { id };
            let is_logon = *id == 4624 || *id == "4624";
            if !is_logon || event["System"]["Channel"] != "Security" {
                continue;
            }
            let data = &event["EventData"];
            let (domain, name) = (text(data, "TargetDomainName"), text(data, "TargetUserName"));
            let account = match (domain, name) {
                (_, "" | "-") => String::new(),
                ("" | "-", name) => name.to_owned(),
                (domain, name) => format!("{domain}\\{name}"),
            };
            *expected.entry(account).or_default() += 1;
        }
    }
    assert!(expected.len() > 10, "{expected:?}");
    let data = ingested(&folder);
    let by_account = |column: &str| {
        let text =
            format!("SecurityEvent | where EventID == 4624 | summarize n = count() by {column}");
        counts(data.path(), &text, column)
    };
    assert_eq!(by_account("TargetAccount"), expected);
    // Of a logon, `Account` is the account that logged on.
    let named: BTreeMap<_, _> = expected
        .into_iter()
        .filter(|(account, _)| !account.is_empty())
        .collect();
    let mut accounts = by_account("Account");
    accounts.retain(|account, _| named.contains_key(account));
    assert_eq!(accounts, named);
}

#[test]
fn calls_per_principal_are_those_of_the_trail() {
    let Some(folder) = corpora("cloudtrail") else {
        return;
    };
    let mut calls: BTreeMap<String, u64> = BTreeMap::new();
    let mut failed: BTreeMap<String, u64> = BTreeMap::new();
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, bytes) in files(&folder, "json") {
        let file: Json = serde_json::from_slice(&bytes).unwrap();
        for record in file["Records"].as_array().unwrap() {
            let arn = text(&record["userIdentity"], "arn").to_owned();
            *calls.entry(arn.clone()).or_default() += 1;
            if !text(record, "errorCode").is_empty() {
                *failed.entry(arn.clone()).or_default() += 1;
            }
            let name = text(record, "eventName").to_owned();
            names.entry(arn).or_default().insert(name);
        }
    }
    assert!(
        calls.len() > 3 && !failed.is_empty(),
        "{calls:?} {failed:?}"
    );
    let data = ingested(&folder);
    let ask = |filter: &str| {
        let text = format!("AWSCloudTrail {filter} | summarize n = count() by UserIdentityArn");
        counts(data.path(), &text, "UserIdentityArn")
    };
    assert_eq!(ask(""), calls);
    assert_eq!(ask("| where isnotempty(ErrorCode)"), failed);
    let rows = query(
        data.path(),
        "AWSCloudTrail | summarize names = make_set(EventName) by UserIdentityArn",
    );
    let found: BTreeMap<String, BTreeSet<String>> = rows
        .iter()
        .map(|row| {
            let names = serde_json::from_str(text(row, "names")).unwrap();
            (text(row, "UserIdentityArn").to_owned(), names)
        })
        .collect();
    assert_eq!(found, names);
}

/// From the theft of the AD FS token-signing key to what was done in the cloud after it, by people
/// who had logged on on-premises: the last logon before each cloud action.
const PIVOT: &str = r#"
let theft = toscalar(SecurityEvent | where EventID == 4662 | summarize min(TimeGenerated));
let onpremises = SecurityEvent
    | where EventID == 4624 and TargetUserName !endswith "$"
    | project LogonTime = TimeGenerated, Computer, Name = tolower(TargetUserName),
        Domain = tolower(tostring(split(TargetDomainName, ".")[0]));
let cloud = union
    (AuditLogs
    | extend Upn = tostring(parse_json(tostring(InitiatedBy)).user.userPrincipalName)
    | project TimeGenerated, Upn, What = OperationName, Source = "AuditLogs"),
    (OfficeActivity | project TimeGenerated, Upn = UserId, What = Operation, Source = "OfficeActivity");
cloud
| where TimeGenerated > theft
| extend Name = tolower(tostring(split(Upn, "@")[0])),
    Domain = tolower(tostring(split(tostring(split(Upn, "@")[1]), ".")[0]))
| join kind=inner onpremises on Name, Domain
| where LogonTime < TimeGenerated
| summarize Logons = count(), LastLogon = max(LogonTime) by TimeGenerated, Upn, What, Source
"#;

/// One JSON object a line.
fn lines(path: &Path) -> Vec<Json> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn time(row: &Json, key: &str) -> Timestamp {
    text(row, key).parse().unwrap()
}

/// Name and the first label of the domain, in lower case.
fn name_and_domain(name: &str, domain: &str) -> (String, String) {
    let label = domain.split('.').next().unwrap_or_default();
    (name.to_lowercase(), label.to_lowercase())
}

/// The pivot by hand: cloud action (time, who, what) to number of earlier logons and the last one.
type Pivot = BTreeMap<(Timestamp, String, String), (u64, Timestamp)>;

fn pivot(folder: &Path) -> Pivot {
    let windows = lines(&folder.join("WindowsEvents.json"));
    let security = |id: i64| {
        windows
            .iter()
            .filter(move |row| row["Type"] == "SecurityEvent" && row["EventID"] == id)
    };
    let theft = security(4662)
        .map(|row| time(row, "TimeGenerated"))
        .min()
        .unwrap();
    let mut actions = Vec::new();
    for row in lines(&folder.join("AADAuditEvents.json")) {
        let by: Map<String, Json> = serde_json::from_str(text(&row, "InitiatedBy")).unwrap();
        let upn = text(&by["user"], "userPrincipalName").to_owned();
        // `Type` is that of the audited object in some rows; all of the file is Entra's audit log.
        let what = text(&row, "OperationName").to_owned();
        actions.push((time(&row, "TimeGenerated"), upn, what));
    }
    for row in lines(&folder.join("OfficeActivityEvents.json")) {
        let what = text(&row, "Operation").to_owned();
        actions.push((
            time(&row, "TimeGenerated"),
            text(&row, "UserId").to_owned(),
            what,
        ));
    }
    let mut pivot = Pivot::new();
    for (at, upn, what) in actions.into_iter().filter(|(at, ..)| *at > theft) {
        let (name, domain) = upn.split_once('@').unwrap();
        let who = name_and_domain(name, domain);
        let logons = security(4624).filter(|row| {
            let logged_on =
                name_and_domain(text(row, "TargetUserName"), text(row, "TargetDomainName"));
            logged_on == who && time(row, "TimeGenerated") < at
        });
        for logon in logons {
            let logon = time(logon, "TimeGenerated");
            let entry = pivot
                .entry((at, upn.clone(), what.clone()))
                .or_insert((0, logon));
            *entry = (entry.0 + 1, entry.1.max(logon));
        }
    }
    pivot
}

#[test]
fn the_golden_saml_pivot_leads_from_ad_fs_to_the_cloud() {
    let Some(folder) = corpora("otrf/compound/GoldenSAMLADFSMailAccess") else {
        return;
    };
    let expected = pivot(&folder);
    assert!(expected.len() > 1, "{expected:?}");
    let data = ingested(&folder);
    let found: Pivot = query(data.path(), PIVOT)
        .iter()
        .map(|row| {
            let key = (
                time(row, "TimeGenerated"),
                text(row, "Upn").to_owned(),
                text(row, "What").to_owned(),
            );
            (
                key,
                (row["Logons"].as_u64().unwrap(), time(row, "LastLogon")),
            )
        })
        .collect();
    assert_eq!(found, expected);
}
