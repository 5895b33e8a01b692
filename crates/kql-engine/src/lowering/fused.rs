//! Chains of calls that one kernel computes a column at a time: paths into JSON and parts of split text, and the
//! conversion of what they find.

use datafusion::logical_expr::Expr as DfExpr;
use datafusion::scalar::ScalarValue;
use kql::plan::{Expr, ExprKind, Literal};
use kql::types::Type;

use super::Lowering;
use super::expression::{kernel, lit};
use crate::error::Result;
use crate::functions::{CONVERSIONS, PARSERS};

enum Step<'e> {
    Name(&'e str),
    At(i64),
}

impl Step<'_> {
    fn argument(&self) -> (Type, DfExpr) {
        match self {
            Self::Name(name) => (Type::String, text(name)),
            Self::At(at) => (Type::Long, lit(ScalarValue::Int64(Some(*at)))),
        }
    }
}

fn text(text: &str) -> DfExpr {
    lit(ScalarValue::Utf8(Some(text.to_owned())))
}

impl Lowering<'_> {
    /// The call of the kernel that stands for an expression, if there is one.
    pub(super) fn fused(&self, expr: &Expr) -> Result<Option<DfExpr>> {
        match &expr.kind {
            ExprKind::Member { .. } | ExprKind::Index { .. } => self.path(expr, Type::Dynamic),
            ExprKind::Call { function, args } => match args.as_slice() {
                [value] if CONVERSIONS.contains(function) => self.path(value, expr.ty),
                [value] if self.fuses && PARSERS.contains(function) && value.ty == Type::String => {
                    let args = vec![(Type::String, self.expr(value)?)];
                    Ok(Some(kernel("op:parsed", args, expr.ty, expr.span)?))
                }
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// A path of constant steps, converted to a type.
    pub(super) fn path(&self, expr: &Expr, ty: Type) -> Result<Option<DfExpr>> {
        if !self.fuses {
            return Ok(None);
        }
        let mut steps = Vec::new();
        let mut source = expr;
        while let Some((inner, step)) = step(source) {
            steps.push(step);
            source = inner;
        }
        steps.reverse();
        if let [Step::At(at)] = steps.as_slice()
            && let Some((value, separator)) = split(source)
        {
            let args = vec![
                (Type::String, self.expr(value)?),
                (Type::String, text(separator)),
                Step::At(*at).argument(),
            ];
            return Ok(Some(kernel("op:part", args, ty, expr.span)?));
        }
        if steps.is_empty() {
            return Ok(None);
        }
        let mut args = vec![(Type::Dynamic, self.expr(source)?)];
        args.extend(steps.iter().map(Step::argument));
        Ok(Some(kernel("op:path", args, ty, expr.span)?))
    }
}

/// The value that a step is taken from, and the step when it is a constant.
fn step(expr: &Expr) -> Option<(&Expr, Step<'_>)> {
    match &expr.kind {
        ExprKind::Member { value, name } => Some((value, Step::Name(name))),
        ExprKind::Index { value, index } => {
            let step = match &index.kind {
                ExprKind::Literal(Literal::String(name)) => Step::Name(name),
                ExprKind::Negate(index) => Step::At(whole(index)?.checked_neg()?),
                _ => Step::At(whole(index)?),
            };
            Some((value, step))
        }
        _ => None,
    }
}

fn whole(expr: &Expr) -> Option<i64> {
    match &expr.kind {
        ExprKind::Literal(Literal::Long(value)) => Some(*value),
        ExprKind::Literal(Literal::Int(value)) => Some(i64::from(*value)),
        ExprKind::Cast(value) if expr.ty == Type::Long => whole(value),
        _ => None,
    }
}

/// The string that is split, and at what, when that is a constant.
fn split(expr: &Expr) -> Option<(&Expr, &str)> {
    let ExprKind::Call { function, args } = &expr.kind else {
        return None;
    };
    match args.as_slice() {
        [value, separator] if *function == "split" && value.ty == Type::String => {
            match &separator.kind {
                ExprKind::Literal(Literal::String(separator)) => Some((value, separator)),
                _ => None,
            }
        }
        _ => None,
    }
}
