//! The command line's shape.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Security operations in one program: take in logs and alerts, hunt in them with KQL and Sigma,
/// turn what fires into prioritised incidents.
#[derive(Debug, Parser)]
#[command(name = "watchfloor", version, propagate_version = true, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Data folder [default: $WATCHFLOOR_DATA_DIR, else the platform's data folder].
    #[arg(long, global = true, env = "WATCHFLOOR_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Work on a server instead of a data folder; the token is in $WATCHFLOOR_TOKEN.
    #[arg(long, global = true, env = "WATCHFLOOR_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Certificate of the authority to trust with an https --server.
    #[arg(long, global = true, env = "WATCHFLOOR_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Configuration file.
    #[arg(long, global = true, env = "WATCHFLOOR_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Say nothing but errors on stderr.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// How rows are printed.
    #[arg(long, global = true, value_enum, default_value = "table")]
    pub(crate) format: Format,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "Examples:
  watchfloor serve --demo                           the sample intrusion, in a browser
  watchfloor ingest evidence/ cloudtrail/           files of any known format
  watchfloor query 'SecurityEvent | summarize count() by EventID'
  watchfloor hunt evidence/ --rules sigma/rules --min-level high
  watchfloor incidents list";

const HUNT_HELP: &str = "Analytics (Sentinel) rules:
  Rows of the tables they read are held in memory (--memory). Each rule runs over windows of its
  queryPeriod, one every queryFrequency; the last one ends at the first whole minute after the
  rule's last row. Windows without a row of its tables are left out, unless it fires on few rows.
  A record counts as received when it happened. A finding that shows in overlapping windows is one
  match, as in service.
  Each result row is a match: `fields` is the row without empty columns, `time` its TimeGenerated,
  else the end of the window, `file` and `record_id` are those of its record, else of the first
  record of `evidence`, which lists the records behind a summarised row; `\"\"` and 0 when none can
  be told (they are looked up for 150 rows of a window).

Order: ndjson, json and csv come as they are found, within a file in its order; table and html are
sorted by time and hold the --max-rows most severe matches; what is left out is counted on stderr.

Exit status: 1 when a file or rule failed or a limit left something out (stderr says what), 2 for
bad usage.

Examples:
  watchfloor hunt evidence/ --rules sigma/rules
  watchfloor hunt C.evtx --rules my.yml --format ndjson --since 2026-03-01T00:00:00Z
  watchfloor hunt evidence/ --rules sigma/ sentinel/ --format html --output hunt.html
  watchfloor hunt --rules sigma/rules --explain 'Security log cleared' evidence/Security.evtx:4711";

const QUERY_HELP: &str =
    "Columns of --format parquet and arrow: bool, int, long and real as they are; decimal as
Decimal128(38, 10); datetime as a timestamp in UTC with microseconds (the seventh digit is cut);
timespan as an integer, in ticks of 100 ns; string, guid and dynamic (JSON text) as text. Each
column's metadata has its KQL type under `kql_type`. They are written to stdout.

Exit status: 1 when the query failed or a limit was hit, 2 when its text is wrong.

Examples:
  watchfloor query 'SigninLogs | where ResultType != 0 | summarize count() by UserPrincipalName'
  watchfloor query -f hunt.kql --timespan 7d --format csv
  watchfloor query 'T | count' --load T=events.parquet
  watchfloor query 'SecurityEvent | take 1000' --format parquet > events.parquet
  echo 'Syslog | count' | watchfloor query - --timeout 5m
  watchfloor query 'Syslog | count' --explain";

