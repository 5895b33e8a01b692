//! What the operators over collected rows share: reading arguments, building a table, keys for grouping, and noticing
//! that nobody waits for the result any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::error::{DataFusionError, Result};
use kql::types::Type;

use super::make_series::column as take_column;
use crate::values::{ColumnBuilder, Datum, Reader};

/// Most rows an operator of this kind puts out.
pub(crate) const ROWS_MAX: usize = 5_000_000;

/// Set when a query was dropped: long computations ask now and then.
#[derive(Clone, Default)]
pub(crate) struct Cancel(Arc<AtomicBool>);

/// Cancels when it is dropped.
pub(crate) struct CancelOnDrop(Cancel);

impl Cancel {
    pub(crate) fn on_drop(&self) -> CancelOnDrop {
        CancelOnDrop(self.clone())
    }

    /// # Errors
    /// When the query was dropped.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) {
            return Err(DataFusionError::Execution("the query was cancelled".into()));
        }
        Ok(())
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// The error of a limit that was reached.
pub(crate) fn limit(what: impl Into<String>) -> DataFusionError {
    DataFusionError::ResourcesExhausted(what.into())
}

/// The error of an argument that does not fit.
pub(crate) fn bad_argument(what: impl Into<String>) -> DataFusionError {
    DataFusionError::Plan(what.into())
}

/// A column of a batch: its name there, what users call it, its type.
#[derive(Clone, Debug)]
pub(crate) struct ColumnRef {
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) ty: Type,
}

impl ColumnRef {
    /// A column of whole numbers that users don't see.
    pub(crate) fn number(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            title: String::new(),
            ty: Type::Long,
        }
    }

    pub(crate) fn array(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        take_column(batch, &self.key)
    }

    pub(crate) fn read(&self, batch: &RecordBatch) -> Result<Reader> {
        Reader::new(self.ty, &self.array(batch)?, false)
    }
}

/// An argument of a plugin.
pub(crate) struct Arg {
    /// `name = value`.
    pub(crate) name: Option<String>,
    pub(crate) value: ArgValue,
}

/// What an argument is.
pub(crate) enum ArgValue {
    Constant(Datum<'static>),
    /// A column of the input, or an expression that was computed into one.
    Column(ColumnRef),
    Table(RecordBatch, Vec<ColumnRef>),
}

/// A plugin call over collected rows.
pub(crate) struct PluginCall {
    pub(crate) plugin: String,
    pub(crate) args: Vec<Arg>,
    /// The input's columns.
    pub(crate) input: Vec<ColumnRef>,
}

impl PluginCall {
    fn misses(&self, at: usize, what: &str) -> DataFusionError {
        bad_argument(format!(
            "argument {} of `{}` must be {what}",
            at + 1,
            self.plugin
        ))
    }

    /// The constant at a place; `None` for none and for `"~"`, which asks for the default.
    pub(crate) fn constant(&self, at: usize) -> Option<&Datum<'static>> {
        match &self.args.get(at)?.value {
            ArgValue::Constant(Datum::Str(text)) if text == "~" => None,
            ArgValue::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// A constant that must be there.
    pub(crate) fn need(&self, at: usize) -> Result<&Datum<'static>> {
        let found = self.constant(at).filter(|value| !value.is_null());
        found.ok_or_else(|| self.misses(at, "a constant that is not null"))
    }

    /// A column that must be there.
    pub(crate) fn column(&self, at: usize) -> Result<&ColumnRef> {
        match self.args.get(at).map(|arg| &arg.value) {
            Some(ArgValue::Column(column)) => Ok(column),
            _ => Err(self.misses(at, "a column")),
        }
    }

    /// The columns from a place on.
    pub(crate) fn columns_from(&self, at: usize) -> Vec<&ColumnRef> {
        let columns = self.args.iter().skip(at);
        columns
            .filter_map(|arg| match &arg.value {
                ArgValue::Column(column) => Some(column),
                _ => None,
            })
            .collect()
    }

