//! Which columns of a union one of its inputs fills.

use std::fmt;

use super::ColumnId;

/// For each output column of a union, by position: the input's column it holds, or none.
///
/// A union of all tables has thousands of columns, of which each table has a few dozen: only those are kept.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SourceColumns {
    /// Number of output columns.
    width: usize,
    /// Positions and columns, in the order of the positions.
    present: Vec<(usize, ColumnId)>,
}

impl SourceColumns {
    /// `width` positions, of which these are filled; of several columns for a position the last one counts.
    #[must_use]
    pub fn new(width: usize, mut present: Vec<(usize, ColumnId)>) -> Self {
        if !present.is_sorted_by(|a, b| a.0 < b.0) {
            present.sort_by_key(|(position, _)| *position);
            present.reverse();
            present.dedup_by_key(|(position, _)| *position);
            present.reverse();
        }
        present.retain(|(position, _)| *position < width);
        Self { width, present }
    }

    /// The input's column at a position.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<ColumnId> {
        let found = self.present.binary_search_by_key(&position, |(at, _)| *at);
        let (_, id) = self.present.get(found.ok()?)?;
        Some(*id)
    }

    /// The positions that are filled, in order, each with the input's column.
    pub fn iter(&self) -> impl Iterator<Item = (usize, ColumnId)> + '_ {
        self.present.iter().copied()
    }

    /// Adds a position.
    pub fn push(&mut self, column: Option<ColumnId>) {
        self.present.extend(column.map(|id| (self.width, id)));
        self.width += 1;
    }

    /// The input's columns, to rename them.
    pub(crate) fn ids_mut(&mut self) -> impl Iterator<Item = &mut ColumnId> {
        self.present.iter_mut().map(|(_, id)| id)
    }
}

impl fmt::Debug for SourceColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = (0..self.width).map(|position| self.get(position));
        f.debug_list().entries(all).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_found_and_the_last_column_for_one_counts() {
        let given = [(4, 1), (0, 2), (4, 3), (9, 4)].map(|(at, id)| (at, ColumnId(id)));
        let mut columns = SourceColumns::new(5, given.to_vec());
        columns.push(None);
        columns.push(Some(ColumnId(7)));
        let all: Vec<_> = (0..8).map(|at| columns.get(at).map(|id| id.0)).collect();
        let expected = [Some(2), None, None, None, Some(3), None, Some(7), None];
        assert_eq!(all, expected);
        assert_eq!(columns.iter().count(), 3);
    }
}
