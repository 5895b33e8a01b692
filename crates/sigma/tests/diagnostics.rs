//! What is wrong with a rule is said with a code, a line and a column, and stops nothing else.

use sigma::{Code, Routing, RuleSet, RuleState, Severity, parse_rules};

const HEAD: &str = "title: t\nid: i\nlevel: low\nlogsource: {product: test}\n";

/// The codes, lines and columns of what is found in a rule with this rest (line 5 on).
fn found(rest: &str) -> Vec<(Code, u32, u32)> {
    let parsed = parse_rules(&format!("{HEAD}{rest}"), "f.yml");
    parsed
        .diagnostics
        .iter()
        .map(|d| (d.code, d.line, d.column))
        .collect()
}

#[test]
fn findings_have_code_line_and_column() {
    let detection = |body: &str| format!("detection:\n{body}");
    let cases = [
        (
            detection("  a:\n    F|contans: x\n  condition: a\n"),
            Code::UnknownModifier,
            7,
            16,
        ),
        (
            detection("  a:\n    F: x\n  condition: a and b\n"),
            Code::UnknownSelection,
            8,
            20,
        ),
        (
            detection("  a:\n    F: x\n  condition: 'a and'\n"),
            Code::ConditionSyntax,
            8,
            20,
        ),
        (
            detection("  a:\n    F: x\n  condition: a | count() > 1\n"),
            Code::LegacyAggregation,
            8,
            16,
        ),
        (
            detection("  a:\n    F: x\n  b:\n    F: y\n  condition: a\n"),
            Code::UnusedSelection,
            8,
            1,
        ),
        (
            detection("  a:\n    F|re: 'a('\n  condition: a\n"),
            Code::Regex,
            7,
            11,
        ),
        (
            detection("  a:\n    F|re: '(?=a)b'\n  condition: a\n"),
            Code::Regex,
            7,
            11,
        ),
        (
            detection("  a:\n    F|cidr: nonsense\n  condition: a\n"),
            Code::ModifierValue,
            7,
            13,
        ),
        (
            detection("  a:\n    F|gt: x\n  condition: a\n"),
            Code::ModifierValue,
            7,
            11,
        ),
        (
            detection("  a:\n    F|base64: 'a*'\n  condition: a\n"),
            Code::ModifierValue,
            7,
            15,
        ),
        (
            detection("  a:\n    F|re|cidr: x\n  condition: a\n"),
            Code::ModifierCombination,
            7,
            16,
        ),
        (
            detection("  a:\n    F: []\n  condition: a\n"),
            Code::EmptyList,
            7,
            8,
        ),
        (
            detection("  a: {}\n  condition: a\n"),
            Code::EmptyList,
            6,
            6,
        ),
        (
            detection("  a:\n    F: 1\n    F: 2\n  condition: a\n"),
            Code::DuplicateKey,
            8,
            5,
        ),
        (
            detection("  a:\n    F: {x: 1}\n  condition: a\n"),
            Code::WrongType,
            7,
            8,
        ),
        (detection("  a:\n    F: 1\n"), Code::MissingKey, 6, 3),
        (
            "nothing: 1\ndetection: {a: {F: 1}, condition: a}\n".to_owned(),
            Code::UnknownKey,
            5,
            1,
        ),
    ];
    for (rest, code, line, column) in cases {
        assert_eq!(found(&rest), [(code, line, column)], "{rest}");
    }
}

#[test]
fn a_typing_mistake_gets_a_hint() {
    let parsed = parse_rules(&format!("{HEAD}detektion: {{}}\n"), "f.yml");
    let hints: Vec<_> = parsed
        .diagnostics
        .iter()
        .filter_map(|d| d.hint.as_deref())
        .collect();
    assert_eq!(hints, ["did you mean `detection`?"]);
}

#[test]
fn one_bad_rule_never_stops_the_others() {
    let good = "detection: {a: {F: 1}, condition: a}\n";
    let text = format!("{HEAD}{good}---\n{HEAD}detection: [\n---\n{HEAD}\n---\n{HEAD}{good}---\n");
    let parsed = parse_rules(&text, "f.yml");
    assert_eq!(parsed.rules.len(), 2);
    assert_eq!(parsed.broken.len(), 2);
    assert_eq!(parsed.rules[1].line, 19);
    assert_eq!(parsed.broken[1].id.as_deref(), Some("i"));
}

