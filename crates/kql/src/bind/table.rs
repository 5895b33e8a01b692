//! Tables: names, pipelines, sources, and the columns an open input turns out to need.

use super::rel;
use crate::diagnostic::{Code, Diagnostic};
use crate::functions;
use crate::plan::{Column, ColumnId, Expr, ExprKind, Rel, RelOp};
use crate::syntax::tree::{Expr as Syntax, ExprKind as S, Name, Op, OpKind};
use crate::types::{Span, Type};

use super::coerce::cast;
use super::extent::{depth, operators_in};
use super::names::{self, Names};
use super::scope::{Binding, Cx, Env, Value};
use super::{Binder, MAX_REL_DEPTH};

impl Binder<'_> {
    /// Binds a table; a scalar is an error here.
    pub(super) fn table(&mut self, syntax: &Syntax, env: &Env) -> Rel {
        self.observe_table(syntax.span, env);
        let rel = match &syntax.kind {
            S::Pipeline(source, ops) => {
                let source = self.pipeline_source(source, env);
                return self.pipeline(source, ops, env);
            }
            S::Source(op) => {
                let rel = self.source(op, env);
                self.observe_output(op.span, &rel);
                rel
            }
            S::Paren(inner) => return self.table(inner, env),
            S::Wildcard(pattern) => self.wildcard(pattern, syntax.span),
            S::Missing => Self::error_rel(syntax.span),
            S::Name(name) => {
                // A name in a table's place is reported as a table.
                let known = env.get(name).is_some() || self.is_stored(name);
                if known {
                    self.table_value(syntax, env)
                } else {
                    self.missing_table(name, syntax.span)
                }
            }
            _ => self.table_value(syntax, env),
        };
        self.counted(rel)
    }

    /// What a pipeline starts with. A single value has neither rows nor columns, which is a mistake but no error.
    fn pipeline_source(&mut self, syntax: &Syntax, env: &Env) -> Rel {
        let mut bare = syntax;
        while let S::Paren(inner) = &bare.kind {
            bare = inner;
        }
        let scalar = match &bare.kind {
            S::Literal(_) => true,
            S::Call { .. } if std::ptr::eq(bare, syntax) => true,
            S::Name(name) => matches!(env.get(name), Some(Binding::Scalar(_))),
            _ => false,
        };
        if !scalar {
            return self.table(syntax, env);
        }
        match self.value(syntax, &Cx::top(env)) {
            Value::Table(rel) => self.counted(rel),
            Value::Scalar(expr) if expr.ty == Type::Unknown => Self::error_rel(syntax.span),
            Value::Scalar(_) => {
                let message = "a single value stands where a table is needed; it has no rows";
                self.report(Diagnostic::warning(
                    Code::TableExpected,
                    syntax.span,
                    message,
                ));
                rel::ordered(RelOp::Values { rows: Vec::new() }, Vec::new(), syntax.span)
            }
            Value::Function => self.table_value(syntax, env),
        }
    }

    fn table_value(&mut self, syntax: &Syntax, env: &Env) -> Rel {
        match self.value(syntax, &Cx::top(env)) {
            Value::Table(rel) => rel,
            // What is wrong has been reported.
            Value::Scalar(expr) if expr.ty == Type::Unknown => Self::error_rel(syntax.span),
            Value::Scalar(_) | Value::Function => {
                self.error(Code::TableExpected, syntax.span, "a table is needed here");
                Self::error_rel(syntax.span)
            }
        }
    }

    pub(super) fn pipeline(&mut self, mut rel: Rel, ops: &[Op], env: &Env) -> Rel {
        let mut env = env.clone();
        for (done, op) in ops.iter().enumerate() {
            if let OpKind::As(name) = &op.kind {
                // From here on the name stands for the rows so far, computed once.
                rel = self.share(rel, op.span);
                if let RelOp::Materialized { index, .. } = &rel.op {
                    self.as_names.insert(*index, name.text.clone());
                }
                let copy = self.instance(&rel);
                env = env.with(
                    &name.text,
                    super::scope::Binding::Table(std::rc::Rc::new(copy)),
                );
                continue;
            }
            self.observe_operator(op, &rel, &env);
            rel = self.operator(rel, op, &env);
            self.observe_output(op.span, &rel);
            rel = self.counted(rel);
            if done % 16 == 15 && depth(&rel) > MAX_REL_DEPTH {
                self.error(
                    Code::TooLarge,
                    op.span,
                    format!("more than {MAX_REL_DEPTH} operators follow each other"),
                );
                return Self::error_rel(op.span);
            }
        }
        rel
    }

    fn is_stored(&self, name: &str) -> bool {
        self.catalog.table(name).is_some()
            || self.catalog.function(name).is_some()
            || functions::workspace::table_function(name).is_some()
    }

    /// A stored table or a stored function without parameters.
    pub(super) fn stored(&mut self, name: &str, span: Span) -> Option<Rel> {
        let Some(definition) = self.catalog.table(name) else {
            let name = Name {
                text: name.to_owned(),
                span,
            };
            let top = Env::default();
            if self.catalog.function(&name.text).is_none() {
                return self.workspace_function(&name, &[], span, &Cx::top(&top));
            }
            return match self.stored_function(&name, &[], span, &Cx::top(&top))? {
                Value::Table(rel) => Some(rel),
                _ => None,
            };
        };
        let mut columns = Vec::with_capacity(definition.columns.len());
        let mut stored = Vec::with_capacity(definition.columns.len());
        for (name, ty) in &definition.columns {
            self.next_id += 1;
            let id = ColumnId(self.next_id);
            let name = name.clone();
            stored.push((id, name.clone()));
            columns.push(Column { id, name, ty: *ty });
        }
        let name = definition.name.clone();
        Some(rel::closed(
            RelOp::Table {
                name,
                columns: stored,
            },
            columns,
            span,
        ))
    }

    pub(super) fn missing_table(&mut self, name: &str, span: Span) -> Rel {
        if !name.is_empty() {
            self.report_missing_table(name, span);
        }
        Rel {
            op: RelOp::MissingTable {
                name: name.to_owned(),
            },
            columns: Vec::new(),
            open: true,
            serialized: false,
            span,
        }
    }

    fn report_missing_table(&mut self, name: &str, span: Span) {
        let tables = self.gives_hints().then(|| self.catalog.table_names());
        let tables = tables.unwrap_or_default();
        let mut found = if self.fuzzy {
            Diagnostic::warning(
                Code::UnknownTable,
                span,
                format!("unknown table `{name}`; it reads as empty"),
            )
        } else {
            Diagnostic::error(Code::UnknownTable, span, format!("unknown table `{name}`"))
        };
        found = self.hinted(found, name, tables.iter().map(AsRef::as_ref));
        self.report(found);
    }

    /// `workspace("x").Table`: the name counts, and an unknown one is somebody else's table.
    pub(super) fn remote_table(&mut self, name: &str, span: Span) -> Rel {
        self.stored(name, span)
            .unwrap_or_else(|| self.foreign_table(name, span))
    }

    /// Somebody else's table: its columns are unknown, and here it has no rows.
    pub(super) fn foreign_table(&mut self, name: &str, span: Span) -> Rel {
        let fuzzy = std::mem::replace(&mut self.fuzzy, true);
        let rel = self.missing_table(name, span);
        self.fuzzy = fuzzy;
        rel
    }

    /// Tables of the catalog that a pattern matches; those of the text have to be named.
    pub(super) fn wildcard_tables(&mut self, pattern: &str, span: Span) -> Vec<Rel> {
        let known: Vec<String> = self
            .catalog
            .table_names()
            .into_iter()
            .filter(|name| names::matches(pattern, name))
            .map(std::borrow::Cow::into_owned)
            .collect();
        let mut tables = Vec::with_capacity(known.len());
        for name in &known {
            let Some(table) = self.stored(name, span) else {
                continue;
            };
            if !self.spend(table.columns.len(), span) {
                break;
            }
            tables.push(table);
        }
        tables
    }

    fn wildcard(&mut self, pattern: &str, span: Span) -> Rel {
        let tables = self.wildcard_tables(pattern, span);
        if tables.is_empty() {
            return self.missing_table(pattern, span);
        }
        self.union_of(tables, None, false, span)
    }

    /// A copy of a table with ids of its own.
    pub(super) fn instance(&mut self, rel: &Rel) -> Rel {
        let size = operators_in(rel);
        self.operators += size;
        let probe = Self::error_rel(rel.span);
        if matches!(self.counted(probe), Rel { columns, .. } if self.operators > super::MAX_OPERATORS && columns.is_empty())
        {
            return Self::error_rel(rel.span);
        }
        if !self.spend(0, rel.span) {
            return Self::error_rel(rel.span);
        }
        let mut copy = rel.clone();
        let size = self.renaming.refresh(&mut copy, &mut self.next_id);
        if !self.admit(size, rel.span) {
            return Self::error_rel(rel.span);
        }
        copy
    }

    /// Runs `f` over the input's row, then gives the input the columns it turned out to need.
    pub(super) fn over<R>(
        &mut self,
        rel: &mut Rel,
        env: &Env,
        f: impl FnOnce(&mut Self, &Cx<'_>) -> R,
    ) -> R {
        let cx = Cx::over(env, rel);
        let result = f(self, &cx);
        let late = cx.into_late();
        self.absorb(rel, late);
        result
    }

    pub(super) fn absorb(&mut self, rel: &mut Rel, late: Vec<Column>) {
        for column in late {
            self.add_late(rel, &column);
        }
    }

    /// Adds a column to an open relation, down to the source that has it.
    fn add_late(&mut self, rel: &mut Rel, column: &Column) -> bool {
        if !rel.open || !self.spend(1, rel.span) {
            return false;
        }
        let reached = match &mut rel.op {
            RelOp::MissingTable { .. }
            | RelOp::Watchlist { .. }
            | RelOp::Evaluate { .. }
            | RelOp::Error => true,
            RelOp::Filter { input, .. }
            | RelOp::Sort { input, .. }
            | RelOp::Take { input, .. }
            | RelOp::Top { input, .. }
            | RelOp::Sample { input, .. }
            | RelOp::Serialize { input }
            | RelOp::Parse { input, .. }
            | RelOp::ParseKv { input, .. }
            | RelOp::MvExpand { input, .. }
            | RelOp::MvApply { input, .. }
            | RelOp::Partition { input, .. } => self.add_late(input, column),
            RelOp::Scan(scan) => self.add_late(&mut scan.input, column),
            RelOp::Project { input, items } | RelOp::Distinct { input, items } => {
                let reached = self.add_late(input, column);
                if reached {
                    let kind = ExprKind::Column(column.id);
                    items.push((
                        column.id,
                        Expr {
                            kind,
                            ty: column.ty,
                            span: rel.span,
                        },
                    ));
                }
                reached
            }
            RelOp::Join { left, right, .. } => {
                self.add_late(left, column) || self.add_late(right, column)
            }
            RelOp::Union { inputs, .. } => {
                for input in inputs.iter_mut() {
                    let mut source = None;
                    if input.rel.open {
                        let inner = self.column(column.name.clone(), column.ty);
                        if self.add_late(&mut input.rel, &inner) {
                            source = Some(inner.id);
                        }
                    }
                    input.columns.push(source);
                }
                true
            }
            RelOp::Materialized { index, columns } => {
                let (index, inner) = (*index, self.column(column.name.clone(), column.ty));
                columns.push((column.id, inner.id));
                if let Some(slot) = self.materialized.get_mut(index) {
                    let mut shared = std::mem::replace(slot, Self::error_rel(rel.span));
                    self.add_late(&mut shared, &inner);
                    self.materialized[index] = shared;
                }
                true
            }
            _ => true,
        };
        if reached {
            rel.columns.push(column.clone());
        }
        reached
    }

    pub(super) fn source(&mut self, op: &Op, env: &Env) -> Rel {
        let span = op.span;
        match &op.kind {
            OpKind::Print(items) => self.print(items, span, env),
            OpKind::Range {
                name,
                from,
                to,
                step,
            } => self.range(name, from, to, step, span, env),
            OpKind::Datatable { columns, values } => self.datatable(columns, values, span, env),
            OpKind::ExternalData {
                columns,
                uris,
                options,
            } => {
                let uris = uris
                    .iter()
                    .filter_map(|uri| self.constant_string(uri, &Cx::top(env)))
                    .collect();
                let properties = options
                    .iter()
                    .map(|option| (option.name.clone(), option_text(&option.value)))
                    .collect();
                self.check_columns(columns);
                let columns = columns
                    .iter()
                    .map(|(name, ty)| self.column(&name.text, *ty))
                    .collect();
                rel::closed(RelOp::ExternalData { uris, properties }, columns, span)
            }
            OpKind::Union { options, inputs } => self.union(None, options, inputs, span, env),
            OpKind::Search {
                tables, predicate, ..
            } => self.search(None, tables, predicate, span, env),
            OpKind::Find {
                options,
                tables,
                predicate,
                project,
                away,
            } => {
                let asked = super::search::Asked {
                    project: project.as_deref(),
                    away,
                };
                self.find(options, tables, predicate.as_ref(), asked, span, env)
            }
            OpKind::Evaluate { call, schema } => {
                self.evaluate(None, call, schema.as_ref(), span, env)
            }
            OpKind::MacroExpand(expansion) => self.macro_expand(expansion, span, env),
            _ => Self::error_rel(span),
        }
    }

    fn print(&mut self, items: &[Syntax], span: Span, env: &Env) -> Rel {
        let mut names = Names::default();
        let mut columns = Vec::new();
        let mut values = Vec::new();
        for (position, item) in items.iter().enumerate() {
            let mut parts = self.compute(item, &Cx::top(env));
            let several = parts.len() > 1;
            // Where some of a call's columns are named, the others are left out.
            if parts.iter().any(|part| part.given.is_some()) {
                parts.retain(|part| part.given.is_some());
            }
            for computed in parts {
                let default = computed.default.filter(|_| computed.of_tuple && several);
                let name = match (computed.given, default) {
                    (Some(name), _) => self.take_name(&mut names, &name.text, item.span),
                    (None, Some(name)) => names.implicit(&name),
                    (None, None) => names.implicit(format!("print_{position}")),
                };
                let column = self.column(name, computed.value.ty);
                values.push((column.id, computed.value));
                columns.push(column);
            }
        }
        rel::ordered(RelOp::Print { items: values }, columns, span)
    }

    fn range(
        &mut self,
        name: &Name,
        from: &Syntax,
        to: &Syntax,
        step: &Syntax,
        span: Span,
        env: &Env,
    ) -> Rel {
        let cx = Cx::top(env);
        let [from, to, step] = [from, to, step].map(|syntax| self.scalar(syntax, &cx));
        let summable = |ty: Type| {
            ty.is_numeric() || matches!(ty, Type::DateTime | Type::TimeSpan | Type::Unknown)
        };
        for part in [&from, &to, &step] {
            if !summable(part.ty) {
                let message = format!(
                    "a range goes over numbers, datetimes or timespans, not a `{}`",
                    part.ty
                );
                self.error(Code::TypeMismatch, part.span, message);
            }
        }
        let ty = super::coerce::common([from.ty, to.ty]);
        let ty = match ty {
            ty if ty.is_numeric() => super::coerce::common([ty, step.ty]),
            ty if ty.is_dynamic() => Type::Long,
            ty => ty,
        };
        let step_type = if ty == Type::DateTime {
            Type::TimeSpan
        } else {
            ty
        };
        let steps = step.ty == step_type || step.ty.is_numeric() && step_type.is_numeric();
        if !steps && summable(ty) && summable(step.ty) && step.ty != Type::Unknown {
            self.error(
                Code::TypeMismatch,
                step.span,
                format!("expected a `{step_type}`, found a `{}`", step.ty),
            );
        }
        let column = self.column(&name.text, ty);
        let op = RelOp::Range {
            from: Box::new(cast(from, ty)),
            to: Box::new(cast(to, ty)),
            step: Box::new(cast(step, step_type)),
        };
        rel::ordered(op, vec![column], span)
    }

    /// Reports columns that a schema declares twice.
    pub(super) fn check_columns(&mut self, columns: &[(Name, Type)]) {
        let mut names = Names::default();
        for (name, _) in columns {
            self.take_name(&mut names, &name.text, name.span);
        }
    }

    fn datatable(
        &mut self,
        columns: &[(Name, Type)],
        values: &[Syntax],
        span: Span,
        env: &Env,
    ) -> Rel {
        self.check_columns(columns);
        let columns: Vec<Column> = columns
            .iter()
            .map(|(name, ty)| self.column(&name.text, *ty))
            .collect();
        let nothing = columns.is_empty() && values.is_empty();
        let fills = nothing || !columns.is_empty() && values.len().is_multiple_of(columns.len());
        if !fills && !self.is_broken(span) {
            let message = format!(
                "{} values do not fill rows of {} columns",
                values.len(),
                columns.len()
            );
            self.error(Code::DatatableShape, span, message);
        }
        let cx = Cx::top(env);
        let mut rows = Vec::new();
        for chunk in values.chunks(columns.len().max(1)) {
            let cells = chunk.iter().zip(&columns).map(|(cell, column)| {
                let cell = self.scalar(cell, &cx);
                if column.ty == Type::String && cell.ty == Type::Unknown {
                    cell
                } else {
                    cast(cell, column.ty)
                }
            });
            rows.push(cells.collect());
        }
        rel::ordered(RelOp::Values { rows }, columns, span)
    }
}

/// An option's value as text.
pub(super) fn option_text(value: &Syntax) -> String {
    use crate::syntax::tree::Constant;
    match &value.kind {
        S::Name(text) | S::Literal(Constant::String(text)) => text.clone(),
        S::Literal(Constant::Bool(value)) => value.to_string(),
        S::Literal(Constant::Long(value)) => value.to_string(),
        _ => String::new(),
    }
}
