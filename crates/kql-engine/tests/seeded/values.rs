//! Rows for stored columns: most are as a query wishes them, some are what reality holds besides.

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use kql::types::Type;
use serde_json::{Map, Value};
use std::sync::Arc;

use super::wishes::{Wish, Wishes};

/// Ticks from 0001-01-01 to 1970-01-01.
const UNIX_EPOCH: i64 = 621_355_968_000_000_000;
const TICKS_PER_SECOND: i64 = 10_000_000;

/// Texts that columns without wishes share, so that joins find partners.
const COMMON: &[&str] = &[
    "alice",
    "bob@contoso.com",
    "198.51.100.7",
    "srv01.contoso.com",
    "10.1.2.3",
];

/// Texts by what a column's name says it holds.
const BY_NAME: &[(&str, &[&str])] = &[
    (
        "url",
        &["https://contoso.com/a/b.exe?x=1", "http://198.51.100.7/"],
    ),
    ("ip", &["198.51.100.7", "10.1.2.3", "2001:db8::1"]),
    ("upn", &["bob@contoso.com", "alice@contoso.com"]),
    ("mail", &["bob@contoso.com", "eve@example.org"]),
    (
        "sha",
        &["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ),
    ("sid", &["S-1-5-21-1-2-3-1001", "S-1-5-18"]),
    ("tenantid", &["72f988bf-86f1-41af-91ab-2d7cd011db47"]),
];

/// What nobody planned for.
const ODD: &[&str] = &[
    "",
    " ",
    "{\"a\": [1, {\"b\"",
    "[]",
    "{}",
    "null",
    "7",
    "Zürich 東京 \u{1F600}",
    "a\u{301}\u{0}b",
    "x,y;z|k=v\\\"'",
    "%41%zz",
];

const GUIDS: &[&str] = &[
    "72f988bf-86f1-41af-91ab-2d7cd011db47",
    "00000000-0000-0000-0000-000000000000",
];

/// Random numbers from a seed (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n.max(1)).unwrap();
        usize::try_from(self.next() % n).unwrap()
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}

/// One value before it has a column's type.
type Cell = Option<Value>;

/// Makes columns for one query.
pub(crate) struct Filler<'w> {
    pub(crate) random: Random,
    /// Ticks.
    pub(crate) now: i64,
    pub(crate) wishes: &'w Wishes,
}

