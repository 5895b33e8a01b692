//! Parquet read with its texts as views.
//!
//! A filter over a text column decodes all values of it to keep a few. As views they are not copied: a view is sixteen
//! bytes that hold a short text or point into the page, and comparing mostly ends within it. The plan above knows
//! nothing of this: what the scan puts out are plain texts, made of the rows that the filters let pass.
//!
//! [`ViewSource`] is DataFusion's own Parquet source over a schema with views, and translates between the two.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{
    Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion,
};
use datafusion::datasource::physical_plan::{
    FileOpener, FileScanConfig, FileSource, ParquetSource,
};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CastExpr, Column, InListExpr, Literal, in_list,
};
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::{
    EquivalenceProperties, PhysicalSortExpr, ScalarFunctionExpr, conjunction,
};
use datafusion::physical_plan::filter_pushdown::{FilterPushdownPropagation, PushedDown};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::{DisplayFormatType, PhysicalExpr, SortOrderPushdownResult};
use datafusion::scalar::ScalarValue;
use datafusion_datasource::PartitionedFile;
use datafusion_datasource::TableSchema;
use datafusion_datasource::morsel::Morselizer;
use object_store::ObjectStore;

use crate::index::TextCalls;

/// The columns with their texts as views.
fn as_views(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 => Arc::new(Field::clone(field).with_data_type(DataType::Utf8View)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[derive(Clone)]
pub(crate) struct ViewSource {
    /// What the plan sees.
    table: TableSchema,
    projection: ProjectionExprs,
    predicate: Option<Arc<dyn PhysicalExpr>>,
    /// What is read.
    views: ParquetSource,
    translation: Translation,
}

impl ViewSource {
    /// The source over these columns; `make` completes the one that reads.
    pub(crate) fn new(
        schema: &SchemaRef,
        calls: Option<Arc<dyn TextCalls>>,
        make: impl FnOnce(ParquetSource) -> ParquetSource,
    ) -> Result<Self> {
        let translation = Translation {
            plain: Arc::clone(schema),
            views: as_views(schema),
            calls,
        };
        let views = make(ParquetSource::new(Arc::clone(&translation.views)));
        let all: Vec<usize> = (0..schema.fields().len()).collect();
        let projection = ProjectionExprs::from_indices(&all, schema);
        let texts = projection
            .clone()
            .try_map_exprs(|expr| translation.to_views(expr))?;
        let views = views
            .try_pushdown_projection(&texts)?
            .ok_or_else(not_parquet)?;
        Ok(Self {
            table: TableSchema::from(schema),
            projection,
            predicate: None,
            views: parquet(views.as_ref())?,
            translation,
        })
    }

    fn with_views(&self, views: &dyn FileSource) -> Result<Self> {
        Ok(Self {
            views: parquet(views)?,
            ..self.clone()
        })
    }
}

fn parquet(source: &dyn FileSource) -> Result<ParquetSource> {
    source
        .downcast_ref::<ParquetSource>()
        .cloned()
        .ok_or_else(not_parquet)
}

fn not_parquet() -> DataFusionError {
    DataFusionError::Internal("a Parquet source became another".to_owned())
}

impl FileSource for ViewSource {
    fn create_file_opener(
        &self,
        object_store: Arc<dyn ObjectStore>,
        base_config: &FileScanConfig,
        partition: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        self.views
            .create_file_opener(object_store, base_config, partition)
    }

    fn create_morselizer(
        &self,
        object_store: Arc<dyn ObjectStore>,
        base_config: &FileScanConfig,
        partition: usize,
    ) -> Result<Box<dyn Morselizer>> {
        self.views
            .create_morselizer(object_store, base_config, partition)
    }

    fn table_schema(&self) -> &TableSchema {
        &self.table
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        let views = self.views.with_batch_size(batch_size);
        match self.with_views(views.as_ref()) {
            Ok(source) => Arc::new(source),
            Err(_) => Arc::new(self.clone()),
        }
    }

    fn filter(&self) -> Option<Arc<dyn PhysicalExpr>> {
        self.predicate.clone()
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        Some(&self.projection)
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        self.views.metrics()
    }

    fn file_type(&self) -> &str {
        self.views.file_type()
    }

    fn fmt_extra(&self, t: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        self.views.fmt_extra(t, f)
    }

    fn try_pushdown_filters(
        &self,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn FileSource>>> {
        let views = filters
            .iter()
            .map(|filter| self.translation.to_views(Arc::clone(filter)))
            .collect::<Result<_>>()?;
        let pushed = self.views.try_pushdown_filters(views, config)?;
        let Some(views) = pushed.updated_node else {
            return Ok(pushed);
        };
        let mut source = self.with_views(views.as_ref())?;
        let taken = filters.into_iter().zip(&pushed.filters);
        let taken = taken.filter(|(_, pushed)| matches!(pushed, PushedDown::Yes));
        let taken: Vec<_> = self
            .predicate
            .iter()
            .cloned()
            .chain(taken.map(|(filter, _)| filter))
            .collect();
        source.predicate = (!taken.is_empty()).then(|| conjunction(taken));
        Ok(FilterPushdownPropagation {
            filters: pushed.filters,
            updated_node: Some(Arc::new(source)),
        })
    }

    fn try_pushdown_sort(
        &self,
        order: &[PhysicalSortExpr],
        eq_properties: &EquivalenceProperties,
    ) -> Result<SortOrderPushdownResult<Arc<dyn FileSource>>> {
        let wrap = |inner: Arc<dyn FileSource>| -> Result<Arc<dyn FileSource>> {
            Ok(Arc::new(self.with_views(inner.as_ref())?))
        };
        Ok(match self.views.try_pushdown_sort(order, eq_properties)? {
            SortOrderPushdownResult::Exact { inner } => SortOrderPushdownResult::Exact {
                inner: wrap(inner)?,
            },
            SortOrderPushdownResult::Inexact { inner } => SortOrderPushdownResult::Inexact {
                inner: wrap(inner)?,
            },
            SortOrderPushdownResult::Unsupported => SortOrderPushdownResult::Unsupported,
        })
    }

    fn reorder_files(&self, files: Vec<PartitionedFile>) -> Vec<PartitionedFile> {
        self.views.reorder_files(files)
    }

    fn try_pushdown_projection(
        &self,
        projection: &ProjectionExprs,
    ) -> Result<Option<Arc<dyn FileSource>>> {
        let Some(views) = self.views.try_pushdown_projection(projection)? else {
            return Ok(None);
        };
        let mut source = self.with_views(views.as_ref())?;
        source.projection = self.projection.try_merge(projection)?;
        Ok(Some(Arc::new(source)))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.views.apply_expressions(f)
    }
}

/// From expressions over plain columns to the same over views.
#[derive(Clone)]
struct Translation {
    plain: SchemaRef,
    views: SchemaRef,
    calls: Option<Arc<dyn TextCalls>>,
}

impl Translation {
    /// Comparisons with constants and tests of text are made on views, anything else on plain texts.
    fn to_views(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        expr.transform_down(|expr| {
            if let Some(on_views) = self.on_views(&expr)? {
                // What is below stays as it is.
                return Ok(Transformed::new(on_views, true, TreeNodeRecursion::Jump));
            }
            if self.is_text(&expr) {
                let cast = CastExpr::new(expr, DataType::Utf8, None);
                return Ok(Transformed::new(
                    Arc::new(cast) as Arc<dyn PhysicalExpr>,
                    true,
                    TreeNodeRecursion::Jump,
                ));
            }
            Ok(Transformed::no(expr))
        })
        .data()
    }

    fn on_views(&self, expr: &Arc<dyn PhysicalExpr>) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        if let Some(binary) = expr.downcast_ref::<BinaryExpr>() {
            return Ok(self.comparison(binary));
        }
        if let Some(list) = expr.downcast_ref::<InListExpr>() {
            let elements: Option<Vec<_>> = list.list().iter().map(view_literal).collect();
            return match elements {
                Some(elements) if self.is_text(list.expr()) => {
                    let column = Arc::clone(list.expr());
                    Ok(Some(in_list(
                        column,
                        elements,
                        &list.negated(),
                        &self.views,
                    )?))
                }
                _ => Ok(None),
            };
        }
        let Some(call) = expr.downcast_ref::<ScalarFunctionExpr>() else {
            return Ok(None);
        };
        let takes_views = self
            .calls
            .as_ref()
            .is_some_and(|calls| calls.takes_views(call.fun().name()));
        let plain = call.args().split_first().is_some_and(|(first, rest)| {
            self.is_text(first) && rest.iter().all(|arg| arg.is::<Literal>())
        });
        Ok((takes_views && plain).then(|| Arc::clone(expr)))
    }

    fn comparison(&self, binary: &BinaryExpr) -> Option<Arc<dyn PhysicalExpr>> {
        let compares = matches!(
            binary.op(),
            Operator::Eq
                | Operator::NotEq
                | Operator::Lt
                | Operator::LtEq
                | Operator::Gt
                | Operator::GtEq
        );
        let (left, right) = (binary.left(), binary.right());
        let (left, right) = if self.is_text(left) {
            (Arc::clone(left), view_literal(right)?)
        } else if self.is_text(right) {
            (view_literal(left)?, Arc::clone(right))
        } else {
            return None;
        };
        compares.then(|| Arc::new(BinaryExpr::new(left, *binary.op(), right)) as _)
    }

    fn is_text(&self, expr: &Arc<dyn PhysicalExpr>) -> bool {
        let field = expr
            .downcast_ref::<Column>()
            .and_then(|column| self.plain.fields().get(column.index()));
        field.is_some_and(|field| *field.data_type() == DataType::Utf8)
    }
}

fn view_literal(expr: &Arc<dyn PhysicalExpr>) -> Option<Arc<dyn PhysicalExpr>> {
    match expr.downcast_ref::<Literal>()?.value() {
        ScalarValue::Utf8(text) => {
            Some(Arc::new(Literal::new(ScalarValue::Utf8View(text.clone()))))
        }
        _ => None,
    }
}
