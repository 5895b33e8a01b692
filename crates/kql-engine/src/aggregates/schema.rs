//! `buildschema`: the least schema that all values fit ("buildschema()" in the reference).

use std::collections::{BTreeSet, HashMap};

use arrow::array::{ArrayRef, AsArray};
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;
use datafusion::scalar::ScalarValue;
use serde_json::{Map, Value};

use super::missing_state;
use crate::values::dynamic;

/// What stands for the elements of an array, where a bag has its properties.
const INDEXER: &str = "`indexer`";

/// The types a value may have: simple ones, and at most one container with all that bags and arrays hold.
#[derive(Debug, Default)]
struct Schema {
    simple: BTreeSet<String>,
    container: Option<Container>,
}

/// Properties in order of appearance.
#[derive(Debug, Default)]
struct Container {
    properties: Vec<(String, Schema)>,
    places: HashMap<String, usize>,
}

impl Container {
    fn property(&mut self, name: &str, bytes: &mut usize) -> Option<&mut Schema> {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None => {
                *bytes += 2 * name.len() + 4 * size_of::<Schema>();
                self.places.insert(name.to_owned(), self.properties.len());
                self.properties.push((name.to_owned(), Schema::default()));
                self.properties.len() - 1
            }
        };
        self.properties.get_mut(place).map(|(_, schema)| schema)
    }
}

impl Schema {
    /// Widens the schema to fit a value. A null has no type.
    fn take(&mut self, value: &Value, bytes: &mut usize) {
        let name = match value {
            Value::Null => return,
            Value::Array(items) => {
                let container = self.container.get_or_insert_default();
                if let Some(element) = container.property(INDEXER, bytes) {
                    items.iter().for_each(|item| element.take(item, bytes));
                }
                return;
            }
            Value::Object(map) => {
                let container = self.container.get_or_insert_default();
                for (name, value) in map {
                    if let Some(property) = container.property(name, bytes) {
                        property.take(value, bytes);
                    }
                }
                return;
            }
            Value::Bool(_) => "bool",
            Value::Number(number) if number.is_i64() => "long",
            Value::Number(_) => "double",
            Value::String(_) => "string",
        };
        self.simple(name, bytes);
    }

    fn simple(&mut self, name: &str, bytes: &mut usize) {
        if !self.simple.contains(name) {
            *bytes += name.len() + size_of::<String>();
            self.simple.insert(name.to_owned());
        }
    }

    /// Widens the schema by what [`Self::to_json`] gave.
    fn merge(&mut self, schema: &Value, bytes: &mut usize) {
        match schema {
            Value::String(name) => self.simple(name, bytes),
            Value::Array(union) => union.iter().for_each(|part| self.merge(part, bytes)),
            Value::Object(map) => {
                let container = self.container.get_or_insert_default();
                for (name, schema) in map {
                    if let Some(property) = container.property(name, bytes) {
                        property.merge(schema, bytes);
                    }
                }
            }
            _ => {}
        }
    }

    /// A type by itself, several as an array; the container comes last.
    fn to_json(&self) -> Value {
        let mut types: Vec<Value> = self.simple.iter().cloned().map(Value::String).collect();
        types.extend(self.container.as_ref().map(|container| {
            let properties = container.properties.iter();
            let named = properties.map(|(name, schema)| (name.clone(), schema.to_json()));
            Value::Object(named.collect::<Map<_, _>>())
        }));
        match types.len() {
            1 => types.remove(0),
            _ => Value::Array(types),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct SchemaAccumulator {
    schema: Schema,
    bytes: usize,
}

impl SchemaAccumulator {
    fn texts(
        &mut self,
        values: &[ArrayRef],
        take: fn(&mut Schema, &Value, &mut usize),
    ) -> Result<()> {
        let array = values.first().ok_or_else(missing_state)?;
        for text in array.as_string::<i32>().iter().flatten() {
            take(&mut self.schema, &dynamic::parse(text), &mut self.bytes);
        }
        Ok(())
    }
}

impl Accumulator for SchemaAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.texts(values, Schema::take)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.texts(states, Schema::merge)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    /// Null of nothing but nulls.
    fn evaluate(&mut self) -> Result<ScalarValue> {
        let empty = self.schema.simple.is_empty() && self.schema.container.is_none();
        let text = (!empty).then(|| self.schema.to_json().to_string());
        Ok(ScalarValue::Utf8(text))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.bytes
    }
}
