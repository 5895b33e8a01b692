//! Scalar expressions: DataFusion's own where they mean the same, our kernels otherwise.

use datafusion::logical_expr::{BinaryExpr, Expr as DfExpr, Operator as DfOperator, when};
use datafusion::scalar::ScalarValue;
use kql::plan::{Expr, ExprKind, InOperator, Literal, Operator};
use kql::types::{Span, Type};

use super::{Lowering, call, column, key, missing, name, unsupported};
use crate::error::{EngineError, Result};
use crate::functions::scalar_udf;
use crate::values::{arrow_type, decimal};

/// Functions that are lowered to DataFusion expressions and have no kernel.
pub(crate) const NATIVE_FUNCTIONS: &[&str] = &["bin_auto", "case", "coalesce", "iff", "not"];

pub(super) fn literal(value: &Literal, ty: Type) -> ScalarValue {
    match value {
        Literal::Null => super::missing_value(ty),
        Literal::Bool(v) => ScalarValue::Boolean(Some(*v)),
        Literal::Int(v) => ScalarValue::Int32(Some(*v)),
        Literal::Long(v) | Literal::DateTime(v) | Literal::TimeSpan(v) => {
            ScalarValue::Int64(Some(*v))
        }
        Literal::Real(v) => ScalarValue::Float64(Some(*v)),
        Literal::Decimal(text) => ScalarValue::Decimal128(decimal::parse(text), 38, decimal::SCALE),
        Literal::String(text) | Literal::Guid(text) => ScalarValue::Utf8(Some(text.clone())),
        Literal::Dynamic(text) if text.trim() == "null" => ScalarValue::Utf8(None),
        Literal::Dynamic(text) => ScalarValue::Utf8(Some(text.clone())),
    }
}

pub(super) fn lit(value: ScalarValue) -> DfExpr {
    DfExpr::Literal(value, None)
}

pub(super) fn binary(left: DfExpr, op: DfOperator, right: DfExpr) -> DfExpr {
    DfExpr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
}

/// A kernel call.
pub(super) fn kernel(
    function: &str,
    args: Vec<(Type, DfExpr)>,
    ret: Type,
    span: Span,
) -> Result<DfExpr> {
    let (types, exprs): (Vec<Type>, Vec<DfExpr>) = args.into_iter().unzip();
    let shown = function.strip_prefix("op:").unwrap_or(function);
    let udf = scalar_udf(function, &types, ret).ok_or_else(|| unsupported(shown, span))?;
    Ok(call(udf, exprs))
}

/// A text, "" where it is missing.
pub(super) fn filled(text: DfExpr, span: Span) -> Result<DfExpr> {
    kernel("op:filled", vec![(Type::String, text)], Type::String, span)
}

