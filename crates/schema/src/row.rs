//! One row on its way into a table: typed cells, plus what no column takes.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, civil};
use serde_json::{Map, Value as Json};

use crate::{ColumnType, TableSchema};

/// A typed cell. An absent cell is null (for strings: `""`).
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `bool`.
    Bool(bool),
    /// `int` or `long`; the column decides the width.
    Long(i64),
    /// `real`.
    Real(f64),
    /// `string` or `guid`.
    String(String),
    /// `datetime`.
    DateTime(Timestamp),
    /// `datetime` in the last hours of the year 9999, which no [`Timestamp`] reaches but "never"
    /// is often written as: microseconds since 1970.
    LastHours(i64),
    /// `dynamic`.
    Dynamic(Json),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Long(number)
    }
}
impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}
impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}
impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::DateTime(at)
    }
}
impl From<Json> for Value {
    fn from(json: Json) -> Self {
        Self::Dynamic(json)
    }
}

/// A row of one table. Values that fit no column, or not their column's type, are kept in
/// `AdditionalFields` under their own name: nothing is dropped.
#[derive(Debug, Clone)]
pub struct Row {
    table: Arc<TableSchema>,
    cells: Vec<(usize, Value)>,
    extra: Map<String, Json>,
}

impl Row {
    /// Starts an empty row.
    pub fn new(table: Arc<TableSchema>) -> Self {
        Self {
            table,
            cells: Vec::with_capacity(24),
            extra: Map::new(),
        }
    }

    /// The table this row belongs to.
    pub fn table(&self) -> &Arc<TableSchema> {
        &self.table
    }

    /// Sets a cell, replacing an earlier value. A value whose type is not the column's is
    /// converted when nothing is lost, and otherwise kept in `AdditionalFields`.
    pub fn set(&mut self, column: &str, value: impl Into<Value>) {
        let value = value.into();
        let Some(at) = self.table.position(column) else {
            self.extra.insert(column.to_owned(), to_json(value));
            return;
        };
        match coerce(value, self.table.columns[at].ty) {
            Ok(value) => match self.cells.iter_mut().find(|(cell, _)| *cell == at) {
                Some((_, old)) => *old = value,
                None => self.cells.push((at, value)),
            },
            Err(value) => {
                self.extra.insert(column.to_owned(), to_json(value));
            }
        }
    }

    /// Sets a cell from JSON as a vendor wrote it; `null` sets nothing.
    pub fn set_json(&mut self, column: &str, json: &Json) {
        match json {
            Json::Null => {}
            Json::String(text) => self.set(column, text.as_str()),
            Json::Bool(flag) => self.set(column, *flag),
            Json::Number(number) => match number.as_i64() {
                Some(number) => self.set(column, number),
                None => self.set(column, number.as_f64().unwrap_or_default()),
            },
            other => self.set(column, other.clone()),
        }
    }

    /// Keeps a field that has no column of its own.
    pub fn keep(&mut self, name: &str, json: Json) {
        if !json.is_null() {
            self.extra.insert(name.to_owned(), json);
        }
    }

    /// The value of a cell that was set.
    pub fn get(&self, column: &str) -> Option<&Value> {
        let at = self.table.position(column)?;
        self.cells
            .iter()
            .find(|(cell, _)| *cell == at)
            .map(|(_, value)| value)
    }

    /// A string cell, `""` when unset or of another type.
    pub fn text(&self, column: &str) -> &str {
        match self.get(column) {
            Some(Value::String(text)) => text,
            _ => "",
        }
    }

    /// Cells set so far, by column position, and the fields without a column.
    pub fn parts(&self) -> (&[(usize, Value)], &Map<String, Json>) {
        (&self.cells, &self.extra)
    }

