//! `mv-expand`, `mv-apply`, `parse`, `parse-kv`.

use super::rel;
use crate::diagnostic::Code;
use crate::plan::{
    BagExpansion, Column, ColumnId, Expr, ExprKind, MvItem, ParseKvOptions, ParseMode, ParsePiece,
    Rel, RelOp,
};
use crate::syntax::tree::{Expansion, Expr as Syntax, ExprKind as S, Name, Op, Option_, Piece};
use crate::types::{Span, Type};

use super::Binder;
use super::coerce::cast;
use super::names;
use super::places::Places;
use super::project::split;
use super::scope::{Cx, Env};
use super::table::option_text;

/// What the items of an expansion make.
struct Expanded {
    items: Vec<MvItem>,
    /// The items' columns, and whether each replaces one of the input.
    columns: Vec<(Column, Option<ColumnId>)>,
    /// Items without a name of their own take their column's place for good.
    unnamed: Vec<ColumnId>,
    index: Option<Column>,
}

impl Binder<'_> {
    fn expansion(
        &mut self,
        rel: &mut Rel,
        options: &[Option_],
        items: &[Expansion],
        env: &Env,
    ) -> Expanded {
        let values: Vec<(Expr, Option<Type>, String, bool)> = self.over(rel, env, |b, cx| {
            let mut values = Vec::new();
            for item in items {
                let (given, syntax) = split(&item.expr);
                let value = b.scalar(syntax, cx);
                if !value.ty.is_dynamic() {
                    let message = format!("only a `dynamic` expands, not a `{}`", value.ty);
                    b.error(Code::TypeMismatch, syntax.span, message);
                }
                let name = given
                    .first()
                    .map(|name| name.text.clone())
                    .or_else(|| names::of(syntax));
                values.push((
                    value,
                    item.ty,
                    name.unwrap_or_else(|| "Column1".to_owned()),
                    given.is_empty(),
                ));
            }
            values
        });
        let mut expanded = Expanded {
            items: Vec::new(),
            columns: Vec::new(),
            unnamed: Vec::new(),
            index: None,
        };
        for (value, ty, name, unnamed) in values {
            let replaced = rel
                .columns
                .iter()
                .find(|column| column.name == name)
                .map(|column| column.id);
            expanded.unnamed.extend(replaced.filter(|_| unnamed));
            let ty = ty.unwrap_or(if value.ty == Type::Unknown {
                Type::Unknown
            } else {
                Type::Dynamic
            });
            let column = self.column(name, ty);
            expanded.items.push(MvItem {
                value,
                output: column.id,
                ty,
            });
            expanded.columns.push((column, replaced));
        }
        if let Some(option) = options
            .iter()
            .find(|option| option.name == "with_itemindex")
        {
            let mut taken = names::Names::default();
            let items = expanded.columns.iter().map(|(column, _)| column);
            for column in rel.columns.iter().chain(items) {
                taken.explicit(&column.name);
            }
            let name = taken.implicit(option_text(&option.value));
            expanded.index = Some(self.column(name, Type::Long));
        }
        expanded
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn mv_expand(
        &mut self,
        mut rel: Rel,
        options: &[Option_],
        items: &[Expansion],
        limit: Option<&Syntax>,
        span: Span,
        env: &Env,
    ) -> Rel {
        let expanded = self.expansion(&mut rel, options, items, env);
        let limit = limit.map(|limit| Box::new(self.count_argument(limit, env)));
        let mut columns = rel.columns.clone();
        for (column, replaced) in expanded.columns {
            match columns.iter_mut().find(|old| Some(old.id) == replaced) {
                Some(old) => *old = column,
                None => columns.push(column),
            }
        }
        columns.extend(expanded.index.iter().cloned());
        let array = options.iter().any(|option| {
            matches!(option.name.as_str(), "kind" | "bagexpansion")
                && option_text(&option.value) == "array"
        });
        rel::like(rel, columns, span, |input| RelOp::MvExpand {
            input,
            items: expanded.items,
            index: expanded.index.map(|column| column.id),
            limit,
            bag: if array {
                BagExpansion::Array
            } else {
                BagExpansion::Bag
            },
        })
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn mv_apply(
        &mut self,
        mut rel: Rel,
        options: &[Option_],
        items: &[Expansion],
        limit: Option<&Syntax>,
        body: &[Op],
        span: Span,
        env: &Env,
    ) -> Rel {
        let expanded = self.expansion(&mut rel, options, items, env);
        let limit = limit.map(|limit| Box::new(self.count_argument(limit, env)));
        // Inside, an item hides the input's column of the same name.
        let hidden: Vec<ColumnId> = expanded
            .columns
            .iter()
            .filter_map(|(_, replaced)| *replaced)
            .collect();
        let visible = |hidden: &[ColumnId]| -> Vec<Column> {
            rel.columns
                .iter()
                .filter(|column| !hidden.contains(&column.id))
                .cloned()
                .collect()
        };
        let mut inner = visible(&hidden);
        inner.extend(expanded.columns.iter().map(|(column, _)| column.clone()));
        inner.extend(expanded.index.iter().cloned());
        let leaf = rel::ordered(RelOp::SubInput, inner, span);
        let subquery = self.pipeline(leaf, body, env);
        // Outside: the input's columns, then what the subquery makes; a column of a name that is there already is the
        // same one passed through.
        let mut columns = rel.columns.clone();
        columns.retain(|column| {
            let made = || subquery.columns.iter().any(|c| c.name == column.name);
            !expanded.unnamed.contains(&column.id) || made()
        });
        let mut places = Places::default();
        for column in &subquery.columns {
            put(&mut columns, &mut places, column.clone());
        }
        let open = rel.open;
        let op = RelOp::MvApply {
            input: Box::new(rel),
            items: expanded.items,
            index: expanded.index.map(|column| column.id),
            limit,
            subquery: Box::new(subquery),
        };
        rel::unordered(op, columns, open, span)
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn parse(
        &mut self,
        mut rel: Rel,
        options: &[Option_],
        value: &Syntax,
        pieces: &[Piece],
        only_matches: bool,
        span: Span,
        env: &Env,
    ) -> Rel {
        let value = self.over(&mut rel, env, |b, cx| b.scalar(value, cx));
        let text = |name: &str| {
            options
                .iter()
                .find(|o| o.name == name)
                .map(|o| option_text(&o.value))
        };
        let mode = match text("kind").as_deref() {
            Some("regex") => ParseMode::Regex,
            Some("relaxed") => ParseMode::Relaxed,
            _ => ParseMode::Simple,
        };
        let mut columns = rel.columns.clone();
        let mut places = Places::default();
        let mut names = names::Names::default();
        let mut plan = Vec::with_capacity(pieces.len());
        for piece in pieces {
            plan.push(match piece {
                Piece::Star => ParsePiece::Star,
                Piece::Text(text, place) => {
                    if mode == ParseMode::Regex {
                        self.lint_regex_text(text, *place);
                    }
                    ParsePiece::Literal(text.clone())
                }
                Piece::Column(name, ty) => {
                    let ty = ty.unwrap_or(Type::String);
                    let name = self.take_name(&mut names, &name.text, name.span);
                    let column = self.column(name, ty);
                    let id = column.id;
                    put(&mut columns, &mut places, column);
                    ParsePiece::Column { id, ty }
                }
            });
        }
        rel::like(rel, columns, span, |input| RelOp::Parse {
            input,
            value: Box::new(cast(value, Type::String)),
            mode,
            flags: text("flags").unwrap_or_default(),
            pieces: plan,
            only_matches,
        })
    }

    pub(super) fn parse_kv(
        &mut self,
        mut rel: Rel,
        value: &Syntax,
        keys: &[(Name, Type)],
        options: &[Option_],
        span: Span,
        env: &Env,
    ) -> Rel {
        let value = self.over(&mut rel, env, |b, cx| b.scalar(value, cx));
        let mut parsed = ParseKvOptions::default();
        for option in options {
            let text = Some(self.option_string(&option.value, env));
            match option.name.as_str() {
                "pair_delimiter" => parsed.pair_delimiter = text,
                "kv_delimiter" => parsed.kv_delimiter = text,
                "escape" => parsed.escape = text,
                "regex" => {
                    self.lint_regex_text(text.as_deref().unwrap_or_default(), option.value.span);
                    parsed.regex = text;
                }
                "quote" => parsed.quotes.extend(text),
                "greedy" => parsed.greedy = text.as_deref() == Some("true"),
                _ => self.error(
                    Code::BadOption,
                    option.span,
                    format!("unknown option `{}`", option.name),
                ),
            }
        }
        self.check_columns(keys);
        let keys: Vec<Column> = keys
            .iter()
            .map(|(name, ty)| self.column(&name.text, *ty))
            .collect();
        let mut columns = rel.columns.clone();
        let mut places = Places::default();
        for key in &keys {
            put(&mut columns, &mut places, key.clone());
        }
        let (open, serialized) = (rel.open, rel.serialized);
        let value = Box::new(cast(value, Type::String));
        let op = RelOp::ParseKv {
            input: Box::new(rel),
            value,
            keys,
            options: parsed,
        };
        Rel {
            op,
            columns,
            open,
            serialized,
            span,
        }
    }

    fn option_string(&mut self, value: &Syntax, env: &Env) -> String {
        if let S::Name(_) = value.kind
            && let Some(super::scope::Binding::Scalar(Expr {
                kind: ExprKind::Literal(crate::plan::Literal::String(text)),
                ..
            })) = env.get(&option_text(value))
        {
            return text.clone();
        }
        if let S::Paren(inner) = &value.kind {
            return self
                .constant_string(inner, &Cx::top(env))
                .unwrap_or_default();
        }
        option_text(value)
    }
}

/// Puts a column in the place of the one of its name, or at the end.
fn put(columns: &mut Vec<Column>, places: &mut Places, column: Column) {
    let place = places.find(&column.name, columns);
    match place.and_then(|at| columns.get_mut(at)) {
        Some(old) => *old = column,
        None => columns.push(column),
    }
}