impl Lowering<'_> {
    /// Lowers an expression as a value: three-valued, with Kusto's null rules.
    pub(super) fn expr(&self, expr: &Expr) -> Result<DfExpr> {
        if let Some(fused) = self.fused(expr)? {
            return Ok(fused);
        }
        match &expr.kind {
            ExprKind::Literal(value) => Ok(lit(literal(value, expr.ty))),
            ExprKind::Column(id) => Ok(match self.parameters.get(id) {
                Some(value) => lit(value.clone()),
                None => column(name(*id)),
            }),
            ExprKind::Call { function, args } => self.call_function(function, args, expr),
            ExprKind::Window { function, .. } => match self.windows.get(&key(expr)) {
                Some(name) => Ok(column(name.clone())),
                None => Err(unsupported(*function, expr.span)),
            },
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right, expr),
            ExprKind::Negate(value) => kernel(
                "op:negate",
                vec![(value.ty, self.expr(value)?)],
                expr.ty,
                expr.span,
            ),
            ExprKind::Between {
                negated,
                value,
                low,
                high,
            } => {
                let (v, low, high) = (self.expr(value)?, self.expr(low)?, self.expr(high)?);
                let inside =
                    binary(v.clone(), DfOperator::GtEq, low).and(binary(v, DfOperator::LtEq, high));
                Ok(if *negated {
                    DfExpr::Not(Box::new(inside))
                } else {
                    inside
                })
            }
            ExprKind::In { op, value, list } => self.in_list(*op, value, list, expr),
            ExprKind::InSubquery { op, value, input } => {
                self.in_set(*op, value, key(input.as_ref()), expr)
            }
            ExprKind::Member { .. } => self.member(expr),
            ExprKind::Index { value, index } => kernel(
                "op:index",
                vec![
                    (Type::Dynamic, self.expr(value)?),
                    (index.ty, self.expr(index)?),
                ],
                Type::Dynamic,
                expr.span,
            ),
            ExprKind::Cast(value) => self.cast(value, expr.ty),
            ExprKind::ToScalar(input) => match self.scalars.get(&key(input.as_ref())) {
                Some(value) => Ok(lit(value.clone())),
                None => Err(EngineError::Internal(
                    "a toscalar() was not computed".into(),
                )),
            },
        }
    }

    pub(super) fn cast(&self, value: &Expr, to: Type) -> Result<DfExpr> {
        if let Some(converted) = self.path(value, to)? {
            return Ok(converted);
        }
        let lowered = self.expr(value)?;
        if value.ty == to || (value.ty.is_dynamic() && to.is_dynamic()) {
            return Ok(lowered);
        }
        let widens = matches!(
            (value.ty, to),
            (Type::Int, Type::Long | Type::Real) | (Type::Long, Type::Real)
        );
        if widens {
            return Ok(datafusion::logical_expr::cast(lowered, arrow_type(to)));
        }
        kernel("op:cast", vec![(value.ty, lowered)], to, value.span)
    }

    /// A chain `a.b.c` as one walk over the text.
    fn member(&self, expr: &Expr) -> Result<DfExpr> {
        let mut names = Vec::new();
        let mut current = expr;
        while let ExprKind::Member { value, name } = &current.kind {
            names.push(name.clone());
            current = value;
        }
        let mut args = vec![(Type::Dynamic, self.expr(current)?)];
        for name in names.into_iter().rev() {
            args.push((Type::String, lit(ScalarValue::Utf8(Some(name)))));
        }
        kernel("op:member", args, Type::Dynamic, expr.span)
    }

    fn call_function(&self, function: &str, args: &[Expr], expr: &Expr) -> Result<DfExpr> {
        match function {
            "not" => match args {
                [value] => Ok(DfExpr::Not(Box::new(self.expr(value)?))),
                _ => Err(unsupported(function, expr.span)),
            },
            "iff" | "iif" | "case" => self.case(args, expr),
            "coalesce" => self.coalesce(args, expr),
            // With a size, binding made it a `bin_at`.
            "bin_auto" => Err(EngineError::BadArgument {
                what: "`bin_auto` needs a bin size: `set query_bin_auto_size = 1h;`".to_owned(),
                span: expr.span,
            }),
            "ingestion_time"
                if self
                    .ingestion_known
                    .load(std::sync::atomic::Ordering::Relaxed) =>
            {
                Ok(column(super::INGESTED))
            }
            "cursor_after" | "cursor_before_or_at" => {
                let mut args = args
                    .iter()
                    .map(|a| Ok((a.ty, self.expr(a)?)))
                    .collect::<Result<Vec<_>>>()?;
                if self
                    .ingestion_known
                    .load(std::sync::atomic::Ordering::Relaxed)
                {
                    args.push((Type::DateTime, column(super::INGESTED)));
                }
                kernel(function, args, expr.ty, expr.span)
            }
            "isnull" | "isnotnull" if args.first().is_some_and(|a| plain_null(a.ty)) => {
                let value = Box::new(
                    self.expr(
                        args.first()
                            .ok_or_else(|| unsupported(function, expr.span))?,
                    )?,
                );
                Ok(if function == "isnull" {
                    DfExpr::IsNull(value)
                } else {
                    DfExpr::IsNotNull(value)
                })
            }
            _ => {
                let args = args
                    .iter()
                    .map(|a| Ok((a.ty, self.expr(a)?)))
                    .collect::<Result<Vec<_>>>()?;
                kernel(function, args, expr.ty, expr.span)
            }
        }
    }

    /// `iff` and `case`: pairs of condition and value, then the default. A null condition doesn't hold.
    fn case(&self, args: &[Expr], expr: &Expr) -> Result<DfExpr> {
        let (pairs, default) = match args.split_last() {
            Some((last, rest)) if rest.len() % 2 == 0 && !rest.is_empty() => {
                (rest, self.cast(last, expr.ty)?)
            }
            _ => return Err(unsupported("case", expr.span)),
        };
        let mut cases = Vec::new();
        for pair in pairs.chunks_exact(2) {
            if let [condition, value] = pair {
                cases.push((
                    Box::new(self.expr(condition)?),
                    Box::new(self.cast(value, expr.ty)?),
                ));
            }
        }
        Ok(DfExpr::Case(datafusion::logical_expr::Case::new(
            None,
            cases,
            Some(Box::new(default)),
        )))
    }

    /// The first argument that isn't null (not empty, for strings).
    fn coalesce(&self, args: &[Expr], expr: &Expr) -> Result<DfExpr> {
        let mut out = missing(expr.ty);
        for arg in args.iter().rev() {
            let value = self.cast(arg, expr.ty)?;
            let filled = kernel(
                "isnotempty",
                vec![(expr.ty, value.clone())],
                Type::Bool,
                expr.span,
            )?;
            out = when(filled, value).otherwise(out)?;
        }
        Ok(out)
    }

    fn binary(&self, op: Operator, left: &Expr, right: &Expr, expr: &Expr) -> Result<DfExpr> {
        let (lt, rt) = (left.ty, right.ty);
        let (l, r) = (self.expr(left)?, self.expr(right)?);
        let dynamic = lt.is_dynamic() || rt.is_dynamic();
        match op {
            Operator::And => Ok(l.and(r)),
            Operator::Or => Ok(l.or(r)),
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Modulo => arithmetic(op, (lt, l), (rt, r), expr),
            Operator::Equal | Operator::NotEqual => {
                let equal = if dynamic {
                    kernel("op:dyn_eq", vec![(lt, l), (rt, r)], Type::Bool, expr.span)?
                } else if lt == Type::String {
                    binary(l, DfOperator::Eq, r)
                } else {
                    equal_values(left, l, right, r)?
                };
                Ok(if op == Operator::Equal {
                    equal
                } else {
                    DfExpr::Not(Box::new(equal))
                })
            }
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => {
                let (native, ours) = match op {
                    Operator::Less => (DfOperator::Lt, "op:dyn_lt"),
                    Operator::LessOrEqual => (DfOperator::LtEq, "op:dyn_le"),
                    Operator::Greater => (DfOperator::Gt, "op:dyn_gt"),
                    _ => (DfOperator::GtEq, "op:dyn_ge"),
                };
                if dynamic {
                    return kernel(ours, vec![(lt, l), (rt, r)], Type::Bool, expr.span);
                }
                Ok(binary(l, native, r))
            }
            other => {
                let (function, negated) = text_operator(other)
                    .ok_or_else(|| unsupported(format!("{other:?}"), expr.span))?;
                let test = kernel(
                    function,
                    vec![(Type::String, l), (Type::String, r)],
                    Type::Bool,
                    expr.span,
                )?;
                Ok(if negated {
                    DfExpr::Not(Box::new(test))
                } else {
                    test
                })
            }
        }
    }

    pub(super) fn in_list(
        &self,
        op: InOperator,
        value: &Expr,
        list: &[Expr],
        expr: &Expr,
    ) -> Result<DfExpr> {
        let constants = list.iter().all(|e| !e.ty.is_dynamic()) && !value.ty.is_dynamic();
        let negated = matches!(op, InOperator::NotIn | InOperator::NotInIgnoreCase);
        if constants && matches!(op, InOperator::In | InOperator::NotIn) {
            let elements = list
                .iter()
                .map(|e| self.cast(e, value.ty))
                .collect::<Result<Vec<_>>>()?;
            return never_null(self.expr(value)?.in_list(elements, false), negated);
        }
        let function = match op {
            InOperator::In | InOperator::NotIn => "op:in_list",
            InOperator::InIgnoreCase | InOperator::NotInIgnoreCase => "op:in_ci",
            InOperator::HasAny => "op:has_any",
            InOperator::HasAll => "op:has_all",
        };
        let mut args = vec![(value.ty, self.expr(value)?)];
        for element in list {
            args.push((element.ty, self.expr(element)?));
        }
        never_null(kernel(function, args, Type::Bool, expr.span)?, negated)
    }

    pub(super) fn in_set(
        &self,
        op: InOperator,
        value: &Expr,
        set: usize,
        expr: &Expr,
    ) -> Result<DfExpr> {
        let elements = self.sets.get(&set).ok_or_else(|| {
            EngineError::Internal("the elements of `in` were not computed".into())
        })?;
        let negated = matches!(op, InOperator::NotIn | InOperator::NotInIgnoreCase);
        if matches!(op, InOperator::In | InOperator::NotIn) {
            let elements = elements.iter().cloned().map(lit).collect();
            return never_null(self.expr(value)?.in_list(elements, false), negated);
        }
        // One constant array keeps the plan small whatever the number of elements.
        let texts: Vec<serde_json::Value> = elements
            .iter()
            .filter(|v| !v.is_null())
            .map(|v| serde_json::Value::from(v.to_string()))
            .collect();
        let array = ScalarValue::Utf8(Some(serde_json::Value::Array(texts).to_string()));
        let function = match op {
            InOperator::InIgnoreCase | InOperator::NotInIgnoreCase => "op:in_ci",
            InOperator::HasAll => "op:has_all",
            _ => "op:has_any",
        };
        let args = vec![(value.ty, self.expr(value)?), (Type::Dynamic, lit(array))];
        never_null(kernel(function, args, Type::Bool, expr.span)?, negated)
    }
}

