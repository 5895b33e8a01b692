//! Union and intersection of polygons, and buffers as unions.
//!
//! Both borders are cut where they meet. A piece belongs to the result by where its middle lies in the other
//! polygon, and the pieces that stay are linked to rings again, turning left where there is a choice, since the
//! inside is to the left.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::super::array::items;
use super::super::{Kernel, strict};
use super::line::joined;
use super::point::{around, circle};
use super::shape::{Lines, Polygons, Position, collection, polygons_json};
use super::sphere::{
    BORDER_RADIANS, Edge, Loop, Vector, angle, cross, crossing, degrees, dot, interpolate,
    left_area, nearest, sub, unit,
};
use super::{json, number, number_or};
use crate::values::Datum;

pub(in super::super) const KERNELS: &[Kernel] = &[
    strict(&["geo_union_polygons_array"], |_, args| {
        json(union_array(args))
    }),
    strict(&["geo_intersection_2polygons"], |_, args| {
        json(
            Polygons::read(args.first())
                .zip(Polygons::read(args.get(1)))
                .map(|(a, b)| intersection(&dissolved(a.parts), &dissolved(b.parts))),
        )
    }),
    strict(&["geo_line_buffer"], |_, args| {
        json(
            Lines::read(args.first())
                .and_then(|lines| buffer(args, &lines.edges().collect::<Vec<_>>(), Vec::new())),
        )
    }),
    strict(&["geo_polygon_buffer"], |_, args| {
        json(Polygons::read(args.first()).and_then(|polygons| {
            let edges: Vec<Edge> = polygons.edges().collect();
            buffer(args, &edges, dissolved(polygons.parts))
        }))
    }),
];

/// Polygons, each a shell and its holes.
type Parts = Vec<Vec<Loop>>;

/// Points that are one point; looked up by cells of a grid that is coarser than rounding and finer than maps.
#[derive(Default)]
struct Nodes {
    points: Vec<Vector>,
    cells: HashMap<[i64; 3], Vec<usize>>,
}

impl Nodes {
    const CELL: f64 = 1e-11;

    #[allow(clippy::cast_possible_truncation)]
    fn id(&mut self, point: Vector) -> usize {
        let cell = point.map(|x| (x / Self::CELL).round() as i64);
        for dx in -1..=1 {
            for dy in -1..=1 {
                for dz in -1..=1 {
                    let near = self.cells.get(&[cell[0] + dx, cell[1] + dy, cell[2] + dz]);
                    let same = |id: &&usize| {
                        let known = self.points.get(**id);
                        known.is_some_and(|known| angle(*known, point) < 10.0 * BORDER_RADIANS)
                    };
                    if let Some(id) = near.into_iter().flatten().find(same) {
                        return *id;
                    }
                }
            }
        }
        let id = self.points.len();
        self.points.push(point);
        self.cells.entry(cell).or_default().push(id);
        id
    }

    fn at(&self, id: usize) -> Vector {
        self.points.get(id).copied().unwrap_or_default()
    }
}

/// A directed piece of a border.
type Piece = (usize, usize);

/// Border edges with the inside to the left.
fn directed(parts: &[Vec<Loop>]) -> Vec<Edge> {
    let mut out = Vec::new();
    for part in parts {
        for (idx, ring) in part.iter().enumerate() {
            out.extend(
                ring.edges()
                    .map(|(a, b)| if idx == 0 { (a, b) } else { (b, a) }),
            );
        }
    }
    out
}

fn inside(parts: &[Vec<Loop>], x: Vector) -> bool {
    parts.iter().any(|part| match part.split_first() {
        Some((shell, holes)) => shell.contains(x) && !holes.iter().any(|hole| hole.contains(x)),
        None => false,
    })
}

/// The pieces of both borders.
fn cut(a: &[Edge], b: &[Edge], nodes: &mut Nodes) -> (Vec<Piece>, Vec<Piece>) {
    let ends = |edge: &Edge| vec![edge.0, edge.1];
    let mut stops_a: Vec<Vec<Vector>> = a.iter().map(ends).collect();
    let mut stops_b: Vec<Vec<Vector>> = b.iter().map(ends).collect();
    for (e, stops_e) in a.iter().zip(&mut stops_a) {
        for (f, stops_f) in b.iter().zip(&mut stops_b) {
            if let Some(at) = crossing(*e, *f) {
                stops_e.push(at);
                stops_f.push(at);
                continue;
            }
            stops_e.extend([f.0, f.1].iter().filter(|x| on(*e, **x)));
            stops_f.extend([e.0, e.1].iter().filter(|x| on(*f, **x)));
        }
    }
    let mut pieces = |edges: &[Edge], stops: Vec<Vec<Vector>>| {
        let mut out = Vec::new();
        for (edge, mut stops) in edges.iter().zip(stops) {
            stops.sort_by(|p, q| angle(edge.0, *p).total_cmp(&angle(edge.0, *q)));
            let mut ids: Vec<usize> = stops.into_iter().map(|p| nodes.id(p)).collect();
            ids.dedup();
            out.extend(ids.iter().copied().zip(ids.iter().copied().skip(1)));
        }
        out
    };
    (pieces(a, stops_a), pieces(b, stops_b))
}

