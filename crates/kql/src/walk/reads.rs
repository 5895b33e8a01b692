//! What a query reads of stored tables.

use std::collections::BTreeMap;

use super::{Use, Visitor, patterns, rel};
use crate::plan::{ColumnId, ColumnName, PluginArg, Rel, RelOp, TableRead};

/// Whether a plugin reads every column of its input, the ones that are not read afterwards too. `bag_unpack` only hands
/// on what it does not unpack; `pivot` groups by all that it is not told otherwise of.
fn reads_all(plugin: &str, args: &[PluginArg]) -> bool {
    let columns = args.iter().filter(|arg| matches!(arg, PluginArg::Expr(_)));
    match plugin {
        "bag_unpack" | "ipv4_lookup" | "ipv6_lookup" => false,
        "pivot" => columns.count() <= 1,
        _ => true,
    }
}

/// What results depend on: ids that are read, and which output column is read out of which input column. Ids count up
/// from 1, so their numbers are places.
#[derive(Default)]
struct Demand {
    used: Vec<bool>,
    feeds: Vec<(ColumnId, ColumnId)>,
}

impl Demand {
    /// True when the id was not read before.
    fn read(&mut self, id: ColumnId) -> bool {
        let at = id.0 as usize;
        if self.used.len() <= at {
            self.used.resize(at + 1, false);
        }
        let before = self
            .used
            .get_mut(at)
            .map(|used| std::mem::replace(used, true));
        before == Some(false)
    }

    fn reads(&self, id: ColumnId) -> bool {
        self.used.get(id.0 as usize).is_some_and(|used| *used)
    }

    fn columns(&mut self, rel: &Rel) {
        for column in &rel.columns {
            self.read(column.id);
        }
    }

    /// What an operator reads besides its expressions.
    fn operator(&mut self, node: &Rel) {
        match &node.op {
            RelOp::Evaluate {
                plugin,
                input,
                args,
                ..
            } => {
                if let Some(input) = input
                    && reads_all(plugin, args)
                {
                    self.columns(input);
                }
                for arg in args {
                    if let PluginArg::Rel(table) = arg {
                        self.columns(table);
                    }
                }
            }
            RelOp::Scan(_) | RelOp::Graph(_) => {
                patterns::inputs(&node.op, &mut |input| self.columns(input));
            }
            RelOp::Union { inputs, .. } => {
                for input in inputs {
                    let filled = input.columns.iter();
                    self.feeds.extend(filled.filter_map(|(position, from)| {
                        Some((node.columns.get(position)?.id, from))
                    }));
                }
            }
            RelOp::Materialized { columns, .. } => {
                self.feeds.extend(columns);
            }
            _ => {}
        }
    }

    /// Follows what is read to where it comes from.
    fn follow(&mut self) {
        let mut feeds = std::mem::take(&mut self.feeds);
        feeds.sort_unstable();
        feeds.dedup();
        let outs = feeds.iter().map(|(out, _)| *out);
        let mut new: Vec<ColumnId> = outs.filter(|out| self.reads(*out)).collect();
        new.dedup();
        while let Some(id) = new.pop() {
            let first = feeds.partition_point(|(out, _)| *out < id);
            let of_id = feeds.iter().skip(first).take_while(|(out, _)| *out == id);
            for (_, from) in of_id {
                if self.read(*from) {
                    new.push(*from);
                }
            }
        }
    }
}

impl Visitor for Demand {
    fn id(&mut self, id: &mut ColumnId, used: Use) {
        if matches!(used, Use::Reads | Use::Yields) {
            self.read(*id);
        }
    }

    fn rel(&mut self, rel: &Rel) {
        self.operator(rel);
    }
}

/// Stored tables with the columns of them that are read.
struct Tables<'d> {
    demand: &'d Demand,
    found: BTreeMap<String, Vec<ColumnName>>,
}

impl Visitor for Tables<'_> {
    fn rel(&mut self, rel: &Rel) {
        let RelOp::Table { name, columns } = &rel.op else {
            return;
        };
        let read = columns.iter().filter(|(id, _)| self.demand.reads(*id));
        let read = read.map(|(_, name)| name.clone());
        match self.found.get_mut(name) {
            Some(list) => list.extend(read),
            None => {
                self.found.insert(name.clone(), read.collect());
            }
        }
    }
}

/// The stored tables and columns that results depend on. A column that is only handed from operator to operator and
/// dropped in the end is not read.
pub(crate) fn reads(results: &mut [Rel], materialized: &mut [Rel]) -> Vec<TableRead> {
    let mut demand = Demand::default();
    for tree in results.iter() {
        demand.columns(tree);
    }
    for tree in results.iter_mut().chain(materialized.iter_mut()) {
        rel(tree, &mut demand);
    }
    demand.follow();
    let mut tables = Tables {
        demand: &demand,
        found: BTreeMap::new(),
    };
    for tree in results.iter_mut().chain(materialized) {
        rel(tree, &mut tables);
    }
    let read = |(table, mut columns): (String, Vec<ColumnName>)| {
        columns.sort_unstable();
        columns.dedup();
        TableRead { table, columns }
    };
    tables.found.into_iter().map(read).collect()
}
