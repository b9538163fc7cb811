//! Words from and to the other processes that work on the same storage.

use std::time::Duration;

use futures::StreamExt;

use crate::notices::WordsForOthers;
use crate::state::AppState;

/// How long to wait before trying again to reach the others.
const AGAIN: Duration = Duration::from_secs(2);

/// Passes what is said in this process on to the others. What cannot be passed on is not said again: every device asks
/// by itself within a minute.
pub async fn tell_others(state: AppState, mut words: WordsForOthers) {
    while let Some(word) = words.next().await {
        if let Err(error) = state.storage.tell_others(&word).await {
            tracing::warn!(%error, "Other servers are not told of a change.");
        }
    }
}

/// Passes what others say on to those who listen in this process; ends at once where there can be no others.
pub async fn hear_others(state: AppState) {
    loop {
        match state.storage.hear_others().await {
            Ok(None) => return,
            Ok(Some(mut words)) => {
                // What was said before nobody here has heard.
                state.hub.hear_anything();
                while let Some(word) = words.next().await {
                    state.hub.hear(&word);
                }
                tracing::warn!("The connection to other servers has ended.");
            }
            Err(error) => tracing::warn!(%error, "Other servers cannot be heard."),
        }
        tokio::time::sleep(AGAIN).await;
    }
}
