//! `evaluate`: plugins and the columns they make.

use super::rel;
use crate::diagnostic::{Code, Diagnostic};
use crate::functions::{self, FunctionKind, Kind, Known};
use crate::plan::{Column, Expr, ExprKind, Literal, PluginArg, Rel, RelOp};
use crate::syntax::tree::{Expr as Syntax, ExprKind as S, Name};
use crate::types::{Span, Type};

use super::Binder;
use super::names::{self, Names};
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
            let message = format!("unknown plugin `{}`", name.text);
            let found = Diagnostic::error(Code::UnknownPlugin, name.span, message);
            let found = self.hinted(found, &name.text, plugins.map(|known| known.function.name));
            self.report(found);
            return Self::error_rel(span);
        };
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
        self.check_plugin_arguments(known, args, &bound, (name.span, call.span));
        let made = match schema {
            Some((_, false)) => (Vec::new(), false),
            _ => self.plugin_columns(&name.text, input.as_ref(), (args, &bound), span),
        };
        let (columns, open) = match schema {
            Some((declared, _)) => (self.declared(declared, made.0), false),
            None => made,
        };
        let op = RelOp::Evaluate {
            input: input.map(Box::new),
            plugin: name.text.clone(),
            args: bound,
            declared: schema.is_some(),
        };
        rel::unordered(op, columns, open, span)
    }

    /// Checks arguments against the plugin's signatures. Tables and columns of tables were looked at when they were bound.
    fn check_plugin_arguments(
        &mut self,
        known: &'static Known,
        args: &[std::rc::Rc<Syntax>],
        bound: &[PluginArg],
        (at, call): (Span, Span),
    ) {
        let parameters = known.signatures.iter().flat_map(|s| &s.parameters);
        let unmatched = parameters.clone().any(|p| p.name == "return_unmatched");
        let values: Vec<Expr> = bound
            .iter()
            .zip(args)
            .map(|(value, arg)| match value {
                PluginArg::Expr(expr) => match &expr.kind {
                    // `"~"` asks for the default.
                    ExprKind::Literal(Literal::String(text)) if text == "~" => {
                        Self::unknown(arg.span)
                    }
                    // The last argument of the lookups, behind any number of keys.
                    ExprKind::Literal(Literal::Bool(_)) if unmatched => Self::unknown(arg.span),
                    _ => expr.clone(),
                },
                // A name says which parameter is meant.
                PluginArg::Named(..) | PluginArg::Aggregate(_) | PluginArg::Rel(_) => {
                    Self::unknown(arg.span)
                }
            })
            .collect();
        let aggregate = |position: usize| {
            let signature = known.signatures.first()?;
            let parameters = signature.assign(args.len())?;
            parameters
                .get(position)
                .map(|parameter| parameter.aggregate)
        };
        for (position, value) in bound.iter().enumerate() {
            if let PluginArg::Expr(expr) = value
                && expr.ty != Type::Unknown
                && aggregate(position) == Some(true)
            {
                let message = "an aggregate is needed here";
                self.error(Code::AggregateMisplaced, expr.span, message);
            }
        }
        let typed =
            |arg: &std::rc::Rc<Syntax>| matches!(arg.kind, S::TypeOf(_) | S::TypeOfTable(..));
        let literal = args.iter().any(typed).then_some(Type::Unknown);
        self.fit(known, values, (at, call), literal);
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
            let value = match input {
                Some(rel) => self.over(rel, env, |b, cx| b.scalar(value, cx)),
                None => self.scalar(value, &Cx::top(env)),
            };
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

    /// The columns that a schema gives, after those of `made` that it does not name.
    pub(super) fn declared(&mut self, declared: &[(Name, Type)], made: Vec<Column>) -> Vec<Column> {
        let mut columns = made;
        columns.retain(|column| !declared.iter().any(|(name, _)| column.name == name.text));
        for (name, ty) in declared {
            let column = self.column(&name.text, *ty);
            columns.push(column);
        }
        columns
    }

    /// The columns a plugin makes of its input, and whether there are more that only the data tells.
    fn plugin_columns(
        &mut self,
        plugin: &str,
        input: Option<&Rel>,
        (syntax, args): (&[std::rc::Rc<Syntax>], &[PluginArg]),
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
                            .first()
                            .into_iter()
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
                    let dropped = dropped_keys(plugin, rel, args);
                    for column in rel.columns.iter().filter(|c| !dropped.contains(&c.id)) {
                        let name = names.implicit(&column.name);
                        let fresh = self.column(name, column.ty);
                        columns.push(fresh);
                    }
                }
                (columns, open || more)
            }
            "rolling_percentile" => {
                let index = column_of(args.get(2));
                let value = column_of(args.first());
                let number = |arg: Option<&PluginArg>| match arg {
                    Some(PluginArg::Expr(expr)) => constant_text(expr),
                    _ => String::new(),
                };
                let mut columns: Vec<Column> = index.into_iter().collect();
                columns.extend(args.iter().skip(5).filter_map(|arg| column_of(Some(arg))));
                let (name, ty) = value.map_or(("".into(), Type::Unknown), |c| (c.name, c.ty));
                let (bins, percentile) = (number(args.get(4)), number(args.get(1)));
                let name = format!("rolling_{bins}_percentile_{name}_{percentile}");
                columns.push(self.column(name, ty));
                (columns, false)
            }
            "preview" | "rows_near" | "identity" | "identity_v3" => (given, open),
            "python" | "r" | "csharp" => match syntax.first().map(|arg| &arg.kind) {
                Some(S::TypeOfTable(declared, star)) => {
                    let made = if *star { given } else { Vec::new() };
                    (self.declared(declared, made), *star && open)
                }
                _ => (Vec::new(), false),
            },
            "dcount_intersect" => {
                let mut columns = given;
                for position in 0..args.len() {
                    columns.push(self.column(format!("s{position}"), Type::Long));
                }
                (columns, open)
            }
            "sequence_detect" => (self.sequence_columns(syntax, args, &column_of), false),
            _ => match layout(plugin) {
                Some(layout) => {
                    let mut columns = Vec::new();
                    for part in layout {
                        match part {
                            Part::Input => columns.extend(given.iter().cloned()),
                            Part::Argument(at) => columns.extend(column_of(args.get(*at))),
                            Part::Rest(from) => columns.extend(
                                args.iter()
                                    .skip(*from)
                                    .filter_map(|arg| column_of(Some(arg))),
                            ),
                            Part::Like(name, at) => {
                                let ty = column_of(args.get(*at)).map_or(Type::Unknown, |c| c.ty);
                                columns.push(self.column(*name, ty));
                            }
                            Part::Prefixed(prefix, at) => {
                                if let Some(column) = column_of(args.get(*at)) {
                                    let name = format!("{prefix}{}", column.name);
                                    columns.push(self.column(name, column.ty));
                                }
                            }
                            Part::Fixed(name, ty) => columns.push(self.column(*name, *ty)),
                            Part::Suffixed(at, suffix, ty) => {
                                let name = syntax.get(*at).and_then(|arg| names::of(arg));
                                let name = format!("{}{suffix}", name.unwrap_or_default());
                                columns.push(self.column(name, *ty));
                            }
                        }
                    }
                    (columns, open && layout.contains(&Part::Input))
                }
                // The others' columns depend on their arguments in ways that are not worked out here.
                None => (Vec::new(), true),
            },
        }
    }
}

