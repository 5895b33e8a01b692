//! `search` and `find`.

use std::collections::HashSet;

use super::coerce::cast;
use super::places::Places;
use super::rel;
use super::scope::{Cx, Env};
use super::table::option_text;
use super::union::option;
use super::{Binder, scalar};
use crate::diagnostic::Code;
use crate::plan::{Column, ColumnId, ColumnName, Expr, ExprKind, Literal, Operator, Rel};
use crate::syntax::tree::{Constant, Expr as Syntax, ExprKind as S, Option_};
use crate::types::{Span, Type};

/// The columns a `find` asks for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'s> {
    /// Those listed, each with the type it is wanted in; `None` for the common ones and a bag of the others.
    pub(super) project: Option<&'s [(Syntax, Option<Type>)]>,
    /// Those to leave out.
    pub(super) away: &'s [Syntax],
}

impl Binder<'_> {
    /// `search`: the union of the tables, and of their rows those in which any column matches.
    pub(super) fn search(
        &mut self,
        input: Option<Rel>,
        tables: &[Syntax],
        predicate: &Syntax,
        span: Span,
        env: &Env,
    ) -> Rel {
        let rels = match input {
            Some(_) if !tables.is_empty() => {
                let message =
                    "`search in (...)` reads tables of its own, so nothing may stand before it";
                self.error(Code::Expected, span, message);
                return Self::error_rel(span);
            }
            Some(input) => vec![input],
            None => self.searched_tables(tables, span, env),
        };
        let mut rel = self.union_of(rels, Some("$table".to_owned()), false, span);
        let predicate = self.over(&mut rel, env, |b, cx| b.search_predicate(predicate, cx));
        Self::filter(rel, predicate, span)
    }

    fn searched_tables(&mut self, tables: &[Syntax], span: Span, env: &Env) -> Vec<Rel> {
        if tables.is_empty() {
            return self.wildcard_tables("*", span);
        }
        let mut rels = Vec::new();
        for table in tables {
            match &table.kind {
                S::Wildcard(pattern) => rels.append(&mut self.wildcard_tables(pattern, table.span)),
                S::Star => rels.append(&mut self.wildcard_tables("*", table.span)),
                _ => rels.push(self.table(table, env)),
            }
        }
        rels
    }

    /// A bare string means "any column has it"; `and`, `or`, `not` and comparisons as usual.
    fn search_predicate(&mut self, syntax: &Syntax, cx: &Cx<'_>) -> Expr {
        let span = syntax.span;
        match &syntax.kind {
            S::Literal(Constant::String(text)) => {
                let (op, text) = search_term(text);
                if text.is_empty() {
                    return Expr {
                        kind: ExprKind::Literal(Literal::Bool(true)),
                        ty: Type::Bool,
                        span,
                    };
                }
                let term = scalar::literal(&Constant::String(text), span);
                self.any_of(cx.row.columns, op, &term, span)
            }
            S::Paren(inner) => self.search_predicate(inner, cx),
            S::Star => Expr {
                kind: ExprKind::Literal(Literal::Bool(true)),
                ty: Type::Bool,
                span,
            },
            S::Binary(op @ (Operator::And | Operator::Or), at, left, right) => {
                let left = self.search_predicate(left, cx);
                let right = self.search_predicate(right, cx);
                self.apply(*op, *at, left, right, span)
            }
            S::Call {
                receiver: None,
                name,
                args,
            } if name.text == "not" && args.len() == 1 => {
                let inner = self.search_predicate(&args[0], cx);
                Expr {
                    kind: ExprKind::Call {
                        function: "not",
                        args: vec![inner],
                    },
                    ty: Type::Bool,
                    span,
                }
            }
            _ => self.predicate(syntax, cx),
        }
    }

    /// `find`: the columns asked for (or those all tables share), the table's name first.
    pub(super) fn find(
        &mut self,
        options: &[Option_],
        tables: &[Syntax],
        predicate: Option<&Syntax>,
        asked: Asked<'_>,
        span: Span,
        env: &Env,
    ) -> Rel {
        let mut rels = self.searched_tables(tables, span, env);
        // Only tables with a column that the predicate names can have a row.
        let mut mentioned = Vec::new();
        if let Some(predicate) = predicate {
            mentioned_names(predicate, &mut mentioned);
        }
        let known: HashSet<&str> = rels
            .iter()
            .flat_map(|rel| rel.columns.iter().map(|column| column.name.as_str()))
            .collect();
        mentioned.retain(|name| known.contains(name.as_str()));
        if !mentioned.is_empty() {
            let wanted: HashSet<&str> = mentioned.iter().map(String::as_str).collect();
            rels.retain(|rel| {
                let mut columns = rel.columns.iter();
                rel.open || columns.any(|column| wanted.contains(column.name.as_str()))
            });
        }
        let rels = self.of_one_type(rels);
        let mut shared = in_all(&rels);
        let mut is_shared: HashSet<ColumnName> = shared.iter().cloned().collect();
        for name in mentioned {
            let name = ColumnName::from(name);
            if is_shared.insert(name.clone()) {
                shared.push(name);
            }
        }
        let source = option(options, &["withsource", "with_source"]).map(|o| option_text(&o.value));
        let mut rel = self.union_of(
            rels,
            Some(source.unwrap_or_else(|| "source_".to_owned())),
            false,
            span,
        );
        let Some(source) = rel.columns.first().cloned() else {
            return rel;
        };
        if let Some(predicate) = predicate {
            let predicate = self.over(&mut rel, env, |b, cx| b.search_predicate(predicate, cx));
            rel = Self::filter(rel, predicate, span);
        }
        let mut columns = vec![source.clone()];
        let found = match asked.project {
            Some(project) => {
                let mut packed = false;
                let mut places = Places::default();
                let mut stored = Vec::new();
                for (item, ty) in project {
                    packed |= matches!(&item.kind, S::Call { name, .. } if name.text == "pack");
                    let S::Name(name) = &item.kind else {
                        continue;
                    };
                    let known = places.find(name, &rel.columns);
                    let Some(known) = known.and_then(|at| rel.columns.get(at)) else {
                        self.error(
                            Code::UnknownColumn,
                            item.span,
                            format!("no table has a column `{name}`"),
                        );
                        continue;
                    };
                    let ty = ty.unwrap_or(known.ty);
                    stored.push((known.id, cast(Self::pass(known, span).1, ty)));
                    columns.push(Column {
                        ty,
                        ..known.clone()
                    });
                }
                let mut items: Vec<_> = vec![Self::pass(&source, span)];
                items.append(&mut stored);
                if packed {
                    self.pack_others(&rel, &mut columns, &mut items, span);
                }
                rel::project(rel, columns, items, false, span)
            }
            None => {
                let named = rel.columns.get(1..).unwrap_or_default();
                let mut places = Places::default();
                for name in &shared {
                    let place = places.find(name, named);
                    columns.extend(place.and_then(|at| named.get(at)).cloned());
                }
                let mut items: Vec<_> = columns
                    .iter()
                    .map(|column| Self::pass(column, span))
                    .collect();
                self.pack_others(&rel, &mut columns, &mut items, span);
                rel::project(rel, columns, items, false, span)
            }
        };
        self.without(found, asked.away, span)
    }

    /// Columns of one name made of one type: the widest number, or a dynamic.
    fn of_one_type(&mut self, rels: Vec<Rel>) -> Vec<Rel> {
        let mut types: std::collections::HashMap<ColumnName, Vec<Type>> = Default::default();
        for column in rels.iter().flat_map(|rel| &rel.columns) {
            types
                .entry(column.name.clone())
                .or_default()
                .push(column.ty);
        }
        let common = types.into_iter().filter_map(|(name, types)| {
            let first = types[0];
            let differ = types.iter().any(|ty| *ty != first);
            differ.then(|| (name, super::coerce::common(types)))
        });
        let common = common.collect();
        rels.into_iter()
            .map(|rel| self.adapted(rel, &common))
            .collect()
    }

    /// Adds a bag of the columns that are not listed, if there are any.
    fn pack_others(
        &mut self,
        rel: &Rel,
        columns: &mut Vec<Column>,
        items: &mut Vec<(ColumnId, Expr)>,
        span: Span,
    ) {
        let mut pack = Vec::new();
        let listed = |name: &str| columns.iter().any(|column| column.name == name);
        for column in rel.columns.iter().skip(1).filter(|c| !listed(&c.name)) {
            pack.push(scalar::literal(
                &Constant::String(column.name.to_string()),
                span,
            ));
            pack.push(Self::pass(column, span).1);
        }
        if pack.is_empty() {
            return;
        }
        let packed = self.column("pack_", Type::Dynamic);
        let kind = ExprKind::Call {
            function: "pack_all",
            args: pack,
        };
        items.push((
            packed.id,
            Expr {
                kind,
                ty: Type::Dynamic,
                span,
            },
        ));
        columns.push(packed);
    }

    /// The table without the columns that `project-away` lists; `*` leaves the source and an explicit bag only.
    fn without(&mut self, rel: Rel, away: &[Syntax], span: Span) -> Rel {
        if away.is_empty() {
            return rel;
        }
        let all = away.iter().any(|item| matches!(item.kind, S::Star));
        let mut columns = rel.columns.clone();
        let mut position = 0;
        columns.retain(|column| {
            position += 1;
            let named = |item: &Syntax| matches!(&item.kind, S::Name(name) if column.name == *name);
            !(all && position > 1 || away.iter().any(named))
        });
        let items = columns.iter().map(|c| Self::pass(c, span)).collect();
        rel::project(rel, columns, items, false, span)
    }
}

