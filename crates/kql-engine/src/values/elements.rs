//! The elements of a JSON array as scalars, one after the other, without a tree: series have hundreds.

use std::borrow::Cow;
use std::fmt;

use kql::types::Type;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Datum, convert};

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

        #[test]
        fn other_text_is_no_array(text in "[ -~]{0,20}") {
            let is_array = serde_json::from_str::<Vec<Value>>(&text).is_ok() && text.starts_with('[');
            prop_assert_eq!(typed(&text, Type::Long, 10).is_some(), is_array);
        }
    }
}
