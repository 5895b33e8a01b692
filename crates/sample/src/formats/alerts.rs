//! Native alerts: AWS GuardDuty findings, Defender for Cloud alerts as continuous export delivers
//! them, and Defender XDR alerts as Graph's `security/alerts_v2` lists them.

use crate::clock::{millis, seconds, ticks};
use crate::dice::{Dice, file_hash};
use crate::estate::{Aws, Azure, Company, Host, Machine, Place};
use crate::formats::cloudtrail::Session;
use crate::people::Person;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Builds a GuardDuty finding about a session's call of an API.
pub(crate) fn guardduty(
    dice: &mut Dice,
    at: Timestamp,
    seen: Timestamp,
    aws: &Aws,
    session: &Session<'_>,
    ip: &str,
    place: &Place,
) -> Value {
    let id = dice.hex(32);
    let detector = dice.hex(32);
    let region = "us-east-1";
    let role = session.role;
    json!({
        "schemaVersion": "2.0",
        "accountId": aws.account,
        "region": region,
        "partition": "aws",
        "id": id,
        "arn": format!("arn:aws:guardduty:{region}:{}:detector/{detector}/finding/{id}", aws.account),
        "type": "Persistence:IAMUser/AnomalousBehavior",
        "resource": {
            "resourceType": "AccessKey",
            "accessKeyDetails": {
                "accessKeyId": session.access_key,
                "principalId": format!("{}:{}", role.id, session.name),
                "userType": "AssumedRole",
                "userName": role.name
            }
        },
        "service": {
            "serviceName": "guardduty",
            "detectorId": detector,
            "action": {
                "actionType": "AWS_API_CALL",
                "awsApiCallAction": {
                    "api": "CreateAccessKey",
                    "serviceName": "iam.amazonaws.com",
                    "callerType": "Remote IP",
                    "remoteIpDetails": {
                        "ipAddressV4": ip,
                        "organization": {"asn": "64511", "asnOrg": "Documentation Transit", "isp": "Documentation Transit", "org": "Documentation Transit"},
                        "country": {"countryName": place.country},
                        "city": {"cityName": place.city},
                        "geoLocation": {"lat": place.latitude, "lon": place.longitude}
                    },
                    "affectedResources": {"AWS::IAM::User": aws.iam_user}
                }
            },
            "resourceRole": "TARGET",
            "additionalInfo": {"type": "default", "value": "{}"},
            "eventFirstSeen": seconds(seen),
            "eventLastSeen": seconds(seen),
            "archived": false,
            "count": 1
        },
        "severity": 8,
        "createdAt": millis(at),
        "updatedAt": millis(at),
        "title": "User AssumedRole is anomalously invoking APIs commonly used in Persistence tactics.",
        "description": format!(
            "APIs commonly used in Persistence tactics were invoked by user AssumedRole : {}/{} under anomalous circumstances.",
            role.name, session.name
        )
    })
}

/// Builds a Defender for Cloud alert about a machine on which `person` ran a command from `ip`.
#[allow(clippy::too_many_arguments)]
pub(crate) fn defender_for_cloud(
    dice: &mut Dice,
    at: Timestamp,
    from: Timestamp,
    company: &Company,
    azure: &Azure,
    machine: &Machine,
    person: &Person,
    ip: &str,
) -> Value {
    let (name, suffix) = person.upn.split_once('@').unwrap_or((&person.upn, ""));
    let id = format!(
        "{}_{}",
        dice.between(2_500_000_000_000_000_000, 2_599_999_999_999_999_999),
        dice.guid_text()
    );
    let scope = format!(
        "/subscriptions/{}/resourceGroups/{}",
        azure.subscription, azure.group
    );
    json!({
        "id": format!("{scope}/providers/Microsoft.Security/locations/westeurope/alerts/{id}"),
        "name": id,
        "type": "Microsoft.Security/Locations/alerts",
        "tenantId": company.tenant_id,
        "properties": {
            "status": "Active",
            "timeGeneratedUtc": ticks(at),
            "processingEndTimeUtc": ticks(at),
            "version": "2022-01-01.0",
            "vendorName": "Microsoft",
            "productName": "Microsoft Defender for Cloud",
            "productComponentName": "VirtualMachines",
            "alertType": "VM_RunCommandSuspiciousScript",
            "startTimeUtc": ticks(from),
            "endTimeUtc": ticks(from),
            "severity": "High",
            "isIncident": false,
            "systemAlertId": id,
            "intent": "Execution",
            "techniques": ["T1651", "T1059.001"],
            "correlationKey": "",
            "alertDisplayName": "Run Command with a suspicious script was detected on your virtual machine",
            "description": format!("A Run Command with a suspicious script was detected on the virtual machine {}.", machine.name),
            "compromisedEntity": machine.name,
            "remediationSteps": ["Find out whether the command was expected.", "Isolate the machine if it was not.", "Reset the credentials used."],
            "alertUri": format!("https://portal.azure.com/#blade/Microsoft_Azure_Security_AzureDefenderForData/AlertBlade/alertId/{id}"),
            "resourceIdentifiers": [
                {"$id": "r1", "azureResourceId": machine.resource_id, "type": "AzureResource", "azureResourceTenantId": company.tenant_id},
                {"$id": "r2", "aadTenantId": company.tenant_id, "type": "AAD"}
            ],
            "entities": [
                {"$id": "1", "resourceId": machine.resource_id, "type": "azure-resource"},
                {"$id": "2", "hostName": machine.name, "azureID": machine.resource_id, "omsAgentID": machine.vm_id, "osFamily": "Windows", "type": "host"},
                {"$id": "3", "name": name, "upnSuffix": suffix, "aadTenantId": company.tenant_id, "aadUserId": person.object_id, "isDomainJoined": true, "type": "account"},
                {"$id": "4", "address": ip, "type": "ip"}
            ],
            "extendedProperties": {
                "resourceType": "Virtual Machine",
                "operation": "Microsoft.Compute/virtualMachines/runCommand/action",
                "caller": person.upn,
                "callerIpAddress": ip
            }
        }
    })
}