fn on(edge: Edge, x: Vector) -> bool {
    angle(nearest(edge, x), x) < 10.0 * BORDER_RADIANS
}

/// Pieces of the result's border, and pieces that only touch.
struct Kept {
    border: Vec<Piece>,
    touching: Vec<Piece>,
}

fn keep(
    (a, b): (&[Vec<Loop>], &[Vec<Loop>]),
    cut: &(Vec<Piece>, Vec<Piece>),
    nodes: &Nodes,
    want_inside: bool,
) -> Kept {
    let (set_a, set_b): (HashSet<Piece>, HashSet<Piece>) = (
        cut.0.iter().copied().collect(),
        cut.1.iter().copied().collect(),
    );
    let middle = |(u, v): Piece| interpolate((nodes.at(u), nodes.at(v)), 0.5);
    let mut kept = Kept {
        border: Vec::new(),
        touching: Vec::new(),
    };
    for piece in &cut.0 {
        let back = (piece.1, piece.0);
        if set_b.contains(&back) {
            kept.touching.push(*piece);
        } else if set_b.contains(piece) || inside(b, middle(*piece)) == want_inside {
            kept.border.push(*piece);
        }
    }
    for piece in &cut.1 {
        let shared = set_a.contains(piece) || set_a.contains(&(piece.1, piece.0));
        if !shared && inside(a, middle(*piece)) == want_inside {
            kept.border.push(*piece);
        }
    }
    kept
}

/// How far left the way turns from `u` over `v` to `w`.
fn turn(u: Vector, v: Vector, w: Vector) -> f64 {
    let flat = |x: Vector| cross(cross(v, x), v);
    let (from, to) = (flat(sub(v, u)), flat(sub(w, v)));
    dot(v, cross(from, to)).atan2(dot(from, to))
}

fn rings(pieces: &[Piece], nodes: &Nodes) -> Vec<Vec<Vector>> {
    let mut out_of: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut seen = HashSet::new();
    for piece in pieces {
        if seen.insert(*piece) {
            out_of.entry(piece.0).or_default().push(piece.1);
        }
    }
    let mut out = Vec::new();
    for (start, _) in pieces {
        let Some(first) = out_of.get_mut(start).and_then(Vec::pop) else {
            continue;
        };
        let (mut ring, mut from, mut at) = (vec![nodes.at(*start)], *start, first);
        while at != *start {
            ring.push(nodes.at(at));
            let Some(choices) = out_of.get_mut(&at) else {
                break;
            };
            let left = |to: usize| turn(nodes.at(from), nodes.at(at), nodes.at(to));
            let best = (0..choices.len()).max_by(|i, j| {
                let of = |idx: &usize| choices.get(*idx).map_or(f64::MIN, |to| left(*to));
                of(i).total_cmp(&of(j))
            });
            let Some(best) = best else { break };
            let next = choices.swap_remove(best);
            (from, at) = (at, next);
        }
        if at == *start && ring.len() >= 3 {
            out.push(ring);
        }
    }
    out
}

/// Rings that turn left are shells, the others holes of the shell around them.
fn assemble(rings: Vec<Vec<Vector>>) -> Parts {
    let half = 2.0 * std::f64::consts::PI;
    let (shells, holes): (Vec<_>, Vec<_>) =
        rings.into_iter().partition(|ring| left_area(ring) <= half);
    let mut parts: Parts = shells
        .into_iter()
        .map(|ring| vec![Loop::new(ring)])
        .collect();
    for hole in holes {
        let hole = Loop::new(hole);
        let Some(place) = hole.edges().next().map(|edge| interpolate(edge, 0.5)) else {
            continue;
        };
        let holds = |part: &&mut Vec<Loop>| part.first().is_some_and(|shell| shell.contains(place));
        if let Some(part) = parts.iter_mut().find(holds) {
            part.push(hole);
        }
    }
    parts
}

