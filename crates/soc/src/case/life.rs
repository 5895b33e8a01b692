//! The life of an incident: what each action does to the record, without any store.
//!
//! [`apply`] checks and changes one incident and says what goes into the history. Merging, splitting
//! and opening an alert touch more than one record and live in `grouping::merge` and
//! [`super::life_store`].

use jiff::Timestamp;
use serde_json::json;

use super::incident::Incident;
use crate::activity::NewEntry;
use crate::clock::Mark;
use crate::{Actor, Classification, Error, Result, Status};

/// Longest comment, in bytes.
const COMMENT_BYTES_MAX: usize = 32 * 1024;
/// Longest title, label, owner, in bytes.
const SHORT_BYTES_MAX: usize = 512;
/// Most labels.
const LABELS_MAX: usize = 50;

/// Where a recovery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoverTo {
    /// Services are being made whole.
    Recovering,
    /// Services are whole.
    Recovered,
}

/// A change of one incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A person takes it: becomes the owner when there is none, and New becomes Active. Repeating
    /// it changes nothing.
    Acknowledge,
    /// Sets or clears the owner. A person who takes it for themselves acknowledges it; giving it to
    /// somebody else does not.
    Assign {
        /// The new owner, `None` for nobody.
        owner: Option<String>,
    },
    /// Sets a state by name. Contained, Remediated, Recovering and Recovered do what the actions
    /// of those names do; Active by a person acknowledges; Closed takes [`Action::Close`].
    SetStatus {
        /// The state.
        status: Status,
    },
    /// Adds a comment.
    Comment {
        /// Its text.
        text: String,
    },
    /// Replaces the labels.
    Labels {
        /// All labels.
        labels: Vec<String>,
    },
    /// Replaces the title; from then on the machine leaves it alone.
    Title {
        /// The new title.
        title: String,
    },
    /// Marks that the adversary can get no further.
    Contain {
        /// Why, how.
        comment: String,
    },
    /// Marks that the adversary is out.
    Remediate {
        /// Why, how.
        comment: String,
    },
    /// Marks where the recovery stands.
    Recover {
        /// Recovering or Recovered.
        to: RecoverTo,
        /// Why, how.
        comment: String,
    },
    /// Closes it. Says nothing about remediation.
    Close {
        /// What it turned out to be.
        classification: Classification,
        /// One of [`Classification::reasons`]; `None` takes the first.
        reason: Option<String>,
        /// Why.
        comment: String,
    },
    /// Opens a closed one again. Its first acknowledgement and its marks stay.
    Reopen {
        /// Why.
        comment: String,
    },
}

/// Does `action` to the record. The entries returned are empty when nothing changed.
pub(crate) fn apply(
    incident: &mut Incident,
    action: &Action,
    actor: &Actor,
    now: Timestamp,
) -> Result<Vec<NewEntry>> {
    let mut change = Change {
        incident,
        actor,
        now,
        entries: Vec::new(),
    };
    match action {
        Action::Acknowledge => change.acknowledge()?,
        Action::Assign { owner } => change.assign(owner.as_deref())?,
        Action::SetStatus { status } => change.set_status(*status)?,
        Action::Comment { text } => change.comment(text)?,
        Action::Labels { labels } => change.labels(labels)?,
        Action::Title { title } => change.title(title)?,
        Action::Contain { comment } => change.mark(Status::Contained, comment)?,
        Action::Remediate { comment } => change.mark(Status::Remediated, comment)?,
        Action::Recover {
            to: RecoverTo::Recovering,
            comment,
        } => {
            change.mark(Status::Recovering, comment)?;
        }
        Action::Recover {
            to: RecoverTo::Recovered,
            comment,
        } => {
            change.mark(Status::Recovered, comment)?;
        }
        Action::Close {
            classification,
            reason,
            comment,
        } => {
            change.close(*classification, reason.as_deref(), comment)?;
        }
        Action::Reopen { comment } => change.reopen(comment)?,
    }
    Ok(change.entries)
}

struct Change<'a> {
    incident: &'a mut Incident,
    actor: &'a Actor,
    now: Timestamp,
    entries: Vec<NewEntry>,
}

