//! Built-in functions: signatures, conversions of arguments, result types.

use super::Args;
use super::signature::{
    Choice, agreed_result, argument_fits, choose, is_constant, result, shape_fits, shared_type,
    strict_common, wanted,
};
use crate::bind::coerce::cast;
use crate::bind::scope::Cx;
use crate::bind::{Binder, scalar};
use crate::diagnostic::{Code, Diagnostic};
use crate::functions::{FunctionKind, Kind, Known, Parameter, Returns};
use crate::plan::{Column, Expr, ExprKind, Literal};
use crate::syntax::tree::{Constant, ExprKind as S};
use crate::types::{Span, Type};

/// Arguments converted for the function that takes them.
pub(in crate::bind) struct Fitted {
    pub(in crate::bind) args: Vec<Expr>,
    /// The type the function gives.
    pub(in crate::bind) computed: Type,
    /// The type the call has: unknown where it hangs on arguments of unknown type.
    pub(in crate::bind) ty: Type,
}

impl Fitted {
    fn as_is(args: Vec<Expr>, ty: Type) -> Self {
        Self {
            args,
            computed: ty,
            ty,
        }
    }
}

impl Binder<'_> {
    /// A built-in scalar or window function.
    pub(super) fn builtin(
        &mut self,
        known: &'static Known,
        args: &Args,
        span: Span,
        at: Span,
        cx: &Cx<'_>,
    ) -> Expr {
        self.lint_deprecated(known, at);
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
                    if self.spend(cx.row.columns.len(), arg.span) {
                        bound.extend(cx.row.columns.iter().map(star));
                    }
                }
                _ if known
                    .signatures
                    .iter()
                    .any(|s| s.parameters.first().is_some_and(|p| p.kind == Kind::Table)) =>
                {
                    let table = self.table(arg, cx.env);
                    bound.push(Self::names_of_columns(&table, arg.span));
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
        let Fitted { args, computed, ty } = self.fit(known, bound, (at, span), literal_type);
        let function = known.function.canonical();
        let kind = match known.kind {
            FunctionKind::Window => ExprKind::Window { function, args },
            _ => ExprKind::Call { function, args },
        };
        let value = Expr {
            kind,
            ty: computed,
            span,
        };
        cast(value, ty)
    }

    /// What the plan keeps of a table that is an argument: the names of its columns, as a dynamic array.
    fn names_of_columns(table: &crate::plan::Rel, span: Span) -> Expr {
        let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        let text = serde_json::to_string(&names).unwrap_or_default();
        Expr {
            kind: ExprKind::Literal(Literal::Dynamic(text)),
            ty: Type::Dynamic,
            span,
        }
    }

    /// Chooses a signature, checks and converts the arguments and says the result's type. `at` is the function's name,
    /// `call` the whole call.
    pub(in crate::bind) fn fit(
        &mut self,
        known: &'static Known,
        args: Vec<Expr>,
        (at, call): (Span, Span),
        literal: Option<Type>,
    ) -> Fitted {
        let choice = choose(known, &args);
        let (candidate, ty) = match choice {
            Choice::One(candidate) => {
                let mut ty = result(candidate.signature, &args, &candidate.parameters, literal);
                // What several arguments have in common hangs on each of them.
                let shared = matches!(
                    candidate.signature.returns,
                    Returns::Common | Returns::Widest
                );
                if shared && args.iter().any(|arg| arg.ty == Type::Unknown) {
                    ty = Type::Unknown;
                }
                (candidate, ty)
            }
            Choice::Any(candidates) => {
                let results = candidates
                    .iter()
                    .map(|c| result(c.signature, &args, &c.parameters, literal));
                let results: Vec<Type> = results.collect();
                let agreed = results.iter().all(|ty| *ty == results[0]);
                // What is read from logs and fits a time or its parts is most often a time.
                let time = results.iter().position(|ty| *ty == Type::DateTime);
                let chosen = candidates.into_iter().nth(time.unwrap_or(0));
                let Some(candidate) = chosen else {
                    return Fitted::as_is(args, Type::Unknown);
                };
                let ty = if agreed { results[0] } else { Type::Unknown };
                (candidate, ty)
            }
            Choice::None | Choice::Several => {
                // An argument that is wrong itself has been reported; what it would have meant is unknown.
                let unsure = args.iter().any(|arg| arg.ty == Type::Unknown);
                if matches!(choice, Choice::Several) {
                    if !unsure {
                        self.no_signature(known, &args, at);
                    }
                } else if !self.is_broken(call) {
                    self.error(Code::ArgumentCount, at, arity_message(known, args.len()));
                }
                // What a call with too few or too many arguments gives is not known, whatever its type would be.
                let ty = match choice {
                    Choice::None => Type::Unknown,
                    _ => agreed_result(known, &args, literal),
                };
                return Fitted::as_is(args, ty);
            }
        };
        let (signature, parameters) = (candidate.signature, candidate.parameters);
        let computed = result(signature, &args, &parameters, literal);
        let common = strict_common(&args, &parameters);
        if common.is_none() {
            let message = format!(
                "the arguments of `{}` have no common type",
                known.function.name
            );
            self.error(Code::TypeMismatch, at, message);
            return Fitted::as_is(args, Type::Unknown);
        }
        let mut fits = true;
        for (arg, parameter) in args.iter().zip(&parameters) {
            fits &= self.check_argument(known, common.flatten(), arg, parameter, literal);
        }
        if !fits {
            return Fitted::as_is(args, ty);
        }
        self.lint_patterns(known, &args, &parameters);
        let shared = shared_type(&args, &parameters);
        let fitted = args
            .into_iter()
            .zip(&parameters)
            .map(|(arg, p)| convert(arg, p.kind, shared, computed));
        Fitted {
            args: fitted.collect(),
            computed,
            ty,
        }
    }

    /// Reports an argument its parameter does not take.
    fn check_argument(
        &mut self,
        known: &Known,
        common: Option<Type>,
        arg: &Expr,
        parameter: &Parameter,
        literal: Option<Type>,
    ) -> bool {
        let name = known.function.name;
        let problem = if !argument_fits(parameter.kind, arg.ty, common)
            || !shape_fits(parameter.kind, arg)
        {
            let wanted = wanted(parameter.kind, common);
            let found = arg.ty;
            Some((
                Code::TypeMismatch,
                format!(
                    "`{name}` takes {wanted} for `{}`, not a `{found}`",
                    parameter.name
                ),
            ))
        } else if parameter.kind == Kind::TypeLiteral && literal.is_none() {
            let message = format!("`{name}` takes `typeof(...)` for `{}`", parameter.name);
            Some((Code::TypeMismatch, message))
        } else if arg.ty == Type::Unknown {
            None
        } else if (parameter.column || parameter.lookup) && !matches!(arg.kind, ExprKind::Column(_))
        {
            Some((
                Code::Expected,
                format!("`{name}` takes a column for `{}`", parameter.name),
            ))
        } else if (parameter.constant || parameter.literal) && !is_constant(arg) {
            let message = format!("`{name}` takes a constant for `{}`", parameter.name);
            Some((Code::ConstantExpected, message))
        } else if let ExprKind::Literal(Literal::String(text)) = &arg.kind
            && !parameter.words.is_empty()
            && !parameter
                .words
                .iter()
                .any(|word| word.eq_ignore_ascii_case(text))
        {
            let words = parameter.words.join(", ");
            let message = format!("`{name}` takes one of {words} for `{}`", parameter.name);
            Some((Code::BadOption, message))
        } else {
            None
        };
        let fits = problem.is_none();
        if let Some((code, message)) = problem {
            let found = Diagnostic::error(code, arg.span, message);
            self.report(found.hint(format!("{name}{}", known.function.signatures.join(" or "))));
        }
        fits
    }

    fn no_signature(&mut self, known: &Known, args: &[Expr], at: Span) {
        let name = known.function.name;
        let types: Vec<&str> = args.iter().map(|arg| arg.ty.name()).collect();
        let message = format!("`{name}` does not take ({})", types.join(", "));
        let found = Diagnostic::error(Code::TypeMismatch, at, message);
        self.report(found.hint(format!("{name}{}", known.function.signatures.join(" or "))));
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
