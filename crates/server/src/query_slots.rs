//! How many queries of one user run at a time; more of them wait in turn. One user's dashboards
//! don't keep the others' queries from running.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;

/// Users whose slots are kept while none is taken.
const IDLE_USERS_MAX: usize = 1024;

/// The slots of all users.
#[derive(Debug)]
pub(crate) struct QuerySlots {
    per_user: usize,
    users: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl QuerySlots {
    pub(crate) fn new(per_user: usize) -> Self {
        Self {
            per_user: per_user.max(1),
            users: Mutex::default(),
        }
    }

    /// Waits for a slot, no longer than the query may take.
    pub(crate) async fn take(
        &self,
        user: &str,
        patience: Duration,
    ) -> Result<OwnedSemaphorePermit, ApiError> {
        let slots = {
            let mut users = self.users.lock();
            if users.len() > IDLE_USERS_MAX {
                users.retain(|_, slots| slots.available_permits() < self.per_user);
            }
            let slots = users
                .entry(user.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(self.per_user)));
            Arc::clone(slots)
        };
        match tokio::time::timeout(patience, slots.acquire_owned()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => Err(ApiError::too_many(format!(
                "{} queries of `{user}` are running; this one waited for {} s",
                self.per_user,
                patience.as_secs()
            ))
            .hint("wait for one to end, or raise `queries_per_user` in the configuration")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_user_waits_for_own_queries_only() {
        let slots = QuerySlots::new(2);
        let patience = Duration::from_millis(30);
        let first = slots.take("ana", patience).await.unwrap();
        let _second = slots.take("ana", patience).await.unwrap();
        assert!(slots.take("ana", patience).await.is_err());
        let _other = slots.take("ben", patience).await.unwrap();
        drop(first);
        assert!(slots.take("ana", patience).await.is_ok());
    }
}