#[test]
fn global_documents_lend_their_keys() {
    let text = "action: global\ntitle: t\nid: g\nlevel: high\ndetection: {condition: sel}\n---\n\
        logsource: {product: a}\ndetection: {sel: {action: 1}}\n---\n\
        logsource: {product: b}\nlevel: low\ndetection: {sel: {F: 2}}\n---\n\
        action: reset\n---\nlogsource: {product: c}\n";
    let parsed = parse_rules(text, "f.yml");
    let seen: Vec<_> = parsed
        .rules
        .iter()
        .map(|rule| {
            (
                rule.logsource.product.as_str(),
                rule.level.as_str(),
                rule.title.as_str(),
            )
        })
        .collect();
    assert_eq!(seen, [("a", "high", "t"), ("b", "low", "t")]);
    assert_eq!(parsed.broken.len(), 1);
}

#[test]
fn correlations_and_filters_are_read_and_said_not_to_run() {
    let text = "title: c\nid: c\nlevel: high\ncorrelation:\n  type: event_count\n  rules: [i]\n  \
        group-by: [User]\n  timespan: 5m\n  condition: {gte: 10}\n---\n\
        title: f\nid: f\nfilter: {rules: [i]}\n---\n\
        title: c\nid: d\nlevel: high\ncorrelation: {type: nonsense, rules: [], timespan: 5}\n";
    let parsed = parse_rules(text, "f.yml");
    assert_eq!(parsed.correlations.len(), 1);
    assert_eq!(parsed.correlations[0].timespan.as_secs(), 300);
    let codes: Vec<_> = parsed.diagnostics.iter().map(|d| d.code).collect();
    assert!(
        codes.starts_with(&[Code::CorrelationNotRun, Code::FilterNotRun]),
        "{codes:?}"
    );
    assert_eq!(
        codes
            .iter()
            .filter(|code| **code == Code::CorrelationInvalid)
            .count(),
        3
    );
}

#[test]
fn rules_that_cannot_run_say_why() {
    let rule = |id: &str, source: &str, item: &str| {
        format!(
            "title: t\nid: {id}\nlevel: low\nlogsource: {source}\ndetection: {{a: {{{item}}}, condition: a}}\n---\n"
        )
    };
    let text = [
        rule(
            "1",
            "{product: windows, category: process_creation}",
            "F: 1",
        ),
        rule("2", "{product: windows, category: unheard_of}", "F: 1"),
        rule("3", "{product: windows, service: unheard_of}", "F: 1"),
        rule(
            "4",
            "{product: windows, service: security}",
            "'F|expand': '%names%'",
        ),
        rule("1", "{product: made_up}", "F: 1"),
    ];
    let parsed = parse_rules(&text.concat(), "f.yml");
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    let (set, reports) = RuleSet::compile(parsed.rules.clone());
    let seen: Vec<_> = reports
        .iter()
        .map(|report| (report.state, report.diagnostics.first().map(|d| d.code)))
        .collect();
    let (ready, unroutable) = (RuleState::Ready, RuleState::Unroutable);
    assert_eq!(
        seen,
        [
            (ready, None),
            (unroutable, Some(Code::Unroutable)),
            (unroutable, Some(Code::Unroutable)),
            (unroutable, Some(Code::Placeholder)),
            (ready, Some(Code::DuplicateId)),
        ]
    );
    assert_eq!(set.ready(), 2);
    let values = [("names".to_owned(), vec!["x*".to_owned()])].into();
    let (set, _) = RuleSet::compile_with(parsed.rules, Routing::builtin(), &values);
    assert_eq!(set.ready(), 3);
    let event = serde_json::json!({"Channel": "Security", "EventID": 1, "F": "X*"});
    let mut hits = 0;
    let source = schema::LogSource::new("windows", "security");
    let event = event.as_object().expect("an object");
    set.matches(&source, event, &mut sigma::Scratch::default(), |_| {
        hits += 1
    });
    assert_eq!(hits, 1, "the value of a placeholder is literal text");
}

#[test]
fn tags_give_tactics_and_techniques() {
    let text = format!(
        "{HEAD}tags: [attack.initial-access, attack.t1078.004, cve.2024-1, attack.credential_access]\n\
         detection: {{a: {{F: 1}}, condition: a}}\n"
    );
    let parsed = parse_rules(&text, "f.yml");
    let tactics = parsed.rules[0].tactics();
    assert_eq!(
        tactics,
        [
            schema::Tactic::InitialAccess,
            schema::Tactic::CredentialAccess
        ]
    );
    assert_eq!(parsed.rules[0].techniques(), ["T1078.004"]);
}

#[test]
fn a_diagnostic_prints_with_its_place() {
    let parsed = parse_rules("- 1\n", "f.yml");
    assert_eq!(parsed.diagnostics[0].severity, Severity::Error);
    assert_eq!(
        parsed.diagnostics[0].to_string(),
        "error[SIG0003]: a rule must be a map, not a list\n --> f.yml:1:1"
    );
}
