//! Functions of the text and stored ones: arguments are bound, the body is inlined.

use super::Args;
use crate::bind::coerce::cast;
use crate::bind::places::Places;
use crate::bind::rel;
use crate::bind::scope::{Binding, Cx, Env, Value};
use crate::bind::{Binder, MAX_CALLS};
use crate::diagnostic::{Code, Diagnostic};
use crate::functions;
use crate::plan::{Expr, Rel, RelOp};
use crate::syntax::parser::parse_function;
use crate::syntax::tree::{
    Expr as Syntax, ExprKind as S, Lambda, Name, Parameter as Declared, ParameterType, Pattern,
    Script, StatementKind,
};
use crate::types::{Span, Type};
use std::collections::HashMap;
use std::rc::Rc;

impl Binder<'_> {
    /// Calls a function of the text.
    pub(in crate::bind) fn call_lambda(
        &mut self,
        lambda: &Rc<Lambda>,
        env: &Env,
        args: &Args,
        span: Span,
        cx: &Cx<'_>,
    ) -> Value {
        if self.calls >= MAX_CALLS {
            self.error(
                Code::TooLarge,
                span,
                format!("functions call each other more than {MAX_CALLS} levels deep"),
            );
            return Value::Scalar(Self::unknown(span));
        }
        let inner = self.bind_arguments(&lambda.parameters, env, args, span, cx);
        self.calls += 1;
        // A table that is an argument has its columns, and a table that a string names may lack some.
        let named = |p: &Declared| matches!(p.ty, ParameterType::Scalar(Type::String));
        let inlined = usize::from(
            lambda.parameters.iter().any(named)
                && !lambda
                    .parameters
                    .iter()
                    .any(|p| matches!(p.ty, ParameterType::Table(..))),
        );
        self.inlined += inlined;
        let value = self.body(&lambda.body, inner, span);
        self.inlined -= inlined;
        self.calls -= 1;
        value
    }

    /// The environment of a function's body: parameters bound to arguments.
    fn bind_arguments(
        &mut self,
        parameters: &[Declared],
        env: &Env,
        args: &Args,
        span: Span,
        cx: &Cx<'_>,
    ) -> Env {
        let mut inner = env.clone();
        let mut taken = vec![false; args.len()];
        let required = parameters.iter().filter(|p| p.default.is_none()).count();
        if args.len() > parameters.len() || args.len() < required {
            let message = format!(
                "this function takes {} arguments, found {}",
                parameters.len(),
                args.len()
            );
            let found = Diagnostic::error(Code::ArgumentCount, span, message);
            self.report(match (parameters.first(), parameters.last()) {
                (Some(first), Some(last)) => {
                    found.related(first.name.span.to(last.name.span), "its parameters")
                }
                _ => found,
            });
        }
        let mut position = 0;
        let given = named_arguments(args);
        for parameter in parameters {
            let named = given.get(parameter.name.text.as_str()).copied();
            let index = named.or_else(|| {
                while args
                    .get(position)
                    .is_some_and(|arg| matches!(arg.kind, S::Named { .. }))
                {
                    position += 1;
                }
                (position < args.len()).then(|| {
                    position += 1;
                    position - 1
                })
            });
            let argument = index.map(|index| {
                taken[index] = true;
                match &args[index].kind {
                    S::Named { value, .. } => value.as_ref(),
                    _ => args[index].as_ref(),
                }
            });
            let binding = self.argument(parameter, argument, env, cx);
            inner = inner.with(&parameter.name.text, binding);
        }
        for (arg, _) in args.iter().zip(taken).filter(|(_, taken)| !taken) {
            if let S::Named { names, .. } = &arg.kind {
                let name = names.first().map_or("", |name| name.text.as_str());
                self.error(
                    Code::UnknownName,
                    arg.span,
                    format!("this function has no parameter `{name}`"),
                );
            }
        }
        inner
    }

    pub(super) fn argument(
        &mut self,
        parameter: &Declared,
        argument: Option<&Syntax>,
        env: &Env,
        cx: &Cx<'_>,
    ) -> Binding {
        let Some(argument) = argument else {
            return self.free_parameter(parameter, env);
        };
        match (&parameter.ty, self.value(argument, cx)) {
            (ParameterType::Scalar(ty), Value::Scalar(expr)) => Binding::Scalar(cast(expr, *ty)),
            (ParameterType::Table(columns, _), Value::Table(rel)) => {
                let mut places = Places::default();
                for (name, _) in columns {
                    if !rel.open && places.find(&name.text, &rel.columns).is_none() {
                        let message = format!(
                            "the table has no column `{}`, which the function needs",
                            name.text
                        );
                        self.error(Code::UnknownColumn, argument.span, message);
                    }
                }
                Binding::Table(Rc::new(rel))
            }
            (ParameterType::Scalar(_), _) => {
                self.error(
                    Code::ScalarExpected,
                    argument.span,
                    format!("`{}` takes a single value", parameter.name.text),
                );
                Binding::Scalar(Self::unknown(argument.span))
            }
            (ParameterType::Table(..), _) => {
                self.error(
                    Code::TableExpected,
                    argument.span,
                    format!("`{}` takes a table", parameter.name.text),
                );
                Binding::Table(Rc::new(Self::error_rel(argument.span)))
            }
        }
    }

    /// A parameter without an argument: its default, or a null of its type.
    pub(in crate::bind) fn free_parameter(&mut self, parameter: &Declared, env: &Env) -> Binding {
        let span = parameter.name.span;
        match &parameter.ty {
            ParameterType::Scalar(ty) => {
                let value = match &parameter.default {
                    Some(default) => self.scalar(default, &Cx::top(env)),
                    None => Self::unknown(span),
                };
                Binding::Scalar(if value.ty == Type::Unknown {
                    Expr { ty: *ty, ..value }
                } else {
                    cast(value, *ty)
                })
            }
            ParameterType::Table(columns, any) => {
                let columns = columns
                    .iter()
                    .map(|(name, ty)| self.column(&name.text, *ty))
                    .collect();
                let op = RelOp::MissingTable {
                    name: parameter.name.text.clone(),
                };
                Binding::Table(Rc::new(crate::plan::Rel {
                    op,
                    columns,
                    open: *any,
                    serialized: false,
                    span,
                }))
            }
        }
    }

    /// Binds a function that is declared, so that its mistakes are found even if it is never called.
    pub(in crate::bind) fn check_lambda(&mut self, lambda: &Rc<Lambda>, env: &Env) {
        let mut inner = env.clone();
        for parameter in &lambda.parameters {
            let binding = match &parameter.ty {
                // Not the default: what depends on the value must not be decided here.
                ParameterType::Scalar(ty) => Binding::Scalar(Expr {
                    ty: *ty,
                    ..Self::unknown(parameter.name.span)
                }),
                ParameterType::Table(..) => self.free_parameter(parameter, env),
            };
            inner = inner.with(&parameter.name.text, binding);
            self.check_default(parameter, env);
        }
        self.lint_parameter_names(&lambda.parameters);
        let names = lambda.parameters.iter().map(|p| &p.name);
        self.check_names(&lambda.body, names);
        let (shared, operators) = (self.materialized.len(), self.operators);
        let inlined = std::mem::take(&mut self.inlined);
        self.body_in(&lambda.body, &mut inner, lambda.body.span);
        self.lint_function(lambda, &inner);
        self.inlined = inlined;
        self.materialized.truncate(shared);
        self.operators = operators;
    }

    /// `pattern("x").path`: the case with these values.
    pub(in crate::bind) fn pattern_call(
        &mut self,
        pattern: &Pattern,
        env: &Env,
        args: &Args,
        path: Option<&str>,
        span: Span,
    ) -> Value {
        let same = |value: &Syntax, arg: &Syntax| match (&value.kind, &arg.kind) {
            (S::Literal(value), S::Literal(arg)) => value == arg,
            _ => false,
        };
        let found = pattern.cases.iter().find(|case| {
            let pairs = || case.values.iter().zip(args);
            case.path.as_deref() == path
                && case.values.len() == args.len()
                && pairs().all(|(value, arg)| same(value, arg))
        });
        match found {
            Some(case) if self.calls < MAX_CALLS => {
                self.calls += 1;
                let value = self.body(&case.body, env.clone(), span);
                self.calls -= 1;
                value
            }
            _ => {
                let message = format!("no case of `{}` has these values", pattern.name.text);
                self.error(Code::UnknownName, span, message);
                Value::Table(Self::error_rel(span))
            }
        }
    }

    /// A default has to be of its parameter's type, or widen to it.
    fn check_default(&mut self, parameter: &Declared, env: &Env) {
        let (ParameterType::Scalar(ty), Some(default)) = (&parameter.ty, &parameter.default) else {
            return;
        };
        let found = self.scalar(default, &Cx::top(env)).ty;
        let numbers = found.is_numeric() && ty.is_numeric();
        if found != *ty && !numbers && found != Type::Unknown && *ty != Type::Unknown {
            let message = format!(
                "the default of `{}` is a `{found}`, not a `{ty}`",
                parameter.name.text
            );
            self.error(Code::TypeMismatch, default.span, message);
        }
    }

    fn body(&mut self, body: &Script, mut env: Env, span: Span) -> Value {
        self.body_in(body, &mut env, span)
    }

    /// The same, with the variables it declares left in `env`.
    fn body_in(&mut self, body: &Script, env: &mut Env, span: Span) -> Value {
        let mut result = None;
        for statement in &body.statements {
            match &statement.kind {
                StatementKind::Expression(expression) => {
                    result = Some(self.value(expression, &Cx::top(env)))
                }
                kind => self.declare(kind, env),
            }
        }
        result.unwrap_or_else(|| Value::Scalar(Self::unknown(span)))
    }

    /// A function every workspace has. Its plan only names it.
    pub(in crate::bind) fn workspace_function(
        &mut self,
        name: &Name,
        args: &Args,
        span: Span,
        cx: &Cx<'_>,
    ) -> Option<Rel> {
        let known = functions::workspace::table_function(&name.text)?;
        let (parameters, _) = parse_function(known.parameters, "");
        self.bind_arguments(&parameters, &Env::default(), args, span, cx);
        let columns = known
            .columns
            .iter()
            .map(|(name, ty)| self.column(*name, *ty))
            .collect();
        let op = RelOp::Evaluate {
            input: None,
            plugin: known.name.to_owned(),
            args: Vec::new(),
            declared: true,
        };
        Some(rel::closed(op, columns, span))
    }

    /// A function the catalog stores: its text is parsed and inlined. Its own mistakes are reported at the call.
    pub(in crate::bind) fn stored_function(
        &mut self,
        name: &Name,
        args: &Args,
        span: Span,
        cx: &Cx<'_>,
    ) -> Option<Value> {
        let definition = self.catalog.function(&name.text)?.into_owned();
        let (parameters, parsed) = parse_function(&definition.parameters, &definition.body);
        let broken = parsed.diagnostics.iter().any(Diagnostic::is_error);
        if self.calls >= MAX_CALLS {
            self.error(
                Code::TooLarge,
                span,
                format!("functions call each other more than {MAX_CALLS} levels deep"),
            );
            return Some(Value::Table(Self::error_rel(span)));
        }
        let inner = self.bind_arguments(&parameters, &Env::default(), args, span, cx);
        let errors = self.muted_errors;
        self.muted += 1;
        self.calls += 1;
        let value = self.body(&parsed.script, inner, span);
        self.calls -= 1;
        self.muted -= 1;
        if (broken || self.muted_errors > errors) && self.muted == 0 {
            self.muted_errors = errors;
            self.error(
                Code::BrokenFunction,
                name.span,
                format!("the stored function `{}` has errors", name.text),
            );
        }
        Some(value)
    }
}

/// Where the arguments `name = value` are, by name.
fn named_arguments(args: &Args) -> HashMap<&str, usize> {
    let mut given = HashMap::new();
    for (at, arg) in args.iter().enumerate() {
        if let S::Named { names, .. } = &arg.kind
            && let [name] = names.as_slice()
        {
            given.entry(name.text.as_str()).or_insert(at);
        }
    }
    given
}