/// What a Defender XDR alert is about.
pub(crate) struct Xdr<'a> {
    pub(crate) title: &'a str,
    pub(crate) description: &'a str,
    pub(crate) category: &'a str,
    pub(crate) techniques: &'a [&'a str],
    pub(crate) image: &'a str,
    pub(crate) command_line: &'a str,
    pub(crate) process_id: u32,
    pub(crate) remote_ip: Option<&'a str>,
}

/// Builds an `alerts_v2` alert about a process `person` ran on `host`.
pub(crate) fn defender_xdr(
    dice: &mut Dice,
    at: Timestamp,
    from: Timestamp,
    company: &Company,
    host: &Host,
    person: &Person,
    what: &Xdr<'_>,
) -> Value {
    let id = format!(
        "da{}_1",
        dice.between(637_000_000_000_000_000, 638_999_999_999_999_999)
    );
    let incident = dice.between(1_000, 9_000);
    let (folder, file) = what.image.rsplit_once('\\').unwrap_or(("", what.image));
    let user = json!({
        "accountName": person.sam,
        "domainName": company.netbios,
        "userSid": person.sid,
        "azureAdUserId": person.object_id,
        "userPrincipalName": person.upn,
        "displayName": person.display
    });
    let common = |kind: &str, roles: &[&str]| {
        json!({
            "@odata.type": format!("#microsoft.graph.security.{kind}"),
            "createdDateTime": millis(at),
            "verdict": "suspicious",
            "remediationStatus": "none",
            "remediationStatusDetails": null,
            "roles": roles,
            "tags": []
        })
    };
    let with = |mut base: Value, more: Value| {
        if let (Value::Object(base), Value::Object(more)) = (&mut base, more) {
            base.extend(more);
        }
        base
    };
    let device_id = dice.hex(40);
    let mut evidence = vec![
        with(
            common("deviceEvidence", &["compromised"]),
            json!({
                "mdeDeviceId": device_id,
                "azureAdDeviceId": crate::formats::entra::device_id(&host.fqdn),
                "deviceDnsName": host.fqdn,
                "hostName": host.name.to_lowercase(),
                "ntDomain": company.netbios,
                "dnsDomain": company.dns,
                "osPlatform": "Windows11",
                "healthStatus": "active",
                "riskScore": "high",
                "onboardingStatus": "onboarded",
                "lastIpAddress": host.ip,
                "ipInterfaces": [host.ip],
                "loggedOnUsers": [{"accountName": person.sam, "domainName": company.netbios}]
            }),
        ),
        with(
            common("processEvidence", &["attacked"]),
            json!({
                "processId": what.process_id,
                "processCommandLine": what.command_line,
                "processCreationDateTime": millis(from),
                "detectionStatus": "detected",
                "mdeDeviceId": device_id,
                "imageFile": {"fileName": file, "filePath": folder, "sha256": file_hash(what.image).to_lowercase()},
                "userAccount": user
            }),
        ),
        with(
            common("userEvidence", &["compromised"]),
            json!({"userAccount": user}),
        ),
    ];
    if let Some(ip) = what.remote_ip {
        evidence.push(with(
            common("ipEvidence", &["destination"]),
            json!({"ipAddress": ip, "countryLetterCode": null}),
        ));
    }
    json!({
        "id": id,
        "providerAlertId": id.trim_start_matches("da"),
        "incidentId": incident.to_string(),
        "status": "new",
        "severity": "high",
        "classification": null,
        "determination": null,
        "serviceSource": "microsoftDefenderForEndpoint",
        "detectionSource": "antivirus",
        "productName": "Microsoft Defender for Endpoint",
        "detectorId": dice.guid_text(),
        "tenantId": company.tenant_id,
        "title": what.title,
        "description": what.description,
        "recommendedActions": "Isolate the device and reset the credentials of everyone who signed in to it.",
        "category": what.category,
        "assignedTo": null,
        "alertWebUrl": format!("https://security.microsoft.com/alerts/{id}?tid={}", company.tenant_id),
        "incidentWebUrl": format!("https://security.microsoft.com/incidents/{incident}?tid={}", company.tenant_id),
        "actorDisplayName": null,
        "threatDisplayName": null,
        "threatFamilyName": null,
        "mitreTechniques": what.techniques,
        "createdDateTime": millis(at),
        "lastUpdateDateTime": millis(at),
        "resolvedDateTime": null,
        "firstActivityDateTime": millis(from),
        "lastActivityDateTime": millis(from),
        "comments": [],
        "evidence": evidence
    })
}
