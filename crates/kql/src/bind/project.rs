//! `extend`, `project` and its family, `distinct`.

use crate::diagnostic::{Code, Diagnostic, closest};
use crate::functions::tuples;
use crate::plan::{Column, ColumnId, Expr, ExprKind, Literal, Rel, RelOp};
use crate::syntax::tree::{Expr as Syntax, ExprKind as S, Name, Order};
use crate::types::{Span, Type};

use super::Binder;
use super::coerce::cast;
use super::names::{self, Names};
use super::scope::{Cx, Env};

/// Takes `name = value` apart; no names when there are none.
pub(crate) fn split(item: &Syntax) -> (&[Name], &Syntax) {
    match &item.kind {
        S::Named { names, value } => (names, value),
        _ => (&[], item),
    }
}

/// The function name when the value is a call with several columns.
fn tuple_call(value: &Syntax) -> Option<(&'static [(&'static str, Type)], String)> {
    let S::Call {
        receiver: None,
        name,
        args,
    } = &value.kind
    else {
        return None;
    };
    let fields = tuples::fields(&name.text)?;
    let argument = args
        .first()
        .and_then(|arg| names::of(arg))
        .unwrap_or_default();
    Some((fields, format!("{}_{argument}", name.text)))
}

/// A computed column before it has a name.
struct Computed<'s> {
    /// The name the query gives.
    given: Option<&'s Name>,
    /// The name it gets otherwise.
    default: Option<String>,
    value: Expr,
    span: Span,
}

