//! What is in scope at one place of the text, noted while binding: the base of completion and hover.
//!
//! Of all nodes that hold the place the innermost counts, and of one node bound several times (the body of a function)
//! the last time.

use super::Binder;
use super::scope::{Binding, Cx, Env, Value};
use crate::catalog::Catalog;
use crate::plan::{Column, Rel};
use crate::syntax::parser::Parsed;
use crate::syntax::tree::{Expr as Syntax, ExprKind as S, Lambda, Op, OpKind};
use crate::types::{Span, Type};

use super::BindOptions;

/// What a place asks for, as far as the binder can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A table.
    Table,
    /// A scalar.
    Scalar,
    /// Somewhere in an operator.
    Operator,
    /// The condition of a join.
    JoinKey,
}

/// What may be named at the place.
pub(crate) struct Scope {
    span: Span,
    /// What the place asks for.
    pub(crate) place: Place,
    /// Columns of the input.
    pub(crate) columns: Vec<Column>,
    /// In a join's condition: those of the other side.
    pub(crate) right: Vec<Column>,
    /// The stored table the columns come from unchanged.
    pub(crate) source: Option<String>,
    /// Aggregates may be called.
    pub(crate) aggregates: bool,
    env: Env,
}

/// What a `let` or a parameter is.
pub(crate) enum Variable {
    /// A scalar.
    Scalar(Type),
    /// A table with its columns.
    Table(Vec<Column>),
    /// A function: its parameters as written, and whether it has any.
    Function(std::rc::Rc<Lambda>),
    /// A pattern.
    Pattern,
    /// A row of a graph or of a scan's step, with its members.
    Element(Vec<Column>),
}

impl Scope {
    /// Variables in scope, innermost first; hidden ones are left out.
    pub(crate) fn variables(&self) -> Vec<(&str, Variable)> {
        let mut seen = std::collections::HashSet::new();
        let visible = self.env.iter().filter(|(name, _)| seen.insert(*name));
        visible
            .map(|(name, binding)| (name, variable(binding)))
            .collect()
    }

    /// The variable of this name.
    pub(crate) fn variable(&self, name: &str) -> Option<Variable> {
        self.env.get(name).map(variable)
    }
}

fn variable(binding: &Binding) -> Variable {
    match binding {
        Binding::Scalar(expr) => Variable::Scalar(expr.ty),
        Binding::Table(rel) => Variable::Table(rel.columns.clone()),
        Binding::Function(lambda, _) => Variable::Function(std::rc::Rc::clone(lambda)),
        Binding::Pattern(..) | Binding::Databases(_) => Variable::Pattern,
        Binding::Element(element) => Variable::Element(element.columns.clone()),
    }
}

/// Notes of one place.
pub(crate) struct Observer {
    position: u32,
    /// Where the operand before the place ends.
    operand_end: Option<u32>,
    /// The innermost scope.
    pub(crate) scope: Option<Scope>,
    /// Type of the operand that ends right before the place.
    pub(crate) operand: Option<Type>,
    /// The innermost value that holds the place, with its type; `None` for a table or a function.
    pub(crate) value: Option<(Span, Option<Type>)>,
    /// Columns after the operator that holds the place.
    pub(crate) output: Option<(Span, Vec<Column>)>,
}

impl Observer {
    fn at(position: u32, operand_end: Option<u32>) -> Self {
        Self {
            position,
            operand_end,
            scope: None,
            operand: None,
            value: None,
            output: None,
        }
    }

    fn holds(&self, span: Span) -> bool {
        span.start <= self.position && self.position <= span.end
    }
}

fn inside(new: Span, old: Option<Span>) -> bool {
    let length = |span: Span| span.end.saturating_sub(span.start);
    old.is_none_or(|old| length(new) <= length(old))
}

/// Binds a text that was parsed and notes what is in scope at a place.
pub(crate) fn observe(
    parsed: &Parsed,
    catalog: &dyn Catalog,
    options: &BindOptions,
    position: u32,
    operand_end: Option<u32>,
) -> Observer {
    let mut binder = Binder::new(catalog, options);
    binder.broken = parsed.diagnostics.iter().map(|found| found.span).collect();
    binder.observer = Some(Box::new(Observer::at(position, operand_end)));
    let (_, env) = binder.statements(&parsed.script);
    let mut observer = binder
        .observer
        .take()
        .unwrap_or_else(|| Box::new(Observer::at(position, operand_end)));
    // Where nothing else is known, the variables of the text are.
    observer.scope.get_or_insert_with(|| Scope {
        span: parsed.script.span,
        place: Place::Operator,
        columns: Vec::new(),
        right: Vec::new(),
        source: None,
        aggregates: false,
        env,
    });
    *observer
}

