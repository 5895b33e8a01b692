//! Geospatial functions.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "geo_angle",
        &[
            "(p1_longitude: number, p1_latitude: number, p2_longitude: number, p2_latitude: number, p3_longitude: number, p3_latitude: number) -> real",
        ],
        "Clockwise angle in radians between the lines from the first point to the second and on to the third.",
    )
    .example("geo_angle(17.9, 59.6, 18.1, 59.3, 18.7, 59.8)"),
    Function::new(
        "geo_azimuth",
        &[
            "(p1_longitude: number, p1_latitude: number, p2_longitude: number, p2_latitude: number) -> real",
        ],
        "Direction from a point to another: clockwise angle in radians from true north.",
    )
    .example("geo_azimuth(Longitude, Latitude, 18.07, 59.33)"),
    Function::new(
        "geo_closest_point_on_line",
        &["(longitude: number, latitude: number, line_string: bag) -> dynamic"],
        "The point of a line that is nearest to a point, as GeoJSON.",
    )
    .example("geo_closest_point_on_line(Longitude, Latitude, Route)"),
    Function::new(
        "geo_closest_point_on_polygon",
        &["(longitude: number, latitude: number, polygon: bag) -> dynamic"],
        "The point of a polygon's border that is nearest to a point, as GeoJSON.",
    )
    .example("geo_closest_point_on_polygon(Longitude, Latitude, Area)"),
    Function::new(
        "geo_distance_2points",
        &[
            "(p1_longitude: number, p1_latitude: number, p2_longitude: number, p2_latitude: number, use_spheroid: number_or_bool?) -> real",
        ],
        "Shortest distance between two points in metres.",
    )
    .example("geo_distance_2points(18.07, 59.33, 11.97, 57.71) > 390000"),
    Function::new(
        "geo_distance_point_to_line",
        &["(longitude: number, latitude: number, line_string: bag) -> real"],
        "Shortest distance between a point and a line in metres.",
    )
    .example("geo_distance_point_to_line(Longitude, Latitude, Route)"),
    Function::new(
        "geo_distance_point_to_polygon",
        &["(longitude: number, latitude: number, polygon: bag) -> real"],
        "Shortest distance between a point and a polygon in metres.",
    )
    .example("geo_distance_point_to_polygon(Longitude, Latitude, Area)"),
    Function::new(
        "geo_from_wkt",
        &["(wkt: text_or_array) -> dynamic"],
        "GeoJSON of a geometry in well-known text.",
    )
    .example("geo_from_wkt(\"POINT (18.07 59.33)\").type == \"Point\""),
    Function::new(
        "geo_geohash_neighbors",
        &["(geohash: string) -> dynamic"],
        "Array of the geohashes around one.",
    )
    .example("array_length(geo_geohash_neighbors(\"u6sce\")) == 8"),
    Function::new(
        "geo_geohash_to_central_point",
        &["(geohash: string) -> dynamic"],
        "Centre of a geohash, as GeoJSON.",
    )
    .example("geo_geohash_to_central_point(\"u6sce\").type == \"Point\""),
    Function::new(
        "geo_geohash_to_polygon",
        &["(geohash: string) -> dynamic"],
        "Area of a geohash, as GeoJSON.",
    )
    .example("geo_geohash_to_polygon(\"u6sce\").type == \"Polygon\""),
    Function::new(
        "geo_h3cell_children",
        &["(h3cell: string, resolution: number?) -> dynamic"],
        "Array of the smaller H3 cells of a cell.",
    )
    .example("geo_h3cell_children(geo_point_to_h3cell(Longitude, Latitude, 6))"),
    Function::new(
        "geo_h3cell_level",
        &["(h3cell: string) -> int"],
        "Resolution of an H3 cell.",
    )
    .example("geo_h3cell_level(geo_point_to_h3cell(18.07, 59.33, 6)) == 6"),
    Function::new(
        "geo_h3cell_neighbors",
        &["(h3cell: string) -> dynamic"],
        "Array of the H3 cells around one.",
    )
    .example("geo_h3cell_neighbors(geo_point_to_h3cell(Longitude, Latitude, 6))"),
    Function::new(
        "geo_h3cell_parent",
        &["(h3cell: string, resolution: number?) -> string"],
        "The larger H3 cell that a cell is a part of.",
    )
    .example("geo_h3cell_parent(geo_point_to_h3cell(Longitude, Latitude, 8), 5)"),
    Function::new(
        "geo_h3cell_rings",
        &["(h3cell: string, distance: number) -> dynamic"],
        "Array of the rings of H3 cells around one, up to a distance.",
    )
    .example("geo_h3cell_rings(geo_point_to_h3cell(Longitude, Latitude, 6), 2)"),
    Function::new(
        "geo_h3cell_to_central_point",
        &["(h3cell: string) -> dynamic"],
        "Centre of an H3 cell, as GeoJSON.",
    )
    .example("geo_h3cell_to_central_point(geo_point_to_h3cell(18.07, 59.33)).type == \"Point\""),
    Function::new(
        "geo_h3cell_to_polygon",
        &["(h3cell: string) -> dynamic"],
        "Area of an H3 cell, as GeoJSON.",
    )
    .example("geo_h3cell_to_polygon(geo_point_to_h3cell(18.07, 59.33)).type == \"Polygon\""),
    Function::new(
        "geo_info_from_ip_address",
        &["(ip: string) -> dynamic"],
        "Location of an IP address.",
    )
    .example("geo_info_from_ip_address(IpAddress).country"),
    Function::new(
        "geo_intersection_2lines",
        &["(line_string1: bag, line_string2: bag) -> dynamic"],
        "Where two lines meet, as GeoJSON.",
    )
    .example("geo_intersection_2lines(Route, OtherRoute)"),
    Function::new(
        "geo_intersection_2polygons",
        &["(polygon1: bag, polygon2: bag) -> dynamic"],
        "What two polygons share, as GeoJSON.",
    )
    .example("geo_intersection_2polygons(Area, OtherArea)"),
    Function::new(
        "geo_intersection_line_with_polygon",
        &["(line_string: bag, polygon: bag) -> dynamic"],
        "The part of a line that lies in a polygon, as GeoJSON.",
    )
    .example("geo_intersection_line_with_polygon(Route, Area)"),
    Function::new(
        "geo_intersects_2lines",
        &["(line_string1: bag, line_string2: bag) -> bool"],
        "True when two lines meet.",
    )
    .example("geo_intersects_2lines(Route, OtherRoute)"),
    Function::new(
        "geo_intersects_2polygons",
        &["(polygon1: bag, polygon2: bag) -> bool"],
        "True when two polygons share a point.",
    )
    .example("geo_intersects_2polygons(Area, OtherArea)"),
    Function::new(
        "geo_intersects_line_with_polygon",
        &["(line_string: bag, polygon: bag) -> bool"],
        "True when a line and a polygon share a point.",
    )
    .example("geo_intersects_line_with_polygon(Route, Area)"),
    Function::new(
        "geo_line_buffer",
        &["(line_string: bag, radius: number, tolerance: number?) -> dynamic"],
        "Area within a distance in metres of a line, as GeoJSON.",
    )
    .example("geo_line_buffer(Route, 500)"),
    Function::new(
        "geo_line_centroid",
        &["(line_string: bag) -> dynamic"],
        "Centre of a line, as GeoJSON.",
    )
    .example("geo_line_centroid(Route)"),
    Function::new(
        "geo_line_densify",
        &["(line_string: bag, tolerance: number?, preserve_crossing: number_or_bool?) -> dynamic"],
        "The line with points added, so that it keeps its course when its edges are drawn straight.",
    )
    .example("geo_line_densify(Route, 1000)"),
    Function::new(
        "geo_line_interpolate_point",
        &["(line_string: bag, fraction: number) -> dynamic"],
        "The point at a fraction of a line's length, as GeoJSON.",
    )
    .example("geo_line_interpolate_point(Route, 0.5)"),
    Function::new(
        "geo_line_length",
        &["(line_string: bag) -> real"],
        "Length of a line in metres.",
    )
    .example("geo_line_length(Route) / 1000"),
    Function::new(
        "geo_line_locate_point",
        &[
            "(line_string: bag, longitude: number, latitude: number, use_spheroid: number_or_bool?) -> real",
        ],
        "Fraction of a line's length at which it is nearest to a point.",
    )
    .example("geo_line_locate_point(Route, Longitude, Latitude)"),
    Function::new(
        "geo_line_simplify",
        &["(line_string: bag, tolerance: number?) -> dynamic"],
        "The line without the points that matter less than a tolerance in metres.",
    )
    .example("geo_line_simplify(Route, 100)"),
    Function::new(
        "geo_line_to_s2cells",
        &["(line_string: bag, level: number?, radius: number?) -> dynamic"],
        "Array of the S2 cells that cover a line.",
    )
    .example("geo_line_to_s2cells(Route, 12)"),
    Function::new(
        "geo_point_buffer",
        &["(longitude: number, latitude: number, radius: number, tolerance: number?) -> dynamic"],
        "Area within a distance in metres of a point, as GeoJSON.",
    )
    .example("geo_point_buffer(Longitude, Latitude, 1000)"),
    Function::new(
        "geo_point_in_circle",
        &[
            "(p_longitude: number, p_latitude: number, pc_longitude: number, pc_latitude: number, c_radius: number) -> bool",
        ],
        "True when a point lies in a circle, given by its centre and its radius in metres.",
    )
    .example("geo_point_in_circle(18.07, 59.33, 18.06, 59.34, 5000) == true"),
    Function::new(
        "geo_point_in_polygon",
        &["(longitude: number, latitude: number, polygon: bag) -> bool"],
        "True when a point lies in a polygon.",
    )
    .example("geo_point_in_polygon(Longitude, Latitude, Area)"),
    Function::new(
        "geo_point_to_geohash",
        &["(longitude: number, latitude: number, accuracy: number?) -> string"],
        "Geohash of a point.",
    )
    .example("geo_point_to_geohash(18.07, 59.33, 5) == \"u6sce\""),
    Function::new(
        "geo_point_to_h3cell",
        &["(longitude: number, latitude: number, resolution: number?) -> string"],
        "H3 cell of a point.",
    )
    .example("geo_point_to_h3cell(Longitude, Latitude, 6)"),
    Function::new(
        "geo_point_to_s2cell",
        &["(longitude: number, latitude: number, level: number?) -> string"],
        "S2 cell of a point.",
    )
    .example("geo_point_to_s2cell(Longitude, Latitude, 8)"),
    Function::new(
        "geo_polygon_area",
        &["(polygon: bag) -> real"],
        "Area of a polygon in square metres.",
    )
    .example("geo_polygon_area(Area)"),
    Function::new(
        "geo_polygon_buffer",
        &["(polygon: bag, radius: number, tolerance: number?) -> dynamic"],
        "Area within a distance in metres of a polygon, as GeoJSON.",
    )
    .example("geo_polygon_buffer(Area, 500)"),
    Function::new(
        "geo_polygon_centroid",
        &["(polygon: bag) -> dynamic"],
        "Centre of a polygon, as GeoJSON.",
    )
    .example("geo_polygon_centroid(Area)"),
    Function::new(
        "geo_polygon_densify",
        &["(polygon: bag, tolerance: number?, preserve_crossing: number_or_bool?) -> dynamic"],
        "The polygon with points added, so that it keeps its shape when its edges are drawn straight.",
    )
    .example("geo_polygon_densify(Area, 1000)"),
    Function::new(
        "geo_polygon_perimeter",
        &["(polygon: bag) -> real"],
        "Length of a polygon's border in metres.",
    )
    .example("geo_polygon_perimeter(Area)"),
    Function::new(
        "geo_polygon_simplify",
        &["(polygon: bag, tolerance: number?) -> dynamic"],
        "The polygon without the points that matter less than a tolerance in metres.",
    )
    .example("geo_polygon_simplify(Area, 100)"),
    Function::new(
        "geo_polygon_to_h3cells",
        &["(polygon: bag, resolution: number?, radius: number?) -> dynamic"],
        "Array of the H3 cells that cover a polygon.",
    )
    .example("geo_polygon_to_h3cells(Area, 6)"),
    Function::new(
        "geo_polygon_to_s2cells",
        &["(polygon: bag, level: number?, radius: number?) -> dynamic"],
        "Array of the S2 cells that cover a polygon.",
    )
    .example("geo_polygon_to_s2cells(Area, 8)"),
    Function::new(
        "geo_s2cell_neighbors",
        &["(s2cell: string) -> dynamic"],
        "Array of the S2 cells around one.",
    )
    .example("geo_s2cell_neighbors(geo_point_to_s2cell(Longitude, Latitude, 8))"),
    Function::new(
        "geo_s2cell_to_central_point",
        &["(s2cell: string) -> dynamic"],
        "Centre of an S2 cell, as GeoJSON.",
    )
    .example("geo_s2cell_to_central_point(geo_point_to_s2cell(18.07, 59.33, 8)).type == \"Point\""),
    Function::new(
        "geo_s2cell_to_polygon",
        &["(s2cell: string) -> dynamic"],
        "Area of an S2 cell, as GeoJSON.",
    )
    .example("geo_s2cell_to_polygon(geo_point_to_s2cell(18.07, 59.33, 8)).type == \"Polygon\""),
    Function::new(
        "geo_simplify_polygons_array",
        &["(polygons: array, tolerance: number?) -> dynamic"],
        "Polygons made simpler together, so that shared borders stay shared.",
    )
    .example("geo_simplify_polygons_array(Areas, 100)"),
    Function::new(
        "geo_union_lines_array",
        &["(line_strings: array) -> dynamic"],
        "All lines of an array as one GeoJSON value.",
    )
    .example("geo_union_lines_array(Routes)"),
    Function::new(
        "geo_union_polygons_array",
        &["(polygons: array) -> dynamic"],
        "All polygons of an array as one GeoJSON value.",
    )
    .example("geo_union_polygons_array(Areas)"),
];
