//! Runs the documentation's own examples and asserts the share that gives the documented result.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::{cell_equal, corpora, engine, rows, run};

/// The share of comparable cases that passes, in per mille: a little under what is reached.
const FLOOR_PER_MILLE: usize = 990;

const UNORDERED: &[&str] = &[
    "make_set",
    "make_set_if",
    "set_union",
    "set_intersect",
    "set_difference",
    "bag_keys",
    "buildschema",
    "geo_geohash_neighbors",
    "geo_h3cell_children",
    "geo_h3cell_neighbors",
    "geo_line_to_s2cells",
    "geo_polygon_to_h3cells",
    "geo_polygon_to_s2cells",
    "geo_s2cell_neighbors",
];

fn field<'v>(case: &'v Value, name: &str) -> &'v [Value] {
    case.get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn judge(case: &Value, result: Result<kql_engine::QueryResult, String>) -> Result<(), String> {
    let result = result?;
    let table = result.tables.last().ok_or("no table")?;
    let columns = field(case, "columns");
    let documented = field(case, "doc_columns");
    let name_fits = |(idx, (name, _)): (usize, &(String, kql::types::Type))| {
        columns.get(idx).is_some_and(|c| c["name"] == name.as_str())
            || documented.get(idx).is_some_and(|d| d == name.as_str())
    };
    if table.columns.len() != columns.len() || !table.columns.iter().enumerate().all(name_fits) {
        return Err(format!("columns: {:?}", table.columns));
    }
    let types: Vec<&str> = columns.iter().filter_map(|c| c["type"].as_str()).collect();
    for ((name, ty), want) in table.columns.iter().zip(&types) {
        if *want != "unknown" && *want != ty.name() && case.get("official_note").is_none() {
            return Err(format!("type of {name}: want {want}, got {ty}"));
        }
    }
    if case["nondeterministic"] == true {
        return Ok(());
    }
    let loose = field(case, "features")
        .iter()
        .filter_map(Value::as_str)
        .any(|f| UNORDERED.contains(&f));
    let truncated = case["truncated"] == true;
    let (want, got) = (
        field(case, "rows"),
        if result.tables.len() == 1 {
            rows(&result)
        } else {
            table.rows_json()
        },
    );
    if !truncated && want.len() != got.len() {
        return Err(format!(
            "rows: want {}, got {}: {:?}",
            want.len(),
            got.len(),
            got.first()
        ));
    }
    let fits = |w: &[Value], g: &[Value]| {
        w.len() == g.len()
            && w.iter().zip(g).zip(&types).all(|((w, g), ty)| {
                (truncated && w.as_str().is_some_and(|w| w.contains("...")))
                    || cell_equal(w, g, ty, loose)
            })
    };
    let strict = case["ordered"] == true && !truncated && field(case, "order_by").is_empty();
    let mut rest: Vec<&Vec<Value>> = got.iter().collect();
    for row in want.iter().filter_map(Value::as_array) {
        let at = if strict {
            rest.first().and_then(|g| fits(row, g).then_some(0))
        } else {
            rest.iter().position(|g| fits(row, g))
        };
        match at {
            Some(at) => drop(rest.remove(at)),
            None => {
                return Err(format!(
                    "no row for {} among {}",
                    Value::from(row.clone()),
                    serde_json::to_string(&rest.first()).unwrap()
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn documented_examples_give_the_documented_rows() {
    support::on_large_stack(run_all);
}

async fn run_all() {
    let Some(root) = corpora() else { return };
    let text = std::fs::read_to_string(root.join("kql-docs/conformance.jsonl")).unwrap();
    let engine = engine();
    let (catalog, tables) = support::schema("table,column,type\n");
    let (mut passed, mut total) = (0, 0);
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        if case.get("doc_suspect").is_some() || case.get("official_semantic_errors").is_some() {
            continue;
        }
        total += 1;
        let result = run(&engine, case["query"].as_str().unwrap(), &catalog, &tables).await;
        match judge(&case, result) {
            Ok(()) => passed += 1,
            Err(why) => eprintln!(
                "{}\t{}",
                case["id"].as_str().unwrap(),
                why.chars().take(300).collect::<String>()
            ),
        }
    }
    eprintln!("conformance: passed {passed} of {total}");
    assert!(
        passed * 1000 >= total * FLOOR_PER_MILLE,
        "passed {passed} of {total}"
    );
}
