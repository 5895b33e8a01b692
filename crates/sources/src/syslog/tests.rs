#![allow(clippy::unwrap_used)]

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

fn at(received: &str, zone: &str, text: &str) -> Event {
    let ctx = DecodeContext {
        zone: TimeZone::get(zone).unwrap(),
        ..DecodeContext::new(received.parse().unwrap())
    };
    decode_syslog_message(text.as_bytes(), &ctx).unwrap()
}

fn time(received: &str, zone: &str, text: &str) -> String {
    at(received, zone, text).time.unwrap().to_string()
}

#[test]
fn the_year_is_the_one_nearest_to_the_receipt() {
    let text = "<13>Dec 31 23:59:59 h app: x";
    assert_eq!(
        time("2027-01-01T00:00:05Z", "UTC", text),
        "2026-12-31T23:59:59Z"
    );
    assert_eq!(
        time("2026-12-31T23:59:58Z", "UTC", text),
        "2026-12-31T23:59:59Z"
    );
    let text = "<13>Jan  1 00:00:01 h app: x";
    assert_eq!(
        time("2026-12-31T23:59:59Z", "UTC", text),
        "2027-01-01T00:00:01Z"
    );
    // The same around midnight in the source's zone, which is not midnight in UTC.
    assert_eq!(
        time(
            "2026-12-31T23:30:00Z",
            "Europe/Berlin",
            "<13>Jan  1 00:29:00 h app: x"
        ),
        "2026-12-31T23:29:00Z"
    );
    // A leap day, received in a year without one.
    assert_eq!(
        time(
            "2029-03-01T00:00:00Z",
            "UTC",
            "<13>Feb 29 12:00:00 h app: x"
        ),
        "2028-02-29T12:00:00Z"
    );
}

#[test]
fn daylight_saving_hides_an_hour_and_shows_one_twice() {
    // Berlin moves 02:00 to 03:00 on 2026-03-29: 02:30 counts on as if it had not.
    assert_eq!(
        time(
            "2026-03-29T02:00:00Z",
            "Europe/Berlin",
            "<13>Mar 29 02:30:00 h app: x"
        ),
        "2026-03-29T01:30:00Z"
    );
    // On 2026-10-25 02:30 comes twice, at 00:30 and 01:30 UTC: the one nearer to the receipt.
    let text = "<13>Oct 25 02:30:00 h app: x";
    assert_eq!(
        time("2026-10-25T00:30:02Z", "Europe/Berlin", text),
        "2026-10-25T00:30:00Z"
    );
    assert_eq!(
        time("2026-10-25T01:30:02Z", "Europe/Berlin", text),
        "2026-10-25T01:30:00Z"
    );
}

/// Text, then host, process, process id, message and time (seconds of the receipt's minute).
const FORMS: &[(&str, [&str; 4], &str)] = &[
    (
        "<34>Mar  1 12:00:01 web1 su[77]: 'su root' failed",
        ["web1", "su", "77", "'su root' failed"],
        "2026-03-01T12:00:01Z",
    ),
    (
        "Mar  1 12:00:01 web1 su: x",
        ["web1", "su", "", "x"],
        "2026-03-01T12:00:01Z",
    ),
    (
        "<34>Mar  1 12:00:01 su[77]: no host",
        ["", "su", "77", "no host"],
        "2026-03-01T12:00:01Z",
    ),
    (
        "<34>Mar  1 2025 12:00:01 asa1 : %ASA-6-302013: Built",
        ["asa1", "%ASA-6-302013", "", "Built"],
        "2025-03-01T12:00:01Z",
    ),
    (
        "<34>Mar  1 2026 12:00:01: %ASA-6-302013: Built",
        ["", "%ASA-6-302013", "", "Built"],
        "2026-03-01T12:00:01Z",
    ),
    (
        "<189>000123: *Mar  1 12:00:01.250 UTC: %SYS-5-CONFIG_I: Configured",
        ["", "%SYS-5-CONFIG_I", "", "Configured"],
        "2026-03-01T12:00:01.25Z",
    ),
    (
        "<34>2026-03-01T13:00:01.5+01:00 web1 sshd[9]: Failed",
        ["web1", "sshd", "9", "Failed"],
        "2026-03-01T12:00:01.5Z",
    ),
    (
        "<34>Mar  1 12:00:01 web1 last message repeated 3 times",
        ["web1", "", "", "last message repeated 3 times"],
        "2026-03-01T12:00:01Z",
    ),
    (
        "<14>Mar  1 12:00:01 pa1 1,2026/03/01 12:00:01,0011,TRAFFIC",
        ["pa1", "", "", "1,2026/03/01 12:00:01,0011,TRAFFIC"],
        "2026-03-01T12:00:01Z",
    ),
    (
        "<165>1 2026-03-01T12:00:01.003Z web1 app 8710 ID47 - \u{feff}An event",
        ["web1", "app", "8710", "An event"],
        "2026-03-01T12:00:01.003Z",
    ),
    (
        "<165>1 2026-03-01T12:00:01Z - - - - [a@1 x=\"1 \\\"q\\\" \\] \\n\"][b@1] m",
        ["", "", "", "m"],
        "2026-03-01T12:00:01Z",
    ),
];

