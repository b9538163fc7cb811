//! Work that takes long or waits for a disk goes to a thread that may block.

use tokio::task::JoinError;

/// Does `work` on a thread that may block. Work that has begun is finished even when the caller is gone.
///
/// # Errors
/// When the work panicked.
pub(crate) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    #[cfg(any(test, feature = "testing"))]
    if here::is_wanted() {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await
}

/// A simulated world waits for every answer; handing work to another thread only costs it time.
#[cfg(any(test, feature = "testing"))]
pub(crate) mod here {
    use std::cell::Cell;

    thread_local! {
        static WANTED: Cell<bool> = const { Cell::new(false) };
    }

    /// Whether such work is done on this very thread.
    pub(super) fn is_wanted() -> bool {
        WANTED.get()
    }

    /// From now on such work of this thread is done on it.
    pub fn work_here() {
        WANTED.set(true);
    }
}
