//! Each kernel against the calls it stands for, one row and one call at a time.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::datatypes::Field;
use datafusion::common::config::ConfigOptions;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};
use datafusion::scalar::ScalarValue;
use kql::types::Type;
use proptest::prelude::*;

use crate::functions::scalar_udf;
use crate::values::{Reader, arrow_type, sample};

const CONVERSIONS: [(&str, Type); 9] = [
    ("tostring", Type::String),
    ("tobool", Type::Bool),
    ("toint", Type::Int),
    ("tolong", Type::Long),
    ("toreal", Type::Real),
    ("todecimal", Type::Decimal),
    ("todatetime", Type::DateTime),
    ("totimespan", Type::TimeSpan),
    ("toguid", Type::Guid),
];

/// Calls a function as a plan does.
fn call(function: &str, args: &[(Type, ColumnarValue)], ret: Type, rows: usize) -> ColumnarValue {
    let types: Vec<Type> = args.iter().map(|(ty, _)| *ty).collect();
    let fields = types.iter();
    let fields = fields.map(|ty| Arc::new(Field::new("a", arrow_type(*ty), true)));
    let args = ScalarFunctionArgs {
        args: args.iter().map(|(_, value)| value.clone()).collect(),
        arg_fields: fields.collect(),
        number_rows: rows,
        return_field: Arc::new(Field::new("r", arrow_type(ret), true)),
        config_options: Arc::new(ConfigOptions::default()),
    };
    let udf = scalar_udf(function, &types, ret).unwrap();
    udf.invoke_with_args(args).unwrap()
}

fn rows(ty: Type, value: &ColumnarValue, rows: usize) -> Vec<String> {
    let array = value.to_array(rows).unwrap();
    assert_eq!(array.len(), rows);
    let reader = Reader::new(ty, &array, false).unwrap();
    (0..rows)
        .map(|row| format!("{:?}", reader.get(row)))
        .collect()
}

fn text(text: &str) -> ColumnarValue {
    ColumnarValue::Scalar(ScalarValue::Utf8(Some(text.to_owned())))
}

fn long(value: i64) -> ColumnarValue {
    ColumnarValue::Scalar(ScalarValue::Int64(Some(value)))
}

/// A column that begins in the middle of its buffer, and the same as one constant.
fn columns(texts: &[Option<String>]) -> Vec<(ColumnarValue, usize)> {
    let array: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
    let constant = ScalarValue::Utf8(texts.first().cloned().flatten());
    vec![
        (
            ColumnarValue::Array(array.slice(1, array.len() - 1)),
            array.len() - 1,
        ),
        (ColumnarValue::Scalar(constant), 3),
    ]
}

fn path() -> impl Strategy<Value = Vec<(Type, ColumnarValue)>> {
    let step = prop_oneof![
        3 => sample::key().prop_map(|name| (Type::String, text(&name))),
        1 => (-3_i64..3).prop_map(|at| (Type::Long, long(at))),
    ];
    prop::collection::vec(step, 1..4)
}

fn texts() -> impl Strategy<Value = Vec<Option<String>>> {
    prop::collection::vec(prop::option::weighted(0.95, sample::maybe_json()), 2..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn strings_parse_as_one_by_one(texts in prop_oneof![
        texts(),
        prop::collection::vec(prop::option::weighted(0.9, sample::json_text()), 2..6),
    ]) {
        for (column, n_rows) in columns(&texts) {
            let source = [(Type::String, column)];
            let want = call("parse_json", &source, Type::Dynamic, n_rows);
            let got = call("op:parsed", &source, Type::Dynamic, n_rows);
            prop_assert_eq!(rows(Type::Dynamic, &got, n_rows), rows(Type::Dynamic, &want, n_rows));
        }
    }

    /// Of stored dynamics, which may be any text, and of strings that are parsed.
    #[test]
    fn paths_lead_where_their_steps_do(texts in texts(), path in path(), parses in any::<bool>()) {
        for (column, n_rows) in columns(&texts) {
            let mut walked = column.clone();
            if parses {
                walked = call("parse_json", &[(Type::String, walked)], Type::Dynamic, n_rows);
            }
            for step in path.clone() {
                let function = if step.0 == Type::String { "op:member" } else { "op:index" };
                walked = call(function, &[(Type::Dynamic, walked), step], Type::Dynamic, n_rows);
            }
            let source = (if parses { Type::String } else { Type::Dynamic }, column);
            let args: Vec<_> = std::iter::once(source).chain(path.clone()).collect();
            let got = call("op:path", &args, Type::Dynamic, n_rows);
            prop_assert_eq!(rows(Type::Dynamic, &got, n_rows), rows(Type::Dynamic, &walked, n_rows));
            for (function, ty) in CONVERSIONS {
                let want = call(function, &[(Type::Dynamic, walked.clone())], ty, n_rows);
                let got = call("op:path", &args, ty, n_rows);
                prop_assert_eq!(rows(ty, &got, n_rows), rows(ty, &want, n_rows));
            }
        }
    }

    #[test]
    fn parts_are_those_of_the_split(
        texts in prop::collection::vec(prop::option::weighted(0.9, "[a1/\"\\\\é ]{0,12}"), 2..6),
        separator in "(|/|//|é|a|/a)",
        at in prop_oneof![-5_i64..5, Just(i64::MIN), Just(i64::MAX)],
    ) {
        let (separator, at) = ((Type::String, text(&separator)), (Type::Long, long(at)));
        for (column, n_rows) in columns(&texts) {
            let args = [(Type::String, column), separator.clone()];
            let parts = call("split", &args, Type::Dynamic, n_rows);
            let part = call("op:index", &[(Type::Dynamic, parts), at.clone()], Type::Dynamic, n_rows);
            let args: Vec<_> = args.into_iter().chain([at.clone()]).collect();
            let got = call("op:part", &args, Type::Dynamic, n_rows);
            prop_assert_eq!(rows(Type::Dynamic, &got, n_rows), rows(Type::Dynamic, &part, n_rows));
            for (function, ty) in CONVERSIONS {
                let want = call(function, &[(Type::Dynamic, part.clone())], ty, n_rows);
                let got = call("op:part", &args, ty, n_rows);
                prop_assert_eq!(rows(ty, &got, n_rows), rows(ty, &want, n_rows));
            }
        }
    }
}

/// No byte of a string that is JSON is copied.
#[test]
fn parsing_shares_the_text() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec![
        Some("{\"a\": 1}"),
        None,
        Some(" null "),
    ]));
    let got = call(
        "op:parsed",
        &[(Type::String, ColumnarValue::Array(Arc::clone(&texts)))],
        Type::Dynamic,
        3,
    );
    let got = got.to_array(3).unwrap();
    assert_eq!(got.null_count(), 2);
    assert_eq!(
        got.to_data().buffers()[1].as_ptr(),
        texts.to_data().buffers()[1].as_ptr()
    );
}