impl Change<'_> {
    fn acknowledge(&mut self) -> Result<()> {
        self.actor.must_be_person("acknowledging")?;
        if !self.incident.status.is_open() {
            return Err(self.no_transition(Status::Active));
        }
        if self.incident.owner.is_none() {
            self.set_owner(Some(self.actor.name.clone()));
        }
        if self.incident.status == Status::New {
            self.set_state(Status::Active, "status", "");
        }
        self.note_acknowledged();
        Ok(())
    }

    fn assign(&mut self, owner: Option<&str>) -> Result<()> {
        let owner = owner.map(str::trim).filter(|owner| !owner.is_empty());
        if let Some(owner) = owner {
            check_short("owner", owner)?;
        }
        self.set_owner(owner.map(str::to_owned));
        // Taking ownership is what a person does for themselves.
        let takes_it = self.actor.is_person() && owner == Some(self.actor.name.as_str());
        if takes_it && self.incident.status.is_open() {
            if self.incident.status == Status::New {
                self.set_state(Status::Active, "status", "");
            }
            self.note_acknowledged();
        }
        Ok(())
    }

    fn set_status(&mut self, status: Status) -> Result<()> {
        match status {
            Status::Active => {
                if self.incident.status == Status::Closed {
                    return Err(self.no_transition(status));
                }
                if self.incident.status != Status::Active {
                    self.must_become(status)?;
                    self.set_state(status, "status", "");
                }
                if self.actor.is_person() {
                    self.note_acknowledged();
                }
                Ok(())
            }
            Status::New | Status::Closed => Err(self.no_transition(status)),
            marked => self.mark(marked, ""),
        }
    }

    /// Contained, Remediated, Recovering, Recovered. A person who marks a New incident works on it:
    /// it becomes Active first, which acknowledges it. An approved action marks and no more.
    fn mark(&mut self, to: Status, comment: &str) -> Result<()> {
        self.actor.must_be_able_to_mark("marking")?;
        check_comment(comment)?;
        if self.incident.status == to {
            return Ok(());
        }
        self.must_become(to)?;
        if self.incident.status == Status::New && self.actor.is_person() {
            self.set_state(Status::Active, "status", "");
            self.note_acknowledged();
        }
        let mark = Some(Mark {
            at: self.now,
            by: self.actor.name.clone(),
        });
        let (action, slot) = match to {
            Status::Contained => ("contained", Some(&mut self.incident.marks.contained)),
            Status::Remediated => ("remediated", Some(&mut self.incident.marks.remediated)),
            Status::Recovered => ("recovered", Some(&mut self.incident.marks.recovered)),
            _ => ("recovering", None),
        };
        if let Some(slot) = slot {
            *slot = mark;
        }
        self.set_state(to, action, comment);
        Ok(())
    }

    fn comment(&mut self, text: &str) -> Result<()> {
        if text.trim().is_empty() {
            return Err(Error::Invalid {
                what: "comment",
                why: "it is empty".into(),
            });
        }
        check_comment(text)?;
        self.incident.comment_count += 1;
        self.entries.push(NewEntry::new("comment").comment(text));
        Ok(())
    }

    fn labels(&mut self, labels: &[String]) -> Result<()> {
        if labels.len() > LABELS_MAX {
            return Err(Error::Invalid {
                what: "labels",
                why: format!("more than {LABELS_MAX}"),
            });
        }
        let mut new: Vec<String> = Vec::new();
        for label in labels
            .iter()
            .map(|label| label.trim())
            .filter(|label| !label.is_empty())
        {
            check_short("label", label)?;
            if !new.iter().any(|one| one == label) {
                new.push(label.to_owned());
            }
        }
        if new != self.incident.labels {
            let entry =
                NewEntry::new("labels").change(self.incident.labels.join(", "), new.join(", "));
            self.entries.push(entry);
            self.incident.labels = new;
        }
        Ok(())
    }

    fn title(&mut self, title: &str) -> Result<()> {
        let title = title.trim();
        if title.is_empty() {
            return Err(Error::Invalid {
                what: "title",
                why: "it is empty".into(),
            });
        }
        check_short("title", title)?;
        if title != self.incident.title {
            self.entries
                .push(NewEntry::new("title").change(self.incident.title.clone(), title));
            title.clone_into(&mut self.incident.title);
        }
        self.incident.title_by_person = true;
        Ok(())
    }

    fn close(
        &mut self,
        classification: Classification,
        reason: Option<&str>,
        comment: &str,
    ) -> Result<()> {
        check_comment(comment)?;
        self.must_become(Status::Closed)?;
        let reasons = classification.reasons();
        let reason = match reason.map(str::trim).filter(|reason| !reason.is_empty()) {
            None => reasons.first().copied().unwrap_or_default(),
            Some(text) => *reasons
                .iter()
                .find(|one| one.eq_ignore_ascii_case(text))
                .ok_or_else(|| Error::Invalid {
                    what: "classification reason",
                    why: format!(
                        "`{text}` does not go with {classification}: {}",
                        reasons.join(" or ")
                    ),
                })?,
        };
        self.incident.classification = Some(classification);
        reason.clone_into(&mut self.incident.classification_reason);
        comment.clone_into(&mut self.incident.classification_comment);
        self.incident.marks.closed_at = Some(self.now);
        self.set_state(Status::Closed, "closed", comment);
        if let Some(entry) = self.entries.last_mut() {
            entry.details = json!({ "classification": classification.as_str(), "reason": reason });
        }
        Ok(())
    }

    fn reopen(&mut self, comment: &str) -> Result<()> {
        check_comment(comment)?;
        if self.incident.status != Status::Closed {
            return Err(self.no_transition(Status::Active));
        }
        let was = self.incident.classification.take();
        self.incident.classification_reason.clear();
        self.incident.classification_comment.clear();
        self.incident.marks.closed_at = None;
        self.incident.marks.reopened_at = Some(self.now);
        // One that nobody ever acknowledged waits in the queue again.
        let to = if self.incident.marks.acknowledged.is_some() || self.actor.is_person() {
            Status::Active
        } else {
            Status::New
        };
        self.set_state(to, "reopened", comment);
        if let Some(entry) = self.entries.last_mut() {
            entry.details = json!({ "classification": was.map(Classification::as_str) });
        }
        if self.actor.is_person() {
            self.note_acknowledged();
        }
        Ok(())
    }

    /// The first acknowledgement stays for good; backfill waits for nobody but may be taken too.
    fn note_acknowledged(&mut self) {
        if self.incident.marks.acknowledged.is_none() {
            let mark = Mark {
                at: self.now,
                by: self.actor.name.clone(),
            };
            self.incident.marks.acknowledged = Some(mark);
            self.entries.push(NewEntry::new("acknowledged"));
        }
    }

    fn set_owner(&mut self, owner: Option<String>) {
        if owner == self.incident.owner {
            return;
        }
        let text = |owner: &Option<String>| owner.clone().unwrap_or_default();
        let entry = NewEntry::new("assigned").change(text(&self.incident.owner), text(&owner));
        self.entries.push(entry);
        self.incident.owner = owner;
    }

    fn set_state(&mut self, to: Status, action: &'static str, comment: &str) {
        let from = self.incident.status;
        self.incident.status = to;
        self.entries.push(
            NewEntry::new(action)
                .change(from.as_str(), to.as_str())
                .comment(comment),
        );
    }

    fn must_become(&self, to: Status) -> Result<()> {
        if self.incident.status.may_become(to) {
            Ok(())
        } else {
            Err(self.no_transition(to))
        }
    }

    fn no_transition(&self, to: Status) -> Error {
        Error::Transition {
            from: self.incident.status,
            to,
        }
    }
}

fn check_comment(text: &str) -> Result<()> {
    if text.len() > COMMENT_BYTES_MAX {
        let why = format!("more than {COMMENT_BYTES_MAX} bytes");
        return Err(Error::Invalid {
            what: "comment",
            why,
        });
    }
    Ok(())
}

fn check_short(what: &'static str, text: &str) -> Result<()> {
    if text.len() > SHORT_BYTES_MAX {
        return Err(Error::Invalid {
            what,
            why: format!("more than {SHORT_BYTES_MAX} bytes"),
        });
    }
    Ok(())
}
