//! Where alerts go: implemented by the wiring onto the case store.

use schema::Alert;

/// The receiver of alerts could not take one. The producer tries again: ids are stable.
#[derive(Debug, thiserror::Error)]
#[error("an alert could not be stored: {0}")]
pub struct SinkError(pub String);

/// Takes alerts. Taking the same alert twice changes nothing.
#[async_trait::async_trait]
pub trait AlertSink: Send + Sync {
    /// Stores an alert.
    ///
    /// # Errors
    /// [`SinkError`] when it is not stored.
    async fn raise(&self, alert: Alert) -> Result<(), SinkError>;
}
