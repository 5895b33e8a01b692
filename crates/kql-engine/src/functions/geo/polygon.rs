//! Polygons: area, border, simpler and denser forms, what they share with lines and with each other.

use serde_json::Value;

use super::super::{Kernel, strict};
use super::line::{DENSIFY_TOLERANCES_M, TOLERANCE_M, dense_chain, joined, meet, sparse_chain};
use super::overlay::dissolved;
use super::shape::{Lines, Polygons, Position, collection, point_json, polygons_json};
use super::sphere::{
    EARTH_RADIUS_M, Loop, Vector, add, angle, crossing, degrees, interpolate, scale, vector,
};
use super::{flag, json, number_or, real};
use crate::values::Datum;

pub(in super::super) const KERNELS: &[Kernel] = &[
    strict(&["geo_polygon_area"], |_, args| {
        let polygons = Polygons::read(args.first());
        real(polygons.map(|p| {
            let parts = dissolved(p.parts);
            let areas = signed(&parts).map(|(sign, ring)| sign * ring.area());
            areas.sum::<f64>() * EARTH_RADIUS_M * EARTH_RADIUS_M
        }))
    }),
    strict(&["geo_polygon_perimeter"], |_, args| {
        let polygons = Polygons::read(args.first());
        real(polygons.map(|p| p.edges().map(|(a, b)| angle(a, b)).sum::<f64>() * EARTH_RADIUS_M))
    }),
    strict(&["geo_polygon_centroid"], |_, args| {
        json(Polygons::read(args.first()).map(|p| {
            let parts = dissolved(p.parts);
            let moments = signed(&parts).map(|(sign, ring)| scale(ring.moment(), sign));
            point_json(degrees(moments.fold([0.0; 3], add)))
        }))
    }),
    strict(&["geo_polygon_densify"], |_, args| json(densify(args))),
    strict(&["geo_polygon_simplify"], |_, args| json(simplify(args))),
    strict(&["geo_intersects_2polygons"], |_, args| {
        match (Polygons::read(args.first()), Polygons::read(args.get(1))) {
            (Some(a), Some(b)) => Datum::Bool(
                a.edges()
                    .any(|e| b.contains(e.0) || b.edges().any(|f| meet(e, f)))
                    || b.edges().any(|e| a.contains(e.0)),
            ),
            _ => Datum::Null,
        }
    }),
    strict(&["geo_intersects_line_with_polygon"], |_, args| {
        match (Lines::read(args.first()), Polygons::read(args.get(1))) {
            (Some(line), Some(polygons)) => Datum::Bool(line.edges().any(|e| {
                polygons.contains(e.0)
                    || polygons.contains(e.1)
                    || polygons.edges().any(|f| meet(e, f))
            })),
            _ => Datum::Null,
        }
    }),
    strict(&["geo_intersection_line_with_polygon"], |_, args| {
        json(
            Lines::read(args.first())
                .zip(Polygons::read(args.get(1)))
                .map(|(lines, polygons)| clip(&lines, &polygons)),
        )
    }),
];

/// Shells count, holes count against.
fn signed(parts: &[Vec<Loop>]) -> impl Iterator<Item = (f64, &Loop)> {
    parts.iter().flat_map(|part| {
        part.iter()
            .enumerate()
            .map(|(idx, ring)| (if idx == 0 { 1.0 } else { -1.0 }, ring))
    })
}

fn densify(args: &[Datum<'_>]) -> Option<Value> {
    let polygons = Polygons::read(args.first())?;
    let tolerance = number_or(args, 1, TOLERANCE_M).filter(|t| DENSIFY_TOLERANCES_M.contains(t))?;
    let over = flag(args, 2);
    let dense = |ring: &Vec<Position>| {
        let closed: Vec<Position> = ring.iter().chain(ring.first()).copied().collect();
        let mut out = dense_chain(&closed, tolerance, over);
        out.pop();
        out
    };
    let rings = |part: &Vec<Vec<Position>>| part.iter().map(dense).collect();
    Some(polygons_json(
        polygons.positions.iter().map(rings).collect(),
    ))
}

/// Rings that shrink to fewer than three corners go; a polygon whose shell goes, goes. Null when all are gone.
fn simplify(args: &[Datum<'_>]) -> Option<Value> {
    let polygons = Polygons::read(args.first())?;
    let tolerance = number_or(args, 1, TOLERANCE_M).filter(|t| *t > 0.0)? / EARTH_RADIUS_M;
    let simple = |ring: &Vec<Position>| -> Vec<Position> {
        let closed: Vec<Vector> = ring
            .iter()
            .chain(ring.first())
            .map(|p| vector(*p))
            .collect();
        let mut kept = sparse_chain(&closed, tolerance);
        kept.pop();
        kept.into_iter()
            .filter_map(|idx| ring.get(idx).copied())
            .collect()
    };
    let mut out = Vec::new();
    for part in &polygons.positions {
        let mut rings = part.iter().map(simple);
        if let Some(shell) = rings.next().filter(|ring| ring.len() >= 3) {
            let holes = rings.filter(|ring| ring.len() >= 3);
            out.push(std::iter::once(shell).chain(holes).collect());
        }
    }
    (!out.is_empty()).then(|| polygons_json(out))
}

/// The parts of the lines that lie inside: each edge is cut where it crosses a border.
fn clip(lines: &Lines, polygons: &Polygons) -> Value {
    let (mut inside, mut touched): (Vec<[Position; 2]>, Vec<Position>) = (Vec::new(), Vec::new());
    for line in &lines.positions {
        for (from, to) in line.iter().zip(line.iter().skip(1)) {
            let edge = (vector(*from), vector(*to));
            let cuts = polygons.edges().filter_map(|border| crossing(edge, border));
            let mut stops: Vec<(f64, Position)> =
                cuts.map(|at| (angle(edge.0, at), degrees(at))).collect();
            stops.sort_by(|a, b| a.0.total_cmp(&b.0));
            stops.insert(0, (0.0, *from));
            stops.push((angle(edge.0, edge.1), *to));
            for (a, b) in stops.iter().zip(stops.iter().skip(1)) {
                let middle = interpolate((vector(a.1), vector(b.1)), 0.5);
                if polygons.contains(middle) {
                    inside.push([a.1, b.1]);
                } else {
                    touched.extend([a.1, b.1].iter().filter(|p| polygons.contains(vector(**p))));
                }
            }
        }
    }
    let parts = joined(inside);
    touched.retain(|p| !parts.iter().flatten().any(|q| p == q));
    touched.dedup();
    collection(&touched, parts)
}
