//! Kernels as DataFusion scalar functions, and back from their names.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use kql::types::Type;

use super::columns::constants;
use super::{Body, Call, Kernel, kernel};
use crate::values::{ColumnBuilder, Datum, Reader, arrow_type};

/// A kernel with the argument types of one call.
struct KqlScalar {
    name: String,
    kernel: &'static Kernel,
    args: Vec<Type>,
    ret: Type,
    signature: Signature,
}

impl std::fmt::Debug for KqlScalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl PartialEq for KqlScalar {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for KqlScalar {}

impl std::hash::Hash for KqlScalar {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// The function for a call of `function` with these types, or `None` when there is no such kernel.
pub(crate) fn scalar_udf(function: &str, args: &[Type], ret: Type) -> Option<ScalarUDF> {
    let kernel = kernel(function)?;
    let types: Vec<&str> = args.iter().map(|ty| ty.name()).collect();
    let volatility = if kernel.deterministic {
        Volatility::Immutable
    } else {
        Volatility::Volatile
    };
    let arrow_args = args.iter().map(|ty| arrow_type(*ty)).collect();
    let signature = if args.is_empty() {
        Signature::nullary(volatility)
    } else {
        Signature::exact(arrow_args, volatility)
    };
    Some(ScalarUDF::new_from_impl(KqlScalar {
        name: format!("kql:{function}({}):{}", types.join(","), ret.name()),
        kernel,
        args: args.to_vec(),
        ret,
        signature,
    }))
}

/// Rebuilds a function from the name it has in a plan.
pub(crate) fn udf_by_name(name: &str) -> Option<ScalarUDF> {
    let body = name.strip_prefix("kql:")?;
    let (function, rest) = body.split_once('(')?;
    let (args, ret) = rest.split_once("):")?;
    let args: Option<Vec<Type>> = args
        .split(',')
        .filter(|t| !t.is_empty())
        .map(Type::parse)
        .collect();
    scalar_udf(function, &args?, Type::parse(ret)?)
}

impl ScalarUDFImpl for KqlScalar {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(arrow_type(self.ret))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let call = Call {
            args: &self.args,
            ret: self.ret,
        };
        match self.kernel.body {
            Body::Batch(eval) => eval(&call, &args.args, args.number_rows),
            Body::Strict(eval) => rows(
                &call,
                &args.args,
                args.number_rows,
                self.kernel.deterministic,
                (eval, true),
            ),
            Body::Lenient(eval) => rows(
                &call,
                &args.args,
                args.number_rows,
                self.kernel.deterministic,
                (eval, false),
            ),
        }
    }
}

/// Readers over the arguments, one per declared type.
pub(super) fn readers(types: &[Type], args: &[ColumnarValue]) -> Result<Vec<Reader>> {
    types
        .iter()
        .zip(args)
        .map(|(ty, arg)| match arg {
            ColumnarValue::Array(array) => Reader::new(*ty, array, false),
            ColumnarValue::Scalar(value) => Reader::new(*ty, &value.to_array()?, true),
        })
        .collect()
}

/// A kernel of one row.
pub(super) type RowKernel = for<'a> fn(&Call<'_>, &[Datum<'a>]) -> Datum<'a>;

/// Evaluates row by row; a strict function is null where an argument is.
pub(super) fn rows(
    call: &Call<'_>,
    args: &[ColumnarValue],
    number_rows: usize,
    deterministic: bool,
    (eval, strict): (RowKernel, bool),
) -> Result<ColumnarValue> {
    let readers = readers(call.args, args)?;
    let constant = deterministic
        && args
            .iter()
            .all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    let n_rows = if constant { 1 } else { number_rows };
    let mut out = ColumnBuilder::new(call.ret, n_rows);
    let mut values = constants(&readers);
    for row in 0..n_rows {
        for (value, reader) in values.iter_mut().zip(&readers) {
            if !reader.is_constant() {
                *value = reader.get(row);
            }
        }
        if strict && values.iter().any(Datum::is_null) {
            out.push(&Datum::Null);
        } else {
            out.push(&eval(call, &values));
        }
    }
    finish(out.finish(), constant)
}

pub(super) fn finish(array: ArrayRef, constant: bool) -> Result<ColumnarValue> {
    if constant {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
            &array, 0,
        )?));
    }
    Ok(ColumnarValue::Array(Arc::clone(&array)))
}

/// An argument a batch kernel needs and did not get: a defect of the binder or the lowering.
pub(super) fn missing_argument() -> DataFusionError {
    DataFusionError::Internal("a kernel lacks an argument".to_owned())
}
