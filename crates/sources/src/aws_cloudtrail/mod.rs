//! AWS CloudTrail (reference: CloudTrail record contents, event version 1.11) to `AWSCloudTrail`.

use schema::{LogSource, Row};
use serde_json::{Map, Value as Json};

use crate::head::{first_record, has_all, text};
use crate::json_source::{Mapped, decode_json};
use crate::time::first_time;
use crate::{Confidence, DecodeContext, DecodeError, Input, Sink, Source, SourceSpec};

static SPEC: SourceSpec = SourceSpec {
    name: "aws_cloudtrail",
    title: "AWS CloudTrail",
    doc: "Files as CloudTrail delivers them to S3 (`{\"Records\":[...]}`), or one event a line. \
          Request parameters, response elements and resources are kept as JSON text, as Sentinel's \
          connector does.",
    tables: &["AWSCloudTrail"],
    reference: "AWS CloudTrail user guide, record contents; Azure Monitor, AWSCloudTrail",
};

/// The source.
pub(crate) struct AwsCloudTrail;

impl Source for AwsCloudTrail {
    fn spec(&self) -> &'static SourceSpec {
        &SPEC
    }

    fn sniff(&self, head: &[u8], _: &str) -> Confidence {
        match first_record(head) {
            Some(record) if is_event(&record) => Confidence::Certain,
            // The first record may be the broken one, or the file may be empty of records.
            _ if head.trim_ascii_start().starts_with(b"{\"Records\"") => Confidence::Likely,
            _ => Confidence::No,
        }
    }

    fn decode(
        &self,
        input: &mut dyn Input,
        ctx: &DecodeContext<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), DecodeError> {
        let table = ctx.table_schema("AWSCloudTrail");
        decode_json(input, ctx, out, &["Records"], &mut |record| {
            if !is_event(&record) {
                return Err("no CloudTrail event: `eventName` or `eventSource` is missing".into());
            }
            let mut row = Row::new(std::sync::Arc::clone(&table));
            fill(&mut row, &record);
            let time = first_time(&record, &["eventTime", "@timestamp"]);
            let mut mapped = Mapped::new(row, record, LogSource::new("aws", "cloudtrail"));
            mapped.time = time;
            Ok(mapped)
        })
    }
}

fn is_event(record: &Map<String, Json>) -> bool {
    has_all(record, &["eventName", "eventSource"])
        && (record.contains_key("eventID") || record.contains_key("awsRegion"))
}

/// Member of the record to column.
const PLAIN: &[(&str, &str)] = &[
    ("eventVersion", "EventVersion"),
    ("eventSource", "EventSource"),
    ("eventName", "EventName"),
    ("awsRegion", "AWSRegion"),
    ("sourceIPAddress", "SourceIpAddress"),
    ("userAgent", "UserAgent"),
    ("errorCode", "ErrorCode"),
    ("errorMessage", "ErrorMessage"),
    ("requestParameters", "RequestParameters"),
    ("responseElements", "ResponseElements"),
    ("additionalEventData", "AdditionalEventData"),
    ("serviceEventDetails", "ServiceEventDetails"),
    ("requestID", "AwsRequestId"),
    ("eventID", "AwsEventId"),
    ("eventType", "EventTypeName"),
    ("apiVersion", "APIVersion"),
    ("readOnly", "ReadOnly"),
    ("managementEvent", "ManagementEvent"),
    ("recipientAccountId", "RecipientAccountId"),
    ("resources", "Resources"),
    ("sharedEventID", "SharedEventId"),
    ("vpcEndpointId", "VpcEndpointId"),
    ("eventCategory", "Category"),
];

const IDENTITY: &[(&str, &str)] = &[
    ("type", "UserIdentityType"),
    ("principalId", "UserIdentityPrincipalid"),
    ("arn", "UserIdentityArn"),
    ("accountId", "UserIdentityAccountId"),
    ("accessKeyId", "UserIdentityAccessKeyId"),
    ("userName", "UserIdentityUserName"),
    ("invokedBy", "UserIdentityInvokedBy"),
    ("identityStoreArn", "UserIdentityStoreArn"),
    ("userId", "UserIdentityUserId"),
];

const ISSUER: &[(&str, &str)] = &[
    ("type", "SessionIssuerType"),
    ("principalId", "SessionIssuerPrincipalId"),
    ("arn", "SessionIssuerArn"),
    ("accountId", "SessionIssuerAccountId"),
    ("userName", "SessionIssuerUserName"),
];

const TLS: &[(&str, &str)] = &[
    ("tlsVersion", "TlsVersion"),
    ("cipherSuite", "CipherSuite"),
    ("clientProvidedHostHeader", "ClientProvidedHostHeader"),
];

fn fill(row: &mut Row, record: &Map<String, Json>) {
    row.set("OperationName", text(record, "eventName"));
    for (name, value) in record {
        match (name.as_str(), value) {
            ("eventTime" | "@timestamp" | "@version", _) => {}
            ("userIdentity", Json::Object(identity)) => fill_identity(row, identity),
            ("tlsDetails", Json::Object(tls)) => fill_members(row, tls, TLS, "tlsDetails"),
            (name, value) => match column(PLAIN, name) {
                Some(column) => row.set_json(column, value),
                None => row.keep(name, value.clone()),
            },
        }
    }
    let context = |path: &str| record.get("userIdentity")?.pointer(path)?.as_str();
    if let Some(mfa) = context("/sessionContext/attributes/mfaAuthenticated") {
        row.set("SessionMfaAuthenticated", mfa);
    }
    if let Some(created) = context("/sessionContext/attributes/creationDate") {
        row.set("SessionCreationDate", created);
    }
    for (name, column) in [
        ("cidrIp", "CidrIp"),
        ("ipProtocol", "IpProtocol"),
        ("fromPort", "SourcePort"),
        ("toPort", "DestinationPort"),
    ] {
        if let Some(value) = record.get("requestParameters").and_then(|p| p.get(name)) {
            row.set_json(column, value);
        }
    }
}

fn fill_identity(row: &mut Row, identity: &Map<String, Json>) {
    for (name, value) in identity {
        match (name.as_str(), value) {
            ("sessionContext", Json::Object(context)) => fill_session(row, context),
            (name, value) => match column(IDENTITY, name) {
                Some(column) => row.set_json(column, value),
                None => row.keep(&format!("userIdentity.{name}"), value.clone()),
            },
        }
    }
}

fn fill_session(row: &mut Row, context: &Map<String, Json>) {
    for (name, value) in context {
        match (name.as_str(), value) {
            ("sessionIssuer", Json::Object(issuer)) => {
                fill_members(row, issuer, ISSUER, "sessionIssuer")
            }
            ("attributes", Json::Object(_)) => {}
            ("ec2RoleDelivery", value) => row.set_json("EC2RoleDelivery", value),
            (_, Json::Object(empty)) if empty.is_empty() => {}
            (name, value) => row.keep(&format!("sessionContext.{name}"), value.clone()),
        }
    }
}

fn fill_members(
    row: &mut Row,
    object: &Map<String, Json>,
    columns: &[(&str, &'static str)],
    prefix: &str,
) {
    for (name, value) in object {
        match column(columns, name) {
            Some(column) => row.set_json(column, value),
            None => row.keep(&format!("{prefix}.{name}"), value.clone()),
        }
    }
}

fn column(columns: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    columns
        .iter()
        .find(|(member, _)| *member == name)
        .map(|(_, column)| *column)
}
