//! Lines: length, places along them, simpler and denser forms, crossings.

use std::collections::HashSet;

use geographiclib_rs::{Geodesic, InverseGeodesic};
use serde_json::Value;

use super::super::{Kernel, strict};
use super::shape::{Lines, Position, collection, lines_json, point_json, valid};
use super::sphere::{
    EARTH_RADIUS_M, Vector, add, angle, crossing, degrees, dot, edges, interpolate, nearest, norm,
    scale, sub, vector,
};
use super::{flag, json, number, number_or, position, real};
use crate::values::Datum;

pub(in super::super) const KERNELS: &[Kernel] = &[
    strict(&["geo_line_length"], |_, args| {
        let lines = Lines::read(args.first());
        real(lines.map(|lines| length(&lines) * EARTH_RADIUS_M))
    }),
    strict(&["geo_line_centroid"], |_, args| {
        json(Lines::read(args.first()).map(|lines| centroid(&lines)))
    }),
    strict(&["geo_line_interpolate_point"], |_, args| {
        json(point_at(args))
    }),
    strict(&["geo_line_locate_point"], |_, args| real(locate(args))),
    strict(&["geo_line_densify"], |_, args| json(densify(args))),
    strict(&["geo_line_simplify"], |_, args| json(simplify(args))),
    strict(&["geo_intersects_2lines"], |_, args| {
        match (Lines::read(args.first()), Lines::read(args.get(1))) {
            (Some(a), Some(b)) => Datum::Bool(a.edges().any(|e| b.edges().any(|f| meet(e, f)))),
            _ => Datum::Null,
        }
    }),
    strict(&["geo_intersection_2lines"], |_, args| {
        json(
            Lines::read(args.first())
                .zip(Lines::read(args.get(1)))
                .map(|(a, b)| intersection(&a, &b)),
        )
    }),
    strict(&["geo_union_lines_array"], |_, args| json(union(args))),
];

/// Radians.
fn length(lines: &Lines) -> f64 {
    lines.edges().map(|(a, b)| angle(a, b)).sum()
}

/// The mean of all points, brought back to the sphere.
fn centroid(lines: &Lines) -> Value {
    let moments = lines.edges().map(|(a, b)| {
        let sum = add(a, b);
        // The integral over an edge points to its middle and is twice the sine of half its length long.
        scale(sum, norm(sub(a, b)) / norm(sum))
    });
    point_json(degrees(moments.fold([0.0; 3], add)))
}

fn single(lines: Lines) -> Option<Vec<Vector>> {
    let mut lines = lines.lines;
    if lines.len() == 1 { lines.pop() } else { None }
}

