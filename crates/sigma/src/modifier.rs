//! The modifiers of Sigma v2.1, one declaration each, and what a chain of them means.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::pattern::Pattern;

/// What a modifier does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Rewrites a text value.
    Text(TextStep),
    /// All values must match, not one of them.
    All,
    /// Upper and lower case differ.
    Cased,
    /// The field is there and none of the values matches, or it isn't there.
    NotEqual,
    /// The value is a regular expression.
    Regex,
    /// A flag of the regular expression, in the order `i`, `m`, `s`.
    RegexFlag(char),
    /// The value is an address range.
    Cidr,
    /// The value names another field.
    FieldRef,
    /// The value says whether the field is there.
    Exists,
    /// Compares numbers.
    Compare(Comparison),
    /// Takes a part of an instant before the comparison.
    TimePart(TimePart),
}

/// A step that rewrites a text value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextStep {
    /// `*value*`.
    Contains,
    /// `value*`.
    StartsWith,
    /// `*value`.
    EndsWith,
    /// Base64 of the value.
    Base64,
    /// Base64 of the value at any of the three offsets.
    Base64Offset,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
    /// UTF-16, little endian, with a byte order mark before it.
    Utf16,
    /// Any dash for an option dash.
    WinDash,
    /// Placeholders become values.
    Expand,
}

/// A numeric comparison: field on the left, value on the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

impl Comparison {
    /// Whether `left` stands so to `right`; never for NaN.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Equal => left == right,
        }
    }
}

/// A part of an instant, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TimePart {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// Day of the month, 1 to 31.
    Day,
    /// ISO 8601 week, 1 to 53.
    Week,
    /// 1 to 12.
    Month,
    /// For example 2026.
    Year,
}

/// One modifier.
#[derive(Debug, Clone, Copy)]
pub struct Modifier {
    /// As rules write it.
    pub name: &'static str,
    /// What it does.
    pub effect: Effect,
    /// One sentence for people.
    pub doc: &'static str,
}

macro_rules! modifiers {
    ($($name:literal $effect:expr, $doc:literal;)*) => {
        /// Every modifier (Sigma specification 2.1, appendix "Value modifiers").
        pub const MODIFIERS: &[Modifier] = &[$(Modifier { name: $name, effect: $effect, doc: $doc }),*];
    };
}

use Effect as E;
use TextStep as T;
modifiers! {
    "contains" E::Text(T::Contains), "the value stands anywhere in the field";
    "startswith" E::Text(T::StartsWith), "the field begins with the value";
    "endswith" E::Text(T::EndsWith), "the field ends with the value";
    "base64" E::Text(T::Base64), "the value is encoded in Base64 first";
    "base64offset" E::Text(T::Base64Offset), "the value is encoded in Base64 at each of the three byte offsets";
    "utf16le" E::Text(T::Utf16Le), "the value is encoded in UTF-16, little endian, first";
    "wide" E::Text(T::Utf16Le), "another name of `utf16le`";
    "utf16be" E::Text(T::Utf16Be), "the value is encoded in UTF-16, big endian, first";
    "utf16" E::Text(T::Utf16), "the value is encoded in UTF-16 with a byte order mark first";
    "windash" E::Text(T::WinDash), "an option's dash may be any of the dashes Windows accepts";
    "expand" E::Text(T::Expand), "placeholders `%name%` are replaced by values from outside";
    "all" E::All, "every value must match";
    "cased" E::Cased, "upper and lower case differ";
    "neq" E::NotEqual, "no value matches";
    "re" E::Regex, "the value is a regular expression, found anywhere in the field";
    "i" E::RegexFlag('i'), "the regular expression ignores case";
    "ignorecase" E::RegexFlag('i'), "another name of `i`";
    "m" E::RegexFlag('m'), "`^` and `$` match at line breaks";
    "multiline" E::RegexFlag('m'), "another name of `m`";
    "s" E::RegexFlag('s'), "`.` matches line breaks";
    "dotall" E::RegexFlag('s'), "another name of `s`";
    "cidr" E::Cidr, "the field is an address in the range";
    "fieldref" E::FieldRef, "the value is the name of another field to compare with";
    "exists" E::Exists, "whether the field is there at all";
    "lt" E::Compare(Comparison::Less), "the field is less than the number";
    "lte" E::Compare(Comparison::LessOrEqual), "the field is less than or equal to the number";
    "gt" E::Compare(Comparison::Greater), "the field is greater than the number";
    "gte" E::Compare(Comparison::GreaterOrEqual), "the field is greater than or equal to the number";
    "minute" E::TimePart(TimePart::Minute), "the minute of the field's time";
    "hour" E::TimePart(TimePart::Hour), "the hour of the field's time";
    "day" E::TimePart(TimePart::Day), "the day of the month of the field's time";
    "week" E::TimePart(TimePart::Week), "the ISO week of the field's time";
    "month" E::TimePart(TimePart::Month), "the month of the field's time";
    "year" E::TimePart(TimePart::Year), "the year of the field's time";
}

impl Modifier {
    /// Finds a modifier by the name rules write; names are lower case.
    pub fn find(name: &str) -> Option<&'static Self> {
        MODIFIERS.iter().find(|modifier| modifier.name == name)
    }
}

