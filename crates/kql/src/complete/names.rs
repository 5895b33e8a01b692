//! What is in scope: columns, variables, functions, tables.

use super::CompletionItem;
use super::CompletionKind as Kind;
use super::collect::{Collector, Texts, Tier};
use super::show;
use super::site::Site;
use super::words::opened;
use crate::bind::observe::{Place, Scope, Variable};
use crate::catalog::Catalog;
use crate::functions::{self, FunctionKind, Known, workspace};
use crate::plan::Column;
use crate::syntax::expected::Want;

/// Words that call for a table in their brackets.
const OVER_TABLES: &[&str] = &["toscalar", "totable", "materialize"];

/// Offers the names that fit.
pub(super) fn fill(site: &Site<'_>, catalog: &dyn Catalog, found: &mut Collector<'_>) {
    let Some(scope) = site.scope() else {
        return;
    };
    let expected = &site.expected;
    if expected.wants(Want::Invoked) {
        variables(site, scope, found, &[Kind::Function], 0);
        stored_functions(site, catalog, found, 1);
        return;
    }
    let shuffled = matches!(site.back(1), "shufflekey") && site.back(0) == "=";
    if expected.wants(Want::Column) || shuffled {
        columns(&scope.columns, found, 0);
        return;
    }
    if expected.wants(Want::Plugin)
        || !expected.wants(Want::Operand) && !expected.wants(Want::Table)
    {
        return;
    }
    let starts = expected.wants(Want::Statement);
    if expected.wants(Want::Table) || scope.place == Place::Table || starts {
        let kinds = &[Kind::Table, Kind::Function, Kind::Variable];
        variables(site, scope, found, kinds, 0);
        tables(site, catalog, found, 2);
    } else if scope.place == Place::JoinKey || !scope.right.is_empty() {
        join_keys(scope, found);
    } else {
        scalars(site, scope, found);
        if takes_table(site, scope) {
            tables(site, catalog, found, 9);
        }
    }
}

/// True where a scalar is bound, yet a table may stand: behind `let x =`, in brackets, as an argument of a function
/// that is not built in.
fn takes_table(site: &Site<'_>, scope: &Scope) -> bool {
    if site.expected.wants(Want::Source) {
        return true;
    }
    let Some(call) = &site.call else {
        return false;
    };
    let name = site.slice(call.name);
    match functions::plugin(name) {
        Some(plugin) => parameter(plugin, call.argument)
            .is_some_and(|parameter| parameter.kind == functions::Kind::Table),
        None => {
            OVER_TABLES.contains(&name)
                || matches!(scope.variable(name), Some(Variable::Function(_)))
                || functions::scalar(name).is_none() && functions::aggregate(name).is_none()
        }
    }
}

fn parameter(known: &Known, argument: usize) -> Option<&functions::Parameter> {
    let signature = known.signatures.first()?;
    signature.parameters.get(argument).or_else(|| {
        let last = signature.parameters.last();
        last.filter(|parameter| parameter.repeats)
    })
}

fn columns(columns: &[Column], found: &mut Collector<'_>, tier: Tier) {
    for column in columns {
        found.add(&column.name, Kind::Column, tier, || Texts {
            insert: show::reference(&column.name),
            detail: column.ty.name().to_owned(),
            doc: String::new(),
        });
    }
}

/// Columns of both sides first: only those can stand alone.
fn join_keys(scope: &Scope, found: &mut Collector<'_>) {
    let both = |column: &&Column| scope.right.iter().any(|other| other.name == column.name);
    let shared: Vec<Column> = scope.columns.iter().filter(both).cloned().collect();
    columns(&shared, found, 0);
    for (word, side) in [("$left", "left"), ("$right", "right")] {
        found.add(word, Kind::Keyword, 1, || Texts {
            insert: format!("{word}."),
            detail: format!("the {side} side of the join"),
            doc: String::new(),
        });
    }
    columns(&scope.columns, found, 3);
    columns(&scope.right, found, 4);
}

fn scalars(site: &Site<'_>, scope: &Scope, found: &mut Collector<'_>) {
    let wanted = site.call.as_ref().and_then(|call| {
        let plugin = functions::plugin(site.slice(call.name))?;
        Some(parameter(plugin, call.argument)?.aggregate)
    });
    let aggregates = scope.aggregates || wanted == Some(true);
    columns(&scope.columns, found, if aggregates { 2 } else { 0 });
    let kinds = &[Kind::Variable, Kind::Function, Kind::Table];
    variables(site, scope, found, kinds, 1);
    for known in functions::all() {
        let (kind, tier) = match known.kind {
            FunctionKind::Aggregate if aggregates => (Kind::Aggregate, 1),
            FunctionKind::Scalar => (Kind::Function, 4),
            FunctionKind::Window => (Kind::Function, 5),
            FunctionKind::Aggregate | FunctionKind::Plugin => continue,
        };
        let older = if known.function.alias_of.is_some() {
            4
        } else {
            0
        };
        found.add(known.function.name, kind, tier + older, || {
            let empty = known.signatures.iter().all(|s| s.parameters.is_empty());
            Texts {
                insert: called(known.function.name, empty, site.called),
                detail: show::signature(known),
                doc: known.function.doc.to_owned(),
            }
        });
    }
}

