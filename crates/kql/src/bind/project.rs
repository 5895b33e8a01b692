//! `extend`, `project` and its family, `distinct`.

use std::collections::HashSet;

use super::rel;
use crate::diagnostic::{Code, Diagnostic};
use crate::functions::tuples;
use crate::plan::{Column, ColumnId, ColumnName, Expr, ExprKind, Literal, Rel, RelOp};
use crate::syntax::tree::{Constant, Expr as Syntax, ExprKind as S, Name, Order};
use crate::types::{Span, Type};

use super::Binder;
use super::coerce::cast;
use super::names::{self, Names};
use super::places::Places;
use super::scope::{Cx, Env};

/// Takes `name = value` apart; no names when there are none.
pub(crate) fn split(item: &Syntax) -> (&[Name], &Syntax) {
    match &item.kind {
        S::Named { names, value } => (names, value),
        _ => (&[], item),
    }
}

/// The columns of a call that gives several.
pub(crate) fn tuple_call(value: &Syntax) -> Option<Vec<(String, Type)>> {
    let S::Call {
        receiver: None,
        name,
        args,
    } = &value.kind
    else {
        return None;
    };
    if matches!(name.text.as_str(), "array_sort_asc" | "array_sort_desc") {
        let arrays = args
            .iter()
            .enumerate()
            .filter(|(_, arg)| !matches!(arg.kind, S::Literal(Constant::Bool(_))));
        let sorted = arrays.map(|(index, arg)| {
            let name = names::of(arg).unwrap_or_else(|| format!("array{index}"));
            (format!("{name}_sorted"), Type::Dynamic)
        });
        return Some(sorted.collect());
    }
    let fields = tuples::fields(&name.text)?;
    let argument = args
        .first()
        .and_then(|arg| names::of(arg))
        .unwrap_or_default();
    let named = fields
        .iter()
        .map(|(field, ty)| (format!("{}_{argument}_{field}", name.text), *ty));
    Some(named.collect())
}

/// A computed column before it has a name.
pub(crate) struct Computed<'s> {
    /// The name the query gives.
    pub(crate) given: Option<&'s Name>,
    /// The name it gets otherwise.
    pub(crate) default: Option<String>,
    /// One of several columns of a call.
    pub(crate) of_tuple: bool,
    pub(crate) value: Expr,
    span: Span,
}

