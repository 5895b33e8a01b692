//! Entra ID sign-in and audit logs as a diagnostic setting exports them (categories `SignInLogs`
//! and `AuditLogs`): an envelope, and `properties` with the names of the Graph resources `signIn`
//! and `directoryAudit`.

use crate::clock::{seconds, ticks};
use crate::dice::Dice;
use crate::estate::Place;
use crate::people::Person;
use jiff::Timestamp;
use serde_json::{Value, json};

/// An application people sign in to: name, application id, and the resource it opens.
pub(crate) type App = (&'static str, &'static str, &'static str);

/// Well-known first-party applications.
pub(crate) const APPS: &[App] = &[
    (
        "Office 365 Exchange Online",
        "00000002-0000-0ff1-ce00-000000000000",
        "Office 365 Exchange Online",
    ),
    (
        "Office 365 SharePoint Online",
        "00000003-0000-0ff1-ce00-000000000000",
        "Office 365 SharePoint Online",
    ),
    (
        "Microsoft Teams",
        "1fec8e78-bce4-4aaf-ab1b-5451cc387264",
        "Microsoft Teams Services",
    ),
    (
        "Microsoft Office",
        "d3590ed6-52b3-4102-aeff-aad2292ab01c",
        "Microsoft Graph",
    ),
];

/// The portal of Azure.
pub(crate) const PORTAL: App = (
    "Azure Portal",
    "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
    "Azure Resource Manager",
);

/// What a sign-in tells beside who signed in.
pub(crate) struct SignIn<'a> {
    pub(crate) app: App,
    pub(crate) ip: &'a str,
    pub(crate) place: &'a Place,
    /// 0 for success, else the AADSTS code.
    pub(crate) error: i64,
    pub(crate) device: Option<&'a str>,
    pub(crate) user_agent: &'a str,
    pub(crate) risk: &'a str,
}

/// Builds a row of `SigninLogs`.
pub(crate) fn sign_in(
    dice: &mut Dice,
    at: Timestamp,
    tenant: &str,
    person: &Person,
    what: &SignIn<'_>,
) -> Value {
    let correlation = dice.guid_text();
    let (app, app_id, resource) = what.app;
    let place = what.place;
    let failed = what.error != 0;
    let reason = match what.error {
        0 => "Other.",
        50_126 => "Error validating credentials due to invalid username or password.",
        _ => "Sign-in failed.",
    };
    let status = if failed {
        json!({"errorCode": what.error, "failureReason": reason})
    } else {
        json!({"errorCode": 0, "additionalDetails": "MFA requirement satisfied by claim in the token"})
    };
    let risk_state = if what.risk == "none" {
        "none"
    } else {
        "atRisk"
    };
    let events: &[&str] = if what.risk == "none" {
        &[]
    } else {
        &["unfamiliarFeatures"]
    };
    let mut properties = json!({
        "id": dice.guid_text(),
        "createdDateTime": ticks(at),
        "userDisplayName": person.display,
        "userPrincipalName": person.upn,
        "userId": person.object_id,
        "userType": "Member",
        "appId": app_id,
        "appDisplayName": app,
        "ipAddress": what.ip,
        "status": status,
        "clientAppUsed": "Browser",
        "userAgent": what.user_agent,
        "deviceDetail": device_detail(what.device),
        "location": location(place)
    });
    let outcome = json!({
        "correlationId": correlation,
        "conditionalAccessStatus": "notApplied",
        "appliedConditionalAccessPolicies": [],
        "isInteractive": true,
        "tokenIssuerType": "AzureAD",
        "authenticationRequirement": "singleFactorAuthentication",
        "riskDetail": "none",
        "riskLevelAggregated": what.risk,
        "riskLevelDuringSignIn": what.risk,
        "riskState": risk_state,
        "riskEventTypes_v2": events,
        "resourceDisplayName": resource,
        "homeTenantId": tenant,
        "resourceTenantId": tenant
    });
    if let (Value::Object(properties), Value::Object(outcome)) = (&mut properties, outcome) {
        properties.extend(outcome);
    }
    json!({
        "time": ticks(at),
        "resourceId": format!("/tenants/{tenant}/providers/Microsoft.aadiam"),
        "operationName": "Sign-in activity",
        "operationVersion": "1.0",
        "category": "SignInLogs",
        "tenantId": tenant,
        "resultType": what.error.to_string(),
        "resultSignature": if failed { "FAILURE" } else { "SUCCESS" },
        "resultDescription": if failed { reason } else { "" },
        "durationMs": 0,
        "callerIpAddress": what.ip,
        "correlationId": correlation,
        "identity": person.display,
        "Level": 4,
        "location": place.country,
        "properties": properties
    })
}

