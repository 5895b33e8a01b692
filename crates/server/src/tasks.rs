//! Background work of a running server. Each loop goes on after a failure and says what failed.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::platform::Platform;

/// Starts all loops; they end when `stop` is cancelled.
pub(crate) fn start(platform: &Arc<Platform>, stop: &CancellationToken) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let (stream, token) = (Arc::clone(platform), stop.clone());
    tasks.spawn(async move {
        while !token.is_cancelled() {
            tokio::select! {
                () = token.cancelled() => break,
                done = stream.match_next(true) => pause_after(done.map(|_| ()), "matching").await,
            }
        }
    });
    let (rules, token) = (Arc::clone(platform), stop.clone());
    tasks.spawn(async move {
        let mut pause = Duration::from_secs(2);
        while wait(&token, pause).await {
            let done = rules.tick().await;
            // Waiting windows go on without a rest, but let others have the parts in between.
            let waiting = done
                .as_ref()
                .is_ok_and(|report| report.waiting > 0 && report.runs > report.failures);
            pause = Duration::from_millis(if waiting { 50 } else { 2_000 });
            pause_after(done.map(|_| ()), "scheduled rules").await;
        }
    });
    let (own, token) = (Arc::clone(platform), stop.clone());
    tasks.spawn(async move {
        while wait(&token, Duration::from_millis(500)).await {
            pause_after(own.write_own_rows().await, "storing own records").await;
        }
    });
    tasks
}

async fn wait(token: &CancellationToken, time: Duration) -> bool {
    tokio::select! {
        () = token.cancelled() => false,
        () = tokio::time::sleep(time) => true,
    }
}

async fn pause_after(outcome: anyhow::Result<()>, what: &str) {
    if let Err(error) = outcome {
        tracing::error!(error = format!("{error:#}"), "{what} failed; trying again");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}
