//! Who is told when something changes: a word, never the change itself. Several processes may work on one storage; each
//! says to the others what was said in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::ids::{AreaCode, DeviceId};
use tokio::sync::{broadcast, oneshot, watch};
use tokio::time::Instant;
use uuid::Uuid;

use crate::storage::TokenHash;

/// Words kept for a slow listener; one that lags further is simply told that something changed.
const WORDS_KEPT: usize = 256;

/// For so long a word is kept for those who begin to listen: a device syncs first and listens then, and what is said
/// in between it would hear of at its next sync only.
const LATELY: Duration = Duration::from_secs(10);

/// What listeners hear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// Operations were applied in these areas, from this device.
    Changed {
        /// Exactly these areas.
        areas: BTreeSet<AreaCode>,
        /// Whose operations.
        device: DeviceId,
    },
    /// What this device had sent was taken up, wherever that lies.
    TakenUp(DeviceId),
    /// A session was closed.
    Closed(TokenHash),
    /// Something may have changed anywhere.
    Anything,
}

/// A word on its way to other processes.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    /// The process in which it was said.
    by: Uuid,
    word: Word,
}

/// About the longest text that goes to other processes; databases take no longer ones.
const TOLD_BYTES_MAX: usize = 7_000;

/// Passes words to everybody who listens.
#[derive(Debug)]
pub struct Hub {
    words: broadcast::Sender<Arc<Word>>,
    /// Those that were said in this process.
    said_here: broadcast::Sender<Arc<Word>>,
    /// This process.
    by: Uuid,
    lately: Mutex<VecDeque<(Instant, Arc<Word>)>>,
    stopping: watch::Sender<bool>,
}

impl Hub {
    /// The hub of a process, which has an id of its own.
    pub fn new(by: Uuid) -> Self {
        Self {
            words: broadcast::Sender::new(WORDS_KEPT),
            said_here: broadcast::Sender::new(WORDS_KEPT),
            by,
            lately: Mutex::default(),
            stopping: watch::Sender::new(false),
        }
    }

    /// Tells everybody who listens, in other processes too; nobody may.
    pub fn say(&self, word: Word) {
        let word = Arc::new(word);
        // Nobody waits for it where there is no other process.
        let _ = self.said_here.send(Arc::clone(&word));
        self.pass_on(word);
    }

    /// Tells everybody who listens in this process what a process told: another one, or this one itself.
    pub fn hear(&self, told: &str) {
        match serde_json::from_str(told) {
            Ok(Told { by, .. }) if by == self.by => {}
            Ok(Told { word, .. }) => self.pass_on(Arc::new(word)),
            // A later version's.
            Err(_) => self.hear_anything(),
        }
    }

    /// Tells everybody who listens in this process that something may have been missed.
    pub fn hear_anything(&self) {
        self.pass_on(Arc::new(Word::Anything));
    }

    /// The words for other processes, from now on.
    pub fn for_others(&self) -> WordsForOthers {
        WordsForOthers {
            words: self.said_here.subscribe(),
            by: self.by,
        }
    }

    fn pass_on(&self, word: Arc<Word>) {
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

/// What is said in this process, as other processes [hear](Hub::hear) it.
#[derive(Debug)]
pub struct WordsForOthers {
    words: broadcast::Receiver<Arc<Word>>,
    by: Uuid,
}

impl WordsForOthers {
    /// The next word; `None` when the hub is gone.
    pub async fn next(&mut self) -> Option<String> {
        let word = match self.words.recv().await {
            Ok(word) => Arc::unwrap_or_clone(word),
            Err(broadcast::error::RecvError::Lagged(_)) => Word::Anything,
            Err(broadcast::error::RecvError::Closed) => return None,
        };
        let told = |word| serde_json::to_string(&Told { by: self.by, word }).ok();
        match told(word) {
            Some(short) if short.len() <= TOLD_BYTES_MAX => Some(short),
            _ => told(Word::Anything),
        }
    }
}

/// The open streams of each device.
#[derive(Debug, Default)]
pub struct DeviceStreams(Mutex<OpenStreams>);

#[derive(Debug, Default)]
struct OpenStreams {
    opened: u64,
    /// Who drops a sender ends the stream.
    of: BTreeMap<DeviceId, VecDeque<(u64, oneshot::Sender<()>)>>,
}

/// The place of one stream among its device's.
#[derive(Debug)]
pub struct StreamPlace {
    streams: Arc<DeviceStreams>,
    device: DeviceId,
    number: u64,
    ended: oneshot::Receiver<()>,
}

impl DeviceStreams {
    /// Gives a stream a place among the `most` of its device; the oldest ends when there is none.
    pub fn open(self: &Arc<Self>, device: DeviceId, most: usize) -> StreamPlace {
        let (end, ended) = oneshot::channel();
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.opened += 1;
        let number = open.opened;
        let own = open.of.entry(device).or_default();
        while own.len() >= most.max(1) {
            own.pop_front();
        }
        own.push_back((number, end));
        drop(open);
        StreamPlace {
            streams: Arc::clone(self),
            device,
            number,
            ended,
        }
    }
}

impl StreamPlace {
    /// Returns when the place was given to a newer stream.
    pub async fn taken(&mut self) {
        // The sender says nothing: it is dropped.
        let _ = (&mut self.ended).await;
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.of.get_mut(&self.device) {
            own.retain(|(number, _)| *number != self.number);
            if own.is_empty() {
                open.of.remove(&self.device);
            }
        }
    }
}
