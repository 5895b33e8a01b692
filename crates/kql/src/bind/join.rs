//! `join` and `lookup`.

use super::Binder;
use super::coerce::{self, cast};
use super::names::Names;
use super::rel;
use super::scope::{Cx, Env};
use super::table::option_text;
use super::union::option;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Column, Expr, ExprKind, JoinKind, Operator, Rel, RelOp};
use crate::syntax::tree::{Expr as Syntax, ExprKind as S, Option_};
use crate::types::{Span, Type};

impl Binder<'_> {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn join(
        &mut self,
        mut left: Rel,
        options: &[Option_],
        right: &Syntax,
        on: &[Syntax],
        lookup: bool,
        span: Span,
        env: &Env,
    ) -> Rel {
        let mut right = self.table(right, env);
        self.observe_join(span, &left, &right, env);
        let default = if lookup {
            JoinKind::LeftOuter
        } else {
            JoinKind::InnerUnique
        };
        // The parser has refused other kinds.
        let kind = option(options, &["kind"])
            .and_then(|option| join_kind(&option_text(&option.value)))
            .unwrap_or(default);
        let mut pairs = Vec::new();
        let mut right_keys = Vec::new();
        for condition in conjuncts(on) {
            if let Some((l, r)) = self.join_condition(&mut left, &mut right, condition, env) {
                if let ExprKind::Column(id) = r.kind {
                    right_keys.push(id);
                }
                pairs.push(self.join_pair(l, r, condition.span));
            }
        }
        let mut columns = Vec::new();
        let (from_left, from_right) = match kind {
            JoinKind::LeftAnti | JoinKind::LeftSemi => (true, false),
            JoinKind::RightAnti | JoinKind::RightSemi => (false, true),
            _ => (true, true),
        };
        let mut names = Names::default();
        if from_left {
            left.columns.iter().for_each(|column| {
                names.explicit(&column.name);
            });
            columns.extend(left.columns.iter().cloned());
        }
        if from_right {
            let kept = right
                .columns
                .iter()
                .filter(|column| !lookup || !right_keys.contains(&column.id));
            let kept: Vec<&Column> = kept.collect();
            // A new name must not be one that another column of the right side has.
            let taken: Vec<bool> = kept
                .iter()
                .map(|column| !names.explicit(&column.name))
                .collect();
            for (column, taken) in kept.into_iter().zip(taken) {
                let name = if taken {
                    names.implicit(&column.name)
                } else {
                    column.name.clone()
                };
                columns.push(Column {
                    name,
                    ..column.clone()
                });
            }
        }
        let open = (from_left && left.open) || (from_right && right.open);
        let op = RelOp::Join {
            kind,
            left: Box::new(left),
            right: Box::new(right),
            on: pairs,
        };
        rel::unordered(op, columns, open, span)
    }

    /// One condition: a column both sides have, or an equality of both sides.
    fn join_condition(
        &mut self,
        left: &mut Rel,
        right: &mut Rel,
        condition: &Syntax,
        env: &Env,
    ) -> Option<(Expr, Expr)> {
        match &condition.kind {
            S::Name(name) => {
                let l = self.key_column(left, name, "left", condition.span)?;
                let r = self.key_column(right, name, "right", condition.span)?;
                Some((l, r))
            }
            S::Binary(Operator::Equal, _, a, b) => {
                let a = self.join_operand(left, right, a, env);
                let b = self.join_operand(left, right, b, env);
                match (a, b) {
                    (Some((false, l)), Some((true, r))) => Some((l, r)),
                    (Some((true, _)), Some((false, _))) => {
                        self.report(
                            Diagnostic::error(
                                Code::JoinCondition,
                                condition.span,
                                "the sides of the join stand the wrong way round",
                            )
                            .hint("`$left` stands before `==`, `$right` behind it"),
                        );
                        None
                    }
                    (Some(_), Some(_)) => {
                        self.error(
                            Code::JoinCondition,
                            condition.span,
                            "each side of `==` must be of another side of the join",
                        );
                        None
                    }
                    _ => None,
                }
            }
            S::Missing => None,
            _ => {
                self.report(
                    Diagnostic::error(
                        Code::JoinCondition,
                        condition.span,
                        "a join condition is a column or an equality",
                    )
                    .hint("write `on Column` or `on $left.A == $right.B`"),
                );
                None
            }
        }
    }

    /// An operand of the equality; true when it is of the right side.
    fn join_operand(
        &mut self,
        left: &mut Rel,
        right: &mut Rel,
        operand: &Syntax,
        env: &Env,
    ) -> Option<(bool, Expr)> {
        if let S::Member(side, name) = &operand.kind
            && let S::Name(side) = &side.kind
        {
            return match side.as_str() {
                "$left" => self
                    .key_column(left, &name.text, "left", operand.span)
                    .map(|expr| (false, expr)),
                "$right" => self
                    .key_column(right, &name.text, "right", operand.span)
                    .map(|expr| (true, expr)),
                _ => {
                    self.report(
                        Diagnostic::error(
                            Code::JoinCondition,
                            operand.span,
                            format!("`{side}` is no side of the join"),
                        )
                        .hint("write `$left.Column == $right.Column`"),
                    );
                    None
                }
            };
        }
        if let S::Paren(inner) = &operand.kind {
            return self.join_operand(left, right, inner, env);
        }
        let row = super::scope::Row {
            columns: &left.columns,
            right: Some(&right.columns),
            ..Default::default()
        };
        let expr = self.scalar(operand, &Cx { env, row });
        self.report(
            Diagnostic::error(
                Code::JoinCondition,
                operand.span,
                "a join compares columns only",
            )
            .hint("compute the value with `extend` first"),
        );
        drop(expr);
        None
    }

    fn key_column(&mut self, rel: &mut Rel, name: &str, side: &str, span: Span) -> Option<Expr> {
        if let Some(column) = rel.columns.iter().find(|column| column.name == name) {
            return Some(Self::pass(column, span).1);
        }
        if rel.open {
            let column = self.column(name, Type::Unknown);
            self.absorb(rel, vec![column.clone()]);
            return Some(Self::pass(&column, span).1);
        }
        let message = format!("the {side} side of the join has no column `{name}`");
        let columns = rel.columns.iter().map(|column| column.name.as_str());
        let found = Diagnostic::error(Code::UnknownColumn, span, message);
        let found = self.hinted(found, name, columns);
        self.report(found);
        None
    }

    /// Makes both keys of one type.
    fn join_pair(&mut self, left: Expr, right: Expr, span: Span) -> (Expr, Expr) {
        let (l, r) = (left.ty, right.ty);
        if l == Type::Dynamic || r == Type::Dynamic {
            self.report(
                Diagnostic::error(Code::JoinCondition, span, "a join key cannot be `dynamic`")
                    .hint("convert it before, as with `tostring()`"),
            );
        } else if l != r
            && !(l.is_numeric() && r.is_numeric())
            && l != Type::Unknown
            && r != Type::Unknown
        {
            let message = format!("the join keys have different types: `{l}` and `{r}`");
            let mut found = Diagnostic::error(Code::JoinCondition, span, message)
                .hint("convert one of them with `extend` before the join, as with `tostring()`");
            if left.span != right.span {
                found = found
                    .related(left.span, format!("a `{l}`"))
                    .related(right.span, format!("a `{r}`"));
            }
            self.report(found);
        }
        let ty = coerce::equality(l, r);
        let ty = if ty == Type::Unknown {
            Type::String
        } else {
            ty
        };
        (cast(left, ty), cast(right, ty))
    }
}

/// The conditions of `on`: listed with commas or joined by `and`.
fn conjuncts(on: &[Syntax]) -> Vec<&Syntax> {
    let mut stack: Vec<&Syntax> = on.iter().rev().collect();
    let mut found = Vec::new();
    while let Some(condition) = stack.pop() {
        match &condition.kind {
            S::Binary(Operator::And, _, left, right) => {
                stack.extend([right.as_ref(), left.as_ref()])
            }
            S::Paren(inner) => stack.push(inner),
            _ => found.push(condition),
        }
    }
    found
}

fn join_kind(name: &str) -> Option<JoinKind> {
    Some(match name {
        "innerunique" => JoinKind::InnerUnique,
        "inner" => JoinKind::Inner,
        "leftouter" => JoinKind::LeftOuter,
        "rightouter" => JoinKind::RightOuter,
        "fullouter" => JoinKind::FullOuter,
        "leftanti" | "anti" | "leftantisemi" => JoinKind::LeftAnti,
        "rightanti" | "rightantisemi" => JoinKind::RightAnti,
        "leftsemi" => JoinKind::LeftSemi,
        "rightsemi" => JoinKind::RightSemi,
        _ => return None,
    })
}