fn united(a: &[Vec<Loop>], b: &[Vec<Loop>]) -> Parts {
    let mut nodes = Nodes::default();
    let cut = cut(&directed(a), &directed(b), &mut nodes);
    let kept = keep((a, b), &cut, &nodes, false);
    assemble(rings(&kept.border, &nodes))
}

/// Parts that may overlap as parts that don't.
pub(super) fn dissolved(parts: Parts) -> Parts {
    let mut parts = parts.into_iter();
    let first: Parts = parts.next().into_iter().collect();
    parts.fold(first, |all, part| united(&all, std::slice::from_ref(&part)))
}

fn positions(parts: &[Vec<Loop>]) -> Vec<Vec<Vec<Position>>> {
    let ring = |(idx, ring): (usize, &Loop)| -> Vec<Position> {
        let points = ring.points.iter().map(|p| degrees(*p));
        if idx == 0 {
            points.collect()
        } else {
            points.rev().collect()
        }
    };
    parts
        .iter()
        .map(|part| part.iter().enumerate().map(ring).collect())
        .collect()
}

fn intersection(a: &[Vec<Loop>], b: &[Vec<Loop>]) -> Value {
    let mut nodes = Nodes::default();
    let cut = cut(&directed(a), &directed(b), &mut nodes);
    let kept = keep((a, b), &cut, &nodes, true);
    let parts = assemble(rings(&kept.border, &nodes));
    let lines = joined(
        kept.touching
            .iter()
            .map(|(u, v)| [degrees(nodes.at(*u)), degrees(nodes.at(*v))])
            .collect(),
    );
    let ends =
        |pieces: &[Piece]| -> HashSet<usize> { pieces.iter().flat_map(|p| [p.0, p.1]).collect() };
    let (used, other) = (ends(&kept.border), ends(&kept.touching));
    let mut alone: Vec<usize> = ends(&cut.0).intersection(&ends(&cut.1)).copied().collect();
    alone.retain(|id| !used.contains(id) && !other.contains(id));
    alone.sort_unstable();
    let points: Vec<Position> = alone.into_iter().map(|id| degrees(nodes.at(id))).collect();
    if parts.is_empty() {
        return collection(&points, lines);
    }
    let polygons = polygons_json(positions(&parts));
    if points.is_empty() && lines.is_empty() {
        return polygons;
    }
    match collection(&points, lines) {
        Value::Object(mut map) if map.contains_key("geometries") => {
            if let Some(Value::Array(all)) = map.get_mut("geometries") {
                all.push(polygons);
            }
            Value::Object(map)
        }
        other => json!({"type": "GeometryCollection", "geometries": [other, polygons]}),
    }
}

/// Most corners of what is united.
const EDGES_MAX: usize = 10_000;

fn union_array(args: &[Datum<'_>]) -> Option<Value> {
    let mut parts = Parts::new();
    for item in items(args, 0)? {
        parts.extend(Polygons::from_json(&item)?.parts);
    }
    let n_edges: usize = parts.iter().flatten().map(|ring| ring.points.len()).sum();
    if parts.is_empty() || n_edges > EDGES_MAX {
        return None;
    }
    Some(polygons_json(positions(&dissolved(parts))))
}

/// Most edges that a buffer is drawn around.
const BUFFERED_EDGES_MAX: usize = 1_000;

/// The union of `inside` and what lies within the radius of each edge.
fn buffer(args: &[Datum<'_>], edges: &[Edge], inside: Parts) -> Option<Value> {
    let radius = number(args, 1).filter(|r| *r > 0.0)?;
    let tolerance = number_or(args, 2, super::line::TOLERANCE_M).filter(|t| *t > 0.0)?;
    let (n, reach) = circle(radius, tolerance)?;
    if edges.len() > BUFFERED_EDGES_MAX {
        return None;
    }
    let capsules = edges
        .iter()
        .map(|edge| vec![vec![Loop::new(capsule(*edge, n, reach))]]);
    let all = capsules.fold(inside, |all, capsule| {
        if all.is_empty() {
            capsule
        } else {
            united(&all, &capsule)
        }
    });
    Some(polygons_json(positions(&all)))
}

/// Half a circle around each end of an edge.
fn capsule((a, b): Edge, n: u32, reach: f64) -> Vec<Vector> {
    let half = |center: Vector, toward: Vector| {
        let ahead = unit(cross(cross(center, toward), center));
        let left = cross(center, ahead);
        (0..=n / 2).map(move |step| {
            let turn = std::f64::consts::FRAC_PI_2
                + std::f64::consts::TAU * f64::from(step) / f64::from(n);
            around(center, ahead, left, turn, reach)
        })
    };
    half(a, b).chain(half(b, a)).collect()
}
