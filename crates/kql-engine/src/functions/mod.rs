//! Scalar functions and operators as kernels over values, one file per family.
//!
//! A kernel is one entry in its family's `KERNELS`; [`kernel`] finds it by canonical name. In a plan it is a
//! DataFusion function whose *name* holds everything it needs (`kql:bin(datetime,timespan):datetime`), so
//! that [`udf_by_name`] rebuilds it anywhere.

mod array;
mod asim;
mod bag;
mod calendar;
mod columns;
mod comparison;
mod compression;
mod conditional;
mod conversion;
mod encoding;
mod fence;
mod fourier;
mod geo;
mod hash;
mod ipv4_columns;
mod math;
mod network;
mod parsing;
mod path;
mod path_columns;
mod punycode;
mod regex_fn;
mod series;
mod series_bin;
mod series_filter;
mod series_fit;
mod series_season;
mod set;
mod sketch;
mod special;
mod stored;
mod system;
pub(crate) mod term;
mod text;
mod text_search;
mod text_test;
mod udf;
mod units;
mod user_agent;

pub(crate) use conversion::{CONVERSIONS, PARSERS};
pub(crate) use geo::{Place, Target};
pub(crate) use path_columns::of_string as path_of_string;
pub(crate) use regex_fn::compile as compile_regex;
pub(crate) use udf::{scalar_udf, udf_by_name};

use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use kql::types::Type;

use crate::values::Datum;

/// What a kernel may know besides its values.
pub(crate) struct Call<'c> {
    /// Declared argument types.
    pub(crate) args: &'c [Type],
    /// Declared result type.
    pub(crate) ret: Type,
}

/// How a kernel computes.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    /// Row by row; any null argument gives null.
    Strict(for<'a> fn(&Call<'_>, &[Datum<'a>]) -> Datum<'a>),
    /// Row by row, nulls included.
    Lenient(for<'a> fn(&Call<'_>, &[Datum<'a>]) -> Datum<'a>),
    /// Whole batch.
    Batch(fn(&Call<'_>, &[ColumnarValue], usize) -> Result<ColumnarValue>),
}

/// One function.
pub(crate) struct Kernel {
    /// Canonical name first, then aliases.
    pub(crate) names: &'static [&'static str],
    pub(crate) body: Body,
    /// False for `rand()` and `new_guid()`.
    pub(crate) deterministic: bool,
}

pub(crate) const fn strict(
    names: &'static [&'static str],
    eval: for<'a> fn(&Call<'_>, &[Datum<'a>]) -> Datum<'a>,
) -> Kernel {
    Kernel {
        names,
        body: Body::Strict(eval),
        deterministic: true,
    }
}

pub(crate) const fn lenient(
    names: &'static [&'static str],
    eval: for<'a> fn(&Call<'_>, &[Datum<'a>]) -> Datum<'a>,
) -> Kernel {
    Kernel {
        names,
        body: Body::Lenient(eval),
        deterministic: true,
    }
}

pub(crate) const fn batch(
    names: &'static [&'static str],
    eval: fn(&Call<'_>, &[ColumnarValue], usize) -> Result<ColumnarValue>,
) -> Kernel {
    Kernel {
        names,
        body: Body::Batch(eval),
        deterministic: true,
    }
}

const FAMILIES: &[&[Kernel]] = &[
    array::KERNELS,
    asim::KERNELS,
    bag::KERNELS,
    calendar::KERNELS,
    comparison::KERNELS,
    compression::KERNELS,
    conditional::KERNELS,
    conversion::KERNELS,
    encoding::KERNELS,
    fence::KERNELS,
    geo::grid::KERNELS,
    geo::line::KERNELS,
    geo::mosaic::KERNELS,
    geo::overlay::KERNELS,
    geo::point::KERNELS,
    geo::polygon::KERNELS,
    geo::wkt::KERNELS,
    hash::KERNELS,
    ipv4_columns::KERNELS,
    math::KERNELS,
    network::KERNELS,
    parsing::KERNELS,
    path::KERNELS,
    path_columns::KERNELS,
    punycode::KERNELS,
    regex_fn::KERNELS,
    series::KERNELS,
    series_bin::KERNELS,
    series_filter::KERNELS,
    series_fit::KERNELS,
    series_season::KERNELS,
    set::KERNELS,
    special::KERNELS,
    stored::KERNELS,
    system::KERNELS,
    sketch::KERNELS,
    text::KERNELS,
    text_test::KERNELS,
    units::KERNELS,
    user_agent::KERNELS,
];

/// The kernel of this canonical name or alias.
pub(crate) fn kernel(name: &str) -> Option<&'static Kernel> {
    FAMILIES
        .iter()
        .flat_map(|family| family.iter())
        .find(|kernel| kernel.names.contains(&name))
}

/// Whether a function gives the same for the same arguments. One that is not ours does.
pub(crate) fn is_deterministic(name: &str) -> bool {
    kernel(name).is_none_or(|kernel| kernel.deterministic)
}

/// Names of the scalar functions that run, sorted (operators of ours, named `op:...`, left out).
pub(crate) fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = FAMILIES
        .iter()
        .flat_map(|family| family.iter())
        .flat_map(|kernel| kernel.names.iter().copied())
        .filter(|name| !name.starts_with("op:"))
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_listed_twice() {
        let names = names();
        for pair in names.windows(2) {
            assert_ne!(pair.first(), pair.last());
        }
    }
}
