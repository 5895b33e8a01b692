//! The condition of a rule: lexer, parser, syntax tree.
//!
//! `not` binds tighter than `and`, `and` tighter than `or`. Words are read in any letter case.

use crate::diagnostic::Code;

/// Deepest nesting of a condition.
const DEPTH_MAX: usize = 64;
/// Most selections that all `of` of a condition name together.
const SELECTED_MAX: usize = 100_000;
/// Most words of a condition.
const TOKENS_MAX: usize = 10_000;

/// A condition over selections, which it names by their index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// This selection holds.
    Selection(usize),
    /// It doesn't hold.
    Not(Box<Self>),
    /// All hold.
    And(Vec<Self>),
    /// One holds.
    Or(Vec<Self>),
    /// So many of the selections hold; `None` means all of them.
    Of(Option<u32>, Vec<usize>),
}

/// What is wrong in a condition, and at which character of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConditionError {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) offset_chars: usize,
    pub(crate) hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Open,
    Close,
    Pipe,
    Word(&'t str),
}

/// Parses a condition over the selections with these names.
pub(crate) fn parse(text: &str, names: &[String]) -> Result<Condition, ConditionError> {
    let tokens = lex(text);
    if tokens.len() > TOKENS_MAX {
        let message = "the condition is too long".to_owned();
        return Err(ConditionError {
            code: Code::TooLarge,
            message,
            offset_chars: 0,
            hint: None,
        });
    }
    let end = text.chars().count();
    let mut parser = ConditionParser {
        tokens,
        next: 0,
        names,
        end,
        depth: 0,
        selected_left: SELECTED_MAX,
    };
    let condition = parser.or()?;
    match parser.peek() {
        None => Ok(condition),
        Some(Token::Pipe) => Err(parser.legacy()),
        Some(Token::Close) => Err(parser.error("a `)` without its `(`")),
        Some(_) => Err(parser.error("expected `and` or `or`")),
    }
}

fn lex(text: &str) -> Vec<(Token<'_>, usize)> {
    let mut tokens = Vec::new();
    let mut word: Option<(usize, usize)> = None;
    for (offset_chars, (offset, c)) in text.char_indices().enumerate() {
        let single = match c {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            '|' => Some(Token::Pipe),
            _ => None,
        };
        if single.is_some() || c.is_whitespace() {
            if let Some((start, at)) = word.take() {
                tokens.push((Token::Word(&text[start..offset]), at));
            }
            tokens.extend(single.map(|token| (token, offset_chars)));
        } else if word.is_none() {
            word = Some((offset, offset_chars));
        }
    }
    if let Some((start, at)) = word {
        tokens.push((Token::Word(&text[start..]), at));
    }
    tokens
}

struct ConditionParser<'t> {
    tokens: Vec<(Token<'t>, usize)>,
    next: usize,
    names: &'t [String],
    end: usize,
    depth: usize,
    selected_left: usize,
}

