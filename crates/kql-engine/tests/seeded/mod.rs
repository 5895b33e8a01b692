//! Tables for one query, with rows that its conditions are likely to find.

mod inverse;
mod values;
mod wishes;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema};
use datafusion::datasource::{MemTable, TableProvider};
use kql::Query;
use kql::catalog::{Catalog as _, StaticCatalog};
use kql::plan::RelOp;
use kql::types::Type;
use kql_engine::MemoryTables;

use crate::support::files::Files;
use values::{Filler, Random};
use wishes::{Source, Wishes};

/// Rows of one table.
pub(crate) const ROWS: usize = 200;

/// Tables that get rows: `union *` reads all there are.
const FILLED_MAX: usize = 12;

/// How many rows of the tables come in one batch.
#[derive(Clone, Copy)]
pub(crate) enum Batches {
    Whole,
    OneRow,
}

/// The stored columns of a query's sources, with rows.
pub(crate) struct Rows(BTreeMap<Source, RecordBatch>);

/// Makes the rows for a query from a seed; `now` is in ticks.
pub(crate) fn rows(query: &Query, catalog: &StaticCatalog, now: i64, seed: u64) -> Rows {
    let wishes = Wishes::of(query);
    let mut filler = Filler {
        random: Random(seed),
        now,
        wishes: &wishes,
    };
    let mut made = BTreeMap::new();
    for (source, columns) in sources(query, catalog) {
        let n_rows = if made.len() < FILLED_MAX { ROWS } else { 0 };
        let tame: Vec<bool> = (0..n_rows).map(|_| filler.random.chance(75)).collect();
        let arrays: Vec<(String, ArrayRef)> = columns
            .into_iter()
            .map(|(name, ty)| {
                let place = (source.clone(), name);
                let of = |all: &BTreeMap<_, Vec<wishes::Wish>>| all.get(&place).cloned();
                let wanted = of(&wishes.wanted).unwrap_or_default();
                let unwanted = of(&wishes.unwanted).unwrap_or_default();
                let array = filler.column((&place.1, ty), &wanted, &unwanted, &tame);
                (place.1, array)
            })
            .collect();
        let fields: Vec<Field> = arrays
            .iter()
            .map(|(name, array)| Field::new(name, array.data_type().clone(), true))
            .collect();
        let arrays = arrays.into_iter().map(|(_, array)| array).collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
        made.insert(source, batch);
    }
    Rows(made)
}

/// What a query reads, and the columns of it.
fn sources(query: &Query, catalog: &StaticCatalog) -> BTreeMap<Source, BTreeMap<String, Type>> {
    let mut all: BTreeMap<Source, BTreeMap<String, Type>> = BTreeMap::new();
    for read in &query.reads {
        let Some(table) = catalog.table(&read.table) else {
            continue;
        };
        let wanted = |name: &str| {
            name == "TimeGenerated" || read.columns.iter().any(|column| column.as_str() == name)
        };
        let columns = table.columns.iter().filter(|(name, _)| wanted(name));
        let stored = all.entry(Source::Table(read.table.clone())).or_default();
        stored.extend(columns.map(|(name, ty)| (name.to_string(), *ty)));
        // Rows need a column to be counted by.
        if let (true, Some((name, ty))) = (stored.is_empty(), table.columns.first()) {
            stored.insert(name.to_string(), *ty);
        }
    }
    query.each_rel(&mut |rel| {
        let source = match &rel.op {
            RelOp::Watchlist { alias } => match &alias.kind {
                kql::plan::ExprKind::Literal(kql::plan::Literal::String(alias)) => {
                    Source::Watchlist(alias.clone())
                }
                _ => return,
            },
            RelOp::ExternalData { uris, .. } => match uris.first() {
                Some(uri) => Source::External(uri.clone()),
                None => return,
            },
            _ => return,
        };
        let columns = rel.columns.iter().map(|column| {
            let ty = match column.ty {
                Type::Unknown => Type::String,
                ty => ty,
            };
            (column.name.to_string(), ty)
        });
        all.entry(source).or_default().extend(columns);
    });
    all
}

impl Rows {
    /// The rows as tables in memory.
    pub(crate) fn tables(&self, batches: Batches) -> MemoryTables {
        let mut tables = MemoryTables::new();
        for (source, batch) in &self.0 {
            add(&mut tables, source, provider(batch, batches));
        }
        tables
    }

    /// The rows as tables of files, with a few groups of rows in each.
    pub(crate) async fn stored(&self, files: &Files) -> MemoryTables {
        let mut tables = MemoryTables::new();
        for (source, batch) in &self.0 {
            let table = if batch.num_rows() > 0 {
                files.table(batch, ROWS / 4).await
            } else {
                provider(batch, Batches::Whole)
            };
            add(&mut tables, source, table);
        }
        tables
    }
}

fn add(tables: &mut MemoryTables, source: &Source, table: Arc<dyn TableProvider>) {
    match source {
        Source::Table(name) => tables.add(name, table),
        Source::Watchlist(alias) => tables.add_watchlist(alias, table),
        Source::External(uri) => tables.allow_external(uri, table),
    }
}

fn provider(batch: &RecordBatch, batches: Batches) -> Arc<dyn TableProvider> {
    let cut = match batches {
        Batches::Whole => vec![batch.clone()],
        Batches::OneRow => (0..batch.num_rows())
            .map(|row| batch.slice(row, 1))
            .collect(),
    };
    Arc::new(MemTable::try_new(batch.schema(), vec![cut]).unwrap())
}
