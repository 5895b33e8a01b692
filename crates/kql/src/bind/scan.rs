//! `scan`.

use std::collections::HashSet;
use std::rc::Rc;

use crate::diagnostic::Code;
use crate::plan::{Column, ColumnId, Expr, Rel, RelOp, Scan, ScanOutput, ScanStep};
use crate::syntax::tree::{Expr as Syntax, Name, Order, ScanStep as StepSyntax};
use crate::types::{Span, Type};
use crate::walk;

use super::Binder;
use super::coerce::cast;
use super::scope::{Binding, Cx, Element, Env};

/// The ids that expressions read.
pub(super) fn ids_read<'e>(exprs: impl IntoIterator<Item = &'e Expr>) -> HashSet<ColumnId> {
    let mut read = HashSet::new();
    for expr in exprs {
        let mut note = walk::Ids(|id: &mut ColumnId, used| {
            if used == walk::Use::Reads {
                read.insert(*id);
            }
        });
        walk::expr(&mut expr.clone(), &mut note);
    }
    read
}

impl Binder<'_> {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn scan(
        &mut self,
        mut rel: Rel,
        order: (&[Syntax], &[Order]),
        declare: &[(Name, Type, Option<Syntax>)],
        match_id: Option<&Name>,
        steps: &[StepSyntax],
        span: Span,
        env: &Env,
    ) -> Rel {
        let (partition, keys) = self.over(&mut rel, env, |b, cx| {
            let partition: Vec<Expr> = order.0.iter().map(|e| b.scalar(e, cx)).collect();
            (partition, b.sort_keys(order.1, cx))
        });
        if !keys.is_empty() {
            rel = super::rel::sorted(rel, span, |input| RelOp::Sort { input, keys });
        }
        let mut columns = rel.columns.clone();
        let mut declared = Vec::new();
        for (name, ty, default) in declare {
            let column = self.column(&name.text, *ty);
            columns.push(column.clone());
            let default = default.as_ref();
            let default = default.map(|value| cast(self.scalar(value, &Cx::top(env)), *ty));
            declared.push((column, default));
        }
        let states: Vec<Vec<Column>> = steps.iter().map(|_| self.copies(&columns)).collect();
        // `step.Column` is the value the step's last match had.
        let mut scope = env.clone();
        for (step, state) in steps.iter().zip(&states) {
            let element = Element {
                columns: state.clone(),
                open: rel.open,
                many: false,
            };
            scope = scope.with(&step.name.text, Binding::Element(Rc::new(element)));
        }
        let probe = Rel {
            op: RelOp::SubInput,
            columns: columns.clone(),
            open: rel.open,
            serialized: true,
            span,
        };
        let bound: Vec<_> = steps
            .iter()
            .map(|step| self.scan_step(step, &columns, &Cx::over(&scope, &probe)))
            .collect();
        let read = ids_read(bound.iter().flat_map(|(condition, assignments)| {
            std::iter::once(condition).chain(assignments.iter().map(|(_, value)| value))
        }));
        let planned = steps.iter().zip(bound).zip(states);
        let planned = planned.map(|((step, (condition, assignments)), state)| ScanStep {
            output: match step.output.as_deref() {
                Some("last") => ScanOutput::Last,
                Some("none") => ScanOutput::None,
                _ => ScanOutput::All,
            },
            condition,
            assignments,
            state: state
                .iter()
                .zip(&columns)
                .filter(|(copy, _)| read.contains(&copy.id))
                .map(|(copy, column)| (copy.id, column.id))
                .collect(),
        });
        let steps = planned.collect();
        let match_id = match_id.map(|name| self.column(&name.text, Type::Long));
        let mut passed = columns;
        passed.extend(match_id.clone());
        let (open, serialized) = (rel.open, rel.serialized);
        let op = RelOp::Scan(Box::new(Scan {
            input: Box::new(rel),
            partition,
            declared,
            match_id: match_id.map(|column| column.id),
            steps,
        }));
        Rel {
            op,
            columns: passed,
            open,
            serialized,
            span,
        }
    }

    /// The columns under ids of their own.
    pub(super) fn copies(&mut self, columns: &[Column]) -> Vec<Column> {
        let copy = |column: &Column| self.column(column.name.clone(), column.ty);
        columns.iter().map(copy).collect()
    }

    fn scan_step(
        &mut self,
        step: &StepSyntax,
        columns: &[Column],
        cx: &Cx<'_>,
    ) -> (Expr, Vec<(ColumnId, Expr)>) {
        let condition = self.predicate(&step.condition, cx);
        let mut assignments = Vec::new();
        for (target, value) in &step.assignments {
            let value = self.scalar(value, cx);
            match columns.iter().find(|column| column.name == target.text) {
                Some(column) => assignments.push((column.id, cast(value, column.ty))),
                None => self.error(
                    Code::UnknownColumn,
                    target.span,
                    format!("unknown column `{}`", target.text),
                ),
            }
        }
        (condition, assignments)
    }
}
