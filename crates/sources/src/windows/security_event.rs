//! The `SecurityEvent` table (reference: Azure Monitor, `SecurityEvent`).

use schema::{Row, TableSchema};

use super::{WindowsRecord, account, activity, level_name};

/// Events whose `Account` is the account that logs on or off, not the one that asks for it.
const LOGON_EVENTS: &[i64] = &[
    4624, 4625, 4626, 4634, 4647, 4649, 4675, 4768, 4769, 4770, 4771, 4772, 4773, 4774, 4775, 4776,
    4777, 4964,
];

/// Fills the row: a payload field goes to the column of its name, `EventData` keeps the whole
/// payload when some field has no column.
pub(super) fn fill(row: &mut Row, record: &WindowsRecord) {
    let table = std::sync::Arc::clone(row.table());
    let mut all_have_columns = record.unnamed.is_empty();
    for (name, value) in &record.fields {
        match column_for(&table, name) {
            Some(column) => row.set_json(column, value),
            None => all_have_columns = false,
        }
    }
    system_properties(row, record);
    accounts(row, record);
    if !all_have_columns {
        row.set("EventData", record.payload.as_str());
    }
    for column in ["NewProcessName", "ProcessName"] {
        let path = record.field(column);
        if !path.is_empty() && path != "-" {
            row.set("Process", path.rsplit('\\').next().unwrap_or(path));
            break;
        }
    }
    if let Some(logon_type) = record.fields.iter().find(|(name, _)| name == "LogonType") {
        row.set("LogonTypeName", logon_type_name(&logon_type.1));
    }
    for (name, value) in &record.extra {
        row.keep(name, value.clone());
    }
}

/// The column of a payload field. Columns that come from `System` take no payload field.
fn column_for<'a>(table: &TableSchema, field: &'a str) -> Option<&'a str> {
    const SYSTEM: &[&str] = &[
        "Channel",
        "Computer",
        "EventID",
        "Level",
        "EventLevelName",
        "Task",
        "Opcode",
        "Version",
        "Keywords",
        "Type",
        "TenantId",
        "TimeGenerated",
        "SourceSystem",
        "EventData",
        "Account",
        "AccountType",
        "Activity",
        "Process",
        "EventSourceName",
        "EventRecordId",
        "Correlation",
        "SystemProcessId",
        "SystemThreadId",
        "SystemUserId",
        "AdditionalFields",
    ];
    if SYSTEM.contains(&field) || field.starts_with('_') {
        return None;
    }
    table.position(field).map(|_| field)
}

fn system_properties(row: &mut Row, record: &WindowsRecord) {
    row.set("Channel", record.channel.as_str());
    row.set("Computer", record.computer.as_str());
    row.set("EventSourceName", record.provider.as_str());
    if let Some(id) = record.event_id {
        row.set("EventID", id);
        row.set("Activity", activity(id));
    }
    if let Some(level) = record.level {
        row.set("Level", level.to_string());
        row.set(
            "EventLevelName",
            if level == 0 {
                "LogAlways"
            } else {
                level_name(level)
            },
        );
    }
    for (column, value) in [
        ("Task", record.task),
        ("Version", record.version),
        ("SystemProcessId", record.process_id),
        ("SystemThreadId", record.thread_id),
    ] {
        if let Some(value) = value {
            row.set(column, value);
        }
    }
    for (column, value) in [
        ("Opcode", &record.opcode),
        ("Keywords", &record.keywords),
        ("Correlation", &record.activity_id),
        ("SystemUserId", &record.user_sid),
    ] {
        if !value.is_empty() {
            row.set(column, value.as_str());
        }
    }
    if let Some(id) = record.record_id {
        row.set("EventRecordId", id.to_string());
    }
    if !record.message.is_empty() {
        row.keep("Message", record.message.as_str().into());
    }
    if !record.provider_guid.is_empty() {
        row.keep("ProviderGuid", record.provider_guid.as_str().into());
    }
}

fn accounts(row: &mut Row, record: &WindowsRecord) {
    let subject = account(
        record.field("SubjectDomainName"),
        record.field("SubjectUserName"),
    );
    let target = account(
        record.field("TargetDomainName"),
        record.field("TargetUserName"),
    );
    let named = account(record.field("AccountDomain"), record.field("AccountName"));
    let is_logon = record.event_id.is_some_and(|id| LOGON_EVENTS.contains(&id));
    let order = if is_logon {
        [&target, &subject, &named]
    } else {
        [&subject, &target, &named]
    };
    if let Some(account) = order.into_iter().find(|account| !account.is_empty()) {
        row.set("Account", account.as_str());
        row.set(
            "AccountType",
            if account.ends_with('$') {
                "Machine"
            } else {
                "User"
            },
        );
    }
    for (column, value) in [("SubjectAccount", subject), ("TargetAccount", target)] {
        if !value.is_empty() {
            row.set(column, value);
        }
    }
}

/// Logon types (Windows security auditing, event 4624).
fn logon_type_name(value: &serde_json::Value) -> String {
    let number = value
        .as_i64()
        .or_else(|| value.as_str()?.trim().parse().ok());
    let name = match number {
        Some(0) => "System",
        Some(2) => "Interactive",
        Some(3) => "Network",
        Some(4) => "Batch",
        Some(5) => "Service",
        Some(7) => "Unlock",
        Some(8) => "NetworkCleartext",
        Some(9) => "NewCredentials",
        Some(10) => "RemoteInteractive",
        Some(11) => "CachedInteractive",
        Some(12) => "CachedRemoteInteractive",
        Some(13) => "CachedUnlock",
        Some(other) => return other.to_string(),
        None => return String::new(),
    };
    format!("{} - {name}", number.unwrap_or_default())
}
