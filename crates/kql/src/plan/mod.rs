//! The typed plan: what a query means once every name is resolved.
//!
//! An engine needs nothing but this module. What holds for every plan the binder returns:
//!
//! - A [`ColumnId`] is unique in the whole query. A column that an operator only passes on or renames keeps
//!   its id; display names live in [`Rel::columns`] alone. A `let` table that is used twice is instantiated
//!   twice, with fresh ids, so the two sides of a self join never clash.
//! - An operator's expressions refer to ids of its input's columns (both inputs' for a join's `on`).
//!   [`Rel::columns`] lists the output: a subset of the input's ids, in output order, plus the new ones.
//! - User functions and `let` scalars are inlined; `now()` and `ago(x)` are literals.
//! - Implicit conversions are explicit [`ExprKind::Cast`] nodes, see [`Operator`] for the operand types that
//!   remain possible. An engine never guesses.
//! - A [`Type::Unknown`] value is a `dynamic` at run time.
//! - `Expr` or `Rel` trees are at most a few hundred levels deep (the parser and the binder bound both).

use crate::types::{Span, Type};
mod column_name;
mod expr;
mod graph;
mod parts;
mod scan;
mod source_columns;
pub use column_name::ColumnName;
pub use expr::{Expr, ExprKind, InOperator, Literal, Operator};
pub use graph::{
    AboutNode, GraphArrow, GraphColumn, GraphCycles, GraphElement, GraphFunction, GraphMatch,
    GraphNodes, GraphOp, GraphValue, ShortestPaths,
};
pub use scan::{Scan, ScanOutput, ScanStep};
pub use source_columns::SourceColumns;

/// Names one column of one operator's output, uniquely in a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(pub u32);

/// A column as an operator puts it out.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Identity.
    pub id: ColumnId,
    /// Display name.
    pub name: ColumnName,
    /// Type.
    pub ty: Type,
}

/// A whole query, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// One per tabular result: usually one; several for `;`-separated expression statements and `fork`.
    pub results: Vec<Rel>,
    /// Bodies of `materialize()`, each computed once; a later one may refer to an earlier one by
    /// [`RelOp::Materialized`].
    pub materialized: Vec<Rel>,
    /// Stored tables and the columns of each the query depends on, sorted; for the record in `LAQueryLogs`.
    pub reads: Vec<TableRead>,
    /// The trailing `render`, which changes no row.
    pub render: Option<Render>,
}

/// A stored table and the columns a query reads of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRead {
    /// Table name as the catalog spells it.
    pub table: String,
    /// Column names, sorted.
    pub columns: Vec<ColumnName>,
}

/// `render kind with (property = value, ...)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Render {
    /// `timechart`, `piechart`, `table`, ...
    pub kind: String,
    /// Properties as written, values without quotes.
    pub properties: Vec<(String, String)>,
}

/// A relational operator with its output.
#[derive(Clone, Debug, PartialEq)]
pub struct Rel {
    /// What it does.
    pub op: RelOp,
    /// Output columns in order.
    pub columns: Vec<Column>,
    /// True when columns that nobody named may follow `columns` at run time (`bag_unpack`, `pivot`,
    /// watchlists). Columns the query names are always in `columns`, with [`Type::Unknown`].
    pub open: bool,
    /// True when the row order is defined (after `sort`, `serialize`, `range`, ...), which window functions need.
    pub serialized: bool,
    /// Where the operator stands in the text (in the function's text for a stored function).
    pub span: Span,
}

/// One aggregate of `summarize`.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Canonical lower-case name (`count`, `sum`, `dcount`, `arg_max`, `make_set`, `percentiles`, ...): aliases are
    /// resolved (`makeset` -> `make_set`, `any` -> `take_any`, `argmax` -> `arg_max`, `percentile` stays itself).
    pub function: &'static str,
    /// Arguments as in the reference, already converted. `arg_max(e, *)` and `take_any(*)` are expanded to columns;
    /// `arg_max(e, a, b)` has `[e, a, b]`. `percentiles(x, 5, 95)` has `[x, 5, 95]`.
    pub args: Vec<Expr>,
    /// Outputs: one, except `arg_max`/`arg_min` (one per argument: values of the winning row, `e` first),
    /// `take_any`/`take_anyif` (one per value argument) and `percentiles` (one per percentage).
    pub outputs: Vec<Column>,
}

/// A sort key.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// Value.
    pub expr: Expr,
    /// `desc` (the language's default).
    pub descending: bool,
    /// Defaults: last for `desc`, first for `asc`.
    pub nulls_first: bool,
}

