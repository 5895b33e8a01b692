//! `kql check`, `kql run`, `kql format`, `metrics`, `assets` and `identities`; what all commands have in common.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::process::Output;

use serde_json::{Value as Json, json};
use support::{Server, ok, query, watchfloor, with_stdin};

fn kql(data: &Path, args: &[&str], lines: &[String]) -> (Vec<Json>, Output) {
    let output = with_stdin(data, &[&["kql"], args].concat(), &lines.join("\n"));
    let answers = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    (answers, output)
}

fn asked(id: impl Into<Json>, query: &str) -> String {
    json!({"id": id.into(), "query": query}).to_string()
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn kql_format_prints_checks_and_writes_back() {
    const LAID_OUT: &str = "SecurityEvent\n| where EventID == 4625 // failed\n| count\n";
    let data = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| watchfloor(data.path(), &[&["kql", "format"], args].concat());
    let text = "SecurityEvent|where EventID==4625 // failed\n|count";
    let piped = with_stdin(data.path(), &["kql", "format"], text);
    assert_eq!(String::from_utf8_lossy(&piped.stdout), LAID_OUT);

    let file = write(data.path(), "hunt.kql", text);
    assert_eq!(run(&["--check", &file]).status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    assert!(run(&["--write", &file]).status.success());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), LAID_OUT);
    assert!(run(&["--check", &file]).status.success());

    let wrong = write(
        data.path(),
        "wrong.kql",
        "SecurityEvent | where (EventID == 1",
    );
    let refused = run(&["--write", &wrong]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("wrong.kql:1:"));
    let kept = std::fs::read_to_string(&wrong).unwrap();
    assert_eq!(kept, "SecurityEvent | where (EventID == 1");
}

#[test]
fn kql_check_gives_columns_and_findings_by_line() {
    let data = tempfile::tempdir().unwrap();
    let wrong = "print 'é'\n| where Nope == 1";
    let lines = [
        asked(
            "a",
            "SecurityEvent | project EventID, Computer, When = TimeGenerated",
        ),
        asked(2, wrong),
    ];
    let (answers, output) = kql(data.path(), &["check"], &lines);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(
        answers[0],
        json!({
            "id": "a", "ok": true, "diagnostics": [],
            "columns": [
                {"name": "EventID", "type": "int"},
                {"name": "Computer", "type": "string"},
                {"name": "When", "type": "datetime"},
            ],
        })
    );
    assert_eq!(
        (&answers[1]["id"], &answers[1]["ok"]),
        (&json!(2), &json!(false))
    );
    let found = &answers[1]["diagnostics"][0];
    assert_eq!(
        (&found["severity"], &found["line"], &found["column"]),
        (&json!("error"), &json!(2), &json!(9))
    );
    let offset = |key: &str| usize::try_from(found[key].as_u64().unwrap()).unwrap();
    assert_eq!(&wrong[offset("start")..offset("end")], "Nope");
    assert!(found["code"].as_str().is_some_and(|code| !code.is_empty()));
    assert!(found["message"].as_str().unwrap().contains("Nope"));
}

#[test]
fn kql_check_knows_defenders_timestamp_in_its_dialect_only() {
    let data = tempfile::tempdir().unwrap();
    let text = "DeviceProcessEvents | where Timestamp > ago(1d) | project Timestamp";
    let in_dialect =
        |name: &str, text: &str| json!({"id": name, "query": text, "dialect": name}).to_string();
    let lines = [
        in_dialect("defender-xdr", text),
        in_dialect("sentinel", text),
        asked("default", text),
        in_dialect("defender-xdr", "SigninLogs | project Timestamp"),
        in_dialect(
            "defender-xdr",
            "DeviceProcessEvents | project TimeGenerated",
        ),
        in_dialect("defender-xdr", "union Device* | project Timestamp"),
    ];
    let (answers, output) = kql(data.path(), &["check"], &lines);
    assert_eq!(output.status.code(), Some(0));
    let ok: Vec<&Json> = answers.iter().map(|answer| &answer["ok"]).collect();
    assert_eq!(ok, [true, false, false, false, true, true], "{answers:?}");
    let columns = json!([{"name": "Timestamp", "type": "datetime"}]);
    assert_eq!(answers[0]["columns"], columns);
}

