//! `make_list`, `make_set` and their `_with_nulls` form: JSON arrays in input order.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray};
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;
use datafusion::scalar::ScalarValue;
use kql::types::Type;

use super::missing_state;
use crate::values::{Datum, Reader, dynamic};

#[derive(Debug)]
pub(super) struct ListAccumulator {
    ty: Type,
    limit: usize,
    with_nulls: bool,
    /// Elements as JSON text.
    items: Vec<String>,
    seen: Option<HashSet<String>>,
    bytes: usize,
}

impl ListAccumulator {
    pub(super) fn new(ty: Type, limit: usize, distinct: bool, with_nulls: bool) -> Self {
        Self {
            ty,
            limit,
            with_nulls,
            items: Vec::new(),
            seen: distinct.then(HashSet::new),
            bytes: 0,
        }
    }

    fn push(&mut self, item: String) {
        if self.items.len() >= self.limit
            || self.seen.as_ref().is_some_and(|seen| seen.contains(&item))
        {
            return;
        }
        self.bytes += item.len() + size_of::<String>();
        if let Some(seen) = &mut self.seen {
            self.bytes += item.len() + size_of::<String>();
            seen.insert(item.clone());
        }
        self.items.push(item);
    }

    fn text(&self) -> String {
        format!("[{}]", self.items.join(","))
    }
}

impl Accumulator for ListAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let array = values.first().ok_or_else(missing_state)?;
        let reader = Reader::new(self.ty, array, false)?;
        for row in 0..array.len() {
            match reader.get(row) {
                Datum::Null if self.with_nulls => self.push("null".to_owned()),
                Datum::Null => {}
                // A set of arrays is the set of their elements.
                Datum::Dynamic(text)
                    if self.seen.is_some() && text.trim_start().starts_with('[') =>
                {
                    if let serde_json::Value::Array(items) = dynamic::parse(&text) {
                        items
                            .iter()
                            .filter(|v| !v.is_null())
                            .for_each(|v| self.push(v.to_string()));
                    }
                }
                value => self.push(dynamic::to_json(&value).to_string()),
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let array = states.first().ok_or_else(missing_state)?;
        for text in array.as_string::<i32>().iter().flatten() {
            for (from, to) in dynamic::elements(text).unwrap_or_default() {
                self.push(text.get(from..to).unwrap_or("null").to_owned());
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Utf8(Some(self.text()))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Utf8(Some(self.text())))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.bytes
    }
}