impl Filler<'_> {
    /// `rows` values of a column. A row is as wished in all columns or in none: `tame` says in which.
    pub(crate) fn column(
        &mut self,
        (name, ty): (&str, Type),
        wanted: &[Wish],
        unwanted: &[Wish],
        tame: &[bool],
    ) -> ArrayRef {
        let cells: Vec<Cell> = tame
            .iter()
            .map(|tame| match tame {
                true => self.tame(name, ty, wanted),
                false => self.wild(name, ty, wanted, unwanted),
            })
            .collect();
        array(ty, &cells)
    }

    fn tame(&mut self, name: &str, ty: Type, wanted: &[Wish]) -> Cell {
        let share = if ty == Type::DateTime { 40 } else { 93 };
        if !wanted.is_empty() && self.random.chance(share) {
            Some(self.wished(name, ty, wanted))
        } else {
            self.usual(name, ty)
        }
    }

    fn wild(&mut self, name: &str, ty: Type, wanted: &[Wish], unwanted: &[Wish]) -> Cell {
        match self.random.below(10) {
            0 | 1 => None,
            2..=4 => self.odd(ty),
            5 | 6 if !unwanted.is_empty() => Some(self.wished(name, ty, unwanted)),
            5..=7 if !wanted.is_empty() => Some(self.wished(name, ty, wanted)),
            _ => self.usual(name, ty),
        }
    }

    fn odd(&mut self, ty: Type) -> Cell {
        Some(match ty {
            Type::Int => Value::from(*self.random.pick(&[i32::MIN, -1, 0, i32::MAX])?),
            Type::Long | Type::TimeSpan => {
                Value::from(*self.random.pick(&[i64::MIN, -1, 0, i64::MAX])?)
            }
            Type::Real => Value::from(*self.random.pick(&[-0.0, 0.5, -1e300, 1e-300])?),
            // 1601-01-01 and the last microsecond of 9999.
            Type::DateTime => Value::from(*self.random.pick(&[
                504_911_232_000_000_000_i64,
                3_155_378_975_999_999_990,
                self.now,
            ])?),
            Type::Bool => Value::from(self.random.chance(50)),
            _ => Value::from(*self.random.pick(ODD)?),
        })
    }

    /// A value without any wish.
    fn usual(&mut self, name: &str, ty: Type) -> Cell {
        Some(match ty {
            Type::Bool => Value::from(self.random.chance(50)),
            Type::Int | Type::Long => self.usual_number(),
            Type::Real | Type::Decimal => {
                Value::from(f64::from(u16::try_from(self.random.below(2000)).unwrap()) / 4.0)
            }
            Type::TimeSpan => Value::from(self.ticks(90 * 60)),
            Type::DateTime => Value::from(self.instant()),
            Type::Guid => Value::from(*self.random.pick(GUIDS)?),
            Type::Dynamic | Type::Unknown => {
                let text = self.usual_text(name);
                match self.random.below(4) {
                    0 => serde_json::json!([text, 1]),
                    1 => serde_json::json!({"name": text, "n": 2}),
                    _ => Value::from(text),
                }
            }
            _ => Value::from(self.usual_text(name)),
        })
    }

    fn usual_number(&mut self) -> Value {
        if self.random.chance(20)
            && let Some(number) = self.random.pick(&self.wishes.numbers)
        {
            return Value::from(*number as i64);
        }
        Value::from(self.random.below(5))
    }

    fn usual_text(&mut self, name: &str) -> String {
        let name = name.to_lowercase();
        let named = BY_NAME.iter().find(|(part, _)| name.contains(part));
        if let Some((_, texts)) = named
            && self.random.chance(60)
            && let Some(text) = self.random.pick(texts)
        {
            return (*text).to_owned();
        }
        if self.random.chance(10)
            && let Some(text) = self.random.pick(&self.wishes.texts)
        {
            return text.clone();
        }
        // The first ones often: rows of two tables meet, and groups have some size.
        let among = 1 + self.random.below(COMMON.len());
        let text = self.random.pick(COMMON.get(..among).unwrap_or(COMMON));
        text.map_or_else(String::new, |text| (*text).to_owned())
    }

    /// A time of up to so many seconds, to the microsecond: equal instants are rare.
    fn ticks(&mut self, seconds: usize) -> i64 {
        let micros = self.random.below(seconds * 1_000_000);
        i64::try_from(micros).unwrap() * 10
    }

    /// An instant before now: in the last hour, day, two weeks, or quarter.
    fn instant(&mut self) -> i64 {
        let seconds = match self.random.below(20) {
            0..=8 => 3_600,
            9..=13 => 86_400,
            14..=18 => 14 * 86_400,
            _ => 90 * 86_400,
        };
        self.now - self.ticks(seconds)
    }

    fn wished(&mut self, name: &str, ty: Type, wishes: &[Wish]) -> Value {
        if ty == Type::DateTime {
            let at = self.random.pick(wishes).and_then(|wish| match wish {
                Wish::Is(value) => value.as_i64(),
                _ => None,
            });
            let near = self.ticks(30);
            return Value::from(at.map_or_else(|| self.instant(), |at| at.saturating_sub(near)));
        }
        if matches!(ty, Type::Dynamic | Type::Unknown) {
            return self.document(name, wishes, 0);
        }
        if ty != Type::String {
            let exact: Vec<&Wish> = wishes
                .iter()
                .filter(|wish| matches!(wish, Wish::Is(_)))
                .collect();
            return match self.random.pick(&exact) {
                Some(Wish::Is(value)) => value.clone(),
                _ => self.usual(name, ty).unwrap_or_default(),
            };
        }
        let value = self.document(name, wishes, 0);
        match value {
            Value::String(_) => value,
            other => Value::from(other.to_string()),
        }
    }

    /// A value as the wishes about it and its parts say.
    fn document(&mut self, name: &str, wishes: &[Wish], depth: usize) -> Value {
        let mut properties: Map<String, Value> = Map::new();
        let mut parts: Vec<(&str, Vec<Wish>)> = Vec::new();
        let (mut elements, mut plain) = (Vec::new(), Vec::new());
        for wish in wishes {
            match wish {
                Wish::Property(name, inner) => {
                    match parts.iter_mut().find(|(known, _)| known == name) {
                        Some((_, all)) => all.push((**inner).clone()),
                        None => parts.push((name, vec![(**inner).clone()])),
                    }
                }
                Wish::Element(inner) => elements.push((**inner).clone()),
                other => plain.push(other.clone()),
            }
        }
        if depth > 12 {
            return Value::Null;
        }
        plain.sort_by_key(|wish| *wish == Wish::Any);
        if plain.len() > 1 && plain.last() == Some(&Wish::Any) {
            plain.pop();
        }
        let only_any = plain == [Wish::Any] && !(parts.is_empty() && elements.is_empty());
        let weights = [
            if only_any { 0 } else { plain.len().min(3) },
            parts.len(),
            elements.len(),
        ];
        let mut at = self.random.below(weights.iter().sum());
        if at < weights[0] || weights.iter().all(|w| *w == 0) {
            return self.leaf(name, &plain);
        }
        at -= weights[0];
        if at < weights[1] {
            for (name, wishes) in parts {
                if self.random.chance(95) {
                    let value = self.document(name, &wishes, depth + 1);
                    properties.insert(name.to_owned(), value);
                }
            }
            return Value::Object(properties);
        }
        let n = 1 + self.random.below(3);
        let items = (0..n).map(|_| self.document(name, &elements, depth + 1));
        Value::Array(items.collect())
    }

    fn leaf(&mut self, name: &str, wishes: &[Wish]) -> Value {
        let exact: Vec<&Value> = wishes
            .iter()
            .filter_map(|wish| match wish {
                Wish::Is(value) => Some(value),
                _ => None,
            })
            .collect();
        let pieces = wishes.len() - exact.len() - usize::from(wishes.contains(&Wish::Any));
        if !exact.is_empty() && (pieces == 0 || self.random.chance(50)) {
            return self
                .random
                .pick(&exact)
                .map_or(Value::Null, |v| (*v).clone());
        }
        if pieces == 0 {
            return Value::from(self.usual_text(name));
        }
        Value::from(self.sentence(wishes))
    }

    /// A text with some of the wished pieces, or up to a dozen of them.
    fn sentence(&mut self, wishes: &[Wish]) -> String {
        let (mut starts, mut ends, mut inside) = (Vec::new(), Vec::new(), Vec::new());
        for wish in wishes {
            match wish {
                Wish::Starts(text) => starts.push(text.as_str()),
                Wish::Ends(text) => ends.push(text.as_str()),
                Wish::Has(text) => inside.push(text.as_str()),
                _ => {}
            }
        }
        let many = if self.random.chance(60) { 12 } else { 2 };
        let mut text = self.random.pick(&starts).map_or("", |t| *t).to_owned();
        for _ in 0..inside.len().min(many) {
            let at = self.random.below(inside.len());
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(inside.swap_remove(at));
        }
        if let Some(end) = self.random.pick(&ends) {
            if !text.is_empty() && starts.is_empty() {
                text.push(' ');
            }
            text.push_str(end);
        }
        text
    }
}

