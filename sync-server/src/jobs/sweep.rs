//! Clears away uploads that nobody goes on with.

use crate::state::AppState;

/// How often the server looks.
pub const SWEEP_SECONDS: u64 = 3_600;

/// Removes uploads whose term is over, and those of devices and workers that are gone; how many. What was
/// uploaded whole is a photo and stays.
pub async fn sweep(state: &AppState) -> u64 {
    match state.storage.sweep_uploads(state.clock.now_ms()).await {
        Ok(0) => 0,
        Ok(count) => {
            tracing::info!(count, "Uploads that nobody went on with were removed.");
            count
        }
        Err(error) => {
            tracing::error!(%error, "Old uploads cannot be removed.");
            0
        }
    }
}