fn point_at(args: &[Datum<'_>]) -> Option<Value> {
    let line = single(Lines::read(args.first())?)?;
    let fraction = number(args, 1).filter(|f| (0.0..=1.0).contains(f))?;
    let total: f64 = edges(&line).map(|(a, b)| angle(a, b)).sum();
    let mut rest = total * fraction;
    for (a, b) in edges(&line) {
        let step = angle(a, b);
        if rest <= step {
            return Some(point_json(degrees(interpolate((a, b), rest / step))));
        }
        rest -= step;
    }
    line.last().map(|end| point_json(degrees(*end)))
}

/// Share of the line before its point nearest to the given one.
fn locate(args: &[Datum<'_>]) -> Option<f64> {
    let line = single(Lines::read(args.first())?)?;
    let x = vector(position(args, 1)?);
    let spheroid = flag(args, 3);
    let measure = |a: Vector, b: Vector| {
        if !spheroid {
            return angle(a, b);
        }
        let (a, b) = (degrees(a), degrees(b));
        Geodesic::wgs84().inverse(a[1], a[0], b[1], b[0])
    };
    let (mut before, mut best) = (0.0, (f64::INFINITY, 0.0));
    for (a, b) in edges(&line) {
        let point = nearest((a, b), x);
        let distance = angle(point, x);
        if distance < best.0 {
            best = (distance, before + measure(a, point));
        }
        before += measure(a, b);
    }
    Some((best.1 / before).clamp(0.0, 1.0))
}

/// Metres, when the call states none; the least and the greatest.
pub(super) const TOLERANCE_M: f64 = 10.0;
pub(super) const DENSIFY_TOLERANCES_M: std::ops::RangeInclusive<f64> = 0.1..=10_000.0;

fn densify(args: &[Datum<'_>]) -> Option<Value> {
    let lines = Lines::read(args.first())?;
    let tolerance = number_or(args, 1, TOLERANCE_M).filter(|t| DENSIFY_TOLERANCES_M.contains(t))?;
    let over = flag(args, 2);
    let dense = lines
        .positions
        .iter()
        .map(|line| dense_chain(line, tolerance, over))
        .collect();
    Some(lines_json(dense))
}

/// Adds positions until the geodesics between them stay within the tolerance of the straight lines that the
/// positions draw on a plane of degrees. Two places of each edge are measured, where the two forms part most
/// (S2's edge tessellator has the constants).
pub(super) fn dense_chain(
    chain: &[Position],
    tolerance_m: f64,
    over_antimeridian: bool,
) -> Vec<Position> {
    const MEASURED_AT: f64 = 0.312_156_910_822_482_3;
    const MEASURED_SHARE: f64 = 0.838_299_925_698_885_1;
    const HALVINGS_MAX: u32 = 16;
    fn halve(a: Position, b: Position, tolerance: f64, depth: u32, out: &mut Vec<Position>) {
        let between = |t: f64| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
        let edge = (vector(a), vector(b));
        let off = |t: f64| angle(interpolate(edge, t), vector(between(t)));
        let parts = dot(edge.0, edge.1) < -1e-14
            || off(MEASURED_AT).max(off(1.0 - MEASURED_AT)) > tolerance;
        if parts && depth < HALVINGS_MAX {
            let middle = between(0.5);
            halve(a, middle, tolerance, depth + 1, out);
            halve(middle, b, tolerance, depth + 1, out);
        } else {
            out.push(b);
        }
    }
    let tolerance = tolerance_m / EARTH_RADIUS_M * MEASURED_SHARE;
    let mut out: Vec<Position> = chain.first().copied().into_iter().collect();
    for (a, b) in chain.iter().zip(chain.iter().skip(1)) {
        let mut end = *b;
        if over_antimeridian && (b[0] - a[0]).abs() > 180.0 {
            end[0] += if b[0] < a[0] { 360.0 } else { -360.0 };
        }
        halve(*a, end, tolerance, 0, &mut out);
    }
    for place in &mut out {
        if place[0].abs() > 180.0 {
            place[0] -= 360.0 * place[0].signum();
        }
    }
    out
}

fn simplify(args: &[Datum<'_>]) -> Option<Value> {
    let lines = Lines::read(args.first())?;
    let tolerance = number_or(args, 1, TOLERANCE_M).filter(|t| *t > 0.0)?;
    let radians = tolerance / EARTH_RADIUS_M;
    let chains = lines.positions.iter().zip(&lines.lines);
    let simple = chains.map(|(positions, points)| {
        let kept = sparse_chain(points, radians);
        kept.into_iter()
            .filter_map(|idx| positions.get(idx).copied())
            .collect::<Vec<Position>>()
    });
    // A line that the tolerance swallows is no line any more.
    let long = |line: &Vec<Position>| match line.as_slice() {
        [a, b] => angle(vector(*a), vector(*b)) > radians,
        _ => true,
    };
    let simple: Vec<Vec<Position>> = simple.filter(long).collect();
    (!simple.is_empty()).then(|| lines_json(simple))
}

/// Indexes of the points to keep: from each one the farthest that a single edge reaches while every point between
/// stays within the tolerance.
pub(super) fn sparse_chain(points: &[Vector], tolerance: f64) -> Vec<usize> {
    let mut kept = vec![0];
    let mut at = 0;
    while at + 1 < points.len() {
        at = reach(points, tolerance, at).max(at + 1);
        kept.push(at);
    }
    kept
}

/// How many points one edge stands for at most: the search takes the square of it.
const REACH_MAX: usize = 1_000;

fn reach(points: &[Vector], tolerance: f64, start: usize) -> usize {
    let Some((origin, rest)) = points.get(start..).and_then(<[Vector]>::split_first) else {
        return start;
    };
    let close = |n_between: usize, end: Vector| {
        let mut between = rest.iter().take(n_between);
        between.all(|p| angle(nearest((*origin, end), *p), *p) <= tolerance)
    };
    let run = rest.iter().take(REACH_MAX).enumerate();
    start
        + run
            .take_while(|(n_between, end)| close(*n_between, **end))
            .count()
}

type Edge = (Vector, Vector);

/// True when two edges share a point.
pub(super) fn meet((a, b): Edge, (c, d): Edge) -> bool {
    crossing((a, b), (c, d)).is_some()
        || [c, d].iter().any(|x| on((a, b), *x))
        || [a, b].iter().any(|x| on((c, d), *x))
}

fn on(edge: Edge, x: Vector) -> bool {
    angle(nearest(edge, x), x) < super::sphere::BORDER_RADIANS
}

fn intersection(a: &Lines, b: &Lines) -> Value {
    let (mut points, mut shared): (Vec<Position>, Vec<[Position; 2]>) = (Vec::new(), Vec::new());
    for (from, to) in position_edges(a) {
        let first = (vector(from), vector(to));
        for (c, d) in position_edges(b) {
            let second = (vector(c), vector(d));
            if let Some(at) = crossing(first, second) {
                points.push(degrees(at));
                continue;
            }
            let mut touched: Vec<Position> = Vec::new();
            touched.extend([c, d].iter().filter(|x| on(first, vector(**x))));
            touched.extend([from, to].iter().filter(|x| on(second, vector(**x))));
            touched.dedup();
            let least = touched.first().copied();
            match least.and_then(|p| touched.iter().find(|q| **q != p).map(|q| [p, *q])) {
                Some([p, q]) => shared.push(ordered([p, q], from)),
                None => points.extend(least),
            }
        }
    }
    let lines = joined(shared);
    points.retain(|p| !lines.iter().flatten().any(|q| p == q));
    let mut seen = HashSet::new();
    points.retain(|p| seen.insert(p.map(f64::to_bits)));
    collection(&points, lines)
}

/// The end that is nearer to the start of the edge comes first.
fn ordered([p, q]: [Position; 2], start: Position) -> [Position; 2] {
    let far = |x: Position| angle(vector(start), vector(x));
    if far(p) <= far(q) { [p, q] } else { [q, p] }
}

fn position_edges(lines: &Lines) -> impl Iterator<Item = (Position, Position)> + '_ {
    let pairs = |line: &'_ Vec<Position>| -> Vec<(Position, Position)> {
        line.iter()
            .copied()
            .zip(line.iter().copied().skip(1))
            .collect()
    };
    lines.positions.iter().flat_map(pairs)
}

/// Segments as lines as long as they go on where the one before ended; a repeated segment counts once.
pub(super) fn joined(segments: Vec<[Position; 2]>) -> Vec<Vec<Position>> {
    let mut seen = HashSet::new();
    let mut lines: Vec<Vec<Position>> = Vec::new();
    for [p, q] in segments {
        let key = |a: Position, b: Position| [a, b].map(|x| x.map(f64::to_bits));
        if seen.contains(&key(q, p)) || !seen.insert(key(p, q)) {
            continue;
        }
        match lines.iter_mut().find(|line| line.last() == Some(&p)) {
            Some(line) => line.push(q),
            None => match lines.iter_mut().find(|line| line.first() == Some(&q)) {
                Some(line) => line.insert(0, p),
                None => lines.push(vec![p, q]),
            },
        }
    }
    lines
}

/// All lines of an array as one geometry: shared edges once, edges split where they cross.
fn union(args: &[Datum<'_>]) -> Option<Value> {
    let array = super::super::array::items(args, 0)?;
    let mut segments: Vec<[Position; 2]> = Vec::new();
    for item in &array {
        for (a, b) in position_edges(&Lines::from_json(item)?) {
            segments.push([a, b]);
        }
    }
    if segments.is_empty() || segments.len() > EDGES_MAX {
        return None;
    }
    let whole = |[a, b]: [Position; 2]| (vector(a), vector(b));
    let split = |[a, b]: [Position; 2]| {
        let crossings = segments
            .iter()
            .filter_map(|other| crossing(whole([a, b]), whole(*other)));
        let mut stops: Vec<Position> = crossings.map(degrees).collect();
        stops.sort_by(|p, q| {
            let far = |x: &Position| angle(vector(a), vector(*x));
            far(p).total_cmp(&far(q))
        });
        let mut chain = vec![a];
        chain.extend(stops);
        chain.push(b);
        chain
            .iter()
            .copied()
            .zip(chain.iter().copied().skip(1))
            .map(|(p, q)| [p, q])
            .collect::<Vec<_>>()
    };
    let parts: Vec<[Position; 2]> = segments.iter().flat_map(|edge| split(*edge)).collect();
    let sound = parts.iter().flatten().all(|p| valid(*p).is_some());
    sound.then(|| lines_json(joined(parts)))
}

/// Most edges whose crossings among each other are searched.
pub(super) const EDGES_MAX: usize = 10_000;
