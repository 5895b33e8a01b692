//! Geospatial functions.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "geo_angle",
        &[
            "(p1_longitude: number, p1_latitude: number, p2_longitude: number, p2_latitude: number, p3_longitude: number, p3_latitude: number) -> real",
        ],
        "Computes the angle of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_azimuth",
        &[
            "(p1_longitude: number, p1_latitude: number, p2_longitude: number, p2_latitude: number) -> real",
        ],
        "Computes the azimuth of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_closest_point_on_line",
        &["(longitude: number, latitude: number, line_string: bag) -> dynamic"],
        "Computes the closest point on line of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_closest_point_on_polygon",
        &["(longitude: number, latitude: number, polygon: bag) -> dynamic"],
        "Computes the closest point on polygon of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_distance_2points",
        &[
            "(p1_longitude: number, p1_latitude: number, p2_longitude: number, p2_latitude: number, use_spheroid: number_or_bool?) -> real",
        ],
        "Computes the distance two points of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_distance_point_to_line",
        &["(longitude: number, latitude: number, line_string: bag) -> real"],
        "Gives the line of a distance point.",
    ),
    Function::new(
        "geo_distance_point_to_polygon",
        &["(longitude: number, latitude: number, polygon: bag) -> real"],
        "Gives the polygon of a distance point.",
    ),
    Function::new(
        "geo_from_wkt",
        &["(wkt: text_or_array) -> dynamic"],
        "Computes the from wkt of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_geohash_neighbors",
        &["(geohash: string) -> dynamic"],
        "Computes the geohash neighbors of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_geohash_to_central_point",
        &["(geohash: string) -> dynamic"],
        "Gives the central point of a geohash.",
    ),
    Function::new(
        "geo_geohash_to_polygon",
        &["(geohash: string) -> dynamic"],
        "Gives the polygon of a geohash.",
    ),
    Function::new(
        "geo_h3cell_children",
        &["(h3cell: string, resolution: number?) -> dynamic"],
        "Computes the h3cell children of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_h3cell_level",
        &["(h3cell: string) -> int"],
        "Computes the h3cell level of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_h3cell_neighbors",
        &["(h3cell: string) -> dynamic"],
        "Computes the h3cell neighbors of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_h3cell_parent",
        &["(h3cell: string, resolution: number?) -> string"],
        "Computes the h3cell parent of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_h3cell_rings",
        &["(h3cell: string, distance: number) -> dynamic"],
        "Computes the h3cell rings of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_h3cell_to_central_point",
        &["(h3cell: string) -> dynamic"],
        "Gives the central point of a h3cell.",
    ),
    Function::new(
        "geo_h3cell_to_polygon",
        &["(h3cell: string) -> dynamic"],
        "Gives the polygon of a h3cell.",
    ),
    Function::new(
        "geo_info_from_ip_address",
        &["(ip: string) -> dynamic"],
        "Location of an IP address.",
    ),
    Function::new(
        "geo_intersection_2lines",
        &["(line_string1: bag, line_string2: bag) -> dynamic"],
        "Computes the intersection two lines of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_intersection_2polygons",
        &["(polygon1: bag, polygon2: bag) -> dynamic"],
        "Computes the intersection two polygons of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_intersection_line_with_polygon",
        &["(line_string: bag, polygon: bag) -> dynamic"],
        "Computes the intersection line with polygon of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_intersects_2lines",
        &["(line_string1: bag, line_string2: bag) -> bool"],
        "True when intersects two lines (WGS84).",
    ),
    Function::new(
        "geo_intersects_2polygons",
        &["(polygon1: bag, polygon2: bag) -> bool"],
        "True when intersects two polygons (WGS84).",
    ),
    Function::new(
        "geo_intersects_line_with_polygon",
        &["(line_string: bag, polygon: bag) -> bool"],
        "True when intersects line with polygon (WGS84).",
    ),
    Function::new(
        "geo_line_buffer",
        &["(line_string: bag, radius: number, tolerance: number?) -> dynamic"],
        "Computes the line buffer of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_line_centroid",
        &["(line_string: bag) -> dynamic"],
        "Computes the line centroid of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_line_densify",
        &["(line_string: bag, tolerance: number?, preserve_crossing: number_or_bool?) -> dynamic"],
        "Computes the line densify of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_line_interpolate_point",
        &["(line_string: bag, fraction: number) -> dynamic"],
        "Computes the line interpolate point of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_line_length",
        &["(line_string: bag) -> real"],
        "Computes the line length of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_line_locate_point",
        &[
            "(line_string: bag, longitude: number, latitude: number, use_spheroid: number_or_bool?) -> real",
        ],
        "Computes the line locate point of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_line_simplify",
        &["(line_string: bag, tolerance: number?) -> dynamic"],
        "Computes the line simplify of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_line_to_s2cells",
        &["(line_string: bag, level: number?, radius: number?) -> dynamic"],
        "Gives the s2cells of a line.",
    ),
    Function::new(
        "geo_point_buffer",
        &["(longitude: number, latitude: number, radius: number, tolerance: number?) -> dynamic"],
        "Computes the point buffer of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_point_in_circle",
        &[
            "(p_longitude: number, p_latitude: number, pc_longitude: number, pc_latitude: number, c_radius: number) -> bool",
        ],
        "True when point in circle (WGS84).",
    ),
    Function::new(
        "geo_point_in_polygon",
        &["(longitude: number, latitude: number, polygon: bag) -> bool"],
        "True when point in polygon (WGS84).",
    ),
    Function::new(
        "geo_point_to_geohash",
        &["(longitude: number, latitude: number, accuracy: number?) -> string"],
        "Gives the geohash of a point.",
    ),
    Function::new(
        "geo_point_to_h3cell",
        &["(longitude: number, latitude: number, resolution: number?) -> string"],
        "Gives the h3cell of a point.",
    ),
    Function::new(
        "geo_point_to_s2cell",
        &["(longitude: number, latitude: number, level: number?) -> string"],
        "Gives the s2cell of a point.",
    ),
    Function::new(
        "geo_polygon_area",
        &["(polygon: bag) -> real"],
        "Computes the polygon area of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_polygon_buffer",
        &["(polygon: bag, radius: number, tolerance: number?) -> dynamic"],
        "Computes the polygon buffer of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_polygon_centroid",
        &["(polygon: bag) -> dynamic"],
        "Computes the polygon centroid of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_polygon_densify",
        &["(polygon: bag, tolerance: number?, preserve_crossing: number_or_bool?) -> dynamic"],
        "Computes the polygon densify of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_polygon_perimeter",
        &["(polygon: bag) -> real"],
        "Computes the polygon perimeter of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_polygon_simplify",
        &["(polygon: bag, tolerance: number?) -> dynamic"],
        "Computes the polygon simplify of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_polygon_to_h3cells",
        &["(polygon: bag, resolution: number?, radius: number?) -> dynamic"],
        "Gives the h3cells of a polygon.",
    ),
    Function::new(
        "geo_polygon_to_s2cells",
        &["(polygon: bag, level: number?, radius: number?) -> dynamic"],
        "Gives the s2cells of a polygon.",
    ),
    Function::new(
        "geo_s2cell_neighbors",
        &["(s2cell: string) -> dynamic"],
        "Computes the s2cell neighbors of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_s2cell_to_central_point",
        &["(s2cell: string) -> dynamic"],
        "Gives the central point of a s2cell.",
    ),
    Function::new(
        "geo_s2cell_to_polygon",
        &["(s2cell: string) -> dynamic"],
        "Gives the polygon of a s2cell.",
    ),
    Function::new(
        "geo_simplify_polygons_array",
        &["(polygons: array, tolerance: number?) -> dynamic"],
        "Computes the simplify polygons array of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_union_lines_array",
        &["(line_strings: array) -> dynamic"],
        "Computes the union lines array of places on Earth (WGS84).",
    ),
    Function::new(
        "geo_union_polygons_array",
        &["(polygons: array) -> dynamic"],
        "Computes the union polygons array of places on Earth (WGS84).",
    ),
];