#[test]
fn the_forms_that_devices_send_are_read() {
    for (text, [host, app, pid, message], instant) in FORMS {
        let event = at("2026-03-01T12:00:02Z", "UTC", text);
        assert_eq!(event.row.text("HostName"), *host, "{text}");
        assert_eq!(event.row.text("ProcessName"), *app, "{text}");
        assert_eq!(event.row.text("SyslogMessage"), *message, "{text}");
        let pid_read = event
            .native
            .get("procid")
            .and_then(Json::as_str)
            .unwrap_or_default();
        assert_eq!(pid_read, *pid, "{text}");
        assert_eq!(event.time.unwrap().to_string(), *instant, "{text}");
        assert!(!event.row.parts().1.contains_key("ParseStatus"), "{text}");
    }
    let event = at("2026-03-01T12:00:02Z", "UTC", FORMS[10].0);
    assert_eq!(
        event.row.parts().1["StructuredData"]["a@1"]["x"],
        "1 \"q\" ] \\n"
    );
    let event = at("2026-03-01T12:00:02Z", "UTC", FORMS[0].0);
    assert_eq!(
        (event.row.text("Facility"), event.row.text("SeverityLevel")),
        ("auth", "crit")
    );
    assert_eq!(event.log_source, LogSource::new("linux", "auth"));
}

#[test]
fn fortigate_without_a_header_has_its_own_time() {
    let text =
        r#"<189>date=2026-03-01 time=14:00:01 devname="fg 1" devid="X" tz="+0200" type="traffic""#;
    let event = at("2026-03-01T12:00:02Z", "UTC", text);
    assert_eq!(event.row.text("Computer"), "fg 1");
    assert_eq!(event.time.unwrap().to_string(), "2026-03-01T12:00:01Z");
}

#[test]
fn a_line_that_matches_nothing_is_kept_whole_and_flagged() {
    let event = at("2026-03-01T12:00:02Z", "UTC", "just some words");
    assert_eq!(event.row.text("SyslogMessage"), "just some words");
    assert_eq!(event.row.parts().1["ParseStatus"], "unparsed");
    assert_eq!(event.time, None);
    let event = at("2026-03-01T12:00:02Z", "UTC", "<13>just some words");
    assert_eq!(event.row.parts().1["RawMessage"], "<13>just some words");
    let ctx = DecodeContext::new(jiff::Timestamp::UNIX_EPOCH);
    assert!(decode_syslog_message(b"\n\0", &ctx).is_err());
}

fn frames(pieces: &[&[u8]], limit: usize) -> (Vec<Frame>, Option<Frame>) {
    let mut framing = Framing::new(limit);
    let mut found = Vec::new();
    for piece in pieces {
        framing.push(piece, &mut found);
    }
    let last = framing.finish();
    (found, last)
}

fn message(text: &str) -> Frame {
    Frame::Message(text.as_bytes().to_vec())
}

