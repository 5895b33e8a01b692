//! Which of DataFusion's rules apply to our plans.
//!
//! A rewrite must not change an answer. Whether one does shows when the same query runs without it: differential tests
//! compare the plans in service with plans that have only the rules nothing runs without.

use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::SessionContext;

use crate::parsed_paths::ParsedPaths;

/// Rules for what no plan of ours has: subqueries, lateral joins, conditions of joins, fields of structs. Each one
/// walks the whole plan to find that out, and the last two fail on plans where an expression was factored out before.
const UNUSED: &[&str] = &[
    "rewrite_set_comparison",
    "unions_to_filter",
    "decorrelate_predicate_subquery",
    "scalar_subquery_to_join",
    "decorrelate_lateral_join",
    "extract_equijoin_predicate",
    "filter_null_join_keys",
    "extract_leaf_expressions",
    "push_down_leaf_projections",
];

/// Logical rules that give a plan something to run on.
const NEEDED: &[&str] = &["replace_distinct_aggregate"];

/// Physical rules that put rows where an operator needs them.
const NEEDED_PHYSICAL: &[&str] = &[
    "OutputRequirements",
    "EnsureRequirements",
    "EnsureCooperative",
    "SanityCheckPlan",
];

/// Leaves out the rules that are of no use, and adds ours behind the others.
pub(crate) fn in_service(session: &SessionContext) {
    for rule in UNUSED {
        session.remove_optimizer_rule(rule);
    }
    session.add_optimizer_rule(Arc::new(ParsedPaths));
}

/// The session with no other rules than those a plan needs.
pub(crate) fn unoptimised(session: &SessionContext) -> SessionContext {
    let state = session.state();
    let logical = state.optimizers().iter();
    let logical = logical.filter(|rule| NEEDED.contains(&rule.name()));
    let logical = logical.map(Arc::clone).collect();
    let physical = state.physical_optimizers().iter();
    let physical = physical.filter(|rule| NEEDED_PHYSICAL.contains(&rule.name()));
    let physical = physical.map(Arc::clone).collect();
    let mut config = state.config().clone();
    // Whether a join is split over partitions is left to a rule that is not there.
    config.options_mut().optimizer.repartition_joins = false;
    let state = SessionStateBuilder::new_from_existing(state)
        .with_config(config)
        .with_optimizer_rules(logical)
        .with_physical_optimizer_rules(physical)
        .build();
    SessionContext::new_with_state(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datafusion_knows_the_rules_by_these_names() {
        let state = SessionContext::new().state();
        let logical: Vec<&str> = state.optimizers().iter().map(|r| r.name()).collect();
        let physical = state.physical_optimizers().iter();
        let physical: Vec<&str> = physical.map(|r| r.name()).collect();
        for name in UNUSED.iter().chain(NEEDED) {
            assert!(logical.contains(name), "{name}");
        }
        for name in NEEDED_PHYSICAL {
            assert!(physical.contains(name), "{name}");
        }
    }
}
