//! Operators that run a query of its own once for each of several things: `macro-expand`, `facet`, and the older
//! `partition`.

use super::Binder;
use super::names::Names;
use super::rel;
use super::scope::{Binding, Cx, Env, Value};
use crate::diagnostic::Code;
use crate::plan::{Aggregate, ExprKind, PluginArg, Rel, RelOp};
use crate::syntax::tree::{Expr as Syntax, ExprKind as S, MacroExpand, Op, StatementKind};
use crate::types::{Span, Type};

impl Binder<'_> {
    /// True for a name that stands for one database of an entity group.
    pub(super) fn is_group_member(value: &Syntax, cx: &Cx<'_>) -> bool {
        match &value.kind {
            S::Name(name) => matches!(cx.env.get(name), Some(Binding::Databases(_))),
            _ => false,
        }
    }

    /// The union of what the statements give for each database. Only names of tables count, as across workspaces.
    pub(super) fn macro_expand(&mut self, expansion: &MacroExpand, span: Span, env: &Env) -> Rel {
        let (name, members) = match &expansion.group.kind {
            S::EntityGroup(members) => (None, members.len()),
            S::Name(group) => match env.get(group) {
                Some(Binding::Databases(members)) => (Some(group.as_str()), *members),
                _ => {
                    let message = format!("unknown entity group `{group}`");
                    self.error(Code::UnknownName, expansion.group.span, message);
                    return Self::error_rel(span);
                }
            },
            // A group stored elsewhere, whose members nobody knows here.
            _ => (None, 1),
        };
        let name = expansion
            .name
            .as_ref()
            .map_or(name, |name| Some(&name.text));
        let scope = match name {
            Some(name) => env.with(name, Binding::Databases(1)),
            None => env.clone(),
        };
        let mut tables = Vec::new();
        for _ in 0..members {
            tables.extend(self.expanded(expansion, scope.clone()));
        }
        self.union_of(tables, None, false, span)
    }

    /// What the statements give for one database.
    fn expanded(&mut self, expansion: &MacroExpand, mut env: Env) -> Option<Rel> {
        let mut result = None;
        for statement in &expansion.body.statements {
            match &statement.kind {
                StatementKind::Expression(expression) => {
                    let table = self.table(expression, &env);
                    result.get_or_insert(table);
                }
                kind => self.declare(kind, &mut env),
            }
        }
        result
    }

    /// `facet by a, b with (...)`: what the pipeline gives, if there is one, then for each column how often each value
    /// occurs.
    pub(super) fn facet(
        &mut self,
        rel: Rel,
        by: &[Syntax],
        body: &[Op],
        span: Span,
        env: &Env,
    ) -> Rel {
        let shared = self.share(rel, span);
        let mut results = Vec::new();
        if !body.is_empty() {
            let copy = self.instance(&shared);
            results.push(self.pipeline(copy, body, env));
        }
        for column in by {
            results.extend(self.facet_of(&shared, column, span, env));
        }
        let mut results = results.into_iter();
        let first = results.next().unwrap_or_else(|| Self::error_rel(span));
        self.side_results.extend(results);
        first
    }

    /// The values of one column with their counts.
    fn facet_of(&mut self, shared: &Rel, by: &Syntax, span: Span, env: &Env) -> Option<Rel> {
        let mut copy = self.instance(shared);
        let keys = self.over(&mut copy, env, |b, cx| {
            let mut names = Names::over(cx.row.columns);
            b.group_keys(std::slice::from_ref(by), &mut names, cx)
        });
        let (column, value) = keys.into_iter().next()?;
        if !matches!(value.kind, ExprKind::Column(_)) {
            if !Self::is_unknown(&value) {
                self.error(Code::Expected, by.span, "`facet` needs a column");
            }
            return None;
        }
        let count = self.column(format!("count_{}", column.name), Type::Long);
        let columns = vec![column.clone(), count.clone()];
        let op = RelOp::Summarize {
            input: Box::new(copy),
            keys: vec![(column.id, value)],
            aggregates: vec![Aggregate {
                function: "count",
                args: Vec::new(),
                outputs: vec![count],
            }],
        };
        Some(rel::closed(op, columns, span))
    }

    /// `partition by x { query }`: the query sees the value of `x`, not the rows. Its arguments in the plan: the column,
    /// the column that stands for the value in the query, the query.
    pub(super) fn partition_query(
        &mut self,
        mut rel: Rel,
        by: &Syntax,
        query: &Syntax,
        span: Span,
        env: &Env,
    ) -> Rel {
        let key = self.over(&mut rel, env, |b, cx| b.scalar(by, cx));
        if !matches!(key.kind, ExprKind::Column(_)) {
            self.error(Code::Expected, by.span, "`partition` needs a column");
            return rel;
        }
        let mut scope = env.clone();
        let value = crate::plan::Expr {
            kind: ExprKind::Column(self.fresh()),
            ..key.clone()
        };
        if let S::Name(name) = &by.kind {
            scope = scope.with(name, Binding::Scalar(value.clone()));
        }
        let result = match self.value(query, &Cx::top(&scope)) {
            Value::Table(rel) => rel,
            Value::Scalar(_) | Value::Function => {
                self.error(Code::TableExpected, query.span, "a table is needed here");
                Self::error_rel(query.span)
            }
        };
        let (columns, open) = (result.columns.clone(), result.open);
        let op = RelOp::Evaluate {
            input: Some(Box::new(rel)),
            plugin: "partition".to_owned(),
            args: vec![
                PluginArg::Expr(key),
                PluginArg::Expr(value),
                PluginArg::Rel(result),
            ],
            declared: false,
        };
        rel::unordered(op, columns, open, span)
    }
}
