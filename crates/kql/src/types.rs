//! The scalar types of the language and the spans that tie everything to the text.

use std::fmt;

/// A half-open range of byte offsets into the query text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span from two byte offsets. Offsets past `u32::MAX` are cut; the parser refuses such texts.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let cut = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self {
            start: cut(start),
            end: cut(end.max(start)),
        }
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn to(self, other: Span) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// Start and end as indices into the text.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A scalar type of KQL ("Scalar data types" in the Kusto reference).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// `bool`.
    Bool,
    /// `int`, 32 bits.
    Int,
    /// `long`, 64 bits.
    Long,
    /// `real`, IEEE 754 double.
    Real,
    /// `decimal`, 128 bits.
    Decimal,
    /// `string`; never null.
    String,
    /// `datetime`; 100 ns ticks since 0001-01-01T00:00:00Z.
    DateTime,
    /// `timespan`; signed 100 ns ticks.
    TimeSpan,
    /// `guid`.
    Guid,
    /// `dynamic`: any JSON value.
    Dynamic,
    /// Not known before run time (a column of `bag_unpack`, of an unknown table, ...). At run time such a
    /// value is a `dynamic`.
    Unknown,
}

impl Type {
    /// The canonical names, for messages.
    pub(crate) const NAMES: &'static [&'static str] = &[
        "bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid",
        "dynamic",
    ];

    /// The canonical name, as `getschema` and the Azure Monitor Logs API print it (`long`, `real`, ...).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Long => "long",
            Type::Real => "real",
            Type::Decimal => "decimal",
            Type::String => "string",
            Type::DateTime => "datetime",
            Type::TimeSpan => "timespan",
            Type::Guid => "guid",
            Type::Dynamic => "dynamic",
            Type::Unknown => "unknown",
        }
    }

    /// Reads a type name, aliases included (`boolean`, `date`, `time`, `double`, `uniqueid`, ...).
    #[must_use]
    pub fn parse(name: &str) -> Option<Type> {
        Some(match name.to_ascii_lowercase().as_str() {
            "bool" | "boolean" => Type::Bool,
            "int" | "int32" | "uint" | "uint32" | "int16" | "uint16" | "int8" | "uint8" => {
                Type::Int
            }
            "long" | "int64" | "ulong" | "uint64" => Type::Long,
            "real" | "double" | "float" => Type::Real,
            "decimal" => Type::Decimal,
            "string" => Type::String,
            "datetime" | "date" => Type::DateTime,
            "timespan" | "time" => Type::TimeSpan,
            "guid" | "uuid" | "uniqueid" => Type::Guid,
            "dynamic" => Type::Dynamic,
            "unknown" => Type::Unknown,
            _ => return None,
        })
    }

    /// `int`, `long`, `real` or `decimal`.
    #[must_use]
    pub fn is_numeric(self) -> bool {
        matches!(self, Type::Int | Type::Long | Type::Real | Type::Decimal)
    }

    /// `int` or `long`.
    #[must_use]
    pub fn is_integer(self) -> bool {
        matches!(self, Type::Int | Type::Long)
    }

    /// `dynamic`, or not known and thus treated as one.
    #[must_use]
    pub fn is_dynamic(self) -> bool {
        matches!(self, Type::Dynamic | Type::Unknown)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
