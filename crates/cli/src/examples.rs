//! Examples at the end of every command's `--help`.

use clap::{Command, CommandFactory as _, FromArgMatches as _};

use crate::args::Args;

/// Examples by command. Commands with more to say than examples have their text in `args.rs`.
const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "serve",
        &[
            "watchfloor serve --demo",
            "watchfloor serve --listen-tls 0.0.0.0:8443 --config watchfloor.toml",
        ],
    ),
    (
        "kql check",
        &[
            "watchfloor kql check < queries.jsonl",
            "echo '{\"id\":1,\"query\":\"Syslog | count\"}' | watchfloor kql check --schema tables.csv",
        ],
    ),
    (
        "kql run",
        &["watchfloor kql run --load Syslog=syslog.ndjson < queries.jsonl"],
    ),
    (
        "kql format",
        &[
            "watchfloor kql format hunt.kql",
            "watchfloor kql format --write hunt.kql",
            "watchfloor kql format --check hunt.kql",
        ],
    ),
    (
        "rules check",
        &[
            "watchfloor rules check rules/",
            "watchfloor rules check my-rule.yml --format csv",
        ],
    ),
    (
        "incidents list",
        &[
            "watchfloor incidents list",
            "watchfloor incidents list --status all --search paw01 --format json",
        ],
    ),
    ("incidents show", &["watchfloor incidents show 7"]),
    (
        "incidents scope",
        &["watchfloor incidents scope 7 --hours 72"],
    ),
    ("incidents ack", &["watchfloor incidents ack 7"]),
    ("incidents assign", &["watchfloor incidents assign 7 noor"]),
    (
        "incidents comment",
        &["watchfloor incidents comment 7 'asked the user: not them'"],
    ),
    ("incidents contain", &["watchfloor incidents contain 7"]),
    ("incidents remediate", &["watchfloor incidents remediate 7"]),
    ("incidents recover", &["watchfloor incidents recover 7"]),
    ("incidents merge", &["watchfloor incidents merge 8 7"]),
    (
        "incidents split",
        &["watchfloor incidents split 7 5a0c8f0e-8a2b-5d0e-9f57-0d6d3c1b2a39"],
    ),
    (
        "incidents close",
        &["watchfloor incidents close 7 --classification true-positive --comment 'rebuilt'"],
    ),
    ("incidents reopen", &["watchfloor incidents reopen 7"]),
    (
        "metrics",
        &[
            "watchfloor metrics --since 30d",
            "watchfloor metrics --since 90d --by shift --format csv",
        ],
    ),
    ("rejects list", &["watchfloor rejects list --limit 20"]),
    ("rejects replay", &["watchfloor rejects replay"]),
    ("assets import", &["watchfloor assets import assets.csv"]),
    ("assets list", &["watchfloor assets list --format csv"]),
    (
        "identities import",
        &["watchfloor identities import identities.csv"],
    ),
    (
        "identities list",
        &["watchfloor identities list --format json"],
    ),
    ("sources list", &["watchfloor sources list"]),
    ("history verify", &["watchfloor history verify"]),
    ("backup", &["watchfloor backup /backups/watchfloor.backup"]),
    (
        "restore",
        &["watchfloor restore /backups/watchfloor.backup --data-dir /srv/watchfloor"],
    ),
    ("users add", &["watchfloor users add noor --role analyst"]),
    (
        "users reset-password",
        &["watchfloor users reset-password admin"],
    ),
    (
        "tokens add",
        &["watchfloor tokens add fluent-bit --scope ingest --source syslog,cef_syslog"],
    ),
    (
        "completions",
        &["watchfloor completions bash > ~/.local/share/bash-completion/completions/watchfloor"],
    ),
];

/// Reads the command line; bad usage ends the process with status 2.
pub(crate) fn parse() -> Args {
    let matches = command().get_matches();
    Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn command() -> Command {
    with_examples(Args::command(), "")
}

fn with_examples(command: Command, path: &str) -> Command {
    command.mut_subcommands(|sub| {
        let path = format!("{path} {}", sub.get_name());
        let path = path.trim_start();
        // A group shows the examples of all its commands.
        let is_of = |name: &str| {
            name.strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        let of_it = EXAMPLES.iter().filter(|(name, _)| is_of(name));
        let text = of_it
            .flat_map(|(_, lines)| lines.iter())
            .fold(String::new(), |all, line| all + "\n  " + line);
        let sub = match sub.get_after_help() {
            None if !text.is_empty() => sub.after_help(format!("Examples:{text}")),
            _ => sub,
        };
        with_examples(sub, path)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Words as a shell makes them, of lines that need no more than quotes and a pipe.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
        for c in line.chars() {
            match (quote, c) {
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                (None, ' ') => words.push(std::mem::take(&mut word)),
                (_, c) => word.push(c),
            }
        }
        words.push(word);
        words.retain(|word| !word.is_empty());
        words
    }

    fn check(command: &Command, path: &str, missing: &mut Vec<String>) {
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            let path = format!("{path} {}", sub.get_name());
            let help = sub
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            let mut shown = 0;
            for line in help.lines().filter(|line| line.starts_with("  ")) {
                let Some(at) = line.find(path.as_str()) else {
                    continue;
                };
                let of_ours = line[at..].split(" < ").next().unwrap_or_default();
                let of_ours = of_ours.split(" > ").next().unwrap_or_default();
                super::command()
                    .try_get_matches_from(words(of_ours))
                    .unwrap_or_else(|error| panic!("{line}: {error}"));
                shown += 1;
            }
            if shown == 0 {
                missing.push(path.clone());
            }
            check(sub, &path, missing);
        }
    }

    #[test]
    fn every_command_shows_examples_that_the_command_line_takes() {
        let mut missing = Vec::new();
        check(&command(), "watchfloor", &mut missing);
        assert!(missing.is_empty(), "no example of: {missing:?}");
    }

    #[test]
    fn every_example_is_of_a_command() {
        for (path, _) in EXAMPLES {
            let found = path
                .split(' ')
                .try_fold(command(), |at, name| at.find_subcommand(name).cloned());
            assert!(found.is_some(), "{path}");
        }
    }
}
