//! The syntax tree. Every node has its byte span; a part that is missing in the text is [`ExprKind::Missing`].
//!
//! Scalars, calls and pipelines are one kind of node, as in the language: whether `x` is a column, a variable or a
//! table is the binder's question.

use std::rc::Rc;

use crate::plan::{InOperator, Operator};
use crate::types::{Span, Type};

/// A literal's value; see [`crate::plan::Literal`] for units.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Constant {
    Null(Type),
    Bool(bool),
    Int(i32),
    Long(i64),
    Real(f64),
    Decimal(String),
    String(String),
    DateTime(i64),
    TimeSpan(i64),
    Guid(String),
    Dynamic(String),
}

/// A name with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Without brackets and quotes. Empty when missing.
    pub text: String,
    /// Place.
    pub span: Span,
}

/// A whole text, or a function's body: statements, the last of which may give the result.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// In order.
    pub statements: Vec<Statement>,
    /// Place.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Kind.
    pub kind: StatementKind,
    /// Place.
    pub span: Span,
}

/// Kinds of statement.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// `let name = value`; the value may be a [`ExprKind::Lambda`].
    Let(Name, Rc<Expr>),
    /// A query expression.
    Expression(Rc<Expr>),
    /// `set option = value`: no effect here.
    Set(Name, Option<Expr>),
    /// `declare query_parameters(...)`: names that the caller fills.
    Parameters(Vec<Parameter>),
    /// `declare pattern`.
    Pattern(Rc<Pattern>),
    /// `alias database`, `restrict access`: read and put aside.
    Ignored,
}

/// `declare pattern name = (a:string)[path:string] { ("x").["y"] = { body }; }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Name.
    pub name: Name,
    /// Cases in order; none when the pattern is only announced.
    pub cases: Vec<PatternCase>,
}

/// A case of a pattern: the body that stands for these arguments and this path.
#[derive(Clone, Debug, PartialEq)]
pub struct PatternCase {
    /// Argument values, literals.
    pub values: Vec<Expr>,
    /// The path.
    pub path: Option<String>,
    /// What it stands for.
    pub body: Script,
}

/// A parameter of a lambda or of the query.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Name.
    pub name: Name,
    /// Type.
    pub ty: ParameterType,
    /// `= literal`.
    pub default: Option<Expr>,
}

/// Type of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterType {
    /// A scalar.
    Scalar(Type),
    /// `(a:string, b:long)`, or `(*)` when `any` is set.
    Table(Vec<(Name, Type)>, bool),
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Kind.
    pub kind: ExprKind,
    /// Place.
    pub span: Span,
}

/// Kinds of expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// Not there; already reported.
    Missing,
    /// Literal.
    Literal(Constant),
    /// A name.
    Name(String),
    /// A name with `*` in it (`Device*`), where tables or columns may be matched.
    Wildcard(String),
    /// `*`.
    Star,
    /// `value.member`.
    Member(Box<Expr>, Name),
    /// `value[index]`.
    Element(Box<Expr>, Box<Expr>),
    /// `name(arguments)`, or `receiver.name(arguments)`.
    Call {
        /// `database("x")` in `database("x").f()`.
        receiver: Option<Box<Expr>>,
        /// Function.
        name: Name,
        /// Arguments.
        args: Vec<Rc<Expr>>,
    },
    /// `-x`.
    Negate(Box<Expr>),
    /// `a op b`.
    Binary(Operator, Span, Box<Expr>, Box<Expr>),
    /// `a between (b .. c)`.
    Between {
        /// `!between`.
        negated: bool,
        /// Value.
        value: Box<Expr>,
        /// From.
        low: Box<Expr>,
        /// To.
        high: Box<Expr>,
    },
    /// `a in (b, c)` and the like.
    In(InOperator, Span, Box<Expr>, Vec<Expr>),
    /// `name = value` or `(a, b) = value` among arguments and columns.
    Named {
        /// Names; several only in the tuple form.
        names: Vec<Name>,
        /// Value.
        value: Box<Expr>,
    },
    /// Parentheses.
    Paren(Box<Expr>),
    /// `source | op | op`.
    Pipeline(Box<Expr>, Vec<Op>),
    /// An operator that starts a query: `print`, `union`, `range`, `datatable`, `search`, `find`, `evaluate`, ...
    Source(Box<Op>),
    /// `typeof(long)`.
    TypeOf(Type),
    /// `typeof(*, a:long)`: columns, and whether those of the input come first.
    TypeOfTable(Vec<(Name, Type)>, bool),
    /// `(a:string) { body }`.
    Lambda(Rc<Lambda>),
    /// `entity_group [database("a"), database("b")]`.
    EntityGroup(Vec<Expr>),
}