/// The cells as an array of a stored type.
fn array(ty: Type, cells: &[Cell]) -> ArrayRef {
    let whole = |cell: &Cell| match cell.as_ref()? {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64().or_else(|| other.as_f64().map(|v| v as i64)),
    };
    let real = |cell: &Cell| match cell.as_ref()? {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    let text = |cell: &Cell| match cell.as_ref()? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    match ty {
        Type::Bool => {
            let truth = |cell: &Cell| match cell.as_ref()? {
                Value::Bool(v) => Some(*v),
                Value::String(text) => text.to_lowercase().parse().ok(),
                _ => None,
            };
            Arc::new(cells.iter().map(truth).collect::<BooleanArray>())
        }
        Type::Int => {
            let narrow = |cell: &Cell| i32::try_from(whole(cell)?).ok();
            Arc::new(cells.iter().map(narrow).collect::<Int32Array>())
        }
        Type::Long | Type::TimeSpan => Arc::new(cells.iter().map(whole).collect::<Int64Array>()),
        Type::Real => Arc::new(cells.iter().map(real).collect::<Float64Array>()),
        Type::DateTime => {
            let micros = |cell: &Cell| {
                let since_epoch = whole(cell)?.checked_sub(UNIX_EPOCH)?;
                Some(since_epoch.div_euclid(TICKS_PER_SECOND / 1_000_000))
            };
            let times: TimestampMicrosecondArray = cells.iter().map(micros).collect();
            Arc::new(times.with_timezone("UTC"))
        }
        _ => Arc::new(cells.iter().map(text).collect::<StringArray>()),
    }
}
