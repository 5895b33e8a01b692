//! Names of columns that the query does not name, and keeping names unique.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::functions::{self, Known, Naming};
use crate::plan::{Column, ColumnId, ColumnName};
use crate::syntax::tree::{Constant, Expr, ExprKind};
use crate::types::Span;

/// The name an expression gives its column: `a.b` is `a_b`, `tostring(a)` is `a`; `None` when it has none.
pub(crate) fn of(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Paren(inner) => of(inner),
        ExprKind::Member(value, name) => {
            if let ExprKind::Name(side) = &value.kind
                && (side == "$left" || side == "$right")
            {
                return Some(name.text.clone());
            }
            Some(match of(value).filter(|value| !value.is_empty()) {
                Some(value) => format!("{value}_{}", name.text),
                None => name.text.clone(),
            })
        }
        ExprKind::Element(value, index) => {
            let index = match &index.kind {
                // A sign is an operator to the language, and so is `-1` no literal.
                ExprKind::Literal(Constant::Long(n)) if *n >= 0 => Some(n.to_string()),
                ExprKind::Literal(Constant::String(s)) => Some(s.clone()),
                _ => None,
            };
            match of(value).filter(|value| !value.is_empty()) {
                Some(value) => Some(format!("{value}_{}", index.unwrap_or_default())),
                None => index,
            }
        }
        ExprKind::Call {
            receiver: None,
            name,
            args,
        } => {
            let argument = args.first().and_then(|arg| of(arg));
            let Some(known) = functions::scalar(&name.text) else {
                // Those that may give several columns name none inside a larger expression.
                let several = |known: &&Known| {
                    let name = known.function.name;
                    name.starts_with("percentile")
                        || matches!(
                            name,
                            "take_any" | "arg_max" | "arg_min" | "argmax" | "argmin"
                        )
                };
                return functions::aggregate(&name.text)
                    .filter(|known| !several(known))
                    .map(|known| aggregate(known, argument.as_deref().unwrap_or_default()));
            };
            match known.function.naming {
                Naming::Anonymous => None,
                Naming::Argument => argument,
                Naming::OnlyArgument => argument.filter(|_| args.len() == 1),
                Naming::Prefixed(prefix) => {
                    Some(format!("{prefix}_{}", argument.unwrap_or_default()))
                }
                Naming::Fixed(name) => Some(name.to_owned()),
                Naming::Column => None,
            }
        }
        ExprKind::Named { names, .. } => names.first().map(|name| name.text.clone()),
        _ => None,
    }
}

/// The same over a row: `column_ifexists("a", 0)` is called `a` where there is such a column.
pub(crate) fn of_over(expr: &Expr, columns: &[Column]) -> Option<String> {
    if let ExprKind::Call {
        receiver: None,
        name,
        args,
    } = &expr.kind
        && functions::scalar(&name.text).is_some_and(|f| f.function.naming == Naming::Column)
        && let Some(ExprKind::Literal(Constant::String(name))) = args.first().map(|arg| &arg.kind)
    {
        let known = columns.iter().any(|column| column.name == *name);
        return known.then(|| name.clone());
    }
    of(expr)
}

/// The name an aggregate gives its column: `dcount(a)` is `dcount_a`; empty when it has none.
pub(crate) fn aggregate(known: &Known, argument: &str) -> String {
    let name = known.function.name;
    match known.function.naming {
        Naming::Prefixed(prefix) => format!("{prefix}_{argument}"),
        Naming::Argument | Naming::OnlyArgument => argument.to_owned(),
        Naming::Fixed(name) => name.to_owned(),
        Naming::Anonymous if name.starts_with("percentiles") => format!("percentiles_{argument}"),
        Naming::Anonymous | Naming::Column => String::new(),
    }
}

/// The names of one operator's output.
#[derive(Default)]
pub(crate) struct Names {
    used: HashSet<ColumnName>,
    ids: HashSet<ColumnId>,
    avoided: HashSet<ColumnName>,
    given: HashSet<ColumnName>,
    /// Where the query gives a name first.
    places: HashMap<ColumnName, Span>,
    /// The last number behind a name.
    numbers: HashMap<ColumnName, usize>,
    unnamed: usize,
}

impl Names {
    /// Takes a name as it is; false when it was taken before.
    pub(crate) fn explicit(&mut self, name: impl Into<ColumnName>) -> bool {
        self.used.insert(name.into())
    }

    /// Notes a name that the query gives; false when it gave it before.
    pub(crate) fn given(&mut self, name: impl Into<ColumnName>) -> bool {
        self.given.insert(name.into())
    }

    /// Notes where the query gives a name; the place where it did before, if it did.
    pub(crate) fn place(&mut self, name: impl Into<ColumnName>, span: Span) -> Option<Span> {
        match self.places.entry(name.into()) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(place) => {
                place.insert(span);
                None
            }
        }
    }

    /// Generated names (`Column1`) step aside for the input's columns too.
    pub(crate) fn over(columns: &[Column]) -> Self {
        let avoided = columns
            .iter()
            .filter(|column| column.name.starts_with("Column"))
            .map(|column| column.name.clone());
        Self {
            avoided: avoided.collect(),
            ..Self::default()
        }
    }

    /// Takes an id; false when an output column has it already.
    pub(crate) fn take_id(&mut self, id: ColumnId) -> bool {
        self.ids.insert(id)
    }

    /// Takes a name, with a number after it when it is taken.
    pub(crate) fn implicit(&mut self, base: impl Into<ColumnName>) -> ColumnName {
        let base = base.into();
        if self.used.insert(base.clone()) {
            return base;
        }
        // What was taken stays taken: the search goes on where it ended.
        let number = self.numbers.entry(base.clone()).or_default();
        loop {
            *number += 1;
            let name = ColumnName::from(format!("{base}{number}"));
            if self.used.insert(name.clone()) {
                return name;
            }
        }
    }

    /// `Column1`, `Column2`, ...
    pub(crate) fn unnamed(&mut self) -> ColumnName {
        loop {
            self.unnamed += 1;
            let name = ColumnName::from(format!("Column{}", self.unnamed));
            if !self.avoided.contains(&name) {
                return self.implicit(name);
            }
        }
    }

    /// The name for a column computed from a row of these columns.
    pub(crate) fn computed(&mut self, expr: &Expr, columns: &[Column]) -> ColumnName {
        match of_over(expr, columns) {
            Some(name) => self.implicit(name),
            None => self.unnamed(),
        }
    }
}

/// Matches a name against a pattern with `*`.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(matches("Device*", "DeviceEvents"));
        assert!(matches("*1", "a1"));
        assert!(matches("a*b*c", "aXbYc"));
        assert!(!matches("a*b*c", "ab"));
    }

    #[test]
    fn implicit_names_count_up() {
        let mut names = Names::default();
        assert_eq!(names.implicit("a"), "a");
        assert_eq!(names.implicit("a"), "a1");
        assert_eq!(names.unnamed(), "Column1");
    }
}