impl Binder<'_> {
    /// `sequence_detect`: the dimensions, the time of each step, and how long it all took.
    fn sequence_columns(
        &mut self,
        syntax: &[std::rc::Rc<Syntax>],
        args: &[PluginArg],
        column_of: &dyn Fn(Option<&PluginArg>) -> Option<Column>,
    ) -> Vec<Column> {
        let timeline = column_of(args.first());
        let mut columns = Vec::new();
        let mut steps = Vec::new();
        for (arg, value) in syntax.iter().zip(args).skip(3) {
            match column_of(Some(value)) {
                Some(column) if column.ty != Type::Bool => columns.push(column),
                _ => steps.extend(timeline.as_ref().map(|timeline| {
                    let name = names::of(arg).unwrap_or_default();
                    self.column(format!("{name}_{}", timeline.name), timeline.ty)
                })),
            }
        }
        columns.append(&mut steps);
        columns.push(self.column("Duration", Type::TimeSpan));
        columns
    }
}

/// Columns of a lookup's table that its result does not repeat: further keys, and a shape unless it is asked for.
fn dropped_keys(plugin: &str, table: &Rel, args: &[PluginArg]) -> Vec<crate::plan::ColumnId> {
    let column = |arg: &PluginArg| match arg {
        PluginArg::Expr(expr) => match expr.kind {
            ExprKind::Column(id) if table.columns.iter().any(|c| c.id == id) => Some(id),
            _ => None,
        },
        _ => None,
    };
    if plugin.starts_with("ip") {
        return args.iter().skip(3).filter_map(column).collect();
    }
    let yes = |value: &Expr| matches!(value.kind, ExprKind::Literal(Literal::Bool(true)));
    let asked = |(at, arg): (usize, &PluginArg)| match arg {
        PluginArg::Named(name, value) => name == "return_lookup_key" && yes(value),
        PluginArg::Expr(value) => at == 7 && yes(value),
        _ => false,
    };
    if args.iter().enumerate().any(asked) {
        return Vec::new();
    }
    args.get(1).and_then(column).into_iter().collect()
}

