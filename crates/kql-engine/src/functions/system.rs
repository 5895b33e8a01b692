//! What a query can ask about itself, its user and the store.
//!
//! One installation is one service with one database and one node, and a query knows no user: what would name
//! them is constant here. Rows are not tied to a storage unit (extent) when they reach a query, for which the
//! reference documents an all-zero id and no tags.

use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;

use super::regex_fn::text;
use super::{Call, Kernel, batch, lenient};
use crate::values::Datum;

pub(super) const KERNELS: &[Kernel] = &[
    lenient(
        &[
            "current_cluster_endpoint",
            "current_database",
            "current_node_id",
        ],
        |_, _| Datum::string("watchfloor"),
    ),
    lenient(&["current_principal"], |_, _| Datum::string("")),
    lenient(&["current_principal_details"], |_, _| Datum::Null),
    lenient(&["current_principal_is_member_of"], |_, _| {
        Datum::Bool(false)
    }),
    lenient(&["extent_id", "extentid"], |_, _| {
        Datum::Guid(NO_EXTENT.into())
    }),
    lenient(&["extent_tags"], |_, _| Datum::Null),
    lenient(&["estimate_data_size"], |_, args| {
        Datum::Long(args.iter().map(size).sum())
    }),
    lenient(&["cursor_after"], |_, args| {
        cursor(args, |received, cursor| received > cursor)
    }),
    lenient(&["cursor_before_or_at"], |_, args| {
        cursor(args, |received, cursor| received <= cursor)
    }),
    batch(&["assert"], assert),
];

const NO_EXTENT: &str = "00000000-0000-0000-0000-000000000000";

/// Bytes of a value: the width of its type, or the length of its text. A dynamic's own form is longer than its text.
fn size(value: &Datum<'_>) -> i64 {
    let n_bytes = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
    match value {
        Datum::Null | Datum::Bool(_) => 1,
        Datum::Int(_) => 4,
        Datum::Long(_) | Datum::Real(_) | Datum::DateTime(_) | Datum::TimeSpan(_) => 8,
        Datum::Decimal(_) | Datum::Guid(_) => 16,
        Datum::Str(text) => n_bytes(text),
        Datum::Dynamic(text) => n_bytes(text).saturating_add(DYNAMIC_BYTES),
    }
}

/// What the service adds for a dynamic is not documented, only that it adds.
const DYNAMIC_BYTES: i64 = 16;

/// A cursor is the ticks of an instant, as text; the empty one lies before all rows. The lowering adds the row's
/// time of receipt, where the table has one.
fn cursor<'a>(args: &[Datum<'a>], holds: fn(i64, i64) -> bool) -> Datum<'a> {
    let cursor = match text(args, 0).trim() {
        "" => Some(-1),
        ticks => ticks.parse::<i64>().ok(),
    };
    let received = args.get(1).and_then(Datum::as_i64).unwrap_or(0);
    cursor.map_or(Datum::Null, |cursor| Datum::Bool(holds(received, cursor)))
}

/// Fails the query with the message unless the condition holds in every row.
fn assert(call: &Call<'_>, args: &[ColumnarValue], n_rows: usize) -> Result<ColumnarValue> {
    let readers = super::udf::readers(call.args, args)?;
    let [condition, message] = readers.as_slice() else {
        return Err(super::udf::missing_argument());
    };
    for row in 0..n_rows {
        if condition.get(row) != Datum::Bool(true) {
            let message = message.get(row).text().to_owned();
            return Err(DataFusionError::Execution(message));
        }
    }
    Ok(ColumnarValue::Scalar(
        datafusion::scalar::ScalarValue::Boolean(Some(true)),
    ))
}
