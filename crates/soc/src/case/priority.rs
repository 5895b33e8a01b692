//! Priority, 0 to 100: which incident first.
//!
//! The sum of six parts; each says its points, their maximum and why, so that an analyst can
//! disagree with one of them.
//!
//! | part | max | points |
//! | --- | --- | --- |
//! | severity | 25 | highest of the alerts: Informational 2, Low 8, Medium 16, High 25 |
//! | confidence | 10 | 10 x the best confidence an alert states (0.5 where none does) + 1.5 for each further product that agrees |
//! | assets | 20 | most critical asset: tier 0 20, tier 1 13, tier 2 7, tier 3 or unknown 3, none 0 |
//! | identities | 15 | most sensitive identity: privileged role, privileged or break-glass 15, executive 11, service 8, others and unknown 3, none 0 |
//! | kill chain | 20 | up to 10 for the furthest tactic, 2 for each distinct tactic up to 10 |
//! | spread | 10 | one environment 0, two 6, three or more 10 |
//!
//! Of two equal alerts the one on a tier-0 asset or a privileged identity thus sorts first, by 12
//! to 20 points: more than any step of severity but one.

use serde::{Deserialize, Serialize};

use schema::{Severity, Tactic};

/// One part of a priority.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PriorityPart {
    /// `severity`, `confidence`, `assets`, `identities`, `kill chain`, `spread`.
    pub name: String,
    /// Points given.
    pub points: u8,
    /// Points possible.
    pub max: u8,
    /// Why, in words.
    pub reason: String,
}

/// What a priority is computed from.
#[derive(Debug, Clone, Default)]
pub(crate) struct PriorityInput {
    pub(crate) severity: Option<Severity>,
    pub(crate) severity_of: String,
    pub(crate) confidence: Option<f64>,
    pub(crate) products: usize,
    /// Most critical asset: tier and name; tier `None` for one that no asset table knows.
    pub(crate) asset: Option<(Option<i64>, String)>,
    /// Most sensitive identity.
    pub(crate) identity: Option<Sensitivity>,
    pub(crate) tactics: Vec<Tactic>,
    pub(crate) environments: Vec<String>,
}

/// How sensitive an identity is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sensitivity {
    pub(crate) label: String,
    /// False for an account without a row in the identity table.
    pub(crate) known: bool,
    pub(crate) privileged_role: String,
    pub(crate) sensitivity: String,
}

impl Sensitivity {
    pub(crate) fn points(&self) -> u8 {
        let sensitivity = self.sensitivity.to_lowercase();
        match sensitivity.as_str() {
            _ if !self.privileged_role.is_empty() => 15,
            "privileged" | "break-glass" | "admin" | "high" => 15,
            "executive" | "vip" => 11,
            "service" => 8,
            _ => 3,
        }
    }

    fn reason(&self) -> String {
        if !self.known {
            return format!("`{}` is in no identity table", self.label);
        }
        match (self.privileged_role.as_str(), self.sensitivity.as_str()) {
            ("", "" | "none") => format!("{} has no special rights on record", self.label),
            ("", sensitivity) => format!("{} is marked {sensitivity}", self.label),
            (role, _) => format!("{} holds {role}", self.label),
        }
    }
}

/// Computes the priority and its parts.
pub(crate) fn priority(input: &PriorityInput) -> (u8, Vec<PriorityPart>) {
    let parts = vec![
        severity(input),
        confidence(input),
        assets(input),
        identities(input),
        kill_chain(input),
        spread(input),
    ];
    let sum: u8 = parts.iter().map(|part| part.points).sum();
    (sum.min(100), parts)
}

fn part(name: &str, points: u8, max: u8, reason: String) -> PriorityPart {
    PriorityPart {
        name: name.to_owned(),
        points: points.min(max),
        max,
        reason,
    }
}

fn severity(input: &PriorityInput) -> PriorityPart {
    let (points, reason) = match input.severity {
        Some(severity) => {
            let points = match severity {
                Severity::Informational => 2,
                Severity::Low => 8,
                Severity::Medium => 16,
                Severity::High => 25,
            };
            (points, format!("{severity}: {}", input.severity_of))
        }
        None => (0, "no alert".to_owned()),
    };
    part("severity", points, 25, reason)
}

