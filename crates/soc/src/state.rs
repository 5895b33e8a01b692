//! The states of an incident, its classification, and how both read in Sentinel's tables.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// State of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Status {
    /// Nobody has taken it yet.
    New,
    /// Somebody works on it.
    Active,
    /// The adversary can get no further.
    Contained,
    /// The adversary is out.
    Remediated,
    /// Services are being made whole.
    Recovering,
    /// Services are whole.
    Recovered,
    /// Done; says nothing about remediation.
    Closed,
}

impl Status {
    /// All states in the order of an incident's life.
    pub const ALL: [Self; 7] = [
        Self::New,
        Self::Active,
        Self::Contained,
        Self::Remediated,
        Self::Recovering,
        Self::Recovered,
        Self::Closed,
    ];

    /// Canonical spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::Active => "Active",
            Self::Contained => "Contained",
            Self::Remediated => "Remediated",
            Self::Recovering => "Recovering",
            Self::Recovered => "Recovered",
            Self::Closed => "Closed",
        }
    }

    /// Reads a state in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str().eq_ignore_ascii_case(text))
    }

    /// `SecurityIncident.Status`, which knows New, Active and Closed.
    pub fn sentinel(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::Closed => "Closed",
            _ => "Active",
        }
    }

    /// Whether work on it may go on.
    pub fn is_open(self) -> bool {
        self != Self::Closed
    }

    /// Whether an incident may go from `self` to `to` in one change. A step back to Active is how
    /// a relapse is told; leaving Closed takes a reopening, not a change of state.
    pub fn may_become(self, to: Self) -> bool {
        use Status::{Active, Closed, Contained, New, Recovered, Recovering, Remediated};
        match self {
            New => matches!(to, Active | Contained | Remediated | Closed),
            Active => matches!(to, Contained | Remediated | Closed),
            Contained => matches!(to, Active | Remediated | Closed),
            Remediated => matches!(to, Active | Contained | Recovering | Recovered | Closed),
            Recovering => matches!(to, Active | Contained | Recovered | Closed),
            Recovered => matches!(to, Active | Contained | Recovering | Closed),
            Closed => false,
        }
    }

    pub(crate) fn stored(text: &str) -> Result<Self> {
        Self::parse(text).ok_or_else(|| Error::Corrupt {
            expected: "a status",
            value: text.to_owned(),
        })
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a closed incident turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Classification {
    /// An adversary.
    TruePositive,
    /// Real, and expected.
    BenignPositive,
    /// Not what the rule says.
    FalsePositive,
    /// Could not be decided.
    Undetermined,
}

impl Classification {
    /// All classifications.
    pub const ALL: [Self; 4] = [
        Self::TruePositive,
        Self::BenignPositive,
        Self::FalsePositive,
        Self::Undetermined,
    ];

    /// Canonical spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TruePositive => "TruePositive",
            Self::BenignPositive => "BenignPositive",
            Self::FalsePositive => "FalsePositive",
            Self::Undetermined => "Undetermined",
        }
    }

    /// Reads a classification in any letter case, with blanks, dashes or underscores.
    pub fn parse(text: &str) -> Option<Self> {
        let bare: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        Self::ALL
            .into_iter()
            .find(|one| one.as_str().eq_ignore_ascii_case(&bare))
    }

    /// Reasons that go with it (`SecurityIncident.ClassificationReason`), the default one first.
    pub fn reasons(self) -> &'static [&'static str] {
        match self {
            Self::TruePositive => &["SuspiciousActivity"],
            Self::BenignPositive => &["SuspiciousButExpected"],
            Self::FalsePositive => &["IncorrectAlertLogic", "InaccurateData"],
            Self::Undetermined => &[""],
        }
    }
}

impl std::fmt::Display for Classification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_is_left_by_reopening_only_and_everything_open_can_be_closed() {
        for status in Status::ALL {
            assert!(!Status::Closed.may_become(status));
            assert!(!status.may_become(status), "{status}");
            assert_eq!(status.may_become(Status::Closed), status.is_open());
            assert!(!status.may_become(Status::New));
        }
        assert!(
            !Status::Active.may_become(Status::Recovered),
            "nothing to recover from yet"
        );
    }

    #[test]
    fn classifications_read_in_every_spelling() {
        for text in [
            "truepositive",
            "true positive",
            "True-Positive",
            "TRUE_POSITIVE",
        ] {
            assert_eq!(
                Classification::parse(text),
                Some(Classification::TruePositive)
            );
        }
        assert_eq!(Classification::parse("maybe"), None);
    }
}
