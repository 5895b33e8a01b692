//! Calls of which one argument is a column of texts and the others are constants: what the constants mean is worked
//! out once for the whole column.

use arrow::array::{Array, ArrayRef};
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;

use super::Call;
use super::udf::{RowKernel, readers, rows};
use crate::values::{ColumnBuilder, Datum, Reader};

/// A call, its arguments and how many rows they have.
pub(super) type Invocation<'a> = (&'a Call<'a>, &'a [ColumnarValue], usize);

/// The column at `at`, when all other arguments are constants.
pub(super) fn only_column(args: &[ColumnarValue], at: usize) -> Option<&ArrayRef> {
    let mut others = args.iter().enumerate().filter(|(idx, _)| *idx != at);
    match args.get(at) {
        Some(ColumnarValue::Array(array))
            if others.all(|(_, arg)| matches!(arg, ColumnarValue::Scalar(_))) =>
        {
            Some(array)
        }
        _ => None,
    }
}

/// The constants among the arguments, null for a column.
pub(super) fn constants(readers: &[Reader]) -> Vec<Datum<'_>> {
    let mut values = Vec::with_capacity(readers.len());
    for reader in readers {
        values.push(if reader.is_constant() {
            reader.get(0)
        } else {
            Datum::Null
        });
    }
    values
}

/// A function of one text with everything else it needs.
pub(super) trait TextFunction {
    fn of<'s>(&mut self, source: &'s str) -> Datum<'s>;
}

/// Applies what `prepare` makes of the constants to the texts at `at`; row by row when another argument varies.
pub(super) fn over_texts<F: TextFunction>(
    (call, args, n_rows): Invocation<'_>,
    at: usize,
    row: RowKernel,
    prepare: impl FnOnce(&Call<'_>, &[Datum<'_>]) -> F,
) -> Result<ColumnarValue> {
    let Some(column) = only_column(args, at) else {
        return rows(call, args, n_rows, true, (row, false));
    };
    let readers = readers(call.args, args)?;
    let mut function = prepare(call, &constants(&readers));
    let mut out = ColumnBuilder::new(call.ret, column.len());
    if let Some(texts) = readers.get(at) {
        for row in 0..column.len() {
            out.push(&function.of(texts.get(row).text()));
        }
    }
    Ok(ColumnarValue::Array(out.finish()))
}
