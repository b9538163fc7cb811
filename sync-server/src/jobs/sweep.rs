//! Clears away what nobody goes on with: uploads, and files that a killed server was writing.

use crate::state::AppState;

/// How often the server looks for uploads.
pub const SWEEP_SECONDS: u64 = 3_600;
/// No file is written for so long. A day.
const UNFINISHED_MS: u64 = 24 * 3_600_000;

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

/// Ends the lending of issues that were closed 30 days ago; how many.
pub async fn end_lending(state: &AppState) -> u64 {
    match state.storage.end_lending(state.clock.now_ms()).await {
        Ok(0) => 0,
        Ok(count) => {
            tracing::info!(count, "Issues that were closed long ago are not lent any more.");
            count
        }
        Err(error) => {
            tracing::error!(%error, "What was lent cannot be taken back.");
            0
        }
    }
}

/// Removes files of photos that a killed server did not write to their end; how many.
pub async fn sweep_photos(state: &AppState) -> u64 {
    let before_ms = state.clock.now_ms().saturating_sub(UNFINISHED_MS);
    match state.photos.sweep(before_ms).await {
        Ok(0) => 0,
        Ok(count) => {
            tracing::info!(count, "Files of photos that were never finished were removed.");
            count
        }
        Err(error) => {
            tracing::error!(%error, "Unfinished files of photos cannot be removed.");
            0
        }
    }
}