/// Why text steps cannot be applied to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StepError {
    /// Encoded text has no wildcards.
    #[error("a value with wildcards cannot be encoded; escape them with a backslash")]
    Wildcard,
    /// Encoded bytes that are not text by themselves.
    #[error("the encoded value is not text; add `base64` or `base64offset` after it")]
    NotText,
    /// Nothing to encode.
    #[error("an empty value cannot be encoded at an offset")]
    Empty,
}

/// A value on its way through the steps.
enum Stage {
    Pattern(Pattern),
    Bytes(Vec<u8>),
}

impl Stage {
    fn into_pattern(self) -> Result<Pattern, StepError> {
        match self {
            Self::Pattern(pattern) => Ok(pattern),
            Self::Bytes(bytes) => String::from_utf8(bytes)
                .map(|text| Pattern::literal(&text))
                .map_err(|_| StepError::NotText),
        }
    }

    fn into_bytes(self) -> Result<Vec<u8>, StepError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Pattern(pattern) => pattern
                .as_literal()
                .map(|text| text.as_bytes().to_vec())
                .ok_or(StepError::Wildcard),
        }
    }
}

/// Applies text steps in the order written. More than one pattern means: any of them.
///
/// # Errors
/// [`StepError`] when a value cannot be encoded.
pub(crate) fn apply_steps(value: Pattern, steps: &[TextStep]) -> Result<Vec<Pattern>, StepError> {
    let mut stages = vec![Stage::Pattern(value)];
    for step in steps {
        let mut next = Vec::with_capacity(stages.len());
        for stage in stages {
            apply_step(stage, *step, &mut next)?;
        }
        stages = next;
    }
    stages.into_iter().map(Stage::into_pattern).collect()
}

fn apply_step(stage: Stage, step: TextStep, out: &mut Vec<Stage>) -> Result<(), StepError> {
    let done = match step {
        T::Contains => Stage::Pattern(stage.into_pattern()?.with_any_before().with_any_after()),
        T::StartsWith => Stage::Pattern(stage.into_pattern()?.with_any_after()),
        T::EndsWith => Stage::Pattern(stage.into_pattern()?.with_any_before()),
        T::WinDash => Stage::Pattern(stage.into_pattern()?.with_dashes()),
        T::Expand => Stage::Pattern(stage.into_pattern()?.with_placeholders()),
        T::Base64 => Stage::Pattern(Pattern::literal(&STANDARD.encode(stage.into_bytes()?))),
        T::Base64Offset => {
            let bytes = stage.into_bytes()?;
            if bytes.is_empty() {
                return Err(StepError::Empty);
            }
            for offset in 0..3 {
                out.push(Stage::Pattern(Pattern::literal(&base64_at(&bytes, offset))));
            }
            return Ok(());
        }
        T::Utf16Le => Stage::Bytes(utf16(stage, u16::to_le_bytes, false)?),
        T::Utf16Be => Stage::Bytes(utf16(stage, u16::to_be_bytes, false)?),
        T::Utf16 => Stage::Bytes(utf16(stage, u16::to_le_bytes, true)?),
    };
    out.push(done);
    Ok(())
}

/// Base64 of `bytes` as it appears when `offset` bytes stand before it: only the characters that
/// don't depend on what is around.
fn base64_at(bytes: &[u8], offset: usize) -> String {
    let mut padded = vec![b' '; offset];
    padded.extend_from_slice(bytes);
    let encoded = STANDARD.encode(&padded);
    let start = [0, 2, 3][offset % 3];
    let cut = [0, 3, 2][padded.len() % 3];
    encoded
        .get(start..encoded.len().saturating_sub(cut))
        .unwrap_or_default()
        .to_owned()
}

fn utf16(stage: Stage, encode: fn(u16) -> [u8; 2], mark: bool) -> Result<Vec<u8>, StepError> {
    let bytes = stage.into_bytes()?;
    let text = String::from_utf8(bytes).map_err(|_| StepError::NotText)?;
    let units = mark
        .then_some(0xFEFF)
        .into_iter()
        .chain(text.encode_utf16());
    Ok(units.flat_map(encode).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_modifier_is_documented_once() {
        for (index, modifier) in MODIFIERS.iter().enumerate() {
            assert!(!modifier.doc.is_empty());
            assert!(
                MODIFIERS[index + 1..]
                    .iter()
                    .all(|other| other.name != modifier.name)
            );
        }
    }

    #[test]
    fn offsets_are_found_in_any_surrounding() {
        let needles = apply_steps(Pattern::literal("IEX (New-Object"), &[T::Base64Offset]).unwrap();
        for before in 0..7 {
            for after in 0..4 {
                let text = format!("{}IEX (New-Object{}", "x".repeat(before), "y".repeat(after));
                let encoded = STANDARD.encode(text);
                let hits = needles
                    .iter()
                    .filter(|needle| encoded.contains(needle.as_literal().unwrap()))
                    .count();
                assert_eq!(hits, 1, "{before} {after}");
            }
        }
    }

    #[test]
    fn wide_then_base64_is_what_powershell_takes() {
        let made = apply_steps(Pattern::literal("ping"), &[T::Utf16Le, T::Base64]).unwrap();
        assert_eq!(made[0].as_literal(), Some("cABpAG4AZwA="));
        let error = apply_steps(Pattern::parse("a*"), &[T::Base64]).unwrap_err();
        assert_eq!(error, StepError::Wildcard);
    }
}
