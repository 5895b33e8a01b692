//! The lists of entries with what the reference page calls them.

use super::{Function, FunctionKind};

/// A list of entries.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// What its functions are about, as a heading.
    pub name: &'static str,
    /// What kind of functions they are.
    pub kind: FunctionKind,
    /// The entries, by name.
    pub entries: &'static [Function],
}

const fn group(name: &'static str, kind: FunctionKind, entries: &'static [Function]) -> Group {
    Group {
        name,
        kind,
        entries,
    }
}

const fn scalar(name: &'static str, entries: &'static [Function]) -> Group {
    group(name, FunctionKind::Scalar, entries)
}

/// Every list, in the order of the reference page. The table is made of these.
pub const GROUPS: &[Group] = &[
    scalar("Strings", super::text::ENTRIES),
    scalar("Conditions and tests", super::logic::ENTRIES),
    scalar("Dates and times", super::datetime::ENTRIES),
    scalar("Conversion", super::conversion::ENTRIES),
    scalar("Dynamic values", super::dynamic::ENTRIES),
    scalar("IP addresses", super::network::ENTRIES),
    scalar("Hashes and encodings", super::encoding::ENTRIES),
    scalar("Numbers", super::math::ENTRIES),
    scalar("Series", super::series::ENTRIES),
    scalar("Sketches", super::sketch::ENTRIES),
    scalar("Geography", super::geo::ENTRIES),
    scalar("Units", super::units::ENTRIES),
    scalar("Query, user and store", super::system::ENTRIES),
    group(
        "Window functions",
        FunctionKind::Window,
        super::window::ENTRIES,
    ),
    group(
        "Aggregation functions",
        FunctionKind::Aggregate,
        super::aggregates::ENTRIES,
    ),
    group("Plugins", FunctionKind::Plugin, super::plugins::ENTRIES),
];
