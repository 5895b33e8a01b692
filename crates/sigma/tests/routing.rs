//! Which events a rule sees.

use schema::LogSource;
use serde_json::{Value, json};
use sigma::{RuleSet, Scratch, parse_rules};

/// Ids of the rules that see the event: each matches everything.
fn seen_by(set: &RuleSet, source: &LogSource, event: &Value) -> Vec<String> {
    let mut ids = Vec::new();
    let event = event.as_object().expect("an object");
    set.matches(source, event, &mut Scratch::default(), |rule| {
        ids.extend(set.rule(rule).map(|rule| rule.id.clone()));
    });
    ids.sort();
    ids
}

fn rules(sources: &[(&str, &str)]) -> RuleSet {
    let text: String = sources
        .iter()
        .map(|(id, source)| {
            format!(
                "title: t\nid: {id}\nlevel: low\nlogsource: {source}\n\
                 detection: {{a: {{never: x}}, condition: not a}}\n---\n"
            )
        })
        .collect();
    RuleSet::compile(parse_rules(&text, "f.yml").rules).0
}

#[test]
fn windows_events_go_by_channel_and_event_id() {
    let set = rules(&[
        ("product", "{product: windows}"),
        ("process", "{product: windows, category: process_creation}"),
        ("registry", "{product: windows, category: registry_event}"),
        ("security", "{product: windows, service: security}"),
        ("sysmon", "{product: windows, service: sysmon}"),
        (
            "both",
            "{product: windows, service: sysmon, category: process_creation}",
        ),
        ("other", "{product: linux, category: process_creation}"),
    ]);
    let windows = LogSource::new("windows", "");
    let seen = |channel: &str, event_id: Value| {
        seen_by(
            &set,
            &windows,
            &json!({"Channel": channel, "EventID": event_id}),
        )
    };
    let sysmon = "Microsoft-Windows-Sysmon/Operational";
    assert_eq!(
        seen(sysmon, json!(1)),
        ["both", "process", "product", "sysmon"]
    );
    assert_eq!(seen(sysmon, json!("13")), ["product", "registry", "sysmon"]);
    assert_eq!(seen(sysmon, json!(99)), ["product", "sysmon"]);
    assert_eq!(
        seen("security", json!(4688)),
        ["process", "product", "security"]
    );
    assert_eq!(seen("Security", json!(4624)), ["product", "security"]);
    assert_eq!(seen("Somewhere", json!(1)), ["product"]);
    let by_service = LogSource::new("Windows", "Security");
    assert_eq!(
        seen_by(&set, &by_service, &json!({"EventID": 4688})),
        ["process", "product", "security"]
    );
    let by_category = LogSource {
        product: "windows".into(),
        category: "process_creation".into(),
        ..LogSource::default()
    };
    assert_eq!(
        seen_by(&set, &by_category, &json!({})),
        ["both", "process", "product", "sysmon"]
    );
}

#[test]
fn other_events_go_by_every_name_they_share() {
    let set = rules(&[
        ("aws", "{product: aws, service: cloudtrail}"),
        ("linux", "{product: linux}"),
        ("auditd", "{product: linux, service: auditd}"),
        ("process", "{product: linux, category: process_creation}"),
        ("web", "{category: webserver}"),
    ]);
    let seen = |product: &str, service: &str, category: &str| {
        let source = LogSource {
            product: product.to_owned(),
            service: service.to_owned(),
            category: category.to_owned(),
        };
        seen_by(&set, &source, &json!({"x": 1}))
    };
    assert_eq!(seen("aws", "cloudtrail", ""), ["aws"]);
    assert_eq!(seen("linux", "auditd", ""), ["auditd", "linux"]);
    assert_eq!(
        seen("linux", "auditd", "process_creation"),
        ["auditd", "linux", "process"]
    );
    assert_eq!(seen("apache", "", "webserver"), ["web"]);
    assert_eq!(seen("", "", ""), [""; 0]);
    let sysmon = json!({"Channel": "Linux-Sysmon/Operational", "EventID": 1});
    assert_eq!(
        seen_by(&set, &LogSource::new("linux", "sysmon"), &sysmon),
        ["linux", "process"]
    );
}

#[test]
fn security_4688_is_read_in_the_terms_of_sysmon() {
    let text = "title: t\nid: i\nlevel: low\nlogsource: {product: windows, category: process_creation}\n\
        detection:\n  a:\n    Image|endswith: '\\cmd.exe'\n    ParentImage|endswith: '\\w3wp.exe'\n    \
        IntegrityLevel: High\n    OriginalFileName: null\n  condition: a\n";
    let (set, _) = RuleSet::compile(parse_rules(text, "f.yml").rules);
    let event = |label: &str| {
        json!({
            "Channel": "Security", "EventID": 4688, "NewProcessName": "C:\\Windows\\cmd.exe",
            "ParentProcessName": "C:\\Windows\\w3wp.exe", "MandatoryLabel": label,
        })
    };
    let source = LogSource::new("windows", "security");
    assert_eq!(seen_by(&set, &source, &event("S-1-16-12288")), ["i"]);
    assert_eq!(seen_by(&set, &source, &event("S-1-16-4096")), [""; 0]);
    let explained = set
        .explain(
            sigma::RuleIdx(0),
            &source,
            event("S-1-16-4096").as_object().expect("an object"),
        )
        .expect("rule 0");
    let items = &explained.selections[0].items;
    assert!(explained.routed && !explained.matched);
    assert_eq!(items[0].field.as_deref(), Some("NewProcessName"));
    assert!(items[0].held && !items[2].held);
    assert_eq!(items[2].event_values, ["S-1-16-4096"]);
}

#[test]
fn azure_properties_are_fields_too() {
    let text = "title: t\nid: i\nlevel: low\nlogsource: {product: azure, service: signinlogs}\n\
        detection: {a: {ResultType: 50126, deviceDetail.trustType: x, Category: inner}, condition: a}\n";
    let (set, _) = RuleSet::compile(parse_rules(text, "f.yml").rules);
    let event = json!({
        "resultType": "50126", "category": "outer",
        "properties": {"DeviceDetail": {"TrustType": "X"}, "category": "inner"}
    });
    assert_eq!(
        seen_by(&set, &LogSource::new("azure", "SignInLogs"), &event),
        ["i"]
    );
}
