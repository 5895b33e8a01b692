//! `getschema`: the columns of its input as rows.

use datafusion::logical_expr::LogicalPlan;
use kql::plan::Rel;
use kql::types::Type;

use super::{Lowering, name, names, parse_extra};
use crate::error::Result;

impl<'q> Lowering<'q> {
    pub(super) async fn get_schema(&mut self, rel: &'q Rel, input: &'q Rel) -> Result<LogicalPlan> {
        let mut schema: Vec<(String, Type)> = input
            .columns
            .iter()
            .map(|c| (c.name.to_string(), c.ty))
            .collect();
        if input.open {
            let plan = self.lower(input).await?;
            schema.extend(
                names(&plan)
                    .iter()
                    .filter_map(|n| parse_extra(n))
                    .map(|(ty, name)| (name.to_owned(), ty)),
            );
        }
        let mut columns: Vec<crate::values::ColumnBuilder> = rel
            .columns
            .iter()
            .map(|c| crate::values::ColumnBuilder::new(c.ty, schema.len()))
            .collect();
        for (ordinal, (column_name, ty)) in schema.iter().enumerate() {
            let ordinal = i64::try_from(ordinal).unwrap_or(0);
            let row = [
                crate::values::Datum::string(column_name.as_str()),
                crate::values::Datum::Long(ordinal),
                crate::values::Datum::string(dotnet_type(*ty)),
                crate::values::Datum::string(ty.name()),
            ];
            for (column, value) in columns.iter_mut().zip(&row) {
                column.push(value);
            }
        }
        let named = rel
            .columns
            .iter()
            .zip(columns)
            .map(|(c, b)| (name(c.id), b.finish()))
            .collect();
        crate::staging::batch_plan(crate::staging::named_batch(named, schema.len())?)
    }
}

fn dotnet_type(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "System.SByte",
        Type::Int => "System.Int32",
        Type::Long => "System.Int64",
        Type::Real => "System.Double",
        Type::Decimal => "System.Data.SqlTypes.SqlDecimal",
        Type::String => "System.String",
        Type::DateTime => "System.DateTime",
        Type::TimeSpan => "System.TimeSpan",
        Type::Guid => "System.Guid",
        Type::Dynamic | Type::Unknown => "System.Object",
    }
}
