//! Who makes a change: a person, or a machine of some kind. Only people acknowledge.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// A signed-in person.
    Person,
    /// An automation rule.
    Rule,
    /// Watchfloor itself (grouping, merging).
    System,
    /// An action that ran after its approval.
    Playbook,
}

impl ActorKind {
    /// The stored spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Rule => "rule",
            Self::System => "system",
            Self::Playbook => "playbook",
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        Ok(match text {
            "person" => Self::Person,
            "rule" => Self::Rule,
            "system" => Self::System,
            "playbook" => Self::Playbook,
            _ => {
                return Err(Error::Corrupt {
                    expected: "a kind of actor",
                    value: text.to_owned(),
                });
            }
        })
    }
}

impl std::fmt::Display for ActorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who makes a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// User name, rule name, playbook name.
    pub name: String,
    /// What it is.
    pub kind: ActorKind,
}

impl Actor {
    /// A person by user name.
    pub fn person(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: ActorKind::Person,
        }
    }

    /// Watchfloor itself.
    pub fn system() -> Self {
        Self {
            name: "watchfloor".into(),
            kind: ActorKind::System,
        }
    }

    /// An approved action.
    pub fn playbook(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: ActorKind::Playbook,
        }
    }

    /// An automation rule.
    pub fn rule(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: ActorKind::Rule,
        }
    }

    /// Whether this is a person.
    pub fn is_person(&self) -> bool {
        self.kind == ActorKind::Person
    }

    pub(crate) fn must_be_person(&self, action: &'static str) -> Result<()> {
        if self.is_person() {
            Ok(())
        } else {
            Err(self.not_allowed(action))
        }
    }

    /// Marks of containment, remediation and recovery are set by people and approved actions.
    pub(crate) fn must_be_able_to_mark(&self, action: &'static str) -> Result<()> {
        match self.kind {
            ActorKind::Person | ActorKind::Playbook => Ok(()),
            ActorKind::Rule | ActorKind::System => Err(self.not_allowed(action)),
        }
    }

    fn not_allowed(&self, action: &'static str) -> Error {
        Error::NotAllowed {
            action,
            actor: self.name.clone(),
            kind: self.kind,
        }
    }
}
