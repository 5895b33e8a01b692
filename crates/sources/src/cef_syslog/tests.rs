#![allow(clippy::unwrap_used)]

use super::*;
use crate::syslog::decode_syslog_message;
use proptest::prelude::*;

fn decode(text: &str) -> Event {
    let ctx = DecodeContext::new("2026-03-01T12:00:00Z".parse().unwrap());
    decode_syslog_message(text.as_bytes(), &ctx).unwrap()
}

#[test]
fn header_and_extension_find_their_columns() {
    let event = decode(
        r"<134>Mar  1 11:59:58 fw1 CEF:0|Acme|Wall\|Gate|2.1|100|Deny \\ all|7|rt=1772366397000 src=10.0.0.5 spt=51000 dst=203.0.113.9 dpt=443 act=deny request=https://x.example/?a=b&c=d msg=two words\=1 cs1=Rule 7 cs1Label=Policy in=10 deviceDirection=1 cn1=notanumber vendorKey=x y otherKey=z",
    );
    let row = &event.row;
    assert_eq!(row.table().name, "CommonSecurityLog");
    for (column, value) in [
        ("DeviceVendor", "Acme"),
        ("DeviceProduct", "Wall|Gate"),
        ("Activity", "Deny \\ all"),
        ("LogSeverity", "7"),
        ("SourceIP", "10.0.0.5"),
        ("DeviceAction", "deny"),
        ("RequestURL", "https://x.example/?a=b&c=d"),
        ("Message", "two words=1"),
        ("DeviceCustomString1", "Rule 7"),
        ("DeviceCustomString1Label", "Policy"),
        ("CommunicationDirection", "Outbound"),
        ("AdditionalExtensions", "vendorKey=x y;otherKey=z"),
        ("Computer", "fw1"),
    ] {
        assert_eq!(row.text(column), value, "{column}");
    }
    assert_eq!(row.get("DestinationPort"), Some(&schema::Value::Long(443)));
    assert_eq!(row.parts().1["DeviceCustomNumber1"], "notanumber");
    assert_eq!(event.time, Some("2026-03-01T11:59:57Z".parse().unwrap()));
    assert_eq!(event.native["dst"], "203.0.113.9");
}

#[test]
fn cef_without_all_fields_stays_a_syslog_row() {
    assert_eq!(
        decode("<134>Mar  1 11:59:58 fw1 CEF:0|Acme|x")
            .row
            .table()
            .name,
        "Syslog"
    );
    let bare = decode("CEF:0|Acme|Gate|1|5|n|3|");
    assert_eq!(bare.row.table().name, "CommonSecurityLog");
}

proptest! {
    #[test]
    fn any_text_is_read(text in ".{0,200}") {
        let _ = Cef::parse(&text);
        let _ = Cef::parse(&format!("CEF:0|a|b|c|d|e|5|{text}"));
    }

    #[test]
    fn escaped_values_read_back(value in "[a-z=\\\\ |]{0,30}") {
        let escaped = value.replace('\\', "\\\\").replace('=', "\\=");
        let cef = Cef::parse(&format!("CEF:0|a|b|c|d|e|5|msg={escaped} end=1")).unwrap();
        prop_assert_eq!(cef.get("msg").unwrap(), value.trim_end_matches(' '));
    }
}
