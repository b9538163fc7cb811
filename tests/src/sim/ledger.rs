//! What was promised: every operation that a device accepted, and every one that the server ever held durably.

use std::collections::{BTreeMap, BTreeSet};

use shared::change::{AppliedOperation, Operation};
use shared::domain::RecordRef;
use shared::ids::DeviceId;
use sync_server::state::AppState;
use sync_server::storage::StorageError;

/// An operation on one physical phone: two copies of a phone may use one number for different work.
pub(super) type Name = (usize, DeviceId, u64);

/// How the server held an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// Applied; these are its contents.
    Applied(Box<Operation>),
    /// Parked.
    Parked,
}

/// The two lists, and what does not fit between them.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    accepted: BTreeMap<Name, Operation>,
    durable: BTreeMap<(DeviceId, u64), Vec<Held>>,
    /// What left the log in any life of the server, because later operations had replaced it.
    compacted: BTreeMap<(DeviceId, u64), AppliedOperation>,
}

impl Ledger {
    /// Notes operations that a phone has accepted.
    ///
    /// # Errors
    /// A sentence, when one of them was accepted with other contents before.
    pub(super) fn accept(&mut self, phone: usize, operations: Vec<Operation>) -> Result<(), String> {
        for operation in operations {
            let name = (phone, operation.device, operation.seq);
            match self.accepted.get(&name) {
                None => {
                    self.accepted.insert(name, operation);
                }
                Some(before) if *before == operation => {}
                Some(_) => {
                    return Err(format!(
                        "phone {phone} changed its own operation {}",
                        operation.seq
                    ));
                }
            }
        }
        Ok(())
    }

    /// What a copied phone takes with it.
    pub(super) fn copy(&mut self, from: usize, to: usize) {
        let copied: Vec<(Name, Operation)> = self
            .accepted
            .iter()
            .filter(|((phone, ..), _)| *phone == from)
            .map(|((_, device, seq), operation)| ((to, *device, *seq), operation.clone()))
            .collect();
        self.accepted.extend(copied);
    }

    /// Notes what the server holds of a device now. What it held once stays noted: a receipt spoke of that.
    pub(super) fn hold(&mut self, device: DeviceId, held: Vec<(u64, Held)>) {
        for (seq, held) in held {
            let noted = self.durable.entry((device, seq)).or_default();
            if !noted.contains(&held) {
                noted.push(held);
            }
        }
    }

    /// Devices of which something was parked when it was looked at last: it may be applied by now.
    pub(super) fn with_parked(&self) -> BTreeSet<DeviceId> {
        let parked = self
            .durable
            .iter()
            .filter(|(_, held)| held.last() == Some(&Held::Parked));
        parked.map(|((device, _), _)| *device).collect()
    }

    /// Notes what left the log.
    pub(super) fn compact(&mut self, left: Vec<AppliedOperation>) {
        let named = left.into_iter().map(|applied| {
            let name = (applied.operation.device, applied.operation.seq);
            (name, applied)
        });
        self.compacted.extend(named);
    }

    /// What has left the log in this life of the server: applied, and not in it.
    pub(super) async fn compacted(
        &self,
        state: &AppState,
        log: &[AppliedOperation],
    ) -> Result<Vec<AppliedOperation>, StorageError> {
        let logged: BTreeSet<(DeviceId, u64)> = log
            .iter()
            .map(|applied| (applied.operation.device, applied.operation.seq))
            .collect();
        let mut compacted = Vec::new();
        for (name, applied) in &self.compacted {
            let applied_now = state.storage.applied_of(name.0, vec![name.1]).await?;
            if !logged.contains(name) && !applied_now.is_empty() {
                compacted.push(applied.clone());
            }
        }
        Ok(compacted)
    }

    /// Whether an operation that a phone shows as uploaded was ever durable on the server, with these contents.
    pub(super) fn was_durable(&self, phone: usize, device: DeviceId, seq: u64) -> bool {
        let held = self.durable.get(&(device, seq)).into_iter().flatten();
        let ours = self.accepted.get(&(phone, device, seq));
        held.into_iter().any(|held| match held {
            // One that was receipted and let go of before anybody looked cannot be compared.
            Held::Applied(operation) => ours.is_none_or(|ours| *ours == **operation),
            Held::Parked => true,
        })
    }

    /// Everything that was accepted.
    pub(super) fn accepted(&self) -> &BTreeMap<Name, Operation> {
        &self.accepted
    }

    /// Operations that the server had applied, and that are not applied under their name now: of a life that was lost.
    pub(super) fn ghosts(&self, applied: &[AppliedOperation]) -> Vec<(DeviceId, u64, RecordRef)> {
        let now: BTreeMap<(DeviceId, u64), &Operation> = applied
            .iter()
            .map(|applied| &applied.operation)
            .map(|operation| ((operation.device, operation.seq), operation))
            .collect();
        let mut ghosts = Vec::new();
        for ((device, seq), held) in &self.durable {
            for held in held {
                if let Held::Applied(operation) = held
                    && now.get(&(*device, *seq)) != Some(&&**operation)
                {
                    ghosts.push((*device, *seq, operation.record));
                }
            }
        }
        ghosts
    }
}
