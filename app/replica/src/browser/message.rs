//! What tabs say to each other over the channel: a short head in postcard and which build of the app speaks, then a body
//! as it came.

use serde::{Deserialize, Serialize};

use crate::api::ErrorCode;
use crate::wire;

/// The tab speaks another version's language.
pub(crate) const OTHER_VERSION: &str = "storage.other_version";

/// A build of the app. What one build writes into a body may mean something else to another, so bodies are read by the
/// same build only; heads are the same in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Build(pub(crate) u64);

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
    /// A follower relays a call of its page. Body: [`ToReplica`](crate::calls::ToReplica).
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
    pub(crate) fn encode(&self, build: Build) -> Vec<u8> {
        // Fails for no head: plain numbers into a vector that grows.
        let mut bytes = postcard::to_stdvec(&(self.head, build)).unwrap_or_default();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// As this build hears it. Of what another build says only the head is taken: its call comes with an empty body, its
    /// answer becomes an error, its notice is `None`, like bytes that are no message.
    pub(crate) fn decode(bytes: &[u8], build: Build) -> Option<Self> {
        let ((head, by), body): ((Head, Build), _) = postcard::take_from_bytes(bytes).ok()?;
        let body = match head {
            _ if by == build => body.to_vec(),
            Head::Answer { id, .. } => wire::refusal(id, ErrorCode::UpdateNeeded, OTHER_VERSION),
            Head::Notice => return None,
            _ => Vec::new(),
        };
        Some(Self { head, body })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{Call, ToReplica};

    #[test]
    fn nothing_that_another_build_says_is_taken_for_something_else() {
        let (ours, theirs) = (Build(1), Build(2));
        let (leader, tab, id) = (TabId(3), TabId(4), 5);
        let call = ToReplica {
            id,
            call: Call::from(crate::api::SignOut),
        };
        let heard = |head, body: &[u8], by| {
            let body = body.to_vec();
            Message::decode(&Message { head, body }.encode(by), ours)
        };
        let asked = Head::Call { leader, tab, id };
        let body = postcard::to_stdvec(&call).unwrap();
        let of_ours = heard(asked, &body, ours).unwrap();
        assert_eq!(postcard::from_bytes::<ToReplica>(&of_ours.body), Ok(call));
        let of_theirs = heard(asked, &body, theirs).unwrap();
        assert_eq!(of_theirs, Message::from(asked));
        assert!(
            postcard::from_bytes::<ToReplica>(&of_theirs.body).is_err(),
            "it is answered as what cannot be read"
        );

        let done = wire::answer(id, &Ok(()));
        let answered = Head::Answer { tab, id };
        assert_eq!(heard(answered, &done, ours).unwrap().body, done);
        let refused = heard(answered, &done, theirs).unwrap();
        let (_, reply) = wire::open(&refused.body).unwrap();
        let reply = wire::read::<()>(reply).unwrap();
        assert_eq!(reply.unwrap_err().code, ErrorCode::UpdateNeeded);

        assert!(heard(Head::Notice, &[0], ours).is_some());
        assert_eq!(heard(Head::Notice, &[0], theirs), None);
        // Who leads is heard across builds: nobody opens a database that another has.
        let leading = Head::Leading { leader, busy: true };
        assert_eq!(heard(leading, &[], theirs), Some(leading.into()));
    }
}
