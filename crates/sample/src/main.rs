//! `generate-sample`: writes a sample of raw logs to a folder. See the library for what it holds.

use sample::{BENIGN_EVENTS, Options, generate};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
Writes a sample of raw logs with a hybrid intrusion hidden in it.

usage: generate-sample --seed N --out DIR [--second-intrusion] [--end TIME] [--benign N] [--shift-to TIME]

  --seed N              everything that varies, varies with it
  --out DIR             where the files go; truth.json is not for ingestion
  --second-intrusion    adds an unrelated intrusion in the same window
  --end TIME            when the last event happens (RFC 3339; default 2026-03-06T16:40:00Z)
  --benign N            how many benign events there are (default 20000)
  --shift-to TIME       moves all events alike so that the last one happens then (RFC 3339)

example: generate-sample --seed 7 --out samples/hybrid-intrusion
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
    {
        return match std::io::stdout().write_all(USAGE.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let (options, out) = match read(&arguments) {
        Ok(read) => read,
        Err(problem) => {
            eprintln!("error: {problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let sample = generate(&options);
    if let Err(problem) = sample.write_to(&out) {
        eprintln!("error: cannot write to `{}`: {problem}", out.display());
        return ExitCode::FAILURE;
    }
    let malicious: usize = sample
        .truth
        .intrusions
        .iter()
        .flat_map(|intrusion| intrusion.records.values())
        .sum();
    eprintln!(
        "wrote {} files to {}: {} benign records, {malicious} of {} intrusion(s)",
        sample.files.len(),
        out.display(),
        sample.truth.benign_total,
        sample.truth.intrusions.len(),
    );
    ExitCode::SUCCESS
}

/// Reads the arguments; the error is a sentence for the user.
fn read(arguments: &[String]) -> Result<(Options, PathBuf), String> {
    let end = "2026-03-06T16:40:00Z"
        .parse()
        .map_err(|error: jiff::Error| error.to_string())?;
    let mut options = Options::new(0, end);
    options.benign_events = BENIGN_EVENTS;
    let (mut seed, mut out) = (None, None);
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        if flag == "--second-intrusion" {
            options.second_intrusion = true;
            continue;
        }
        let known = ["--seed", "--out", "--end", "--benign", "--shift-to"];
        if !known.contains(&flag.as_str()) {
            return Err(format!("unknown argument: `{flag}`"));
        }
        let value = rest
            .next()
            .ok_or_else(|| format!("`{flag}` needs a value"))?;
        let wrong = |reason: String| format!("`{flag}` cannot take `{value}`: {reason}");
        match flag.as_str() {
            "--seed" => {
                seed = Some(
                    value
                        .parse()
                        .map_err(|error: std::num::ParseIntError| wrong(error.to_string()))?,
                )
            }
            "--out" => out = Some(PathBuf::from(value)),
            "--end" => {
                options.end = value
                    .parse()
                    .map_err(|error: jiff::Error| wrong(error.to_string()))?
            }
            "--benign" => {
                options.benign_events = value
                    .parse()
                    .map_err(|error: std::num::ParseIntError| wrong(error.to_string()))?
            }
            _ => {
                options.shift_to = Some(
                    value
                        .parse()
                        .map_err(|error: jiff::Error| wrong(error.to_string()))?,
                )
            }
        }
    }
    options.seed = seed.ok_or("`--seed` is missing")?;
    Ok((options, out.ok_or("`--out` is missing")?))
}
