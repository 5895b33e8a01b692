//! `SentinelAudit`: who changed what of the installation. Changes of cases have a history of their
//! own.

use serde_json::{Value as Json, json};

use crate::auth::Caller;
use crate::outbox;
use crate::platform::Platform;

/// A change of the installation, as it is recorded.
pub(crate) struct Change<'a> {
    /// What was done, as published queries read it: `User added`.
    pub operation: &'static str,
    /// Kind of the thing: `User`, `API token`.
    pub kind: &'static str,
    /// Its name.
    pub name: &'a str,
    /// What else matters; never a secret.
    pub details: Json,
}

impl Platform {
    /// Records a change that took place. The record is durable when this returns; when it can't be
    /// stored now, that is logged and it is tried again with the next own rows.
    pub(crate) async fn audit(&self, caller: &Caller, change: Change<'_>) {
        let now = self.now();
        let Some(mut row) = detect::Journal::row("SentinelAudit", now) else {
            return;
        };
        let kind = match caller {
            Caller::Local { .. } => "local",
            Caller::Person(_) => "person",
            Caller::Token(_) => "token",
        };
        row.set("OperationName", change.operation);
        row.set("Status", "Success");
        row.set(
            "Description",
            format!("{} by {}: {}", change.operation, caller.name(), change.name),
        );
        row.set("SentinelResourceKind", change.kind);
        row.set("SentinelResourceType", change.kind);
        row.set("SentinelResourceName", change.name);
        row.set(
            "ExtendedProperties",
            json!({ "CallerName": caller.name(), "CallerKind": kind, "Details": change.details }),
        );
        let tenant = &self.config.tenant_id;
        let rows = [row];
        if let Err(error) = outbox::write_rows(&rows, &self.lake, tenant, now).await {
            tracing::error!(
                error = format!("{error:#}"),
                "the record of a change waits to be stored"
            );
            self.journal.put_back(rows.into());
        }
    }
}
