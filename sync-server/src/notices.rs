//! Who is told when something changes: a word, never the change itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use shared::ids::{AreaCode, DeviceId};
use tokio::sync::{broadcast, watch};

use crate::storage::TokenHash;

/// Words kept for a slow listener; one that lags further is simply told that something changed.
const WORDS_KEPT: usize = 256;

/// What listeners hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Operations were applied in these areas, from this device.
    Changed {
        /// Exactly these areas.
        areas: BTreeSet<AreaCode>,
        /// Whose operations.
        device: DeviceId,
    },
    /// A session was closed.
    Closed(TokenHash),
}

/// Passes words to everybody who listens.
#[derive(Debug)]
pub struct Hub {
    words: broadcast::Sender<Arc<Word>>,
    stopping: watch::Sender<bool>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            words: broadcast::Sender::new(WORDS_KEPT),
            stopping: watch::Sender::new(false),
        }
    }
}

impl Hub {
    /// Tells everybody who listens; nobody may.
    pub fn say(&self, word: Word) {
        // No listener is no failure.
        let _ = self.words.send(Arc::new(word));
    }

    /// Hears every word from now on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Word>> {
        self.words.subscribe()
    }

    /// Ends every stream, so that the server can stop.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Turns true when the server stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}
