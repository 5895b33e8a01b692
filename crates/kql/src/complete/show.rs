//! How names, signatures and columns are written.

use crate::functions::{Known, workspace::TableFunction};
use crate::plan::Column;
use crate::syntax::keyword;
use crate::syntax::tree::{Lambda, ParameterType};

/// A name as it has to be written to refer to something: bracketed where the language would read something else.
pub(crate) fn reference(name: &str) -> String {
    let mut characters = name.chars();
    let starts = |c: char| c.is_alphabetic() || matches!(c, '_' | '$');
    let plain = characters.next().is_some_and(starts)
        && characters.all(|c| c.is_alphanumeric() || c == '_')
        && keyword::refers(name);
    if plain {
        return name.to_owned();
    }
    let escaped = name.replace('\\', "\\\\").replace('\'', "\\'");
    format!("['{escaped}']")
}

/// All signatures of a function, with its name.
pub(crate) fn signatures(known: &Known) -> Vec<String> {
    let name = known.function.name;
    let texts = known.function.signatures.iter();
    texts.map(|text| format!("{name}{text}")).collect()
}

/// The first of them, and how many more there are.
pub(crate) fn signature(known: &Known) -> String {
    let all = signatures(known);
    match all.as_slice() {
        [] => known.function.name.to_owned(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} (+{})", rest.len()),
    }
}

/// The parameters of a function of the text, each as written there.
pub(crate) fn parameters(lambda: &Lambda) -> Vec<String> {
    let parameters = lambda.parameters.iter();
    let shown = parameters.map(|parameter| {
        let name = &parameter.name.text;
        let optional = if parameter.default.is_some() { "?" } else { "" };
        match &parameter.ty {
            ParameterType::Scalar(ty) => format!("{name}: {ty}{optional}"),
            ParameterType::Table(columns, any) => {
                let star = any.then(|| "*".to_owned());
                let columns = columns
                    .iter()
                    .map(|(name, ty)| format!("{}: {ty}", name.text));
                let columns: Vec<String> = star.into_iter().chain(columns).collect();
                format!("{name}: ({})", columns.join(", "))
            }
        }
    });
    shown.collect()
}

/// A function of the text.
pub(crate) fn lambda(name: &str, lambda: &Lambda) -> String {
    format!("{name}({})", parameters(lambda).join(", "))
}

/// A function every workspace has.
pub(crate) fn workspace(function: &TableFunction) -> String {
    format!("{}{}", function.name, function.parameters)
}

/// A table by its first columns.
pub(crate) fn columns(columns: &[Column]) -> String {
    let names = columns.iter().map(|column| column.name.as_str());
    some_of(names, columns.len())
}

/// The first of these names, and how many there are when not all are shown.
pub(crate) fn some_of<'n>(names: impl Iterator<Item = &'n str>, count: usize) -> String {
    const SHOWN: usize = 6;
    let mut text = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    if count > SHOWN {
        text.push_str(&format!(", ... ({count} columns)"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_need_it_are_bracketed() {
        assert_eq!(reference("Account"), "Account");
        assert_eq!(reference("a b"), "['a b']");
        assert_eq!(reference("it's"), "['it\\'s']");
        assert_eq!(reference("project"), "['project']");
        assert_eq!(reference("1st"), "['1st']");
        assert_eq!(reference(""), "['']");
    }
}