/// One input of a union.
#[derive(Clone, Debug, PartialEq)]
pub struct UnionInput {
    /// Rows.
    pub rel: Rel,
    /// For each output column, in order: the input column, or `None` for a missing one (null, "" for a string; and
    /// for the `withsource` column). Types are equal to the output's: columns of one name and different types are
    /// separate outputs (`name_type`).
    pub columns: SourceColumns,
    /// Value for `withsource`: the table's name or `union_argN`.
    pub source_name: String,
}

/// One expansion of `mv-expand` or `mv-apply`.
#[derive(Clone, Debug, PartialEq)]
pub struct MvItem {
    /// The dynamic array or bag.
    pub value: Expr,
    /// The column that receives each element.
    pub output: ColumnId,
    /// `to typeof(T)`, or dynamic; elements convert as by `toT()`.
    pub ty: Type,
}

/// Options of `parse-kv`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParseKvOptions {
    /// `pair_delimiter`; default: a space.
    pub pair_delimiter: Option<String>,
    /// `kv_delimiter`; default `=`.
    pub kv_delimiter: Option<String>,
    /// `quote`: opening and closing characters.
    pub quotes: Vec<String>,
    /// `escape`.
    pub escape: Option<String>,
    /// `greedy = true`.
    pub greedy: bool,
    /// `regex = ` expression instead of delimiters.
    pub regex: Option<String>,
}

/// A level of `top-nested`.
#[derive(Clone, Debug, PartialEq)]
pub struct TopNestedLevel {
    /// Constant long; absent: all values.
    pub count: Option<Expr>,
    /// Value and its output.
    pub value: (ColumnId, Expr),
    /// `with others = ` label.
    pub others: Option<Expr>,
    /// The ranking aggregate. Of an expression around aggregates: `take_any` of that expression over the outputs of
    /// `inner`.
    pub aggregate: Aggregate,
    /// The aggregates in such an expression; else none.
    pub inner: Vec<Aggregate>,
    /// Direction (`desc` by default).
    pub descending: bool,
}

/// One series of `make-series`.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesAggregate {
    /// The aggregate of a bin. It has one output, of the type of an element; the column is a dynamic array of those. Of
    /// an expression around aggregates: `take_any` of that expression over the outputs of `inner`.
    pub aggregate: Aggregate,
    /// The aggregates in such an expression; else none.
    pub inner: Vec<Aggregate>,
    /// The value of an empty bin.
    pub default: Expr,
}

