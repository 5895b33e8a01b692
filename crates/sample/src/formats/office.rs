//! Microsoft 365 audit records as rows of the table `OfficeActivity`: the Office 365 Management
//! Activity API's fields under the table's column names.

use crate::clock::seconds;
use crate::dice::Dice;
use crate::people::Person;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Builds a row about a file in SharePoint or OneDrive.
pub(crate) fn file(
    dice: &mut Dice,
    at: Timestamp,
    tenant: &str,
    person: &Person,
    operation: &str,
    path: (&str, &str),
    ip: &str,
) -> Value {
    let (folder, name) = path;
    let domain = person.upn.split_once('@').map_or("", |(_, domain)| domain);
    let site = format!("https://files.{domain}/sites/{folder}/");
    let mut row = common(
        dice,
        at,
        tenant,
        person,
        "SharePointFileOperation",
        operation,
        "SharePoint",
        ip,
    );
    extend(
        &mut row,
        json!({
            "OfficeObjectId": format!("{site}Shared Documents/{name}"),
            "Site_Url": site,
            "SourceRelativeUrl": "Shared Documents",
            "SourceFileName": name,
            "SourceFileExtension": name.rsplit('.').next().unwrap_or(""),
            "ItemType": "File",
            "EventSource": "SharePoint",
            "UserAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Edg/122.0"
        }),
    );
    row
}

/// Builds a row about something a mailbox's owner did; `parameters` are those of the cmdlet.
pub(crate) fn mailbox(
    dice: &mut Dice,
    at: Timestamp,
    tenant: &str,
    person: &Person,
    operation: &str,
    parameters: &[(&str, &str)],
    ip: &str,
) -> Value {
    let cmdlet = operation.contains('-');
    let record = if cmdlet {
        "ExchangeAdmin"
    } else {
        "ExchangeItem"
    };
    let mut row = common(dice, at, tenant, person, record, operation, "Exchange", ip);
    let parameters: Vec<_> = parameters
        .iter()
        .map(|(name, value)| json!({"Name": name, "Value": value}))
        .collect();
    let mut extra = json!({
        "MailboxOwnerUPN": person.upn,
        "MailboxGuid": uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, person.upn.as_bytes()).to_string(),
        "Logon_Type": "Owner",
        "ClientInfoString": "Client=OWA;Action=ViaProxy",
        "OriginatingServer": "EX01 (15.20.7339.000)",
        "ExternalAccess": "False"
    });
    if cmdlet {
        extend(
            &mut extra,
            json!({
                "OfficeObjectId": format!("{}\\{}", person.upn, operation),
                "Parameters": Value::Array(parameters).to_string()
            }),
        );
    }
    extend(&mut row, extra);
    row
}

#[allow(clippy::too_many_arguments)]
fn common(
    dice: &mut Dice,
    at: Timestamp,
    tenant: &str,
    person: &Person,
    record: &str,
    operation: &str,
    workload: &str,
    ip: &str,
) -> Value {
    json!({
        "Type": "OfficeActivity",
        "TimeGenerated": seconds(at),
        "SourceSystem": "OfficeActivityManager",
        "OfficeId": dice.guid_text(),
        "OrganizationId": tenant,
        "OfficeTenantId": tenant,
        "RecordType": record,
        "Operation": operation,
        "OfficeWorkload": workload,
        "ResultStatus": "Succeeded",
        "UserType": "Regular",
        "UserKey": person.object_id,
        "UserId": person.upn,
        "ClientIP": ip
    })
}

fn extend(row: &mut Value, more: Value) {
    if let (Value::Object(row), Value::Object(more)) = (row, more) {
        row.extend(more);
    }
}
