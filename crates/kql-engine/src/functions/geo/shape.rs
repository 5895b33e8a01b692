//! GeoJSON lines and polygons, checked as the reference asks: valid coordinates, no edge that is a point or half
//! a great circle, closed rings that don't cross themselves.

use serde_json::{Value, json};

use super::sphere::{self, Edge, Loop, Vector, dot, vector};
use crate::values::{Datum, dynamic};

pub(super) type Position = [f64; 2];

pub(super) fn valid([longitude, latitude]: Position) -> Option<Position> {
    (longitude.abs() <= 180.0 && latitude.abs() <= 90.0).then_some([longitude, latitude])
}

/// One or several lines.
pub(super) struct Lines {
    pub(super) positions: Vec<Vec<Position>>,
    pub(super) lines: Vec<Vec<Vector>>,
}

/// One or several polygons, each of a shell and holes.
pub(super) struct Polygons {
    /// Rings as they came, without the repeated last position.
    pub(super) positions: Vec<Vec<Vec<Position>>>,
    pub(super) parts: Vec<Vec<Loop>>,
}

fn position(value: &Value) -> Option<Position> {
    match value.as_array()?.as_slice() {
        [longitude, latitude, ..] => valid([longitude.as_f64()?, latitude.as_f64()?]),
        _ => None,
    }
}

fn positions(value: &Value) -> Option<Vec<Position>> {
    value.as_array()?.iter().map(position).collect()
}

/// The object's type and coordinates.
fn geometry(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object()?;
    Some((object.get("type")?.as_str()?, object.get("coordinates")?))
}

fn sound_edge((a, b): Edge) -> bool {
    a != b && dot(a, b) > -1.0 + 1e-15
}

impl Lines {
    pub(super) fn read(arg: Option<&Datum<'_>>) -> Option<Self> {
        Self::from_json(&dynamic::to_json(arg?))
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let positions: Vec<Vec<Position>> = match geometry(value)? {
            ("LineString", line) => vec![positions(line)?],
            ("MultiLineString", lines) => lines
                .as_array()?
                .iter()
                .map(positions)
                .collect::<Option<_>>()?,
            _ => return None,
        };
        let lines: Vec<Vec<Vector>> = positions
            .iter()
            .map(|line| line.iter().map(|p| vector(*p)).collect())
            .collect();
        let sound = |line: &Vec<Vector>| line.len() >= 2 && sphere::edges(line).all(sound_edge);
        (!lines.is_empty() && lines.iter().all(sound)).then_some(Self { positions, lines })
    }

    pub(super) fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        self.lines.iter().flat_map(|line| sphere::edges(line))
    }
}

fn ring(value: &Value) -> Option<Vec<Position>> {
    let mut ring = positions(value)?;
    let closed = ring.len() >= 4 && ring.first() == ring.last();
    ring.pop();
    closed.then_some(ring)
}

/// Rings longer than this are not searched for crossings of their own edges.
const CHECKED_EDGES_MAX: usize = 2_000;

fn ring_loop(ring: &[Position]) -> Option<Loop> {
    let around = Loop::new(ring.iter().map(|p| vector(*p)).collect());
    let edges: Vec<Edge> = around.edges().collect();
    if !edges.iter().all(|edge| sound_edge(*edge)) {
        return None;
    }
    if edges.len() <= CHECKED_EDGES_MAX {
        for (idx, first) in edges.iter().enumerate() {
            for second in edges.iter().skip(idx + 1) {
                if first.0 == second.0 || sphere::crossing(*first, *second).is_some() {
                    return None;
                }
            }
        }
    }
    Some(around)
}

impl Polygons {
    pub(super) fn read(arg: Option<&Datum<'_>>) -> Option<Self> {
        Self::from_json(&dynamic::to_json(arg?))
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let rings = |value: &Value| -> Option<Vec<Vec<Position>>> {
            value.as_array()?.iter().map(ring).collect()
        };
        let positions: Vec<Vec<Vec<Position>>> = match geometry(value)? {
            ("Polygon", polygon) => vec![rings(polygon)?],
            ("MultiPolygon", polygons) => polygons
                .as_array()?
                .iter()
                .map(rings)
                .collect::<Option<_>>()?,
            _ => return None,
        };
        let parts: Vec<Vec<Loop>> = positions
            .iter()
            .map(|rings| rings.iter().map(|ring| ring_loop(ring)).collect())
            .collect::<Option<_>>()?;
        let sound = !parts.is_empty() && parts.iter().all(|part| !part.is_empty());
        sound.then_some(Self { positions, parts })
    }

    pub(super) fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        self.parts.iter().flatten().flat_map(Loop::edges)
    }

    pub(super) fn contains(&self, x: Vector) -> bool {
        self.parts.iter().any(|part| match part.split_first() {
            Some((shell, holes)) => shell.contains(x) && !holes.iter().any(|hole| hole.contains(x)),
            None => false,
        })
    }
}

pub(super) fn point_json([longitude, latitude]: Position) -> Value {
    json!({"type": "Point", "coordinates": [longitude, latitude]})
}

/// A `LineString`, or a `MultiLineString` when there are several.
pub(super) fn lines_json(lines: Vec<Vec<Position>>) -> Value {
    match lines.as_slice() {
        [line] => json!({"type": "LineString", "coordinates": line}),
        _ => json!({"type": "MultiLineString", "coordinates": lines}),
    }
}

/// A `Polygon`, or a `MultiPolygon` when there are several. Rings are closed here.
pub(super) fn polygons_json(mut polygons: Vec<Vec<Vec<Position>>>) -> Value {
    for ring in polygons.iter_mut().flatten() {
        ring.extend(ring.first().copied());
    }
    match polygons.as_slice() {
        [polygon] => json!({"type": "Polygon", "coordinates": polygon}),
        _ => json!({"type": "MultiPolygon", "coordinates": polygons}),
    }
}

/// Points and lines as the simplest geometry that holds them; an empty collection when there are none.
pub(super) fn collection(points: &[Position], lines: Vec<Vec<Position>>) -> Value {
    let points = match points {
        [] => None,
        [point] => Some(point_json(*point)),
        _ => Some(json!({"type": "MultiPoint", "coordinates": points})),
    };
    let lines = (!lines.is_empty()).then(|| lines_json(lines));
    match (points, lines) {
        (Some(one), None) | (None, Some(one)) => one,
        (points, lines) => {
            let geometries: Vec<Value> = points.into_iter().chain(lines).collect();
            json!({"type": "GeometryCollection", "geometries": geometries})
        }
    }
}
