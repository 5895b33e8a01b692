//! Findings of Amazon GuardDuty (reference: GuardDuty user guide, finding format and details).

mod finding;

use std::sync::Arc;

use schema::LogSource;
use serde_json::{Map, Value as Json};

use crate::alerts::{FirstLetter, respell_members};
use crate::head::first_record;
use crate::json_source::decode_json;
use crate::{Confidence, DecodeContext, DecodeError, Input, Sink, Source, SourceSpec};

static SPEC: SourceSpec = SourceSpec {
    name: "aws_guardduty",
    title: "Amazon GuardDuty findings",
    doc: "Findings from an S3 export (one a line), the API (`{\"Findings\":[...]}`), an array, or \
          EventBridge (`detail`), in either letter case. Severity 1 to 3.9 is Low, to 6.9 Medium, \
          above High; the threat purpose gives the tactic. AWS principals are accounts with Arn, \
          AwsAccountId and AccessKeyId.",
    tables: &["SecurityAlert"],
    reference: "Amazon GuardDuty user guide, finding format, severity levels, finding types",
};

/// The source.
pub(crate) struct AwsGuardDuty;

impl Source for AwsGuardDuty {
    fn spec(&self) -> &'static SourceSpec {
        &SPEC
    }

    fn sniff(&self, head: &[u8], _: &str) -> Confidence {
        match first_record(head) {
            Some(record) if finding(&record).is_some() => Confidence::Certain,
            _ => Confidence::No,
        }
    }

    fn decode(
        &self,
        input: &mut dyn Input,
        ctx: &DecodeContext<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), DecodeError> {
        let table = ctx.table_schema("SecurityAlert");
        decode_json(input, ctx, out, &["Findings", "findings"], &mut |record| {
            let Some(finding) = finding(&record) else {
                return Err(
                    "no GuardDuty finding: `type`, `severity` or `service` is missing".into(),
                );
            };
            let alert = finding::alert(&finding);
            Ok(alert.map(
                &Arc::clone(&table),
                record,
                LogSource::new("aws", "guardduty"),
            ))
        })
    }
}

/// The finding in one spelling, out of its EventBridge envelope.
fn finding(record: &Map<String, Json>) -> Option<Map<String, Json>> {
    let inner = match record.get("detail") {
        Some(Json::Object(detail)) => detail,
        _ => record,
    };
    let finding = respell_members(inner, FirstLetter::Small);
    let has = |key: &str| finding.contains_key(key);
    let is_finding = has("type")
        && has("severity")
        && has("accountId")
        && (has("service") || has("resource"))
        && finding
            .get("type")
            .and_then(Json::as_str)
            .is_some_and(|kind| kind.contains(':'));
    is_finding.then_some(finding)
}
