//! Calls: built-in functions, functions of the text, stored functions, and the forms that look like calls.

use std::rc::Rc;

use crate::diagnostic::{Code, Diagnostic, closest};
use crate::functions::{self, FunctionKind, Kind, Known, Parameter, Returns, Signature};
use crate::plan::{Column, Expr, ExprKind, Literal, RelOp};
use crate::syntax::parser::parse_function;
use crate::syntax::tree::{
    Constant, Expr as Syntax, ExprKind as S, Lambda, Name, Parameter as Declared, ParameterType,
    Script, StatementKind,
};
use crate::types::{Span, Type};

use super::coerce::{self, cast};
use super::scope::{Binding, Cx, Env, Value};
use super::{Binder, MAX_CALLS, scalar};

type Args = [Rc<Syntax>];

impl Binder<'_> {
    pub(super) fn call(
        &mut self,
        receiver: Option<&Syntax>,
        name: &Name,
        args: &Args,
        span: Span,
        cx: &Cx<'_>,
    ) -> Value {
        if let Some(receiver) = receiver {
            return self.receiver_call(receiver, name, args, span, cx);
        }
        if let Some(binding) = cx.env.get(&name.text).cloned() {
            match binding {
                Binding::Function(lambda, env) => {
                    return self.call_lambda(&lambda, &env, args, span, cx);
                }
                // `Table()` and `scalar()`: calling what isn't a function gives it.
                other if args.is_empty() => return self.binding(other, span),
                _ => {}
            }
        }
        if self.aggregating.is_some()
            && let Some(known) = functions::aggregate(&name.text)
        {
            return Value::Scalar(self.nested_aggregate(known, args, span, cx));
        }
        match name.text.as_str() {
            "toscalar" => return Value::Scalar(self.scalar_of_table(args, span, cx)),
            "materialize" => return self.materialize(args, span, cx),
            "table" | "materialized_view" | "external_table" => {
                return self.named_table(name, args, span, cx);
            }
            "_GetWatchlist" => return self.watchlist(args, span, cx),
            "now" | "ago" => return Value::Scalar(self.clock(&name.text, args, span, cx)),
            "column_ifexists" | "columnifexists" => {
                return Value::Scalar(self.column_if_exists(args, span, cx));
            }
            "pack_all" | "bag_pack_columns" => {
                return Value::Scalar(self.pack_columns(name, args, span, cx));
            }
            _ => {}
        }
        if let Some(known) = functions::scalar(&name.text) {
            return Value::Scalar(self.builtin(known, args, span, name.span, cx));
        }
        if let Some(value) = self.stored_function(name, args, span, cx) {
            return value;
        }
        if functions::aggregate(&name.text).is_some() {
            self.error(
                Code::AggregateMisplaced,
                name.span,
                format!(
                    "the aggregate `{}` is only allowed in `summarize`",
                    name.text
                ),
            );
            for arg in args.iter().filter(|arg| !matches!(arg.kind, S::Star)) {
                self.scalar(arg, cx);
            }
            return Value::Scalar(Self::unknown(span));
        }
        self.unknown_function(name, args, cx);
        Value::Scalar(Self::unknown(span))
    }

    pub(super) fn unknown_function(&mut self, name: &Name, args: &Args, cx: &Cx<'_>) {
        let all = functions::all();
        let near = closest(
            &name.text,
            all.iter()
                .map(|known| known.function.name)
                .chain(cx.env.iter().map(|(n, _)| n)),
        );
        let mut found = Diagnostic::error(
            Code::UnknownFunction,
            name.span,
            format!("unknown function `{}`", name.text),
        );
        if let Some(near) = near {
            found = found.hint(format!("did you mean `{near}`?"));
        }
        self.report(found);
        for arg in args {
            if !matches!(arg.kind, S::Star | S::Named { .. }) {
                self.value(arg, cx);
            }
        }
    }

    /// `cluster("x").database("y").f()` and the like; across workspaces only names count.
    fn receiver_call(
        &mut self,
        receiver: &Syntax,
        name: &Name,
        args: &Args,
        span: Span,
        cx: &Cx<'_>,
    ) -> Value {
        if !Self::is_database(receiver) {
            let value = self.scalar(receiver, cx);
            self.error(
                Code::UnknownFunction,
                name.span,
                format!("a `{}` has no function `{}`", value.ty, name.text),
            );
            return Value::Scalar(Self::unknown(span));
        }
        match name.text.as_str() {
            "table" | "external_table" | "materialized_view" => {
                self.named_table(name, args, span, cx)
            }
            _ => match self.stored_function(name, args, span, cx) {
                Some(value) => value,
                None => Value::Table(self.missing_table(&name.text, span)),
            },
        }
    }

    /// True for `cluster(...)`, `database(...)`, `workspace(...)`, `app(...)`, `adx(...)` and chains of them.
    pub(super) fn is_database(syntax: &Syntax) -> bool {
        match &syntax.kind {
            S::Call {
                receiver: None,
                name,
                ..
            } => {
                matches!(
                    name.text.as_str(),
                    "cluster" | "database" | "workspace" | "app" | "adx" | "resource" | "arg"
                )
            }
            S::Call {
                receiver: Some(receiver),
                name,
                ..
            } => name.text == "database" && Self::is_database(receiver),
            _ => false,
        }
    }

    fn scalar_of_table(&mut self, args: &Args, span: Span, cx: &Cx<'_>) -> Expr {
        let [arg] = args else {
            self.error(Code::ArgumentCount, span, "`toscalar` takes one argument");
            return Self::unknown(span);
        };
        // The argument is a query of its own: it does not see the row.
        let outer = self.aggregating.take();
        let value = self.value(arg, &Cx::top(cx.env));
        self.aggregating = outer;
        match value {
            Value::Scalar(expr) => expr,
            Value::Table(rel) => {
                let ty = rel
                    .columns
                    .first()
                    .map_or(Type::Unknown, |column| column.ty);
                Expr {
                    kind: ExprKind::ToScalar(Box::new(rel)),
                    ty,
                    span,
                }
            }
            Value::Function => Self::unknown(span),
        }
    }

    fn materialize(&mut self, args: &Args, span: Span, cx: &Cx<'_>) -> Value {
        let [arg] = args else {
            self.error(
                Code::ArgumentCount,
                span,
                "`materialize` takes one argument",
            );
            return Value::Table(Self::error_rel(span));
        };
        let rel = self.table(arg, cx.env);
        Value::Table(self.share(rel, span))
    }

    /// Puts a table aside as a shared sub-plan and returns a reference to it.
    pub(super) fn share(&mut self, rel: crate::plan::Rel, span: Span) -> crate::plan::Rel {
        let (open, serialized) = (rel.open, rel.serialized);
        let mut ids = Vec::new();
        let mut columns = Vec::new();
        for column in &rel.columns {
            let id = self.fresh();
            ids.push((id, column.id));
            columns.push(Column {
                id,
                ..column.clone()
            });
        }
        let index = self.materialized.len();
        self.materialized.push(rel);
        crate::plan::Rel {
            op: RelOp::Materialized {
                index,
                columns: ids,
            },
            columns,
            open,
            serialized,
            span,
        }
    }

    /// The text of a constant string argument.
    pub(super) fn constant_string(&mut self, syntax: &Syntax, cx: &Cx<'_>) -> Option<String> {
        match self.scalar(syntax, cx).kind {
            ExprKind::Literal(Literal::String(text)) => Some(text),
            _ => None,
        }
    }

    fn named_table(&mut self, name: &Name, args: &Args, span: Span, cx: &Cx<'_>) -> Value {
        let Some(first) = args.first() else {
            self.error(
                Code::ArgumentCount,
                span,
                format!("`{}` needs a table's name", name.text),
            );
            return Value::Table(Self::error_rel(span));
        };
        let Some(table) = self.constant_string(first, cx) else {
            // A parameter without a value (a function that is declared but not called).
            return Value::Table(Self::error_rel(span));
        };
        if let Some(binding @ (Binding::Table(_) | Binding::Function(..))) =
            cx.env.get(&table).cloned()
        {
            return self.binding(binding, span);
        }
        match self.stored(&table, first.span) {
            Some(rel) => Value::Table(rel),
            None => Value::Table(self.missing_table(&table, first.span)),
        }
    }

    fn watchlist(&mut self, args: &Args, span: Span, cx: &Cx<'_>) -> Value {
        let Some(first) = args.first() else {
            self.error(
                Code::ArgumentCount,
                span,
                "`_GetWatchlist` needs the watchlist's alias",
            );
            return Value::Table(Self::error_rel(span));
        };
        for more in &args[1..] {
            if let S::Named { value, .. } = &more.kind {
                self.scalar(value, cx);
            } else {
                self.scalar(more, cx);
            }
        }
        let alias = self.scalar(first, cx);
        let known = match &alias.kind {
            ExprKind::Literal(Literal::String(name)) => self.catalog.watchlist(name),
            _ => None,
        };
        let open = known.is_none();
        let columns = known
            .unwrap_or_default()
            .into_iter()
            .map(|(name, ty)| self.column(name, ty))
            .collect();
        Value::Table(crate::plan::Rel {
            op: RelOp::Watchlist {
                alias: Box::new(alias),
            },
            columns,
            open,
            serialized: false,
            span,
        })
    }

    /// `now()` and `ago(x)` are constants of the query where their argument is one.
    fn clock(&mut self, name: &str, args: &Args, span: Span, cx: &Cx<'_>) -> Expr {
        let Some(known) = functions::scalar(name) else {
            return Self::unknown(span);
        };
        let call = self.builtin(known, args, span, span, cx);
        let ExprKind::Call { args, .. } = &call.kind else {
            return call;
        };
        let at = match args.first().map(|arg| &arg.kind) {
            None => Some(self.now),
            Some(ExprKind::Literal(Literal::TimeSpan(ticks))) if name == "ago" => {
                self.now.checked_sub(*ticks)
            }
            Some(ExprKind::Literal(Literal::TimeSpan(ticks))) => self.now.checked_add(*ticks),
            Some(_) => {
                use crate::plan::Operator::{Add, Subtract};
                let now = Expr {
                    kind: ExprKind::Literal(Literal::DateTime(self.now)),
                    ty: Type::DateTime,
                    span,
                };
                let op = if name == "ago" { Subtract } else { Add };
                return self.apply(op, span, now, args[0].clone(), span);
            }
        };
        let literal = at.map_or(Literal::Null, Literal::DateTime);
        Expr {
            kind: ExprKind::Literal(literal),
            ty: Type::DateTime,
            span,
        }
    }

    fn column_if_exists(&mut self, args: &Args, span: Span, cx: &Cx<'_>) -> Expr {
        let [name, default] = args else {
            self.error(
                Code::ArgumentCount,
                span,
                "`column_ifexists` takes a name and a default",
            );
            return Self::unknown(span);
        };
        let default = self.scalar(default, cx);
        let name_expr = self.scalar(name, cx);
        let ExprKind::Literal(Literal::String(name)) = name_expr.kind else {
            return default;
        };
        let column = cx.row.columns.iter().find(|column| column.name == name);
        match column {
            Some(column) => {
                let found = Expr {
                    kind: ExprKind::Column(column.id),
                    ty: column.ty,
                    span,
                };
                // A default without a type takes the column's.
                if default.ty == Type::Unknown {
                    found
                } else {
                    cast(found, default.ty)
                }
            }
            None if cx.row.open => {
                let column = self.column(name, Type::Unknown);
                let value = Expr {
                    kind: ExprKind::Column(column.id),
                    ty: column.ty,
                    span,
                };
                cx.row.late.borrow_mut().push(column);
                let ty = default.ty;
                let args = vec![cast(value, ty), default];
                Expr {
                    kind: ExprKind::Call {
                        function: "coalesce",
                        args,
                    },
                    ty,
                    span,
                }
            }
            None => default,
        }
    }

    /// `pack_all()` and `bag_pack_columns(a, b)` become `bag_pack("a", a, ...)`.
    fn pack_columns(&mut self, name: &Name, args: &Args, span: Span, cx: &Cx<'_>) -> Expr {
        let mut packed = Vec::new();
        let string = |text: &str| scalar::literal(&Constant::String(text.to_owned()), span);
        if name.text == "pack_all" {
            let columns: Vec<Column> = cx.row.columns.to_vec();
            for column in columns {
                packed.push(string(&column.name));
                packed.push(Expr {
                    kind: ExprKind::Column(column.id),
                    ty: column.ty,
                    span,
                });
            }
            let skip_empty = args
                .first()
                .is_some_and(|arg| matches!(arg.kind, S::Literal(Constant::Bool(true))));
            let function = if skip_empty { "pack_all" } else { "bag_pack" };
            return Expr {
                kind: ExprKind::Call {
                    function,
                    args: packed,
                },
                ty: Type::Dynamic,
                span,
            };
        }
        for arg in args {
            let value = self.scalar(arg, cx);
            packed.push(string(&super::names::of(arg).unwrap_or_default()));
            packed.push(value);
        }
        Expr {
            kind: ExprKind::Call {
                function: "bag_pack",
                args: packed,
            },
            ty: Type::Dynamic,
            span,
        }
    }

    /// A built-in scalar or window function.
    pub(super) fn builtin(
        &mut self,
        known: &'static Known,
        args: &Args,
        span: Span,
        at: Span,
        cx: &Cx<'_>,
    ) -> Expr {
        let mut literal_type = None;
        let mut bound = Vec::with_capacity(args.len());
        for arg in args {
            match &arg.kind {
                S::TypeOf(ty) => {
                    literal_type = Some(*ty);
                    bound.push(scalar::literal(
                        &Constant::String(ty.name().to_owned()),
                        arg.span,
                    ));
                }
                S::Star
                    if known.function.name == "pack_array"
                        || known.function.name == "estimate_data_size" =>
                {
                    let star = |column: &Column| Expr {
                        kind: ExprKind::Column(column.id),
                        ty: column.ty,
                        span: arg.span,
                    };
                    bound.extend(cx.row.columns.iter().map(star));
                }
                S::Named { value, .. } => bound.push(self.scalar(value, cx)),
                _ => bound.push(self.scalar(arg, cx)),
            }
        }
        if known.kind == FunctionKind::Window && !cx.row.serialized && !cx.row.columns.is_empty() {
            let message = format!("`{}` needs rows in a defined order", known.function.name);
            self.report(
                Diagnostic::warning(Code::NotSerialized, at, message)
                    .hint("put `sort by ...` or `serialize` before it"),
            );
        }
        let (args, ty) = self.fit(known, bound, at, literal_type);
        let function = known.function.canonical();
        let kind = match known.kind {
            FunctionKind::Window => ExprKind::Window { function, args },
            _ => ExprKind::Call { function, args },
        };
        Expr { kind, ty, span }
    }

    /// Chooses a signature, converts the arguments and says the result's type.
    pub(super) fn fit(
        &mut self,
        known: &'static Known,
        args: Vec<Expr>,
        at: Span,
        literal: Option<Type>,
    ) -> (Vec<Expr>, Type) {
        let candidates: Vec<(&Signature, Vec<&Parameter>)> = known
            .signatures
            .iter()
            .filter_map(|s| s.assign(args.len()).map(|p| (s, p)))
            .collect();
        let Some((first, _)) = candidates.first() else {
            self.error(Code::ArgumentCount, at, arity_message(known, args.len()));
            let ty = known
                .signatures
                .first()
                .map_or(Type::Unknown, |s| result(s, &args, &[], literal));
            return (args, ty);
        };
        let first = *first;
        for (signature, parameters) in candidates {
            if args
                .iter()
                .zip(&parameters)
                .all(|(arg, parameter)| accepts(parameter.kind, arg.ty))
            {
                let mismatch = common_mismatch(&args, &parameters);
                if mismatch.is_none() {
                    let ty = result(signature, &args, &parameters, literal);
                    let shared = shared_type(&args, &parameters);
                    let fitted = args
                        .into_iter()
                        .zip(&parameters)
                        .map(|(arg, p)| convert(arg, p.kind, shared, ty));
                    return (fitted.collect(), ty);
                }
            }
        }
        self.argument_mismatch(known, &args, at);
        let parameters = first.assign(args.len()).unwrap_or_default();
        let ty = result(first, &args, &parameters, literal);
        (args, ty)
    }

    fn argument_mismatch(&mut self, known: &Known, args: &[Expr], at: Span) {
        let wrong = known.signatures.iter().find_map(|signature| {
            let parameters = signature.assign(args.len())?;
            let pair = args
                .iter()
                .zip(parameters)
                .find(|(arg, parameter)| !accepts(parameter.kind, arg.ty))?;
            Some((pair.0.span, pair.0.ty, pair.1.name.clone()))
        });
        let name = known.function.name;
        let found = match wrong {
            Some((span, ty, parameter)) if known.signatures.len() == 1 => Diagnostic::error(
                Code::TypeMismatch,
                span,
                format!("`{name}` does not take a `{ty}` for `{parameter}`"),
            ),
            _ => {
                let types: Vec<&str> = args.iter().map(|arg| arg.ty.name()).collect();
                Diagnostic::error(
                    Code::TypeMismatch,
                    at,
                    format!("`{name}` does not take ({})", types.join(", ")),
                )
            }
        };
        self.report(found.hint(format!("{name}{}", known.function.signatures.join(" or "))));
    }

    /// Calls a function of the text.
    pub(super) fn call_lambda(
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
        let value = self.body(&lambda.body, inner, span);
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
            self.error(Code::ArgumentCount, span, message);
        }
        let mut position = 0;
        for parameter in parameters {
            let named = args.iter().position(|arg| {
                matches!(&arg.kind, S::Named { names, .. } if names.len() == 1 && names[0].text == parameter.name.text)
            });
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

    fn argument(
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
                for (name, _) in columns {
                    if !rel.open && !rel.columns.iter().any(|column| column.name == name.text) {
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
    pub(super) fn free_parameter(&mut self, parameter: &Declared, env: &Env) -> Binding {
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
    pub(super) fn check_lambda(&mut self, lambda: &Rc<Lambda>, env: &Env) {
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
        }
        let (shared, operators) = (self.materialized.len(), self.operators);
        self.body(&lambda.body, inner, lambda.body.span);
        self.materialized.truncate(shared);
        self.operators = operators;
    }

    fn body(&mut self, body: &Script, mut env: Env, span: Span) -> Value {
        let mut result = None;
        for statement in &body.statements {
            match &statement.kind {
                StatementKind::Expression(expression) => {
                    result = Some(self.value(expression, &Cx::top(&env)))
                }
                kind => self.declare(kind, &mut env),
            }
        }
        result.unwrap_or_else(|| Value::Scalar(Self::unknown(span)))
    }

    /// A function the catalog stores: its text is parsed and inlined. Its own mistakes are reported at the call.
    pub(super) fn stored_function(
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

fn arity_message(known: &Known, found: usize) -> String {
    let name = known.function.name;
    let min = known
        .signatures
        .iter()
        .map(|s| s.arity().0)
        .min()
        .unwrap_or(0);
    let max = known
        .signatures
        .iter()
        .map(|s| s.arity().1)
        .max_by_key(|max| max.unwrap_or(usize::MAX))
        .flatten();
    match max {
        Some(max) if max == min => format!("`{name}` takes {min} arguments, found {found}"),
        Some(max) => format!("`{name}` takes {min} to {max} arguments, found {found}"),
        None => format!("`{name}` takes at least {min} arguments, found {found}"),
    }
}

/// True when a value of this type may stand for a parameter of this kind.
pub(super) fn accepts(kind: Kind, ty: Type) -> bool {
    if ty == Type::Unknown {
        return true;
    }
    match kind {
        Kind::Scalar | Kind::TypeLiteral | Kind::Table | Kind::CommonOrDynamic | Kind::Common => {
            true
        }
        Kind::Exact(Type::String) => matches!(ty, Type::String | Type::Dynamic),
        Kind::Exact(Type::Long) => ty.is_integer() || ty == Type::Dynamic,
        Kind::Exact(Type::Real | Type::Decimal) => ty.is_numeric() || ty == Type::Dynamic,
        Kind::Exact(Type::Int) => ty.is_integer(),
        Kind::Exact(exact) => ty == exact,
        Kind::Plain => ty != Type::Dynamic,
        Kind::Integer => ty.is_integer(),
        Kind::Number => ty.is_numeric(),
        Kind::Summable => ty.is_numeric() || matches!(ty, Type::DateTime | Type::TimeSpan),
        Kind::Orderable => !matches!(ty, Type::Dynamic | Type::Guid),
        Kind::Text | Kind::TextOrArray => matches!(ty, Type::String | Type::Dynamic),
        Kind::IntegerOrArray => ty.is_integer() || ty == Type::Dynamic,
        Kind::NumberOrBool => ty.is_numeric() || ty == Type::Bool,
        Kind::Array | Kind::Bag => ty == Type::Dynamic,
    }
}

/// The type all `common` arguments share.
fn shared_type(args: &[Expr], parameters: &[&Parameter]) -> Type {
    let shared = |p: &Parameter| matches!(p.kind, Kind::Common | Kind::CommonOrDynamic);
    let branches = parameters.iter().any(|p| p.kind == Kind::CommonOrDynamic);
    let adapt = if branches {
        coerce::Adapt::Dynamic
    } else {
        coerce::Adapt::All
    };
    let typed = args
        .iter()
        .zip(parameters)
        .filter(|(_, p)| shared(p))
        .map(|(arg, _)| arg.ty);
    coerce::common_as(typed, adapt)
}

/// The first argument that fits no common type, where all must have one.
fn common_mismatch<'e>(args: &'e [Expr], parameters: &[&Parameter]) -> Option<&'e Expr> {
    let strict: Vec<&Expr> = args
        .iter()
        .zip(parameters)
        .filter(|(_, p)| p.kind == Kind::Common)
        .map(|(arg, _)| arg)
        .collect();
    let first = strict.iter().find(|arg| arg.ty != Type::Unknown)?.ty;
    strict.into_iter().find(|arg| {
        let ty = arg.ty;
        ty != Type::Unknown && ty != first && !(ty.is_numeric() && first.is_numeric())
    })
}

fn convert(arg: Expr, kind: Kind, shared: Type, returns: Type) -> Expr {
    let ty = match kind {
        Kind::Exact(ty) => ty,
        Kind::Integer => Type::Long,
        // Branches of different types have to agree at run time: as dynamics.
        Kind::CommonOrDynamic => return cast(arg, shared),
        Kind::Common => shared,
        Kind::Text if arg.ty == Type::Unknown => Type::Dynamic,
        Kind::Number | Kind::Summable if arg.ty == Type::Unknown => {
            if returns.is_dynamic() {
                Type::Real
            } else {
                returns
            }
        }
        _ => return arg,
    };
    if ty == Type::Unknown {
        arg
    } else {
        cast(arg, ty)
    }
}

fn result(
    signature: &Signature,
    args: &[Expr],
    parameters: &[&Parameter],
    literal: Option<Type>,
) -> Type {
    let argument = |index: usize| args.get(index).map_or(Type::Unknown, |arg| arg.ty);
    match signature.returns {
        Returns::Type(ty) => ty,
        Returns::Argument(index) => argument(index),
        Returns::Promoted => match argument(0) {
            Type::Int => Type::Long,
            ty => ty,
        },
        Returns::Widest => coerce::common([argument(0), argument(1)]),
        Returns::Common => shared_type(args, parameters),
        Returns::Literal => literal.unwrap_or(Type::String),
        Returns::Custom => Type::Dynamic,
    }
}
