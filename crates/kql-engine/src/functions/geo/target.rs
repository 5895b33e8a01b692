//! Lines and polygons that many points are measured against.

use std::f64::consts::FRAC_PI_2;

use super::shape::{Lines, Polygons, valid};
use super::sphere::{EARTH_RADIUS_M, Vector, add, angle, nearest_of, unit, vector};
use crate::values::Datum;

enum Shape {
    Lines(Lines),
    Polygons(Polygons),
}

/// A line or polygon with a circle around it, which tells most points that they are too far away.
pub(crate) struct Target {
    shape: Shape,
    center: Vector,
    /// Radians; infinite when the shape does not fit a hemisphere.
    radius: f64,
}

impl Target {
    pub(crate) fn line(value: &Datum<'_>) -> Option<Self> {
        let lines = Lines::read(Some(value))?;
        let points: Vec<Vector> = lines.lines.iter().flatten().copied().collect();
        Some(Self::around(Shape::Lines(lines), &points))
    }

    pub(crate) fn polygon(value: &Datum<'_>) -> Option<Self> {
        let polygons = Polygons::read(Some(value))?;
        let corners = polygons.edges().map(|(corner, _)| corner);
        let points: Vec<Vector> = corners.collect();
        Some(Self::around(Shape::Polygons(polygons), &points))
    }

    fn around(shape: Shape, points: &[Vector]) -> Self {
        let center = unit(points.iter().copied().fold([0.0; 3], add));
        let far = points.iter().map(|p| angle(center, *p));
        let radius = far.fold(0.0, f64::max);
        // A circle that is less than half of the sphere holds the edges between the points in it.
        let radius = if radius < FRAC_PI_2 {
            radius
        } else {
            f64::INFINITY
        };
        Self {
            shape,
            center,
            radius,
        }
    }

    /// True when the place is inside of a polygon, or not farther than this from it or from a line.
    pub(crate) fn within(&self, place: &Place, metres: f64) -> bool {
        let most = metres / EARTH_RADIUS_M;
        if angle(self.center, place.0) > self.radius + most + SLACK_RADIANS {
            return false;
        }
        let near = |found: Option<(Vector, f64)>| found.is_some_and(|(_, apart)| apart <= most);
        match &self.shape {
            Shape::Lines(lines) => near(nearest_of(lines.edges(), place.0)),
            Shape::Polygons(polygons) => {
                polygons.contains(place.0)
                    || (most > 0.0 && near(nearest_of(polygons.edges(), place.0)))
            }
        }
    }
}

/// What rounding may add to an angle.
const SLACK_RADIANS: f64 = 1e-12;

/// A point on Earth.
pub(crate) struct Place(Vector);

impl Place {
    /// `None` for coordinates out of range.
    pub(crate) fn new(longitude: f64, latitude: f64) -> Option<Self> {
        valid([longitude, latitude]).map(|position| Self(vector(position)))
    }
}
