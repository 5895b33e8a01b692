//! Fresh ids for a copy of a tree.

use super::{Ids, Size, Use, Visitor, rel};
use crate::plan::{ColumnId, Rel};

/// A table by id: ids count up from 1, so their numbers are places.
#[derive(Default)]
pub(crate) struct Renaming {
    /// The new id at the old one's place, or what is known of it.
    fresh: Vec<u32>,
    touched: Vec<ColumnId>,
}

/// Not met yet.
const NEW: u32 = 0;
/// Met, but not where it is defined.
const OUTER: u32 = u32::MAX;

impl Renaming {
    /// Gives every id that the tree defines a fresh one. Ids from outside (of a lambda's arguments) stay.
    pub(crate) fn refresh(&mut self, tree: &mut Rel, next: &mut u32) -> Size {
        self.fresh.resize(*next as usize + 1, NEW);
        let mut pass = Pass {
            known: self,
            next,
            late: false,
            size: Size::default(),
        };
        rel(tree, &mut pass);
        let (late, size) = (pass.late, pass.size);
        if late {
            let renamed = |id: &mut ColumnId, used| {
                let new = self.fresh.get(id.0 as usize).copied();
                if let Some(new) = new.filter(|new| used != Use::Shared && *new != OUTER) {
                    *id = ColumnId(new);
                }
            };
            rel(tree, &mut Ids(renamed));
        }
        for id in self.touched.drain(..) {
            if let Some(new) = self.fresh.get_mut(id.0 as usize) {
                *new = NEW;
            }
        }
        size
    }
}

/// The way through a tree that gives ids where they are defined.
struct Pass<'r> {
    known: &'r mut Renaming,
    next: &'r mut u32,
    /// An id was met before its definition, which is seldom: those places want a second pass.
    late: bool,
    size: Size,
}

impl Visitor for Pass<'_> {
    fn id(&mut self, id: &mut ColumnId, used: Use) {
        let Some(new) = self.known.fresh.get_mut(id.0 as usize) else {
            return;
        };
        if used == Use::Shared {
            return;
        }
        if *new == NEW {
            self.known.touched.push(*id);
        }
        if used == Use::Defines && matches!(*new, NEW | OUTER) {
            self.late |= *new == OUTER;
            *self.next += 1;
            *new = *self.next;
        }
        match *new {
            NEW => *new = OUTER,
            OUTER => {}
            new => *id = ColumnId(new),
        }
    }

    fn down(&mut self, nodes: usize) {
        self.size.down(nodes);
    }

    fn up(&mut self) {
        self.size.up();
    }
}
