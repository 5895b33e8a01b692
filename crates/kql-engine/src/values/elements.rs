//! The elements of a JSON array as scalars, one after the other, without a tree: series have hundreds.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, NullBufferBuilder};
use arrow::error::ArrowError;
use kql::types::Type;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::plain_array::{self, Plain};
use super::{Datum, convert};

/// The elements of the array that `text` is as numbers, null for what is none; `None` when it isn't an array of plain
/// values only, and the general parser has to say what it is.
pub(crate) fn reals(text: &str) -> Option<Vec<Option<f64>>> {
    // A digit and a comma each, as counts have it.
    let mut out = Vec::with_capacity(text.len() / 2);
    plain_array::each(text, |value| {
        out.push(match value {
            #[allow(clippy::cast_precision_loss)]
            Plain::Long(value) => Some(value as f64),
            Plain::Real(value) => Some(value),
            _ => None,
        });
    })?;
    Some(out)
}

/// How many elements an array of plain values has; `None` as for [`reals`].
pub(crate) fn count(text: &str) -> Option<usize> {
    let mut n = 0;
    plain_array::each(text, |_| n += 1)?;
    Some(n)
}

/// Lists of elements of a type that is kept in 64 bits, one after the other.
pub(crate) struct Longs {
    ty: Type,
    /// Most elements of a list.
    limit: usize,
    values: Vec<i64>,
    nulls: NullBufferBuilder,
    /// Where the last list begins.
    last: usize,
}

impl Longs {
    pub(crate) fn new(ty: Type, limit: usize) -> Self {
        Self {
            ty,
            limit,
            values: Vec::new(),
            nulls: NullBufferBuilder::new(0),
            last: 0,
        }
    }

    /// Appends the elements of the array that `text` is, as [`typed`] has them, and says how many. `None` when it is
    /// no array.
    pub(crate) fn push_array(&mut self, text: &str) -> Option<usize> {
        self.last = self.values.len();
        let most = self.last.saturating_add(self.limit);
        let plain = plain_array::each(text, |value| {
            if self.values.len() < most {
                match value {
                    Plain::Long(value) if self.ty == Type::Long => self.push_known(value),
                    value => self.push(convert::to_type(&value.into(), self.ty).as_i64()),
                }
            }
        });
        if plain.is_none() {
            self.values.truncate(self.last);
            self.nulls.truncate(self.last);
            let items = typed(text, self.ty, self.limit)?;
            items.iter().for_each(|item| self.push(item.as_i64()));
        }
        Some(self.values.len() - self.last)
    }

    /// Appends a list.
    pub(crate) fn push_list(&mut self, list: impl Iterator<Item = Option<i64>>) -> usize {
        self.last = self.values.len();
        list.for_each(|value| self.push(value));
        self.values.len() - self.last
    }

    /// Appends the last list once more.
    pub(crate) fn push_last(&mut self) -> usize {
        let (from, to) = (self.last, self.values.len());
        self.values.extend_from_within(from..to);
        if self.nulls.as_slice().is_none() {
            self.nulls.append_n_non_nulls(to - from);
        } else {
            for idx in from..to {
                let known = self.nulls.is_valid(idx);
                self.nulls.append(known);
            }
        }
        self.last = to;
        to - from
    }

    fn push(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.push_known(value),
            None => {
                self.values.push(0);
                self.nulls.append_null();
            }
        }
    }

    fn push_known(&mut self, value: i64) {
        self.values.push(value);
        self.nulls.append_non_null();
    }

    /// # Errors
    /// None that is known.
    pub(crate) fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let values = Int64Array::try_new(self.values.into(), self.nulls.finish())?;
        Ok(Arc::new(values))
    }
}

/// Converts up to `limit` elements of the array that `text` is to a type whose values are not text. `None` when it is
/// no array, or the type asks for more than its scalars.
pub(crate) fn typed(text: &str, ty: Type, limit: usize) -> Option<Vec<Datum<'static>>> {
    let plain = matches!(
        ty,
        Type::Bool | Type::Int | Type::Long | Type::Real | Type::DateTime | Type::TimeSpan
    );
    if !plain || !text.starts_with('[') {
        return None;
    }
    let mut out = Vec::new();
    let plain = plain_array::each(text, |value| {
        if out.len() < limit {
            out.push(Element::Scalar(value.into()).to_type(ty));
        }
    });
    if plain.is_some() {
        return Some(out);
    }
    parsed(text, ty, limit)
}

/// The same with a parser that takes any array.
fn parsed(text: &str, ty: Type, limit: usize) -> Option<Vec<Datum<'static>>> {
    let mut out = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    let elements = Elements {
        each: |element: Element<'_>| {
            if out.len() < limit {
                out.push(element.to_type(ty));
            }
        },
    };
    reader.deserialize_seq(elements).ok()?;
    reader.end().ok()?;
    Some(out)
}

enum Element<'a> {
    Scalar(Datum<'a>),
    /// An array or a bag.
    Nested,
}

impl Element<'_> {
    fn to_type(&self, ty: Type) -> Datum<'static> {
        match self {
            Self::Scalar(Datum::Null) | Self::Nested => Datum::Null,
            Self::Scalar(value) => convert::to_type(value, ty).into_static(),
        }
    }
}

struct Elements<F> {
    each: F,
}

impl<'de, F: FnMut(Element<'de>)> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
        while let Some(element) = array.next_element()? {
            (self.each)(element);
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Element<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(OneElement)
    }
}

struct OneElement;