/// The name with brackets: both where nothing goes between them.
fn called(name: &str, empty: bool, open: bool) -> String {
    if empty && !open {
        format!("{name}()")
    } else {
        opened(name, open)
    }
}

/// Variables of these kinds, innermost first.
fn variables(
    site: &Site<'_>,
    scope: &Scope,
    found: &mut Collector<'_>,
    kinds: &[Kind],
    tier: Tier,
) {
    for (name, variable) in scope.variables() {
        let plain = |kind, detail| (kind, show::reference(name), detail);
        let (kind, insert, detail) = match &variable {
            Variable::Scalar(ty) => plain(Kind::Variable, ty.name().to_owned()),
            Variable::Table(columns) => plain(Kind::Table, show::columns(columns)),
            Variable::Element(columns) => plain(Kind::Variable, show::columns(columns)),
            Variable::Pattern => plain(Kind::Function, "pattern".to_owned()),
            Variable::Function(lambda) => {
                let empty = lambda.parameters.is_empty();
                let insert = called(name, empty, site.called);
                (Kind::Function, insert, show::lambda(name, lambda))
            }
        };
        // No query can write the name `invoke` gives its input.
        if kinds.contains(&kind) && name != "|" {
            // Where a table goes, a scalar is seldom meant.
            let last = kinds.last() == Some(&kind) && kinds.len() > 1;
            let tier = if last { tier + 6 } else { tier };
            found.add(name, kind, tier, || Texts {
                insert,
                detail,
                doc: String::new(),
            });
        }
    }
}

/// Stored tables and the functions that give one.
fn tables(site: &Site<'_>, catalog: &dyn Catalog, found: &mut Collector<'_>, tier: Tier) {
    for name in catalog.table_names() {
        found.add(&name, Kind::Table, tier, || Texts {
            insert: show::reference(&name),
            ..Texts::default()
        });
    }
    for name in OVER_TABLES
        .iter()
        .chain(&["workspace", "database", "cluster", "table"])
    {
        if let Some(known) = functions::scalar(name) {
            found.add(name, Kind::Function, tier + 2, || Texts {
                insert: opened(name, site.called),
                detail: show::signature(known),
                doc: known.function.doc.to_owned(),
            });
        } else {
            found.add(name, Kind::Function, tier + 2, || Texts {
                insert: opened(name, site.called),
                ..Texts::default()
            });
        }
    }
    stored_functions(site, catalog, found, tier + 1);
}

fn stored_functions(site: &Site<'_>, catalog: &dyn Catalog, found: &mut Collector<'_>, tier: Tier) {
    for name in catalog.function_names() {
        found.add(&name, Kind::Function, tier, || {
            let function = catalog.function(&name);
            let parameters = function.as_ref().map_or("()", |f| f.parameters.as_str());
            Texts {
                insert: called(&name, parameters == "()", site.called),
                detail: format!("{name}{parameters}"),
                doc: String::new(),
            }
        });
    }
    for name in workspace::names() {
        if let Some(function) = workspace::table_function(name) {
            found.add(name, Kind::Function, tier + 1, || Texts {
                insert: opened(name, site.called),
                detail: show::workspace(function),
                doc: String::new(),
            });
        }
    }
    found.add("_GetWatchlist", Kind::Function, tier + 1, || Texts {
        insert: opened("_GetWatchlist", site.called),
        detail: "_GetWatchlist(alias: string)".to_owned(),
        doc: "The rows of a watchlist.".to_owned(),
    });
}

/// Behind a `.`: a side of a join, a node or a step, another workspace's tables. Of a dynamic value nothing is known.
pub(super) fn members(site: &Site<'_>, catalog: &dyn Catalog, found: &mut Collector<'_>) {
    let Some(scope) = site.scope() else {
        return;
    };
    match site.back(1) {
        "$left" => columns(&scope.columns, found, 0),
        "$right" => columns(&scope.right, found, 0),
        ")" => {
            let databases = ["workspace", "database", "cluster", "app", "adx", "resource"];
            if databases.contains(&site.receiver()) {
                tables(site, catalog, found, 0);
            }
        }
        name => {
            if let Some(Variable::Element(members)) = scope.variable(name) {
                columns(&members, found, 0);
            }
        }
    }
}

/// Says what the tables of the answer hold. Last, as only those that are shown need it.
pub(super) fn describe_tables(
    items: &mut [CompletionItem],
    site: &Site<'_>,
    catalog: &dyn Catalog,
) {
    let described = |item: &&mut CompletionItem| item.kind == Kind::Table && item.detail.is_empty();
    for item in items.iter_mut().filter(described) {
        if let Some(table) = catalog.table(&item.label) {
            let names = table.columns.iter().map(|(name, _)| name.as_str());
            item.detail = show::some_of(names, table.columns.len());
        }
        item.doc = catalog
            .describe(&item.label, None)
            .map(|text| text.into_owned())
            .unwrap_or_default();
    }
    let Some(source) = site.scope().and_then(|scope| scope.source.as_deref()) else {
        return;
    };
    for item in items.iter_mut().filter(|item| item.kind == Kind::Column) {
        item.doc = catalog
            .describe(source, Some(&item.label))
            .map(|text| text.into_owned())
            .unwrap_or_default();
    }
}
