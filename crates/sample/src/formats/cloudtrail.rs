//! AWS CloudTrail records (event version 1.08), with the identities and elements that the
//! CloudTrail user guide documents.

use crate::clock::seconds;
use crate::dice::Dice;
use crate::estate::{Aws, AwsRole};
use jiff::Timestamp;
use serde_json::{Value, json};

/// One call of an AWS API.
pub(crate) struct Call<'a> {
    /// The service's host, such as `sts.amazonaws.com`.
    pub(crate) service: &'a str,
    pub(crate) name: &'a str,
    pub(crate) region: &'a str,
    pub(crate) ip: &'a str,
    pub(crate) agent: &'a str,
    pub(crate) read_only: bool,
    pub(crate) request: Value,
    pub(crate) response: Value,
}

/// A session of a role: who took it and with which temporary key.
#[derive(Clone)]
pub(crate) struct Session<'a> {
    pub(crate) role: &'a AwsRole,
    pub(crate) name: &'a str,
    pub(crate) access_key: String,
    pub(crate) since: Timestamp,
}

/// Builds the record of a call.
pub(crate) fn record(
    dice: &mut Dice,
    at: Timestamp,
    aws: &Aws,
    identity: Value,
    call: Call<'_>,
) -> Value {
    json!({
        "eventVersion": "1.08",
        "userIdentity": identity,
        "eventTime": seconds(at),
        "eventSource": call.service,
        "eventName": call.name,
        "awsRegion": call.region,
        "sourceIPAddress": call.ip,
        "userAgent": call.agent,
        "requestParameters": call.request,
        "responseElements": call.response,
        "requestID": dice.guid_text(),
        "eventID": dice.guid_text(),
        "readOnly": call.read_only,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": aws.account,
        "eventCategory": "Management"
    })
}

/// The identity of a role's session.
pub(crate) fn assumed_role(aws: &Aws, session: &Session<'_>) -> Value {
    let role = session.role;
    json!({
        "type": "AssumedRole",
        "principalId": format!("{}:{}", role.id, session.name),
        "arn": aws.session_arn(role, session.name),
        "accountId": aws.account,
        "accessKeyId": session.access_key,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": role.id,
                "arn": format!("arn:aws:iam::{}:role/{}", aws.account, role.name),
                "accountId": aws.account,
                "userName": role.name
            },
            "webIdFederationData": {},
            "attributes": {"creationDate": seconds(session.since), "mfaAuthenticated": "false"}
        }
    })
}

/// The record of a federated person taking a role (`AssumeRoleWithSAML`).
pub(crate) fn assume_with_saml(
    dice: &mut Dice,
    at: Timestamp,
    aws: &Aws,
    session: &Session<'_>,
    ip: &str,
    agent: &str,
) -> Value {
    let provider = format!("arn:aws:iam::{}:saml-provider/corporate", aws.account);
    let identity = json!({
        "type": "SAMLUser",
        "principalId": format!("{}:{}", aws.saml_qualifier, session.name),
        "userName": session.name,
        "identityProvider": aws.saml_qualifier
    });
    let request = json!({
        "sAMLAssertionID": format!("_{}", dice.guid_text()),
        "roleSessionName": session.name,
        "durationSeconds": 3600,
        "roleArn": format!("arn:aws:iam::{}:role/{}", aws.account, session.role.name),
        "principalArn": provider
    });
    let expiration = crate::clock::after(at, 3_600_000)
        .strftime("%b %-d, %Y, %-I:%M:%S %p")
        .to_string();
    let response = json!({
        "subjectType": "persistent",
        "issuer": "https://federation.corporate.example/adfs/services/trust",
        "credentials": {
            "accessKeyId": session.access_key,
            "expiration": expiration,
            "sessionToken": dice.base32(48)
        },
        "nameQualifier": aws.saml_qualifier,
        "assumedRoleUser": {
            "assumedRoleId": format!("{}:{}", session.role.id, session.name),
            "arn": aws.session_arn(session.role, session.name)
        },
        "subject": session.name,
        "audience": "https://signin.aws.amazon.com/saml"
    });
    let call = Call {
        service: "sts.amazonaws.com",
        name: "AssumeRoleWithSAML",
        region: "us-east-1",
        ip,
        agent,
        read_only: true,
        request,
        response,
    };
    record(dice, at, aws, identity, call)
}

/// Draws a temporary access key's id.
pub(crate) fn temporary_key(dice: &mut Dice) -> String {
    format!("ASIA{}", dice.base32(16))
}
