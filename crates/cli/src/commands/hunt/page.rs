//! A hunt as one HTML page: no script, no resource from elsewhere, every value escaped.

use std::collections::BTreeMap;
use std::io::{self, Write};

use detect::{HuntMatch, HuntOptions, HuntSummary};
use sigma::Level;

use super::{LoadedRules, by_level};
use crate::output::text;
use crate::safe_text::for_terminal;

const STYLE: &str = include_str!("page.css");
/// Of `STYLE`; the only style that the page's policy lets in.
const STYLE_SHA256: &str = "kTnJwJvhTGvxbKBJAbjS7TkmHWUEnWP3YCIxpFH5IPw=";
/// Rules listed with their counts.
const TOP_RULES: usize = 20;

/// What the page says about the hunt.
pub(super) struct Facts<'a> {
    pub(super) summary: &'a HuntSummary,
    pub(super) rules: &'a LoadedRules,
    pub(super) options: &'a HuntOptions,
    pub(super) seconds: f64,
}

/// Writes the page.
pub(super) fn write(
    facts: &Facts<'_>,
    matches: &[HuntMatch],
    left_out: u64,
    out: &mut dyn Write,
) -> io::Result<()> {
    head(out)?;
    summary(facts, matches, left_out, out)?;
    table(matches, out)?;
    writeln!(out, "</body>\n</html>")
}

fn head(out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'sha256-{STYLE_SHA256}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"format-detection\" content=\"telephone=no, date=no, address=no, email=no\">\n\
         <title>Hunt</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    )
}

fn summary(
    facts: &Facts<'_>,
    matches: &[HuntMatch],
    left_out: u64,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (summary, options) = (facts.summary, facts.options);
    let paths: Vec<String> = options
        .paths
        .iter()
        .map(|p| p.display().to_string())
        .collect();
    writeln!(out, "<h1>Hunt</h1>")?;
    writeln!(
        out,
        "<p class=\"soft\">{} &middot; {} &middot; times in UTC</p>",
        escaped(&paths.join(", ")),
        escaped(&options.now.to_string())
    )?;
    let bounds = [("from", options.since), ("before", options.until)];
    for (word, time) in bounds
        .iter()
        .filter_map(|(word, time)| Some((word, (*time)?)))
    {
        writeln!(out, "<p class=\"soft\">{word} {time}</p>")?;
    }
    writeln!(out, "<div class=\"cards\">")?;
    let rules = format!(
        "{} Sigma, {} analytics",
        facts.rules.sigma, facts.rules.analytics
    );
    let seconds = format!("{:.1} s", facts.seconds);
    for (name, value) in [
        ("events", summary.events.to_string()),
        ("matches", summary.matches.to_string()),
        ("rules", rules),
        ("time", seconds),
    ] {
        writeln!(out, "<div><b>{value}</b>{name}</div>")?;
    }
    for (level, count) in by_level(summary) {
        writeln!(
            out,
            "<div><b>{count}</b><span class=\"level {level}\">{level}</span></div>"
        )?;
    }
    writeln!(out, "</div>")?;
    if left_out > 0 {
        writeln!(
            out,
            "<p><b>The {} most severe matches are shown, {left_out} are not.</b></p>",
            matches.len()
        )?;
    }
    problems(facts, out)?;
    top_rules(matches, out)
}

/// What failed, was left out or not loaded.
fn problems(facts: &Facts<'_>, out: &mut dyn Write) -> io::Result<()> {
    let summary = facts.summary;
    let named = |(name, reason): &(String, String)| format!("{name}: {reason}");
    let failed: Vec<String> = summary
        .failures
        .iter()
        .chain(&summary.rule_failures)
        .map(named)
        .chain(summary.left_out.iter().cloned())
        .collect();
    let mut other: Vec<String> = Vec::new();
    if summary.rejects > 0 {
        other.push(format!("{} records could not be decoded", summary.rejects));
    }
    if summary.untimed > 0 {
        other.push(format!(
            "{} records have no time; analytics rules did not see them",
            summary.untimed
        ));
    }
    other.extend(summary.notes.iter().cloned());
    other.extend(summary.skipped.iter().map(named));
    let rules = facts.rules.not_loaded.iter();
    let rules: Vec<String> = rules.map(|rule| rule.text.clone()).collect();
    list("Failed or left out", true, &failed, out)?;
    list("Rules not loaded", false, &rules, out)?;
    list("Notes", false, &other, out)
}

fn list(title: &str, open: bool, items: &[String], out: &mut dyn Write) -> io::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    let open = if open { " open" } else { "" };
    writeln!(
        out,
        "<details{open}><summary>{title}: {}</summary>\n<ul>",
        items.len()
    )?;
    for item in items {
        writeln!(out, "<li>{}</li>", escaped(item))?;
    }
    writeln!(out, "</ul></details>")
}

