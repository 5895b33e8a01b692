//! What a name may mean: `let` bindings and the columns of the current row.

use std::cell::RefCell;
use std::rc::Rc;

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
    name: String,
    binding: Binding,
    parent: Env,
}

impl Env {
    pub(crate) fn with(&self, name: &str, binding: Binding) -> Env {
        Env(Some(Rc::new(Node {
            name: name.to_owned(),
            binding,
            parent: self.clone(),
        })))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Binding> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, binding)| binding)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Binding)> {
        std::iter::successors(self.0.as_deref(), |node| node.parent.0.as_deref())
            .map(|node| (node.name.as_str(), &node.binding))
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
    /// What the input is called in messages.
    pub(crate) source: Option<&'r str>,
    /// Window functions are allowed.
    pub(crate) serialized: bool,
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