impl<'de> Visitor<'de> for OneElement {
    type Value = Element<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Element::Scalar(Datum::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Element::Scalar(Datum::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Element::Scalar(Datum::Long(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        let beyond = || Datum::Real(value as f64);
        Ok(Element::Scalar(
            i64::try_from(value).map_or_else(|_| beyond(), Datum::Long),
        ))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Element::Scalar(Datum::Real(value)))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Element::Scalar(Datum::Str(Cow::Borrowed(value))))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Element::Scalar(Datum::Str(Cow::Owned(value.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Element::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut bag: A) -> Result<Self::Value, A::Error> {
        while bag.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Element::Nested)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::dynamic;
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn element() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[ -~\\\\\"é]{0,12}".prop_map(Value::from),
            Just(json!("2026-03-06T12:34:56.7890000Z")),
            Just(json!("1.02:03:04.5")),
            Just(json!([1, {"a": 2}])),
            Just(json!({"a": [1]})),
        ]
    }

    /// Numbers as they may be written, and as they may not.
    fn near_number() -> impl Strategy<Value = String> {
        prop_oneof![
            "-?[0-9]{1,20}",
            "-?[0-9]{1,18}\\.[0-9]{0,20}",
            "-?[0-9]{1,3}(\\.[0-9]{1,3})?[eE][-+]?[0-9]{1,3}",
            any::<f64>().prop_map(|v| Value::from(v).to_string()),
            any::<i64>().prop_map(|v| v.to_string()),
            Just("-0".to_owned()),
            Just("-".to_owned()),
            Just("nul".to_owned()),
            "[+.0-9eE-]{1,5}",
        ]
    }

    fn near_array() -> impl Strategy<Value = String> {
        let element = prop_oneof![
            4 => near_number(),
            2 => element().prop_map(|value| value.to_string()),
            1 => "[ -~\t\"é\\\\]{0,4}",
        ];
        let elements = prop::collection::vec((" {0,1}", element, "[ \n]{0,1}"), 0..5);
        let ends = prop_oneof![8 => Just("]"), 1 => Just(""), 1 => Just("] "), 1 => Just(",]"), 1 => Just("]]")];
        (
            prop_oneof![9 => Just("["), 1 => Just(" ["), 1 => Just("")],
            elements,
            ends,
        )
            .prop_map(|(start, elements, end)| {
                let elements: Vec<String> = elements
                    .iter()
                    .map(|(a, b, c)| format!("{a}{b}{c}"))
                    .collect();
                format!("{start}{}{end}", elements.join(","))
            })
    }

    proptest! {
        /// The same as through a tree.
        #[test]
        fn elements_are_what_the_tree_has(items in prop::collection::vec(element(), 0..12), limit in 0_usize..14) {
            let text = Value::from(items).to_string();
            // A number may not survive its printing to the last digit: both read the text.
            let tree: Value = serde_json::from_str(&text).unwrap();
            for ty in [Type::Bool, Type::Int, Type::Long, Type::Real, Type::DateTime, Type::TimeSpan] {
                let want: Vec<String> = tree
                    .as_array()
                    .unwrap()
                    .iter()
                    .take(limit)
                    .map(|item| format!("{:?}", dynamic::to_type(item, ty)))
                    .collect();
                let got: Vec<String> = typed(&text, ty, limit)
                    .unwrap()
                    .iter()
                    .map(|value| format!("{value:?}"))
                    .collect();
                prop_assert_eq!(got, want);
            }
        }

        /// Text that is nearly an array of numbers: every reader takes it, or leaves it, alike.
        #[test]
        fn fast_readers_take_what_the_parser_takes(text in near_array(), limit in 0_usize..6) {
            let parsed = |ty| if text.starts_with('[') { parsed(&text, ty, limit) } else { None };
            for ty in [Type::Bool, Type::Int, Type::Long, Type::Real, Type::DateTime, Type::TimeSpan] {
                let want = format!("{:?}", parsed(ty));
                prop_assert_eq!(format!("{:?}", typed(&text, ty, limit)), want);
            }
            for ty in [Type::Long, Type::DateTime, Type::TimeSpan] {
                let want = parsed(ty).map(|items| items.iter().map(Datum::as_i64).collect::<Vec<_>>());
                let mut lists = Longs::new(ty, limit);
                lists.push_list([Some(7), None].into_iter());
                let n = lists.push_array(&text);
                prop_assert_eq!(n, want.as_ref().map(Vec::len));
                let again = lists.push_last();
                prop_assert_eq!(again, n.unwrap_or(0));
                let want = want.unwrap_or_default();
                let want: Vec<_> = [Some(7), None].into_iter().chain(want.clone()).chain(want).collect();
                let got = lists.finish().unwrap();
                let got: Vec<Option<i64>> = got.as_primitive::<Int64Type>().iter().collect();
                prop_assert_eq!(got, want);
            }
            if let Some(got) = reals(&text) {
                let tree: Vec<Value> = serde_json::from_str(&text).unwrap();
                let want: Vec<Option<u64>> = tree.iter().map(|v| v.as_f64().map(f64::to_bits)).collect();
                let got: Vec<Option<u64>> = got.into_iter().map(|v| v.map(f64::to_bits)).collect();
                prop_assert_eq!(count(&text), Some(got.len()));
                prop_assert_eq!(got, want);
            }
        }

        #[test]
        fn other_text_is_no_array(text in "[ -~]{0,20}") {
            let is_array = serde_json::from_str::<Vec<Value>>(&text).is_ok() && text.starts_with('[');
            prop_assert_eq!(typed(&text, Type::Long, 10).is_some(), is_array);
        }
    }
}
