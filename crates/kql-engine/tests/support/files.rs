//! Tables in Parquet files that the test writes, read as DataFusion reads them.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::datasource::TableProvider;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};

/// A folder of files that is removed with it.
pub struct Files {
    folder: PathBuf,
    written: std::sync::atomic::AtomicUsize,
}

impl Files {
    /// A new folder for one test.
    pub fn new(test: &str) -> Self {
        let name = format!("{test}-{}", std::process::id());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self {
            folder,
            written: Default::default(),
        }
    }

    /// The rows of a batch as a table of one file with `group_rows` rows in a row group.
    pub async fn table(&self, batch: &RecordBatch, group_rows: usize) -> Arc<dyn TableProvider> {
        self.older(batch, batch.schema(), group_rows).await
    }

    /// The same for a table that has got more columns since the file was written.
    pub async fn older(
        &self,
        batch: &RecordBatch,
        schema: SchemaRef,
        group_rows: usize,
    ) -> Arc<dyn TableProvider> {
        let number = self
            .written
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = self.folder.join(format!("{number}.parquet"));
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(group_rows))
            .set_bloom_filter_enabled(true)
            .build();
        let file = std::fs::File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        let mut config = SessionConfig::new();
        config
            .options_mut()
            .execution
            .parquet
            .schema_force_view_types = false;
        let session = SessionContext::new_with_config(config);
        let options = ParquetReadOptions::default().schema(&schema);
        let path = path.to_str().unwrap();
        session.register_parquet("t", path, options).await.unwrap();
        session.table_provider("t").await.unwrap()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// The batch without a column.
pub fn without(batch: &RecordBatch, column: &str) -> RecordBatch {
    let kept: Vec<usize> = (0..batch.num_columns())
        .filter(|idx| batch.schema().field(*idx).name() != column)
        .collect();
    batch.project(&kept).unwrap()
}

/// The batch with nulls in a column.
pub fn emptied(batch: &RecordBatch, column: &str) -> RecordBatch {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, array)| {
        if field.name() == column {
            arrow::array::new_null_array(field.data_type(), batch.num_rows())
        } else {
            Arc::clone(array)
        }
    });
    let columns = columns.collect();
    RecordBatch::try_new(Arc::new(Schema::clone(&schema)), columns).unwrap()
}
