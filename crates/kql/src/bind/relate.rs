//! `join`, `lookup`, `union`, `search` and `find`.

use crate::diagnostic::{Code, Diagnostic, closest};
use crate::plan::{Column, Expr, ExprKind, JoinKind, Literal, Operator, Rel, RelOp, UnionInput};
use crate::syntax::tree::{Constant, Expr as Syntax, ExprKind as S, Option_};
use crate::types::{Span, Type};

use super::coerce::{self, cast};
use super::names::Names;
use super::scope::{Cx, Env};
use super::table::option_text;
use super::{Binder, scalar};

const JOIN_KINDS: &[(&str, JoinKind)] = &[
    ("innerunique", JoinKind::InnerUnique),
    ("inner", JoinKind::Inner),
    ("leftouter", JoinKind::LeftOuter),
    ("rightouter", JoinKind::RightOuter),
    ("fullouter", JoinKind::FullOuter),
    ("leftanti", JoinKind::LeftAnti),
    ("anti", JoinKind::LeftAnti),
    ("leftantisemi", JoinKind::LeftAnti),
    ("rightanti", JoinKind::RightAnti),
    ("rightantisemi", JoinKind::RightAnti),
    ("leftsemi", JoinKind::LeftSemi),
    ("rightsemi", JoinKind::RightSemi),
];

