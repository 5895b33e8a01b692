//! Window functions over rows that are collected in order: `prev`, `next`, `row_number`, `row_cumsum`,
//! `row_rank`, `row_rank_dense`, `row_rank_min`, `row_window_session`.

use arrow::array::{Array as _, ArrayRef};
use arrow::compute::concat;
use datafusion::error::Result;
use kql::types::Type;

use crate::values::{ColumnBuilder, Datum, Reader, arrow_type};

/// One call: function, argument columns with types, result type.
pub(crate) struct Call {
    pub(crate) function: &'static str,
    pub(crate) args: Vec<(Type, ArrayRef)>,
    pub(crate) ret: Type,
}

/// Names of the window functions that run.
pub(crate) const NAMES: &[&str] = &[
    "next",
    "prev",
    "row_cumsum",
    "row_number",
    "row_rank",
    "row_rank_dense",
    "row_rank_min",
    "row_window_session",
];

/// Computes a call over `rows` rows. `group`, when given, restarts everything where its value changes.
///
/// # Errors
/// When an argument column does not have the type the plan says.
pub(crate) fn evaluate(call: &Call, rows: usize, group: Option<&ArrayRef>) -> Result<ArrayRef> {
    let readers: Vec<Reader> = call
        .args
        .iter()
        .map(|(ty, array)| Reader::new(*ty, array, false))
        .collect::<Result<_>>()?;
    let groups = match group {
        Some(array) => Some(Reader::new(Type::Long, array, false)?),
        None => None,
    };
    if groups.is_none()
        && let Some(shifted) = shifted_whole(call, rows)?
    {
        return Ok(shifted);
    }
    let starts = |row: usize| {
        row == 0
            || groups
                .as_ref()
                .is_some_and(|g| g.get(row) != g.get(row - 1))
    };
    let window = Window {
        readers: &readers,
        rows,
        starts: &starts,
        ret: call.ret,
    };
    let mut out = ColumnBuilder::new(call.ret, rows);
    match call.function {
        "prev" => window.shifted(-1, groups.as_ref(), &mut out),
        "next" => window.shifted(1, groups.as_ref(), &mut out),
        "row_cumsum" => window.cumulative(&mut out),
        "row_rank" => {
            let dense = rows > 0 && window.arg(1, 0) == Datum::Bool(true);
            window.rank(dense, None, &mut out);
        }
        "row_rank_dense" => window.rank(true, Some(1), &mut out),
        "row_rank_min" => window.rank(false, Some(1), &mut out),
        "row_window_session" => window.session(&mut out),
        _ => window.number(&mut out),
    }
    Ok(out.finish())
}

/// `prev(column)` and `next(column)`: the column itself, moved by a row. `None` for other calls, and for types of which
/// an array can hold a value that counts as null without being one.
fn shifted_whole(call: &Call, rows: usize) -> Result<Option<ArrayRef>> {
    let ([(ty, column)], true) = (call.args.as_slice(), rows > 0) else {
        return Ok(None);
    };
    let plain = *ty == call.ret && *column.data_type() == arrow_type(*ty);
    let by_text = matches!(ty, Type::Guid | Type::Dynamic | Type::Unknown);
    if !plain || by_text || column.null_count() > 0 && *ty == Type::String {
        return Ok(None);
    }
    let mut outside = ColumnBuilder::new(*ty, 1);
    outside.push(&Datum::Null);
    let outside = outside.finish();
    let moved = match call.function {
        "prev" => concat(&[&outside, &column.slice(0, rows - 1)]),
        "next" => concat(&[&column.slice(1, rows - 1), &outside]),
        _ => return Ok(None),
    };
    Ok(Some(moved?))
}

struct Window<'w> {
    readers: &'w [Reader],
    rows: usize,
    starts: &'w dyn Fn(usize) -> bool,
    ret: Type,
}

impl Window<'_> {
    fn arg(&self, idx: usize, row: usize) -> Datum<'_> {
        self.readers
            .get(idx)
            .map_or(Datum::Null, |reader| reader.get(row))
    }

    fn restarts(&self, idx: usize, row: usize) -> bool {
        (self.starts)(row) || self.arg(idx, row) == Datum::Bool(true)
    }

    fn shifted(&self, sign: i64, groups: Option<&Reader>, out: &mut ColumnBuilder) {
        for row in 0..self.rows {
            let offset = if self.readers.len() > 1 {
                self.arg(1, row).as_i64().unwrap_or(1)
            } else {
                1
            };
            let from = i64::try_from(row)
                .ok()
                .and_then(|row| row.checked_add(offset.checked_mul(sign)?));
            let from = from
                .and_then(|at| usize::try_from(at).ok())
                .filter(|at| *at < self.rows);
            let from = from.filter(|at| groups.is_none_or(|g| g.get(*at) == g.get(row)));
            match from {
                Some(at) => out.push(&self.arg(0, at)),
                None => out.push(&self.arg(2, row)),
            }
        }
    }

    fn number(&self, out: &mut ColumnBuilder) {
        let mut current = 0;
        for row in 0..self.rows {
            let first = if self.readers.is_empty() {
                1
            } else {
                self.arg(0, row).as_i64().unwrap_or(1)
            };
            current = if self.restarts(1, row) {
                first
            } else {
                current + 1
            };
            out.push(&Datum::Long(current));
        }
    }

    fn cumulative(&self, out: &mut ColumnBuilder) {
        let (mut whole, mut real, mut decimal) = (0i64, 0f64, 0i128);
        for row in 0..self.rows {
            if self.restarts(1, row) {
                (whole, real, decimal) = (0, 0.0, 0);
            }
            let value = self.arg(0, row);
            whole = whole.wrapping_add(value.as_i64().unwrap_or(0));
            real += value.as_f64().unwrap_or(0.0);
            if let Datum::Decimal(value) = value {
                decimal = decimal.saturating_add(value);
            }
            match self.ret {
                Type::Real => out.push(&Datum::Real(real)),
                Type::Decimal => out.push(&Datum::Decimal(decimal)),
                Type::TimeSpan => out.push(&Datum::TimeSpan(whole)),
                _ => out.push(&Datum::Long(whole)),
            }
        }
    }

    fn rank(&self, dense: bool, restart: Option<usize>, out: &mut ColumnBuilder) {
        let (mut rank, mut position) = (0i64, 0i64);
        for row in 0..self.rows {
            let restarts = restart.map_or_else(|| (self.starts)(row), |at| self.restarts(at, row));
            if restarts {
                (rank, position) = (1, 1);
            } else {
                position += 1;
                if self.arg(0, row) != self.arg(0, row - 1) {
                    rank = if dense { rank + 1 } else { position };
                }
            }
            out.push(&Datum::Long(rank));
        }
    }

    /// The first value of the session a row belongs to. One that reaches a distance begins the next session
    /// ("row_window_session()", Returns).
    fn session(&self, out: &mut ColumnBuilder) {
        let (mut first, mut last): (Option<i64>, Option<i64>) = (None, None);
        for row in 0..self.rows {
            let value = self.arg(0, row).as_i64();
            let limit = |idx: usize| self.arg(idx, row).as_i64().unwrap_or(i64::MAX);
            let apart = |since: Option<i64>, most: i64| match (value, since) {
                (Some(v), Some(since)) => v.saturating_sub(since) >= most,
                _ => true,
            };
            if self.restarts(3, row) || apart(first, limit(1)) || apart(last, limit(2)) {
                first = value;
            }
            last = value;
            out.push(&first.map_or(Datum::Null, Datum::DateTime));
        }
    }
}
