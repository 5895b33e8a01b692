//! Tables known to hold no row are left out of plans; answers are the same as with them.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use datafusion::datasource::TableProvider;
use kql::catalog::{StaticCatalog, TableDef};
use kql::plan::ColumnName;
use kql::types::Type;
use kql_engine::{MemoryTables, RunOptions, TableSource};

/// Says of the tables without rows that they have none.
struct Sparse<'a>(&'a MemoryTables);

impl TableSource for Sparse<'_> {
    fn table(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        self.0.table(name)
    }

    fn names(&self) -> Vec<String> {
        self.0.names()
    }

    fn holds_rows(&self, name: &str) -> bool {
        name == "Full"
    }
}

const COLUMNS: [(&str, &[(&str, Type)]); 3] = [
    ("Full", &[("Name", Type::String), ("Size", Type::Long)]),
    ("Bare", &[("Name", Type::String), ("Extra", Type::Real)]),
    ("Other", &[("Size", Type::String), ("Bag", Type::Dynamic)]),
];

fn tables() -> (StaticCatalog, MemoryTables) {
    let (mut catalog, mut tables) = (StaticCatalog::new(), MemoryTables::new());
    for (name, columns) in COLUMNS {
        let columns: Vec<(ColumnName, Type)> =
            columns.iter().map(|(n, ty)| ((*n).into(), *ty)).collect();
        tables.add(name, support::empty_table(&columns));
        catalog.add_table(TableDef {
            name: name.to_owned(),
            columns,
        });
    }
    let names: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), Some("b"), None]));
    let sizes: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]));
    tables.add(
        "Full",
        support::memory_table(vec![("Name", names), ("Size", sizes)]),
    );
    (catalog, tables)
}

const QUERIES: &[&str] = &[
    "union Full, Bare | sort by Name asc",
    "union Full, Bare | project Name, Extra | sort by Name asc",
    "union Full, Bare | where isnull(Extra) | count",
    "union Full, Other | sort by Name asc",
    "union Full, Other | extend t = tostring(Bag.x) | project Name, t, Size_string | sort by Name asc",
    "union withsource=Source * | summarize count() by Source",
    "union withsource=Source * | where Source in ('Bare', 'Full') | summarize n = count(), total = sum(Size_long) by Source",
    "union Bare, Other",
    "union Bare, Other | count",
    "union Bare, Other | summarize n = count(), any = take_any(Name)",
    "union Bare, Other | summarize n = count() by Name",
    "union (Bare | summarize n = count()), (Full | summarize n = count()) | sort by n asc",
    "union (Bare | summarize n = count() by Name), (Full | summarize n = count() by Name) | sort by Name asc",
    "union (Bare | extend Size = 5 | where Size > 1), Full | sort by Name asc",
    "union (Bare | project Name, Deep = strcat(Name, Extra)), Full | project Name, Deep | sort by Name asc",
    "union (union Bare, Other), Full | project Name, Extra, Bag | sort by Name asc",
    "union kind=inner Full, Bare | sort by Name asc",
    "search 'a'",
    "search in (Full, Bare) Name == 'b' | project Name, Extra",
    "Full | join kind=leftouter (union Bare, Other) on Name | sort by Name asc",
];

#[test]
fn leaving_out_tables_without_rows_changes_no_answer() {
    support::on_large_stack(|| async {
        let engine = support::engine();
        let (catalog, tables) = tables();
        for text in QUERIES {
            let query = support::bind(text, &catalog).unwrap_or_else(|e| panic!("{text}: {e}"));
            let options = RunOptions::default();
            let all = engine.run(&query, &tables, &options).await;
            let all = all.unwrap_or_else(|e| panic!("{text}: {e}"));
            let some = engine.run(&query, &Sparse(&tables), &options).await;
            let some = some.unwrap_or_else(|e| panic!("{text}, without empty tables: {e}"));
            let columns = |result: &kql_engine::QueryResult| -> Vec<(String, String)> {
                let table = result.tables.first().unwrap();
                let columns = table.columns.iter();
                columns
                    .map(|c| (c.0.clone(), c.1.name().to_owned()))
                    .collect()
            };
            assert_eq!(columns(&all), columns(&some), "{text}");
            assert_eq!(support::rows(&all), support::rows(&some), "{text}");
        }
    });
}
