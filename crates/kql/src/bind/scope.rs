//! What a name may mean: `let` bindings and the columns of the current row.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::places::Places;
use crate::plan::{Column, Expr, Rel};
use crate::syntax::tree::{Lambda, Pattern};

/// A value of the language.
pub(crate) enum Value {
    /// A scalar.
    Scalar(Expr),
    /// A table, ready for use (ids not shared with another use).
    Table(Rel),
    /// A function that is not called.
    Function,
}

/// What a `let` or a parameter stands for.
#[derive(Clone)]
pub(crate) enum Binding {
    Scalar(Expr),
    /// Bound once; each use takes a copy with fresh ids.
    Table(Rc<Rel>),
    Function(Rc<Lambda>, Env),
    Pattern(Rc<Pattern>, Env),
    /// A part of a row that only its members can be read of: a node or an edge of a graph, a step of `scan`.
    Element(Rc<Element>),
    /// An entity group of so many databases; inside `macro-expand`, one of them.
    Databases(usize),
}

/// What [`Binding::Element`] stands for.
pub(crate) struct Element {
    /// Its members.
    pub(crate) columns: Vec<Column>,
    /// There may be more.
    pub(crate) open: bool,
    /// Several in a row: each member is an array.
    pub(crate) many: bool,
}

/// Bindings in scope, innermost first. Cloning is cheap.
#[derive(Clone, Default)]
pub(crate) struct Env(Option<Rc<Node>>);

struct Node {
    name: Rc<str>,
    binding: Binding,
    parent: Env,
    /// How many bindings there are from here on.
    depth: usize,
    index: Option<Index>,
    used: Cell<bool>,
}

/// Every so often a binding knows those behind it by name: long texts have thousands of `let`s.
struct Index {
    nodes: HashMap<Rc<str>, Rc<Node>>,
    /// The next binding behind those.
    behind: Env,
}

/// Bindings from one index to the next.
const INDEXED: usize = 32;

impl Index {
    /// The index of a binding at this depth. As in a Fenwick tree one covers the more the rarer it is: all of them
    /// together have few entries, and few are asked for a name.
    fn of(depth: usize, parent: &Env) -> Option<Self> {
        if !depth.is_multiple_of(INDEXED) {
            return None;
        }
        let covered = (INDEXED << (depth / INDEXED).trailing_zeros()) - 1;
        let mut nodes = HashMap::with_capacity(covered);
        let mut next = parent;
        while let Some(node) = &next.0
            && node.depth + covered >= depth
        {
            nodes
                .entry(Rc::clone(&node.name))
                .or_insert(Rc::clone(node));
            next = &node.parent;
        }
        let behind = next.clone();
        Some(Self { nodes, behind })
    }
}

impl Env {
    pub(crate) fn with(&self, name: &str, binding: Binding) -> Env {
        let depth = self.0.as_ref().map_or(0, |node| node.depth) + 1;
        Env(Some(Rc::new(Node {
            name: name.into(),
            binding,
            index: Index::of(depth, self),
            parent: self.clone(),
            depth,
            used: Cell::new(false),
        })))
    }

    /// What a name stands for. Who asks is taken to use it.
    pub(crate) fn get(&self, name: &str) -> Option<&Binding> {
        let node = self.node(name)?;
        node.used.set(true);
        Some(&node.binding)
    }

    /// Whether anybody asked for the name; `None` when it stands for nothing.
    pub(crate) fn is_used(&self, name: &str) -> Option<bool> {
        self.node(name).map(|node| node.used.get())
    }

    fn node(&self, name: &str) -> Option<&Node> {
        let mut next = self;
        while let Some(node) = &next.0 {
            if *node.name == *name {
                return Some(node);
            }
            next = &node.parent;
            if let Some(index) = &node.index {
                if let Some(found) = index.nodes.get(name) {
                    return Some(found);
                }
                next = &index.behind;
            }
        }
        None
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Binding)> {
        std::iter::successors(self.0.as_deref(), |node| node.parent.0.as_deref())
            .map(|node| (&*node.name, &node.binding))
    }
}

impl Drop for Env {
    /// Long texts have thousands of `let`s: the list is taken apart in a loop, not by recursion.
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(node) = next.and_then(|rc| Rc::try_unwrap(rc).ok()) {
            let mut node = node;
            next = node.parent.0.take();
        }
    }
}

/// The columns an expression may name.
#[derive(Default)]
pub(crate) struct Row<'r> {
    /// The input's columns.
    pub(crate) columns: &'r [Column],
    /// In a join's condition: the other side's (`$right`).
    pub(crate) right: Option<&'r [Column]>,
    /// The input may have columns nobody named yet.
    pub(crate) open: bool,
    /// Columns an open input turned out to need.
    pub(crate) late: RefCell<Vec<Column>>,
    /// Where the columns and the late ones are, by name.
    pub(crate) places: RefCell<(Places, Places)>,
    /// What the input is called in messages.
    pub(crate) source: Option<&'r str>,
    /// Window functions are allowed.
    pub(crate) serialized: bool,
}

impl<'r> Row<'r> {
    /// The input's column of this name.
    pub(crate) fn column(&self, name: &str) -> Option<&'r Column> {
        let at = self.places.borrow_mut().0.find(name, self.columns);
        self.columns.get(at?)
    }

    /// The late column of this name.
    pub(crate) fn late_column(&self, name: &str) -> Option<Column> {
        let late = self.late.borrow();
        let at = self.places.borrow_mut().1.find(name, &late);
        late.get(at?).cloned()
    }
}

/// Where an expression stands.
pub(crate) struct Cx<'a> {
    pub(crate) env: &'a Env,
    pub(crate) row: Row<'a>,
}

impl<'a> Cx<'a> {
    /// Outside any row.
    pub(crate) fn top(env: &'a Env) -> Self {
        Self {
            env,
            row: Row::default(),
        }
    }

    /// Over the rows of a relation.
    pub(crate) fn over(env: &'a Env, rel: &'a Rel) -> Self {
        let row = Row {
            columns: &rel.columns,
            right: None,
            open: rel.open,
            late: RefCell::default(),
            places: RefCell::default(),
            source: source_name(rel),
            serialized: rel.serialized,
        };
        Self { env, row }
    }

    /// The late columns found, to be added to the input.
    pub(crate) fn into_late(self) -> Vec<Column> {
        self.row.late.into_inner()
    }
}

/// The table at the bottom of a chain of operators that change no column.
fn source_name(rel: &Rel) -> Option<&str> {
    use crate::plan::RelOp;
    match &rel.op {
        RelOp::Table { name, .. } => Some(name),
        RelOp::Filter { input, .. } | RelOp::Sort { input, .. } | RelOp::Take { input, .. } => {
            source_name(input)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{ExprKind, Literal};
    use crate::types::{Span, Type};

    #[test]
    fn the_innermost_binding_of_a_name_is_found_at_any_depth() {
        let mut env = Env::default();
        for n in 0..1_000_i64 {
            let value = Expr {
                kind: ExprKind::Literal(Literal::Long(n)),
                ty: Type::Long,
                span: Span::default(),
            };
            env = env.with(&format!("x{}", n % 700), Binding::Scalar(value));
            assert!(env.get("y").is_none());
        }
        let found = |name: &str| match env.get(name) {
            Some(Binding::Scalar(Expr {
                kind: ExprKind::Literal(Literal::Long(n)),
                ..
            })) => Some(*n),
            _ => None,
        };
        for n in 0..700 {
            let expected = if n < 300 { n + 700 } else { n };
            assert_eq!(found(&format!("x{n}")), Some(expected));
        }
    }
}
