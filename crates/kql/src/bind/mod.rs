//! Names and types: the syntax tree becomes the typed plan of [`crate::plan`].
//!
//! The binder reports everything it finds in one pass: an expression that is wrong becomes a null of unknown type,
//! which fits everywhere, so that one mistake is reported once.

mod budget;
mod call;
mod coerce;
mod expand;
mod extent;
mod graph;
mod join;
mod lint;
mod lint_list;
mod lint_names;
mod lint_regex;
mod names;
pub(crate) mod observe;
mod operation;
mod operators;
mod places;
mod plugin;
mod project;
mod rel;
mod scalar;
mod scan;
mod scope;
mod search;
mod series;
mod subquery;
mod summarize;
mod table;
mod union;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::catalog::Catalog;
use crate::diagnostic::{Code, Diagnostic, keep};
use crate::plan::{
    Column, ColumnId, ColumnName, Expr, ExprKind, Literal, Query, Rel, RelOp, Render,
};
use crate::syntax::tree::{ExprKind as Syntax, Name, Script, StatementKind};
use crate::types::{Span, Type};
use crate::walk;

use scope::{Binding, Cx, Env, Value};

/// Plans with more operators than this are refused: tables and functions are inlined where they are used, and a short
/// text can double its size with every `let`.
const MAX_OPERATORS: usize = 5_000;
/// Deepest nesting of function calls.
const MAX_CALLS: usize = 24;
/// Deepest chain of operators.
const MAX_REL_DEPTH: usize = 300;

/// No more diagnostics than this for one text.
const MAX_DIAGNOSTICS: usize = 200;

/// How dialects differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Log Analytics and Sentinel: `TimeGenerated`.
    #[default]
    Sentinel,
    /// Defender XDR advanced hunting: `Timestamp` too. The catalog passed in has that column.
    DefenderXdr,
}

/// What the binder has to be told.
#[derive(Clone, Copy, Debug)]
pub struct BindOptions {
    /// The value of `now()`, ticks since 0001-01-01.
    pub now: i64,
    /// Dialect.
    pub dialect: Dialect,
}

/// The outcome.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The plan; `None` when there is an error.
    pub query: Option<Query>,
    /// Columns of the last result, also when there are errors (as far as they are known).
    pub columns: Vec<Column>,
    /// True when that result may have more columns at run time.
    pub open: bool,
    /// Everything found, by place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Bound {
    /// True when nothing found is an error.
    #[must_use]
    pub fn ok(&self) -> bool {
        !self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Parses and binds a text.
#[must_use]
pub fn bind(text: &str, catalog: &dyn Catalog, options: &BindOptions) -> Bound {
    let parsed = crate::syntax::parse(text);
    let mut binder = Binder::new(catalog, options);
    binder.text = text;
    binder.broken = parsed.diagnostics.iter().map(|found| found.span).collect();
    binder.diagnostics = parsed.diagnostics;
    let mut results = binder.script_results(&parsed.script);
    if parsed.script.statements.is_empty() && binder.diagnostics.is_empty() {
        binder.error(Code::EmptyQuery, Span::new(0, 0), "the query is empty");
    } else if results.is_empty() && binder.diagnostics.is_empty() {
        let end = parsed.script.span.end;
        let message = "there are only statements, no query";
        binder.report(Diagnostic::warning(
            Code::NoResult,
            Span { start: end, end },
            message,
        ));
    }
    binder.report_unused();
    let (columns, open) = results
        .last()
        .map_or((Vec::new(), false), |rel| (rel.columns.clone(), rel.open));
    let mut diagnostics = binder.diagnostics;
    diagnostics.sort_by_key(|d| (d.span.start, d.code));
    let query = if diagnostics.iter().any(Diagnostic::is_error) {
        None
    } else {
        let reads = walk::reads(&mut results, &mut binder.materialized);
        Some(Query {
            results,
            materialized: binder.materialized,
            reads,
            render: binder.render,
        })
    };
    Bound {
        query,
        columns,
        open,
        diagnostics,
    }
}

pub(crate) struct Binder<'c> {
    catalog: &'c dyn Catalog,
    /// The text that spans are of; empty where nothing looks into it.
    text: &'c str,
    /// What is never read as far as seen, reported once the whole text is known to be free of errors.
    unused: Vec<Diagnostic>,
    /// Regular expressions looked at: a function's body is bound at every call.
    patterns: HashSet<(Span, String)>,
    now: i64,
    diagnostics: Vec<Diagnostic>,
    seen: HashSet<(Code, Span)>,
    next_id: u32,
    materialized: Vec<Rel>,
    /// Names that `as` gives to some of those.
    as_names: HashMap<usize, String>,
    render: Option<Render>,
    /// More than zero inside a stored function, whose spans are not of this text.
    muted: usize,
    muted_errors: usize,
    calls: usize,
    /// More than zero inside a function of the text that is inlined, having been checked where it is declared.
    inlined: usize,
    operators: usize,
    /// Inside `union isfuzzy=true`, where a missing table is empty.
    fuzzy: bool,
    /// Columns an open input may have, that only `column_ifexists` asks for: no operator passes them on.
    optional: HashSet<ColumnId>,
    /// Aggregates found so far, while an expression of `summarize` is bound.
    aggregating: Option<Vec<crate::plan::Aggregate>>,
    /// Places the parser complained about.
    broken: Vec<Span>,
    /// Columns of the nodes and of the edges, inside the conditions of a graph pattern.
    graph: Option<graph::GraphScope>,
    /// Further results of `fork`.
    side_results: Vec<Rel>,
    renaming: walk::Renaming,
    /// Completion's question about one place of the text.
    observer: Option<Box<observe::Observer>>,
    budget: budget::Budget,
    /// Values that `set` gives to what some functions ask for.
    settings: HashMap<String, Expr>,
}

