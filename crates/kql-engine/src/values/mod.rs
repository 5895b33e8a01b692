//! Values as Kusto knows them: one scalar, its text forms, and how it lives in Arrow columns.
//!
//! Everything that reads or writes a `dynamic` goes through [`dynamic`]; everything that turns ticks
//! into text or back goes through [`datetime`] and [`timespan`].

pub(crate) mod convert;
pub(crate) mod datetime;
pub(crate) mod datum;
pub(crate) mod decimal;
pub(crate) mod dynamic;
pub(crate) mod elements;
pub(crate) mod json_text;
pub(crate) mod number;
mod plain_array;
pub(crate) mod raw;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod timespan;

pub(crate) use datum::{ColumnBuilder, Datum, Reader, arrow_type};
