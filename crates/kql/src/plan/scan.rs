//! `scan` in the plan.

use super::{Column, ColumnId, Expr, Rel};

/// `scan`: the rows in order, each held against the steps from the last to the first ("Scan logic" of the scan
/// operator's page). Output: the input's columns, the declared ones, the match's id.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// Source.
    pub input: Box<Rel>,
    /// `partition by`: each combination of values has a state of its own.
    pub partition: Vec<Expr>,
    /// Declared columns with their defaults; null (or "") without one.
    pub declared: Vec<(Column, Option<Expr>)>,
    /// `with_match_id`.
    pub match_id: Option<ColumnId>,
    /// In order.
    pub steps: Vec<ScanStep>,
}

/// A step of `scan`. Its expressions see the row, the declared columns with their defaults, and the state of every step.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanStep {
    /// `output`.
    pub output: ScanOutput,
    /// Bool.
    pub condition: Expr,
    /// Column of the output and its new value.
    pub assignments: Vec<(ColumnId, Expr)>,
    /// `step.Column`: the id by which expressions name it, and the column of the output it is the last value of.
    pub state: Vec<(ColumnId, ColumnId)>,
}

/// Which matches of a step are put out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanOutput {
    /// Each.
    All,
    /// The last one of several in a row.
    Last,
    /// None.
    None,
}
