//! Functions on dynamic values: arrays, property bags, JSON and XML.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "array_concat",
        &["(array: array+) -> dynamic"],
        "Joins arrays.",
    )
    .example("tostring(array_concat(dynamic([1, 2]), dynamic([3]))) == \"[1,2,3]\""),
    Function::new(
        "array_iff",
        &["(condition_array: array, when_true: scalar, when_false: scalar) -> dynamic"],
        "Chooses elements of one of two arrays by an array of conditions.",
    )
    .example("tostring(array_iff(dynamic([true, false]), dynamic([1, 2]), dynamic([3, 4]))) == \"[1,4]\""),
    Function::new(
        "array_iif",
        &["(condition_array: array, when_true: scalar, when_false: scalar) -> dynamic"],
        "Same as array_iff.",
    )
    .example("array_iif(dynamic([true, false]), \"inside\", \"outside\")[1] == \"outside\"")
    .alias_of("array_iff"),
    Function::new(
        "array_index_of",
        &[
            "(array: array, value: scalar, start: integer?, length: integer?, occurrence: const integer?) -> long",
        ],
        "Position of a value in an array, -1 when there is none.",
    )
    .example("array_index_of(dynamic([\"read\", \"write\", \"delete\"]), \"write\") == 1"),
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
    )
    .example("tostring(array_reverse(dynamic([1, 2, 3]))) == \"[3,2,1]\""),
    Function::new(
        "array_rotate_left",
        &["(array: array, rotate_count: integer) -> arg0"],
        "Rotates elements to the left.",
    )
    .example("tostring(array_rotate_left(dynamic([1, 2, 3, 4]), 1)) == \"[2,3,4,1]\""),
    Function::new(
        "array_rotate_right",
        &["(array: array, rotate_count: integer) -> arg0"],
        "Rotates elements to the right.",
    )
    .example("tostring(array_rotate_right(dynamic([1, 2, 3, 4]), 1)) == \"[4,1,2,3]\""),
    Function::new(
        "array_shift_left",
        &["(array: array, shift_count: integer, default_value: scalar?) -> arg0"],
        "Shifts elements to the left and fills up.",
    )
    .example("tostring(array_shift_left(dynamic([1, 2, 3]), 1, 0)) == \"[2,3,0]\""),
    Function::new(
        "array_shift_right",
        &["(array: array, shift_count: integer, default_value: scalar?) -> arg0"],
        "Shifts elements to the right and fills up.",
    )
    .example("tostring(array_shift_right(dynamic([1, 2, 3]), 1, 0)) == \"[0,1,2]\""),
    Function::new(
        "array_slice",
        &["(array: array, start: integer, end: integer) -> arg0"],
        "Elements from a start to an end, both included; negative counts from the end.",
    )
    .example("tostring(array_slice(dynamic([1, 2, 3, 4]), 1, 2)) == \"[2,3]\""),
    Function::new(
        "array_sort_asc",
        &[
            "(arrays: array+, nulls_last: const bool) -> dynamic",
            "(arrays: array+) -> dynamic",
        ],
        "Sorts arrays in ascending order of the first.",
    )
    .example("tostring(array_sort_asc(dynamic([3, 1, 2]))) == \"[1,2,3]\""),
    Function::new(
        "array_sort_desc",
        &[
            "(arrays: array+, nulls_last: const bool) -> dynamic",
            "(arrays: array+) -> dynamic",
        ],
        "Sorts arrays in descending order of the first.",
    )
    .example("tostring(array_sort_desc(dynamic([3, 1, 2]))) == \"[3,2,1]\""),
    Function::new(
        "array_split",
        &[
            "(array: array, index: integer) -> arg0",
            "(array: array, indices: array) -> arg0",
        ],
        "Array of the parts of an array cut at the indices.",
    )
    .example("tostring(array_split(dynamic([1, 2, 3]), 1)) == \"[[1],[2,3]]\""),
    Function::new(
        "array_strcat",
        &["(array: array, delimiter: scalar) -> string"],
        "Same as strcat_array.",
    )
    .example("array_strcat(dynamic([\"cmd\", \"/c\", \"whoami\"]), \" \") == \"cmd /c whoami\"")
    .alias_of("strcat_array"),
    Function::new(
        "array_sum",
        &["(array: array) -> real"],
        "Sum of the elements.",
    )
    .example("array_sum(dynamic([1, 2, 3])) == 6"),
    Function::new(
        "arraylength",
        &["(array: array) -> long"],
        "Same as array_length.",
    )
    .example("arraylength(dynamic([\"a\", \"b\"])) == 2")
    .alias_of("array_length"),
    Function::new(
        "bag_has_key",
        &["(bag: bag, key: string) -> bool"],
        "True when the property bag has the key.",
    )
    .example("bag_has_key(dynamic({\"user\": \"eve\"}), \"user\") == true"),
    Function::new(
        "bag_keys",
        &["(object: bag) -> dynamic"],
        "Array of a property bag's keys.",
    )
    .example("bag_keys(dynamic({\"user\": \"eve\"}))[0] == \"user\""),
    Function::new(
        "bag_merge",
        &["(bag: bag{2}) -> dynamic"],
        "Merges property bags; the first one wins.",
    )
    .example("bag_merge(dynamic({\"user\": \"eve\"}), dynamic({\"port\": 22})).port == 22"),
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
    )
    .example("bag_pack_columns(Account, Computer, EventID)"),
    Function::new(
        "bag_remove_keys",
        &["(bag: bag, keys: array) -> dynamic"],
        "Property bag without the keys.",
    )
    .example("tostring(bag_remove_keys(dynamic({\"a\": 1, \"b\": 2}), dynamic([\"b\"]))) == '{\"a\":1}'"),
    Function::new(
        "bag_set_key",
        &["(bag: bag, key: const string, value: scalar) -> dynamic"],
        "Property bag with one key set.",
    )
    .example("bag_set_key(dynamic({\"user\": \"eve\"}), \"port\", 22).port == 22"),
    Function::new(
        "bag_zip",
        &["(keys: array, values: array) -> dynamic"],
        "Property bag of an array of keys and one of values.",
    )
    .example("bag_zip(dynamic([\"user\", \"port\"]), dynamic([\"eve\", 22])).port == 22"),
    Function::new(
        "column_names_of",
        &["(table: table) -> dynamic"],
        "Array of a table's column names.",
    )
    .example("column_names_of(SigninLogs)"),
    Function::new(
        "dynamic_to_json",
        &["(dynamic: scalar) -> string"],
        "Canonical JSON text of a dynamic value, keys sorted.",
    )
    .example("dynamic_to_json(dynamic({\"b\": 2, \"a\": 1})) == '{\"a\":1,\"b\":2}'"),
    Function::new(
        "extract_json",
        &[
            "(json_path: const string, json_text: string) -> string",
            "(json_path: const string, json_text: string, type: literal type) -> literal",
        ],
        "Same as extractjson.",
    )
    .example("extract_json(\"$.user.name\", '{\"user\": {\"name\": \"eve\"}}') == \"eve\"")
    .alias_of("extractjson"),
    Function::new(
        "extractjson",
        &[
            "(json_path: const string, json_text: string) -> string",
            "(json_path: const string, json_text: string, type: literal type) -> literal",
        ],
        "Value at a JSON path of a JSON text.",
    )
    .example("extractjson(\"$.port\", '{\"port\": 22}', typeof(long)) == 22"),
    Function::new(
        "gettype",
        &["(value: scalar) -> string"],
        "Name of the value's run-time type.",
    )
    .example("gettype(dynamic([1, 2])) == \"array\"")
    .prefixed("type"),
    Function::new(
        "jaccard_index",
        &["(set: array{2}) -> dynamic"],
        "Size of the intersection over that of the union.",
    )
    .example("jaccard_index(dynamic([1, 2, 3]), dynamic([2, 3, 4])) == 0.5"),
    Function::new(
        "pack",
        &["(key: string+, value: scalar+) -> dynamic"],
        "Same as bag_pack.",
    )
    .example("pack(\"user\", Account, \"ip\", IpAddress)")
    .alias_of("bag_pack"),
    Function::new(
        "pack_all",
        &["(ignore_null_empty: literal scalar?) -> dynamic"],
        "Property bag of all columns.",
    )
    .example("pack_all(true)"),
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
    .example("pack_dictionary(\"host\", Computer, \"event\", EventID)")
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
    .example("parse_xml(\"<event><user>eve</user></event>\").event.user == \"eve\"")
    .named_as_argument(),
    Function::new(
        "parsejson",
        &["(json_text: text) -> dynamic"],
        "Same as parse_json.",
    )
    .example("parsejson('{\"port\": 22}').port == 22")
    .named_as_argument()
    .alias_of("parse_json"),
    Function::new(
        "range",
        &["(start: summable, stop: summable, step: summable?) -> dynamic"],
        "Array from a start to a stop by a step.",
    )
    .example("tostring(range(1, 7, 3)) == \"[1,4,7]\""),
    Function::new(
        "repeat",
        &["(value: scalar, count: long) -> dynamic"],
        "Array of a value repeated.",
    )
    .example("tostring(repeat(1, 3)) == \"[1,1,1]\"")
    .prefixed("repeat"),
    Function::new(
        "set_difference",
        &["(set: array{2}) -> dynamic"],
        "Distinct elements of the first array that are in no other.",
    )
    .example("tostring(set_difference(dynamic([1, 2]), dynamic([2]))) == \"[1]\""),
    Function::new(
        "set_equals",
        &["(set1: array, set2: array) -> bool"],
        "True when two arrays hold the same distinct elements.",
    )
    .example("set_equals(dynamic([1, 2]), dynamic([2, 1])) == true"),
    Function::new(
        "set_has_element",
        &["(set: array, value: scalar) -> bool"],
        "True when the array holds the value.",
    )
    .example("set_has_element(dynamic([\"admin\", \"backup\"]), \"admin\") == true"),
    Function::new(
        "set_intersect",
        &["(set: array{2}) -> dynamic"],
        "Distinct elements that all arrays share.",
    )
    .example("tostring(set_intersect(dynamic([1, 2]), dynamic([2, 3]))) == \"[2]\""),
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
    .example("todynamic('{\"port\": 22}').port == 22")
    .named_as_argument()
    .alias_of("parse_json"),
    Function::new(
        "toobject",
        &["(value: string) -> dynamic"],
        "Same as parse_json.",
    )
    .example("toobject('{\"port\": 22}').port == 22")
    .named_as_argument()
    .alias_of("parse_json"),
    Function::new(
        "treepath",
        &["(object: bag) -> dynamic"],
        "Array of all path expressions of a dynamic value's leaves.",
    )
    .example("treepath(dynamic({\"user\": \"eve\"}))[0] == \"['user']\"")
    .prefixed("tree"),
    Function::new(
        "zip",
        &["(array: array{2}) -> dynamic"],
        "Array of the n-th elements of several arrays together.",
    )
    .example("tostring(zip(dynamic([1, 3]), dynamic([2, 4]))) == \"[[1,2],[3,4]]\""),
];