    /// The value of `name = value`.
    pub(crate) fn named(&self, name: &str) -> Option<&Datum<'static>> {
        let fits = |arg: &&Arg| {
            let given = arg.name.as_deref();
            given.is_some_and(|given| given.eq_ignore_ascii_case(name))
        };
        match &self.args.iter().find(fits)?.value {
            ArgValue::Constant(value) => Some(value),
            _ => None,
        }
    }
}

/// A table that grows by rows.
pub(crate) struct Table {
    columns: Vec<(String, Type, ColumnBuilder)>,
    rows: usize,
}

/// A column that an operator made.
pub(crate) struct Made {
    pub(crate) title: String,
    pub(crate) ty: Type,
    pub(crate) array: ArrayRef,
}

/// The columns an operator made, all of this many rows.
pub(crate) type Output = (Vec<Made>, usize);

impl Table {
    pub(crate) fn new(columns: impl IntoIterator<Item = (String, Type)>) -> Self {
        let build = |(title, ty): (String, Type)| (title, ty, ColumnBuilder::new(ty, 0));
        Self {
            columns: columns.into_iter().map(build).collect(),
            rows: 0,
        }
    }

    /// Appends a row; a value of another type than its column's is null.
    ///
    /// # Errors
    /// For more than [`ROWS_MAX`] rows.
    pub(crate) fn push<'d>(&mut self, row: impl IntoIterator<Item = Datum<'d>>) -> Result<()> {
        if self.rows >= ROWS_MAX {
            return Err(limit(format!("an operator made more than {ROWS_MAX} rows")));
        }
        self.rows += 1;
        let mut values = row.into_iter();
        for (_, _, column) in &mut self.columns {
            column.push(&values.next().unwrap_or(Datum::Null));
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Output {
        let made = self.columns.into_iter().map(|(title, ty, column)| Made {
            title,
            ty,
            array: column.finish(),
        });
        (made.collect(), self.rows)
    }
}

/// A value as a key of a map: equal for equal values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    Null,
    Whole(i64),
    Wide(i128),
    Bits(u64),
    Text(String),
}

impl Key {
    pub(crate) fn of(value: &Datum<'_>) -> Self {
        match value {
            Datum::Null => Self::Null,
            Datum::Real(v) => Self::Bits(if *v == 0.0 { 0 } else { v.to_bits() }),
            Datum::Decimal(v) => Self::Wide(*v),
            Datum::Str(_) | Datum::Guid(_) | Datum::Dynamic(_) => {
                Self::Text(value.text().to_owned())
            }
            other => other.as_i64().map_or(Self::Null, Self::Whole),
        }
    }
}

/// Rows by the values of some columns, in order of appearance.
pub(crate) struct Groups {
    /// The values of each group.
    pub(crate) values: Vec<Vec<Datum<'static>>>,
    /// The rows of each.
    pub(crate) rows: Vec<Vec<usize>>,
}

impl Groups {
    /// # Errors
    /// When a column cannot be read.
    pub(crate) fn by(columns: &[&ColumnRef], batch: &RecordBatch) -> Result<Self> {
        let readers = columns
            .iter()
            .map(|column| column.read(batch))
            .collect::<Result<Vec<_>>>()?;
        let mut seen = std::collections::HashMap::new();
        let (mut values, mut rows): (Vec<Vec<Datum<'static>>>, Vec<Vec<usize>>) =
            (Vec::new(), Vec::new());
        for row in 0..batch.num_rows() {
            let cells: Vec<Datum<'_>> = readers.iter().map(|reader| reader.get(row)).collect();
            let key: Vec<Key> = cells.iter().map(Key::of).collect();
            let at = *seen.entry(key).or_insert_with(|| {
                values.push(cells.into_iter().map(Datum::into_static).collect());
                rows.push(Vec::new());
                values.len() - 1
            });
            if let Some(rows) = rows.get_mut(at) {
                rows.push(row);
            }
        }
        Ok(Self { values, rows })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[Datum<'static>], &[usize])> {
        let rows = self.rows.iter().map(Vec::as_slice);
        self.values.iter().map(Vec::as_slice).zip(rows)
    }
}
