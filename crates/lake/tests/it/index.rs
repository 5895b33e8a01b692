//! The term index: what it leaves out holds no row that a filter finds, whatever happened to its
//! files.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::{Expr, SessionConfig, SessionContext, ident, in_list, lit};
use datafusion::scalar::ScalarValue;
use lake::{TextCalls, TextPlace, TextTest};
use proptest::prelude::*;

use crate::harness::*;

/// A test of text for these tests alone: whether a text occurs, without case.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Occurs(Signature);

impl ScalarUDFImpl for Occurs {
    fn name(&self) -> &str {
        "occurs"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(
        &self,
        _: &[arrow::datatypes::DataType],
    ) -> datafusion::error::Result<arrow::datatypes::DataType> {
        Ok(arrow::datatypes::DataType::Boolean)
    }

    fn invoke_with_args(
        &self,
        args: ScalarFunctionArgs,
    ) -> datafusion::error::Result<ColumnarValue> {
        use arrow::array::{AsArray, BooleanArray};
        let values = args.args[0].to_array(args.number_rows)?;
        let needle = match &args.args[1] {
            ColumnarValue::Scalar(ScalarValue::Utf8(Some(text))) => text.to_lowercase(),
            other => panic!("{other:?}"),
        };
        let found: BooleanArray = values
            .as_string::<i32>()
            .iter()
            .map(|value| Some(value.unwrap_or("").to_lowercase().contains(&needle)))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(found)))
    }
}

#[derive(Debug)]
struct Calls;

impl TextCalls for Calls {
    fn text_test(&self, call: &ScalarFunction) -> Option<TextTest> {
        let [
            Expr::Column(column),
            Expr::Literal(ScalarValue::Utf8(Some(text)), _),
        ] = &*call.args
        else {
            return None;
        };
        (call.func.name() == "occurs").then(|| TextTest {
            column: column.name.clone(),
            texts: vec![text.clone()],
            all: false,
            place: TextPlace::Within {
                starts: false,
                ends: false,
            },
        })
    }
}

fn occurs(column: &str, text: &str) -> Expr {
    let signature = Signature::any(2, Volatility::Immutable);
    let function = ScalarUDF::new_from_impl(Occurs(signature));
    function.call(vec![ident(column), lit(text)])
}

/// Rows that a filter finds, and rows that were read for it from files.
async fn find(t: &TestLake, filter: Expr) -> (usize, usize) {
    let mut config = SessionConfig::new().with_target_partitions(2);
    config
        .options_mut()
        .execution
        .parquet
        .schema_force_view_types = false;
    let session = SessionContext::new_with_config(config);
    let table = t
        .lake
        .table("Syslog")
        .unwrap()
        .with_text_calls(Arc::new(Calls));
    let frame = session.read_table(Arc::new(table)).unwrap();
    let plan = frame
        .filter(filter)
        .unwrap()
        .create_physical_plan()
        .await
        .unwrap();
    let batches = collect(Arc::clone(&plan), session.task_ctx())
        .await
        .unwrap();
    (batches.iter().map(|b| b.num_rows()).sum(), scanned(&plan))
}

/// Rows that came out of the scans of a plan.
fn scanned(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let children = plan.children();
    if children.is_empty() {
        return plan.metrics().and_then(|m| m.output_rows()).unwrap_or(0);
    }
    children.into_iter().map(scanned).sum()
}

fn small_groups() -> TestLake {
    new_lake_with(|options| options.row_group_rows = 100)
}

fn sidecars(t: &TestLake) -> Vec<PathBuf> {
    let folder = t.dir().join("tables/Syslog/_watchfloor/index");
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Rows of an eighth of a row group: the fewest that are read.
const EIGHTH: usize = 13;

#[tokio::test]
async fn only_the_rows_near_the_text_are_read() {
    let t = small_groups();
    append(&t, 0, 1000).await;
    t.lake.flush().await.unwrap();
    // `message 777 xxx...`: a term, and the value as a whole.
    let (found, read) = find(&t, occurs("SyslogMessage", "e 777 x")).await;
    assert_eq!((found, read), (1, EIGHTH));
    let value = format!("message 777 {}", "x".repeat(777 % 50));
    let (found, read) = find(&t, ident("SyslogMessage").eq(lit(&*value))).await;
    assert_eq!((found, read <= EIGHTH), (1, true));
    let listed = in_list(
        ident("SyslogMessage"),
        vec![lit("nothing"), lit(&*value)],
        false,
    );
    assert_eq!(find(&t, listed).await.0, 1);
    assert_eq!(find(&t, occurs("SyslogMessage", " zebra ")).await, (0, 0));
    // Said of a part of a term, it says nothing: all is read.
    assert_eq!(find(&t, occurs("SyslogMessage", "77")).await.1, 1000);
    let either = occurs("SyslogMessage", " 12 ").or(occurs("SyslogMessage", " 951 "));
    assert_eq!(find(&t, either).await, (2, 2 * EIGHTH));
}

#[tokio::test]
async fn a_merge_writes_an_index_of_its_own() {
    let t = new_lake_with(|options| {
        options.row_group_rows = 100;
        options.vacuum_after = std::time::Duration::ZERO;
    });
    for first in (0..1600).step_by(200) {
        append(&t, first, 200).await;
        t.lake.flush().await.unwrap();
    }
    assert_eq!(sidecars(&t).len(), 8);
    let done = t.lake.maintain().await.unwrap();
    assert_eq!(done.merged_files, 8);
    assert_eq!(
        find(&t, occurs("SyslogMessage", " 777 ")).await,
        (1, EIGHTH)
    );
    // The replaced files are gone, their sidecars with them.
    t.lake.maintain().await.unwrap();
    assert_eq!(sidecars(&t).len(), 1);
}

#[tokio::test]
async fn a_sidecar_without_its_file_is_swept() {
    let t = small_groups();
    append(&t, 0, 200).await;
    t.lake.flush().await.unwrap();
    let stray = t
        .dir()
        .join("tables/Syslog/_watchfloor/index/gone.parquet.terms");
    std::fs::write(&stray, "x").unwrap();
    let t = t.reopen();
    assert!(!stray.exists());
    assert_eq!(sidecars(&t).len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Cut, changed or gone: the answer stays, only more is read.
    #[test]
    fn a_damaged_index_costs_time_only(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let t = small_groups();
            append(&t, 0, 400).await;
            t.lake.flush().await.unwrap();
            let path = sidecars(&t).remove(0);
            let mut bytes = std::fs::read(&path).unwrap();
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
            std::fs::write(&path, bytes).unwrap();
            for id in [0, 150, 399] {
                let (found, _) = find(&t, occurs("SyslogMessage", &format!(" {id} "))).await;
                prop_assert_eq!(found, 1);
            }
            Ok(())
        })?;
    }
}
