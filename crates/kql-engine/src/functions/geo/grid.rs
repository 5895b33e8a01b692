//! Grid cells: Geohash, S2 and H3.

use std::collections::{HashSet, VecDeque};

use h3o::{CellIndex, LatLng, Resolution};
use s2::cell::Cell;
use s2::cellid::CellID;
use serde_json::{Value, json};

use super::super::array::json as array_json;
use super::super::regex_fn::text;
use super::super::{Kernel, lenient, strict};
use super::shape::{Lines, Polygons, Position, point_json, polygons_json};
use super::sphere::{EARTH_RADIUS_M, Edge, Vector, angle, crossing, degrees, nearest, vector};
use super::{json, number_or, position};
use crate::values::Datum;

pub(in super::super) const KERNELS: &[Kernel] = &[
    lenient(&["geo_point_to_geohash"], |_, args| {
        string(whole(args, 2, 5, 1..=18).and_then(|n| geohash(position(args, 0)?, n)))
    }),
    lenient(&["geo_geohash_to_central_point"], |_, args| {
        json(
            geohash_box(text(args, 0)).map(|[low, high]| {
                point_json([(low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0])
            }),
        )
    }),
    lenient(&["geo_geohash_to_polygon"], |_, args| {
        json(geohash_box(text(args, 0)).map(|[low, high]| {
            let ring = vec![low, [high[0], low[1]], high, [low[0], high[1]]];
            polygons_json(vec![vec![ring]])
        }))
    }),
    lenient(&["geo_geohash_neighbors"], |_, args| {
        list(geohash_neighbors(text(args, 0)))
    }),
    lenient(&["geo_point_to_s2cell"], |_, args| {
        let cell = whole(args, 2, 11, 0..=30).and_then(|level| {
            let at = position(args, 0)?;
            let leaf = CellID::from(s2_point(vector(at)));
            Some(leaf.parent(u64::from(level)).to_token())
        });
        string(cell)
    }),
    lenient(&["geo_s2cell_to_central_point"], |_, args| {
        json(
            s2_cell(text(args, 0))
                .map(|cell| point_json(degrees(s2_vector(&s2::point::Point::from(cell))))),
        )
    }),
    lenient(&["geo_s2cell_to_polygon"], |_, args| {
        json(s2_cell(text(args, 0)).map(|cell| {
            let corners = Cell::from(cell).vertices();
            polygons_json(vec![vec![
                corners.iter().map(|p| degrees(s2_vector(p))).collect(),
            ]])
        }))
    }),
    lenient(&["geo_s2cell_neighbors"], |_, args| {
        list(s2_cell(text(args, 0)).map(|cell| {
            let mut seen = HashSet::new();
            let all = cell.all_neighbors(cell.level()).into_iter();
            all.filter(|c| seen.insert(c.0))
                .map(|c| c.to_token())
                .collect()
        }))
    }),
    strict(&["geo_line_to_s2cells"], |_, args| {
        let line = Lines::read(args.first());
        list(line.and_then(|line| s2_cover(args, &Area::line(&line))))
    }),
    strict(&["geo_polygon_to_s2cells"], |_, args| {
        let polygons = Polygons::read(args.first());
        list(polygons.and_then(|p| s2_cover(args, &Area::polygons(&p))))
    }),
    lenient(&["geo_point_to_h3cell"], |_, args| {
        let cell = resolution(args, 2, 6).and_then(|r| Some(h3_at(position(args, 0)?)?.to_cell(r)));
        string(cell.map(|cell| cell.to_string()))
    }),
    lenient(&["geo_h3cell_to_central_point"], |_, args| {
        json(h3_cell(args).map(|cell| {
            let center = LatLng::from(cell);
            point_json([center.lng(), center.lat()])
        }))
    }),
    lenient(&["geo_h3cell_to_polygon"], |_, args| {
        json(h3_cell(args).map(|cell| polygons_json(vec![vec![h3_ring(cell)]])))
    }),
    lenient(&["geo_h3cell_level"], |_, args| {
        h3_cell(args).map_or(Datum::Null, |cell| {
            Datum::Int(i32::from(u8::from(cell.resolution())))
        })
    }),
    lenient(&["geo_h3cell_parent"], |_, args| {
        let parent = h3_cell(args).and_then(|cell| {
            let own = u8::from(cell.resolution());
            cell.parent(resolution(args, 1, own.checked_sub(1)?)?)
        });
        string(parent.map(|cell| cell.to_string()))
    }),
    lenient(&["geo_h3cell_children"], |_, args| {
        list(h3_cell(args).and_then(|cell| {
            let own = u8::from(cell.resolution());
            let wanted = resolution(args, 1, own + 1)?;
            let fits = u8::from(wanted) >= own && cell.children_count(wanted) <= CELLS_MAX as u64;
            fits.then(|| cell.children(wanted).map(|c| c.to_string()).collect())
        }))
    }),
    lenient(&["geo_h3cell_neighbors"], |_, args| {
        list(h3_cell(args).map(|cell| names(cell.grid_ring::<Vec<_>>(1))))
    }),
    lenient(&["geo_h3cell_rings"], |_, args| {
        let rings = h3_cell(args).zip(whole(args, 1, 0, 0..=142));
        rings.map_or(Datum::Null, |(cell, distance)| {
            let ring = |k| json!(names(cell.grid_ring::<Vec<_>>(u32::from(k))));
            array_json((0..=distance).map(ring).collect())
        })
    }),
    strict(&["geo_polygon_to_h3cells"], |_, args| {
        list(Polygons::read(args.first()).and_then(|p| h3_cover(args, &p)))
    }),
];

/// Most cells of one answer, as the reference has it.
const CELLS_MAX: usize = 65_536;

fn string<'a>(text: Option<String>) -> Datum<'a> {
    Datum::string(text.unwrap_or_default())
}

fn list<'a>(cells: Option<Vec<String>>) -> Datum<'a> {
    cells.map_or(Datum::Null, |cells| {
        array_json(cells.into_iter().map(Value::from).collect())
    })
}

fn whole(
    args: &[Datum<'_>],
    idx: usize,
    default: u8,
    range: std::ops::RangeInclusive<u8>,
) -> Option<u8> {
    let value = match args.get(idx) {
        Some(value) => u8::try_from(crate::values::number::real_to_long(value.as_f64()?)?).ok()?,
        None => default,
    };
    range.contains(&value).then_some(value)
}

const GEOHASH_DIGITS: &str = "0123456789bcdefghjkmnpqrstuvwxyz";

/// Bits of longitude and latitude in a hash of this many digits; longitude has the first.
fn geohash_bits(n_digits: usize) -> [u32; 2] {
    let bits = u32::try_from(n_digits).unwrap_or(0) * 5;
    [bits.div_ceil(2), bits / 2]
}

fn geohash([longitude, latitude]: Position, n_digits: u8) -> Option<String> {
    let [lon_bits, lat_bits] = geohash_bits(usize::from(n_digits));
    let cell = |share: f64, bits: u32| {
        let most = 1u64 << bits;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let at = (share * most as f64) as u64;
        at.min(most - 1)
    };
    let lon = cell((longitude + 180.0) / 360.0, lon_bits);
    let lat = cell((latitude + 90.0) / 180.0, lat_bits);
    geohash_text([lon, lat], usize::from(n_digits))
}

fn geohash_text([lon, lat]: [u64; 2], n_digits: usize) -> Option<String> {
    let [lon_bits, lat_bits] = geohash_bits(n_digits);
    let bit = |idx: u32| {
        let (value, bits) = if idx.is_multiple_of(2) {
            (lon, lon_bits)
        } else {
            (lat, lat_bits)
        };
        usize::from(value >> (bits - 1 - idx / 2) & 1 == 1)
    };
    let digit = |n: u32| (0..5).fold(0, |digit, k| digit << 1 | bit(n * 5 + k));
    let digits = 0..u32::try_from(n_digits).ok()?;
    digits
        .map(|n| GEOHASH_DIGITS.chars().nth(digit(n)))
        .collect()
}

/// Column and row of the cell.
fn geohash_cell(hash: &str) -> Option<[u64; 2]> {
    if hash.is_empty() || hash.len() > 18 {
        return None;
    }
    let (mut cell, mut idx) = ([0u64; 2], 0);
    for c in hash.chars() {
        let digit = GEOHASH_DIGITS.find(c.to_ascii_lowercase())?;
        for shift in (0..5).rev() {
            let bit = u64::from(digit >> shift & 1 == 1);
            let side = cell.get_mut(idx % 2)?;
            *side = *side << 1 | bit;
            idx += 1;
        }
    }
    Some(cell)
}

fn geohash_box(hash: &str) -> Option<[Position; 2]> {
    let [lon, lat] = geohash_cell(hash)?;
    let [lon_bits, lat_bits] = geohash_bits(hash.len());
    #[allow(clippy::cast_precision_loss)]
    let edge =
        |at: u64, bits: u32, span: f64| at as f64 / (1u64 << bits) as f64 * span - span / 2.0;
    let corner = |dx, dy| {
        [
            edge(lon + dx, lon_bits, 360.0),
            edge(lat + dy, lat_bits, 180.0),
        ]
    };
    Some([corner(0, 0), corner(1, 1)])
}

/// The cells around, without those beyond a pole.
fn geohash_neighbors(hash: &str) -> Option<Vec<String>> {
    let [lon, lat] = geohash_cell(hash)?;
    let [lon_bits, lat_bits] = geohash_bits(hash.len());
    let (columns, rows) = (1i64 << lon_bits, 1i64 << lat_bits);
    let mut out = Vec::new();
    for dy in -1..=1 {
        for dx in -1..=1 {
            let row = lat.cast_signed() + dy;
            if (dx, dy) == (0, 0) || !(0..rows).contains(&row) {
                continue;
            }
            let column = (lon.cast_signed() + dx).rem_euclid(columns);
            out.extend(geohash_text(
                [column.cast_unsigned(), row.cast_unsigned()],
                hash.len(),
            ));
        }
    }
    Some(out)
}

fn s2_point([x, y, z]: Vector) -> s2::point::Point {
    s2::point::Point::from_coords(x, y, z)
}

fn s2_vector(point: &s2::point::Point) -> Vector {
    [point.0.x, point.0.y, point.0.z]
}

fn s2_cell(token: &str) -> Option<CellID> {
    if token.is_empty() || token.len() > 16 {
        return None;
    }
    let cell = CellID::from_token(token);
    cell.is_valid().then_some(cell)
}

/// What cells are to cover: edges, a place on each connected part, and an inside.
struct Area<'s> {
    edges: Vec<Edge>,
    inside: Box<dyn Fn(Vector) -> bool + 's>,
}

impl<'s> Area<'s> {
    fn line(line: &Lines) -> Self {
        Self {
            edges: line.edges().collect(),
            inside: Box::new(|_| false),
        }
    }

    fn polygons(polygons: &'s Polygons) -> Self {
        Self {
            edges: polygons.edges().collect(),
            inside: Box::new(|x| polygons.contains(x)),
        }
    }

    /// True when the cell with these corners comes within `radius` (in radians) of the area.
    fn reaches(&self, corners: &[Vector], center: Vector, radius: f64) -> bool {
        if (self.inside)(center) {
            return true;
        }
        let widest = corners
            .iter()
            .map(|c| angle(center, *c))
            .fold(0.0, f64::max);
        let close = corners.last().zip(corners.first()).map(|(a, b)| (*a, *b));
        let sides: Vec<Edge> = super::sphere::edges(corners).chain(close).collect();
        let within = |x: Vector| {
            sides.iter().all(|(a, b)| {
                let pole = super::sphere::normal(*a, *b);
                super::sphere::dot(pole, x) * super::sphere::dot(pole, center) >= 0.0
            })
        };
        self.edges.iter().any(|edge| {
            let place = nearest(*edge, center);
            if angle(place, center) > widest + radius {
                return false;
            }
            within(edge.0)
                || within(place)
                || sides.iter().any(|side| {
                    crossing(*edge, *side).is_some()
                        || (radius > 0.0 && apart(*edge, *side) <= radius)
                })
        }) || corners.iter().any(|corner| (self.inside)(*corner))
    }
}

/// Distance of edges that don't cross.
fn apart(a: Edge, b: Edge) -> f64 {
    let to = |edge: Edge, x: Vector| angle(nearest(edge, x), x);
    to(a, b.0).min(to(a, b.1)).min(to(b, a.0)).min(to(b, a.1))
}

fn radius(args: &[Datum<'_>]) -> Option<f64> {
    let metres = number_or(args, 2, 0.0).filter(|r| *r >= 0.0)?;
    Some(metres / EARTH_RADIUS_M)
}

/// The cells of one level that the area touches, found from the six faces down.
fn s2_cover(args: &[Datum<'_>], area: &Area<'_>) -> Option<Vec<String>> {
    let level = u64::from(whole(args, 1, 11, 0..=30)?);
    let radius = radius(args)?;
    let mut queue: Vec<CellID> = (0..6).map(CellID::from_face).collect();
    let mut out = Vec::new();
    while let Some(id) = queue.pop() {
        let cell = Cell::from(id);
        let corners = cell.vertices().map(|p| s2_vector(&p));
        if !area.reaches(&corners, s2_vector(&cell.center()), radius) {
            continue;
        }
        if id.level() >= level {
            out.push(id.to_token());
            if out.len() > CELLS_MAX {
                return None;
            }
        } else {
            queue.extend(id.children());
        }
    }
    Some(out)
}

fn resolution(args: &[Datum<'_>], idx: usize, default: u8) -> Option<Resolution> {
    Resolution::try_from(whole(args, idx, default, 0..=15)?).ok()
}

fn h3_at([longitude, latitude]: Position) -> Option<LatLng> {
    LatLng::new(latitude, longitude).ok()
}

fn h3_cell(args: &[Datum<'_>]) -> Option<CellIndex> {
    text(args, 0).parse().ok()
}

fn h3_ring(cell: CellIndex) -> Vec<Position> {
    cell.boundary().iter().map(|c| [c.lng(), c.lat()]).collect()
}

fn names(cells: Vec<CellIndex>) -> Vec<String> {
    cells.into_iter().map(|cell| cell.to_string()).collect()
}

/// The cells whose centre lies in the polygon or within the radius of it, found by walking over those it touches.
fn h3_cover(args: &[Datum<'_>], polygons: &Polygons) -> Option<Vec<String>> {
    let resolution = resolution(args, 1, 6)?;
    let radius = radius(args)?;
    let area = Area::polygons(polygons);
    let starts = polygons.positions.iter().flatten().flatten();
    let mut queue: VecDeque<CellIndex> = starts
        .filter_map(|p| Some(h3_at(*p)?.to_cell(resolution)))
        .collect();
    let mut seen: HashSet<CellIndex> = queue.iter().copied().collect();
    let mut out = Vec::new();
    while let Some(cell) = queue.pop_front() {
        let corners: Vec<Vector> = h3_ring(cell).into_iter().map(vector).collect();
        let center = LatLng::from(cell);
        let center = vector([center.lng(), center.lat()]);
        if !area.reaches(&corners, center, radius) {
            continue;
        }
        let near = |edge: &Edge| angle(nearest(*edge, center), center) <= radius;
        if (area.inside)(center) || area.edges.iter().any(near) {
            out.push(cell.to_string());
        }
        if out.len() > CELLS_MAX {
            return None;
        }
        let around = cell.grid_ring::<Vec<_>>(1);
        queue.extend(around.into_iter().filter(|next| seen.insert(*next)));
    }
    Some(out)
}