    /// Folds the fields without a column into `AdditionalFields`. When that column already holds
    /// an object the two are merged (the column's own keys win); otherwise its value is kept
    /// under the key `AdditionalFields`.
    pub fn fold_extra(&mut self) {
        if self.extra.is_empty() {
            return;
        }
        let mut extra = std::mem::take(&mut self.extra);
        match self.get("AdditionalFields") {
            Some(Value::Dynamic(Json::Object(own))) => extra.extend(own.clone()),
            Some(Value::Dynamic(other)) => {
                extra.insert("AdditionalFields".into(), other.clone());
            }
            Some(Value::String(text)) if !text.is_empty() => {
                match serde_json::from_str::<Json>(text) {
                    Ok(Json::Object(own)) => extra.extend(own),
                    _ => {
                        extra.insert("AdditionalFields".into(), Json::String(text.clone()));
                    }
                }
            }
            _ => {}
        }
        self.set("AdditionalFields", Json::Object(extra));
    }
}

fn to_json(value: Value) -> Json {
    match value {
        Value::Bool(flag) => Json::Bool(flag),
        Value::Long(number) => number.into(),
        Value::Real(number) => number.into(),
        Value::String(text) => text.into(),
        Value::DateTime(at) => at.to_string().into(),
        Value::LastHours(us) => last_hours_text(us).into(),
        Value::Dynamic(json) => json,
    }
}

