//! Vectors of length one, edges between them, and loops of edges.

/// Radius of the sphere in metres: the one that reproduces the documented distances.
pub(super) const EARTH_RADIUS_M: f64 = 6_371_010.0;

pub(super) type Vector = [f64; 3];
pub(super) type Edge = (Vector, Vector);

pub(super) fn vector([longitude, latitude]: [f64; 2]) -> Vector {
    let (sin_lon, cos_lon) = longitude.to_radians().sin_cos();
    let (sin_lat, cos_lat) = latitude.to_radians().sin_cos();
    [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
}

pub(super) fn degrees([x, y, z]: Vector) -> [f64; 2] {
    // The sum makes a negative zero positive.
    [
        y.atan2(x).to_degrees() + 0.0,
        z.atan2(x.hypot(y)).to_degrees() + 0.0,
    ]
}

pub(super) fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(super) fn sub(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(super) fn scale(a: Vector, by: f64) -> Vector {
    [a[0] * by, a[1] * by, a[2] * by]
}

pub(super) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: Vector, b: Vector) -> Vector {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

/// A vector along a × b. The sum and the difference of near vectors lose fewer digits than their own product.
pub(super) fn normal(a: Vector, b: Vector) -> Vector {
    cross(add(a, b), sub(b, a))
}

pub(super) fn norm(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

pub(super) fn unit(a: Vector) -> Vector {
    let length = norm(a);
    if length > 0.0 {
        scale(a, 1.0 / length)
    } else {
        a
    }
}

/// Angle between two unit vectors.
pub(super) fn angle(a: Vector, b: Vector) -> f64 {
    2.0 * norm(sub(a, b)).atan2(norm(add(a, b)))
}

/// The point that lies the fraction `t` along the edge.
pub(super) fn interpolate((a, b): Edge, t: f64) -> Vector {
    if t <= 0.0 {
        return a;
    }
    if t >= 1.0 {
        return b;
    }
    let tangent = unit(cross(normal(a, b), a));
    let (sin, cos) = (t * angle(a, b)).sin_cos();
    unit(add(scale(a, cos), scale(tangent, sin)))
}

/// The point of an edge that is nearest to `x`.
pub(super) fn nearest((a, b): Edge, x: Vector) -> Vector {
    let pole = normal(a, b);
    let length = dot(pole, pole);
    if length > 0.0 {
        let foot = sub(x, scale(pole, dot(x, pole) / length));
        if dot(cross(pole, a), foot) > 0.0 && dot(cross(b, pole), foot) > 0.0 {
            return unit(foot);
        }
    }
    if angle(x, a) <= angle(x, b) { a } else { b }
}

/// The nearest of all points of the edges, and how far it is in radians.
pub(super) fn nearest_of(edges: impl Iterator<Item = Edge>, x: Vector) -> Option<(Vector, f64)> {
    edges
        .map(|edge| nearest(edge, x))
        .map(|point| (point, angle(point, x)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
}

/// Where two edges cross inside both; edges that only touch don't cross.
pub(super) fn crossing((a, b): Edge, (c, d): Edge) -> Option<Vector> {
    if a == c || a == d || b == c || b == d {
        return None;
    }
    let (ab, cd) = (normal(a, b), normal(c, d));
    let (side_c, side_d) = (dot(ab, c), dot(ab, d));
    let (side_a, side_b) = (dot(cd, a), dot(cd, b));
    if side_c * side_d >= 0.0 || side_a * side_b >= 0.0 || side_c * side_b <= 0.0 {
        return None;
    }
    let at = unit(cross(unit(ab), unit(cd)));
    Some(if dot(at, add(a, b)) < 0.0 {
        scale(at, -1.0)
    } else {
        at
    })
}

/// Twice the tangent-sum form of a triangle's signed area (positive when counter-clockwise).
fn triangle_area(a: Vector, b: Vector, c: Vector) -> f64 {
    let volume = dot(a, cross(sub(b, a), sub(c, a)));
    2.0 * volume.atan2(1.0 + dot(a, b) + dot(b, c) + dot(c, a))
}

pub(super) fn edges(points: &[Vector]) -> impl Iterator<Item = Edge> + '_ {
    points
        .iter()
        .zip(points.iter().skip(1))
        .map(|(a, b)| (*a, *b))
}

/// What lies to the left of a closed way, in steradians.
pub(super) fn left_area(points: &[Vector]) -> f64 {
    let area: f64 = match points.split_first() {
        Some((first, rest)) => edges(rest).map(|(b, c)| triangle_area(*first, b, c)).sum(),
        None => 0.0,
    };
    if area < 0.0 {
        area + 4.0 * std::f64::consts::PI
    } else {
        area
    }
}

/// A closed loop without its repeated last point; its inside is the smaller side, to the left.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    pub(super) points: Vec<Vector>,
    area: f64,
}

impl Loop {
    pub(super) fn new(mut points: Vec<Vector>) -> Self {
        let sphere = 4.0 * std::f64::consts::PI;
        let left = left_area(&points);
        if left > sphere / 2.0 {
            points.reverse();
        }
        Self {
            points,
            area: left.min(sphere - left),
        }
    }

    pub(super) fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        let close = self.points.last().zip(self.points.first());
        edges(&self.points).chain(close.map(|(a, b)| (*a, *b)))
    }

    /// Steradians.
    pub(super) fn area(&self) -> f64 {
        self.area
    }

    /// Integral of the position over the inside: half the sum over the edges of length times pole.
    pub(super) fn moment(&self) -> Vector {
        let parts = self
            .edges()
            .map(|(a, b)| scale(unit(normal(a, b)), angle(a, b) / 2.0));
        parts.fold([0.0; 3], add)
    }

    /// The loop goes once around `x` counter-clockwise when `x` is inside. Its border is part of it.
    pub(super) fn contains(&self, x: Vector) -> bool {
        let mut turn = 0.0;
        for (a, b) in self.edges() {
            if angle(nearest((a, b), x), x) < BORDER_RADIANS {
                return true;
            }
            let (u, v) = (cross(x, a), cross(x, b));
            turn += dot(x, cross(u, v)).atan2(dot(u, v));
        }
        turn > std::f64::consts::PI
    }
}

/// A point this near to an edge is on it (less than a tenth of a micrometre on the ground).
pub(super) const BORDER_RADIANS: f64 = 1e-14;
