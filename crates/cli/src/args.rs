//! The command line's shape.

use std::net::SocketAddr;
use std::path::PathBuf;

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
    #[command(after_help = "Examples:
  watchfloor query 'SigninLogs | where ResultType != 0 | summarize count() by UserPrincipalName'
  watchfloor query -f hunt.kql --timespan 7d --format csv
  watchfloor query 'T | count' --load T=events.parquet")]
    Query(Query),
    /// Check, run or format KQL from files of queries.
    #[command(subcommand)]
    Kql(Kql),
    /// Run Sigma rules over files without storing them.
    #[command(after_help = "Examples:
  watchfloor hunt evidence/ --rules sigma/rules
  watchfloor hunt C.evtx --rules my.yml --format ndjson --since 2026-03-01T00:00:00Z")]
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
    /// Only rows of the last ... (30d, 24h), or <start>/<end>.
    #[arg(long)]
    pub(crate) timespan: Option<String>,
    /// Memory.
    #[arg(long, value_parser = bytes, default_value = "2GB")]
    pub(crate) memory: usize,
    /// Rows at most.
    #[arg(long, default_value_t = 30_000)]
    pub(crate) max_rows: usize,
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
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Hunt {
    /// Files, folders, archives.
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Rule files and folders.
    #[arg(long, required = true)]
    pub(crate) rules: Vec<PathBuf>,
    /// Least level: informational, low, medium, high, critical.
    #[arg(long)]
    pub(crate) min_level: Option<String>,
    /// First event time.
    #[arg(long)]
    pub(crate) since: Option<jiff::Timestamp>,
    /// Last event time, exclusive.
    #[arg(long)]
    pub(crate) until: Option<jiff::Timestamp>,
    /// Worker threads [default: one a processor].
    #[arg(long)]
    pub(crate) threads: Option<usize>,
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
    /// severity, tier, source, rule or owner.
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
    /// Decode them again.
    Replay,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Import a CSV file.
    Import {
        /// CSV with a header.
        file: PathBuf,
    },
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory as _;
        Args::command().debug_assert();
    }

    #[test]
    fn sizes_read() {
        assert_eq!(bytes("2GB").unwrap(), 2_000_000_000);
        assert_eq!(bytes("512").unwrap(), 512);
        assert!(bytes("2 bananas").is_err());
    }
}