#[test]
fn lines_that_hold_no_query_are_answered_and_the_run_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let lines = [
        "{broken".to_owned(),
        "[1,2]".to_owned(),
        "\"text\"".to_owned(),
        json!({"id": "no query"}).to_string(),
        json!({"id": "odd", "query": "print 1", "dialect": "splunk"}).to_string(),
        String::new(),
        asked("good", "print x = 1"),
    ];
    for command in ["check", "run"] {
        let (answers, output) = kql(data.path(), &[command], &lines);
        assert_eq!(output.status.code(), Some(2), "{command}");
        let ok: Vec<&Json> = answers.iter().map(|answer| &answer["ok"]).collect();
        assert_eq!(ok, [false, false, false, false, false, true], "{answers:?}");
        let reason = |at: usize| match command {
            "check" => answers[at]["diagnostics"][0]["message"].to_string(),
            _ => answers[at]["error"].to_string(),
        };
        for at in 0..5 {
            assert!(
                reason(at).contains(&format!("line {}:", at + 1)),
                "{}",
                reason(at)
            );
        }
        assert!(reason(4).contains("splunk") && reason(4).contains("defender-xdr"));
        assert_eq!(answers[3]["id"], "no query");
        assert_eq!(answers[5]["id"], "good");
    }
}

#[test]
fn kql_check_with_a_schema_knows_its_tables_only() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let schema = write(
        folder.path(),
        "schema.csv",
        "table,column,type\nMine,a,long\nWindowsEvent,Channel,string\n",
    );
    let lines = [
        asked(1, "Mine | project a"),
        asked(2, "SecurityEvent | count"),
        asked(3, "WindowsEvent | project Channel"),
        asked(4, "union * | count"),
    ];
    let (answers, _) = kql(data.path(), &["check", "--schema", &schema], &lines);
    let ok: Vec<&Json> = answers.iter().map(|answer| &answer["ok"]).collect();
    assert_eq!(ok, [true, false, true, true], "{answers:?}");
    let broken = write(folder.path(), "broken.csv", "table,column,type\nMine,a\n");
    let (_, output) = kql(data.path(), &["check", "--schema", &broken], &[]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        stderr.contains("broken.csv") && stderr.contains("line 2"),
        "{stderr}"
    );
}

