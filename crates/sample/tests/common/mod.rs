//! Making samples and reading their files back.

#![allow(dead_code, clippy::unwrap_used)]

use flate2::read::GzDecoder;
use sample::{Options, Sample, SampleFile, generate};
use serde_json::Value;
use std::io::Read;

pub(crate) fn options(seed: u64) -> Options {
    Options::new(seed, "2026-03-06T16:40:00Z".parse().unwrap())
}

pub(crate) fn both(seed: u64) -> Sample {
    generate(&Options {
        second_intrusion: true,
        ..options(seed)
    })
}

pub(crate) fn text(file: &SampleFile) -> String {
    let mut text = String::new();
    if file.path.ends_with(".gz") {
        GzDecoder::new(&file.bytes[..])
            .read_to_string(&mut text)
            .unwrap();
    } else {
        text = String::from_utf8(file.bytes.clone()).unwrap();
    }
    text
}

pub(crate) fn lines(sample: &Sample, path: &str) -> Vec<Value> {
    let text = String::from_utf8(sample.file(path).unwrap().to_vec()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn windows(sample: &Sample, ending: &str) -> Vec<Value> {
    let logs = sample
        .files
        .iter()
        .filter(|file| file.path.ends_with(ending));
    logs.flat_map(|file| {
        let settings = evtx::ParserSettings::new().validate_checksums(true);
        let parser = evtx::EvtxParser::from_buffer(file.bytes.clone()).unwrap();
        let mut parser = parser.with_configuration(settings);
        let records = parser
            .records_json_value()
            .map(|record| record.unwrap().data["Event"].clone());
        records.collect::<Vec<_>>()
    })
    .collect()
}

pub(crate) fn trail(sample: &Sample) -> Vec<Value> {
    let files = sample
        .files
        .iter()
        .filter(|file| file.path.starts_with("cloudtrail/"));
    files
        .flat_map(|file| {
            let mut page: Value = serde_json::from_str(&text(file)).unwrap();
            page["Records"].as_array_mut().unwrap().split_off(0)
        })
        .collect()
}

pub(crate) fn said<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
