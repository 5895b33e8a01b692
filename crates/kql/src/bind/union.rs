//! `union`, also where `search` and `find` need one.

use std::collections::HashMap;

use super::Binder;
use super::coerce::cast;
use super::rel;
use super::scope::Env;
use super::table::option_text;
use crate::plan::{Column, ColumnName, Rel, RelOp, SourceColumns, UnionInput};
use crate::syntax::tree::{Expr as Syntax, ExprKind as S, Option_};
use crate::types::{Span, Type};

impl Binder<'_> {
    pub(super) fn union(
        &mut self,
        first: Option<Rel>,
        options: &[Option_],
        inputs: &[Syntax],
        span: Span,
        env: &Env,
    ) -> Rel {
        let fuzzy = option(options, &["isfuzzy"])
            .is_some_and(|o| option_text(&o.value).eq_ignore_ascii_case("true"));
        let outer = self.fuzzy;
        self.fuzzy |= fuzzy;
        let mut rels: Vec<Rel> = first.into_iter().collect();
        for input in inputs {
            match &input.kind {
                S::Wildcard(pattern) => {
                    let mut tables = self.wildcard_tables(pattern, input.span);
                    if tables.is_empty() {
                        let missing = self.missing_table(pattern, input.span);
                        tables.push(missing);
                    }
                    rels.append(&mut tables);
                }
                S::Star => rels.append(&mut self.wildcard_tables("*", input.span)),
                _ => {
                    let table = self.table(input, env);
                    rels.push(table);
                }
            }
        }
        self.fuzzy = outer;
        let source = option(options, &["withsource", "with_source"])
            .map(|option| option_text(&option.value));
        let inner = option(options, &["kind"])
            .is_some_and(|o| option_text(&o.value).eq_ignore_ascii_case("inner"));
        self.union_of(rels, source, inner, span)
    }

    /// The union of tables: columns by name, those of one name and several types apart as `name_type`.
    pub(super) fn union_of(
        &mut self,
        rels: Vec<Rel>,
        source: Option<String>,
        inner: bool,
        span: Span,
    ) -> Rel {
        let (mut order, places) = by_name(&rels);
        // A value of unknown type is taken for one of the type the others have, where the first two agree on it and no
        // other is known; else all are dynamics.
        let mut adapted = HashMap::new();
        for named in &mut order {
            if named.types().any(|ty| ty == Type::Unknown) && !named.more.is_empty() {
                let mut given = rels.iter().filter_map(|rel| {
                    let mut columns = rel.columns.iter();
                    let column = columns.find(|column| column.name == named.name);
                    column.map(|column| column.ty)
                });
                let (first, second) = (given.next(), given.next());
                let sure = first == second && named.more.len() == 1;
                let ty = first.filter(|_| sure).unwrap_or(Type::Unknown);
                (named.ty, named.more) = (ty, Vec::new());
                adapted.insert(named.name.clone(), ty);
            }
        }
        let tables = rels.len();
        let rels: Vec<Rel> = rels
            .into_iter()
            .map(|rel| self.adapted(rel, &adapted))
            .collect();
        let mut columns = Vec::with_capacity(order.len());
        let source = source.map(|name| {
            let column = self.column(name, Type::String);
            let id = column.id;
            columns.push(column);
            id
        });
        let mut names = super::names::Names::default();
        for named in &mut order {
            if inner && named.tables < tables {
                continue;
            }
            named.position = Some(columns.len());
            for ty in named.types() {
                let shown = names.implicit(if named.more.is_empty() {
                    named.name.clone()
                } else {
                    format!("{}_{ty}", named.name).into()
                });
                columns.push(self.column(shown, ty));
            }
        }
        let open = rels.iter().any(|rel| rel.open);
        let mut places = places.into_iter();
        let inputs = rels.into_iter().enumerate().map(|(position, rel)| {
            let mut filled = Vec::with_capacity(rel.columns.len());
            for (column, place) in rel.columns.iter().zip(places.by_ref()) {
                let named = order.get(place);
                let at = named.and_then(|named| named.place_of(column.ty));
                filled.extend(at.map(|at| (at, column.id)));
            }
            let mapped = SourceColumns::new(columns.len(), filled);
            let named = match &rel.op {
                RelOp::Materialized { index, .. } => self.as_names.get(index).map(String::as_str),
                _ => source_name(&rel),
            };
            let source_name = named.map_or_else(|| format!("union_arg{position}"), str::to_owned);
            UnionInput {
                columns: mapped,
                source_name,
                rel,
            }
        });
        let inputs = inputs.collect();
        Rel {
            op: RelOp::Union { inputs, source },
            columns,
            open,
            serialized: false,
            span,
        }
    }

    /// Converts the named columns to these types, where they are of another.
    pub(super) fn adapted(&mut self, rel: Rel, types: &HashMap<ColumnName, Type>) -> Rel {
        let wanted = |column: &Column| {
            let ty = types.get(&column.name).copied();
            ty.filter(|ty| *ty != column.ty)
        };
        if !rel.columns.iter().any(|column| wanted(column).is_some()) {
            return rel;
        }
        let span = rel.span;
        let mut columns = Vec::with_capacity(rel.columns.len());
        let mut items = Vec::with_capacity(rel.columns.len());
        for column in &rel.columns {
            let (id, value) = Self::pass(column, span);
            if let Some(ty) = wanted(column) {
                let fresh = self.column(column.name.clone(), ty);
                items.push((fresh.id, cast(value, ty)));
                columns.push(fresh);
            } else {
                items.push((id, value));
                columns.push(column.clone());
            }
        }
        {
            let open = rel.open;
            rel::project(rel, columns, items, open, span)
        }
    }
}

