//! What a query would like the values of its stored columns to be, read off its plan: a condition on a computed column is
//! followed back to the stored columns that the value comes from.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use kql::plan::{
    Aggregate, ColumnId, Expr, ExprKind, InOperator, Literal, Operator, ParsePiece, PluginArg,
    Query, Rel, RelOp,
};
use serde_json::Value;

use super::inverse;

/// Definitions that are followed back from one condition.
const STEPS_MAX: usize = 24;

/// Nodes that are visited for one query: columns that read the one before twice double the ways back.
const VISITS_MAX: usize = 100_000;

/// A wish about one value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wish {
    /// This value; an instant or a timespan is its number of ticks.
    Is(Value),
    /// A text that has these pieces somewhere.
    Has(String),
    Starts(String),
    Ends(String),
    /// A property of a JSON object.
    Property(String, Box<Wish>),
    /// An element of a JSON array.
    Element(Box<Wish>),
    /// Anything that is not empty.
    Any,
}

/// Where stored rows come from: a table, a watchlist or an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Table(String),
    Watchlist(String),
    External(String),
}

/// A stored column.
pub(crate) type Place = (Source, String);

/// The wishes of a query.
#[derive(Default)]
pub(crate) struct Wishes {
    /// For each stored column: what a condition asks for.
    pub(crate) wanted: BTreeMap<Place, Vec<Wish>>,
    /// What a condition excludes.
    pub(crate) unwanted: BTreeMap<Place, Vec<Wish>>,
    /// All texts of the query.
    pub(crate) texts: Vec<String>,
    /// All numbers of the query.
    pub(crate) numbers: Vec<f64>,
}

impl Wishes {
    pub(crate) fn of(query: &Query) -> Self {
        let mut reader = Reader {
            query,
            made: HashMap::new(),
            links: Vec::new(),
            visits: Cell::new(0),
            wishes: Self::default(),
        };
        query.each_rel(&mut |rel| reader.define(rel));
        query.each_rel(&mut |rel| reader.read(rel));
        reader.share();
        reader.wishes
    }
}