fn option<'o>(options: &'o [Option_], names: &[&str]) -> Option<&'o Option_> {
    options
        .iter()
        .find(|option| names.contains(&option.name.as_str()))
}

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
        let kind = self.join_kind(options, lookup);
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
        if on.is_empty() && !left.open && !right.open {
            self.error(
                Code::JoinCondition,
                span,
                "a join needs `on` with at least one column",
            );
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
        Rel {
            op,
            columns,
            open,
            serialized: false,
            span,
        }
    }

    fn join_kind(&mut self, options: &[Option_], lookup: bool) -> JoinKind {
        let default = if lookup {
            JoinKind::LeftOuter
        } else {
            JoinKind::InnerUnique
        };
        let Some(option) = option(options, &["kind"]) else {
            return default;
        };
        let text = option_text(&option.value);
        if let Some((_, kind)) = JOIN_KINDS.iter().find(|(name, _)| *name == text) {
            return *kind;
        }
        let mut found = Diagnostic::error(
            Code::BadOption,
            option.value.span,
            format!("unknown join kind `{text}`"),
        );
        if let Some(near) = closest(&text, JOIN_KINDS.iter().map(|(name, _)| *name)) {
            found = found.hint(format!("did you mean `{near}`?"));
        }
        self.report(found);
        default
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
                    (Some((false, l)), Some((true, r))) | (Some((true, r)), Some((false, l))) => {
                        Some((l, r))
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
                _ => None,
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
        let mut found = Diagnostic::error(
            Code::UnknownColumn,
            span,
            format!("the {side} side of the join has no column `{name}`"),
        );
        if let Some(near) = closest(name, rel.columns.iter().map(|column| column.name.as_str())) {
            found = found.hint(format!("did you mean `{near}`?"));
        }
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
            self.error(
                Code::JoinCondition,
                span,
                format!("the join keys have different types: `{l}` and `{r}`"),
            );
        }
        let ty = coerce::equality(l, r).unwrap_or(l);
        let ty = if ty == Type::Unknown {
            Type::String
        } else {
            ty
        };
        (cast(left, ty), cast(right, ty))
    }

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
                    let mut tables = self.wildcard_tables(pattern, input.span, env);
                    if tables.is_empty() {
                        let missing = self.missing_table(pattern, input.span);
                        tables.push(missing);
                    }
                    rels.append(&mut tables);
                }
                S::Star => rels.append(&mut self.wildcard_tables("*", input.span, env)),
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
        let mut order: Vec<(String, Vec<Type>)> = Vec::new();
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
        for (_, types) in &mut order {
            if types.contains(&Type::Unknown) {
                *types = vec![Type::Unknown];
            }
        }
        let unknown: std::collections::HashSet<&str> = order
            .iter()
            .filter(|(_, types)| types == &[Type::Unknown])
            .map(|(name, _)| name.as_str())
            .collect();
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
        let mut wanted: Vec<Option<(String, Type)>> = Vec::new();
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
                    format!("{name}_{ty}")
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
            let mut mapped = vec![None; wanted.len()];
            for column in &rel.columns {
                let at = position_of.get(&(column.name.as_str(), column.ty));
                if let Some(slot) = at.and_then(|at| mapped.get_mut(*at)) {
                    *slot = Some(column.id);
                }
            }
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
    fn as_unknown(&mut self, rel: Rel, names: &std::collections::HashSet<&str>) -> Rel {
        let differs =
            |column: &Column| column.ty != Type::Unknown && names.contains(column.name.as_str());
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
        let (open, serialized) = (rel.open, rel.serialized);
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
            Some(input) => vec![input],
            None => self.searched_tables(tables, span, env),
        };
        let mut rel = self.union_of(rels, Some("$table".to_owned()), false, span);
        let predicate = self.over(&mut rel, env, |b, cx| b.search_predicate(predicate, cx));
        Self::filter(rel, predicate, span)
    }

    fn searched_tables(&mut self, tables: &[Syntax], span: Span, env: &Env) -> Vec<Rel> {
        if tables.is_empty() {
            return self.wildcard_tables("*", span, &Env::default());
        }
        let mut rels = Vec::new();
        for table in tables {
            match &table.kind {
                S::Wildcard(pattern) => {
                    rels.append(&mut self.wildcard_tables(pattern, table.span, env))
                }
                S::Star => rels.append(&mut self.wildcard_tables("*", table.span, env)),
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
        project: Option<&[(Syntax, Option<Type>)]>,
        span: Span,
        env: &Env,
    ) -> Rel {
        let rels = self.searched_tables(tables, span, env);
        let shared: Vec<String> = rels.first().map_or_else(Vec::new, |first| {
            let everywhere = |name: &str| {
                rels.iter()
                    .all(|rel| rel.columns.iter().any(|column| column.name == name))
            };
            first
                .columns
                .iter()
                .map(|c| c.name.clone())
                .filter(|name| everywhere(name))
                .collect()
        });
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
        let mut columns = vec![source];
        match project {
            Some(project) => {
                for (item, ty) in project {
                    let Some(name) = super::names::of(item) else {
                        continue;
                    };
                    let known = rel
                        .columns
                        .iter()
                        .find(|column| column.name == name)
                        .cloned();
                    let Some(mut column) = known else {
                        self.error(
                            Code::UnknownColumn,
                            item.span,
                            format!("no table has a column `{name}`"),
                        );
                        continue;
                    };
                    column.ty = ty.unwrap_or(column.ty);
                    columns.push(column);
                }
                let items = columns.iter().map(|column| {
                    let source = rel.columns.iter().find(|known| known.id == column.id);
                    (
                        column.id,
                        cast(Self::pass(source.unwrap_or(column), span).1, column.ty),
                    )
                });
                let items = items.collect();
                Rel {
                    op: RelOp::Project {
                        input: Box::new(rel),
                        items,
                    },
                    columns,
                    open: false,
                    serialized: false,
                    span,
                }
            }
            None => {
                let used = |c: &&Column| shared.contains(&c.name);
                columns.extend(rel.columns.iter().skip(1).filter(used).cloned());
                let mut items: Vec<_> = columns
                    .iter()
                    .map(|column| Self::pass(column, span))
                    .collect();
                let mut pack = Vec::new();
                for column in rel
                    .columns
                    .iter()
                    .skip(1)
                    .filter(|c| !shared.contains(&c.name))
                {
                    pack.push(scalar::literal(
                        &Constant::String(column.name.clone()),
                        span,
                    ));
                    pack.push(Self::pass(column, span).1);
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
                Rel {
                    op: RelOp::Project {
                        input: Box::new(rel),
                        items,
                    },
                    columns,
                    open: false,
                    serialized: false,
                    span,
                }
            }
        }
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

/// The table an input of a union is read from.
fn source_name(rel: &Rel) -> Option<&str> {
    match &rel.op {
        RelOp::Table { name, .. } | RelOp::MissingTable { name } => Some(name),
        RelOp::Project { input, .. } => match &input.op {
            RelOp::Table { name, .. } if rel.span == input.span => Some(name),
            _ => None,
        },
        _ => None,
    }
}