#[test]
fn kql_run_reads_loaded_tables_and_finds_the_others_empty() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let schema = write(
        folder.path(),
        "schema.csv",
        "table,column,type\nLoaded,a,long\nLoaded,s,string\nEmpty,a,long\nEmpty,at,datetime\n",
    );
    let rows = write(
        folder.path(),
        "rows.ndjson",
        "{\"a\":1,\"s\":\"x\"}\n{\"a\":2,\"s\":\"y\"}\n",
    );
    let load = format!("Loaded={rows}");
    let lines = [
        asked(1, "Loaded | order by a asc"),
        asked(2, "Empty"),
        asked(3, "Empty | summarize n = count(), latest = max(at)"),
        asked(4, "Loaded | join kind=leftanti Empty on a | count"),
        asked(5, "NoSuch | count"),
        asked(6, "Loaded | where"),
        asked(7, "union Loaded, Empty | count"),
        asked(8, "SecurityEvent | count"),
    ];
    let (answers, output) = kql(
        data.path(),
        &["run", "--schema", &schema, "--load", &load],
        &lines,
    );
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(answers[0]["rows"], json!([[1, "x"], [2, "y"]]));
    assert_eq!(
        answers[0]["columns"],
        json!([{"name": "a", "type": "long"}, {"name": "s", "type": "string"}])
    );
    assert_eq!(answers[0]["error"], Json::Null);
    assert!(answers[0]["elapsed_ms"].is_number());
    assert_eq!(
        (&answers[1]["ok"], &answers[1]["rows"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(answers[2]["rows"], json!([[0, null]]));
    assert_eq!(answers[3]["rows"], json!([[2]]));
    for at in [4, 5, 7] {
        assert_eq!(answers[at]["ok"], false, "{}", answers[at]);
        assert!(answers[at]["error"].is_string());
    }
    assert_eq!(answers[6]["rows"], json!([[2]]));
}

#[test]
fn kql_run_over_the_built_in_tables_without_rows_fails_no_query() {
    let data = tempfile::tempdir().unwrap();
    let lines = [
        asked(
            1,
            "SecurityEvent | where EventID == 4624 | summarize count() by Account",
        ),
        asked(2, "WindowsEvent | count"),
        asked(3, "SigninLogs | join AuditLogs on CorrelationId | count"),
    ];
    let (answers, _) = kql(data.path(), &["run"], &lines);
    let rows: Vec<&Json> = answers.iter().map(|answer| &answer["rows"]).collect();
    assert_eq!(
        rows,
        [&json!([]), &json!([[0]]), &json!([[0]])],
        "{answers:?}"
    );
}

#[test]
fn kql_run_prints_values_as_the_logs_api_does() {
    let data = tempfile::tempdir().unwrap();
    let text = "print b=true, i=int(1), l=9223372036854775807, r=1.5, whole=2.0, n=real(nan), inf=real(+inf),
        d=decimal(1.25), t=datetime(2026-01-02 03:04:05.1234567), latest=datetime(9999-12-31 23:59:59.9999999),
        span=timespan(1.02:03:04.5), g=guid(74BE27DE-1E4E-49D9-B579-FE0B331D3642), j=dynamic({'a':[1,null]}),
        none=long(null), s=''";
    let (answers, _) = kql(data.path(), &["run"], &[asked(1, text)]);
    let row = &answers[0]["rows"][0];
    assert_eq!(
        *row,
        json!([
            true,
            1,
            9_223_372_036_854_775_807_i64,
            1.5,
            row[4],
            "NaN",
            "Infinity",
            "1.25",
            "2026-01-02T03:04:05.1234567Z",
            "9999-12-31T23:59:59.9999999Z",
            "1.02:03:04.5000000",
            "74be27de-1e4e-49d9-b579-fe0b331d3642",
            row[12],
            null,
            ""
        ]),
        "{}",
        answers[0]
    );
    assert_eq!(row[4].as_f64(), Some(2.0));
    let dynamic: Json = serde_json::from_str(row[12].as_str().unwrap()).unwrap();
    assert_eq!(dynamic, json!({"a": [1, null]}));
}

const ASSETS: &str = "kind,name,criticality,owner,environment,service,tags
host,ws7.corp.example,3,o.ther@corp.example,on-premises,office,
domain controller,dc01.corp.example,0,it@corp.example,on-premises,directory,tier0
";

const IDENTITIES: &str = "account_upn,sid,nt_name,display_name,privileged_role,department
b.oss@corp.example,S-1-5-21-1-2-3-1300,CORP\\b.oss,=HYPERLINK(1),Global Administrator,Board
a.nalyst@corp.example,S-1-5-21-1-2-3-1301,CORP\\a.nalyst,An Alyst,,SOC
";

#[test]
fn assets_and_identities_are_listed_as_they_were_imported() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(
        ok(data.path(), &["assets", "list", "--format", "ndjson"]),
        ""
    );
    let assets = write(folder.path(), "assets.csv", ASSETS);
    let identities = write(folder.path(), "identities.csv", IDENTITIES);
    ok(data.path(), &["assets", "import", &assets]);
    ok(data.path(), &["identities", "import", &identities]);
    let list = |what: &str| -> Vec<Json> {
        let text = ok(data.path(), &[what, "list", "--format", "json"]);
        serde_json::from_str(&text).unwrap()
    };
    let check = || {
        let assets = list("assets");
        let shown: Vec<_> = assets
            .iter()
            .map(|a| {
                (
                    a["name"].as_str().unwrap(),
                    a["criticality"].as_i64().unwrap(),
                )
            })
            .collect();
        assert_eq!(shown, [("dc01.corp.example", 0), ("ws7.corp.example", 3)]);
        assert_eq!(assets[0]["tags"], json!(["tier0"]));
        let identities = list("identities");
        assert_eq!(identities[0]["label"], "a.nalyst@corp.example");
        assert_eq!(identities[1]["privileged_role"], "Global Administrator");
        let accounts = identities[1]["accounts"].as_array().unwrap();
        assert_eq!(accounts.len(), 3, "{accounts:?}");
        let has_sid = |a: &Json| a.as_str().unwrap().contains("s-1-5-21-1-2-3-1300");
        assert!(
            accounts
                .iter()
                .any(|a| has_sid(&json!(a.as_str().unwrap().to_lowercase()))),
            "{accounts:?}"
        );
    };
    check();
    let server = Server::start(data.path(), &[]);
    check();
    server.stop();
    let csv = ok(data.path(), &["identities", "list", "--format", "csv"]);
    assert!(csv.contains("'=HYPERLINK"), "{csv}");
}

#[test]
fn metrics_are_grouped_by_each_word_of_the_contract_and_no_other() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    let all = ok(data.path(), &["metrics", "--format", "json"]);
    let all: Json = serde_json::from_str(&all).unwrap();
    assert_eq!(
        (&all[0]["key"], &all[0]["incidents"]),
        (&json!("all"), &json!(0))
    );
    for by in ["severity", "tier", "source", "rule", "owner", "shift"] {
        let text = ok(
            data.path(),
            &["metrics", "--since", "7d", "--by", by, "--format", "ndjson"],
        );
        assert_eq!(text, "", "{by}");
    }
    let output = watchfloor(data.path(), &["metrics", "--by", "weather"]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        stderr.contains("weather") && stderr.contains("shift"),
        "{stderr}"
    );
    let output = watchfloor(data.path(), &["metrics", "--since", "never"]);
    assert_eq!(output.status.code(), Some(2));
    server.stop();
}

