//! One photo's way to the server, a chunk at a time: what to do next, and what an answer means. No I/O.
//!
//! ```text
//!   Begin ──► Send ──► Send ──► ... ──► whole
//!     ▲        │ any doubt: no answer, a strange one, another offset, a restart
//!     │        ▼
//!     └────── Ask   (the upload is gone: begin again)
//! ```
//!
//! What the server has acknowledged is never sent again, and of what it has not, at most one chunk.

use super::transport::{Standing, TransportError};

/// The most bytes of one request.
pub const CHUNK_BYTES: u64 = 256 * 1024;

/// What to do next for a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Begin; the server says how much it has.
    Begin,
    /// Ask where the upload stands.
    Ask {
        /// The upload.
        place: String,
    },
    /// Send the bytes `from..to`.
    Send {
        /// The upload.
        place: String,
        /// The first byte.
        from: u64,
        /// Behind the last byte.
        to: u64,
    },
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server has so much.
    Stands(Standing),
    /// The server has all of it.
    Whole,
    /// The upload is not there any more: begin again.
    Gone,
    /// The server will not take this photo; the code says why.
    Refused(String),
    /// No answer that helps: ask before anything more is sent.
    Doubt(TransportError),
}

/// What to do, given where the upload stood, in chunks of at most so many bytes. `sure` is false after a restart and
/// after any doubt.
pub fn next_step(known: Option<Standing>, sure: bool, length: u64, chunk_bytes: u64) -> Step {
    match known {
        None => Step::Begin,
        Some(Standing { place, offset }) if sure && offset < length => Step::Send {
            place,
            from: offset,
            to: offset.saturating_add(chunk_bytes).min(length),
        },
        Some(Standing { place, .. }) => Step::Ask { place },
    }
}

/// What the answer to a step means for a photo of `length` bytes.
pub fn judge(step: &Step, answer: Result<Standing, TransportError>, length: u64) -> Outcome {
    let standing = match answer {
        Ok(standing) => standing,
        Err(TransportError::Refused(code)) => return judge_refusal(code),
        Err(error) => return Outcome::Doubt(error),
    };
    let moved_on = match step {
        Step::Send { from, .. } => standing.offset > *from,
        Step::Begin | Step::Ask { .. } => true,
    };
    if standing.offset > length || !moved_on {
        // Not a word of ours; taking it would repeat a chunk for ever.
        Outcome::Doubt(TransportError::Foreign)
    } else if standing.offset == length {
        Outcome::Whole
    } else {
        Outcome::Stands(standing)
    }
}

fn judge_refusal(code: String) -> Outcome {
    match code.as_str() {
        "upload.unknown" | "upload.expired" => Outcome::Gone,
        "request.too_large" => Outcome::Refused(code),
        photo if photo.starts_with("photo.") => Outcome::Refused(code),
        // Another offset, a damaged or cut chunk: the photo is well, the way was not.
        _ => Outcome::Doubt(TransportError::Refused(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: u64 = 2 * CHUNK_BYTES + 5;

    fn at(offset: u64) -> Standing {
        Standing {
            place: "/v1/uploads/1".to_owned(),
            offset,
        }
    }

    fn send(from: u64) -> Step {
        next_step(Some(at(from)), true, LENGTH, CHUNK_BYTES)
    }

    #[test]
    fn chunks_follow_each_other_to_the_last_byte() {
        assert_eq!(next_step(None, true, LENGTH, CHUNK_BYTES), Step::Begin);
        let mut known = at(0);
        let mut sizes = Vec::new();
        while let step @ Step::Send { from, to, .. } =
            next_step(Some(known.clone()), true, LENGTH, CHUNK_BYTES)
        {
            sizes.push(to - from);
            match judge(&step, Ok(at(to)), LENGTH) {
                Outcome::Stands(standing) => known = standing,
                Outcome::Whole => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(sizes, [CHUNK_BYTES, CHUNK_BYTES, 5]);
    }

    #[test]
    fn after_any_doubt_the_offset_is_asked_for() {
        let ask = Step::Ask { place: at(0).place };
        assert_eq!(next_step(Some(at(17)), false, LENGTH, CHUNK_BYTES), ask);
        // Everything was sent once, and the answer is not known.
        assert_eq!(next_step(Some(at(LENGTH)), true, LENGTH, CHUNK_BYTES), ask);
        for error in [
            TransportError::Offline,
            TransportError::Foreign,
            TransportError::Trouble(503),
            TransportError::Unauthorised,
            TransportError::Refused("upload.offset".into()),
            TransportError::Refused("upload.checksum".into()),
            TransportError::Refused("request.cut".into()),
            TransportError::Refused("route.unknown".into()),
        ] {
            let outcome = judge(&send(0), Err(error.clone()), LENGTH);
            assert_eq!(outcome, Outcome::Doubt(error));
        }
    }

    #[test]
    fn an_offset_that_cannot_be_is_a_doubt_and_no_progress() {
        for offset in [0, CHUNK_BYTES, LENGTH + 1, u64::MAX] {
            let outcome = judge(&send(CHUNK_BYTES), Ok(at(offset)), LENGTH);
            assert_eq!(outcome, Outcome::Doubt(TransportError::Foreign), "{offset}");
        }
        assert_eq!(
            judge(&send(CHUNK_BYTES), Ok(at(CHUNK_BYTES + 1)), LENGTH),
            Outcome::Stands(at(CHUNK_BYTES + 1)),
            "a server may have taken less than was sent"
        );
    }

    #[test]
    fn what_is_there_already_needs_no_byte() {
        assert_eq!(judge(&Step::Begin, Ok(at(LENGTH)), LENGTH), Outcome::Whole);
        assert_eq!(judge(&Step::Begin, Ok(at(9)), LENGTH), Outcome::Stands(at(9)));
    }

    #[test]
    fn only_a_word_about_the_photo_gives_it_up() {
        for code in ["photo.metadata", "photo.unknown", "request.too_large"] {
            let outcome = judge(&send(0), Err(TransportError::Refused(code.into())), LENGTH);
            assert_eq!(outcome, Outcome::Refused(code.into()));
        }
        for code in ["upload.unknown", "upload.expired"] {
            let outcome = judge(&send(0), Err(TransportError::Refused(code.into())), LENGTH);
            assert_eq!(outcome, Outcome::Gone);
        }
    }
}
