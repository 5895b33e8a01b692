//! What the parser looked for at one token: the base of completion. Whatever the parser asks of the caret's token is
//! noted, so a new keyword or option of the grammar is offered without being listed again.

use super::operator::{Choice, Known};
use super::parser::Parser;

/// A class of things that may stand at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// A tabular operator behind a pipe.
    Operator,
    /// An operator that starts a query.
    Source,
    /// A statement.
    Statement,
    /// A scalar, or whatever a name refers to.
    Operand,
    /// A scalar operator behind an operand.
    Infix,
    /// A table.
    Table,
    /// A column and nothing else.
    Column,
    /// The name of a type.
    Type,
    /// A plugin.
    Plugin,
    /// A function that takes a table.
    Invoked,
}

/// All that was looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    /// Words of the language.
    pub(crate) words: Vec<&'static str>,
    /// Options with their values.
    pub(crate) options: Vec<Known>,
    /// Names of properties.
    pub(crate) properties: Vec<&'static str>,
    /// The value of an option.
    pub(crate) value: Option<Choice>,
    wants: Vec<Want>,
    /// Something that has to be there is not: what is asked from here on is only recovery.
    sealed: bool,
}

impl Expected {
    /// True when this class may stand here.
    pub(crate) fn wants(&self, want: Want) -> bool {
        self.wants.contains(&want)
    }
}

impl Parser<'_> {
    /// Notes something asked of the next token, if that is the caret's.
    pub(super) fn note(&self, note: impl FnOnce(&mut Expected)) {
        if self.at == self.caret
            && let Ok(mut expected) = self.expected.try_borrow_mut()
            && !expected.sealed
        {
            note(&mut expected);
        }
    }

    pub(super) fn note_want(&self, want: Want) {
        self.note(|expected| expected.wants.push(want));
    }

    pub(super) fn note_word(&self, word: &'static str) {
        self.note(|expected| expected.words.push(word));
    }

    pub(super) fn note_value(&self, choice: Choice) {
        self.note(|expected| expected.value = Some(choice));
    }

    /// Notes the options that may stand here.
    pub(super) fn note_options(&self, allowed: &[Known]) {
        self.note(|expected| expected.options.extend_from_slice(allowed));
    }

    /// What had to stand here was noted; it is not there.
    pub(super) fn seal(&self) {
        self.note(|expected| expected.sealed = true);
    }

    /// Two words that only mean something together (`to typeof`).
    pub(super) fn at_words(&self, first: &'static str, second: &'static str) -> bool {
        let hit = self.at_word(first);
        if hit && self.at + 1 == self.caret {
            self.expected.borrow_mut().words.push(second);
        }
        hit && self.word(1) == second
    }
}
