//! Severity and MITRE ATT&CK tactics, as Sentinel spells them.

use serde::{Deserialize, Serialize};

/// Alert and incident severity, least first (Sentinel analytics rules, `severity`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Worth keeping, not worth waking anyone.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}

impl Severity {
    /// All severities, least first.
    pub const ALL: [Self; 4] = [Self::Informational, Self::Low, Self::Medium, Self::High];

    /// Canonical spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
        }
    }

    /// Reads a severity in any letter case; also Sigma's levels and `critical`, which maps to
    /// `High` (Sentinel has no higher one).
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "informational" | "info" | "none" => Self::Informational,
            "low" => Self::Low,
            "medium" | "moderate" => Self::Medium,
            "high" | "critical" => Self::High,
            _ => return None,
        })
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! tactics {
    ($($variant:ident $step:literal),* $(,)?) => {
        /// An ATT&CK tactic, spelled without spaces as Sentinel does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the names are ATT&CK's")]
        pub enum Tactic { $($variant),* }

        impl Tactic {
            /// All tactics in kill-chain order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Canonical spelling.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),* }
            }

            /// How far along the kill chain the tactic is, 0 (reconnaissance) to 13 (impact).
            pub fn step(self) -> u8 {
                match self { $(Self::$variant => $step),* }
            }
        }
    };
}

tactics! {
    PreAttack 0, Reconnaissance 0, ResourceDevelopment 1, InitialAccess 2, Execution 3,
    Persistence 4, PrivilegeEscalation 5, DefenseEvasion 6, CredentialAccess 7, Discovery 8,
    LateralMovement 9, Collection 10, CommandAndControl 11, Exfiltration 12, Impact 13,
    ImpairProcessControl 13, InhibitResponseFunction 13,
}

impl Tactic {
    /// Reads a tactic in any letter case and with blanks, dashes or underscores
    /// (`initial-access`, `Initial Access`, `initial_access`, `InitialAccess`).
    pub fn parse(text: &str) -> Option<Self> {
        let bare: String = text
            .chars()
            .filter(|c| c.is_ascii_alphanumeric())
            .collect::<String>()
            .to_ascii_lowercase();
        Self::ALL
            .iter()
            .copied()
            .find(|tactic| tactic.as_str().to_ascii_lowercase() == bare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tactics_read_in_every_spelling_and_rise_along_the_chain() {
        for spelling in [
            "initial-access",
            "Initial Access",
            "InitialAccess",
            "initial_access",
        ] {
            assert_eq!(Tactic::parse(spelling), Some(Tactic::InitialAccess));
        }
        assert!(Tactic::CredentialAccess.step() > Tactic::InitialAccess.step());
        assert_eq!(Tactic::parse("nonsense"), None);
    }
}
