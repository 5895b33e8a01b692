//! `make_bag`: one bag of all properties; the first value of a key stays.

use arrow::array::{ArrayRef, AsArray};
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;
use datafusion::scalar::ScalarValue;
use serde_json::{Map, Value};

use super::missing_state;
use crate::values::dynamic;

#[derive(Debug)]
pub(super) struct BagAccumulator {
    limit: usize,
    bag: Map<String, Value>,
    bytes: usize,
}

impl BagAccumulator {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            bag: Map::new(),
            bytes: 0,
        }
    }
}

impl Accumulator for BagAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let array = values.first().ok_or_else(missing_state)?;
        for text in array.as_string::<i32>().iter().flatten() {
            if let Value::Object(map) = dynamic::parse(text) {
                for (key, value) in map {
                    if self.bag.len() < self.limit && !self.bag.contains_key(&key) {
                        self.bytes += 2 * key.len() + 64;
                        self.bag.insert(key, value);
                    }
                }
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Utf8(Some(
            Value::Object(self.bag.clone()).to_string(),
        )))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.bytes
    }
}