/// Output of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One JSON array.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated, safe for spreadsheets.
    Csv,
    /// One self-contained page; of `hunt` only.
    Html,
    /// Columns with their types, for other programs; of `query` only.
    Parquet,
    /// An Arrow IPC stream; of `query` only.
    Arrow,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the server and the web workbench.
    Serve(Serve),
    /// Take in files, folders and archives.
    #[command(after_help = "Examples:
  watchfloor ingest Security.evtx AWSLogs/
  zcat firewall.log.gz | watchfloor ingest - --source syslog
  watchfloor ingest rows.ndjson --table SigninLogs --format ndjson")]
    Ingest(Ingest),
    /// Run a KQL query.
    #[command(after_help = QUERY_HELP)]
    Query(Query),
    /// Check, run or format KQL from files of queries.
    #[command(subcommand)]
    Kql(Kql),
    /// Run Sigma and Sentinel rules over files without storing them.
    #[command(after_help = HUNT_HELP)]
    Hunt(Hunt),
    /// Check rules.
    #[command(subcommand)]
    Rules(Rules),
    /// Look at incidents and work on them.
    #[command(subcommand)]
    Incidents(Incidents),
    /// Time to acknowledge, contain, remediate, recover, detect; dwell time.
    Metrics(Metrics),
    /// Records that could not be decoded.
    #[command(subcommand)]
    Rejects(Rejects),
    /// Assets and their criticality.
    #[command(subcommand)]
    Assets(Import),
    /// Identities across directories and clouds.
    #[command(subcommand)]
    Identities(Import),
    /// What comes in.
    #[command(subcommand)]
    Sources(Sources),
    /// The history of cases.
    #[command(subcommand)]
    History(History),
    /// Write a backup of the data folder to one file, also while a server runs.
    Backup {
        /// File to write; must not exist.
        file: PathBuf,
    },
    /// Restore a backup into an empty data folder.
    Restore {
        /// File to read.
        file: PathBuf,
    },
    /// People who may sign in.
    #[command(subcommand)]
    Users(Users),
    /// Tokens of programs.
    #[command(subcommand)]
    Tokens(Tokens),
    /// Print the OpenAPI document of the HTTP API.
    #[command(hide = true)]
    Openapi,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Serve {
    /// Address for plain http; loopback only [default: 127.0.0.1:8088].
    #[arg(long)]
    pub(crate) listen: Option<SocketAddr>,
    /// Address for https [default: 127.0.0.1:8443].
    #[arg(long)]
    pub(crate) listen_tls: Option<SocketAddr>,
    /// Memory for queries.
    #[arg(long, value_parser = bytes, default_value = "2GB")]
    pub(crate) memory: usize,
    /// Load the sample intrusion into a folder of its own, made anew at every start.
    #[arg(long)]
    pub(crate) demo: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Ingest {
    /// Files, folders, archives; `-` is stdin.
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Source name, or `auto`.
    #[arg(long, default_value = "auto")]
    pub(crate) source: String,
    /// Table for rows that name none.
    #[arg(long)]
    pub(crate) table: Option<String>,
    /// Store inputs again that were stored before.
    #[arg(long)]
    pub(crate) again: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Query {
    /// The query; `-` reads it from stdin.
    pub(crate) text: Option<String>,
    /// Read the query from a file.
    #[arg(short, long, conflicts_with = "text")]
    pub(crate) file: Option<PathBuf>,
    /// Query files instead of the data folder: TABLE=PATH, any known format.
    #[arg(long, value_name = "TABLE=PATH")]
    pub(crate) load: Vec<String>,
    /// Only rows of the last ... (30d, 24h), or <start>/<end>, by TimeGenerated.
    #[arg(long)]
    pub(crate) timespan: Option<String>,
    /// Memory; a running server has its own [default: 2GB].
    #[arg(long, value_parser = bytes)]
    pub(crate) memory: Option<usize>,
    /// Time it may take (60s, 5m) [default: 60s; over a data folder, the configured one].
    #[arg(long, value_parser = timeout, value_name = "TIME")]
    pub(crate) timeout: Option<Duration>,
    /// Rows at most; 500,000 over a data folder.
    #[arg(long, default_value_t = 30_000)]
    pub(crate) max_rows: usize,
    /// Run it, and instead of its rows say what was read and left out, and the time of each operator.
    #[arg(long)]
    pub(crate) explain: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Kql {
    /// Check queries: JSON lines {"id","query"} from stdin.
    Check {
        /// Tables: CSV with table,column,type [default: the built-in tables].
        #[arg(long)]
        schema: Option<PathBuf>,
    },
    /// Run queries: JSON lines {"id","query"} from stdin.
    Run {
        /// Tables: CSV with table,column,type [default: the built-in tables].
        #[arg(long)]
        schema: Option<PathBuf>,
        /// TABLE=PATH, any known format. Tables that are not loaded are empty.
        #[arg(long, value_name = "TABLE=PATH")]
        load: Vec<String>,
    },
    /// Lay a query out: one operator a line, long lists broken. Comments stay.
    Format {
        /// File with one query [default: stdin].
        file: Option<PathBuf>,
        /// Write the result back to the file.
        #[arg(long, requires = "file", conflicts_with = "check")]
        write: bool,
        /// Print nothing; exit with 1 when the file is not formatted.
        #[arg(long)]
        check: bool,
        /// Columns that a line should not exceed.
        #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(usize))]
        width: usize,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Hunt {
    /// Files, folders, archives; `-` is stdin.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) rules: RulePaths,
    /// Least level: informational, low, medium, high, critical [default: all].
    #[arg(long, value_name = "LEVEL")]
    pub(crate) min_level: Option<String>,
    /// First event time.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<jiff::Timestamp>,
    /// Last event time, exclusive.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<jiff::Timestamp>,
    /// Write the rows to a file; it appears when the hunt is done.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite the --output file.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    /// Say which selections of a Sigma rule (its id, title or file) hold for one record.
    #[arg(long, num_args = 2, value_names = ["RULE", "FILE:RECORD"], conflicts_with = "output")]
    pub(crate) explain: Option<Vec<String>>,
    /// Worker threads [default: one a processor].
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Memory for the rows that analytics rules read, and as much for their queries.
    #[arg(long, value_parser = bytes, default_value = "1GB")]
    pub(crate) memory: usize,
    /// Windows of one analytics rule at most: first those that bring no new row are left out, then
    /// the oldest.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub(crate) max_windows: usize,
    /// Matches in a table or an HTML page at most, the most severe ones.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) max_rows: usize,
}

/// Each use of `--rules` with its values: `hunt E --rules R S` names two folders of rules,
/// `hunt --rules R E` one, and E to hunt in.
#[derive(Debug, Default)]
pub(crate) struct RulePaths(pub(crate) Vec<Vec<PathBuf>>);

impl clap::FromArgMatches for RulePaths {
    fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
        let uses = matches.get_occurrences::<PathBuf>("rules");
        Ok(Self(
            uses.into_iter()
                .flatten()
                .map(|values| values.cloned().collect())
                .collect(),
        ))
    }

    fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl ClapArgs for RulePaths {
    fn augment_args(command: clap::Command) -> clap::Command {
        let rules = clap::Arg::new("rules")
            .long("rules")
            .value_name("PATH")
            .num_args(1..)
            .action(clap::ArgAction::Append)
            .value_parser(clap::value_parser!(PathBuf))
            .help("Rule files and folders");
        command.arg(rules)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl Hunt {
    /// What to hunt in, and the rules.
    pub(crate) fn paths_and_rules(&self) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let (mut paths, mut uses) = (self.paths.clone(), self.rules.0.clone());
        if paths.is_empty()
            && self.explain.is_none()
            && let Some(last) = uses.last_mut()
            && last.len() > 1
        {
            paths = last.split_off(1);
        }
        (paths, uses.concat())
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// Check rule files; prints one JSON object a rule. Exit status 1 when one is broken.
    Check {
        /// Files and folders.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Incidents {
    /// The queue, highest priority first.
    List {
        /// open, closed or all.
        #[arg(long, default_value = "open")]
        status: String,
        /// Text to look for.
        #[arg(long)]
        search: Option<String>,
    },
    /// One incident as JSON.
    Show { number: i64 },
    /// What its entities did around it.
    Scope {
        number: i64,
        /// Hours before and after.
        #[arg(long, default_value_t = 24)]
        hours: u32,
    },
    /// Take it.
    Ack { number: i64 },
    /// Give it to somebody.
    Assign { number: i64, user: String },
    /// Add a comment.
    Comment { number: i64, text: String },
    /// Mark it contained.
    Contain { number: i64 },
    /// Mark it remediated.
    Remediate { number: i64 },
    /// Mark it recovered.
    Recover { number: i64 },
    /// Move its alerts into another incident.
    Merge { number: i64, into: i64 },
    /// Take alerts out into an incident of their own.
    Split {
        number: i64,
        /// Alert ids.
        #[arg(required = true)]
        alerts: Vec<String>,
    },
    /// Close it.
    Close {
        number: i64,
        /// true-positive, benign-positive, false-positive or undetermined.
        #[arg(long)]
        classification: String,
        /// Why.
        #[arg(long, default_value = "")]
        comment: String,
    },
    /// Open it again.
    Reopen { number: i64 },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Metrics {
    /// Incidents created in the last ...
    #[arg(long, default_value = "30d")]
    pub(crate) since: String,
    /// severity, tier, source, rule, owner or shift: 00-08, 08-16 or 16-24 UTC, by the incident's
    /// first acknowledgement, or its creation as long as there is none.
    #[arg(long)]
    pub(crate) by: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rejects {
    /// The latest ones.
    List {
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Decode them again, with their source as it is set up now or with another one. Each is
    /// stored once, however often it is replayed.
    #[command(after_help = "Examples:
  watchfloor rejects replay
  watchfloor rejects replay --rejected-by table_rows --source syslog
  watchfloor rejects replay --id 0123456789abcdef0123456789abcdef --source cef_syslog")]
    Replay {
        /// Only these, as `rejects list` shows them.
        #[arg(long, value_name = "REJECT_ID")]
        id: Vec<String>,
        /// Only those that this source rejected.
        #[arg(long, value_name = "NAME")]
        rejected_by: Option<String>,
        /// Decode with this source, or as rows of this table.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Import a CSV file.
    Import {
        /// CSV with a header.
        file: PathBuf,
    },
    /// What is stored.
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sources {
    /// Counts by source.
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum History {
    /// Check that nothing was rewritten.
    Verify,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Users {
    /// Add a user; prints a one-time password.
    Add {
        name: String,
        /// admin, analyst or reader.
        #[arg(long, default_value = "analyst")]
        role: String,
    },
    /// Give a user a new one-time password.
    ResetPassword { name: String },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tokens {
    /// Make a token; it is printed once.
    Add {
        name: String,
        /// ingest, read, write.
        #[arg(long, default_value = "read", value_delimiter = ',')]
        scope: Vec<String>,
        /// Sources it may send to [default: all].
        #[arg(long, value_delimiter = ',')]
        source: Vec<String>,
    },
}

/// Reads a size: `2GB`, `512MB`, `1048576`.
fn bytes(text: &str) -> Result<usize, String> {
    let text = text.trim();
    let at = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number: f64 = text[..at]
        .parse()
        .map_err(|_| format!("`{text}` is no size; for example 2GB"))?;
    let unit = match text[at..].trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1.0,
        "KB" | "K" => 1e3,
        "MB" | "M" => 1e6,
        "GB" | "G" => 1e9,
        "KIB" => 1024.0,
        "MIB" => 1024.0 * 1024.0,
        "GIB" => 1024.0 * 1024.0 * 1024.0,
        unit => return Err(format!("unknown unit `{unit}`; use KB, MB or GB")),
    };
    Ok((number * unit) as usize)
}

/// Reads a length of time: `60s`, `5m`, `PT1M`.
fn timeout(text: &str) -> Result<Duration, String> {
    detect::timespan::length(text)
        .and_then(|length| Duration::try_from(length).ok())
        .filter(|length| !length.is_zero())
        .ok_or_else(|| format!("`{text}` is no length of time; for example 60s or 5m"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory as _;
        Args::command().debug_assert();
    }

    fn hunt(line: &str) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let args = Args::try_parse_from(line.split_whitespace()).unwrap();
        match args.command {
            Command::Hunt(hunt) => hunt.paths_and_rules(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rules_and_what_to_hunt_in_come_in_either_order() {
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        for (line, to_hunt_in, rules) in [
            ("w hunt e f --rules r", vec!["e", "f"], vec!["r"]),
            ("w hunt e --rules r s", vec!["e"], vec!["r", "s"]),
            ("w hunt e --rules r --rules s", vec!["e"], vec!["r", "s"]),
            ("w hunt --rules r e f", vec!["e", "f"], vec!["r"]),
            ("w hunt --rules r --rules s e", vec!["e"], vec!["r", "s"]),
            ("w hunt --rules r s --explain x f:1", vec![], vec!["r", "s"]),
        ] {
            assert_eq!(hunt(line), (paths(&to_hunt_in), paths(&rules)), "{line}");
        }
    }

    #[test]
    fn sizes_read() {
        assert_eq!(bytes("2GB").unwrap(), 2_000_000_000);
        assert_eq!(bytes("512").unwrap(), 512);
        assert!(bytes("2 bananas").is_err());
    }
}
