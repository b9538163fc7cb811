//! Packs what a device that begins will ask for.

use crate::state::AppState;

/// Packs the log of every area in which somebody works (D7), so that the first device does not wait for it, and many
/// at once do not pack the same; how many segments.
pub async fn prepare(state: &AppState) -> u64 {
    match state.storage.prepare_segments().await {
        Ok(0) => 0,
        Ok(count) => {
            tracing::info!(count, "Segments of the log were packed for devices that begin.");
            count
        }
        Err(error) => {
            tracing::error!(%error, "Segments of the log cannot be packed.");
            0
        }
    }
}
