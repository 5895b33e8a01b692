//! Finding columns by name.

use std::collections::HashMap;

use crate::plan::{Column, ColumnName};

/// Names compared before a table is worth its while.
const FEW: usize = 2_000;

/// Where columns are in a list, by name: looked for one by one, and once that has taken long, in a table.
#[derive(Default)]
pub(crate) struct Places {
    compared: usize,
    table: HashMap<ColumnName, usize>,
    /// How many columns the table knows.
    known: usize,
}

impl Places {
    /// The first column of this name. From call to call the list may only grow, and a column make place for one of
    /// its name.
    pub(crate) fn find(&mut self, name: &str, columns: &[Column]) -> Option<usize> {
        if self.compared <= FEW {
            let found = columns.iter().position(|column| column.name == name);
            self.compared += found.unwrap_or(columns.len());
            return found;
        }
        for (at, column) in columns.iter().enumerate().skip(self.known) {
            self.table.entry(column.name.clone()).or_insert(at);
        }
        self.known = columns.len();
        self.table.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ColumnId;
    use crate::types::Type;

    #[test]
    fn the_table_finds_what_looking_through_finds() {
        let mut columns = Vec::new();
        let mut places = Places::default();
        for round in 0..200_u32 {
            // Every name is there twice: the first one counts.
            for _ in 0..2 {
                columns.push(Column {
                    id: ColumnId(round),
                    name: format!("c{round}").into(),
                    ty: Type::Long,
                });
            }
            for wanted in [0, round / 2, round, round + 1] {
                let found = places.find(&format!("c{wanted}"), &columns);
                let expected = (wanted <= round).then_some(wanted as usize * 2);
                assert_eq!(found, expected, "c{wanted} after {round}");
            }
        }
        assert!(places.known > 0);
    }
}