/// What an entry of the directory's audit log tells beside who did it.
pub(crate) struct Audit<'a> {
    pub(crate) operation: &'a str,
    pub(crate) category: &'a str,
    pub(crate) service: &'a str,
    pub(crate) verb: &'a str,
    pub(crate) ip: &'a str,
    /// The person it was done to.
    pub(crate) target: &'a Person,
    /// Changed property with its old and new value.
    pub(crate) change: (&'a str, &'a str, &'a str),
}

/// Builds a row of `AuditLogs`.
pub(crate) fn audit(
    dice: &mut Dice,
    at: Timestamp,
    tenant: &str,
    actor: &Person,
    what: &Audit<'_>,
) -> Value {
    let correlation = dice.guid_text();
    let (property, old, new) = what.change;
    json!({
        "time": ticks(at),
        "resourceId": format!("/tenants/{tenant}/providers/Microsoft.aadiam"),
        "operationName": what.operation,
        "operationVersion": "1.0",
        "category": "AuditLogs",
        "tenantId": tenant,
        "resultType": "",
        "resultSignature": "None",
        "durationMs": 0,
        "callerIpAddress": what.ip,
        "correlationId": correlation,
        "identity": actor.display,
        "level": "Informational",
        "properties": {
            "id": format!("Directory_{correlation}_{}", dice.hex(5).to_uppercase()),
            "category": what.category,
            "correlationId": correlation,
            "result": "success",
            "resultReason": "",
            "activityDisplayName": what.operation,
            "activityDateTime": ticks(at),
            "loggedByService": what.service,
            "operationType": what.verb,
            "initiatedBy": {"user": {
                "id": actor.object_id,
                "displayName": actor.display,
                "userPrincipalName": actor.upn,
                "ipAddress": what.ip,
                "roles": []
            }},
            "targetResources": [{
                "id": what.target.object_id,
                "displayName": what.target.display,
                "type": "User",
                "userPrincipalName": what.target.upn,
                "modifiedProperties": [{
                    "displayName": property,
                    "oldValue": format!("\"{old}\""),
                    "newValue": format!("\"{new}\"")
                }]
            }],
            "additionalDetails": []
        }
    })
}

/// Builds a Graph `riskDetection` of Entra ID Protection.
pub(crate) fn risk_detection(
    dice: &mut Dice,
    at: Timestamp,
    activity: Timestamp,
    tenant: &str,
    person: &Person,
    ip: &str,
    place: &Place,
) -> Value {
    json!({
        "id": dice.hex(64),
        "requestId": dice.guid_text(),
        "correlationId": dice.guid_text(),
        "riskEventType": "unfamiliarFeatures",
        "riskType": "unfamiliarFeatures",
        "riskState": "atRisk",
        "riskLevel": "high",
        "riskDetail": "none",
        "source": "IdentityProtection",
        "detectionTimingType": "realtime",
        "activity": "signin",
        "tokenIssuerType": "AzureAD",
        "ipAddress": ip,
        "activityDateTime": seconds(activity),
        "detectedDateTime": seconds(at),
        "lastUpdatedDateTime": seconds(at),
        "userId": person.object_id,
        "userDisplayName": person.display,
        "userPrincipalName": person.upn,
        "homeTenantId": tenant,
        "additionalInfo": "[{\"Key\":\"riskReasons\",\"Value\":[\"UnfamiliarASN\",\"UnfamiliarLocation\",\"UnfamiliarIP\"]}]",
        "location": location(place)
    })
}

/// Gives the directory's id of a device: the same for the same name, always.
pub(crate) fn device_id(name: &str) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_DNS, name.as_bytes()).to_string()
}

fn device_detail(device: Option<&str>) -> Value {
    let trusted = device.is_some();
    json!({
        "deviceId": device.map_or(String::new(), device_id),
        "displayName": device.unwrap_or(""),
        "operatingSystem": if trusted { "Windows10" } else { "Linux" },
        "browser": if trusted { "Edge 122.0.0" } else { "Firefox 115.0" },
        "isCompliant": trusted,
        "isManaged": trusted,
        "trustType": if trusted { "Hybrid Azure AD joined" } else { "" }
    })
}

fn location(place: &Place) -> Value {
    json!({
        "city": place.city,
        "state": place.state,
        "countryOrRegion": place.country,
        "geoCoordinates": {"latitude": place.latitude, "longitude": place.longitude}
    })
}