/// A function given in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Lambda {
    /// Parameters.
    pub parameters: Vec<Parameter>,
    /// Body.
    pub body: Script,
}

/// A query operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    /// Kind.
    pub kind: OpKind,
    /// From the keyword to the end.
    pub span: Span,
}

/// `name = value` options of operators (`kind=inner`, `hint.strategy=shuffle`).
#[derive(Clone, Debug, PartialEq)]
pub struct Option_ {
    /// Name, lower case.
    pub name: String,
    /// Value.
    pub value: Expr,
    /// Place.
    pub span: Span,
}

/// A sort key.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Value.
    pub expr: Expr,
    /// `asc`/`desc` when given.
    pub descending: Option<bool>,
    /// `nulls first/last` when given.
    pub nulls_first: Option<bool>,
}

/// A piece of a `parse` pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// `*`
    Star,
    /// Text, and where it stands.
    Text(String, Span),
    /// `name:type`
    Column(Name, Option<Type>),
}

/// One expansion of `mv-expand` / `mv-apply`.
#[derive(Clone, Debug, PartialEq)]
pub struct Expansion {
    /// `name = value` or a value.
    pub expr: Expr,
    /// `to typeof(T)`.
    pub ty: Option<Type>,
}

/// One aggregate of `make-series`.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesItem {
    /// Aggregate.
    pub expr: Expr,
    /// `default = value`.
    pub default: Option<Expr>,
}

/// One level of `top-nested`.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// How many.
    pub count: Option<Expr>,
    /// Of what.
    pub of: Expr,
    /// `with others = `.
    pub others: Option<Expr>,
    /// By what.
    pub by: Expr,
    /// `desc` unless `asc`.
    pub descending: bool,
}

/// A step of `scan`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanStep {
    /// Name.
    pub name: Name,
    /// `output = all | last | none`; `None` when not given.
    pub output: Option<String>,
    /// Condition.
    pub condition: Expr,
    /// Assignments.
    pub assignments: Vec<(Name, Expr)>,
}

/// `make-graph source --> target with nodes on key, ...`.
#[derive(Clone, Debug, PartialEq)]
pub struct MakeGraph {
    /// Column of the edge's start.
    pub source: Expr,
    /// Column of its end.
    pub target: Expr,
    /// `with_node_id = name`: nodes are the ids alone.
    pub node_id: Option<Name>,
    /// Tables of nodes, each with its key.
    pub nodes: Vec<(Expr, Expr)>,
    /// `source -- target`.
    pub undirected: bool,
}

/// A node or an edge of a graph pattern: `(n)`, `-[e*1..3]->`.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphElement {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// An edge, not a node.
    pub edge: bool,
    /// An edge that stands for a path of several.
    pub many: bool,
    /// How many: the bounds of `*1..3`.
    pub bounds: Option<(Expr, Expr)>,
    /// The edge's arrow.
    pub arrow: Arrow,
    /// A node that begins a path after a comma.
    pub begins: bool,
}

/// Which way an edge of a pattern points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrow {
    /// `-->`.
    #[default]
    Forward,
    /// `<--`.
    Backward,
    /// `--`.
    Either,
}

/// `macro-expand group as X (statements)`: the statements once for every database of the group.
#[derive(Clone, Debug, PartialEq)]
pub struct MacroExpand {
    /// The databases, or a name for them.
    pub group: Expr,
    /// What one of them is called in the statements.
    pub name: Option<Name>,
    /// The statements.
    pub body: Script,
}

/// `graph-match` and `graph-shortest-paths`.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphMatch {
    /// The operator's keyword.
    pub keyword: &'static str,
    /// `cycles`, `output`.
    pub options: Vec<Option_>,
    /// Nodes and edges.
    pub pattern: Vec<GraphElement>,
    /// `where`.
    pub condition: Option<Expr>,
    /// `project`.
    pub project: Option<Vec<Expr>>,
}

