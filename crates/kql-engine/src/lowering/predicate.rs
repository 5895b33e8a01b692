//! Filters: conditions where "null" and "false" are one, so that comparisons can be handed to the scan.
//!
//! A stored datetime keeps microseconds, a constant may have a 100 ns digit: bounds are rounded so that exactly
//! the same rows pass.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, Operator as DfOperator};
use datafusion::scalar::ScalarValue;
use kql::plan::{ColumnId, Expr, ExprKind, InOperator, Literal, Operator};
use kql::types::Type;

use super::expression::{binary, kernel, lit, text_operator};
use super::{Lowering, column, has, raw_name};
use crate::error::Result;
use crate::values::datetime;

impl Lowering<'_> {
    /// A condition for `where`: null drops the row.
    pub(super) fn predicate(&self, expr: &Expr, input: &LogicalPlan) -> Result<DfExpr> {
        match &expr.kind {
            ExprKind::Binary {
                op: Operator::And,
                left,
                right,
            } => Ok(self
                .predicate(left, input)?
                .and(self.predicate(right, input)?)),
            ExprKind::Binary {
                op: Operator::Or,
                left,
                right,
            } => Ok(self
                .predicate(left, input)?
                .or(self.predicate(right, input)?)),
            ExprKind::Binary { op, left, right } => {
                match self.comparison(*op, left, right, input)? {
                    Some(pushed) => Ok(pushed),
                    None => self.expr(expr),
                }
            }
            ExprKind::Between {
                negated: false,
                value,
                low,
                high,
            } => {
                let low = self.comparison(Operator::GreaterOrEqual, value, low, input)?;
                let high = self.comparison(Operator::LessOrEqual, value, high, input)?;
                match (low, high) {
                    (Some(low), Some(high)) => Ok(low.and(high)),
                    _ => self.expr(expr),
                }
            }
            ExprKind::In { op, value, list } => match self.in_raw(*op, value, list, expr, input)? {
                Some(pushed) => Ok(pushed),
                None => self.expr(expr),
            },
            ExprKind::Call {
                function: "isnotempty",
                args,
            } => match args.first().and_then(|a| raw(a, input, Type::String)) {
                Some((raw, _)) => Ok(binary(
                    raw,
                    DfOperator::NotEq,
                    lit(ScalarValue::Utf8(Some(String::new()))),
                )),
                None => self.expr(expr),
            },
            _ => self.expr(expr),
        }
    }

    /// A comparison on a stored column, or a plain `=` where the null rules allow it.
    fn comparison(
        &self,
        op: Operator,
        left: &Expr,
        right: &Expr,
        input: &LogicalPlan,
    ) -> Result<Option<DfExpr>> {
        if let (ExprKind::Literal(_), ExprKind::Column(_)) = (&left.kind, &right.kind)
            && let Some(mirrored) = mirror(op)
        {
            return self.comparison(mirrored, right, left, input);
        }
        if left.ty == Type::DateTime
            && let Some((raw, stored)) = raw(left, input, Type::DateTime)
            && let Ok(ScalarValue::Int64(Some(ticks))) = self.fold(right)
        {
            return Ok(time_bound(op, raw, &stored, ticks));
        }
        if left.ty == Type::String
            && let ExprKind::Literal(Literal::String(text)) = &right.kind
            && let Some((raw, _)) = raw(left, input, Type::String)
        {
            let needle = lit(ScalarValue::Utf8(Some(text.clone())));
            return match op {
                Operator::Equal if !text.is_empty() => {
                    Ok(Some(binary(raw, DfOperator::Eq, needle)))
                }
                // An empty needle is found in "", which a stored null stands for.
                other if !text.is_empty() => match text_operator(other) {
                    Some((function, false)) if function != "op:matches_regex" => {
                        let args = vec![(Type::String, raw), (Type::String, needle)];
                        Ok(Some(kernel(function, args, Type::Bool, left.span)?))
                    }
                    _ => Ok(None),
                },
                _ => Ok(None),
            };
        }
        let constant = matches!(&right.kind, ExprKind::Literal(v) if *v != Literal::Null);
        if op == Operator::Equal && constant && !left.ty.is_dynamic() {
            return Ok(Some(binary(
                self.expr(left)?,
                DfOperator::Eq,
                self.expr(right)?,
            )));
        }
        Ok(None)
    }

    /// The value of an expression without columns.
    fn fold(&self, expr: &Expr) -> Result<ScalarValue> {
        let mut constant = true;
        expr.each(&mut |part| {
            constant &= !matches!(part.kind, ExprKind::Column(_) | ExprKind::Window { .. });
        });
        if constant {
            self.constant(expr)
        } else {
            Ok(ScalarValue::Null)
        }
    }

    fn in_raw(
        &self,
        op: InOperator,
        value: &Expr,
        list: &[Expr],
        expr: &Expr,
        input: &LogicalPlan,
    ) -> Result<Option<DfExpr>> {
        let plain = !value.ty.is_dynamic() && list.iter().all(|e| !e.ty.is_dynamic());
        let Some((raw, _)) = raw(value, input, Type::String) else {
            if op != InOperator::In || !plain {
                return Ok(None);
            }
            let elements = list
                .iter()
                .map(|e| self.cast(e, value.ty))
                .collect::<Result<Vec<_>>>()?;
            return Ok(Some(self.expr(value)?.in_list(elements, false)));
        };
        let mut texts = Vec::new();
        for element in list {
            match &element.kind {
                ExprKind::Literal(Literal::String(text)) if !text.is_empty() => {
                    texts.push(lit(ScalarValue::Utf8(Some(text.clone()))));
                }
                _ => return Ok(None),
            }
        }
        match op {
            InOperator::In => Ok(Some(raw.in_list(texts, false))),
            InOperator::InIgnoreCase | InOperator::HasAny | InOperator::HasAll => {
                let function = match op {
                    InOperator::InIgnoreCase => "op:in_ci",
                    InOperator::HasAny => "op:has_any",
                    _ => "op:has_all",
                };
                let args = std::iter::once(raw)
                    .chain(texts)
                    .map(|e| (Type::String, e))
                    .collect();
                Ok(Some(kernel(function, args, Type::Bool, expr.span)?))
            }
            _ => Ok(None),
        }
    }
}