/// Names of columns that all tables have, in the order of the first.
fn in_all(rels: &[Rel]) -> Vec<ColumnName> {
    let Some((first, others)) = rels.split_first() else {
        return Vec::new();
    };
    let mut names: Vec<ColumnName> = first.columns.iter().map(|c| c.name.clone()).collect();
    for rel in others {
        if names.is_empty() {
            break;
        }
        let known: HashSet<&str> = rel.columns.iter().map(|c| c.name.as_str()).collect();
        names.retain(|name| known.contains(name.as_str()));
    }
    names
}

/// Names a predicate mentions, each once.
pub(super) fn mentioned_names(syntax: &Syntax, names: &mut Vec<String>) {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut stack = vec![syntax];
    while let Some(syntax) = stack.pop() {
        match &syntax.kind {
            S::Name(name) if seen.insert(name) => names.push(name.clone()),
            S::Paren(inner) | S::Negate(inner) | S::Member(inner, _) => stack.push(inner),
            S::Binary(_, _, left, right) | S::Element(left, right) => {
                stack.extend([right.as_ref(), left])
            }
            S::Between {
                value, low, high, ..
            } => stack.extend([high.as_ref(), low, value]),
            S::In(_, _, value, list) => {
                stack.extend(list.iter().rev());
                stack.push(value);
            }
            S::Call { args, .. } => stack.extend(args.iter().rev().map(AsRef::as_ref)),
            _ => {}
        }
    }
}

/// `abc*`, `*abc` and `*abc*` of search terms.
fn search_term(text: &str) -> (Operator, String) {
    let (start, end) = (text.starts_with('*'), text.ends_with('*') && text.len() > 1);
    let op = match (start, end) {
        (true, true) => Operator::Contains,
        (true, false) => Operator::HasSuffix,
        (false, true) => Operator::HasPrefix,
        (false, false) => Operator::Has,
    };
    (op, text.trim_matches('*').to_owned())
}
