//! Rows that already have a table's columns: exports of Log Analytics and of Defender's advanced
//! hunting, and what other tools write in the same shape. JSON (a row an object) or CSV.

mod csv_rows;
mod infer;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use schema::{Row, TableSchema};
use serde_json::{Map, Value as Json};

use crate::head::{first_record, text};
use crate::json_source::{Mapped, decode_json};
use crate::time::first_time;
use crate::windows::{log_source, windows_log_source};
use crate::{Confidence, DecodeContext, DecodeError, Input, Sink, Source, SourceSpec};

static SPEC: SourceSpec = SourceSpec {
    name: "table_rows",
    title: "Rows of a table (JSON or CSV)",
    doc: "Rows in the columns of a Log Analytics table. The table is the one asked for, else the \
          row's `Type`, else the known table whose columns hold most of the row. Column names with \
          a type suffix, as unions write them (`EventData_string`), go to their column. What has no \
          column is kept in AdditionalFields.",
    tables: &[
        "SecurityEvent",
        "Event",
        "Syslog",
        "CommonSecurityLog",
        "SigninLogs",
        "AuditLogs",
        "OfficeActivity",
        "DeviceEvents",
        "CloudAppEvents",
        "AWSCloudTrail",
        "SecurityAlert",
    ],
    reference: "Azure Monitor table reference; Defender advanced hunting schema",
};

/// The source.
pub(crate) struct TableRows;

impl Source for TableRows {
    fn spec(&self) -> &'static SourceSpec {
        &SPEC
    }

    fn sniff(&self, head: &[u8], file_name: &str) -> Confidence {
        if let Some(record) = first_record(head) {
            let time = record.contains_key("TimeGenerated") || record.contains_key("Timestamp");
            let known = schema::Catalog::builtin()
                .table(text(&record, "Type"))
                .is_some();
            return match (time, known) {
                (_, true) => Confidence::Certain,
                (true, false) if infer::table(&record, schema::Catalog::builtin()).is_some() => {
                    Confidence::Likely
                }
                _ => Confidence::No,
            };
        }
        csv_rows::sniff(head, file_name)
    }

    fn decode(
        &self,
        input: &mut dyn Input,
        ctx: &DecodeContext<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), DecodeError> {
        let mut tables = Tables::new(ctx);
        if csv_rows::is_csv(input)? {
            return csv_rows::decode(input, ctx, out, &mut tables);
        }
        decode_json(
            input,
            ctx,
            out,
            &["value", "Results", "results"],
            &mut |record| Ok(tables.map(record)),
        )
    }
}

/// Schemas in use, with what is needed to find a column by a name that is nearly its own.
struct Tables<'a, 'c> {
    ctx: &'a DecodeContext<'c>,
    schemas: HashMap<String, Arc<TableSchema>>,
}

impl<'a, 'c> Tables<'a, 'c> {
    fn new(ctx: &'a DecodeContext<'c>) -> Self {
        Self {
            ctx,
            schemas: HashMap::new(),
        }
    }

    fn schema(&mut self, name: &str) -> Arc<TableSchema> {
        if let Some(schema) = self.schemas.get(name) {
            return Arc::clone(schema);
        }
        let schema = self.ctx.table_schema(name);
        self.schemas.insert(name.to_owned(), Arc::clone(&schema));
        schema
    }

    /// The table of a row (see [`SPEC`]); `Unmapped_CL` when nothing fits.
    fn name_for(&self, record: &Map<String, Json>) -> String {
        if let Some(table) = &self.ctx.table {
            return table.clone();
        }
        let catalog = self.ctx.catalog;
        for key in ["Type", "$table", "Table", "TableName"] {
            let name = text(record, key);
            // `Custom_CL` may be new to this installation.
            if catalog.table(name).is_some() || is_custom(name) {
                return name.to_owned();
            }
        }
        infer::table(record, catalog)
            .unwrap_or("Unmapped_CL")
            .to_owned()
    }