/// How a column comes about.
enum Made<'q> {
    Stored(Place),
    Computed(&'q Expr),
    /// Of several: a union's inputs, a shared part's column, the arguments of an aggregate.
    OneOf(Vec<ColumnId>),
    Collected(&'q Aggregate),
    Expanded(&'q Expr),
    Parsed(&'q Expr, &'q [ParsePiece]),
    Property(&'q Expr, String),
}

struct Reader<'q> {
    query: &'q Query,
    made: HashMap<ColumnId, Made<'q>>,
    links: Vec<(Vec<Place>, Vec<Place>)>,
    visits: Cell<usize>,
    wishes: Wishes,
}

impl<'q> Reader<'q> {
    fn define(&mut self, rel: &'q Rel) {
        let by_name = |source: &Source| -> Vec<(ColumnId, Made<'q>)> {
            let columns = rel.columns.iter();
            columns
                .map(|c| (c.id, Made::Stored((source.clone(), c.name.to_string()))))
                .collect()
        };
        match &rel.op {
            RelOp::Table { name, columns } => {
                let source = Source::Table(name.clone());
                for (id, column) in columns {
                    let place = (source.clone(), column.to_string());
                    self.made.insert(*id, Made::Stored(place));
                }
            }
            RelOp::Watchlist { alias } => {
                if let Some(Value::String(alias)) = self.constant(alias) {
                    self.made.extend(by_name(&Source::Watchlist(alias)));
                }
            }
            RelOp::ExternalData { uris, .. } => {
                if let Some(uri) = uris.first() {
                    self.made.extend(by_name(&Source::External(uri.clone())));
                }
            }
            RelOp::Project { items, .. }
            | RelOp::Distinct { items, .. }
            | RelOp::Print { items } => items.iter().for_each(|(id, value)| self.item(*id, value)),
            RelOp::SampleDistinct { item, .. } => self.item(item.0, &item.1),
            RelOp::Summarize {
                keys, aggregates, ..
            } => {
                keys.iter().for_each(|(id, value)| self.item(*id, value));
                aggregates.iter().for_each(|a| self.aggregate(a));
            }
            RelOp::MakeSeries { keys, .. } => {
                keys.iter().for_each(|(id, value)| self.item(*id, value));
            }
            RelOp::Union { inputs, .. } => {
                let mut from: BTreeMap<ColumnId, Vec<ColumnId>> = BTreeMap::new();
                for (at, id) in inputs.iter().flat_map(|input| input.columns.iter()) {
                    if let Some(column) = rel.columns.get(at) {
                        from.entry(column.id).or_default().push(id);
                    }
                }
                let made = from.into_iter();
                self.made.extend(made.map(|(id, of)| (id, Made::OneOf(of))));
            }
            RelOp::Materialized { columns, .. } => {
                for (out, inner) in columns {
                    self.made.insert(*out, Made::OneOf(vec![*inner]));
                }
            }
            RelOp::MvExpand { items, .. } | RelOp::MvApply { items, .. } => {
                for item in items {
                    self.made.insert(item.output, Made::Expanded(&item.value));
                }
            }
            RelOp::Parse { value, pieces, .. } => {
                for piece in pieces {
                    if let ParsePiece::Column { id, .. } = piece {
                        self.made.insert(*id, Made::Parsed(value, pieces));
                    }
                }
            }
            RelOp::Evaluate {
                plugin,
                args,
                input,
                ..
            } if plugin == "bag_unpack" => {
                let taken = input.iter().flat_map(|input| &input.columns);
                let taken: Vec<ColumnId> = taken.map(|c| c.id).collect();
                if let Some(PluginArg::Expr(bag)) = args.first() {
                    for column in rel.columns.iter().filter(|c| !taken.contains(&c.id)) {
                        let property = Made::Property(bag, column.name.to_string());
                        self.made.insert(column.id, property);
                    }
                }
            }
            _ => {}
        }
    }

    fn item(&mut self, id: ColumnId, value: &'q Expr) {
        if !matches!(&value.kind, ExprKind::Column(from) if *from == id) {
            self.made.insert(id, Made::Computed(value));
        }
    }

    fn aggregate(&mut self, aggregate: &'q Aggregate) {
        match aggregate.function {
            "arg_max" | "arg_min" | "take_any" | "take_anyif" => {
                for (output, value) in aggregate.outputs.iter().zip(&aggregate.args) {
                    self.item(output.id, value);
                }
            }
            _ => {
                for output in &aggregate.outputs {
                    self.made.insert(output.id, Made::Collected(aggregate));
                }
            }
        }
    }

    fn read(&mut self, rel: &'q Rel) {
        match &rel.op {
            RelOp::Filter { predicate, .. } => self.condition(predicate, true),
            RelOp::Join { on, .. } => on.iter().for_each(|(l, r)| self.link(l, r)),
            RelOp::Parse { value, pieces, .. } => {
                let text = inverse::parsed_text(pieces, None);
                self.want(value, Wish::Is(text.into()), true, 0);
            }
            _ => {}
        }
        for expr in rel.expressions() {
            expr.each(&mut |part| self.part(part));
        }
    }

    /// What any expression says about its values, wherever it stands.
    fn part(&mut self, expr: &'q Expr) {
        match &expr.kind {
            ExprKind::Literal(Literal::String(text)) => self.wishes.texts.push(text.clone()),
            ExprKind::Literal(literal) => {
                if let Some(number) = inverse::number(literal) {
                    self.wishes.numbers.push(number);
                }
            }
            ExprKind::Member { .. } | ExprKind::Index { .. } => {
                self.want(expr, Wish::Any, true, 0);
            }
            ExprKind::Call { function, args } => {
                if matches!(*function, "iff" | "iif" | "case" | "countif" | "dcountif") {
                    let conditions = args.iter().filter(|arg| arg.ty == kql::Type::Bool);
                    conditions.for_each(|arg| self.condition(arg, true));
                }
                for (arg, wish) in inverse::shapes(function, args) {
                    self.want(arg, wish, true, 0);
                }
            }
            _ => {}
        }
    }

    fn condition(&mut self, expr: &'q Expr, holds: bool) {
        match &expr.kind {
            ExprKind::Binary { op, left, right } => match op {
                Operator::And | Operator::Or => {
                    self.condition(left, holds);
                    self.condition(right, holds);
                }
                _ => self.comparison(*op, left, right, holds),
            },
            ExprKind::Between {
                negated,
                value,
                low,
                high,
            } => {
                let (low, high) = (self.constant(low), self.constant(high));
                if let Some(wish) = inverse::middle(value.ty, low.as_ref(), high.as_ref()) {
                    self.want(value, wish, *negated != holds, 0);
                }
            }
            ExprKind::In { op, value, list } => {
                let negated = matches!(op, InOperator::NotIn | InOperator::NotInIgnoreCase);
                for element in list {
                    match self.constant(element) {
                        Some(Value::Array(all)) => {
                            for one in all {
                                self.want(value, in_wish(*op, one), negated != holds, 0);
                            }
                        }
                        Some(one) => self.want(value, in_wish(*op, one), negated != holds, 0),
                        None => self.link(value, element),
                    }
                }
            }
            ExprKind::InSubquery { op, value, input } => {
                let negated = matches!(op, InOperator::NotIn | InOperator::NotInIgnoreCase);
                self.in_rows(*op, value, input, negated != holds);
            }
            ExprKind::Call { function, args } => match (*function, args.as_slice()) {
                ("not", [inner]) => self.condition(inner, !holds),
                (function, args) => {
                    for (arg, wish) in inverse::tests(function, args, |e| self.constant(e)) {
                        self.want(arg, wish, holds, 0);
                    }
                }
            },
            ExprKind::Cast(inner) => self.condition(inner, holds),
            ExprKind::Column(id) => match self.made.get(id) {
                Some(Made::Computed(value)) if value.ty == kql::Type::Bool => {
                    let value = *value;
                    self.condition(value, holds);
                }
                _ => self.want(expr, Wish::Is(true.into()), holds, 0),
            },
            _ => {}
        }
    }

    fn comparison(&mut self, op: Operator, left: &'q Expr, right: &'q Expr, holds: bool) {
        let (value, constant, op) = match (self.constant(left), self.constant(right)) {
            (_, Some(constant)) => (left, constant, op),
            (Some(constant), None) => (right, constant, inverse::mirrored(op)),
            (None, None) => return self.link(left, right),
        };
        for (wish, positive) in inverse::comparison(op, value.ty, constant) {
            self.want(value, wish, positive == holds, 0);
        }
    }

    /// `in (subquery)`: listed rows are wishes, stored ones are linked.
    fn in_rows(&mut self, op: InOperator, value: &'q Expr, input: &'q Rel, holds: bool) {
        let Some(first) = input.columns.first() else {
            return;
        };
        if let RelOp::Values { rows } = &input.op {
            for cell in rows.iter().filter_map(|row| row.first()) {
                if let Some(cell) = self.constant(cell) {
                    self.want(value, in_wish(op, cell), holds, 0);
                }
            }
        }
        let link = (self.places(value, 0), self.places_of(first.id, 0));
        self.links.push(link);
    }

    fn link(&mut self, left: &'q Expr, right: &'q Expr) {
        let link = (self.places(left, 0), self.places(right, 0));
        self.links.push(link);
    }

    /// The stored columns that an expression reads.
    fn places(&self, expr: &'q Expr, steps: usize) -> Vec<Place> {
        let mut ids = Vec::new();
        expr.each(&mut |part| {
            if let ExprKind::Column(id) = &part.kind {
                ids.push(*id);
            }
        });
        let all = ids.into_iter().map(|id| self.places_of(id, steps));
        all.flatten().collect()
    }

    fn places_of(&self, id: ColumnId, steps: usize) -> Vec<Place> {
        if self.too_far(steps) {
            return Vec::new();
        }
        match self.made.get(&id) {
            Some(Made::Stored(place)) => vec![place.clone()],
            Some(Made::OneOf(ids)) => {
                let all = ids.iter().map(|id| self.places_of(*id, steps + 1));
                all.flatten().collect()
            }
            Some(Made::Computed(value)) => self.places(value, steps + 1),
            Some(Made::Collected(aggregate)) => {
                let args = aggregate.args.first();
                args.map_or_else(Vec::new, |arg| self.places(arg, steps + 1))
            }
            _ => Vec::new(),
        }
    }

    fn too_far(&self, steps: usize) -> bool {
        self.visits.set(self.visits.get() + 1);
        steps > STEPS_MAX || self.visits.get() > VISITS_MAX
    }

    /// Linked columns without wishes of their own get the other's.
    fn share(&mut self) {
        for (left, right) in std::mem::take(&mut self.links) {
            for (from, to) in [(&left, &right), (&right, &left)] {
                let Some(wishes) = from.iter().find_map(|p| self.wishes.wanted.get(p)).cloned()
                else {
                    continue;
                };
                for place in to {
                    self.wishes
                        .wanted
                        .entry(place.clone())
                        .or_insert_with(|| wishes.clone());
                }
            }
        }
    }

    /// Follows a wish about an expression's value back to stored columns.
    fn want(&mut self, expr: &'q Expr, wish: Wish, positive: bool, steps: usize) {
        if self.too_far(steps) {
            return;
        }
        match &expr.kind {
            ExprKind::Column(id) => self.want_column(*id, wish, positive, steps + 1),
            ExprKind::Cast(value) => self.want(value, wish, positive, steps + 1),
            ExprKind::Member { value, name } => {
                let wish = Wish::Property(name.clone(), Box::new(wish));
                self.want(value, wish, positive, steps + 1);
            }
            ExprKind::Index { value, index } => {
                let wish = match self.constant(index) {
                    Some(Value::String(name)) => Wish::Property(name, Box::new(wish)),
                    _ => Wish::Element(Box::new(wish)),
                };
                self.want(value, wish, positive, steps + 1);
            }
            ExprKind::Call { function, args } => {
                for (arg, wish) in inverse::call(function, args, &wish) {
                    self.want(arg, wish, positive, steps + 1);
                }
            }
            ExprKind::Binary { left, right, .. } => {
                for part in [left, right] {
                    self.want(part, Wish::Any, positive, steps + 1);
                }
            }
            _ => {}
        }
    }

    fn want_column(&mut self, id: ColumnId, wish: Wish, positive: bool, steps: usize) {
        match self.made.get(&id) {
            Some(Made::Stored(place)) => {
                let wishes = if positive {
                    &mut self.wishes.wanted
                } else {
                    &mut self.wishes.unwanted
                };
                let known = wishes.entry(place.clone()).or_default();
                if !known.contains(&wish) {
                    known.push(wish);
                }
            }
            Some(Made::Computed(value)) => {
                let value = *value;
                self.want(value, wish, positive, steps);
            }
            Some(Made::OneOf(ids)) => {
                for id in ids.clone() {
                    if self.too_far(steps) {
                        return;
                    }
                    self.want_column(id, wish.clone(), positive, steps + 1);
                }
            }
            Some(Made::Collected(aggregate)) => {
                let aggregate = *aggregate;
                let wish = match (aggregate.function, wish) {
                    ("make_set" | "make_list" | "make_set_if" | "make_list_if", wish) => match wish
                    {
                        Wish::Element(inner) => *inner,
                        wish => wish,
                    },
                    ("min" | "max" | "minif" | "maxif", wish) => wish,
                    _ => return,
                };
                if let Some(arg) = aggregate.args.first() {
                    self.want(arg, wish, positive, steps + 1);
                }
            }
            Some(Made::Expanded(value)) => {
                let value = *value;
                self.want(value, Wish::Element(Box::new(wish)), positive, steps + 1);
            }
            Some(Made::Parsed(value, pieces)) => {
                let (value, pieces) = (*value, *pieces);
                if let Some(text) = inverse::text(&wish) {
                    let text = inverse::parsed_text(pieces, Some((id, &text)));
                    self.want(value, Wish::Is(text.into()), positive, steps + 1);
                }
            }
            Some(Made::Property(bag, name)) => {
                let (bag, name) = (*bag, name.clone());
                let wish = Wish::Property(name, Box::new(wish));
                self.want(bag, wish, positive, steps + 1);
            }
            None => {}
        }
    }

    /// The value of an expression that reads no row. Instants are numbers of ticks.
    fn constant(&self, expr: &Expr) -> Option<Value> {
        match &expr.kind {
            ExprKind::Literal(literal) => inverse::literal(literal),
            ExprKind::Cast(value) => self.constant(value),
            ExprKind::Binary { op, left, right } => {
                let (left, right) = (self.constant(left)?, self.constant(right)?);
                inverse::arithmetic(*op, &left, &right)
            }
            ExprKind::Call { function, args } => {
                let args: Option<Vec<Value>> = args.iter().map(|arg| self.constant(arg)).collect();
                inverse::constant_call(function, &args?)
            }
            ExprKind::Column(id) => match self.made.get(id)? {
                Made::Computed(value) => self.constant(value),
                _ => None,
            },
            ExprKind::ToScalar(rel) => self.only_value(rel),
            _ => None,
        }
    }

    /// The value of a subquery that computes one without reading rows, as far as a glance tells.
    fn only_value(&self, rel: &Rel) -> Option<Value> {
        match &rel.op {
            RelOp::Print { items } => self.constant(&items.first()?.1),
            RelOp::Values { rows } => self.constant(rows.first()?.first()?),
            RelOp::Summarize {
                input, aggregates, ..
            } => match (&input.op, aggregates.as_slice()) {
                (RelOp::Values { rows }, [only]) if only.function.starts_with("make_") => {
                    let cells = rows.iter().filter_map(|row| row.first());
                    let cells = cells.filter_map(|cell| self.constant(cell));
                    Some(Value::Array(cells.collect()))
                }
                _ => None,
            },
            RelOp::Materialized { index, .. } => {
                self.only_value(self.query.materialized.get(*index)?)
            }
            _ => None,
        }
    }
}

fn in_wish(op: InOperator, element: Value) -> Wish {
    match (op, element) {
        (InOperator::HasAny | InOperator::HasAll, Value::String(text)) => Wish::Has(text),
        (_, element) => Wish::Is(element),
    }
}
