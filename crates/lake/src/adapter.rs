//! How a query's columns meet a file's: a string column the file lacks reads as `""`, any other
//! as null, and the few columns stored under another name are found there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::physical_plan::expressions::lit;
use datafusion_physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};

use crate::columns::Columns;
use crate::join_filter::{Tried, sparing};

/// Makes adapters for the files of one scan.
#[derive(Debug, Clone)]
pub(crate) struct LakeAdapterFactory {
    text: Arc<HashSet<String>>,
    stored: Arc<HashMap<String, String>>,
    tried: Arc<Tried>,
}

impl LakeAdapterFactory {
    pub(crate) fn new(columns: &Columns) -> Self {
        Self {
            text: Arc::clone(&columns.text),
            stored: Arc::clone(&columns.stored),
            tried: Arc::default(),
        }
    }

    fn stored_schema(&self, logical: &SchemaRef) -> SchemaRef {
        if self.stored.is_empty() {
            return Arc::clone(logical);
        }
        let fields: Vec<Field> = logical
            .fields()
            .iter()
            .map(|f| match self.stored.get(f.name()) {
                Some(stored) => f.as_ref().clone().with_name(stored),
                None => f.as_ref().clone(),
            })
            .collect();
        Arc::new(Schema::new(fields))
    }
}

impl PhysicalExprAdapterFactory for LakeAdapterFactory {
    fn create(
        &self,
        logical_file_schema: SchemaRef,
        physical_file_schema: SchemaRef,
    ) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let inner = DefaultPhysicalExprAdapterFactory.create(
            self.stored_schema(&logical_file_schema),
            Arc::clone(&physical_file_schema),
        )?;
        Ok(Arc::new(LakeAdapter {
            names: self.clone(),
            logical: logical_file_schema,
            physical: physical_file_schema,
            inner,
        }))
    }
}

#[derive(Debug)]
struct LakeAdapter {
    names: LakeAdapterFactory,
    logical: SchemaRef,
    physical: SchemaRef,
    inner: Arc<dyn PhysicalExprAdapter>,
}

impl PhysicalExprAdapter for LakeAdapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let named = expr
            .transform_down(|expr| {
                let Some(column) = expr.downcast_ref::<Column>() else {
                    return Ok(Transformed::no(expr));
                };
                let name = column.name();
                let stored = self.names.stored.get(name).map_or(name, String::as_str);
                if self.physical.column_with_name(stored).is_none()
                    && self.names.text.contains(name)
                {
                    let field = self.logical.field_with_name(name);
                    let views = field.is_ok_and(|f| *f.data_type() == DataType::Utf8View);
                    return Ok(Transformed::yes(lit(if views {
                        ScalarValue::Utf8View(Some(String::new()))
                    } else {
                        ScalarValue::Utf8(Some(String::new()))
                    })));
                }
                if stored == name {
                    return Ok(Transformed::no(expr));
                }
                Ok(Transformed::yes(
                    Arc::new(Column::new(stored, column.index())) as _,
                ))
            })
            .data()?;
        sparing(self.inner.rewrite(named)?, &self.names.tried)
    }
}
