//! Geography: points, lines, polygons and grid cells on a spherical Earth.
//!
//! Coordinates are WGS-84 degrees, longitude first; edges are geodesics of a sphere, as the reference pages of
//! the `geo_...` functions state. [`sphere`] has the vectors, [`shape`] reads and writes GeoJSON (RFC 7946). A
//! coordinate out of range, an unknown shape or a bad parameter gives null.

pub(super) mod grid;
pub(super) mod line;
pub(super) mod mosaic;
pub(super) mod overlay;
pub(super) mod point;
pub(super) mod polygon;
mod shape;
mod sphere;
mod target;
pub(super) mod wkt;

pub(crate) use target::{Place, Target};

use crate::values::Datum;

/// The number at `idx`, when it is finite.
fn number(args: &[Datum<'_>], idx: usize) -> Option<f64> {
    args.get(idx)?.as_f64().filter(|v| v.is_finite())
}

/// The number at `idx`, or `default` when the call has no such argument.
fn number_or(args: &[Datum<'_>], idx: usize, default: f64) -> Option<f64> {
    if args.len() > idx {
        number(args, idx)
    } else {
        Some(default)
    }
}

fn flag(args: &[Datum<'_>], idx: usize) -> bool {
    number(args, idx).is_some_and(|v| v != 0.0)
}

/// Longitude at `idx`, latitude after it.
fn position(args: &[Datum<'_>], idx: usize) -> Option<[f64; 2]> {
    shape::valid([number(args, idx)?, number(args, idx + 1)?])
}

fn real<'a>(value: Option<f64>) -> Datum<'a> {
    value.map_or(Datum::Null, Datum::Real)
}

fn json<'a>(value: Option<serde_json::Value>) -> Datum<'a> {
    value.map_or(Datum::Null, |value| Datum::json(&value))
}
