//! What tabs say to each other over the channel: a short head in postcard, then a body as it came.

use serde::{Deserialize, Serialize};

/// One tab's worker, drawn at random when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct TabId(pub(crate) u64);

/// What is said. Every tab hears everything, and takes what is for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Head {
    /// A follower asks who leads, and whether they still answer.
    Hello,
    /// The leader says that it leads.
    Leading {
        /// Itself.
        leader: TabId,
        /// It is about to do something long, and will not answer meanwhile.
        busy: bool,
    },
    /// A follower relays a call of its page. Body: [`ToReplica`](crate::wire::ToReplica).
    Call {
        /// For whom: a leader that has died takes nothing, its successor is asked anew.
        leader: TabId,
        /// By whom.
        tab: TabId,
        /// The page's number for it.
        id: u64,
    },
    /// The leader is about to answer a call: from here on it may have happened.
    Taken {
        /// Whose.
        tab: TabId,
        /// Which.
        id: u64,
    },
    /// The answer to a relayed call. Body: as [`answer`](crate::wire::answer) writes it.
    Answer {
        /// Whose.
        tab: TabId,
        /// Which.
        id: u64,
    },
    /// A notice for every page. Body: as [`notice`](crate::wire::notice) writes it.
    Notice,
}

/// Head and body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Fails for no head: plain numbers into a vector that grows.
        let mut bytes = postcard::to_stdvec(&self.head).unwrap_or_default();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// `None` for the message of another version of the app.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (head, body) = postcard::take_from_bytes(bytes).ok()?;
        Some(Self {
            head,
            body: body.to_vec(),
        })
    }
}

impl From<Head> for Message {
    fn from(head: Head) -> Self {
        Self {
            head,
            body: Vec::new(),
        }
    }
}
