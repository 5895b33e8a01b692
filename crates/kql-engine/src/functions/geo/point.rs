//! Distances, directions and places of points.

use std::f64::consts::{PI, TAU};

use geographiclib_rs::{Geodesic, InverseGeodesic};

use super::super::{Kernel, strict};
use super::shape::{Lines, Polygons, point_json, polygons_json};
use super::sphere::{
    EARTH_RADIUS_M, Vector, add, angle, cross, degrees, nearest_of, scale, unit, vector,
};
use super::{flag, json, number, number_or, position, real};
use crate::values::Datum;

pub(in super::super) const KERNELS: &[Kernel] = &[
    strict(&["geo_distance_2points"], |_, args| real(distance(args))),
    strict(&["geo_azimuth"], |_, args| {
        let direction = position(args, 0)
            .zip(position(args, 2))
            .and_then(|(from, to)| azimuth(from, to));
        real(direction)
    }),
    strict(&["geo_angle"], |_, args| real(turn(args))),
    strict(&["geo_point_in_circle"], |_, args| {
        in_circle(args).map_or(Datum::Null, Datum::Bool)
    }),
    strict(&["geo_point_in_polygon"], |_, args| {
        match (position(args, 0), Polygons::read(args.get(2))) {
            (Some(point), Some(polygons)) => Datum::Bool(polygons.contains(vector(point))),
            _ => Datum::Null,
        }
    }),
    strict(&["geo_point_buffer"], |_, args| json(buffer(args))),
    strict(&["geo_distance_point_to_line"], |_, args| {
        real(to_line(args).map(|found| found.1 * EARTH_RADIUS_M))
    }),
    strict(&["geo_closest_point_on_line"], |_, args| {
        json(to_line(args).map(|found| point_json(found.0)))
    }),
    strict(&["geo_distance_point_to_polygon"], |_, args| {
        real(to_polygon(args).map(|found| found.1 * EARTH_RADIUS_M))
    }),
    strict(&["geo_closest_point_on_polygon"], |_, args| {
        json(to_polygon(args).map(|found| point_json(found.0)))
    }),
];

fn distance(args: &[Datum<'_>]) -> Option<f64> {
    let (from, to) = (position(args, 0)?, position(args, 2)?);
    if flag(args, 4) {
        return Some(Geodesic::wgs84().inverse(from[1], from[0], to[1], to[0]));
    }
    Some(angle(vector(from), vector(to)) * EARTH_RADIUS_M)
}

/// Clockwise from north, below 2π; none between equal or opposite points.
fn azimuth(from: [f64; 2], to: [f64; 2]) -> Option<f64> {
    let apart = angle(vector(from), vector(to));
    if apart == 0.0 || PI - apart < 1e-12 {
        return None;
    }
    let (lat1, lat2) = (from[1].to_radians(), to[1].to_radians());
    let (sin, cos) = (to[0] - from[0]).to_radians().sin_cos();
    let east = sin * lat2.cos();
    let north = lat1.cos() * lat2.sin() - lat1.sin() * lat2.cos() * cos;
    Some(below_turn(east.atan2(north)))
}

fn below_turn(angle: f64) -> f64 {
    let angle = angle.rem_euclid(TAU);
    if angle >= TAU { 0.0 } else { angle }
}

/// From the line between the second point and the first to the line between the second and the third.
fn turn(args: &[Datum<'_>]) -> Option<f64> {
    let (first, corner, third) = (position(args, 0)?, position(args, 2)?, position(args, 4)?);
    Some(below_turn(
        azimuth(corner, third)? - azimuth(corner, first)?,
    ))
}

fn in_circle(args: &[Datum<'_>]) -> Option<bool> {
    let (point, center) = (position(args, 0)?, position(args, 2)?);
    let radius = number(args, 4).filter(|r| *r >= 0.0)?;
    Some(angle(vector(point), vector(center)) * EARTH_RADIUS_M <= radius)
}

fn to_line(args: &[Datum<'_>]) -> Option<([f64; 2], f64)> {
    let point = position(args, 0)?;
    let lines = Lines::read(args.get(2))?;
    let (nearest, distance) = nearest_of(lines.edges(), vector(point))?;
    Some((degrees(nearest), distance))
}

/// A point inside is its own nearest point, at no distance.
fn to_polygon(args: &[Datum<'_>]) -> Option<([f64; 2], f64)> {
    let point = position(args, 0)?;
    let polygons = Polygons::read(args.get(2))?;
    let x = vector(point);
    if polygons.contains(x) {
        return Some((point, 0.0));
    }
    let (nearest, distance) = nearest_of(polygons.edges(), x)?;
    Some((degrees(nearest), distance))
}

/// Deviation from a circle, in metres, when the call states none.
const TOLERANCE_M: f64 = 10.0;
const VERTICES: std::ops::RangeInclusive<f64> = 8.0..=4_096.0;

/// Corners of a regular polygon whose edges touch the circle and whose corners lie at most `tolerance` outside, and
/// their distance from the centre in radians.
pub(super) fn circle(radius: f64, tolerance: f64) -> Option<(u32, f64)> {
    let radians = radius / EARTH_RADIUS_M;
    if radians >= PI / 2.0 {
        return None;
    }
    let deviation = tolerance.clamp(radius * 1e-6, radius * 0.999);
    let half_step = (radius / (radius + deviation)).acos();
    let n = (PI / half_step)
        .ceil()
        .clamp(*VERTICES.start(), *VERTICES.end());
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let n_corners = (n as u32).next_multiple_of(2);
    let corner = (radians.tan() / (PI / f64::from(n_corners)).cos()).atan();
    Some((n_corners, corner))
}

/// The point at this distance, in the direction `turn` from `ahead` to `left`.
pub(super) fn around(
    center: Vector,
    ahead: Vector,
    left: Vector,
    turn: f64,
    distance: f64,
) -> Vector {
    let (sin, cos) = turn.sin_cos();
    let side = add(scale(ahead, cos), scale(left, sin));
    unit(add(
        scale(center, distance.cos()),
        scale(side, distance.sin()),
    ))
}

fn buffer(args: &[Datum<'_>]) -> Option<serde_json::Value> {
    let center = vector(position(args, 0)?);
    let radius = number(args, 2).filter(|r| *r > 0.0)?;
    let tolerance = number_or(args, 3, TOLERANCE_M).filter(|t| *t > 0.0)?;
    let (n, corner) = circle(radius, tolerance)?;
    let side = if center[2].abs() < 0.9 {
        [0.0, 0.0, 1.0]
    } else {
        [1.0, 0.0, 0.0]
    };
    let east = unit(cross(side, center));
    let north = cross(center, east);
    let ring = (0..n).map(|step| {
        let turn = f64::from(step) * TAU / f64::from(n);
        degrees(around(center, east, north, turn, corner))
    });
    Some(polygons_json(vec![vec![ring.collect()]]))
}