/// The relational operators. `input` is always the only or left source of rows.
#[derive(Clone, Debug, PartialEq)]
pub enum RelOp {
    /// A stored table. `columns` maps each output id to the stored column's name, in the order of [`Rel::columns`].
    Table {
        /// Name as the catalog spells it.
        name: String,
        /// Output id and stored column name.
        columns: Vec<(ColumnId, ColumnName)>,
    },
    /// A table the catalog does not know, where that is allowed (`union isfuzzy=true`): no rows.
    MissingTable {
        /// Name as written.
        name: String,
    },
    /// `_GetWatchlist('alias')`: columns are the ones the query names plus whatever the watchlist has (open).
    /// Map by display name in [`Rel::columns`]; a column the watchlist lacks is null.
    Watchlist {
        /// The alias; an expression, normally a string literal.
        alias: Box<Expr>,
    },
    /// `externaldata`: columns as declared. An engine may refuse it.
    ExternalData {
        /// Addresses as written (with `h` obfuscation removed).
        uris: Vec<String>,
        /// `format`, `ignoreFirstRecord`, ...
        properties: Vec<(String, String)>,
    },
    /// `datatable`: constant rows, cells already of the columns' types (constant expressions).
    Values {
        /// Rows of cells in the order of [`Rel::columns`].
        rows: Vec<Vec<Expr>>,
    },
    /// `print`: one row.
    Print {
        /// Output id and value, in the order of [`Rel::columns`].
        items: Vec<(ColumnId, Expr)>,
    },
    /// `range c from a to b step s`: one column; inclusive of `to`; all three of the column's type (a timespan step
    /// for a datetime column). Empty when the step's sign never reaches `to`; a null or zero step gives no rows.
    Range {
        /// First value.
        from: Box<Expr>,
        /// Last value.
        to: Box<Expr>,
        /// Distance.
        step: Box<Expr>,
    },
    /// `where`: rows for which the predicate (bool) is true; null drops the row.
    Filter {
        /// Source.
        input: Box<Rel>,
        /// Bool.
        predicate: Expr,
    },
    /// `extend`, `project` and its family, and the renames: each output column is an expression over the input.
    /// A column passed on appears as `(id, Column(id))` with the same id. If [`Rel::open`], unnamed run-time
    /// columns of the input pass too.
    Project {
        /// Source.
        input: Box<Rel>,
        /// Output id and value, in the order of [`Rel::columns`].
        items: Vec<(ColumnId, Expr)>,
    },
    /// `summarize`. No keys: one row, also for no input. Output: keys then aggregate outputs unless a `Project`
    /// above reorders. Null is a group of its own.
    Summarize {
        /// Source.
        input: Box<Rel>,
        /// Group keys with their output ids; `bin` and friends are ordinary expressions.
        keys: Vec<(ColumnId, Expr)>,
        /// Aggregates; never nested in other expressions (the binder puts a `Project` above for those).
        aggregates: Vec<Aggregate>,
    },
    /// `sort by`. Stable order among ties isn't promised.
    Sort {
        /// Source.
        input: Box<Rel>,
        /// Keys, first is most significant.
        keys: Vec<SortKey>,
    },
    /// `take` / `limit`: any `count` rows (the first ones when the input is serialized).
    Take {
        /// Source.
        input: Box<Rel>,
        /// Constant long.
        count: Box<Expr>,
    },
    /// `top n by key`: sort and take.
    Top {
        /// Source.
        input: Box<Rel>,
        /// Constant long.
        count: Box<Expr>,
        /// Keys.
        keys: Vec<SortKey>,
    },
    /// `distinct`: distinct rows of exactly the output columns (ids of the input or computed).
    Distinct {
        /// Source.
        input: Box<Rel>,
        /// Output id and value, in the order of [`Rel::columns`].
        items: Vec<(ColumnId, Expr)>,
    },
    /// `count`: one row, one long column.
    Count {
        /// Source.
        input: Box<Rel>,
    },
    /// `join` and `lookup`. [`Rel::columns`] picks and renames ids of both sides (the semi and anti kinds have one
    /// side only; `lookup` leaves the right keys out). A null key equals nothing (an empty string is a value).
    Join {
        /// Kind.
        kind: JoinKind,
        /// Left rows.
        left: Box<Rel>,
        /// Right rows.
        right: Box<Rel>,
        /// Equality pairs, left expression over left ids, right over right ids; already of the same type.
        on: Vec<(Expr, Expr)>,
    },
    /// `union`: all rows of all inputs.
    Union {
        /// Inputs.
        inputs: Vec<UnionInput>,
        /// `withsource=`: this output column (string) holds [`UnionInput::source_name`].
        source: Option<ColumnId>,
    },
    /// `mv-expand`: items expand in parallel, shorter ones give null; the longest one decides the count. An empty or
    /// null dynamic gives one row with null. An output column replaces the expanded one in [`Rel::columns`].
    MvExpand {
        /// Source.
        input: Box<Rel>,
        /// What expands.
        items: Vec<MvItem>,
        /// `with_itemindex=`: a long column counting from 0.
        index: Option<ColumnId>,
        /// `limit n`: at most so many rows of one input row.
        limit: Option<Box<Expr>>,
        /// How property bags expand.
        bag: BagExpansion,
    },
    /// `mv-apply`: for each input row, expand as `MvExpand` (but an empty or null dynamic gives no row), run
    /// `subquery` over those rows, and put the subquery's columns beside the input row's. The leaf of `subquery` is
    /// [`RelOp::SubInput`], whose columns are those of the input row followed by the items' outputs and the index.
    /// [`Rel::columns`] picks ids of the input and of the subquery.
    MvApply {
        /// Source.
        input: Box<Rel>,
        /// What expands.
        items: Vec<MvItem>,
        /// `with_itemindex=`.
        index: Option<ColumnId>,
        /// `limit n`.
        limit: Option<Box<Expr>>,
        /// Runs per input row.
        subquery: Box<Rel>,
    },
    /// `partition [hint] by column (subquery)`: runs `subquery` (leaf: [`RelOp::SubInput`]) for the rows of each value.
    Partition {
        /// Source.
        input: Box<Rel>,
        /// The key.
        key: ColumnId,
        /// Runs per key value.
        subquery: Box<Rel>,
    },
    /// The rows an enclosing `MvApply` or `Partition` hands to its subquery.
    SubInput,
    /// `parse` and `parse-where`. See [`ParsePiece`].
    Parse {
        /// Source.
        input: Box<Rel>,
        /// The text, a string.
        value: Box<Expr>,
        /// How pieces match.
        mode: ParseMode,
        /// Regex flags as written after `flags=` (`U`, `i`, `m`, `s`), regex mode only.
        flags: String,
        /// The pattern.
        pieces: Vec<ParsePiece>,
        /// `parse-where`: drop the rows that do not match instead of giving nulls.
        only_matches: bool,
    },
    /// `parse-kv`: each output column is the value of the key with its name.
    ParseKv {
        /// Source.
        input: Box<Rel>,
        /// The text, a string.
        value: Box<Expr>,
        /// Columns to fill, each from the key of this name.
        keys: Vec<Column>,
        /// Options.
        options: ParseKvOptions,
    },
    /// `materialize()` used here: output id and id in `Query::materialized[index]`.
    Materialized {
        /// Which.
        index: usize,
        /// Output id and the shared sub-plan's id.
        columns: Vec<(ColumnId, ColumnId)>,
    },
    /// `serialize` (with columns it is followed by a `Project`): fixes the row order.
    Serialize {
        /// Source.
        input: Box<Rel>,
    },
    /// `sample n`: any `count` rows, at random.
    Sample {
        /// Source.
        input: Box<Rel>,
        /// Constant long.
        count: Box<Expr>,
    },
    /// `sample-distinct n of column`: any `count` distinct values.
    SampleDistinct {
        /// Source.
        input: Box<Rel>,
        /// Constant long.
        count: Box<Expr>,
        /// Output id and value.
        item: (ColumnId, Expr),
    },
    /// `make-series`: one row per key, a dynamic array per aggregate and one for the axis.
    MakeSeries {
        /// Source.
        input: Box<Rel>,
        /// What is laid out as arrays.
        aggregates: Vec<SeriesAggregate>,
        /// The axis value.
        axis: Box<Expr>,
        /// The axis array's column.
        axis_column: ColumnId,
        /// Start, inclusive; absent: the least value.
        from: Option<Box<Expr>>,
        /// End, exclusive; absent: the greatest value, inclusive.
        to: Option<Box<Expr>>,
        /// Bin size.
        step: Box<Expr>,
        /// Group keys.
        keys: Vec<(ColumnId, Expr)>,
        /// `kind=nonempty`: without keys, no input gives a row of empty bins.
        nonempty: bool,
    },
    /// `top-nested`, levels from the outside in. Output per level: the value and its aggregate.
    TopNested {
        /// Source.
        input: Box<Rel>,
        /// Levels.
        levels: Vec<TopNestedLevel>,
    },
    /// `getschema`: one row per column of `input` (ColumnName, ColumnOrdinal, DataType, ColumnType).
    GetSchema {
        /// Whose schema.
        input: Box<Rel>,
    },
    /// `scan`.
    Scan(Box<Scan>),
    /// A graph operator.
    Graph(Box<GraphOp>),
    /// `evaluate plugin(args)`, and what has no node of its own (`reduce`, workspace functions, ...): output columns are
    /// the input's that survive plus the plugin's. An open result has more of them at run time.
    Evaluate {
        /// Source (`None` when `evaluate` starts the query).
        input: Option<Box<Rel>>,
        /// Lower-case plugin name: `bag_unpack`, `pivot`, `ipv4_lookup`, `basket`, `reduce`, ...
        plugin: String,
        /// Arguments.
        args: Vec<PluginArg>,
        /// True when the call declared its output schema (`evaluate x(...) : (a:string)`): exactly `columns`.
        declared: bool,
    },
    /// The binder reported an error here; such a plan is never handed out in `Bound::query`.
    Error,
}

