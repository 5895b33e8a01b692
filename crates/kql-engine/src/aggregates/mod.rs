//! Aggregation functions that DataFusion lacks or that differ in meaning, one file per family.
//!
//! Like the scalar kernels they carry all they need in their name
//! (`kqlagg:percentiles(real)[50,95]`), from which [`udaf_by_name`] rebuilds them.

mod any;
mod arg;
mod bag;
pub(crate) mod hll;
mod list;
mod percentile;
mod percentile_groups;
mod row_groups;
mod schema;
pub(crate) mod tdigest;
mod weighted;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility,
};
use kql::types::Type;

use crate::values::arrow_type;
use row_groups::{Keep, has_number_keys};

/// Which accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    ArgMax,
    ArgMin,
    Dcount,
    Hll,
    HllMerge,
    TakeAny,
    MakeList,
    MakeListWithNulls,
    MakeSet,
    MakeBag,
    Percentile,
    PercentileArray,
    PercentileWeighted,
    PercentileWeightedArray,
    BuildSchema,
    Tdigest,
    TdigestMerge,
}

impl Kind {
    fn of(function: &str) -> Option<Self> {
        Some(match function {
            "arg_max" => Kind::ArgMax,
            "arg_min" => Kind::ArgMin,
            "dcount" => Kind::Dcount,
            "hll" => Kind::Hll,
            "hll_merge" => Kind::HllMerge,
            "take_any" | "any" => Kind::TakeAny,
            "make_list" => Kind::MakeList,
            "make_list_with_nulls" => Kind::MakeListWithNulls,
            "make_set" => Kind::MakeSet,
            "make_bag" => Kind::MakeBag,
            "percentile" | "percentiles" => Kind::Percentile,
            "percentiles_array" => Kind::PercentileArray,
            "percentilew" | "percentilesw" => Kind::PercentileWeighted,
            "percentilesw_array" => Kind::PercentileWeightedArray,
            "buildschema" => Kind::BuildSchema,
            "tdigest" => Kind::Tdigest,
            "tdigest_merge" => Kind::TdigestMerge,
            _ => return None,
        })
    }
}

/// Most elements that `make_list`, `make_set` and `make_bag` keep ("make_list()" in the reference).
pub(crate) const ELEMENTS_MAX: usize = 1_048_576;

#[derive(Debug, PartialEq, Eq, Hash)]
struct KqlAggregate {
    name: String,
    kind: Kind,
    args: Vec<Type>,
    /// Constant arguments: percentages times 1000, or a size limit.
    parameters: Vec<i64>,
    signature: Signature,
}

/// The aggregate for these value arguments and constant parameters, if it is one of ours.
pub(crate) fn aggregate_udf(
    function: &str,
    args: &[Type],
    parameters: &[i64],
) -> Option<AggregateUDF> {
    let kind = Kind::of(function)?;
    let types: Vec<&str> = args.iter().map(|ty| ty.name()).collect();
    let constants: Vec<String> = parameters.iter().map(ToString::to_string).collect();
    Some(AggregateUDF::new_from_impl(KqlAggregate {
        name: format!(
            "kqlagg:{function}({})[{}]",
            types.join(","),
            constants.join(",")
        ),
        kind,
        args: args.to_vec(),
        parameters: parameters.to_vec(),
        signature: Signature::exact(
            args.iter().map(|ty| arrow_type(*ty)).collect(),
            Volatility::Immutable,
        ),
    }))
}

/// Rebuilds an aggregate from the name it has in a plan.
pub(crate) fn udaf_by_name(name: &str) -> Option<AggregateUDF> {
    let (function, rest) = name.strip_prefix("kqlagg:")?.split_once('(')?;
    let (args, rest) = rest.split_once(")[")?;
    let args: Option<Vec<Type>> = args
        .split(',')
        .filter(|t| !t.is_empty())
        .map(Type::parse)
        .collect();
    let parameters: Option<Vec<i64>> = rest
        .strip_suffix(']')?
        .split(',')
        .filter(|t| !t.is_empty())
        .map(|t| t.parse().ok())
        .collect();
    aggregate_udf(function, &args?, &parameters?)
}

/// Name of the n-th field of a structured result.
pub(crate) fn field_name(idx: usize) -> String {
    format!("f{idx}")
}

impl KqlAggregate {
    fn fields(&self) -> Fields {
        self.args
            .iter()
            .enumerate()
            .map(|(idx, ty)| Field::new(field_name(idx), arrow_type(*ty), true))
            .collect()
    }

    fn value_type(&self) -> Type {
        self.args.first().copied().unwrap_or(Type::Dynamic)
    }

    /// What the sketch aggregates do; `None` for the others.
    fn hll_role(&self) -> Option<hll::Role> {
        let kinds = matches!(self.kind, Kind::Dcount | Kind::Hll | Kind::HllMerge);
        let accuracy = self.parameters.first().copied().unwrap_or(1);
        kinds.then(|| hll::Role {
            precision: hll::precision(accuracy).unwrap_or(14),
            of_sketches: self.kind == Kind::HllMerge,
            gives_sketch: self.kind != Kind::Dcount,
        })
    }