fn confidence(input: &PriorityInput) -> PriorityPart {
    let stated = input
        .confidence
        .filter(|value| value.is_finite())
        .map(|value| value.clamp(0.0, 1.0));
    let agreeing = input.products.saturating_sub(1);
    let points = 10.0 * stated.unwrap_or(0.5) + 1.5 * agreeing as f64;
    let mut reason = match stated {
        Some(value) => format!("best confidence stated is {value:.2}"),
        None => "no alert states its confidence".to_owned(),
    };
    if agreeing > 0 {
        reason.push_str(&format!(", {} products agree", input.products));
    }
    part(
        "confidence",
        points.round().clamp(0.0, 10.0) as u8,
        10,
        reason,
    )
}

fn assets(input: &PriorityInput) -> PriorityPart {
    let (points, reason) = match &input.asset {
        None => (0, "no host or resource is involved".to_owned()),
        Some((None, name)) => (3, format!("`{name}` is in no asset table")),
        Some((Some(tier), name)) => {
            let points = match tier {
                0 => 20,
                1 => 13,
                2 => 7,
                _ => 3,
            };
            (points, format!("`{name}` is tier {tier}"))
        }
    };
    part("assets", points, 20, reason)
}

fn identities(input: &PriorityInput) -> PriorityPart {
    let (points, reason) = match &input.identity {
        None => (
            0,
            "no account is involved, or only as a target in a list".to_owned(),
        ),
        Some(identity) => (identity.points(), identity.reason()),
    };
    part("identities", points, 15, reason)
}

fn kill_chain(input: &PriorityInput) -> PriorityPart {
    let Some(furthest) = input
        .tactics
        .iter()
        .copied()
        .max_by_key(|tactic| tactic.step())
    else {
        return part("kill chain", 0, 20, "no alert names a tactic".to_owned());
    };
    let distinct = input.tactics.len();
    let far = (f64::from(furthest.step()) * 10.0 / 13.0).round() as u8;
    let breadth = (distinct.min(5) * 2) as u8;
    let tactics = if distinct == 1 {
        "one tactic".into()
    } else {
        format!("{distinct} tactics")
    };
    part(
        "kill chain",
        far + breadth,
        20,
        format!("{tactics}, furthest {}", furthest.as_str()),
    )
}

fn spread(input: &PriorityInput) -> PriorityPart {
    let points = match input.environments.len() {
        0 | 1 => 0,
        2 => 6,
        _ => 10,
    };
    let reason = match input.environments.as_slice() {
        [] => "no environment is known".to_owned(),
        names => format!("evidence in {}", names.join(", ")),
    };
    part("spread", points, 10, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> PriorityInput {
        PriorityInput {
            severity: Some(Severity::Medium),
            severity_of: "x".into(),
            products: 1,
            asset: Some((Some(3), "ws1".into())),
            tactics: vec![Tactic::InitialAccess],
            environments: vec!["azure".into()],
            ..PriorityInput::default()
        }
    }

    #[test]
    fn parts_add_up_and_stay_within_their_maximum() {
        let mut input = base();
        input.severity = Some(Severity::High);
        input.confidence = Some(f64::INFINITY);
        input.products = 90;
        input.asset = Some((Some(0), "dc".into()));
        input.identity = Some(Sensitivity {
            label: "ann".into(),
            known: true,
            privileged_role: "Domain Admin".into(),
            sensitivity: String::new(),
        });
        input.tactics = Tactic::ALL.to_vec();
        input.environments = ["a", "b", "c", "d"].map(String::from).to_vec();
        let (sum, parts) = priority(&input);
        assert_eq!(sum, 100);
        assert_eq!(
            parts.iter().map(|part| u32::from(part.max)).sum::<u32>(),
            100
        );
        assert!(
            parts
                .iter()
                .all(|part| part.points <= part.max && !part.reason.is_empty())
        );
    }

    #[test]
    fn more_critical_is_never_lower() {
        let of_tier = |tier| {
            priority(&PriorityInput {
                asset: Some((tier, "a".into())),
                ..base()
            })
            .0
        };
        assert!(of_tier(Some(0)) > of_tier(Some(1)));
        assert!(of_tier(Some(1)) > of_tier(Some(2)));
        assert!(of_tier(Some(2)) > of_tier(Some(3)));
        assert_eq!(of_tier(Some(3)), of_tier(None));
    }
}