/// Types whose null is Arrow's.
fn plain_null(ty: Type) -> bool {
    !matches!(
        ty,
        Type::String | Type::Guid | Type::Dynamic | Type::Unknown
    )
}

/// A null value is in no list.
fn never_null(test: DfExpr, negated: bool) -> Result<DfExpr> {
    let known = DfExpr::IsTrue(Box::new(test));
    Ok(if negated {
        DfExpr::Not(Box::new(known))
    } else {
        known
    })
}

/// Two nulls give null, one gives false ("Null values" in the reference).
fn equal_values(left: &Expr, l: DfExpr, right: &Expr, r: DfExpr) -> Result<DfExpr> {
    let constant = |e: &Expr| matches!(&e.kind, ExprKind::Literal(v) if *v != Literal::Null);
    let same = binary(l.clone(), DfOperator::IsNotDistinctFrom, r.clone());
    if constant(left) || constant(right) {
        return Ok(same);
    }
    let both_null = l.is_null().and(r.is_null());
    Ok(when(both_null, lit(ScalarValue::Boolean(None))).otherwise(same)?)
}

/// The kernel of a string operator, and whether the result is negated.
pub(super) fn text_operator(op: Operator) -> Option<(&'static str, bool)> {
    Some(match op {
        Operator::EqualIgnoreCase => ("op:eq_ci", false),
        Operator::NotEqualIgnoreCase => ("op:eq_ci", true),
        Operator::Has => ("op:has", false),
        Operator::NotHas => ("op:has", true),
        Operator::HasCs => ("op:has_cs", false),
        Operator::NotHasCs => ("op:has_cs", true),
        Operator::HasPrefix => ("op:hasprefix", false),
        Operator::NotHasPrefix => ("op:hasprefix", true),
        Operator::HasPrefixCs => ("op:hasprefix_cs", false),
        Operator::NotHasPrefixCs => ("op:hasprefix_cs", true),
        Operator::HasSuffix => ("op:hassuffix", false),
        Operator::NotHasSuffix => ("op:hassuffix", true),
        Operator::HasSuffixCs => ("op:hassuffix_cs", false),
        Operator::NotHasSuffixCs => ("op:hassuffix_cs", true),
        Operator::Contains => ("op:contains", false),
        Operator::NotContains => ("op:contains", true),
        Operator::ContainsCs => ("op:contains_cs", false),
        Operator::NotContainsCs => ("op:contains_cs", true),
        Operator::StartsWith => ("op:startswith", false),
        Operator::NotStartsWith => ("op:startswith", true),
        Operator::StartsWithCs => ("op:startswith_cs", false),
        Operator::NotStartsWithCs => ("op:startswith_cs", true),
        Operator::EndsWith => ("op:endswith", false),
        Operator::NotEndsWith => ("op:endswith", true),
        Operator::EndsWithCs => ("op:endswith_cs", false),
        Operator::NotEndsWithCs => ("op:endswith_cs", true),
        Operator::MatchesRegex => ("op:matches_regex", false),
        _ => return None,
    })
}

