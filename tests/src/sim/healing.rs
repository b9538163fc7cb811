//! The end of a world: nothing goes wrong any more, and everything must get done.

use replica::api::SyncPhase;

use super::world::World;

/// How long a healed world may take until everything is done, ms.
const HEALED_MS_MAX: u64 = 3_600_000;
/// How often a worker looks at a phone in trouble before working on with it.
const TROUBLES_MAX: u32 = 5;

impl World {
    /// Nothing goes wrong any more; everybody opens the app and waits until all is done.
    pub(super) fn heal(&mut self) {
        self.network.fates.borrow_mut().heal();
        self.server.down_until_ms = 0;
        self.note(|| "healed".to_owned());
        for phone in 0..self.devices.len() {
            self.device(phone).kill();
            self.device(phone).line.connected.set(true);
            self.open(phone);
        }
        let healed_ms = self.timeline.now_ms();
        let (mut quiet, mut verified) = (0, false);
        while quiet < 3 && self.faults_found.is_empty() {
            self.run_for(61_000);
            let waited_ms = self.timeline.now_ms() - healed_ms;
            let unfinished = (0..self.devices.len())
                .filter(|phone| !self.is_done(*phone))
                .count();
            quiet = if unfinished == 0 { quiet + 1 } else { 0 };
            if quiet == 1 && !verified {
                verified = true;
                self.note(|| "everybody verifies".to_owned());
                for phone in 0..self.devices.len() {
                    self.device(phone).verify_soon();
                }
            }
            if waited_ms > HEALED_MS_MAX {
                let states: Vec<_> = (0..self.devices.len())
                    .map(|phone| self.device(phone).status().map(|status| status.sync))
                    .collect();
                self.fail(format!("wedged: {states:?}"));
            }
        }
    }

    /// Helps a phone on as its worker would, and says whether everything of it is done.
    fn is_done(&mut self, phone: usize) -> bool {
        let Some(status) = self.device(phone).status() else {
            self.open(phone);
            return false;
        };
        match status.sync.phase {
            // Two phones with one identity push each other out until both have worked: the second to push gets another.
            SyncPhase::Trouble | SyncPhase::SignInAgain
                if self.device(phone).has_copy && self.device(phone).in_trouble >= TROUBLES_MAX =>
            {
                self.device(phone).in_trouble = 0;
                self.sign_in(phone);
                self.add_household(phone);
                self.take_stock(phone);
            }
            SyncPhase::Trouble | SyncPhase::ServerFull => self.device(phone).in_trouble += 1,
            SyncPhase::SignInAgain => {
                self.device(phone).in_trouble += 1;
                self.sign_in(phone);
            }
            _ if status.session.is_none() => self.sign_in(phone),
            _ => {}
        }
        status.session.is_some()
            && status.sync.phase == SyncPhase::UpToDate
            && status.sync.waiting_operations == 0
            && (status.sync.waiting_photos == 0 || status.sync.attention > 0)
    }
}