fn top_rules(matches: &[HuntMatch], out: &mut dyn Write) -> io::Result<()> {
    let mut counts: BTreeMap<(&str, &str), (u64, &str)> = BTreeMap::new();
    for found in matches {
        let count = counts
            .entry((&found.rule_id, &found.rule))
            .or_insert((0, &found.level));
        count.0 += 1;
    }
    let mut rules: Vec<_> = counts.into_iter().collect();
    rules.sort_by_key(|((_, name), (count, _))| (std::cmp::Reverse(*count), *name));
    if rules.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<h2>Rules</h2>\n<table>\n<thead><tr><th>Matches</th><th>Level</th><th>Rule</th></tr></thead>\n<tbody>"
    )?;
    for ((_, name), (count, level)) in rules.iter().take(TOP_RULES) {
        writeln!(
            out,
            "<tr class=\"{}\"><td class=\"number\">{count}</td><td class=\"level\">{}</td><td>{}</td></tr>",
            level_class(level),
            escaped(level),
            escaped(name)
        )?;
    }
    writeln!(out, "</tbody>\n</table>")?;
    if rules.len() > TOP_RULES {
        writeln!(
            out,
            "<p class=\"soft\">and {} more rules</p>",
            rules.len() - TOP_RULES
        )?;
    }
    Ok(())
}

fn table(matches: &[HuntMatch], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h2>Matches</h2>\n<section>")?;
    for level in Level::ALL.iter().rev() {
        writeln!(
            out,
            "<input type=\"checkbox\" id=\"show-{level}\" checked><label for=\"show-{level}\">{level}</label>"
        )?;
    }
    writeln!(out, "<table>\n<thead><tr>")?;
    for name in [
        "Time", "Level", "Rule", "Computer", "Channel", "Event", "Record", "Fields",
    ] {
        write!(out, "<th>{name}</th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for found in matches {
        row(found, out)?;
    }
    writeln!(out, "</tbody>\n</table>\n</section>")
}

fn row(found: &HuntMatch, out: &mut dyn Write) -> io::Result<()> {
    let time = found.time.map(|time| time.to_string()).unwrap_or_default();
    let record = match found.file.as_str() {
        "" => String::new(),
        file => format!("{file}:{}", found.record_id),
    };
    writeln!(
        out,
        "<tr class=\"{}\"><td class=\"time\">{}</td><td class=\"level\">{}</td><td>{}<br>\
         <span class=\"soft\">{}</span></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\n<td>",
        level_class(&found.level),
        escaped(&time),
        escaped(&found.level),
        escaped(&found.rule),
        escaped(&found.rule_id),
        escaped(&found.computer),
        escaped(&found.channel),
        escaped(&text(&found.event_id)),
        escaped(&record)
    )?;
    writeln!(
        out,
        "<details><summary>{} fields</summary><dl>",
        found.fields.len()
    )?;
    for (name, value) in &found.fields {
        writeln!(
            out,
            "<dt>{}</dt><dd>{}</dd>",
            escaped(name),
            escaped(&text(value))
        )?;
    }
    for record in &found.evidence {
        let record = format!("{}:{}", record.file, record.record_id);
        writeln!(
            out,
            "<dt>record behind it</dt><dd>{}</dd>",
            escaped(&record)
        )?;
    }
    writeln!(out, "</dl></details></td></tr>")
}

/// A class name: one of Sigma's levels, whatever the text.
fn level_class(level: &str) -> &'static str {
    Level::parse(level).map_or("other", Level::as_str)
}

/// Text as HTML shows it: markup escaped, control and reordering characters made visible.
fn escaped(value: &str) -> String {
    let visible = for_terminal(value);
    let mut safe = String::with_capacity(visible.len() + 16);
    for c in visible.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '`' => safe.push_str("&#96;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use base64::Engine as _;
    use sha2::Digest as _;

    use super::*;

    #[test]
    fn the_policy_names_the_style_that_is_in_the_page() {
        let digest = sha2::Sha256::digest(STYLE.as_bytes());
        let found = base64::engine::general_purpose::STANDARD.encode(digest);
        assert_eq!(found, STYLE_SHA256, "page.css changed: take the left value");
        assert!(!STYLE.contains('<') && !STYLE.contains("url(") && !STYLE.contains("@import"));
    }

    #[test]
    fn markup_and_control_characters_are_shown_not_obeyed() {
        assert_eq!(
            escaped("<script>alert('x')</script>&\"`\u{202e}\u{1b}[2J"),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;&#96;\\u{202e}\\u{1b}[2J"
        );
        assert_eq!(level_class("\" onclick="), "other");
        assert_eq!(level_class("HIGH"), "high");
    }
}
