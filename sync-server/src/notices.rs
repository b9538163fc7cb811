//! Who is told when something changes: a word, never the change itself.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::ids::{AreaCode, DeviceId};
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use crate::storage::TokenHash;

/// Words kept for a slow listener; one that lags further is simply told that something changed.
const WORDS_KEPT: usize = 256;

/// For so long a word is kept for those who begin to listen: a device syncs first and listens then, and what is said
/// in between it would hear of at its next sync only.
const LATELY: Duration = Duration::from_secs(10);

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
    lately: Mutex<VecDeque<(Instant, Arc<Word>)>>,
    stopping: watch::Sender<bool>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            words: broadcast::Sender::new(WORDS_KEPT),
            lately: Mutex::default(),
            stopping: watch::Sender::new(false),
        }
    }
}

impl Hub {
    /// Tells everybody who listens; nobody may.
    pub fn say(&self, word: Word) {
        let word = Arc::new(word);
        {
            let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
            lately.retain(|(said, _)| said.elapsed() < LATELY);
            lately.push_back((Instant::now(), Arc::clone(&word)));
            if lately.len() > WORDS_KEPT {
                lately.pop_front();
            }
        }
        // No listener is no failure.
        let _ = self.words.send(word);
    }

    /// What was said in the last seconds, at most so many words as are kept.
    pub fn said_lately(&self) -> Vec<Arc<Word>> {
        let lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        let young = lately.iter().filter(|(said, _)| said.elapsed() < LATELY);
        young.map(|(_, word)| Arc::clone(word)).collect()
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
