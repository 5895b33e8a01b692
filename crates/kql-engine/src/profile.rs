//! What a run did, for people: what was read and left out, and where the time went.
//!
//! Scans report through metrics of their plan. DataFusion's Parquet source counts bytes, pages and
//! row groups; a table of ours adds what it left out before (the counters below).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use datafusion::physical_plan::metrics::{MetricValue, MetricsSet};
use datafusion::physical_plan::{DisplayFormatType, ExecutionPlan};

/// Counters that a table's scan may add to its plan: files of the table, files outside the filter's time range, files
/// and row groups without the texts looked for, by an index.
const FILES: &str = "files_total";
const FILES_BY_TIME: &str = "files_pruned_time";
const FILES_BY_INDEX: &str = "files_pruned_index";
const GROUPS_BY_INDEX: &str = "row_groups_pruned_index";

/// How a query ran: planning, then each part with its operators, the last one first.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Lowering and planning, everything before the first row.
    pub planning: Duration,
    /// Reading and computing.
    pub execution: Duration,
    /// Operators of all parts, in the order in which they are shown.
    pub operators: Vec<OperatorProfile>,
}

/// One operator of a plan.
#[derive(Clone, Debug)]
pub struct OperatorProfile {
    /// Steps from the part's last operator.
    pub depth: usize,
    /// The operator and its arguments, on one line.
    pub what: String,
    /// Rows that came out of it.
    pub rows: Option<usize>,
    /// Time on a processor, summed over its tasks.
    pub time: Option<Duration>,
    /// What a scan read; `None` for other operators.
    pub scan: Option<ScanProfile>,
}

/// What a scan read and left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanProfile {
    /// Files of the table; 0 when the scan does not tell.
    pub files: usize,
    /// Files left out by the time range.
    pub files_by_time: usize,
    /// Files left out by an index.
    pub files_by_index: usize,
    /// Row groups left out by an index.
    pub row_groups_by_index: usize,
    /// Row groups left out by their statistics or bloom filters.
    pub row_groups_by_statistics: usize,
    /// Row groups read, at least in part.
    pub row_groups_read: usize,
    /// Rows left out by the statistics of pages.
    pub rows_by_pages: usize,
    /// Rows left out by the filter while reading.
    pub rows_filtered: usize,
    /// Bytes read.
    pub bytes: usize,
}

impl Profile {
    /// Adds an executed plan.
    pub(crate) fn add(&mut self, plan: &Arc<dyn ExecutionPlan>) {
        let mut stack = vec![(plan, 0)];
        while let Some((plan, depth)) = stack.pop() {
            self.operators.push(operator(plan, depth));
            let children = plan.children().into_iter().rev();
            stack.extend(children.map(|child| (child, depth + 1)));
        }
    }

    /// All scans together.
    #[must_use]
    pub fn scanned(&self) -> ScanProfile {
        let scans = self.operators.iter().filter_map(|op| op.scan);
        scans.fold(ScanProfile::default(), |sum, scan| ScanProfile {
            files: sum.files + scan.files,
            files_by_time: sum.files_by_time + scan.files_by_time,
            files_by_index: sum.files_by_index + scan.files_by_index,
            row_groups_by_index: sum.row_groups_by_index + scan.row_groups_by_index,
            row_groups_by_statistics: sum.row_groups_by_statistics + scan.row_groups_by_statistics,
            row_groups_read: sum.row_groups_read + scan.row_groups_read,
            rows_by_pages: sum.rows_by_pages + scan.rows_by_pages,
            rows_filtered: sum.rows_filtered + scan.rows_filtered,
            bytes: sum.bytes + scan.bytes,
        })
    }

    /// As text: a summary, then an operator a line.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "planned in {}, ran in {}\n",
            time(self.planning),
            time(self.execution)
        );
        let scan = self.scanned();
        if scan.files > 0 {
            let left = scan.files_by_time + scan.files_by_index;
            let _ = writeln!(
                text,
                "files: {} read of {} ({} outside the time range, {} without the texts)",
                scan.files.saturating_sub(left),
                scan.files,
                scan.files_by_time,
                scan.files_by_index,
            );
        }
        if scan != ScanProfile::default() {
            let _ = writeln!(
                text,
                "row groups: {} read, {} left out by statistics, {} by the text index",
                scan.row_groups_read, scan.row_groups_by_statistics, scan.row_groups_by_index,
            );
            let _ = writeln!(
                text,
                "rows: {} left out by page statistics, {} by the filter while reading",
                scan.rows_by_pages, scan.rows_filtered,
            );
            let _ = writeln!(text, "bytes read: {}", scan.bytes);
        }
        let _ = writeln!(text, "{:>12}  {:>10}  operator", "rows", "time");
        for op in &self.operators {
            let rows = op.rows.map_or_else(String::new, |rows| rows.to_string());
            let took = op.time.map_or_else(String::new, time);
            let indent = "  ".repeat(op.depth);
            let _ = writeln!(text, "{rows:>12}  {took:>10}  {indent}{}", op.what);
        }
        text
    }
}

fn time(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

fn operator(plan: &Arc<dyn ExecutionPlan>, depth: usize) -> OperatorProfile {
    let metrics = plan.metrics();
    let what = OneLine(plan.as_ref()).to_string();
    OperatorProfile {
        depth,
        what: what.split_whitespace().collect::<Vec<_>>().join(" "),
        rows: metrics.as_ref().and_then(MetricsSet::output_rows),
        time: metrics
            .as_ref()
            .and_then(MetricsSet::elapsed_compute)
            .map(|nanos| Duration::from_nanos(nanos as u64)),
        scan: metrics
            .filter(|_| plan.children().is_empty())
            .and_then(|metrics| scan(&metrics)),
    }
}

struct OneLine<'p>(&'p dyn ExecutionPlan);

impl std::fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt_as(DisplayFormatType::Default, f)
    }
}

fn scan(metrics: &MetricsSet) -> Option<ScanProfile> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut pruned: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for metric in metrics.iter() {
        match metric.value() {
            MetricValue::Count { name, count } => {
                *counts.entry(name).or_default() += count.value();
            }
            MetricValue::PruningMetrics {
                name,
                pruning_metrics,
            } => {
                let (out, kept) = pruned.entry(name).or_default();
                *out += pruning_metrics.pruned();
                *kept += pruning_metrics.matched();
            }
            _ => {}
        }
    }
    let count = |name: &str| counts.get(name).copied().unwrap_or(0);
    let out = |name: &str| pruned.get(name).map_or(0, |(out, _)| *out);
    // Statistics come first, bloom filters see what they leave.
    let kept = [
        "row_groups_pruned_bloom_filter",
        "row_groups_pruned_statistics",
    ];
    let kept = kept.iter().find_map(|name| pruned.get(name));
    let told = counts.contains_key("bytes_scanned") || counts.contains_key(FILES);
    told.then(|| ScanProfile {
        files: count(FILES),
        files_by_time: count(FILES_BY_TIME),
        files_by_index: count(FILES_BY_INDEX),
        row_groups_by_index: count(GROUPS_BY_INDEX),
        row_groups_by_statistics: out("row_groups_pruned_statistics")
            + out("row_groups_pruned_bloom_filter")
            + count("row_groups_pruned_dynamic_filter"),
        row_groups_read: kept.map_or(0, |(_, kept)| *kept),
        rows_by_pages: out("page_index_rows_pruned"),
        rows_filtered: count("pushdown_rows_pruned"),
        bytes: count("bytes_scanned"),
    })
}
