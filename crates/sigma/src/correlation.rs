//! Correlation rules (Sigma specification 2.1, correlation rules): read and checked here.
//!
//! They are not run yet: every one is reported with [`Code::CorrelationNotRun`].

use jiff::SignedDuration;

use crate::diagnostic::{Code, Sink};
use crate::modifier::Comparison;
use crate::yaml::Node;

/// What a correlation counts or compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the specification's")]
pub enum CorrelationKind {
    EventCount,
    ValueCount,
    Temporal,
    TemporalOrdered,
    ValueSum,
    ValueAvg,
    ValuePercentile,
    ValueMedian,
}

impl CorrelationKind {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("event_count", Self::EventCount),
        ("value_count", Self::ValueCount),
        ("temporal", Self::Temporal),
        ("temporal_ordered", Self::TemporalOrdered),
        ("value_sum", Self::ValueSum),
        ("value_avg", Self::ValueAvg),
        ("value_percentile", Self::ValuePercentile),
        ("value_median", Self::ValueMedian),
    ];

    fn needs_field(self) -> bool {
        !matches!(
            self,
            Self::EventCount | Self::Temporal | Self::TemporalOrdered
        )
    }

    fn needs_condition(self) -> bool {
        !matches!(self, Self::Temporal | Self::TemporalOrdered)
    }
}

/// A correlation rule.
#[derive(Debug, Clone)]
pub struct Correlation {
    /// The rule's UUID; `file:line` when it has none.
    pub id: String,
    /// Short text for people.
    pub title: String,
    /// What it counts or compares.
    pub kind: CorrelationKind,
    /// Ids or names of the rules it joins.
    pub rules: Vec<String>,
    /// Fields whose values must be the same.
    pub group_by: Vec<String>,
    /// How far apart the events may be.
    pub timespan: SignedDuration,
    /// Bounds, all of which must hold.
    pub bounds: Vec<(Comparison, f64)>,
    /// The field that is counted, summed and so on.
    pub field: Option<String>,
    /// Alias, then rule and field, for each rule.
    pub aliases: Vec<(String, Vec<(String, String)>)>,
    /// Whether the joined rules also report by themselves.
    pub generate: bool,
    /// Line where its document begins.
    pub line: u32,
}

/// Reads `correlation:` of a document. `None` when there was an error.
pub(crate) fn read(
    node: &Node,
    id: String,
    title: String,
    generate: bool,
    sink: &mut Sink,
) -> Option<Correlation> {
    let mark = sink.mark();
    let mut invalid = |at: (u32, u32), message: String| {
        sink.error(Code::CorrelationInvalid, at, message);
    };
    if node.entries().is_none() {
        invalid(node.at(), "`correlation` must be a map".to_owned());
        return None;
    }
    let kind_text = node.get("type").and_then(Node::text).unwrap_or_default();
    let kind = CorrelationKind::NAMES
        .iter()
        .find(|(name, _)| *name == kind_text);
    if kind.is_none() {
        invalid(
            node.at(),
            format!("`type` `{kind_text}` is not a correlation type"),
        );
    }
    let rules = node.get("rules").map(Node::texts).unwrap_or_default();
    if rules.is_empty() {
        invalid(node.at(), "`rules` names no rule".to_owned());
    }
    let timespan_text = node
        .get("timespan")
        .and_then(Node::text)
        .unwrap_or_default();
    let timespan = parse_timespan(timespan_text);
    if timespan.is_none() {
        let message =
            format!("`timespan` must be a number and s, m, h, d, w, M or y, not `{timespan_text}`");
        invalid(node.at(), message);
    }
    let (bounds, field) = match node
        .get("condition")
        .map(|condition| read_bounds(condition, node))
    {
        Some(Ok(read)) => read,
        Some(Err((at, message))) => {
            invalid(at, message);
            (Vec::new(), None)
        }
        None => (Vec::new(), None),
    };
    let (_, kind) = *kind?;
    if kind.needs_condition() && bounds.is_empty() {
        invalid(
            node.at(),
            format!("`{kind_text}` needs a `condition` with a bound"),
        );
    }
    if kind.needs_field() && field.is_none() {
        invalid(
            node.at(),
            format!("`{kind_text}` needs `field` in its `condition`"),
        );
    }
    if sink.errors_since(mark) {
        return None;
    }
    sink.warn(
        Code::CorrelationNotRun,
        node.at(),
        "correlation rules are not run yet",
    );
    Some(Correlation {
        id,
        title,
        kind,
        rules,
        group_by: node.get("group-by").map(Node::texts).unwrap_or_default(),
        timespan: timespan?,
        bounds,
        field,
        aliases: read_aliases(node),
        generate: generate || node.get("generate").and_then(Node::text) == Some("true"),
        line: node.line,
    })
}

type Bounds = (Vec<(Comparison, f64)>, Option<String>);

fn read_bounds(condition: &Node, parent: &Node) -> Result<Bounds, ((u32, u32), String)> {
    // `temporal` may have a condition in words (`rule_a and rule_b`): nothing to bound.
    let Some(entries) = condition.entries() else {
        return match condition.text() {
            Some(_) => Ok((Vec::new(), None)),
            None => Err((parent.at(), "`condition` must be a map or text".to_owned())),
        };
    };
    let mut bounds = Vec::new();
    let mut field = None;
    for (key, value) in entries {
        let comparison = match key.text() {
            Some("lt") => Comparison::Less,
            Some("lte") => Comparison::LessOrEqual,
            Some("gt") => Comparison::Greater,
            Some("gte") => Comparison::GreaterOrEqual,
            Some("eq") => Comparison::Equal,
            Some("field") => {
                field = value.text().map(str::to_owned);
                continue;
            }
            Some("percentile") => continue,
            other => {
                let message = format!("`{}` is not a bound", other.unwrap_or("null"));
                return Err((key.at(), message));
            }
        };
        match value.text().and_then(|text| text.parse().ok()) {
            Some(number) => bounds.push((comparison, number)),
            None => return Err((value.at(), "a bound must be a number".to_owned())),
        }
    }
    Ok((bounds, field))
}

fn read_aliases(node: &Node) -> Vec<(String, Vec<(String, String)>)> {
    let pairs = |node: &Node| -> Vec<(String, String)> {
        node.entries()
            .unwrap_or_default()
            .iter()
            .filter_map(|(rule, field)| Some((rule.text()?.to_owned(), field.text()?.to_owned())))
            .collect()
    };
    node.get("aliases")
        .and_then(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter_map(|(alias, fields)| Some((alias.text()?.to_owned(), pairs(fields))))
        .collect()
}

/// `15s`, `5m`, `1h`, `7d`, `2w`, `1M` (30 days), `1y` (365 days).
fn parse_timespan(text: &str) -> Option<SignedDuration> {
    let unit_at = text.len().checked_sub(1)?;
    let (number, unit) = (text.get(..unit_at)?, text.get(unit_at..)?);
    let unit_seconds: i64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        "M" => 30 * 86_400,
        "y" => 365 * 86_400,
        _ => return None,
    };
    let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
    Some(SignedDuration::from_secs(number.checked_mul(unit_seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timespans_have_a_number_and_a_unit() {
        assert_eq!(parse_timespan("15m"), Some(SignedDuration::from_mins(15)));
        for wrong in ["", "m", "-1m", "5", "5x", "ä", "9999999999999999999s"] {
            assert_eq!(parse_timespan(wrong), None, "{wrong}");
        }
    }
}
