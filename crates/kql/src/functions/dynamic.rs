//! Functions on dynamic values: arrays, property bags, JSON and XML.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "array_concat",
        &["(array: array+) -> dynamic"],
        "Joins arrays.",
    ),
    Function::new(
        "array_iff",
        &["(condition_array: array, when_true: scalar, when_false: scalar) -> dynamic"],
        "Chooses elements of one of two arrays by an array of conditions.",
    ),
    Function::new(
        "array_iif",
        &["(condition_array: array, when_true: scalar, when_false: scalar) -> dynamic"],
        "Same as array_iff.",
    )
    .alias_of("array_iff"),
    Function::new(
        "array_index_of",
        &[
            "(array: array, value: scalar, start: integer?, length: integer?, occurrence: const integer?) -> long",
        ],
        "Position of a value in an array, -1 when there is none.",
    ),
    Function::new(
        "array_length",
        &["(array: array) -> long"],
        "Number of elements; null when the value is no array.",
    )
    .example("array_length(split(\"a,b\", \",\")) == 2"),
    Function::new(
        "array_reverse",
        &["(value: array) -> arg0"],
        "The array backwards.",
    ),
    Function::new(
        "array_rotate_left",
        &["(array: array, rotate_count: integer) -> arg0"],
        "Rotates elements to the left.",
    ),
    Function::new(
        "array_rotate_right",
        &["(array: array, rotate_count: integer) -> arg0"],
        "Rotates elements to the right.",
    ),
    Function::new(
        "array_shift_left",
        &["(array: array, shift_count: integer, default_value: scalar?) -> arg0"],
        "Shifts elements to the left and fills up.",
    ),
    Function::new(
        "array_shift_right",
        &["(array: array, shift_count: integer, default_value: scalar?) -> arg0"],
        "Shifts elements to the right and fills up.",
    ),
    Function::new(
        "array_slice",
        &["(array: array, start: integer, end: integer) -> arg0"],
        "Elements from a start to an end, both included; negative counts from the end.",
    ),
    Function::new(
        "array_sort_asc",
        &[
            "(arrays: array+, nulls_last: const bool) -> dynamic",
            "(arrays: array+) -> dynamic",
        ],
        "Sorts arrays in ascending order of the first.",
    ),
    Function::new(
        "array_sort_desc",
        &[
            "(arrays: array+, nulls_last: const bool) -> dynamic",
            "(arrays: array+) -> dynamic",
        ],
        "Sorts arrays in descending order of the first.",
    ),
    Function::new(
        "array_split",
        &[
            "(array: array, index: integer) -> arg0",
            "(array: array, indices: array) -> arg0",
        ],
        "Array of the parts of an array cut at the indices.",
    ),
    Function::new(
        "array_strcat",
        &["(array: array, delimiter: scalar) -> string"],
        "Same as strcat_array.",
    )
    .alias_of("strcat_array"),
    Function::new(
        "array_sum",
        &["(array: array) -> real"],
        "Sum of the elements.",
    ),
    Function::new(
        "arraylength",
        &["(array: array) -> long"],
        "Same as array_length.",
    )
    .alias_of("array_length"),
    Function::new(
        "bag_has_key",
        &["(bag: bag, key: string) -> bool"],
        "True when the property bag has the key.",
    ),
    Function::new(
        "bag_keys",
        &["(object: bag) -> dynamic"],
        "Array of a property bag's keys.",
    ),
    Function::new(
        "bag_merge",
        &["(bag: bag{2}) -> dynamic"],
        "Merges property bags; the first one wins.",
    ),
    Function::new(
        "bag_pack",
        &["(key: string+, value: scalar+) -> dynamic"],
        "Property bag of keys and values.",
    )
    .example("bag_pack(\"user\", Account, \"ip\", IpAddress)"),
    Function::new(
        "bag_pack_columns",
        &["(value: column scalar+) -> dynamic"],
        "Property bag of columns by their names.",
    ),
    Function::new(
        "bag_remove_keys",
        &["(bag: bag, keys: array) -> dynamic"],
        "Property bag without the keys.",
    ),
    Function::new(
        "bag_set_key",
        &["(bag: bag, key: const string, value: scalar) -> dynamic"],
        "Property bag with one key set.",
    ),
    Function::new(
        "bag_zip",
        &["(keys: array, values: array) -> dynamic"],
        "Property bag of an array of keys and one of values.",
    ),
    Function::new(
        "column_names_of",
        &["(table: table) -> dynamic"],
        "Array of a table's column names.",
    ),
    Function::new(
        "dynamic_to_json",
        &["(dynamic: scalar) -> string"],
        "Canonical JSON text of a dynamic value, keys sorted.",
    ),
    Function::new(
        "extract_json",
        &[
            "(json_path: const string, json_text: string) -> string",
            "(json_path: const string, json_text: string, type: literal type) -> literal",
        ],
        "Same as extractjson.",
    )
    .alias_of("extractjson"),
    Function::new(
        "extractjson",
        &[
            "(json_path: const string, json_text: string) -> string",
            "(json_path: const string, json_text: string, type: literal type) -> literal",
        ],
        "Value at a JSON path of a JSON text.",
    ),
    Function::new(
        "gettype",
        &["(value: scalar) -> string"],
        "Name of the value's run-time type.",
    )
    .prefixed("type"),
    Function::new(
        "jaccard_index",
        &["(set: array{2}) -> dynamic"],
        "Size of the intersection over that of the union.",
    ),
    Function::new(
        "pack",
        &["(key: string+, value: scalar+) -> dynamic"],
        "Same as bag_pack.",
    )
    .alias_of("bag_pack"),
    Function::new(
        "pack_all",
        &["(ignore_null_empty: literal scalar?) -> dynamic"],
        "Property bag of all columns.",
    ),
    Function::new(
        "pack_array",
        &["(value: star_or scalar+) -> dynamic"],
        "Array of the values.",
    )
    .example("pack_array(SourceIP, DestinationIP)"),
    Function::new(
        "pack_dictionary",
        &["(key: string+, value: scalar+) -> dynamic"],
        "Same as bag_pack.",
    )
    .alias_of("bag_pack"),
    Function::new(
        "parse_json",
        &["(json_text: text) -> dynamic"],
        "Reads a string as JSON; a string that is no JSON becomes a dynamic string.",
    )
    .example("parse_json(AdditionalFields).ip")
    .named_as_argument(),
    Function::new(
        "parse_xml",
        &["(xml_text: text) -> dynamic"],
        "Reads a string as XML and gives it as a property bag.",
    )
    .named_as_argument(),
    Function::new(
        "parsejson",
        &["(json_text: text) -> dynamic"],
        "Same as parse_json.",
    )
    .named_as_argument()
    .alias_of("parse_json"),
    Function::new(
        "range",
        &["(start: summable, stop: summable, step: summable?) -> dynamic"],
        "Array from a start to a stop by a step.",
    ),
    Function::new(
        "repeat",
        &["(value: scalar, count: long) -> dynamic"],
        "Array of a value repeated.",
    )
    .prefixed("repeat"),
    Function::new(
        "set_difference",
        &["(set: array{2}) -> dynamic"],
        "Distinct elements of the first array that are in no other.",
    ),
    Function::new(
        "set_equals",
        &["(set1: array, set2: array) -> bool"],
        "True when two arrays hold the same distinct elements.",
    ),
    Function::new(
        "set_has_element",
        &["(set: array, value: scalar) -> bool"],
        "True when the array holds the value.",
    ),
    Function::new(
        "set_intersect",
        &["(set: array{2}) -> dynamic"],
        "Distinct elements that all arrays share.",
    ),
    Function::new(
        "set_union",
        &["(set: array{2}) -> dynamic"],
        "Distinct elements of all arrays.",
    )
    .example("set_union(dynamic([1]), dynamic([2]))"),
    Function::new(
        "todynamic",
        &["(value: string) -> dynamic"],
        "Same as parse_json.",
    )
    .named_as_argument()
    .alias_of("parse_json"),
    Function::new(
        "toobject",
        &["(value: string) -> dynamic"],
        "Same as parse_json.",
    )
    .named_as_argument()
    .alias_of("parse_json"),
    Function::new(
        "treepath",
        &["(object: bag) -> dynamic"],
        "Array of all path expressions of a dynamic value's leaves.",
    )
    .prefixed("tree"),
    Function::new(
        "zip",
        &["(array: array{2}) -> dynamic"],
        "Array of the n-th elements of several arrays together.",
    ),
];
