//! `evaluate`: plugins and the columns they make.

use crate::diagnostic::{Code, Diagnostic, closest};
use crate::functions::{self, FunctionKind, Kind};
use crate::plan::{Column, ExprKind, PluginArg, Rel, RelOp};
use crate::syntax::tree::{Expr as Syntax, ExprKind as S, Name};
use crate::types::{Span, Type};

use super::Binder;
use super::names::Names;
use super::scope::{Cx, Env};

type Schema = (Vec<(Name, Type)>, bool);

impl Binder<'_> {
    pub(super) fn evaluate(
        &mut self,
        input: Option<Rel>,
        call: &Syntax,
        schema: Option<&Schema>,
        span: Span,
        env: &Env,
    ) -> Rel {
        let S::Call {
            receiver: None,
            name,
            args,
        } = &call.kind
        else {
            self.error(
                Code::UnknownPlugin,
                call.span,
                "`evaluate` needs a plugin call",
            );
            return Self::error_rel(span);
        };
        let Some(known) = functions::plugin(&name.text) else {
            let plugins = functions::all()
                .into_iter()
                .filter(|known| known.kind == FunctionKind::Plugin);
            let mut found = Diagnostic::error(
                Code::UnknownPlugin,
                name.span,
                format!("unknown plugin `{}`", name.text),
            );
            if let Some(near) = closest(&name.text, plugins.map(|known| known.function.name)) {
                found = found.hint(format!("did you mean `{near}`?"));
            }
            self.report(found);
            return Self::error_rel(span);
        };
        let least = known
            .signatures
            .iter()
            .map(|signature| signature.arity().0)
            .min()
            .unwrap_or(0);
        if args.len() < least {
            self.error(
                Code::ArgumentCount,
                name.span,
                format!(
                    "`{}` takes at least {least} arguments, found {}",
                    name.text,
                    args.len()
                ),
            );
        }
        let mut input = input;
        let mut bound = Vec::new();
        for (position, arg) in args.iter().enumerate() {
            let parameter = known.signatures.first().and_then(|s| {
                s.assign(args.len())
                    .and_then(|p| p.get(position).map(|p| (*p).clone()))
            });
            let lookup = parameter.as_ref().is_some_and(|p| p.lookup);
            let table = parameter.as_ref().is_some_and(|p| p.kind == Kind::Table);
            bound.push(self.plugin_argument(&mut input, arg, lookup.then_some(&bound), table, env));
        }
        let (columns, open) = match schema {
            Some((declared, star)) => self.declared(declared, *star, input.as_ref()),
            None => self.plugin_columns(&name.text, input.as_ref(), &bound, span),
        };
        let op = RelOp::Evaluate {
            input: input.map(Box::new),
            plugin: name.text.clone(),
            args: bound,
            declared: schema.is_some(),
        };
        Rel {
            op,
            columns,
            open,
            serialized: false,
            span,
        }
    }

    fn plugin_argument(
        &mut self,
        input: &mut Option<Rel>,
        arg: &Syntax,
        lookup: Option<&Vec<PluginArg>>,
        table: bool,
        env: &Env,
    ) -> PluginArg {
        if let S::Named { names, value } = &arg.kind {
            let value = self.scalar(value, &Cx::top(env));
            return PluginArg::Named(
                names
                    .first()
                    .map_or(String::new(), |name| name.text.clone()),
                value,
            );
        }
        if table || matches!(arg.kind, S::Pipeline(..) | S::Source(_)) {
            return PluginArg::Rel(self.table(arg, env));
        }
        if let Some(PluginArg::Rel(rel)) = lookup.and_then(|bound| bound.first()) {
            let expr = self.scalar(arg, &Cx::over(env, rel));
            return PluginArg::Expr(expr);
        }
        if let S::Call {
            receiver: None,
            name,
            ..
        } = &arg.kind
            && functions::aggregate(&name.text).is_some()
            && functions::scalar(&name.text).is_none()
        {
            let empty = Self::error_rel(arg.span);
            let call = match input {
                Some(rel) => self.over(rel, env, |b, cx| b.single_aggregate(arg, cx)),
                None => self.single_aggregate(arg, &Cx::over(env, &empty)),
            };
            return call.map_or_else(
                || PluginArg::Expr(Self::unknown(arg.span)),
                |(call, _)| PluginArg::Aggregate(call),
            );
        }
        PluginArg::Expr(match input {
            Some(rel) => self.over(rel, env, |b, cx| b.scalar(arg, cx)),
            None => self.scalar(arg, &Cx::top(env)),
        })
    }

    fn declared(
        &mut self,
        declared: &[(Name, Type)],
        star: bool,
        input: Option<&Rel>,
    ) -> (Vec<Column>, bool) {
        let mut columns: Vec<Column> = match input {
            Some(rel) if star => rel.columns.clone(),
            _ => Vec::new(),
        };
        for (name, ty) in declared {
            let column = self.column(&name.text, *ty);
            columns.push(column);
        }
        (columns, false)
    }

    /// The columns a plugin makes of its input, and whether there are more that only the data tells.
    fn plugin_columns(
        &mut self,
        plugin: &str,
        input: Option<&Rel>,
        args: &[PluginArg],
        span: Span,
    ) -> (Vec<Column>, bool) {
        let given: Vec<Column> = input.map(|rel| rel.columns.clone()).unwrap_or_default();
        let open = input.is_some_and(|rel| rel.open);
        let column_of = |arg: Option<&PluginArg>| match arg {
            Some(PluginArg::Expr(expr)) => match expr.kind {
                ExprKind::Column(id) => given.iter().find(|column| column.id == id).cloned(),
                _ => None,
            },
            _ => None,
        };
        match plugin {
            "bag_unpack" => {
                let bag = column_of(args.first());
                if bag.is_none() && !open {
                    self.error(
                        Code::Expected,
                        span,
                        "`bag_unpack` needs a column of the input",
                    );
                }
                (
                    given
                        .into_iter()
                        .filter(|column| Some(column.id) != bag.as_ref().map(|b| b.id))
                        .collect(),
                    true,
                )
            }
            "pivot" => {
                let pivot = column_of(args.first()).map(|column| column.id);
                let mut listed: Vec<Column> = args
                    .iter()
                    .skip(1)
                    .filter_map(|arg| column_of(Some(arg)))
                    .collect();
                if listed.is_empty() {
                    let used: Vec<_> = match args.get(1) {
                        Some(PluginArg::Aggregate(call)) => call
                            .args
                            .iter()
                            .filter_map(|arg| match arg.kind {
                                ExprKind::Column(id) => Some(id),
                                _ => None,
                            })
                            .collect(),
                        _ => Vec::new(),
                    };
                    listed = given
                        .into_iter()
                        .filter(|c| Some(c.id) != pivot && !used.contains(&c.id))
                        .collect();
                }
                (listed, true)
            }
            "ipv4_lookup" | "ipv6_lookup" | "geo_polygon_lookup" | "geo_line_lookup" => {
                let mut names = Names::default();
                given.iter().for_each(|column| {
                    names.explicit(&column.name);
                });
                let mut columns = given;
                let mut more = false;
                if let Some(PluginArg::Rel(rel)) = args.first() {
                    more = rel.open;
                    for column in &rel.columns {
                        let name = names.implicit(&column.name);
                        let fresh = self.column(name, column.ty);
                        columns.push(fresh);
                    }
                }
                (columns, open || more)
            }
            "narrow" => (
                self.fixed(&[
                    ("Row", Type::Long),
                    ("Column", Type::String),
                    ("Value", Type::String),
                ]),
                false,
            ),
            "basket" | "autocluster" => {
                let mut columns = self.fixed(&[
                    ("SegmentId", Type::Long),
                    ("Count", Type::Long),
                    ("Percent", Type::Real),
                ]);
                columns.extend(given);
                (columns, open)
            }
            "activity_counts_metrics" => {
                let mut columns: Vec<Column> = args
                    .iter()
                    .skip(5)
                    .filter_map(|arg| column_of(Some(arg)))
                    .collect();
                columns.splice(0..0, column_of(args.get(1)));
                columns.extend(self.fixed(&[
                    ("count", Type::Long),
                    ("dcount", Type::Long),
                    ("new_dcount", Type::Long),
                    ("aggregated_dcount", Type::Long),
                ]));
                (columns, false)
            }
            "preview" | "rows_near" => (given, open),
            // The others' columns depend on their arguments in ways that are not worked out here.
            _ => (Vec::new(), true),
        }
    }

    fn fixed(&mut self, columns: &[(&str, Type)]) -> Vec<Column> {
        columns
            .iter()
            .map(|(name, ty)| self.column(*name, *ty))
            .collect()
    }
}
