//! `parse`, `parse-where` and `parse-kv`: one function finds all values, one projection converts them.

use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder};
use datafusion::scalar::ScalarValue;
use kql::plan::{Rel, RelOp};
use kql::types::Type;

use super::expression::{kernel, lit};
use super::{Lowering, build, column, name, names};
use crate::error::{EngineError, Result};

impl<'q> Lowering<'q> {
    pub(super) async fn parse(&mut self, rel: &'q Rel) -> Result<LogicalPlan> {
        use crate::operators::{parse, parse_kv};
        use kql::plan::{ParseMode, ParsePiece};
        let text = |s: String| lit(ScalarValue::Utf8(Some(s)));
        let temp = self.fresh("p");
        let (input, value, outputs, only_matches) = match &rel.op {
            RelOp::Parse {
                input,
                value,
                mode,
                flags,
                pieces,
                only_matches,
            } => {
                let (pattern, types) = parse::pattern(pieces, *mode, flags);
                let types: Vec<&str> = types.iter().map(|t| t.name()).collect();
                let plan = self.lower(input).await?;
                let args = vec![
                    (Type::String, self.expr(value)?),
                    (Type::String, text(pattern)),
                    (Type::String, text(types.join(","))),
                    (
                        Type::Bool,
                        lit(ScalarValue::Boolean(Some(
                            *mode == ParseMode::Simple || *only_matches,
                        ))),
                    ),
                ];
                let found = kernel("op:parse", args, Type::Dynamic, rel.span)?;
                let mut outputs = Vec::new();
                for piece in pieces {
                    if let ParsePiece::Column { id, ty } = piece {
                        let at = i64::try_from(outputs.len()).unwrap_or(0);
                        let index = vec![
                            (Type::Dynamic, column(temp.clone())),
                            (Type::Long, lit(ScalarValue::Int64(Some(at)))),
                        ];
                        outputs.push((
                            *id,
                            *ty,
                            kernel("op:index", index, Type::Dynamic, rel.span)?,
                        ));
                    }
                }
                (plan, found, outputs, *only_matches)
            }
            RelOp::ParseKv {
                input,
                value,
                keys,
                options,
            } => {
                let plan = self.lower(input).await?;
                let args = vec![
                    (Type::String, self.expr(value)?),
                    (Type::String, text(parse_kv::encode(options))),
                ];
                let found = kernel("op:parse_kv", args, Type::Dynamic, rel.span)?;
                let mut outputs = Vec::new();
                for column_out in keys {
                    let path = vec![
                        (Type::Dynamic, column(temp.clone())),
                        (Type::String, text(column_out.name.to_string())),
                    ];
                    outputs.push((
                        column_out.id,
                        column_out.ty,
                        kernel("op:member", path, Type::Dynamic, rel.span)?,
                    ));
                }
                (plan, found, outputs, false)
            }
            _ => return Err(EngineError::Internal("not a parse operator".into())),
        };
        let replaced: Vec<String> = outputs.iter().map(|(id, ..)| name(*id)).collect();
        let kept: Vec<String> = names(&input)
            .into_iter()
            .filter(|n| !replaced.contains(n))
            .collect();
        let with_found: Vec<DfExpr> = kept
            .iter()
            .map(|n| column(n.clone()))
            .chain([value.alias(temp.clone())])
            .collect();
        let mut builder = LogicalPlanBuilder::from(input).project(with_found)?;
        if only_matches {
            builder = builder.filter(column(temp).is_not_null())?;
        }
        let mut exprs: Vec<DfExpr> = kept.into_iter().map(column).collect();
        for (id, ty, part) in outputs {
            exprs.push(
                kernel("op:cast", vec![(Type::Dynamic, part)], ty, rel.span)?.alias(name(id)),
            );
        }
        build(builder.project(exprs)?)
    }
}
