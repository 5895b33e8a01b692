#![allow(clippy::unwrap_used)]

use super::*;
use evtx::{EvtxChunkData, EvtxParser, ParserSettings};
use serde_json::{Value as Json, json};

fn record(second: i64, text: &str) -> Record {
    Record {
        at: Timestamp::new(1_772_800_000 + second, 123_456_700).unwrap(),
        provider: "Test-Provider",
        provider_guid: Uuid::from_u128(7),
        channel: "Security",
        computer: "dc01.corp.example".to_owned(),
        event_id: 4624,
        version: 2,
        level: 0,
        task: 12544,
        opcode: 0,
        keywords: 0x8020_0000_0000_0000,
        process_id: 712,
        thread_id: 804,
        user_sid: None,
        data: vec![
            ("Text", text.into()),
            ("Sid", Value::Sid("S-1-5-21-1-2-4000000000-1104".to_owned())),
            ("Hex", Value::Hex32(0xc000_006d)),
            ("Wide", Value::Hex64(0x3e7)),
            ("Small", Value::U8(9)),
            ("Port", Value::U16(443)),
            ("Number", Value::U32(70_000)),
            ("Large", Value::U64(1 << 40)),
            ("Flag", Value::Bool(true)),
            (
                "Guid",
                Value::Guid(Uuid::from_u128(0x5770385f_c22a_43e0_bf4c_06f5698ffbd9)),
            ),
            ("Empty", "".into()),
        ],
    }
}

fn parse(bytes: Vec<u8>) -> Vec<Json> {
    let settings = ParserSettings::new().validate_checksums(true);
    let mut parser = EvtxParser::from_buffer(bytes)
        .unwrap()
        .with_configuration(settings);
    let records = parser
        .records_json_value()
        .map(|record| record.unwrap().data);
    records.collect()
}

#[test]
fn values_come_back_as_windows_shows_them() {
    let text = "a & b <c> \"d\" Zoë 東京 🚀";
    let read = parse(write(&[record(0, text)], 41).unwrap());
    let data = &read[0]["Event"]["EventData"];
    assert_eq!(data["Text"], text);
    assert_eq!(data["Sid"], "S-1-5-21-1-2-4000000000-1104");
    assert_eq!(data["Hex"], "0xc000006d");
    assert_eq!(data["Wide"], "0x3e7");
    assert_eq!(data["Small"], 9);
    assert_eq!(data["Port"], 443);
    assert_eq!(data["Number"], 70_000);
    assert_eq!(data["Large"], 1u64 << 40);
    assert_eq!(data["Flag"], true);
    assert_eq!(data["Guid"], "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}");
    assert_eq!(data["Empty"], "");
    let system = &read[0]["Event"]["System"];
    assert_eq!(system["EventID"], 4624);
    assert_eq!(system["EventRecordID"], 41);
    assert_eq!(system["Keywords"], "0x8020000000000000");
    assert_eq!(system["Provider"]["#attributes"]["Name"], "Test-Provider");
    assert_eq!(
        system["Execution"]["#attributes"],
        json!({"ProcessID": 712, "ThreadID": 804})
    );
    assert_eq!(
        system["TimeCreated"]["#attributes"]["SystemTime"],
        "2026-03-06T12:26:40.1234567Z"
    );
    assert_eq!(system["Computer"], "dc01.corp.example");
}

#[test]
fn many_chunks_keep_checksums_order_and_numbers() {
    let records: Vec<_> = (0..900)
        .map(|turn| record(turn, &format!("record {turn}")))
        .collect();
    let bytes = write(&records, 1).unwrap();
    let chunks = (bytes.len() - FILE_HEADER_LEN) / CHUNK_LEN;
    assert!(chunks > 3, "{chunks}");
    for chunk in bytes[FILE_HEADER_LEN..].chunks(CHUNK_LEN) {
        let chunk = EvtxChunkData::new(chunk.to_vec(), true).unwrap();
        assert!(chunk.validate_checksum());
    }
    let read = parse(bytes);
    assert_eq!(read.len(), 900);
    for (turn, record) in read.iter().enumerate() {
        assert_eq!(record["Event"]["System"]["EventRecordID"], turn + 1);
        assert_eq!(
            record["Event"]["EventData"]["Text"],
            format!("record {turn}")
        );
    }
}

#[test]
fn the_user_of_a_record_is_told_when_known() {
    let mut known = record(0, "x");
    known.user_sid = Some("S-1-5-18".to_owned());
    let read = parse(write(&[known, record(1, "y")], 1).unwrap());
    assert_eq!(
        read[0]["Event"]["System"]["Security"]["#attributes"]["UserID"],
        "S-1-5-18"
    );
    assert_eq!(
        read[1]["Event"]["System"]["Security"]["#attributes"].get("UserID"),
        None
    );
}

#[test]
fn a_record_larger_than_a_chunk_is_refused() {
    let error = write(&[record(0, "x"), record(1, &"y".repeat(40_000))], 1).unwrap_err();
    assert_eq!(error.record_id, 2);
}

#[test]
fn a_malformed_sid_becomes_the_null_sid() {
    let mut broken = record(0, "x");
    broken.data[1].1 = Value::Sid("nonsense".to_owned());
    let read = parse(write(&[broken], 1).unwrap());
    assert_eq!(read[0]["Event"]["EventData"]["Sid"], "S-1-0-0");
}
