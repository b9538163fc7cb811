//! What befalls a world between two openings of the app.

use shared::domain::RecordKind;
use shared::domain::worker::Role;
use shared::ids::AreaCode;

use super::faults::Fault;
use super::world::{GRIDS, Person, World};

/// Works for a unit.
const RESPONDER: &str = "wu";

impl World {
    pub(super) fn misfortunes(&mut self) {
        let Some(phone) = self.some_phone() else { return };
        if self.strike(Fault::NetworkChanges) {
            let connected = !self.device(phone).line.connected.get();
            self.device(phone).line.connected.set(connected);
            *self.device(phone).line.notices.borrow_mut() = None;
            self.note(|| format!("{phone} connected: {connected}"));
        }
        if self.strike(Fault::ServerClockJumps) {
            let jump_ms = self.chance.below(86_400_000) as i64;
            let jumps = [(0, 2), (jump_ms, 1), (-jump_ms, 1)];
            let ahead_ms = self.chance.pick_weighted(&jumps).unwrap_or(0);
            self.server.ahead_ms = ahead_ms;
            self.note(|| format!("server clock {ahead_ms}"));
        }
        let now_ms = self.timeline.now_ms();
        if self.chance.per_mille(40) {
            self.note(|| "backup".to_owned());
            self.server.back_up(&self.name, now_ms);
        }
        self.server.forget_old_backup(now_ms);
        if self.chance.per_mille(20) {
            // In earnest what is younger than half a year stays; here what is of now may go.
            let days = self.chance.pick(&[0, 1, 30, 180]).copied().unwrap_or(0);
            self.compact(now_ms.saturating_sub(days * 86_400_000));
        }
        if self.strike(Fault::ServerUpdated) {
            let killed_after = (self.chance.below(2) == 0).then(|| self.chance.between(1, 1_500));
            let updated = self.server.update(killed_after);
            self.note(|| format!("the server is updated: {updated}"));
        }
        if self.strike(Fault::Restored) {
            self.restore();
        }
        if self.strike(Fault::Reassigned) {
            self.reassign();
        }
        if self.strike(Fault::Revoked) {
            self.revoke(phone);
        }
        if self.strike(Fault::Cloned) {
            self.clone_phone(phone);
        }
    }

    /// What was applied before this instant and has been replaced leaves the server's log.
    pub(super) fn compact(&mut self, before_ms: u64) {
        let before = self.log();
        let compacted = self
            .server
            .stored(async |state| state.storage.compact(before_ms).await);
        match compacted {
            Ok(0) => {}
            Ok(count) => {
                let after = self.log();
                let left = before.into_iter().filter(|applied| !after.contains(applied));
                self.ledger.compact(left.collect());
                self.note(|| format!("compacted: {count}"));
            }
            Err(error) => self.fail(format!("cannot compact: {error}")),
        }
    }

    fn restore(&mut self) {
        let done = self.server.restore(&self.name);
        self.note(|| format!("restored: {done}"));
        if done {
            self.hang_up();
        }
    }

    fn reassign(&mut self) {
        let code = |text: &str| AreaCode::new(text).expect("a code");
        let areas = match self.chance.below(3) {
            0 => vec![code(GRIDS[0])],
            1 => vec![code(GRIDS[1])],
            _ => vec![code(GRIDS[0]), code(GRIDS[1])],
        };
        self.note(|| format!("joao works in {areas:?}"));
        self.server.assign("joao", &areas, self.timeline.now_ms());
        if let Some(person) = self.people.get_mut("joao") {
            person.areas = areas;
        }
        self.server.forget_backup();
    }

    /// An administrator makes an account for somebody who works for a unit, if the server has heard of it; later they
    /// are told to work for another one, or for none.
    pub(super) fn employ(&mut self) {
        let units: Vec<AreaCode> = self
            .records
            .iter()
            .filter(|record| record.kind == RecordKind::UNIT)
            .map(|record| AreaCode::of_unit(record.id))
            .collect();
        let Some(unit) = self.chance.pick(&units).cloned() else {
            return;
        };
        let now_ms = self.timeline.now_ms();
        let is_new = !self.people.contains_key(RESPONDER);
        if !is_new && !self.chance.per_mille(80) {
            return;
        }
        let areas = match is_new || self.chance.per_mille(700) {
            true => vec![unit],
            false => Vec::new(),
        };
        let known = match is_new {
            true => self.server.try_add_worker(RESPONDER, Role::Responder, &areas),
            false => self.server.try_assign(RESPONDER, &areas, now_ms),
        };
        self.note(|| format!("{RESPONDER} works for {areas:?}: {known}"));
        if !known {
            return;
        }
        let role = Role::Responder;
        self.people.insert(RESPONDER.to_owned(), Person { role, areas });
        if is_new {
            self.add_phone(RESPONDER);
        }
        self.server.forget_backup();
    }

    /// An administrator revokes the device of a phone.
    fn revoke(&mut self, phone: usize) {
        let session = self.device(phone).status().and_then(|status| status.session);
        let Some(device) = session.map(|session| session.device) else {
            return;
        };
        let now_ms = self.timeline.now_ms();
        let revoked = self
            .server
            .stored(async |state| state.storage.revoke_device(device, now_ms).await);
        self.note(|| format!("{phone} revoked: {revoked:?}"));
        self.server.forget_backup();
    }

    /// Everything on a phone is copied to another one.
    fn clone_phone(&mut self, phone: usize) {
        if self.devices.len() > 4 || !self.device(phone).enrolled {
            return;
        }
        let username = self.device(phone).username.clone();
        let index = self.devices.len();
        self.add_phone(&username);
        let name = format!("{}-copy-{index}", self.name);
        let disk = self.device(phone).disk.copy(&name).expect("memory has room");
        let ahead_ms = self.device(phone).platform.ahead_ms.get();
        self.device(phone).has_copy = true;
        let damaged = self.device(phone).damaged.clone();
        let copy = self.device(index);
        copy.damaged = damaged;
        copy.has_copy = true;
        copy.disk = disk;
        copy.enrolled = true;
        copy.platform.ahead_ms.set(ahead_ms);
        self.ledger.copy(phone, index);
        self.note(|| format!("{phone} is copied to {index}"));
    }
}