    fn map(&mut self, record: Map<String, Json>) -> Mapped {
        let name = self.name_for(&record);
        let schema = self.schema(&name);
        let mut row = Row::new(Arc::clone(&schema));
        for (member, value) in &record {
            match column(&schema, member) {
                // These are set anew for every stored row.
                Some("TimeGenerated" | "_ItemId" | "_TimeReceived" | "_TimeQuality") => {}
                Some("Type") if value.as_str() == Some(name.as_str()) => {}
                Some("Type") => row.keep("Type", value.clone()),
                Some("AdditionalFields") => set_additional(&mut row, value),
                // A column named twice (`A` and `A_string`) keeps its first value that says something.
                Some(column) if is_empty(value) && row.get(column).is_some() => {}
                Some(column) => row.set_json(column, value),
                None if is_empty(value) => {}
                None => row.keep(member, value.clone()),
            }
        }
        let time = time(&record);
        if time.is_none()
            && let Some(unread) = record.get("TimeGenerated").filter(|time| !is_empty(time))
        {
            // The last hours of the year 9999 fit the column; what is no instant stays visible.
            row.set_json("TimeGenerated", unread);
        }
        let source = match name.as_str() {
            "Event" => windows_log_source(text(&record, "EventLog")),
            name => log_source(name),
        };
        let mut mapped = Mapped::new(row, record, source);
        mapped.time = time;
        mapped
    }
}

/// `AdditionalFields` as text holds JSON.
fn set_additional(row: &mut Row, value: &Json) {
    if !is_empty(value) {
        row.set_json("AdditionalFields", value);
    }
}

fn time(record: &Map<String, Json>) -> Option<Timestamp> {
    first_time(
        record,
        &[
            "TimeGenerated",
            "Timestamp",
            "TimeGenerated [UTC]",
            "timestamp",
        ],
    )
}

fn is_custom(name: &str) -> bool {
    name.strip_suffix("_CL").is_some_and(|stem| {
        !stem.is_empty()
            && stem
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn is_empty(value: &Json) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// The column that a member goes to: of its own name, or of its name without the suffix that
/// `union` adds for the type, or without the `[UTC]` of portal exports.
fn column<'a>(schema: &TableSchema, member: &'a str) -> Option<&'a str> {
    const SUFFIXES: &[&str] = &[
        "_string",
        "_dynamic",
        "_long",
        "_int",
        "_real",
        "_bool",
        "_datetime",
        "_guid",
        " [UTC]",
    ];
    if schema.position(member).is_some() {
        return Some(member);
    }
    SUFFIXES
        .iter()
        .filter_map(|suffix| member.strip_suffix(suffix))
        .find(|stem| schema.position(stem).is_some())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use schema::Catalog;
    use serde_json::json;

    fn map(record: Json) -> (String, Row) {
        let ctx = DecodeContext::new(Timestamp::UNIX_EPOCH);
        let Json::Object(record) = record else {
            panic!("no object")
        };
        let mapped = Tables::new(&ctx).map(record);
        (mapped.row.table().name.clone(), mapped.row)
    }

    #[test]
    fn the_table_is_named_or_told_from_the_columns() {
        let (table, row) = map(
            json!({"Type": "Event", "TimeGenerated": "2026-01-01T00:00:00Z",
            "EventData_string": "<x/>", "EventLog": "System", "Nothing": 1}),
        );
        assert_eq!((table.as_str(), row.text("EventData")), ("Event", "<x/>"));
        assert_eq!(row.parts().1["Nothing"], 1);
        // `Type` may be a column of something else.
        let (table, row) = map(
            json!({"Type": "Application", "TimeGenerated": "2026-01-01T00:00:00Z",
            "ActivityDisplayName": "Add app", "InitiatedBy": "{}", "TargetResources": "[]",
            "LoggedByService": "Core Directory", "AADOperationType": "Add", "Result": "success"}),
        );
        assert_eq!(table, "AuditLogs");
        assert_eq!(row.parts().1["Type"], "Application");
        let (table, _) = map(
            json!({"TimeGenerated": "2026-01-01T00:00:00Z", "EventID": 5156,
            "Computer": "a.corp.example", "SourceAddress": "::1", "LayerRTID": "46"}),
        );
        assert_eq!(table, "SecurityEvent");
        assert_eq!(map(json!({"a": 1})).0, "Unmapped_CL");
        assert_eq!(map(json!({"Type": "My_CL", "a": 1})).0, "My_CL");
    }

    #[test]
    fn a_time_that_is_none_is_kept_beside_the_columns() {
        let (_, row) = map(json!({"Type": "Syslog", "TimeGenerated": "soon"}));
        assert_eq!(row.parts().1["TimeGenerated"], "soon");
        let (_, row) =
            map(json!({"Type": "Syslog", "TimeGenerated": "9999-12-31T23:59:59.9999999Z"}));
        assert!(row.get("TimeGenerated").is_some());
    }

    #[test]
    fn a_suffix_is_taken_off_only_where_a_column_is_left() {
        let table = Catalog::builtin().table("SecurityEvent").unwrap();
        assert_eq!(column(table, "EventData_dynamic"), Some("EventData"));
        assert_eq!(column(table, "Nothing_dynamic"), None);
    }
}