#[test]
fn quiet_keeps_summaries_off_stderr_and_rows_on_stdout() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let rows = write(
        folder.path(),
        "rows.ndjson",
        "{\"Type\":\"Syslog\",\"SyslogMessage\":\"x\"}\n",
    );
    let backup = folder.path().join("backup").display().to_string();
    let assets = write(
        folder.path(),
        "assets.csv",
        &format!("{ASSETS}host,,1,,,,\n"),
    );
    let commands: &[&[&str]] = &[
        &["ingest", &rows],
        &["assets", "import", &assets],
        &["query", "Syslog"],
        &["incidents", "list"],
        &["metrics"],
        &["rejects", "list"],
        &["sources", "list"],
        &["history", "verify"],
        &["backup", &backup],
    ];
    for command in commands {
        let output = watchfloor(data.path(), &[command, &["--quiet"][..]].concat());
        assert_eq!(output.status.code(), Some(0), "{command:?} {output:?}");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(stderr, "", "{command:?}");
    }
    assert_eq!(query(data.path(), "Syslog | count")[0]["Count"], 1);
}

#[test]
fn every_command_that_prints_rows_takes_every_format() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    let commands: &[&[&str]] = &[
        &["query", "print a = 1"],
        &["incidents", "list"],
        &["metrics"],
        &["rejects", "list"],
        &["sources", "list"],
        &["assets", "list"],
        &["identities", "list"],
        &["history", "verify"],
        &["tokens", "add", "t"],
    ];
    for command in commands {
        let print = |format: &str| ok(data.path(), &[command, &["--format", format][..]].concat());
        let json: Json = serde_json::from_str(&print("json")).unwrap();
        assert!(json.is_array(), "{command:?}: {json}");
        for line in print("ndjson").lines() {
            let row: Json = serde_json::from_str(line).unwrap();
            assert!(row.is_object(), "{command:?}: {row}");
        }
        let csv = print("csv");
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        assert!(!reader.headers().unwrap().is_empty(), "{command:?}");
        assert!(
            reader.records().all(|row| row.is_ok()),
            "{command:?}: {csv}"
        );
        assert!(print("table").contains('│'), "{command:?}");
    }
    server.stop();
}