impl Binder<'_> {
    /// True when the place asked about is in this part of the text.
    pub(super) fn asked_about(&self, span: Span) -> bool {
        let observer = self.observer.as_ref();
        self.muted == 0 && observer.is_some_and(|observer| observer.holds(span))
    }

    /// The observer, where the span is of the text and holds the place more closely than what was noted.
    fn observes(&mut self, span: Span) -> bool {
        let muted = self.muted > 0;
        self.observer.as_ref().is_some_and(|observer| {
            let known = observer.scope.as_ref().map(|scope| scope.span);
            !muted && observer.holds(span) && inside(span, known)
        })
    }

    fn note_scope(&mut self, scope: Scope) {
        if let Some(observer) = &mut self.observer {
            observer.scope = Some(scope);
        }
    }

    /// Before an expression is bound.
    pub(super) fn observe_expression(&mut self, syntax: &Syntax, cx: &Cx<'_>) {
        if matches!(syntax.kind, S::Pipeline(..) | S::Source(_)) || !self.observes(syntax.span) {
            return;
        }
        self.note_scope(Scope {
            span: syntax.span,
            place: Place::Scalar,
            columns: cx.row.columns.to_vec(),
            right: cx.row.right.map(<[Column]>::to_vec).unwrap_or_default(),
            source: cx.row.source.map(str::to_owned),
            aggregates: self.aggregating.is_some(),
            env: cx.env.clone(),
        });
    }

    /// After it is bound.
    pub(super) fn observe_value(&mut self, span: Span, value: &Value) {
        let muted = self.muted > 0;
        let Some(observer) = &mut self.observer else {
            return;
        };
        let ty = match value {
            Value::Scalar(expr) => Some(expr.ty),
            Value::Table(_) | Value::Function => None,
        };
        if muted {
            return;
        }
        if Some(span.end) == observer.operand_end && observer.operand.is_none() {
            observer.operand = ty;
        }
        if observer.holds(span) && inside(span, observer.value.map(|(span, _)| span)) {
            observer.value = Some((span, ty));
        }
    }

    /// Where a table stands.
    pub(super) fn observe_table(&mut self, span: Span, env: &Env) {
        if self.observes(span) {
            self.note_scope(Scope {
                span,
                place: Place::Table,
                columns: Vec::new(),
                right: Vec::new(),
                source: None,
                aggregates: false,
                env: env.clone(),
            });
        }
    }

    /// Before an operator is bound.
    pub(super) fn observe_operator(&mut self, op: &Op, rel: &Rel, env: &Env) {
        if !self.observes(op.span) {
            return;
        }
        let aggregates = matches!(
            op.kind,
            OpKind::Summarize { .. } | OpKind::MakeSeries { .. } | OpKind::TopNested(_)
        );
        let source = Cx::over(env, rel).row.source.map(str::to_owned);
        self.note_scope(Scope {
            span: op.span,
            place: Place::Operator,
            columns: rel.columns.clone(),
            right: Vec::new(),
            source,
            aggregates,
            env: env.clone(),
        });
    }

    /// After an operator, or a source, is bound.
    pub(super) fn observe_output(&mut self, span: Span, rel: &Rel) {
        let muted = self.muted > 0;
        if let Some(observer) = &mut self.observer
            && !muted
            && observer.holds(span)
            && inside(span, observer.output.as_ref().map(|(span, _)| *span))
        {
            observer.output = Some((span, rel.columns.clone()));
        }
    }

    /// Both sides of a join are known.
    pub(super) fn observe_join(&mut self, span: Span, left: &Rel, right: &Rel, env: &Env) {
        if self.observes(span) {
            self.note_scope(Scope {
                span,
                place: Place::JoinKey,
                columns: left.columns.clone(),
                right: right.columns.clone(),
                source: None,
                aggregates: false,
                env: env.clone(),
            });
        }
    }
}
