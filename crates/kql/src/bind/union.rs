//! `union`, also where `search` and `find` need one.

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
        let mut order: Vec<(ColumnName, Vec<Type>)> = Vec::new();
        let mut index = std::collections::HashMap::new();
        for column in rels.iter().flat_map(|rel| rel.columns.iter()) {
            let at = *index.entry(column.name.clone()).or_insert_with(|| {
                order.push((column.name.clone(), Vec::new()));
                order.len() - 1
            });
            if let Some((_, types)) = order.get_mut(at)
                && !types.contains(&column.ty)
            {
                types.push(column.ty);
            }
        }
        // A value of unknown type is a dynamic at run time: so is the whole column then.
        let mut unknown = std::collections::HashSet::new();
        for (name, types) in &mut order {
            if types.contains(&Type::Unknown) {
                *types = vec![Type::Unknown];
                unknown.insert(name.clone());
            }
        }
        let rels: Vec<Rel> = rels
            .into_iter()
            .map(|rel| self.as_unknown(rel, &unknown))
            .collect();
        if inner {
            order.retain(|(name, _)| {
                rels.iter()
                    .all(|rel| rel.columns.iter().any(|column| column.name == *name))
            });
        }
        let mut columns = Vec::new();
        let mut wanted: Vec<Option<(ColumnName, Type)>> = Vec::new();
        let source = source.map(|name| {
            let column = self.column(name, Type::String);
            let id = column.id;
            columns.push(column);
            wanted.push(None);
            id
        });
        for (name, types) in order {
            for ty in &types {
                let shown = if types.len() > 1 {
                    ColumnName::from(format!("{name}_{ty}"))
                } else {
                    name.clone()
                };
                columns.push(self.column(shown, *ty));
                wanted.push(Some((name.clone(), *ty)));
            }
        }
        let open = rels.iter().any(|rel| rel.open);
        let position_of: std::collections::HashMap<(&str, Type), usize> = wanted
            .iter()
            .enumerate()
            .filter_map(|(at, wanted)| wanted.as_ref().map(|(name, ty)| ((name.as_str(), *ty), at)))
            .collect();
        let inputs = rels.into_iter().enumerate().map(|(position, rel)| {
            let mapped = rel.columns.iter().filter_map(|column| {
                let at = position_of.get(&(column.name.as_str(), column.ty))?;
                Some((*at, column.id))
            });
            let mapped = SourceColumns::new(wanted.len(), mapped.collect());
            let source_name =
                source_name(&rel).map_or_else(|| format!("union_arg{position}"), str::to_owned);
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

    /// Converts the named columns to values of unknown type, where they are of another.
    fn as_unknown(&mut self, rel: Rel, names: &std::collections::HashSet<ColumnName>) -> Rel {
        let differs = |column: &Column| column.ty != Type::Unknown && names.contains(&column.name);
        if !rel.columns.iter().any(differs) {
            return rel;
        }
        let span = rel.span;
        let mut columns = Vec::with_capacity(rel.columns.len());
        let mut items = Vec::with_capacity(rel.columns.len());
        for column in &rel.columns {
            let (id, value) = Self::pass(column, span);
            if differs(column) {
                let fresh = self.column(column.name.clone(), Type::Unknown);
                items.push((fresh.id, cast(value, Type::Unknown)));
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