#[test]
fn frames_are_told_one_by_one() {
    let (found, last) = frames(&[b"5 <1>ab<2>line\n6 <3>", b"x\ny<4>nul\0<5>end"], 100);
    assert_eq!(
        found,
        [
            message("<1>ab"),
            message("<2>line"),
            message("<3>x\ny"),
            message("<4>nul")
        ]
    );
    assert_eq!(last, Some(message("<5>end")));
    let (found, _) = frames(&[b"2026-03-01 a line\n3 <1>\n3 <2>"], 100);
    assert_eq!(
        found,
        [message("2026-03-01 a line"), message("<1>"), message("<2>")]
    );
}

#[test]
fn a_bad_length_costs_one_line_and_no_more() {
    let (found, _) = frames(&[b"999 toolong\n<1>ok\n"], 100);
    assert!(matches!(&found[0], Frame::Broken { raw, .. } if raw == b"999 toolong"));
    assert_eq!(found[1], message("<1>ok"));
    let long = [b"x".repeat(150), b"\n<1>ok\n".to_vec()].concat();
    let (found, _) = frames(&[&long[..120], &long[120..]], 100);
    assert!(matches!(&found[0], Frame::Broken { raw, .. } if raw.len() == 100));
    assert_eq!(found[1..], [message("<1>ok")]);
    assert!(matches!(
        frames(&[b"50 <1>cut"], 100).1,
        Some(Frame::Broken { .. })
    ));
}

proptest! {
    #[test]
    fn any_bytes_are_one_event_or_one_reject(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let ctx = DecodeContext::new("2026-03-01T12:00:00Z".parse().unwrap());
        let _ = decode_syslog_message(&bytes, &ctx);
        let text = String::from_utf8_lossy(&bytes);
        let _ = decode_syslog_message(format!("<13>1 2026-03-01T12:00:00Z h a p m [{text}").as_bytes(), &ctx);
        let _ = decode_syslog_message(format!("<13>Mar 1 12:00:00 {text}").as_bytes(), &ctx);
    }

    #[test]
    fn framing_is_bounded_and_does_not_depend_on_the_pieces(
        bytes in proptest::collection::vec(prop_oneof![Just(b'1'), Just(b' '), Just(b'\n'), Just(0), Just(b'<'), any::<u8>()], 0..300),
        cut in 0_usize..300,
    ) {
        let cut = cut.min(bytes.len());
        let whole = frames(&[&bytes], 20);
        let halves = frames(&[&bytes[..cut], &bytes[cut..]], 20);
        let messages = |(found, last): &(Vec<Frame>, Option<Frame>)| {
            found.iter().chain(last).filter(|frame| matches!(frame, Frame::Message(_))).cloned().collect::<Vec<_>>()
        };
        prop_assert_eq!(messages(&whole), messages(&halves));
    }
}

#[test]
fn other_encodings_are_kept_whole_and_bytes_that_are_no_text_are_rejected() {
    let ctx = DecodeContext::new("2026-03-06T12:00:00Z".parse().unwrap());
    let event =
        decode_syslog_message(b"<13>Mar  6 12:00:00 h app: caf\xe9 ferm\xe9", &ctx).unwrap();
    assert_eq!(event.row.text("SyslogMessage"), "caf\u{e9} ferm\u{e9}");
    assert_eq!(event.row.parts().1["Encoding"], "iso-8859-1");
    // Cut off within its last character by the sender.
    let event = decode_syslog_message("<13>Mar  6 12:00:00 h app: café".as_bytes(), &ctx).unwrap();
    assert_eq!(event.row.text("SyslogMessage"), "café");
    assert!(!event.row.parts().1.contains_key("Encoding"));
    let whole = "<13>Mar  6 12:00:00 h app: gr\u{fc}n \u{e9}".as_bytes();
    let event = decode_syslog_message(&whole[..whole.len() - 1], &ctx).unwrap();
    assert_eq!(event.row.text("SyslogMessage"), "gr\u{fc}n \u{fffd}");
    let hello = b"\x16\x03\x01\x02\x00\x01\xfc\x03\x03\xff\x00binary";
    let reject = decode_syslog_message(hello, &ctx).unwrap_err();
    assert_eq!(reject.raw, hello);
}
