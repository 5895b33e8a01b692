//! Any text through the whole front end of KQL: parsing, binding, layout, completion, hover help. What must hold besides
//! that nothing panics: spans lie in the text, a layout done twice is the layout done once, answers are bounded.

#![no_main]

use std::cell::LazyCell;

use kql::{BindOptions, Catalog, Dialect, FormatOptions, StaticCatalog, TableDef, Type};
use libfuzzer_sys::fuzz_target;

const OPTIONS: BindOptions = BindOptions {
    now: 638_000_000_000_000_000,
    dialect: Dialect::Sentinel,
};

fn table(name: &str) -> TableDef {
    let columns = [
        ("TimeGenerated", Type::DateTime),
        ("Account", Type::String),
        ("Count", Type::Long),
        ("Risk", Type::Real),
        ("Id", Type::Guid),
        ("Ok", Type::Bool),
        ("Took", Type::TimeSpan),
        ("Data", Type::Dynamic),
    ];
    TableDef {
        name: name.to_owned(),
        columns: columns.map(|(name, ty)| (name.into(), ty)).to_vec(),
    }
}

fn check(text: &str, catalog: &dyn Catalog) {
    let bound = kql::bind(text, catalog, &OPTIONS);
    for found in &bound.diagnostics {
        let (start, end) = (found.span.start as usize, found.span.end as usize);
        assert!(text.get(start..end).is_some(), "{found:?}");
        assert!(!found.render(text, "query").is_empty());
    }
    let once = kql::format(text, &FormatOptions::default());
    let twice = kql::format(&once.text, &FormatOptions::default());
    assert_eq!(once.text, twice.text, "formatted twice");
    // Somewhere, but the same place for the same text.
    let position = text.bytes().map(usize::from).sum::<usize>() % (text.len() + 1);
    let answer = kql::complete(text, position, catalog, &OPTIONS);
    assert!(answer.items.len() <= kql::complete::MAX_ITEMS);
    let _ = kql::hover(text, position, catalog, &OPTIONS);
    let _ = kql::signature_help(text, position, catalog, &OPTIONS);
}

thread_local! {
    static CATALOG: LazyCell<StaticCatalog> = LazyCell::new(|| {
        let mut catalog = StaticCatalog::new();
        for name in ["T", "SigninLogs", "SecurityEvent"] {
            catalog.add_table(table(name));
        }
        catalog
    });
}

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        CATALOG.with(|catalog| check(text, &**catalog));
    }
});
