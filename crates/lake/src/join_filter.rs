//! Filters that a join sends down to a scan once its other side is known.
//!
//! They let a scan leave out rows that will find no partner, before their other columns are
//! decoded. Where nearly all rows find one, testing each costs more than the join itself:
//! [`JoinFilter`] tests the first rows of a scan and lets the others pass when few were left out.
//! The join tests them in any case.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array as _, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use datafusion::common::cast::as_boolean_array;
use datafusion::common::tree_node::{
    Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion,
};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::expressions::{DynamicFilterPhysicalExpr, InListExpr};
use datafusion::physical_plan::PhysicalExpr;
use datafusion::physical_plan::joins::HashTableLookupExpr;

/// Rows that are tested before it is decided.
const SAMPLE_ROWS: usize = 16_384;

/// How much of a scan's rows its join filters left out so far; shared by its files.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    rows: AtomicUsize,
    kept: AtomicUsize,
}

impl Tried {
    /// Whether more than three of four rows passed.
    fn is_useless(&self) -> bool {
        let rows = self.rows.load(Ordering::Relaxed);
        rows >= SAMPLE_ROWS && self.kept.load(Ordering::Relaxed) / 3 >= rows / 4
    }

    fn count(&self, kept: usize, rows: usize) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.kept.fetch_add(kept, Ordering::Relaxed);
    }
}

/// Wraps the dynamic filters of a predicate.
pub(crate) fn sparing(
    predicate: Arc<dyn PhysicalExpr>,
    tried: &Arc<Tried>,
) -> Result<Arc<dyn PhysicalExpr>> {
    let wrapped = predicate.transform_down(|expr| {
        if !expr.is::<DynamicFilterPhysicalExpr>() {
            return Ok(Transformed::no(expr));
        }
        let filter = JoinFilter {
            filter: expr,
            tried: Arc::clone(tried),
        };
        // Nothing below is looked at: it would be wrapped again.
        Ok(Transformed::new(
            Arc::new(filter) as Arc<dyn PhysicalExpr>,
            true,
            TreeNodeRecursion::Jump,
        ))
    });
    wrapped.data()
}

#[derive(Debug)]
struct JoinFilter {
    filter: Arc<dyn PhysicalExpr>,
    tried: Arc<Tried>,
}

impl JoinFilter {
    /// Whether a join made the filter: those of `top` begin by letting all rows pass and get
    /// better.
    fn is_of_a_join(&self) -> Result<bool> {
        let Some(filter) = self.filter.downcast_ref::<DynamicFilterPhysicalExpr>() else {
            return Ok(false);
        };
        filter
            .current()?
            .exists(|expr| Ok(expr.is::<HashTableLookupExpr>() || expr.is::<InListExpr>()))
    }
}

impl PhysicalExpr for JoinFilter {
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.filter.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.filter.nullable(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        if self.tried.is_useless() {
            let all = BooleanArray::from(vec![true; batch.num_rows()]);
            return Ok(ColumnarValue::Array(Arc::new(all)));
        }
        let value = self.filter.evaluate(batch)?;
        if self.is_of_a_join()? {
            let array = value.clone().into_array(batch.num_rows())?;
            let kept = as_boolean_array(&array)?.true_count();
            self.tried.count(kept, array.len());
        }
        Ok(value)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.filter]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let [filter] = <[_; 1]>::try_from(children)
            .map_err(|_| DataFusionError::Internal("a join filter has one child".into()))?;
        Ok(Arc::new(Self {
            filter,
            tried: Arc::clone(&self.tried),
        }))
    }

    /// Statistics are compared with what the filter says now, without the wrapping.
    fn snapshot(&self) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        Ok(Some(match self.filter.snapshot()? {
            Some(now) => now,
            None => Arc::clone(&self.filter),
        }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.filter.fmt_sql(f)
    }
}

impl fmt::Display for JoinFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.filter.fmt(f)
    }
}

impl PartialEq for JoinFilter {
    fn eq(&self, other: &Self) -> bool {
        self.filter.eq(&other.filter)
    }
}

impl Eq for JoinFilter {}

impl Hash for JoinFilter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.filter.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int32Array;
    use arrow::datatypes::Field;
    use datafusion::physical_expr::expressions::{Column, Literal, in_list};
    use datafusion::scalar::ScalarValue;

    const ROWS: i32 = 1024;

    /// Rows that pass a filter on numbers from 0 to 1023, batch after batch.
    fn passing(filter: Arc<dyn PhysicalExpr>, batches: usize) -> Vec<usize> {
        let column = Arc::new(Column::new("n", 0)) as Arc<dyn PhysicalExpr>;
        let dynamic = DynamicFilterPhysicalExpr::new(vec![column], filter);
        let filter = sparing(Arc::new(dynamic), &Arc::default()).unwrap();
        let numbers = Int32Array::from_iter_values(0..ROWS);
        let batch = RecordBatch::try_from_iter([("n", Arc::new(numbers) as _)]).unwrap();
        let one = || {
            let value = filter.evaluate(&batch).unwrap();
            let array = value.into_array(batch.num_rows()).unwrap();
            as_boolean_array(&array).unwrap().true_count()
        };
        (0..batches).map(|_| one()).collect()
    }

    fn among(numbers: impl Iterator<Item = i32>) -> Arc<dyn PhysicalExpr> {
        let literal = |n| Arc::new(Literal::new(ScalarValue::Int32(Some(n)))) as _;
        let schema = Schema::new(vec![Field::new("n", DataType::Int32, true)]);
        let column = Arc::new(Column::new("n", 0));
        in_list(column, numbers.map(literal).collect(), &false, &schema).unwrap()
    }

    #[test]
    fn a_filter_that_keeps_most_rows_is_tested_on_the_first_of_them_only() {
        let first = SAMPLE_ROWS / ROWS as usize;
        let passed = passing(among(0..1000), first + 2);
        assert_eq!(passed.get(..first).unwrap(), vec![1000; first]);
        assert_eq!(passed.get(first..).unwrap(), [1024, 1024]);
    }

    #[test]
    fn a_filter_that_leaves_out_many_rows_is_tested_on_all() {
        assert_eq!(passing(among(0..700), 40), vec![700; 40]);
    }

    #[test]
    fn filters_that_get_better_are_never_left_out() {
        let all = Arc::new(Literal::new(ScalarValue::Boolean(Some(true))));
        let column = Arc::new(Column::new("n", 0)) as Arc<dyn PhysicalExpr>;
        let dynamic = Arc::new(DynamicFilterPhysicalExpr::new(vec![column], all));
        let filter = sparing(Arc::clone(&dynamic) as _, &Arc::default()).unwrap();
        let numbers = Int32Array::from_iter_values(0..SAMPLE_ROWS as i32 * 2);
        let batch = RecordBatch::try_from_iter([("n", Arc::new(numbers) as _)]).unwrap();
        filter.evaluate(&batch).unwrap();
        let none = Arc::new(Literal::new(ScalarValue::Boolean(Some(false))));
        dynamic.update(none).unwrap();
        let value = filter.evaluate(&batch).unwrap();
        let array = value.into_array(batch.num_rows()).unwrap();
        assert_eq!(as_boolean_array(&array).unwrap().true_count(), 0);
    }
}