/// A piece of a plugin's output.
#[derive(PartialEq)]
enum Part {
    /// All columns of the input.
    Input,
    /// The column that argument is.
    Argument(usize),
    /// Those all arguments from that one on are.
    Rest(usize),
    /// A column of this name with the type of that argument.
    Like(&'static str, usize),
    /// The column that argument is, with a prefix to its name.
    Prefixed(&'static str, usize),
    /// A column of its own.
    Fixed(&'static str, Type),
    /// A column called like that argument with a suffix.
    Suffixed(usize, &'static str, Type),
}

/// The output of plugins that do not depend on their data.
fn layout(plugin: &str) -> Option<&'static [Part]> {
    use Part::{Argument, Fixed, Input, Like, Prefixed, Rest, Suffixed};
    use Type::{Dynamic, Long, Real, String, TimeSpan};
    Some(match plugin {
        "narrow" => &[
            Fixed("Row", Long),
            Fixed("Column", String),
            Fixed("Value", String),
        ],
        "basket" | "autocluster" => &[
            Fixed("SegmentId", Long),
            Fixed("Count", Long),
            Fixed("Percent", Real),
            Input,
        ],
        "diffpatterns" => &[
            Fixed("SegmentId", Long),
            Fixed("CountA", Long),
            Fixed("CountB", Long),
            Fixed("PercentA", Real),
            Fixed("PercentB", Real),
            Fixed("PercentDiffAB", Real),
            Input,
        ],
        "active_users_count" => &[Argument(1), Rest(8), Fixed("dcount", Long)],
        "activity_counts_metrics" => &[
            Argument(1),
            Rest(5),
            Fixed("count", Long),
            Fixed("dcount", Long),
            Fixed("new_dcount", Long),
            Fixed("aggregated_dcount", Long),
        ],
        "activity_engagement" => &[
            Argument(1),
            Rest(6),
            Fixed("dcount_activities_inner", Long),
            Fixed("dcount_activities_outer", Long),
            Fixed("activity_ratio", Real),
        ],
        "activity_metrics" => &[
            Argument(1),
            Rest(5),
            Fixed("dcount_values", Long),
            Fixed("dcount_newvalues", Long),
            Fixed("retention_rate", Real),
            Fixed("churn_rate", Real),
        ],
        "new_activity_metrics" => &[
            Prefixed("from_", 1),
            Prefixed("to_", 1),
            Rest(5),
            Fixed("dcount_new_values", Long),
            Fixed("dcount_retained_values", Long),
            Fixed("dcount_churn_values", Long),
            Fixed("retention_rate", Real),
            Fixed("churn_rate", Real),
        ],
        "session_count" => &[Argument(1), Rest(6), Fixed("count_sessions", Long)],
        "sliding_window_counts" => &[
            Argument(1),
            Rest(6),
            Fixed("Count", Long),
            Fixed("Dcount", Long),
        ],
        "funnel_sequence" => &[
            Argument(1),
            Like("prev", 6),
            Like("next", 6),
            Fixed("dcount", Long),
            Fixed("samples", Dynamic),
        ],
        "funnel_sequence_completion" => &[
            Argument(1),
            Suffixed(5, "", String),
            Fixed("Period", TimeSpan),
            Fixed("dcount", Long),
        ],
        "infer_storage_schema" => &[Fixed("CslSchema", String)],
        "infer_storage_schema_with_suggestions" => &[Fixed("SuggestedTableSchema", String)],
        "http_request" | "http_request_post" => &[
            Fixed("ResponseHeaders", Dynamic),
            Fixed("ResponseBody", Dynamic),
        ],
        "ai_embeddings" => &[Input, Suffixed(0, "_embeddings", Dynamic)],
        "ai_embed_text" => &[Input, Suffixed(0, "_embedding", Dynamic)],
        "ai_chat_completion" | "ai_chat_completion_prompt" => {
            &[Input, Suffixed(0, "_completion", String)]
        }
        "diffpatterns_text" => &[
            Fixed("Count_of_True", Long),
            Fixed("Count_of_False", Long),
            Fixed("Percent_of_True", Real),
            Fixed("Percent_of_False", Real),
            Fixed("Pattern", String),
        ],
        "estimate_rows_count" => &[Fixed("EstimatedRowsCount", Long)],
        _ => return None,
    })
}

/// A number as part of a column's name.
fn constant_text(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Literal(Literal::Long(n)) => n.to_string(),
        ExprKind::Literal(Literal::Int(n)) => n.to_string(),
        ExprKind::Literal(Literal::Real(n)) => n.to_string(),
        ExprKind::Cast(inner) => constant_text(inner),
        _ => String::new(),
    }
}
