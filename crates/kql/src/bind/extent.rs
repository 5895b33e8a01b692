//! How long and how large a plan is, so that it can be refused in time.

use super::{MAX_OPERATORS, MAX_REL_DEPTH};
use crate::plan::{Rel, RelOp};

/// Length of the longest chain of operators below.
pub(super) fn depth(rel: &Rel) -> usize {
    // Chains are long and forks few: follow the inputs without recursion.
    let mut deepest = 0;
    let mut stack = vec![(rel, 1)];
    while let Some((rel, level)) = stack.pop() {
        deepest = deepest.max(level);
        if level > MAX_REL_DEPTH + 16 {
            return level;
        }
        inputs(rel, &mut |input| stack.push((input, level + 1)));
    }
    deepest
}

/// Operators below and including this one, counted up to just over the limit.
pub(super) fn operators_in(rel: &Rel) -> usize {
    let mut count = 0;
    let mut stack = vec![rel];
    while let Some(rel) = stack.pop() {
        count += 1;
        if count > MAX_OPERATORS {
            return count;
        }
        inputs(rel, &mut |input| stack.push(input));
    }
    count
}

/// The operators directly below (not those inside expressions).
fn inputs<'r>(rel: &'r Rel, f: &mut dyn FnMut(&'r Rel)) {
    match &rel.op {
        RelOp::Filter { input, .. }
        | RelOp::Project { input, .. }
        | RelOp::Distinct { input, .. }
        | RelOp::Summarize { input, .. }
        | RelOp::Sort { input, .. }
        | RelOp::Top { input, .. }
        | RelOp::Take { input, .. }
        | RelOp::Sample { input, .. }
        | RelOp::SampleDistinct { input, .. }
        | RelOp::Count { input }
        | RelOp::Serialize { input }
        | RelOp::GetSchema { input }
        | RelOp::MvExpand { input, .. }
        | RelOp::Parse { input, .. }
        | RelOp::ParseKv { input, .. }
        | RelOp::MakeSeries { input, .. }
        | RelOp::TopNested { input, .. } => f(input),
        RelOp::MvApply {
            input, subquery, ..
        }
        | RelOp::Partition {
            input, subquery, ..
        } => {
            f(input);
            f(subquery);
        }
        RelOp::Join { left, right, .. } => {
            f(left);
            f(right);
        }
        RelOp::Union { inputs, .. } => inputs.iter().for_each(|input| f(&input.rel)),
        RelOp::Scan(_) | RelOp::Graph(_) => crate::walk::patterns::inputs(&rel.op, f),
        RelOp::Evaluate {
            input: Some(input), ..
        } => f(input),
        _ => {}
    }
}
