//! Forms that look like calls: `toscalar`, `materialize`, `table`, `now`, `column_ifexists`, ...

use super::Args;
use crate::bind::coerce::cast;
use crate::bind::scope::{Binding, Cx, Value};
use crate::bind::{Binder, scalar};
use crate::diagnostic::Code;
use crate::functions::{self};
use crate::plan::{Column, Expr, ExprKind, Literal, RelOp};
use crate::syntax::tree::{Constant, Expr as Syntax, ExprKind as S, Name};
use crate::types::{Span, Type};

/// The columns every watchlist has.
const WATCHLIST_COLUMNS: &[(&str, Type)] = &[
    ("_DTItemId", Type::String),
    ("LastUpdatedTimeUTC", Type::DateTime),
    ("SearchKey", Type::String),
    ("WatchlistItem", Type::Dynamic),
];

impl Binder<'_> {
    pub(super) fn scalar_of_table(&mut self, args: &Args, span: Span, cx: &Cx<'_>) -> Expr {
        let [arg] = args else {
            self.error(Code::ArgumentCount, span, "`toscalar` takes one argument");
            return Self::unknown(span);
        };
        // The argument is a query of its own: it does not see the row.
        let outer = self.aggregating.take();
        let value = self.value(arg, &Cx::top(cx.env));
        self.aggregating = outer;
        match value {
            Value::Scalar(expr) => expr,
            Value::Table(rel) => {
                let ty = rel
                    .columns
                    .first()
                    .map_or(Type::Unknown, |column| column.ty);
                Expr {
                    kind: ExprKind::ToScalar(Box::new(rel)),
                    ty,
                    span,
                }
            }
            Value::Function => Self::unknown(span),
        }
    }

    pub(super) fn materialize(&mut self, args: &Args, span: Span, cx: &Cx<'_>) -> Value {
        let [arg] = args else {
            self.error(
                Code::ArgumentCount,
                span,
                "`materialize` takes one argument",
            );
            return Value::Table(Self::error_rel(span));
        };
        let rel = self.table(arg, cx.env);
        Value::Table(self.share(rel, span))
    }

    /// Puts a table aside as a shared sub-plan and returns a reference to it.
    pub(in crate::bind) fn share(&mut self, rel: crate::plan::Rel, span: Span) -> crate::plan::Rel {
        let (open, serialized) = (rel.open, rel.serialized);
        let mut ids = Vec::new();
        let mut columns = Vec::new();
        for column in &rel.columns {
            let id = self.fresh();
            ids.push((id, column.id));
            columns.push(Column {
                id,
                ..column.clone()
            });
        }
        let index = self.materialized.len();
        self.materialized.push(rel);
        crate::plan::Rel {
            op: RelOp::Materialized {
                index,
                columns: ids,
            },
            columns,
            open,
            serialized,
            span,
        }
    }

    /// The text of a constant string argument.
    pub(in crate::bind) fn constant_string(
        &mut self,
        syntax: &Syntax,
        cx: &Cx<'_>,
    ) -> Option<String> {
        match self.scalar(syntax, cx).kind {
            ExprKind::Literal(Literal::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn named_table(
        &mut self,
        name: &Name,
        args: &Args,
        span: Span,
        cx: &Cx<'_>,
    ) -> Value {
        let Some(first) = args.first() else {
            self.error(
                Code::ArgumentCount,
                span,
                format!("`{}` needs a table's name", name.text),
            );
            return Value::Table(Self::error_rel(span));
        };
        let Some(table) = self.constant_string(first, cx) else {
            // A parameter without a value (a function that is declared but not called).
            return Value::Table(Self::error_rel(span));
        };
        if let Some(binding @ (Binding::Table(_) | Binding::Function(..))) =
            cx.env.get(&table).cloned()
        {
            return self.binding(binding, span);
        }
        match self.stored(&table, first.span) {
            Some(rel) => Value::Table(rel),
            None => Value::Table(self.missing_table(&table, first.span)),
        }
    }

    pub(super) fn watchlist(&mut self, args: &Args, span: Span, cx: &Cx<'_>) -> Value {
        let Some(first) = args.first() else {
            self.error(
                Code::ArgumentCount,
                span,
                "`_GetWatchlist` needs the watchlist's alias",
            );
            return Value::Table(Self::error_rel(span));
        };
        for more in &args[1..] {
            if let S::Named { value, .. } = &more.kind {
                self.scalar(value, cx);
            } else {
                self.scalar(more, cx);
            }
        }
        let alias = self.scalar(first, cx);
        let known = match &alias.kind {
            ExprKind::Literal(Literal::String(name)) => self.catalog.watchlist(name),
            _ => None,
        };
        let open = known.is_none();
        let columns = known
            .unwrap_or_else(|| {
                let all = WATCHLIST_COLUMNS.iter();
                all.map(|(name, ty)| ((*name).to_owned(), *ty)).collect()
            })
            .into_iter()
            .map(|(name, ty)| self.column(name, ty))
            .collect();
        Value::Table(crate::plan::Rel {
            op: RelOp::Watchlist {
                alias: Box::new(alias),
            },
            columns,
            open,
            serialized: false,
            span,
        })
    }

    /// `now()` and `ago(x)` are constants of the query where their argument is one.
    pub(super) fn clock(&mut self, name: &str, args: &Args, span: Span, cx: &Cx<'_>) -> Expr {
        let Some(known) = functions::scalar(name) else {
            return Self::unknown(span);
        };
        let call = self.builtin(known, args, span, span, cx);
        let ExprKind::Call { args, .. } = &call.kind else {
            return call;
        };
        // What is wrong with another argument has been reported.
        if let Some(arg) = args.first()
            && !matches!(arg.ty, Type::TimeSpan | Type::Unknown)
        {
            return call;
        }
        let at = match args.first().map(|arg| &arg.kind) {
            None => Some(self.now),
            Some(ExprKind::Literal(Literal::TimeSpan(ticks))) if name == "ago" => {
                self.lint_ago(*ticks, span);
                self.now.checked_sub(*ticks)
            }
            Some(ExprKind::Literal(Literal::TimeSpan(ticks))) => self.now.checked_add(*ticks),
            Some(_) => {
                use crate::plan::Operator::{Add, Subtract};
                let now = Expr {
                    kind: ExprKind::Literal(Literal::DateTime(self.now)),
                    ty: Type::DateTime,
                    span,
                };
                let op = if name == "ago" { Subtract } else { Add };
                return self.apply(op, span, now, args[0].clone(), span);
            }
        };
        let literal = at.map_or(Literal::Null, Literal::DateTime);
        Expr {
            kind: ExprKind::Literal(literal),
            ty: Type::DateTime,
            span,
        }
    }

    /// `cursor_current()`: the instant of the query, as the text that `cursor_after()` reads.
    pub(super) fn cursor(&mut self, name: &str, args: &Args, span: Span, cx: &Cx<'_>) -> Expr {
        let Some(known) = functions::scalar(name) else {
            return Self::unknown(span);
        };
        let mut call = self.builtin(known, args, span, span, cx);
        if args.is_empty() {
            call.kind = ExprKind::Literal(Literal::String(self.now.to_string()));
        }
        call
    }

    /// `bin_auto(value)`: a bin of the size, and aligned with the point, that the query's `set` statements state.
    pub(super) fn bin_auto(&mut self, args: &Args, span: Span, cx: &Cx<'_>) -> Expr {
        let Some(known) = functions::scalar("bin_auto") else {
            return Self::unknown(span);
        };
        let mut call = self.builtin(known, args, span, span, cx);
        if let (ExprKind::Call { function, args }, Some(size)) =
            (&mut call.kind, self.settings.get("query_bin_auto_size"))
            && let [value] = args.as_slice()
        {
            let point = self.settings.get("query_bin_auto_at").cloned();
            let zero = Expr {
                kind: ExprKind::Literal(match value.ty {
                    Type::DateTime => Literal::DateTime(0),
                    Type::TimeSpan => Literal::TimeSpan(0),
                    _ => Literal::Long(0),
                }),
                ty: if matches!(value.ty, Type::DateTime | Type::TimeSpan) {
                    value.ty
                } else {
                    Type::Long
                },
                span,
            };
            args.extend([size.clone(), point.unwrap_or(zero)]);
            *function = "bin_at";
        }
        call
    }

    pub(super) fn column_if_exists(&mut self, args: &Args, span: Span, cx: &Cx<'_>) -> Expr {
        let [name, default] = args else {
            self.error(
                Code::ArgumentCount,
                span,
                "`column_ifexists` takes a name and a default",
            );
            return Self::unknown(span);
        };
        let default = self.scalar(default, cx);
        let name_expr = self.scalar(name, cx);
        let ExprKind::Literal(Literal::String(name)) = name_expr.kind else {
            return default;
        };
        let column = cx.row.columns.iter().find(|column| column.name == name);
        match column {
            Some(column) => {
                let found = Expr {
                    kind: ExprKind::Column(column.id),
                    ty: column.ty,
                    span,
                };
                // A default without a type takes the column's.
                if default.ty == Type::Unknown {
                    found
                } else {
                    cast(found, default.ty)
                }
            }
            None if cx.row.open => {
                let column = self.column(name, Type::Unknown);
                self.optional.insert(column.id);
                let value = Expr {
                    kind: ExprKind::Column(column.id),
                    ty: column.ty,
                    span,
                };
                cx.row.late.borrow_mut().push(column);
                let ty = default.ty;
                let args = vec![cast(value, ty), default];
                Expr {
                    kind: ExprKind::Call {
                        function: "coalesce",
                        args,
                    },
                    ty,
                    span,
                }
            }
            None => default,
        }
    }

    /// `iscolumnexists("a")` is known when the query is bound.
    pub(super) fn has_column(&mut self, args: &Args, span: Span, at: Span, cx: &Cx<'_>) -> Expr {
        let Some(known) = functions::scalar("iscolumnexists") else {
            return Self::unknown(span);
        };
        let call = self.builtin(known, args, span, at, cx);
        let ExprKind::Call { args, .. } = &call.kind else {
            return call;
        };
        let Some(ExprKind::Literal(Literal::String(name))) = args.first().map(|arg| &arg.kind)
        else {
            return call;
        };
        let found = cx.row.columns.iter().any(|column| column.name == *name);
        Expr {
            kind: ExprKind::Literal(Literal::Bool(found)),
            ..call
        }
    }

    /// `pack_all()` and `bag_pack_columns(a, b)` become `bag_pack("a", a, ...)`.
    pub(super) fn pack_columns(
        &mut self,
        name: &Name,
        args: &Args,
        span: Span,
        cx: &Cx<'_>,
    ) -> Expr {
        let mut packed = Vec::new();
        let string = |text: &str| scalar::literal(&Constant::String(text.to_owned()), span);
        if name.text == "pack_all" && self.spend(2 * cx.row.columns.len(), span) {
            let columns: Vec<Column> = cx.row.columns.to_vec();
            for column in columns {
                packed.push(string(&column.name));
                packed.push(Expr {
                    kind: ExprKind::Column(column.id),
                    ty: column.ty,
                    span,
                });
            }
            let skip_empty = args
                .first()
                .is_some_and(|arg| matches!(arg.kind, S::Literal(Constant::Bool(true))));
            let function = if skip_empty { "pack_all" } else { "bag_pack" };
            return Expr {
                kind: ExprKind::Call {
                    function,
                    args: packed,
                },
                ty: Type::Dynamic,
                span,
            };
        }
        for arg in args {
            let value = self.scalar(arg, cx);
            packed.push(string(&crate::bind::names::of(arg).unwrap_or_default()));
            packed.push(value);
        }
        Expr {
            kind: ExprKind::Call {
                function: "bag_pack",
                args: packed,
            },
            ty: Type::Dynamic,
            span,
        }
    }
}
