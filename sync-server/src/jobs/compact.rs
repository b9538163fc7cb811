//! Drops from the log what later operations have replaced.

use crate::state::AppState;

/// How often the server looks.
pub const COMPACT_SECONDS: u64 = 24 * 3_600;

/// What was applied less than so long ago stays in the log: devices keep their receipted work for 90 days and name it
/// by its numbers, and a backup from before may be restored. 180 days.
pub const COMPACT_AFTER_MS: u64 = 180 * 86_400_000;

/// Compacts the log (D7); how many operations left it.
pub async fn compact(state: &AppState) -> u64 {
    let before_ms = state.clock.now_ms().saturating_sub(COMPACT_AFTER_MS);
    match state.storage.compact(before_ms).await {
        Ok(0) => 0,
        Ok(count) => {
            tracing::info!(count, "Operations that later ones have replaced left the log.");
            count
        }
        Err(error) => {
            tracing::error!(%error, "The log cannot be compacted.");
            0
        }
    }
}