/// Kinds of operator. Aliases (`filter`, `limit`, `order`) have one kind.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum OpKind {
    Where(Expr),
    Extend(Vec<Expr>),
    Project(Vec<Expr>),
    ProjectAway(Vec<Expr>),
    ProjectKeep(Vec<Expr>),
    ProjectRename(Vec<Expr>),
    ProjectReorder(Vec<Order>),
    Summarize {
        aggregates: Vec<Expr>,
        by: Vec<Expr>,
    },
    Sort(Vec<Order>),
    Top {
        count: Expr,
        by: Vec<Order>,
    },
    Take(Expr),
    Distinct(Vec<Expr>),
    Count(Option<Name>),
    Join {
        options: Vec<Option_>,
        right: Expr,
        on: Vec<Expr>,
        lookup: bool,
    },
    Union {
        options: Vec<Option_>,
        inputs: Vec<Expr>,
    },
    MvExpand {
        options: Vec<Option_>,
        items: Vec<Expansion>,
        limit: Option<Expr>,
    },
    MvApply {
        options: Vec<Option_>,
        items: Vec<Expansion>,
        limit: Option<Expr>,
        body: Vec<Op>,
    },
    Parse {
        options: Vec<Option_>,
        value: Expr,
        pieces: Vec<Piece>,
        only_matches: bool,
    },
    ParseKv {
        value: Expr,
        keys: Vec<(Name, Type)>,
        options: Vec<Option_>,
    },
    Print(Vec<Expr>),
    Range {
        name: Name,
        from: Expr,
        to: Expr,
        step: Expr,
    },
    Datatable {
        columns: Vec<(Name, Type)>,
        values: Vec<Expr>,
    },
    ExternalData {
        columns: Vec<(Name, Type)>,
        uris: Vec<Expr>,
        options: Vec<Option_>,
    },
    Search {
        options: Vec<Option_>,
        tables: Vec<Expr>,
        predicate: Expr,
    },
    Find {
        options: Vec<Option_>,
        tables: Vec<Expr>,
        predicate: Option<Expr>,
        project: Option<Vec<(Expr, Option<Type>)>>,
        away: Vec<Expr>,
    },
    As(Name),
    Serialize(Vec<Expr>),
    Sample(Expr),
    SampleDistinct {
        count: Expr,
        of: Expr,
    },
    Render {
        kind: Name,
        properties: Vec<(String, String)>,
    },
    Evaluate {
        call: Expr,
        schema: Option<(Vec<(Name, Type)>, bool)>,
    },
    Invoke(Expr),
    GetSchema,
    Consume,
    MakeSeries {
        options: Vec<Option_>,
        items: Vec<SeriesItem>,
        axis: Expr,
        from: Option<Expr>,
        to: Option<Expr>,
        step: Expr,
        by: Vec<Expr>,
    },
    TopNested(Vec<Level>),
    TopHitters {
        count: Expr,
        of: Expr,
        by: Option<Expr>,
    },
    Partition {
        options: Vec<Option_>,
        by: Expr,
        body: Vec<Op>,
    },
    /// The older form with a whole query: `partition by x { T | where y == x }`.
    PartitionQuery {
        by: Expr,
        query: Expr,
    },
    MacroExpand(Box<MacroExpand>),
    /// `source` adds the pattern to each row (`kind=source`).
    Reduce {
        by: Expr,
        source: bool,
        /// `threshold`, `characters`.
        options: Vec<Option_>,
    },
    Scan {
        partition: Vec<Expr>,
        order: Vec<Order>,
        /// Name, type and default.
        declare: Vec<(Name, Type, Option<Expr>)>,
        match_id: Option<Name>,
        steps: Vec<ScanStep>,
    },
    Fork(Vec<(Option<Name>, Vec<Op>)>),
    Facet {
        by: Vec<Expr>,
        body: Vec<Op>,
    },
    AssertSchema(Vec<(Name, Type)>),
    ProjectByNames(Vec<Expr>),
    MakeGraph(Box<MakeGraph>),
    GraphMatch(Box<GraphMatch>),
    /// `graph-to-table`: whether edges, and the names of id columns.
    GraphToTable(Vec<(bool, Vec<Option_>)>),
    GraphMarkComponents(Vec<Option_>),
    /// `graph-where-nodes` and `graph-where-edges`: whether edges, and the predicate.
    GraphWhere(bool, Expr),
    /// Not readable; already reported.
    Error,
}
