//! Polygons made simpler together: what two of them share stays shared.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::super::{Kernel, strict};
use super::line::{TOLERANCE_M, sparse_chain};
use super::shape::{Polygons, Position, polygons_json};
use super::sphere::{EARTH_RADIUS_M, vector};
use super::{json, number_or};
use crate::values::Datum;

pub(in super::super) const KERNELS: &[Kernel] =
    &[strict(&["geo_simplify_polygons_array"], |_, args| {
        json(simplify(args))
    })];

/// A position that can be hashed.
type Corner = [u64; 2];

fn corner(at: Position) -> Corner {
    at.map(f64::to_bits)
}

/// All polygons as one geometry. A shape that is no polygon makes it null, as do polygons of which nothing remains.
fn simplify(args: &[Datum<'_>]) -> Option<Value> {
    let tolerance = number_or(args, 1, TOLERANCE_M).filter(|t| *t >= 0.0)? / EARTH_RADIUS_M;
    let mut parts: Vec<Vec<Vec<Position>>> = Vec::new();
    for item in &super::super::array::items(args, 0)? {
        parts.extend(Polygons::from_json(item)?.positions);
    }
    let junctions = junctions(&parts);
    let mut out = Vec::new();
    for part in &parts {
        let mut rings = part.iter().map(|ring| simple(ring, &junctions, tolerance));
        if let Some(shell) = rings.next().filter(|ring| ring.len() >= 3) {
            let holes = rings.filter(|ring| ring.len() >= 3);
            out.push(std::iter::once(shell).chain(holes).collect());
        }
    }
    (!out.is_empty()).then(|| polygons_json(out))
}

/// Where borders meet or part: corners with other than two neighbours.
fn junctions(parts: &[Vec<Vec<Position>>]) -> HashSet<Corner> {
    let mut neighbours: HashMap<Corner, HashSet<Corner>> = HashMap::new();
    for ring in parts.iter().flatten() {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let (a, b) = (corner(*a), corner(*b));
            neighbours.entry(a).or_default().insert(b);
            neighbours.entry(b).or_default().insert(a);
        }
    }
    neighbours.retain(|_, around| around.len() != 2);
    neighbours.into_keys().collect()
}

/// The ring with each chain between two junctions simplified on its own.
fn simple(ring: &[Position], junctions: &HashSet<Corner>, tolerance: f64) -> Vec<Position> {
    let is_junction = |at: &Position| junctions.contains(&corner(*at));
    // A ring without a junction begins at its least corner, wherever it was written to begin.
    let least = || {
        let corners = ring.iter().enumerate();
        corners
            .min_by_key(|(_, at)| corner(**at))
            .map_or(0, |(idx, _)| idx)
    };
    let start = ring.iter().position(is_junction).unwrap_or_else(least);
    let (before, after) = ring.split_at(start.min(ring.len()));
    let around = after.iter().chain(before).chain(after.first());
    let mut out = Vec::new();
    let mut chain: Vec<Position> = Vec::new();
    for at in around {
        chain.push(*at);
        if chain.len() > 1 && is_junction(at) {
            out.extend(simple_chain(&chain, tolerance));
            chain = vec![*at];
        }
    }
    if chain.len() > 1 {
        out.extend(simple_chain(&chain, tolerance));
    }
    out
}

/// The kept positions but the last. Both rings that share a chain walk it from the same end here.
fn simple_chain(chain: &[Position], tolerance: f64) -> Vec<Position> {
    let ends = |chain: &[Position]| {
        let second = chain.get(1).map(|at| corner(*at));
        (chain.first().map(|at| corner(*at)), second)
    };
    let mut way = chain.to_vec();
    let mut reversed = chain.to_vec();
    reversed.reverse();
    let turned = ends(&reversed) < ends(&way);
    if turned {
        way = reversed;
    }
    let points: Vec<_> = way.iter().map(|at| vector(*at)).collect();
    let kept = sparse_chain(&points, tolerance).into_iter();
    let mut kept: Vec<Position> = kept.filter_map(|idx| way.get(idx).copied()).collect();
    if turned {
        kept.reverse();
    }
    kept.pop();
    kept
}