impl<'c> Binder<'c> {
    fn new(catalog: &'c dyn Catalog, options: &BindOptions) -> Self {
        Self {
            catalog,
            text: "",
            unused: Vec::new(),
            patterns: HashSet::new(),
            now: options.now,
            diagnostics: Vec::new(),
            seen: HashSet::new(),
            next_id: 0,
            materialized: Vec::new(),
            as_names: HashMap::new(),
            render: None,
            muted: 0,
            muted_errors: 0,
            calls: 0,
            inlined: 0,
            operators: 0,
            fuzzy: false,
            optional: HashSet::new(),
            aggregating: None,
            broken: Vec::new(),
            graph: None,
            side_results: Vec::new(),
            renaming: walk::Renaming::default(),
            observer: None,
            budget: budget::Budget::default(),
            settings: HashMap::new(),
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.muted > 0 {
            self.muted_errors += usize::from(diagnostic.is_error());
            return;
        }
        // A function's body is bound at every call: report each of its mistakes once.
        if self.diagnostics.len() > MAX_DIAGNOSTICS {
            return;
        }
        if self.seen.insert((diagnostic.code, diagnostic.span)) {
            keep(diagnostic, &mut self.diagnostics, MAX_DIAGNOSTICS);
        }
    }

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::error(code, span, message));
    }

    /// With a hint at the name that was probably meant, unless nobody would read it.
    fn hinted<'a>(
        &self,
        found: Diagnostic,
        name: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Diagnostic {
        match self.gives_hints() {
            true => found.near(name, candidates),
            false => found,
        }
    }

    fn gives_hints(&self) -> bool {
        self.muted == 0 && self.diagnostics.len() < MAX_DIAGNOSTICS
    }

    /// True where the text itself is at fault: what does not add up there is no mistake of its own.
    fn is_broken(&self, span: Span) -> bool {
        let inside = |place: &Span| span.start <= place.start && place.end <= span.end;
        self.muted == 0 && self.broken.iter().any(inside)
    }

    /// True where the text is at fault right behind: the expression was meant to go on, and its type says nothing.
    fn is_cut_short(&self, span: Span) -> bool {
        let behind = |place: &Span| place.start >= span.end && place.start - span.end <= 1;
        self.muted == 0 && self.broken.iter().any(behind)
    }

    fn fresh(&mut self) -> ColumnId {
        self.next_id += 1;
        ColumnId(self.next_id)
    }

    fn column(&mut self, name: impl Into<ColumnName>, ty: Type) -> Column {
        Column {
            id: self.fresh(),
            name: name.into(),
            ty,
        }
    }

    /// A null of unknown type, which fits everywhere.
    fn unknown(span: Span) -> Expr {
        Expr {
            kind: ExprKind::Literal(Literal::Null),
            ty: Type::Unknown,
            span,
        }
    }

    fn error_rel(span: Span) -> Rel {
        Rel {
            op: RelOp::Error,
            columns: Vec::new(),
            open: true,
            serialized: false,
            span,
        }
    }

    /// Counts an operator; an error result once there are too many.
    fn counted(&mut self, rel: Rel) -> Rel {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            self.error(
                Code::TooLarge,
                rel.span,
                format!("the query has more than {MAX_OPERATORS} operators once inlined"),
            );
            return Self::error_rel(rel.span);
        }
        if !self.spend(rel.columns.len(), rel.span) {
            return Self::error_rel(rel.span);
        }
        rel
    }

    /// Reports variables that one script declares twice; `taken` are the parameters of its function.
    fn check_names<'s>(&mut self, script: &'s Script, taken: impl Iterator<Item = &'s Name>) {
        let mut names: HashMap<&str, Option<Span>> = taken
            .map(|name| (name.text.as_str(), Some(name.span)))
            .collect();
        for statement in &script.statements {
            if let StatementKind::Let(name, _) = &statement.kind
                && !name.text.is_empty()
                && let Some(first) = names.insert(&name.text, Some(name.span))
            {
                let message = format!("a variable `{}` is already there", name.text);
                let found = Diagnostic::error(Code::Duplicate, name.span, message);
                self.report(found.first_at(first));
            }
        }
    }

    /// Statements of the whole text; all tabular results.
    fn script_results(&mut self, script: &Script) -> Vec<Rel> {
        self.statements(script).0
    }

    /// The same, and the variables declared.
    fn statements(&mut self, script: &Script) -> (Vec<Rel>, Env) {
        self.check_names(script, std::iter::empty());
        let mut env = Env::default();
        let mut results = Vec::new();
        for statement in &script.statements {
            match &statement.kind {
                StatementKind::Expression(expression) => {
                    let value = self.value(expression, &Cx::top(&env));
                    match value {
                        Value::Table(rel) => results.push(rel),
                        Value::Scalar(expr) => results.push(self.scalar_result(expr)),
                        Value::Function => self.error(
                            Code::TableExpected,
                            expression.span,
                            "a function is no result",
                        ),
                    }
                    results.append(&mut self.side_results);
                }
                kind => self.declare(kind, &mut env),
            }
        }
        if !results.is_empty() {
            self.lint_variables(script, &env);
        }
        (results, env)
    }

    /// A bare scalar as the result, as `print` would give it.
    fn scalar_result(&mut self, expr: Expr) -> Rel {
        let column = self.column("print_0", expr.ty);
        let span = expr.span;
        rel::ordered(
            RelOp::Print {
                items: vec![(column.id, expr)],
            },
            vec![column],
            span,
        )
    }

    /// A statement that is no query.
    fn declare(&mut self, kind: &StatementKind, env: &mut Env) {
        match kind {
            StatementKind::Let(name, expression) => {
                let binding = self.let_binding(expression, env);
                *env = env.with(&name.text, binding);
            }
            StatementKind::Parameters(parameters) => {
                self.lint_parameter_names(parameters);
                for parameter in parameters {
                    let binding = self.free_parameter(parameter, env);
                    *env = env.with(&parameter.name.text, binding);
                }
            }
            StatementKind::Pattern(pattern) => {
                let binding = Binding::Pattern(Rc::clone(pattern), env.clone());
                *env = env.with(&pattern.name.text, binding);
            }
            StatementKind::Set(name, Some(value)) if name.text.starts_with("query_bin_auto_") => {
                let value = self.scalar(value, &Cx::top(env));
                self.settings.insert(name.text.clone(), value);
            }
            StatementKind::Set(..) | StatementKind::Ignored | StatementKind::Expression(_) => {}
        }
    }

    fn let_binding(&mut self, expression: &Rc<crate::syntax::tree::Expr>, env: &Env) -> Binding {
        if let Syntax::Lambda(lambda) = &expression.kind {
            self.check_lambda(lambda, env);
            return Binding::Function(Rc::clone(lambda), env.clone());
        }
        if let Syntax::EntityGroup(members) = &expression.kind {
            return Binding::Databases(members.len());
        }
        match self.value(expression, &Cx::top(env)) {
            Value::Table(rel) => Binding::Table(Rc::new(rel)),
            Value::Scalar(expr) => Binding::Scalar(expr),
            Value::Function => Binding::Scalar(Self::unknown(expression.span)),
        }
    }
}
