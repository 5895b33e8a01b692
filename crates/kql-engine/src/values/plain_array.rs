//! Arrays of plain values read straight from their text: the numbers of a series and the datetimes of its axis are
//! hundreds a row, and what a general parser does around each of them costs more than reading it.

use std::borrow::Cow;

use super::Datum;

/// A plain value of an array.
#[derive(Clone, Copy)]
pub(super) enum Plain<'a> {
    Null,
    Bool(bool),
    Long(i64),
    Real(f64),
    Text(&'a str),
}

impl<'a> From<Plain<'a>> for Datum<'a> {
    fn from(value: Plain<'a>) -> Self {
        match value {
            Plain::Null => Datum::Null,
            Plain::Bool(value) => Datum::Bool(value),
            Plain::Long(value) => Datum::Long(value),
            Plain::Real(value) => Datum::Real(value),
            Plain::Text(text) => Datum::Str(Cow::Borrowed(text)),
        }
    }
}

/// Most digits of a whole number that surely fits 64 bits.
const WHOLE_DIGITS: usize = 18;

/// Most digits of a real that is exactly a quotient of two doubles.
const REAL_DIGITS: usize = 15;

/// Hands over the elements of the array that `text` is while they are numbers, `true`, `false`, `null` and texts
/// without escapes. `None` for anything else (some elements may have been handed over by then), which isn't to say
/// that it is no array: the general parser decides.
pub(super) fn each<'a>(text: &'a str, mut each: impl FnMut(Plain<'a>)) -> Option<()> {
    let mut walk = Walk { text, at: 0 };
    if walk.next()? != b'[' {
        return None;
    }
    walk.blanks();
    if walk.peek()? == b']' {
        walk.at += 1;
        return walk.end();
    }
    loop {
        // Most counts are one digit with nothing around it.
        if let Some([digit @ b'0'..=b'9', b',', b'!'..=u8::MAX]) = walk.ahead() {
            each(Plain::Long(i64::from(digit - b'0')));
            walk.at += 2;
            continue;
        }
        each(walk.element()?);
        walk.blanks();
        match walk.next()? {
            b',' => walk.blanks(),
            b']' => return walk.end(),
            _ => return None,
        }
    }
}

struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Walk<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn ahead(&self) -> Option<&[u8; 3]> {
        self.text.as_bytes().get(self.at..)?.first_chunk()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn end(&mut self) -> Option<()> {
        self.blanks();
        (self.at == self.text.len()).then_some(())
    }

    fn element(&mut self) -> Option<Plain<'a>> {
        match self.peek()? {
            b'"' => self.string(),
            b'n' => self.word("null", Plain::Null),
            b't' => self.word("true", Plain::Bool(true)),
            b'f' => self.word("false", Plain::Bool(false)),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, value: Plain<'a>) -> Option<Plain<'a>> {
        let to = self.at + word.len();
        (self.text.get(self.at..to)? == word).then(|| {
            self.at = to;
            value
        })
    }

    fn string(&mut self) -> Option<Plain<'a>> {
        let from = self.at + 1;
        let rest = self.text.as_bytes().get(from..)?;
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        let to = from + rest.iter().position(special)?;
        self.at = to;
        (self.next()? == b'"').then_some(())?;
        Some(Plain::Text(self.text.get(from..to)?))
    }

    fn number(&mut self) -> Option<Plain<'a>> {
        let start = self.at;
        let negative = self.peek()? == b'-';
        self.at += usize::from(negative);
        let leading_zero = self.peek()? == b'0';
        let (whole, n_whole) = self.digits(0);
        if n_whole == 0 || (leading_zero && n_whole > 1) {
            return None;
        }
        match self.peek()? {
            b'.' => self.at += 1,
            b'e' | b'E' => return self.other_real(start),
            // Minus zero is a real.
            _ if n_whole > WHOLE_DIGITS || (negative && whole == 0) => return None,
            _ => {
                let whole = i64::try_from(whole).ok()?;
                return Some(Plain::Long(if negative { -whole } else { whole }));
            }
        }
        let (digits, n_fraction) = self.digits(whole);
        let more = matches!(self.peek()?, b'e' | b'E');
        let scale = POWERS.get(n_fraction).filter(|_| n_fraction > 0);
        match scale.filter(|_| !more && n_whole + n_fraction <= REAL_DIGITS) {
            #[allow(clippy::cast_precision_loss)]
            Some(scale) => {
                let value = digits as f64 / scale;
                Some(Plain::Real(if negative { -value } else { value }))
            }
            None => self.other_real(start),
        }
    }

    /// Adds digits to a number that was begun; and how many. Too many wrap around.
    fn digits(&mut self, mut number: u64) -> (u64, usize) {
        let from = self.at;
        while let Some(byte @ b'0'..=b'9') = self.peek() {
            number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            self.at += 1;
        }
        (number, self.at - from)
    }

    /// A real as the general parser has it, which need not be the nearest.
    fn other_real(&mut self, start: usize) -> Option<Plain<'a>> {
        let rest = self.text.as_bytes().get(start..)?;
        let part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let len = rest.iter().position(|byte| !part(byte))?;
        self.at = start + len;
        let text = self.text.get(start..self.at)?;
        serde_json::from_str(text).ok().map(Plain::Real)
    }
}

const POWERS: [f64; REAL_DIGITS + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];