/// The columns of one name.
struct Named {
    name: ColumnName,
    /// The type first met, and the others.
    ty: Type,
    more: Vec<Type>,
    /// How many tables have such a column, and the last that has.
    tables: usize,
    last: usize,
    /// Where the output has the first of them.
    position: Option<usize>,
}

impl Named {
    fn types(&self) -> impl Iterator<Item = Type> + '_ {
        std::iter::once(self.ty).chain(self.more.iter().copied())
    }

    fn place_of(&self, ty: Type) -> Option<usize> {
        Some(self.position? + self.types().position(|known| known == ty)?)
    }
}

/// The columns of tables by name, in the order met, and for each column of each table where it is in that list.
fn by_name(rels: &[Rel]) -> (Vec<Named>, Vec<usize>) {
    let mut order: Vec<Named> = Vec::new();
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut places = Vec::with_capacity(rels.iter().map(|rel| rel.columns.len()).sum());
    for (table, rel) in rels.iter().enumerate() {
        for column in &rel.columns {
            let at = *index.entry(&column.name).or_insert_with(|| {
                order.push(Named {
                    name: column.name.clone(),
                    ty: column.ty,
                    more: Vec::new(),
                    tables: 0,
                    last: usize::MAX,
                    position: None,
                });
                order.len() - 1
            });
            places.push(at);
            let Some(named) = order.get_mut(at) else {
                continue;
            };
            if named.types().all(|ty| ty != column.ty) {
                named.more.push(column.ty);
            }
            named.tables += usize::from(named.last != table);
            named.last = table;
        }
    }
    (order, places)
}

pub(super) fn option<'o>(options: &'o [Option_], names: &[&str]) -> Option<&'o Option_> {
    options
        .iter()
        .find(|option| names.contains(&option.name.as_str()))
}

/// The table an input of a union is read from.
pub(super) fn source_name(rel: &Rel) -> Option<&str> {
    match &rel.op {
        RelOp::Table { name, .. } | RelOp::MissingTable { name } => Some(name),
        RelOp::Project { input, .. } => match &input.op {
            RelOp::Table { name, .. } if rel.span == input.span => Some(name),
            _ => None,
        },
        _ => None,
    }
}
