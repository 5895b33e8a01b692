//! Bounds that a filter puts on the event time: what lies within them needs no test of its own.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use crate::columns::TIME;

/// Microseconds, both ends within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeBounds {
    from: i64,
    to: i64,
}

impl TimeBounds {
    /// What a filter says when it is nothing but a comparison of the event time with an instant.
    pub(crate) fn of(filter: &Expr) -> Option<Self> {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else {
            return None;
        };
        let (op, instant) = match (&**left, &**right) {
            (Expr::Column(column), Expr::Literal(value, _)) if column.name == TIME => {
                (*op, micros(value)?)
            }
            (Expr::Literal(value, _), Expr::Column(column)) if column.name == TIME => {
                (op.swap()?, micros(value)?)
            }
            _ => return None,
        };
        let (from, to) = match op {
            Operator::Eq => (instant, instant),
            Operator::Gt => (instant.checked_add(1)?, i64::MAX),
            Operator::GtEq => (instant, i64::MAX),
            Operator::Lt => (i64::MIN, instant.checked_sub(1)?),
            Operator::LtEq => (i64::MIN, instant),
            _ => return None,
        };
        Some(Self { from, to })
    }

    /// What those of the filters say that are such comparisons, all together.
    pub(crate) fn of_all(filters: &[Expr]) -> Option<Self> {
        filters.iter().filter_map(Self::of).reduce(|a, b| Self {
            from: a.from.max(b.from),
            to: a.to.min(b.to),
        })
    }

    /// Whether all times of a range (both ends within) are within.
    pub(crate) fn cover(self, (min, max): (i64, i64)) -> bool {
        self.from <= min && max <= self.to
    }
}

fn micros(value: &ScalarValue) -> Option<i64> {
    match value {
        ScalarValue::TimestampMicrosecond(micros, _) => *micros,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::logical_expr::lit;
    use datafusion::prelude::ident;

    fn at(micros: i64) -> Expr {
        lit(ScalarValue::TimestampMicrosecond(
            Some(micros),
            Some("UTC".into()),
        ))
    }

    #[test]
    fn bounds_include_the_instant_where_the_comparison_does() {
        let time = || ident("TimeGenerated");
        let filters = [
            time().gt_eq(at(10)),
            time().lt(at(20)),
            ident("Other").lt(at(12)),
        ];
        let bounds = TimeBounds::of_all(&filters).unwrap();
        assert!(bounds.cover((10, 19)));
        assert!(!bounds.cover((9, 19)) && !bounds.cover((10, 20)));
        let flipped = TimeBounds::of(&at(10).lt(time())).unwrap();
        assert!(flipped.cover((11, 11)) && !flipped.cover((10, 11)));
        let one = TimeBounds::of(&time().eq(at(10))).unwrap();
        assert!(one.cover((10, 10)) && !one.cover((10, 11)));
    }

    #[test]
    fn other_filters_have_none() {
        let null = lit(ScalarValue::TimestampMicrosecond(None, Some("UTC".into())));
        for filter in [
            ident("TimeGenerated").gt(null),
            ident("TimeGenerated").not_eq(at(10)),
            ident("TimeGenerated").gt(at(i64::MAX)),
            ident("TimeGenerated").gt(at(1)).or(ident("A").gt(at(1))),
        ] {
            assert_eq!(TimeBounds::of(&filter), None, "{filter}");
        }
    }
}
