//! Answers and notices as bytes, from the worker that holds the replica to a page.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::api::{ApiError, ErrorCode, Notice, api_error};

/// To a screen: what a message begins with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FromReplica {
    /// The answer to one request. What came of it follows, and [`read`] reads it: only who asked knows its type.
    Answer {
        /// The request's id.
        id: u64,
    },
    /// Told without being asked. Nothing follows.
    Notice(Notice),
}

/// The answer to one request, whole.
pub fn answer<R: Serialize>(id: u64, result: &Result<R, ApiError>) -> Vec<u8> {
    let head = encode(&FromReplica::Answer { id });
    // Fails for no value of ours: nothing in it is a map of unknown length.
    postcard::to_extend(result, head).unwrap_or_default()
}

/// The answer to one request that was refused, whole.
pub fn refusal(id: u64, code: ErrorCode, detail: &str) -> Vec<u8> {
    answer::<()>(id, &Err(api_error(code, detail)))
}

/// Something told without being asked, whole.
pub fn notice(notice: Notice) -> Vec<u8> {
    encode(&FromReplica::Notice(notice))
}

fn encode(head: &FromReplica) -> Vec<u8> {
    // Fails for no value of ours either.
    postcard::to_stdvec(head).unwrap_or_default()
}

/// Tells what a message is, and what follows; `None` for the message of another version of the app.
pub fn open(message: &[u8]) -> Option<(FromReplica, &[u8])> {
    postcard::take_from_bytes(message).ok()
}

/// What came of a request, from what follows [`FromReplica::Answer`]; `None` in the words of another version of the app.
pub fn read<R: DeserializeOwned>(answer: &[u8]) -> Option<Result<R, ApiError>> {
    postcard::from_bytes(answer).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_the_type_that_was_asked_for() {
        let named: Result<Option<String>, ApiError> = Ok(Some("en".to_owned()));
        let message = answer(300, &named);
        let (head, follows) = open(&message).unwrap();
        assert_eq!(head, FromReplica::Answer { id: 300 });
        assert_eq!(read(follows), Some(named));
    }

    #[test]
    fn who_only_wants_to_know_whether_it_is_done_need_not_read_the_reply() {
        let refused = ApiError {
            code: ErrorCode::StorageFull,
            detail: String::new(),
            field: None,
        };
        for (result, done) in [(Ok(vec![1_u8, 2]), Ok(())), (Err(refused.clone()), Err(refused))] {
            let message = answer(1, &result);
            let (_, follows) = open(&message).unwrap();
            assert_eq!(read::<()>(follows), Some(done));
        }
    }
}
