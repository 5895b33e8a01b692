//! `geo_from_wkt()`: well-known text (OGC 06-103r4, section 7) as GeoJSON.

use serde_json::{Value, json};

use super::super::array::json as array_json;
use super::super::{Kernel, strict};
use super::json;
use super::shape::valid;
use crate::values::{Datum, dynamic};

pub(in super::super) const KERNELS: &[Kernel] =
    &[strict(&["geo_from_wkt"], |_, args| match args.first() {
        Some(Datum::Dynamic(text)) => match dynamic::parse(text) {
            Value::Array(items) => array_json(
                items
                    .iter()
                    .map(|item| item.as_str().and_then(parse).unwrap_or(Value::Null))
                    .collect(),
            ),
            Value::String(text) => json(parse(&text)),
            _ => Datum::Null,
        },
        Some(value) => json(parse(value.text())),
        None => Datum::Null,
    })];

/// Deepest nesting of collections.
const DEPTH_MAX: usize = 32;

fn parse(text: &str) -> Option<Value> {
    let mut reader = Reader { rest: text };
    let geometry = reader.geometry(0)?;
    reader.rest.trim().is_empty().then_some(geometry)
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn eat(&mut self, token: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(token)?;
        Some(())
    }

    fn word(&mut self) -> &'t str {
        let text = self.rest.trim_start();
        let end = text
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        word
    }

    fn number(&mut self) -> Option<f64> {
        let text = self.rest.trim_start();
        let end = text
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E')))
            .unwrap_or(text.len());
        let (number, rest) = text.split_at(end);
        self.rest = rest;
        number.parse().ok()
    }

    fn geometry(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        let kind = self.word().to_ascii_uppercase();
        let (name, coordinates) = match kind.as_str() {
            "POINT" => ("Point", self.bracketed(Self::position)?),
            "LINESTRING" => ("LineString", self.positions()?),
            "POLYGON" => ("Polygon", self.list(Self::positions)?),
            "MULTIPOINT" => ("MultiPoint", self.list(Self::loose_position)?),
            "MULTILINESTRING" => ("MultiLineString", self.list(Self::positions)?),
            "MULTIPOLYGON" => ("MultiPolygon", self.list(|r| r.list(Self::positions))?),
            "GEOMETRYCOLLECTION" => {
                let geometries = self.list(|r| r.geometry(depth + 1))?;
                return Some(json!({"type": "GeometryCollection", "geometries": geometries}));
            }
            _ => return None,
        };
        Some(json!({"type": name, "coordinates": coordinates}))
    }

    fn position(&mut self) -> Option<Value> {
        let [longitude, latitude] = valid([self.number()?, self.number()?])?;
        Some(json!([plain(longitude), plain(latitude)]))
    }

    /// A position of a multipoint may stand in brackets of its own.
    fn loose_position(&mut self) -> Option<Value> {
        if self.rest.trim_start().starts_with('(') {
            self.bracketed(Self::position)
        } else {
            self.position()
        }
    }

    fn bracketed(&mut self, item: impl Fn(&mut Self) -> Option<Value>) -> Option<Value> {
        self.eat('(')?;
        let value = item(self)?;
        self.eat(')')?;
        Some(value)
    }

    fn list(&mut self, item: impl Fn(&mut Self) -> Option<Value>) -> Option<Value> {
        self.eat('(')?;
        let mut items = vec![item(self)?];
        while self.eat(',').is_some() {
            items.push(item(self)?);
        }
        self.eat(')')?;
        Some(Value::Array(items))
    }

    fn positions(&mut self) -> Option<Value> {
        self.list(Self::position)
    }
}

/// Whole numbers are written as such.
fn plain(value: f64) -> Value {
    match crate::values::number::real_to_long(value) {
        #[allow(clippy::cast_precision_loss)]
        Some(whole) if whole as f64 == value => Value::from(whole),
        _ => Value::from(value),
    }
}