/// The stored form of a column and its type, when the plan carries it.
fn raw(expr: &Expr, input: &LogicalPlan, ty: Type) -> Option<(DfExpr, DataType)> {
    match &expr.kind {
        ExprKind::Column(id) if expr.ty == ty => raw_column(*id, input),
        _ => None,
    }
}

pub(super) fn raw_column(id: ColumnId, input: &LogicalPlan) -> Option<(DfExpr, DataType)> {
    let raw = raw_name(id);
    if !has(input, &raw) {
        return None;
    }
    let field = input.schema().field_with_unqualified_name(&raw).ok()?;
    Some((column(raw), field.data_type().clone()))
}

fn mirror(op: Operator) -> Option<Operator> {
    Some(match op {
        Operator::Equal => Operator::Equal,
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        _ => return None,
    })
}

/// `stored op ticks` over microseconds since 1970.
pub(super) fn time_bound(
    op: Operator,
    raw: DfExpr,
    stored: &DataType,
    ticks: i64,
) -> Option<DfExpr> {
    let DataType::Timestamp(TimeUnit::Microsecond, zone) = stored else {
        return None;
    };
    let since_epoch = ticks.checked_sub(datetime::UNIX_EPOCH)?;
    let (floor, exact) = (since_epoch.div_euclid(10), since_epoch.rem_euclid(10) == 0);
    let bound = |micros: i64| {
        lit(ScalarValue::TimestampMicrosecond(
            Some(micros),
            zone.clone(),
        ))
    };
    Some(match op {
        Operator::Less if exact => binary(raw, DfOperator::Lt, bound(floor)),
        Operator::Less | Operator::LessOrEqual => binary(raw, DfOperator::LtEq, bound(floor)),
        Operator::Greater => binary(raw, DfOperator::Gt, bound(floor)),
        Operator::GreaterOrEqual if exact => binary(raw, DfOperator::GtEq, bound(floor)),
        Operator::GreaterOrEqual => binary(raw, DfOperator::Gt, bound(floor)),
        Operator::Equal if exact => binary(raw, DfOperator::Eq, bound(floor)),
        Operator::Equal => lit(ScalarValue::Boolean(Some(false))),
        _ => return None,
    })
}