    /// Which row of a group stays, where many groups can be kept at once.
    fn kept_row(&self) -> Option<Keep> {
        let key = arrow_type(self.value_type());
        match self.kind {
            Kind::ArgMax if has_number_keys(&key) => Some(Keep::Greatest),
            Kind::ArgMin if has_number_keys(&key) => Some(Keep::Least),
            Kind::TakeAny if self.args.len() == 1 => Some(Keep::FirstFilled),
            Kind::TakeAny => Some(Keep::First),
            _ => None,
        }
    }

    fn is_percentile(&self) -> bool {
        matches!(self.kind, Kind::Percentile | Kind::PercentileArray)
    }

    fn percentiles(&self) -> percentile_groups::Wanted {
        percentile_groups::Wanted {
            ty: self.value_type(),
            percentages: self.parameters.clone(),
            as_array: self.kind == Kind::PercentileArray,
        }
    }

    fn limit(&self) -> usize {
        let limit = self
            .parameters
            .first()
            .and_then(|n| usize::try_from(*n).ok());
        limit.unwrap_or(ELEMENTS_MAX).min(ELEMENTS_MAX)
    }
}

impl AggregateUDFImpl for KqlAggregate {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(match self.kind {
            Kind::ArgMax | Kind::ArgMin | Kind::TakeAny => DataType::Struct(self.fields()),
            Kind::Percentile | Kind::PercentileWeighted => DataType::Struct(
                (0..self.parameters.len())
                    .map(|idx| Field::new(field_name(idx), arrow_type(self.value_type()), true))
                    .collect(),
            ),
            Kind::Dcount => DataType::Int64,
            _ => DataType::Utf8,
        })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let numbers = || DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true)));
        let named = |idx: usize, ty: DataType| {
            Arc::new(Field::new(format!("{}[s{idx}]", args.name), ty, true))
        };
        Ok(match self.kind {
            Kind::ArgMax | Kind::ArgMin | Kind::TakeAny => self
                .args
                .iter()
                .enumerate()
                .map(|(idx, ty)| named(idx, arrow_type(*ty)))
                // Tells an empty state from one whose values are all null.
                .chain([named(self.args.len(), DataType::Boolean)])
                .collect(),
            Kind::Percentile | Kind::PercentileArray => vec![named(0, numbers())],
            Kind::PercentileWeighted | Kind::PercentileWeightedArray => {
                vec![named(0, numbers()), named(1, numbers())]
            }
            Kind::Dcount | Kind::Hll | Kind::HllMerge => vec![named(0, DataType::Binary)],
            _ => vec![named(0, DataType::Utf8)],
        })
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs) -> bool {
        self.hll_role().is_some() || self.kept_row().is_some() || self.is_percentile()
    }

    fn create_groups_accumulator(
        &self,
        _args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        if let Some(keep) = self.kept_row() {
            return Ok(Box::new(row_groups::RowGroups::new(keep, self.fields())));
        }
        if self.is_percentile() {
            let wanted = self.percentiles();
            return Ok(Box::new(percentile_groups::PercentileGroups::new(wanted)));
        }
        let role = self.hll_role().ok_or_else(missing_state)?;
        Ok(Box::new(hll::HllGroups::new(role)))
    }

    fn accumulator(&self, _args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let args = self.args.clone();
        if let Some(role) = self.hll_role() {
            return Ok(Box::new(hll::HllAccumulator::new(role)));
        }
        Ok(match self.kind {
            Kind::Dcount | Kind::Hll | Kind::HllMerge => return Err(missing_state()),
            Kind::ArgMax => Box::new(arg::ArgAccumulator::new(args, self.fields(), true)),
            Kind::ArgMin => Box::new(arg::ArgAccumulator::new(args, self.fields(), false)),
            Kind::TakeAny => Box::new(any::AnyAccumulator::new(args, self.fields())),
            Kind::MakeList => Box::new(list::ListAccumulator::new(
                self.value_type(),
                self.limit(),
                false,
                false,
            )),
            Kind::MakeListWithNulls => Box::new(list::ListAccumulator::new(
                self.value_type(),
                self.limit(),
                false,
                true,
            )),
            Kind::MakeSet => Box::new(list::ListAccumulator::new(
                self.value_type(),
                self.limit(),
                true,
                false,
            )),
            Kind::BuildSchema => Box::new(schema::SchemaAccumulator::default()),
            Kind::Tdigest => Box::new(tdigest::TdigestAccumulator::new(args, false)),
            Kind::TdigestMerge => Box::new(tdigest::TdigestAccumulator::new(args, true)),
            Kind::MakeBag => Box::new(bag::BagAccumulator::new(self.limit())),
            Kind::Percentile | Kind::PercentileArray => Box::new(
                percentile_groups::PercentileAccumulator::new(self.percentiles()),
            ),
            Kind::PercentileWeighted | Kind::PercentileWeightedArray => {
                Box::new(weighted::WeightedAccumulator::new(
                    self.value_type(),
                    self.args.get(1).copied().unwrap_or(Type::Long),
                    self.parameters.clone(),
                    self.kind == Kind::PercentileWeightedArray,
                ))
            }
        })
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// A state column an accumulator needs and did not get: a defect of the plan.
fn missing_state() -> DataFusionError {
    DataFusionError::Internal("an aggregate lacks an argument or state".to_owned())
}