impl Binder<'_> {
    /// The columns one item of `extend` or `project` computes.
    fn compute<'s>(&mut self, item: &'s Syntax, cx: &Cx<'_>) -> Vec<Computed<'s>> {
        let (given, syntax) = split(item);
        let span = item.span;
        let value = self.scalar(syntax, cx);
        let Some((fields, prefix)) = tuple_call(syntax) else {
            if given.len() > 1 {
                return self.spread(given, &value, span);
            }
            return vec![Computed {
                given: given.first(),
                default: names::of(syntax),
                value,
                span,
            }];
        };
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
                default: Some(format!("{prefix}_{field}")),
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
                value: value.clone(),
                span,
            })
            .collect()
    }

    pub(super) fn extend(&mut self, mut rel: Rel, items: &[Syntax], span: Span, env: &Env) -> Rel {
        let computed: Vec<Computed<'_>> = self.over(&mut rel, env, |b, cx| {
            items.iter().flat_map(|item| b.compute(item, cx)).collect()
        });
        let mut columns = rel.columns.clone();
        let mut values: Vec<(ColumnId, Expr)> = columns
            .iter()
            .map(|column| Self::pass(column, span))
            .collect();
        let mut unnamed = Names::default();
        for column in &columns {
            unnamed.explicit(&column.name);
        }
        let mut assigned = Names::default();
        for item in computed {
            let name = match (item.given, item.default) {
                (Some(name), _) => name.text.clone(),
                (None, Some(name)) => name,
                (None, None) => unnamed.unnamed(),
            };
            if !assigned.explicit(&name) && item.given.is_some() {
                self.error(
                    Code::Duplicate,
                    item.span,
                    format!("`{name}` is assigned twice"),
                );
            }
            let column = self.column(name, item.value.ty);
            match columns.iter().position(|old| old.name == column.name) {
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
        let (open, serialized) = (rel.open, rel.serialized);
        Rel {
            op: RelOp::Project {
                input: Box::new(rel),
                items: values,
            },
            columns,
            open,
            serialized,
            span,
        }
    }

    pub(super) fn project(&mut self, mut rel: Rel, items: &[Syntax], span: Span, env: &Env) -> Rel {
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
        let serialized = rel.serialized;
        Rel {
            op: RelOp::Project {
                input: Box::new(rel),
                items: values,
            },
            columns,
            open: false,
            serialized,
            span,
        }
    }

    fn projected(
        &mut self,
        item: Computed<'_>,
        syntax: &Syntax,
        names: &mut Names,
    ) -> (Column, (ColumnId, Expr)) {
        let plain = matches!(split(syntax).1.kind, S::Name(_));
        let name = match (item.given, item.default) {
            (Some(name), _) => {
                if !names.explicit(&name.text) {
                    self.error(
                        Code::Duplicate,
                        item.span,
                        format!("a column `{}` is already there", name.text),
                    );
                }
                name.text.clone()
            }
            (None, Some(name)) if plain => {
                if !names.explicit(&name) {
                    self.error(
                        Code::Duplicate,
                        item.span,
                        format!("a column `{name}` is already there"),
                    );
                }
                name
            }
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
                let near = closest(name, rel.columns.iter().map(|column| column.name.as_str()));
                let mut found = Diagnostic::error(
                    Code::UnknownColumn,
                    item.span,
                    format!("unknown column `{name}`"),
                );
                if let Some(near) = near {
                    found = found.hint(format!("did you mean `{near}`?"));
                }
                self.report(found);
                Vec::new()
            }
            S::Wildcard(pattern) => rel
                .columns
                .iter()
                .filter(|column| names::matches(pattern, &column.name))
                .cloned()
                .collect(),
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
        let serialized = rel.serialized;
        Rel {
            op: RelOp::Project {
                input: Box::new(rel),
                items,
            },
            columns,
            open,
            serialized,
            span,
        }
    }

    pub(super) fn project_away(&mut self, mut rel: Rel, items: &[Syntax], span: Span) -> Rel {
        let mut gone: Vec<ColumnId> = Vec::new();
        for item in items {
            gone.extend(
                self.named_columns(&mut rel, item)
                    .iter()
                    .map(|column| column.id),
            );
        }
        let columns = rel
            .columns
            .iter()
            .filter(|column| !gone.contains(&column.id))
            .cloned()
            .collect();
        let open = rel.open;
        Self::select(rel, columns, open, span)
    }

    pub(super) fn project_keep(&mut self, mut rel: Rel, items: &[Syntax], span: Span) -> Rel {
        let mut kept: Vec<ColumnId> = Vec::new();
        for item in items {
            kept.extend(
                self.named_columns(&mut rel, item)
                    .iter()
                    .map(|column| column.id),
            );
        }
        let columns = rel
            .columns
            .iter()
            .filter(|column| kept.contains(&column.id))
            .cloned()
            .collect();
        Self::select(rel, columns, false, span)
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
                self.error(
                    Code::Duplicate,
                    name.span,
                    format!("a column `{}` is already there", name.text),
                );
            }
            if let Some(column) = columns.iter_mut().find(|column| column.id == id) {
                column.name = name.text;
            }
        }
        let open = rel.open;
        Self::select(rel, columns, open, span)
    }

    pub(super) fn project_reorder(&mut self, mut rel: Rel, items: &[Order], span: Span) -> Rel {
        let mut first: Vec<Column> = Vec::new();
        let mut star = None;
        let explicit: Vec<String> = items
            .iter()
            .filter_map(|item| match &item.expr.kind {
                S::Name(name) => Some(name.clone()),
                _ => None,
            })
            .collect();
        for item in items {
            if matches!(item.expr.kind, S::Star) {
                star = Some(first.len());
                continue;
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
                let later = pattern && explicit.contains(&column.name);
                if !later && !first.iter().any(|known| known.id == column.id) {
                    first.push(column);
                }
            }
        }
        let rest = rel
            .columns
            .iter()
            .filter(|column| !first.iter().any(|known| known.id == column.id));
        let rest: Vec<Column> = rest.cloned().collect();
        let at = star.unwrap_or(first.len());
        let mut columns = first;
        columns.splice(at..at, rest);
        let open = rel.open;
        Self::select(rel, columns, open, span)
    }

    pub(super) fn distinct(&mut self, rel: Rel, items: &[Syntax], span: Span, env: &Env) -> Rel {
        let projected = self.project(rel, items, span, env);
        let RelOp::Project {
            input,
            items: values,
        } = projected.op
        else {
            return projected;
        };
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