impl<'t> ConditionParser<'t> {
    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.next).map(|&(token, _)| token)
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found =
            matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        self.next += usize::from(found);
        found
    }

    fn offset(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |&(_, at)| at)
    }

    fn error(&self, message: &str) -> ConditionError {
        ConditionError {
            code: Code::ConditionSyntax,
            message: message.to_owned(),
            offset_chars: self.offset(),
            hint: None,
        }
    }

    fn legacy(&self) -> ConditionError {
        ConditionError {
            code: Code::LegacyAggregation,
            message: "aggregation with `|` is not part of Sigma 2".to_owned(),
            offset_chars: self.offset(),
            hint: Some("write a correlation rule".to_owned()),
        }
    }

    fn or(&mut self) -> Result<Condition, ConditionError> {
        let mut terms = vec![self.and()?];
        while self.take_keyword("or") {
            terms.push(self.and()?);
        }
        Ok(one_or(terms, Condition::Or))
    }

    fn and(&mut self) -> Result<Condition, ConditionError> {
        let mut terms = vec![self.not()?];
        while self.take_keyword("and") {
            terms.push(self.not()?);
        }
        Ok(one_or(terms, Condition::And))
    }

    fn not(&mut self) -> Result<Condition, ConditionError> {
        let mut negated = false;
        while self.take_keyword("not") {
            negated = !negated;
        }
        let operand = self.operand()?;
        Ok(if negated {
            Condition::Not(Box::new(operand))
        } else {
            operand
        })
    }

    fn operand(&mut self) -> Result<Condition, ConditionError> {
        match self.peek() {
            Some(Token::Open) => {
                if self.depth == DEPTH_MAX {
                    return Err(self.error("nested too deep"));
                }
                self.depth += 1;
                self.next += 1;
                let inner = self.or()?;
                if self.peek() == Some(Token::Pipe) {
                    return Err(self.legacy());
                }
                if self.peek() != Some(Token::Close) {
                    return Err(self.error("expected `)`"));
                }
                self.next += 1;
                self.depth -= 1;
                Ok(inner)
            }
            Some(Token::Word(word)) => self.word(word),
            Some(Token::Pipe) => Err(self.legacy()),
            Some(Token::Close) => Err(self.error("expected a selection before `)`")),
            None => Err(self.error("expected a selection")),
        }
    }

    fn word(&mut self, word: &'t str) -> Result<Condition, ConditionError> {
        let next_is_of = matches!(
            self.tokens.get(self.next + 1),
            Some((Token::Word(of), _)) if of.eq_ignore_ascii_case("of")
        );
        if next_is_of {
            return self.of(word);
        }
        if ["and", "or"]
            .iter()
            .any(|keyword| word.eq_ignore_ascii_case(keyword))
        {
            return Err(self.error(&format!("expected a selection before `{word}`")));
        }
        let Some(index) = self.names.iter().position(|name| name == word) else {
            return Err(self.unknown(word, "selection"));
        };
        self.next += 1;
        Ok(Condition::Selection(index))
    }

    fn of(&mut self, count: &str) -> Result<Condition, ConditionError> {
        let count = match count.to_ascii_lowercase().as_str() {
            "all" => None,
            "any" => Some(1),
            number => match number.parse::<u32>() {
                Ok(number) if number > 0 => Some(number),
                _ => return Err(self.error("expected `all`, `any` or a number before `of`")),
            },
        };
        self.next += 2;
        let Some(Token::Word(pattern)) = self.peek() else {
            return Err(self.error("expected `them` or a name pattern after `of`"));
        };
        let selected = self.selected(pattern);
        if selected.is_empty() {
            return Err(self.unknown(pattern, "selection matches"));
        }
        let Some(left) = self.selected_left.checked_sub(selected.len()) else {
            return Err(self.error("the condition names too many selections"));
        };
        self.selected_left = left;
        if count.is_some_and(|count| count as usize > selected.len()) {
            let message = format!("only {} selections match `{pattern}`", selected.len());
            return Err(self.error(&message));
        }
        self.next += 1;
        Ok(Condition::Of(count, selected))
    }

    /// `them` is every selection but those whose name begins with `_`.
    fn selected(&self, pattern: &str) -> Vec<usize> {
        let them = pattern.eq_ignore_ascii_case("them");
        let glob = crate::pattern::Pattern::parse(pattern);
        let wanted = |name: &str| {
            if them {
                !name.starts_with('_')
            } else {
                glob.matches(name)
            }
        };
        (0..self.names.len())
            .filter(|&index| wanted(&self.names[index]))
            .collect()
    }

    fn unknown(&self, word: &str, what: &str) -> ConditionError {
        let close = crate::diagnostic::closest(word, self.names.iter().map(String::as_str));
        ConditionError {
            code: Code::UnknownSelection,
            message: format!("no {what} `{word}`"),
            offset_chars: self.offset(),
            hint: close.map(|name| format!("did you mean `{name}`?")),
        }
    }
}