impl Binder<'_> {
    /// The columns one item of `extend` or `project` computes.
    pub(super) fn compute<'s>(&mut self, item: &'s Syntax, cx: &Cx<'_>) -> Vec<Computed<'s>> {
        let (given, syntax) = split(item);
        let span = item.span;
        let before = self.spent();
        let value = self.scalar(syntax, cx);
        let fields = tuple_call(syntax);
        let copies = fields.as_ref().map_or(given.len(), Vec::len);
        if copies > 1 {
            // Each column has a copy of the call.
            let size = self.spent() - before;
            if !self.spend(size.saturating_mul(copies), span) {
                return Vec::new();
            }
        }
        let Some(fields) = fields else {
            if given.len() > 1 {
                return self.spread(given, &value, span);
            }
            return vec![Computed {
                given: given.first(),
                default: names::of_over(syntax, cx.row.columns),
                of_tuple: false,
                value,
                span,
            }];
        };
        // One array is sorted into one array; several into an array of them.
        if let [(name, _)] = fields.as_slice() {
            return vec![Computed {
                given: given.first(),
                default: Some(name.clone()),
                of_tuple: true,
                value,
                span,
            }];
        }
        let element = |index: usize, ty: Type| {
            let position = Expr {
                kind: ExprKind::Literal(Literal::Long(i64::try_from(index).unwrap_or(0))),
                ty: Type::Long,
                span,
            };
            let kind = ExprKind::Index {
                value: Box::new(value.clone()),
                index: Box::new(position),
            };
            cast(
                Expr {
                    kind,
                    ty: Type::Dynamic,
                    span,
                },
                ty,
            )
        };
        let all = fields
            .iter()
            .enumerate()
            .map(|(index, (field, ty))| Computed {
                given: given.get(index),
                default: Some(field.clone()),
                of_tuple: true,
                value: element(index, *ty),
                span,
            });
        all.collect()
    }

    /// `(a, b) = value` where the value has one column only.
    fn spread<'s>(&mut self, given: &'s [Name], value: &Expr, span: Span) -> Vec<Computed<'s>> {
        if value.ty != Type::Unknown {
            self.error(
                Code::Duplicate,
                span,
                "the expression does not give several columns",
            );
        }
        given
            .iter()
            .map(|name| Computed {
                given: Some(name),
                default: None,
                of_tuple: false,
                value: value.clone(),
                span,
            })
            .collect()
    }

    pub(super) fn extend(&mut self, rel: Rel, items: &[Syntax], span: Span, env: &Env) -> Rel {
        self.extended(rel, items, true, span, env)
    }

    /// `extend`, or `serialize`, whose default names do not replace a column of the input.
    pub(super) fn extended(
        &mut self,
        mut rel: Rel,
        items: &[Syntax],
        replaces: bool,
        span: Span,
        env: &Env,
    ) -> Rel {
        let computed: Vec<Computed<'_>> = self.over(&mut rel, env, |b, cx| {
            items.iter().flat_map(|item| b.compute(item, cx)).collect()
        });
        let mut columns = rel.columns.clone();
        columns.retain(|column| !self.optional.contains(&column.id));
        let mut values: Vec<(ColumnId, Expr)> = columns
            .iter()
            .map(|column| Self::pass(column, span))
            .collect();
        let mut unnamed = Names::over(&columns);
        if !replaces {
            columns.iter().for_each(|column| {
                unnamed.explicit(&column.name);
            });
        }
        let mut assigned = Names::default();
        let mut places = Places::default();
        for item in computed {
            let name = match (item.given, item.default) {
                (Some(name), _) => ColumnName::from(&name.text),
                (None, Some(name)) if replaces => name.into(),
                (None, Some(name)) => unnamed.implicit(name),
                (None, None) => unnamed.unnamed(),
            };
            let first = assigned.place(&name, item.span);
            if !assigned.explicit(&name) && item.given.is_some() {
                let message = format!("`{name}` is assigned twice");
                let found = Diagnostic::error(Code::Duplicate, item.span, message);
                self.report(found.first_at(first));
            }
            let column = self.column(name, item.value.ty);
            match places.find(&column.name, &columns) {
                Some(at) => {
                    values[at] = (column.id, item.value);
                    columns[at] = column;
                }
                None => {
                    values.push((column.id, item.value));
                    columns.push(column);
                }
            }
        }
        {
            let open = rel.open;
            rel::project(rel, columns, values, open, span)
        }
    }

    pub(super) fn project(&mut self, rel: Rel, items: &[Syntax], span: Span, env: &Env) -> Rel {
        for star in items.iter().filter(|item| matches!(item.kind, S::Star)) {
            self.report(
                Diagnostic::error(Code::Expected, star.span, "`*` isn't allowed here")
                    .hint("`extend` keeps all columns"),
            );
        }
        self.projection(rel, items, span, env)
    }

    fn projection(&mut self, mut rel: Rel, items: &[Syntax], span: Span, env: &Env) -> Rel {
        let (columns, values) = self.over(&mut rel, env, |b, cx| {
            let mut names = Names::over(cx.row.columns);
            // Names that the query gives come first: a default name steps aside for them.
            let mut columns = Vec::new();
            let mut values = Vec::new();
            for item in items {
                if matches!(item.kind, S::Star) {
                    for column in cx.row.columns {
                        names.explicit(&column.name);
                        names.take_id(column.id);
                        values.push(Self::pass(column, span));
                        columns.push(column.clone());
                    }
                    continue;
                }
                for computed in b.compute(item, cx) {
                    let (column, value) = b.projected(computed, item, &mut names);
                    columns.push(column);
                    values.push(value);
                }
            }
            (columns, values)
        });
        rel::project(rel, columns, values, false, span)
    }

    fn projected(
        &mut self,
        item: Computed<'_>,
        syntax: &Syntax,
        names: &mut Names,
    ) -> (Column, (ColumnId, Expr)) {
        let plain = matches!(split(syntax).1.kind, S::Name(_));
        let name = match (item.given, item.default) {
            (Some(name), _) => self.take_name(names, &name.text, item.span),
            (None, Some(name)) if plain => self.take_name(names, &name, item.span),
            (None, Some(name)) => names.implicit(&name),
            (None, None) => names.unnamed(),
        };
        // A column that is only passed on (or renamed) keeps its identity.
        let id = match item.value.kind {
            ExprKind::Column(id) if names.take_id(id) => id,
            _ => self.fresh(),
        };
        let column = Column {
            id,
            name,
            ty: item.value.ty,
        };
        (column, (id, item.value))
    }

    /// The input's columns an item names: a name or a pattern.
    fn named_columns(&mut self, rel: &mut Rel, item: &Syntax) -> Vec<Column> {
        match &item.kind {
            S::Name(name) => {
                if let Some(column) = rel.columns.iter().find(|column| column.name == *name) {
                    return vec![column.clone()];
                }
                if rel.open {
                    let column = self.column(name.clone(), Type::Unknown);
                    self.absorb(rel, vec![column.clone()]);
                    return vec![column];
                }
                let message = format!("unknown column `{name}`");
                let found = if self.inlined > 0 {
                    Diagnostic::warning(Code::UnknownColumn, item.span, message)
                } else {
                    Diagnostic::error(Code::UnknownColumn, item.span, message)
                };
                let names = rel.columns.iter().map(|column| column.name.as_str());
                let found = self.hinted(found, name, names);
                self.report(found);
                Vec::new()
            }
            S::Wildcard(_) | S::Star if !self.spend(rel.columns.len(), item.span) => Vec::new(),
            S::Wildcard(pattern) => {
                let found: Vec<Column> = rel
                    .columns
                    .iter()
                    .filter(|column| names::matches(pattern, &column.name))
                    .cloned()
                    .collect();
                if found.is_empty() && !rel.open {
                    let message = format!("no column matches `{pattern}`");
                    self.error(Code::UnknownColumn, item.span, message);
                }
                found
            }
            S::Star => rel.columns.clone(),
            S::Missing => Vec::new(),
            _ => {
                self.error(Code::Expected, item.span, "expected a column name");
                Vec::new()
            }
        }
    }

    fn select(rel: Rel, columns: Vec<Column>, open: bool, span: Span) -> Rel {
        let items = columns
            .iter()
            .map(|column| Self::pass(column, span))
            .collect();
        rel::project(rel, columns, items, open, span)
    }

    pub(super) fn project_away(&mut self, mut rel: Rel, items: &[Syntax], span: Span) -> Rel {
        let gone = self.listed(&mut rel, items);
        let mut columns = rel.columns.clone();
        columns.retain(|column| !gone.contains(&column.id));
        let open = rel.open;
        Self::select(rel, columns, open, span)
    }

    pub(super) fn project_keep(&mut self, mut rel: Rel, items: &[Syntax], span: Span) -> Rel {
        let kept = self.listed(&mut rel, items);
        let mut columns = rel.columns.clone();
        columns.retain(|column| kept.contains(&column.id));
        Self::select(rel, columns, false, span)
    }

    /// Ids of the columns that names and patterns list.
    fn listed(&mut self, rel: &mut Rel, items: &[Syntax]) -> HashSet<ColumnId> {
        let mut ids = HashSet::new();
        for item in items {
            let found = self.named_columns(rel, item);
            ids.extend(found.iter().map(|column| column.id));
        }
        ids
    }

    /// `project-by-names "a", dynamic(["b", "c*"]), column_names_of(T)`: names the input lacks are passed over.
    pub(super) fn project_by_names(
        &mut self,
        rel: Rel,
        items: &[Syntax],
        span: Span,
        env: &Env,
    ) -> Rel {
        let mut patterns: Vec<String> = Vec::new();
        let mut open = rel.open;
        for item in items {
            if let S::Call { name, args, .. } = &item.kind
                && name.text == "column_names_of"
                && let [table] = args.as_slice()
            {
                let table = self.table(table, env);
                let names = table.columns.into_iter().map(|column| column.name.into());
                patterns.extend(names);
                continue;
            }
            let value = self.scalar(item, &Cx::over(env, &rel));
            match &value.kind {
                ExprKind::Literal(Literal::String(name)) => patterns.push(name.clone()),
                ExprKind::Literal(Literal::Dynamic(json)) => {
                    let names: Vec<String> = serde_json::from_str(json).unwrap_or_default();
                    patterns.extend(names);
                }
                // A parameter without a value: any column may be there.
                ExprKind::Literal(Literal::Null) => open = true,
                _ => {}
            }
        }
        let mut columns: Vec<Column> = Vec::new();
        let mut ids = HashSet::new();
        for pattern in &patterns {
            if !self.spend(rel.columns.len(), span) {
                break;
            }
            for column in rel
                .columns
                .iter()
                .filter(|c| names::matches(pattern, &c.name))
            {
                if ids.insert(column.id) {
                    columns.push(column.clone());
                }
            }
        }
        Self::select(rel, columns, open, span)
    }

    pub(super) fn project_rename(&mut self, mut rel: Rel, items: &[Syntax], span: Span) -> Rel {
        let mut renames = Vec::new();
        for item in items {
            let (given, value) = split(item);
            let Some(name) = given.first() else {
                self.error(Code::Expected, item.span, "expected `NewName = OldName`");
                continue;
            };
            if let Some(column) = self.named_columns(&mut rel, value).first() {
                renames.push((column.id, name.clone()));
            }
        }
        let mut columns = rel.columns.clone();
        for (id, name) in renames {
            let taken = columns
                .iter()
                .any(|column| column.name == name.text && column.id != id);
            if taken
                && !rel.columns.iter().any(|c| {
                    c.name == name.text && columns.iter().any(|n| n.id == c.id && n.name != c.name)
                })
            {
                self.name_taken(&name.text, name.span, None);
            }
            if let Some(column) = columns.iter_mut().find(|column| column.id == id) {
                column.name = name.text.into();
            }
        }
        let open = rel.open;
        Self::select(rel, columns, open, span)
    }

    pub(super) fn project_reorder(&mut self, mut rel: Rel, items: &[Order], span: Span) -> Rel {
        let mut first: Vec<Column> = Vec::new();
        let explicit: HashSet<&str> = items
            .iter()
            .filter_map(|item| match &item.expr.kind {
                S::Name(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        let mut listed = Names::default();
        let mut ids = HashSet::new();
        for item in items {
            if let S::Name(name) = &item.expr.kind {
                self.take_name(&mut listed, name, item.expr.span);
            }
            let pattern = matches!(item.expr.kind, S::Wildcard(_));
            let mut found = self.named_columns(&mut rel, &item.expr);
            if let Some(descending) = item.descending {
                found.sort_by(|a, b| {
                    if descending {
                        b.name.cmp(&a.name)
                    } else {
                        a.name.cmp(&b.name)
                    }
                });
            }
            for column in found {
                let later = pattern && explicit.contains(column.name.as_str());
                if !later && ids.insert(column.id) {
                    first.push(column);
                }
            }
        }
        let rest = rel
            .columns
            .iter()
            .filter(|column| !ids.contains(&column.id));
        let rest: Vec<Column> = rest.cloned().collect();
        let mut columns = first;
        columns.extend(rest);
        let open = rel.open;
        Self::select(rel, columns, open, span)
    }

    pub(super) fn distinct(&mut self, rel: Rel, items: &[Syntax], span: Span, env: &Env) -> Rel {
        let projected = self.projection(rel, items, span, env);
        let RelOp::Project {
            input,
            items: values,
        } = projected.op
        else {
            return projected;
        };
        for (_, value) in &values {
            if value.ty == Type::Dynamic {
                let star = items.iter().find(|item| matches!(item.kind, S::Star));
                let at = if value.span == span {
                    star.map_or(span, |star| star.span)
                } else {
                    value.span
                };
                let found = Diagnostic::error(
                    Code::TypeMismatch,
                    at,
                    "a `dynamic` cannot be compared for `distinct`",
                );
                self.report(found.hint("convert it, as with `tostring()`"));
                break;
            }
        }
        let star = items.iter().any(|item| matches!(item.kind, S::Star));
        let open = star && input.open;
        Rel {
            op: RelOp::Distinct {
                input,
                items: values,
            },
            columns: projected.columns,
            open,
            serialized: false,
            span,
        }
    }
}
