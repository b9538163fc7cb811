//! What stands in tables that were made just now.

use shared::change::hash::CHAIN_START;
use shared::domain::worker::Role;

use super::columns;
use super::tx::Tx;
use super::value::values;
use crate::chance::Chance;
use crate::receipt_key::SEED_BYTES;
use crate::storage::StorageResult;

/// The name under which imported registers appear in logs.
const IMPORTER_NAME: &str = "名册导入";

/// A life, and the built-in worker and device that write imported registers.
pub(in crate::storage) fn first_rows(tx: Tx<'_>, chance: &dyn Chance) -> StorageResult<()> {
    let (epoch, worker, device) = (chance.uuid(), chance.uuid(), chance.uuid());
    tx.execute(
        "INSERT INTO meta (one, epoch, import_worker, import_device) VALUES (1, ?1, ?2, ?3)",
        values![epoch.as_bytes(), worker.as_bytes(), device.as_bytes()],
    )?;
    // Without a password nobody signs in as the importer; its empty name belongs to nobody else.
    tx.execute(
        "INSERT INTO worker (id, username, name, role) VALUES (?1, '', ?2, ?3)",
        values![
            worker.as_bytes(),
            IMPORTER_NAME,
            columns::int(Role::Administrator.number())
        ],
    )?;
    tx.execute(
        "INSERT INTO device (id, worker, name, enrolled_at, chain) VALUES (?1, ?2, ?3, 0, ?4)",
        values![device.as_bytes(), worker.as_bytes(), IMPORTER_NAME, CHAIN_START.0],
    )?;
    Ok(())
}

/// The key for receipts.
pub(in crate::storage) fn first_receipt_key(tx: Tx<'_>, chance: &dyn Chance) -> StorageResult<()> {
    let mut seed = [0; SEED_BYTES];
    chance.fill(&mut seed);
    tx.execute(
        "INSERT INTO receipt_key (one, seed) VALUES (1, ?1)",
        values![seed],
    )?;
    Ok(())
}
