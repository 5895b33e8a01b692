//! ArcSight Common Event Format over syslog to `CommonSecurityLog` (reference: Micro Focus
//! ArcSight CEF implementation standard, version 25).

mod columns;
mod parse;

use jiff::Timestamp;
use schema::{Event, LogSource, Position, Row};
use serde_json::{Map, Value as Json};

use crate::syslog::{Header, decode_lines, fill_host, resolve, text_lines};
use crate::time::{from_epoch, parse_time};
use crate::{Confidence, DecodeContext, DecodeError, Input, Sink, Source, SourceSpec};
use parse::Cef;

static SPEC: SourceSpec = SourceSpec {
    name: "cef_syslog",
    title: "CEF over syslog",
    doc: "Common Event Format, with or without a syslog header before it. Every key of the \
          standard has its column, custom fields with their labels; other keys go to \
          AdditionalExtensions as `k=v;k=v`. The time is `rt`, else `end`, `start`, or the syslog \
          header's.",
    tables: &["CommonSecurityLog"],
    reference: "ArcSight Common Event Format, implementation standard; Azure Monitor, CommonSecurityLog",
};

/// The source.
pub(crate) struct CefSyslog;

impl Source for CefSyslog {
    fn spec(&self) -> &'static SourceSpec {
        &SPEC
    }

    fn sniff(&self, head: &[u8], _: &str) -> Confidence {
        match text_lines(head).take(10).find_map(Cef::parse) {
            Some(_) => Confidence::Certain,
            None => Confidence::No,
        }
    }

    fn decode(
        &self,
        input: &mut dyn Input,
        ctx: &DecodeContext<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), DecodeError> {
        decode_lines(input, ctx, out)
    }
}

/// The event in a syslog message, when there is CEF in it.
pub(crate) fn event(header: &Header<'_>, text: &str, ctx: &DecodeContext<'_>) -> Option<Event> {
    let cef = Cef::parse(text)?;
    let mut row = Row::new(ctx.table_schema("CommonSecurityLog"));
    fill_host(&mut row, header.host);
    for (column, value) in [
        ("DeviceVendor", &cef.vendor),
        ("DeviceProduct", &cef.product),
        ("DeviceVersion", &cef.version),
        ("DeviceEventClassID", &cef.class_id),
        ("Activity", &cef.name),
        ("LogSeverity", &cef.severity),
    ] {
        row.set(column, value.as_str());
    }
    let mut additional = String::new();
    for (key, value) in &cef.extension {
        match columns::column(key) {
            Some(column) => row.set(column, value.as_str()),
            None if columns::is_converted(key) => {}
            None => {
                if !additional.is_empty() {
                    additional.push(';');
                }
                additional.push_str(&format!("{key}={value}"));
            }
        }
    }
    finish(&mut row, &cef, header, additional, ctx);
    let time = ["rt", "end", "start", "deviceReceiptTime"]
        .iter()
        .find_map(|key| cef_time(cef.get(key)?, ctx))
        .or(header.time);
    Some(Event {
        row,
        time,
        native: native(&cef),
        log_source: log_source(&cef),
        position: Position::default(),
    })
}

fn finish(
    row: &mut Row,
    cef: &Cef,
    header: &Header<'_>,
    additional: String,
    ctx: &DecodeContext<'_>,
) {
    if !additional.is_empty() {
        row.set("AdditionalExtensions", additional);
    }
    for (key, column) in [("start", "StartTime"), ("end", "EndTime")] {
        if let Some(at) = cef.get(key).and_then(|text| cef_time(text, ctx)) {
            row.set(column, at);
        }
    }
    if let Some(direction) = cef.get("deviceDirection") {
        let name = match direction {
            "0" => "Inbound",
            "1" => "Outbound",
            other => other,
        };
        row.set("CommunicationDirection", name);
    }
    if let Some(action) = cef.get("act") {
        row.set("SimplifiedDeviceAction", action);
    }
    if row.text("Computer").is_empty() {
        fill_host(
            row,
            cef.get("dvchost").or(cef.get("dvc")).unwrap_or_default(),
        );
    }
    if let Some((facility, severity)) = header.priority {
        row.keep("SyslogFacility", facility.into());
        row.keep("SyslogSeverity", severity.into());
    }
    if cef.malformed {
        row.keep("ParseStatus", "extension is malformed".into());
        row.keep("RawExtension", cef.raw_extension.as_str().into());
    }
}

/// Milliseconds since 1970, `MMM dd yyyy HH:mm:ss[.SSS] [zone]` with or without the year, or ISO
/// 8601 (CEF standard, date formats).
fn cef_time(text: &str, ctx: &DecodeContext<'_>) -> Option<Timestamp> {
    if let Ok(number) = text.parse::<f64>() {
        return from_epoch(number);
    }
    let with_header = crate::syslog::Header::parse(text, ctx);
    if with_header.time.is_some() {
        return with_header.time;
    }
    match text.parse::<jiff::civil::DateTime>() {
        Ok(civil) => resolve(civil, None, ctx),
        Err(_) => parse_time(text),
    }
}

fn native(cef: &Cef) -> Map<String, Json> {
    let mut native = Map::new();
    for (name, value) in [
        ("deviceVendor", &cef.vendor),
        ("deviceProduct", &cef.product),
        ("deviceVersion", &cef.version),
        ("deviceEventClassId", &cef.class_id),
        ("name", &cef.name),
        ("severity", &cef.severity),
    ] {
        native.insert(name.into(), value.as_str().into());
    }
    for (key, value) in &cef.extension {
        native
            .entry(key.as_str())
            .or_insert_with(|| value.as_str().into());
    }
    native
}

/// Sigma's log source for the vendors it has rules for.
fn log_source(cef: &Cef) -> LogSource {
    let (product, service) = match cef.vendor.to_ascii_lowercase().as_str() {
        "fortinet" => ("fortigate", "event"),
        "palo alto networks" => ("paloalto", ""),
        "cisco" => ("cisco", ""),
        _ => ("", ""),
    };
    LogSource::new(product, service)
}

#[cfg(test)]
mod tests;
