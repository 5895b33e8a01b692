//! A rule of ours: a path into JSON that nothing else reads is followed while the text is checked.
//!
//! It comes after common subexpressions were taken out: what several paths share is parsed once for all of them, and
//! is no call in them any more.

use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::error::Result;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use crate::functions::path_of_string;

#[derive(Debug)]
pub(crate) struct ParsedPaths;

impl OptimizerRule for ParsedPaths {
    fn name(&self) -> &'static str {
        "parsed_paths"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        let names = NamePreserver::new(&plan);
        plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let rewritten = expr.transform_up(|expr| {
                let fused = match &expr {
                    Expr::ScalarFunction(call) => path_of_string(call),
                    _ => None,
                };
                Ok(match fused {
                    Some(call) => Transformed::yes(Expr::ScalarFunction(call)),
                    None => Transformed::no(expr),
                })
            })?;
            Ok(rewritten.update_data(|expr| name.restore(expr)))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::scalar_udf;
    use crate::optimiser;
    use crate::staging::{batch_plan, named_batch};
    use arrow::array::StringArray;
    use datafusion::logical_expr::{LogicalPlanBuilder, col, lit};
    use datafusion::prelude::SessionContext;
    use kql::types::Type;
    use std::sync::Arc;

    /// The optimised plan of paths into the same parsed text, one for each name.
    fn optimised(names: &[&str]) -> String {
        let parsed = scalar_udf("op:parsed", &[Type::String], Type::Dynamic).unwrap();
        let path = [Type::Dynamic, Type::String];
        let path = scalar_udf("op:path", &path, Type::Real).unwrap();
        let paths = names.iter().map(|name| {
            let value = path.call(vec![parsed.call(vec![col("t")]), lit(*name)]);
            value.alias(*name)
        });
        let texts = Arc::new(StringArray::from(vec!["{}"]));
        let batch = named_batch(vec![("t".to_owned(), texts)], 1).unwrap();
        let input = batch_plan(batch).unwrap();
        let plan = LogicalPlanBuilder::from(input).project(paths).unwrap();
        let session = SessionContext::new();
        optimiser::in_service(&session);
        let plan = session.state().optimize(&plan.build().unwrap()).unwrap();
        plan.display_indent().to_string()
    }

    #[test]
    fn a_lone_path_parses_and_paths_share_what_is_parsed() {
        let lone = optimised(&["a"]);
        assert!(
            lone.contains("kql:op:path(string,string):real(") && !lone.contains("op:parsed"),
            "{lone}"
        );
        let two = optimised(&["a", "b"]);
        assert!(
            !two.contains("op:path(string,") && two.matches("op:parsed").count() == 1,
            "{two}"
        );
    }
}