fn arithmetic(
    op: Operator,
    (lt, l): (Type, DfExpr),
    (rt, r): (Type, DfExpr),
    expr: &Expr,
) -> Result<DfExpr> {
    let ours = |function: &str, l: DfExpr, r: DfExpr| {
        kernel(function, vec![(lt, l), (rt, r)], expr.ty, expr.span)
    };
    let native = |op: DfOperator, l: DfExpr, r: DfExpr| Ok(binary(l, op, r));
    let is_decimal = lt == Type::Decimal || rt == Type::Decimal;
    match op {
        Operator::Divide => ours("op:divide", l, r),
        Operator::Modulo => ours("op:modulo", l, r),
        Operator::Add if is_decimal => ours("op:dec_add", l, r),
        Operator::Subtract if is_decimal => ours("op:dec_sub", l, r),
        Operator::Multiply if is_decimal => ours("op:dec_mul", l, r),
        Operator::Add if lt == Type::DateTime => ours("op:dt_add", l, r),
        Operator::Add if rt == Type::DateTime => {
            kernel("op:dt_add", vec![(rt, r), (lt, l)], expr.ty, expr.span)
        }
        Operator::Subtract if lt == Type::DateTime && rt == Type::TimeSpan => {
            ours("op:dt_sub", l, r)
        }
        Operator::Multiply if expr.ty == Type::TimeSpan => ours("op:scale", l, r),
        Operator::Add => native(DfOperator::Plus, l, r),
        Operator::Subtract => native(DfOperator::Minus, l, r),
        _ => native(DfOperator::Multiply, l, r),
    }
}
