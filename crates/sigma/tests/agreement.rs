//! The compiled matcher and the plain evaluation of the same rules agree on generated rules and
//! events, and nothing panics on arbitrary text.

use proptest::prelude::*;
use schema::LogSource;
use serde_json::{Map, Value, json};
use sigma::{RuleIdx, RuleSet, Scratch, parse_rules};

const FIELDS: [&str; 4] = ["A", "b.c", "Name", "D"];

fn field() -> impl Strategy<Value = String> {
    prop::sample::select(&FIELDS[..]).prop_map(str::to_owned)
}

/// A value as YAML: quoted text over few letters, so that events often hit it.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[abB*?/ -]{0,4}".prop_map(|text| format!("'{text}'")),
        1 => Just("null".to_owned()),
        1 => (0..3_i32).prop_map(|number| number.to_string()),
    ]
}

fn text_value() -> impl Strategy<Value = String> {
    "[abB*?/ -]{0,4}".prop_map(|text| format!("'{text}'"))
}

fn list(of: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec(of, 1..4).prop_map(|values| format!("[{}]", values.join(", ")))
}

fn item() -> impl Strategy<Value = String> {
    let modifiers = prop::sample::select(vec![
        "|contains",
        "|startswith",
        "|endswith",
        "|contains|all",
        "|contains|windash",
        "|cased",
        "|contains|cased",
        "|endswith|windash",
        "|neq",
        "|contains|neq",
    ]);
    prop_oneof![
        4 => (field(), list(value())).prop_map(|(field, values)| format!("{field}: {values}")),
        8 => (field(), modifiers, list(text_value()))
            .prop_map(|(field, modifiers, values)| format!("{field}{modifiers}: {values}")),
        1 => (field(), "(\\(\\?i\\))?[ab]{1,2}[.+?]?[ab]{1,2}")
            .prop_map(|(field, source)| format!("{field}|re: '{source}'")),
        1 => (field(), any::<bool>()).prop_map(|(field, yes)| format!("{field}|exists: {yes}")),
        1 => (field(), field()).prop_map(|(field, other)| format!("{field}|fieldref: {other}")),
        1 => (field(), field()).prop_map(|(field, other)| format!("{field}|fieldref|contains: {other}")),
        1 => (field(), -1..3_i32).prop_map(|(field, number)| format!("{field}|gte: {number}")),
        1 => list(text_value()).prop_map(|values| format!("'|all': {values}")),
    ]
}

fn map() -> impl Strategy<Value = String> {
    prop::collection::vec(item(), 1..4).prop_map(|items| {
        // Equal keys in one map are an error, and not what this is about.
        let mut keys = Vec::new();
        let kept: Vec<String> = items
            .into_iter()
            .filter(|item| {
                let key = item.split(':').next().map(str::to_owned);
                let new = !keys.contains(&key);
                keys.push(key);
                new
            })
            .collect();
        format!("{{{}}}", kept.join(", "))
    })
}

fn selection() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => map(),
        2 => prop::collection::vec(map(), 1..3).prop_map(|maps| format!("[{}]", maps.join(", "))),
        1 => list(text_value()),
    ]
}

const CONDITIONS: [&str; 12] = [
    "s1",
    "not s1",
    "s1 and s2",
    "s1 or s2",
    "s1 and not s2",
    "not (s1 or s2) or s3",
    "1 of s*",
    "all of them",
    "2 of s*",
    "not 1 of s*",
    "s3 and 1 of s*",
    "(s1 or not s2) and s3",
];

fn rule() -> impl Strategy<Value = String> {
    (selection(), selection(), selection(), prop::sample::select(&CONDITIONS[..])).prop_map(
        |(s1, s2, s3, condition)| {
            format!(
                "title: t\nlogsource: {{product: test}}\ndetection:\n  s1: {s1}\n  s2: {s2}\n  s3: {s3}\n  condition: {condition}\n---\n"
            )
        },
    )
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        10 => "[aAbB/\u{2013} -]{0,7}".prop_map(Value::from),
        1 => Just(Value::Null),
        2 => (0..3_i32).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => prop::collection::vec("[ab]{0,3}", 0..3).prop_map(Value::from),
    ]
}

fn event() -> impl Strategy<Value = Map<String, Value>> {
    let key = prop::sample::select(vec!["A", "a", "b.c", "Name", "name", "Na me", "D"]);
    let flat = prop::collection::vec((key, leaf()), 0..5);
    (flat, prop::option::of(leaf())).prop_map(|(flat, nested)| {
        let mut event: Map<String, Value> = flat
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        if let Some(nested) = nested {
            event.insert("b".to_owned(), json!({"c": nested}));
        }
        event
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_matcher_agrees_with_the_plain_evaluation(
        rules in prop::collection::vec(rule(), 1..6),
        events in prop::collection::vec(event(), 1..8),
    ) {
        let parsed = parse_rules(&rules.concat(), "f.yml");
        prop_assert!(parsed.broken.is_empty(), "{:?}", parsed.broken);
        let (set, _) = RuleSet::compile(parsed.rules);
        let source = LogSource::new("test", "");
        let mut scratch = Scratch::default();
        for event in &events {
            let mut hits = Vec::new();
            set.matches(&source, event, &mut scratch, |rule| hits.push(rule));
            for (index, written) in rules.iter().enumerate() {
                let rule = RuleIdx(u32::try_from(index).expect("few rules"));
                let plain = set.explain(rule, &source, event).expect("a rule of the set");
                prop_assert_eq!(
                    hits.contains(&rule), plain.matched,
                    "{}\n{:?}\n{:#?}", written, event, plain
                );
            }
        }
    }

    #[test]
    fn rule_files_never_panic(text in any::<String>()) {
        parse_rules(&text, "f.yml");
    }

    #[test]
    fn near_rules_never_panic(text in "(title: t\n|---\n|detection:\n|  a|:|: |\n|  condition: |a|- |\\[|\\{|\\}|&a |\\*a |'|\"|\\||>|action: global\n|logsource: \\{product: x\\}\n){0,30}") {
        RuleSet::compile(parse_rules(&text, "f.yml").rules);
    }
}
