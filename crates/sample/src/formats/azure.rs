//! The Azure activity log as a diagnostic setting exports it (category `Administrative`).

use crate::clock::ticks;
use crate::dice::Dice;
use crate::people::Person;
use jiff::Timestamp;
use serde_json::{Value, json};

const CLAIM_UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
const CLAIM_NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
const CLAIM_OBJECT: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";

/// Builds a row of `AzureActivity`: `person` did `operation` on `resource` from `ip`.
pub(crate) fn activity(
    dice: &mut Dice,
    at: Timestamp,
    tenant: &str,
    person: &Person,
    operation: &str,
    resource: &str,
    ip: &str,
) -> Value {
    let id = resource.to_uppercase();
    json!({
        "time": ticks(at),
        "resourceId": id,
        "operationName": operation.to_uppercase(),
        "category": "Administrative",
        "resultType": "Success",
        "resultSignature": "Succeeded.OK",
        "durationMs": dice.between(40, 2_900),
        "callerIpAddress": ip,
        "correlationId": dice.guid_text(),
        "identity": {
            "authorization": {
                "scope": resource,
                "action": operation,
                "evidence": {
                    "role": "Contributor",
                    "roleAssignmentScope": format!("/subscriptions/{}", resource.split('/').nth(2).unwrap_or("")),
                    "principalId": person.object_id.replace('-', ""),
                    "principalType": "User"
                }
            },
            "claims": {
                "aud": "https://management.azure.com/",
                "iss": format!("https://sts.windows.net/{tenant}/"),
                "appid": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
                "ipaddr": ip,
                "name": person.display,
                CLAIM_UPN: person.upn,
                CLAIM_NAME: person.upn,
                CLAIM_OBJECT: person.object_id
            }
        },
        "level": "Information",
        "location": "global",
        "tenantId": tenant,
        "properties": {
            "statusCode": "OK",
            "serviceRequestId": dice.guid_text(),
            "eventCategory": "Administrative",
            "entity": resource,
            "message": operation,
            "hierarchy": format!("{tenant}/{}", resource.split('/').nth(2).unwrap_or(""))
        }
    })
}