/// Join kinds ("join operator" in the reference). `innerunique` is the default: left rows are deduplicated by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum JoinKind {
    InnerUnique,
    Inner,
    LeftOuter,
    RightOuter,
    FullOuter,
    LeftAnti,
    RightAnti,
    LeftSemi,
    RightSemi,
}

/// `bagexpansion=` / `kind=` of `mv-expand`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BagExpansion {
    /// Each property becomes a bag of one property (the default).
    Bag,
    /// Each property becomes `[key, value]`.
    Array,
}

/// Parse modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseMode {
    /// `kind=simple`, the default: all or nothing; a value of the wrong type makes the row not match.
    Simple,
    /// `kind=relaxed`: a value of the wrong type is null and the rest is kept.
    Relaxed,
    /// `kind=regex`: literals are regular expressions.
    Regex,
}

/// A piece of a parse pattern. A column takes the text up to the next literal (or the end).
#[derive(Clone, Debug, PartialEq)]
pub enum ParsePiece {
    /// `*`: skips text.
    Star,
    /// Text (or a regular expression in regex mode).
    Literal(String),
    /// Captures a value.
    Column {
        /// Output.
        id: ColumnId,
        /// Type it converts to; `string` when not given.
        ty: Type,
    },
}

/// An argument of a plugin.
#[derive(Clone, Debug, PartialEq)]
pub enum PluginArg {
    /// A scalar or column.
    Expr(Expr),
    /// An aggregate call (`pivot(col, count())`).
    Aggregate(Aggregate),
    /// A table (`ipv4_lookup(LookupTable, ...)`).
    Rel(Rel),
    /// A named option (`return_unmatched = true`).
    Named(String, Expr),
}
