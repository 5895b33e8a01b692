//! Calls: which function a name is.

use crate::bind::Binder;
use crate::bind::scope::{Binding, Cx, Value};
use crate::diagnostic::{Code, Diagnostic, foreign};
use crate::functions::{self};
use crate::syntax::tree::{Expr as Syntax, ExprKind as S, Name};
use crate::types::Span;
use std::rc::Rc;
mod builtin;
mod column_names;
mod function;
mod signature;
mod special;

type Args = [Rc<Syntax>];

impl Binder<'_> {
    pub(in crate::bind) fn call(
        &mut self,
        receiver: Option<&Syntax>,
        name: &Name,
        args: &Args,
        span: Span,
        cx: &Cx<'_>,
    ) -> Value {
        if let Some(receiver) = receiver {
            return self.receiver_call(receiver, name, args, span, cx);
        }
        if let Some(binding) = cx.env.get(&name.text).cloned() {
            match binding {
                Binding::Function(lambda, env) => {
                    return self.call_lambda(&lambda, &env, args, span, cx);
                }
                Binding::Pattern(pattern, env) => {
                    return self.pattern_call(&pattern, &env, args, None, span);
                }
                // `Table()` and `scalar()`: calling what isn't a function gives it.
                other if args.is_empty() => return self.binding(other, span),
                _ => {}
            }
        }
        if self.aggregating.is_some()
            && let Some(known) = functions::aggregate(&name.text)
        {
            return Value::Scalar(self.nested_aggregate(known, args, span, cx));
        }
        if let Some(value) = self.graph_call(&name.text, args, span, cx) {
            return Value::Scalar(value);
        }
        match name.text.as_str() {
            "column_names_of" => return Value::Scalar(self.column_names_of(args, span, cx)),
            "toscalar" => return Value::Scalar(self.scalar_of_table(args, span, cx)),
            "materialize" => return self.materialize(args, span, cx),
            "table" | "materialized_view" | "external_table" | "stored_query_result" | "graph" => {
                return self.named_table(name, args, span, cx);
            }
            "_GetWatchlist" => return self.watchlist(args, span, cx),
            "now" | "ago" => return Value::Scalar(self.clock(&name.text, args, span, cx)),
            "bin_auto" => return Value::Scalar(self.bin_auto(args, span, cx)),
            "cursor_current" | "current_cursor" => {
                return Value::Scalar(self.cursor(&name.text, args, span, cx));
            }
            "column_ifexists" | "columnifexists" => {
                return Value::Scalar(self.column_if_exists(args, span, cx));
            }
            "iscolumnexists" => {
                return Value::Scalar(self.has_column(args, span, name.span, cx));
            }
            "pack_all" | "bag_pack_columns" => {
                return Value::Scalar(self.pack_columns(name, args, span, cx));
            }
            _ => {}
        }
        if let Some(known) = functions::scalar(&name.text) {
            return Value::Scalar(self.builtin(known, args, span, name.span, cx));
        }
        if let Some(value) = self.stored_function(name, args, span, cx) {
            return value;
        }
        if let Some(rel) = self.workspace_function(name, args, span, cx) {
            return Value::Table(rel);
        }
        if functions::aggregate(&name.text).is_some() {
            self.error(
                Code::AggregateMisplaced,
                name.span,
                format!(
                    "the aggregate `{}` is only allowed in `summarize`",
                    name.text
                ),
            );
            for arg in args.iter().filter(|arg| !matches!(arg.kind, S::Star)) {
                self.scalar(arg, cx);
            }
            return Value::Scalar(Self::unknown(span));
        }
        self.unknown_function(name, args, cx);
        if self.fuzzy {
            // Where a missing table is empty, so is what a missing function would give.
            return Value::Table(self.missing_table("", span));
        }
        Value::Scalar(Self::unknown(span))
    }

    fn unknown_function(&mut self, name: &Name, args: &Args, cx: &Cx<'_>) {
        let all = self.gives_hints().then(functions::all).unwrap_or_default();
        let builtin = all.iter().map(|known| known.function.name);
        let candidates = builtin.chain(cx.env.iter().map(|(n, _)| n));
        let message = format!("unknown function `{}`", name.text);
        let mut found = if self.fuzzy {
            Diagnostic::warning(Code::UnknownFunction, name.span, message)
        } else {
            Diagnostic::error(Code::UnknownFunction, name.span, message)
        };
        found = match foreign::function(&name.text) {
            Some(hint) => found.hint(hint),
            None => self.hinted(found, &name.text, candidates),
        };
        self.report(found);
        for arg in args {
            match &arg.kind {
                S::Star => {}
                S::Named { value, .. } => {
                    self.value(value, cx);
                }
                _ => {
                    self.value(arg, cx);
                }
            }
        }
    }

    /// `cluster("x").database("y").f()` and the like; across workspaces only names count.
    fn receiver_call(
        &mut self,
        receiver: &Syntax,
        name: &Name,
        args: &Args,
        span: Span,
        cx: &Cx<'_>,
    ) -> Value {
        if !Self::is_database(receiver) && !Self::is_group_member(receiver, cx) {
            let value = self.scalar(receiver, cx);
            self.error(
                Code::UnknownFunction,
                name.span,
                format!("a `{}` has no function `{}`", value.ty, name.text),
            );
            return Value::Scalar(Self::unknown(span));
        }
        self.note_database(receiver, cx);
        match name.text.as_str() {
            "table" | "external_table" | "materialized_view" => {
                self.named_table(name, args, span, cx)
            }
            _ => match self.stored_function(name, args, span, cx) {
                Some(value) => value,
                None => {
                    self.note_uses(args, cx);
                    Value::Table(self.missing_table(&name.text, span))
                }
            },
        }
    }

    /// True for a database of another cluster, whose tables nobody knows here.
    pub(in crate::bind) fn is_foreign(syntax: &Syntax) -> bool {
        let mut syntax = syntax;
        while let S::Call {
            receiver: Some(receiver),
            ..
        } = &syntax.kind
        {
            syntax = receiver;
        }
        matches!(&syntax.kind, S::Call { name, .. } if name.text == "cluster")
    }

    /// True for `cluster(...)`, `database(...)`, `workspace(...)`, `app(...)`, `adx(...)` and chains of them.
    pub(in crate::bind) fn is_database(syntax: &Syntax) -> bool {
        match &syntax.kind {
            S::Call {
                receiver: None,
                name,
                ..
            } => {
                matches!(
                    name.text.as_str(),
                    "cluster" | "database" | "workspace" | "app" | "adx" | "resource" | "arg"
                )
            }
            S::Call {
                receiver: Some(receiver),
                name,
                ..
            } => name.text == "database" && Self::is_database(receiver),
            _ => false,
        }
    }
}
