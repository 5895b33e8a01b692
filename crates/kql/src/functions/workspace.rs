//! Functions every Sentinel workspace has that give a table: the ASIM parsers with the fields of their schema.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::types::Type;

const TEXT: &str = include_str!("../../data/asim.functions");

/// A function that gives a table.
#[derive(Debug)]
pub struct TableFunction {
    /// Name, as the workspace spells it.
    pub name: &'static str,
    /// Parameter list with parentheses, as in `let f = (a:string, b:long = 1) {...}`.
    pub parameters: &'static str,
    /// Columns in order.
    pub columns: &'static [(&'static str, Type)],
}

static FUNCTIONS: LazyLock<HashMap<&'static str, TableFunction>> = LazyLock::new(|| {
    let mut schemas: HashMap<&str, &'static [(&'static str, Type)]> = HashMap::new();
    let mut functions = HashMap::new();
    for line in TEXT.lines() {
        let mut words = line.splitn(3, ' ');
        let (Some(kind), Some(schema), Some(rest)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        match kind {
            "fields" => {
                let fields: Vec<(&'static str, Type)> = rest.split(' ').filter_map(field).collect();
                schemas.insert(schema, Vec::leak(fields));
            }
            "function" => {
                let Some((names, parameters)) = rest.split_once(' ') else {
                    continue;
                };
                for name in names.split(',') {
                    let columns = schemas.get(schema).copied().unwrap_or_default();
                    let function = TableFunction {
                        name,
                        parameters,
                        columns,
                    };
                    functions.insert(name, function);
                }
            }
            _ => {}
        }
    }
    functions
});

fn field(text: &'static str) -> Option<(&'static str, Type)> {
    let (name, ty) = text.split_once(':')?;
    Some((name, Type::parse(ty)?))
}

/// The function of this name.
#[must_use]
pub fn table_function(name: &str) -> Option<&'static TableFunction> {
    FUNCTIONS.get(name)
}

/// The names of all, sorted.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = FUNCTIONS.keys().copied().collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parser::parse_function;

    #[test]
    fn every_line_is_read() {
        let lines = |kind: &'static str| TEXT.lines().filter(move |line| line.starts_with(kind));
        let declared: usize = lines("function ")
            .filter_map(|line| line.split(' ').nth(2))
            .map(|names| names.split(',').count())
            .sum();
        assert_eq!(FUNCTIONS.len(), declared);
        let words: usize = lines("fields ")
            .map(|line| line.split(' ').count() - 2)
            .sum();
        let fields: usize = lines("fields ")
            .flat_map(|line| line.split(' ').skip(2))
            .filter_map(field)
            .count();
        assert_eq!(fields, words);
    }

    #[test]
    fn every_parameter_list_reads() {
        for name in names() {
            let function = table_function(name).unwrap();
            let (_, parsed) = parse_function(function.parameters, "");
            assert!(parsed.diagnostics.is_empty(), "{name}");
            assert!(!function.columns.is_empty(), "{name}");
        }
    }
}