fn one_or(mut terms: Vec<Condition>, many: fn(Vec<Condition>) -> Condition) -> Condition {
    match terms.pop() {
        Some(only) if terms.is_empty() => only,
        last => {
            terms.extend(last);
            many(terms)
        }
    }
}

impl Condition {
    /// Calls `visit` with each selection the condition names.
    pub(crate) fn selections(&self, visit: &mut impl FnMut(usize)) {
        match self {
            Self::Selection(index) => visit(*index),
            Self::Not(inner) => inner.selections(visit),
            Self::And(terms) | Self::Or(terms) => {
                terms.iter().for_each(|term| term.selections(visit));
            }
            Self::Of(_, selected) => selected.iter().copied().for_each(visit),
        }
    }

    /// Whether the condition holds, given which selections hold.
    pub fn holds(&self, held: &[bool]) -> bool {
        let is = |index: &usize| held.get(*index).copied().unwrap_or(false);
        match self {
            Self::Selection(index) => is(index),
            Self::Not(inner) => !inner.holds(held),
            Self::And(terms) => terms.iter().all(|term| term.holds(held)),
            Self::Or(terms) => terms.iter().any(|term| term.holds(held)),
            Self::Of(None, selected) => selected.iter().all(is),
            Self::Of(Some(count), selected) => {
                selected.iter().filter(|index| is(index)).count() >= *count as usize
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names() -> Vec<String> {
        ["a", "b", "sel_1", "sel_2", "_hidden", "filter-x"]
            .map(str::to_owned)
            .to_vec()
    }

    #[test]
    fn every_form_means_what_the_specification_says() {
        // Which of a, b, sel_1, sel_2, _hidden, filter-x hold; the condition; its answer.
        let cases = [
            ("101000", "a and sel_1", true),
            ("100000", "a or b and sel_1", true),
            ("100000", "(a or b) and sel_1", false),
            ("010000", "not a and b", true),
            ("010000", "not (a or b)", false),
            ("000000", "not not a", false),
            ("001000", "1 of sel_*", true),
            ("001000", "all of sel_*", false),
            ("001000", "not all of sel_*", true),
            ("001100", "2 of sel_*", true),
            ("000010", "1 of them", false),
            ("000010", "any of _*", true),
            ("111101", "all of them", true),
            ("110000", "A AND b", false),
            ("110000", "a AND NOT filter-x", true),
            ("110000", "1 OF them And b", true),
        ];
        for (held, text, expected) in cases {
            let held: Vec<bool> = held.chars().map(|c| c == '1').collect();
            let answer = parse(text, &names()).map(|condition| condition.holds(&held));
            assert_eq!(answer.unwrap_or(false), expected, "{text}");
        }
    }

    #[test]
    fn errors_say_where() {
        let cases = [
            ("a and", Code::ConditionSyntax, 5),
            ("(a or b", Code::ConditionSyntax, 7),
            ("a b", Code::ConditionSyntax, 2),
            ("a and c", Code::UnknownSelection, 6),
            ("1 of nothing*", Code::UnknownSelection, 5),
            ("a | count() > 5", Code::LegacyAggregation, 2),
            ("3 of sel_*", Code::ConditionSyntax, 5),
            ("0 of them", Code::ConditionSyntax, 0),
            ("a)", Code::ConditionSyntax, 1),
            ("", Code::ConditionSyntax, 0),
        ];
        for (text, code, offset) in cases {
            let error = parse(text, &names()).unwrap_err();
            assert_eq!((error.code, error.offset_chars), (code, offset), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let text = "(".repeat(100_000);
        assert!(parse(&text, &names()).is_err());
        let many: Vec<String> = (0..1_000).map(|index| format!("s{index}")).collect();
        assert!(parse(&"1 of s* or ".repeat(200), &many).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = parse(&text, &names());
        }

        #[test]
        fn never_panics_on_near_conditions(text in "(( |\\(|\\)|and|or|not|1|2|all|of|them|a|b|sel_\\*)){0,20}") {
            let _ = parse(&text, &names());
        }
    }
}
