//! The messages between device and server (D4, D11).

pub mod gaps;
pub mod peer;
pub mod receipt;
pub mod set_aside;
pub mod v1;
pub mod verify;

/// The most extensions of a message; each has a number, and there are a handful.
const EXTENSIONS_MAX: usize = 64;
/// The most areas that a message names: assigned ones and pages of them.
const AREAS_MAX: usize = 2_000;
/// The most areas, and the most workers, of a directory: a district with all its grids.
const NAMES_MAX: usize = 50_000;

/// Names every message once: what is read from outside is one of these, and the test of bounds goes through all.
macro_rules! for_each_message {
    ($with:ident) => {
        $with! {
            crate::protocol::v1::SyncRequest,
            crate::protocol::v1::SyncReply,
            crate::protocol::v1::AreaPage,
            crate::protocol::peer::Bundle,
            crate::protocol::receipt::SignedReceipt,
            crate::protocol::set_aside::Seqs,
            crate::protocol::verify::Verification,
            crate::protocol::verify::Verified,
            crate::change::encode::Rest,
        }
    };
}

macro_rules! are_messages {
    ($($message:ty),+ $(,)?) => {
        $(impl crate::bounded::Message for $message {})+
    };
}

for_each_message!(are_messages);

/// What an extension holds, when a message has it, and it is a message and nothing else.
fn extension<T: crate::bounded::Message>(extensions: &[(u16, Vec<u8>)], number: u16) -> Option<T> {
    let (_, bytes) = extensions.iter().find(|(found, _)| *found == number)?;
    crate::bounded::read(bytes)
}

#[cfg(test)]
#[path = "bounds_tests.rs"]
mod bounds_tests;