/// Converts without loss, or gives the value back.
fn coerce(value: Value, ty: ColumnType) -> Result<Value, Value> {
    match (ty, value) {
        (ColumnType::Bool, Value::Bool(flag)) => Ok(Value::Bool(flag)),
        (ColumnType::Bool, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => Err(Value::String(text)),
        },
        (ColumnType::Int, Value::Long(number)) if i32::try_from(number).is_ok() => {
            Ok(Value::Long(number))
        }
        (ColumnType::Long, Value::Long(number)) => Ok(Value::Long(number)),
        (ColumnType::Int | ColumnType::Long, Value::Real(number))
            if number.fract() == 0.0 && number.abs() < 9e15 =>
        {
            coerce(Value::Long(number as i64), ty)
        }
        (ColumnType::Int | ColumnType::Long, Value::String(text)) => match parse_long(&text) {
            Some(number) if ty == ColumnType::Long || i32::try_from(number).is_ok() => {
                Ok(Value::Long(number))
            }
            _ => Err(Value::String(text)),
        },
        (ColumnType::Real, Value::Real(number)) => Ok(Value::Real(number)),
        (ColumnType::Real, Value::Long(number)) => Ok(Value::Real(number as f64)),
        (ColumnType::Real, Value::String(text)) => match text.trim().parse() {
            Ok(number) => Ok(Value::Real(number)),
            Err(_) => Err(Value::String(text)),
        },
        (ColumnType::DateTime, Value::DateTime(at)) => Ok(Value::DateTime(at)),
        (ColumnType::DateTime, value @ Value::LastHours(_)) => Ok(value),
        (ColumnType::DateTime, Value::String(text)) => {
            let instant = parse_timestamp(&text).map(Value::DateTime);
            instant
                .or_else(|| parse_last_hours(&text).map(Value::LastHours))
                .ok_or(Value::String(text))
        }
        (ColumnType::String | ColumnType::Guid, value) => Ok(Value::String(match value {
            Value::String(text) => text,
            Value::Bool(flag) => flag.to_string(),
            Value::Long(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::DateTime(at) => at.to_string(),
            Value::LastHours(us) => last_hours_text(us),
            Value::Dynamic(Json::String(text)) => text,
            Value::Dynamic(json) => json.to_string(),
        })),
        (ColumnType::Dynamic, Value::String(text)) => {
            // A dynamic column often arrives as JSON text; plain text stays a JSON string.
            match serde_json::from_str::<Json>(&text) {
                Ok(json @ (Json::Object(_) | Json::Array(_))) => Ok(Value::Dynamic(json)),
                _ => Ok(Value::Dynamic(Json::String(text))),
            }
        }
        (ColumnType::Dynamic, value) => Ok(Value::Dynamic(to_json(value))),
        (_, value) => Err(value),
    }
}

fn parse_long(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// 0001-01-01T00:00:00Z, the first instant of KQL's `datetime`.
const FIRST_SECOND: i64 = -62_135_596_800;
const EPOCH: civil::DateTime = civil::date(1970, 1, 1).at(0, 0, 0, 0);

/// Reads RFC 3339, or the same without a zone (taken as UTC) and with a blank for the `T`. `None`
/// before the year 1, where KQL has no `datetime`.
pub(crate) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let at = match text.parse::<Timestamp>() {
        Ok(at) => at,
        Err(_) => text
            .parse::<civil::DateTime>()
            .ok()?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()?
            .timestamp(),
    };
    (at.as_second() >= FIRST_SECOND).then_some(at)
}

/// Reads a UTC instant of the year 9999 that is beyond [`Timestamp::MAX`]: microseconds since 1970.
fn parse_last_hours(text: &str) -> Option<i64> {
    let text = text.trim();
    let text = ["Z", "z", "+00:00", "+0000"]
        .iter()
        .find_map(|zone| text.strip_suffix(zone))
        .unwrap_or(text);
    let at = text.parse::<civil::DateTime>().ok()?;
    let us = i64::try_from(at.duration_since(EPOCH).as_micros()).ok()?;
    (us > Timestamp::MAX.as_microsecond()).then_some(us)
}

fn last_hours_text(us: i64) -> String {
    EPOCH
        .checked_add(SignedDuration::from_micros(us))
        .map_or_else(|_| us.to_string(), |at| format!("{at}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog;

    fn row() -> Row {
        Row::new(Arc::clone(
            Catalog::builtin().table("SecurityEvent").unwrap(),
        ))
    }

    #[test]
    fn values_convert_to_their_column_or_are_kept() {
        let mut row = row();
        row.set("EventID", "4625");
        row.set("LogonType", "not a number");
        row.set("NoSuchColumn", 7_i64);
        row.set("TimeGenerated", "2026-01-02 03:04:05");
        assert_eq!(row.get("EventID"), Some(&Value::Long(4625)));
        assert_eq!(row.get("LogonType"), None);
        row.fold_extra();
        let Some(Value::Dynamic(extra)) = row.get("AdditionalFields") else {
            panic!("no AdditionalFields")
        };
        assert_eq!(extra["NoSuchColumn"], 7);
        assert_eq!(extra["LogonType"], "not a number");
    }

    #[test]
    fn instants_of_the_years_1_to_9999_are_kept_to_the_microsecond_and_others_as_text() {
        let mut row = row();
        for (text, us) in [
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
            ("1601-01-01T00:00:00Z", -11_644_473_600_000_000),
            ("9999-12-30T22:00:00Z", 253_402_207_200_000_000),
        ] {
            row.set("TimeGenerated", text);
            let Some(Value::DateTime(at)) = row.get("TimeGenerated") else {
                panic!("{text}")
            };
            assert_eq!(at.as_microsecond(), us);
        }
        for text in [
            "9999-12-31T23:59:59.9999999Z",
            "9999-12-31T23:59:59.999999+00:00",
            "9999-12-31 23:59:59.999999",
        ] {
            row.set("TimeGenerated", text);
            let last = Value::LastHours(253_402_300_799_999_999);
            assert_eq!(row.get("TimeGenerated"), Some(&last), "{text}");
            row.set("Account", last);
            assert_eq!(row.text("Account"), "9999-12-31T23:59:59.999999Z");
        }
        for text in [
            "0000-12-31T23:59:59Z",
            "-000001-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
        ] {
            let mut row = Row::new(Arc::clone(row.table()));
            row.set("TimeGenerated", text);
            assert_eq!(row.get("TimeGenerated"), None, "{text}");
            assert_eq!(row.parts().1["TimeGenerated"], text);
        }
    }
}
