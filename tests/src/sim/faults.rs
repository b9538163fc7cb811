//! What goes wrong, and how often: one probability each, written down here and in `docs/simulation.md`.

use std::collections::BTreeMap;

use super::chance::Chance;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $per_mille:literal, $per:literal, $row:literal;)*) => {
        /// A fault that the simulation injects.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault {
            $($(#[$doc])* $name,)*
        }

        /// Every fault: how often in a thousand, of what, and its row in `docs/trust.md`.
        pub const FAULTS: &[(Fault, u64, &str, &str)] = &[$((Fault::$name, $per_mille, $per, $row),)*];
    };
}

faults! {
    /// The app is killed at an instruction of SQLite somewhere in a save.
    DeviceKilledInSave = 40, "save", "F1";
    /// The app is killed while it talks to the server: anywhere in keeping a reply, or between two steps.
    DeviceKilledInSync = 25, "opening", "F1";
    /// The server is killed: before, in the middle of, or after the transaction, before its reply.
    ServerKilled = 8, "request", "F2";
    /// The device's disk has room for a few pages only, until the app is closed.
    DeviceFull = 30, "opening", "F6";
    /// A row of a record that others have too is damaged on the device's disk: a value, the row itself, or one more.
    DeviceDamaged = 20, "opening", "D7";
    /// The device's clock is set an hour, three days or 400 days off, ahead or behind.
    DeviceClockWrong = 60, "opening", "F7";
    /// The server's clock jumps by up to a day, ahead or behind, or is set right.
    ServerClockJumps = 10, "step", "F8";
    /// A request arrives twice.
    Doubled = 30, "request", "F9";
    /// A request arrives up to six hours late; its device has given it up.
    Late = 15, "request", "F10";
    /// A request is cut at any byte, and arrives all the same.
    RequestCut = 15, "request", "F11";
    /// A reply is cut at any byte: half of them as a broken connection, half as if it were whole.
    ReplyCut = 15, "reply", "F11";
    /// A request never arrives.
    RequestLost = 30, "request", "F12";
    /// A reply never arrives.
    ReplyLost = 40, "reply", "F12";
    /// A captive portal answers in place of the server.
    Portal = 10, "request", "F13";
    /// One byte of a push is altered, and everything around it fits: only the hash chain can tell.
    PushAltered = 20, "request", "X8";
    /// An administrator revokes a device.
    Revoked = 6, "step", "F18";
    /// The app was updated: a later version brings the database to its schema when it opens, and half the time it is
    /// killed at that. Then the present version goes on with it.
    Updated = 15, "opening", "F20";
    /// The server was updated: another version makes tables anew, and half the time it is killed at that.
    ServerUpdated = 8, "step", "F20";
    /// The server is restored from the last backup, and has a new epoch.
    Restored = 10, "step", "F27";
    /// A device is silent for 400 days.
    Silent = 4, "step", "F29";
    /// A device is copied, with everything on it; both copies go on.
    Cloned = 5, "step", "F30";
    /// A worker is given other areas.
    Reassigned = 10, "step", "D6";
    /// The network of a device goes away or comes back.
    NetworkChanges = 120, "step", "F10";
}

/// Decides what goes wrong, from the seed; counts it.
pub(super) struct Fates {
    chance: Chance,
    healed: bool,
    struck: BTreeMap<Fault, u64>,
}

impl Fates {
    pub(super) fn new(chance: Chance) -> Self {
        Self {
            chance,
            healed: false,
            struck: BTreeMap::new(),
        }
    }

    /// Whether `fault` strikes now.
    pub(super) fn strike(&mut self, fault: Fault) -> bool {
        let per_mille = FAULTS
            .iter()
            .find(|(known, ..)| *known == fault)
            .map_or(0, |(_, per_mille, ..)| *per_mille);
        let strikes = !self.healed && self.chance.per_mille(per_mille);
        if strikes {
            *self.struck.entry(fault).or_default() += 1;
        }
        strikes
    }

    /// From now on nothing goes wrong.
    pub(super) fn heal(&mut self) {
        self.healed = true;
    }

    pub(super) fn chance(&mut self) -> &mut Chance {
        &mut self.chance
    }

    pub(super) fn struck(&self) -> &BTreeMap<Fault, u64> {
        &self.struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_stands_in_the_documents_with_its_probability() {
        let page = include_str!("../../../docs/simulation.md");
        for (fault, per_mille, per, row) in FAULTS {
            let line = format!("| {fault:?} | {row} | {per_mille} ‰ of each {per} |");
            assert!(page.contains(&line), "docs/simulation.md lacks: {line}");
        }
    }

    #[test]
    fn nothing_strikes_once_healed() {
        let mut fates = Fates::new(Chance::new(1, 1));
        assert!((0..200).any(|_| fates.strike(Fault::NetworkChanges)));
        fates.heal();
        assert!((0..200).all(|_| !fates.strike(Fault::NetworkChanges)));
    }
}
