//! The last signed receipt: proof that the server had this device's operations, kept for the day on which it has
//! lost them (D8).
//!
//! The first key that a server signs with is the one that counts from then on. Natively a signature is checked
//! before it is kept; a browser keeps it unchecked, because the code for it
//! would make the app larger: `koumen-server check-receipt` checks it when it matters.

use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};
use shared::ids::EpochId;
use shared::protocol::receipt::SignedReceipt;
use shared::protocol::v1::SyncReply;

use super::StorageResult;
use super::meta::{self, Enrolment};

const SIGNED_RECEIPT: &str = "signed_receipt";
const RECEIPT_KEY: &str = "receipt_key";

/// A signed receipt as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptReceipt {
    /// The receipt.
    pub signed: SignedReceipt,
    /// Whether the signature was checked here.
    pub is_checked: bool,
}

/// Keeps the signed receipt of a reply, if it has one that is genuine as far as can be told here.
pub(super) fn keep(transaction: &Transaction<'_>, reply: &SyncReply) -> StorageResult<()> {
    let Some(enrolment) = meta::get::<Enrolment>(transaction, meta::ENROLMENT)? else {
        return Ok(());
    };
    let Some(signed) = SignedReceipt::in_reply(reply, enrolment.device) else {
        return Ok(());
    };
    let known: Option<Vec<u8>> = meta::get(transaction, RECEIPT_KEY)?;
    if known.as_ref().is_some_and(|known| *known != signed.key) {
        return Ok(());
    }
    let is_checked = match is_genuine(&signed) {
        Some(false) => return Ok(()),
        checked => checked.is_some(),
    };
    if known.is_none() {
        meta::set(transaction, RECEIPT_KEY, &signed.key)?;
    }
    meta::set(transaction, SIGNED_RECEIPT, &KeptReceipt { signed, is_checked })
}

/// The last signed receipt.
///
/// # Errors
/// A failing database or an unreadable row.
pub fn last(connection: &Connection) -> StorageResult<Option<KeptReceipt>> {
    meta::get(connection, SIGNED_RECEIPT)
}

/// The signed receipt of an earlier life of the server, to be shown to the present one.
///
/// # Errors
/// A failing database or an unreadable row.
pub fn of_earlier_life(
    connection: &Connection,
    epoch: Option<EpochId>,
) -> StorageResult<Option<SignedReceipt>> {
    let device = meta::get::<Enrolment>(connection, meta::ENROLMENT)?.map(|enrolment| enrolment.device);
    let kept = last(connection)?.map(|kept| kept.signed);
    Ok(kept.filter(|signed| {
        let statement = &signed.statement;
        epoch.is_some_and(|epoch| epoch != statement.epoch) && Some(statement.device) == device
    }))
}

/// Whether the key in it made the signature; `None` where that cannot be told.
#[cfg(not(target_arch = "wasm32"))]
fn is_genuine(signed: &SignedReceipt) -> Option<bool> {
    use ring::signature::{ED25519, UnparsedPublicKey};
    let key = UnparsedPublicKey::new(&ED25519, &signed.key);
    Some(key.verify(&signed.statement.bytes(), &signed.signature).is_ok())
}

#[cfg(target_arch = "wasm32")]
fn is_genuine(_signed: &SignedReceipt) -> Option<bool> {
    None
}
