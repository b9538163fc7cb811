//! A world from a seed: phones, people, one server, and the time in which everything happens to them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use replica::api::{Answer, Call, SyncPhase};
use shared::domain::schema::RecordRef;
use shared::domain::worker::Role;
use shared::ids::AreaCode;
use shared::protocol::v1::{self, SyncRequest};
use sync_server::notices::Word;
use sync_server::storage::TokenHash;
use sync_server::testing::{TEST_PASSWORD, TEST_START_MS};

use super::Outcome;
use super::chance::{Chance, SharedChance};
use super::clock::{Due, Timeline};
use super::device::Device;
use super::disk::Disk;
use super::faults::{Fates, Fault};
use super::ledger::{Held, Ledger};
use super::network::{Arrival, Ask, Network};
use super::server::{DOWN_MS_MAX, SimServer};
use super::trace::Trace;

/// Everything in a simulated world lies in this district.
pub(super) const DISTRICT: &str = "130803";
const COMMUNITY: &str = "130803001001";
const GRIDS: [&str; 2] = ["130803001001-01", "130803001001-02"];
/// The most things that may happen in one world: more means that something runs in circles.
const EVENTS_MAX: u64 = 400_000;
/// How long a healed world may take until everything is done, ms.
const HEALED_MS_MAX: u64 = 3_600_000;
/// How often a worker looks at a phone in trouble before calling the administrator.
const TROUBLES_MAX: u32 = 5;

/// A worker as the administrator wants them.
pub(super) struct Person {
    pub(super) areas: Vec<AreaCode>,
}

/// A simulated world.
pub(super) struct World {
    pub(super) seed: u64,
    name: String,
    timeline: Rc<Timeline>,
    network: Rc<Network>,
    pub(super) server: SimServer,
    pub(super) devices: Vec<Device>,
    pub(super) people: BTreeMap<String, Person>,
    pub(super) ledger: Ledger,
    pub(super) chance: Chance,
    pub(super) records: Vec<RecordRef>,
    pub(super) serial: u64,
    pub(super) faults_found: Vec<String>,
    trace: Trace,
    events: u64,
    pub(super) restored: bool,
}

impl World {
    /// The world of a seed; `run` keeps two runs of one seed apart.
    pub(super) fn new(seed: u64, run: &str, told: bool) -> Self {
        let timeline = Rc::new(Timeline::at(TEST_START_MS));
        let network = Rc::new(Network {
            timeline: Rc::clone(&timeline),
            fates: RefCell::new(Fates::new(Chance::new(seed, 1))),
        });
        let name = format!("sim-{run}-{seed}");
        let server = SimServer::start(seed, &name);
        let mut world = Self {
            seed,
            name,
            timeline,
            network,
            server,
            devices: Vec::new(),
            people: BTreeMap::new(),
            ledger: Ledger::default(),
            chance: Chance::new(seed, 2),
            records: Vec::new(),
            serial: 0,
            faults_found: Vec::new(),
            trace: Trace::new(told),
            events: 0,
            restored: false,
        };
        world.populate();
        world
    }

    fn populate(&mut self) {
        self.server.add_areas(&[
            (DISTRICT, "双滦区"),
            (COMMUNITY, "元宝山社区"),
            (GRIDS[0], "第1网格"),
            (GRIDS[1], "第2网格"),
        ]);
        let code = |text: &str| AreaCode::new(text).expect("a code");
        let somebody = |world: &mut Self, name: &str, role: Role, areas: Vec<AreaCode>| {
            world.server.add_worker(name, role, &areas);
            let person = Person { areas };
            world.people.insert(name.to_owned(), person);
            world.add_phone(name);
        };
        somebody(self, "amina", Role::Member, vec![code(GRIDS[0])]);
        let joao = if self.chance.per_mille(500) {
            vec![code(GRIDS[0]), code(GRIDS[1])]
        } else {
            vec![code(GRIDS[0])]
        };
        somebody(self, "joao", Role::Member, joao);
        if self.chance.per_mille(500) {
            somebody(self, "lin", Role::Supervisor, vec![code(COMMUNITY)]);
        }
        if self.chance.per_mille(250) {
            // A second phone of one worker.
            self.add_phone("amina");
        }
    }

    fn add_phone(&mut self, username: &str) {
        let index = self.devices.len();
        let disk = Disk::new(&format!("{}-phone-{index}", self.name)).expect("memory has room");
        let page_max = if self.chance.per_mille(400) {
            u32::try_from(self.chance.between(1, 6)).unwrap_or(1)
        } else {
            0
        };
        let chance = SharedChance::new(self.seed, 100 + index as u64);
        self.devices.push(Device::new(
            index,
            username,
            disk,
            &self.network,
            chance,
            page_max,
        ));
    }

    /// Lives through the whole story, and checks what came of it.
    pub(super) fn run(mut self) -> Outcome {
        let steps = self.chance.between(25, 55);
        for _ in 0..steps {
            if !self.faults_found.is_empty() {
                break;
            }
            self.step();
        }
        if self.faults_found.is_empty() {
            self.heal();
        }
        let ended_ms = self.timeline.now_ms();
        if self.faults_found.is_empty() {
            self.check();
        }
        let device_ms = (ended_ms - TEST_START_MS) * self.devices.len() as u64;
        Outcome {
            seed: self.seed,
            operations: self.ledger.accepted().len() as u64,
            device_ms,
            faults_found: std::mem::take(&mut self.faults_found),
            struck: self.network.fates.borrow().struck().clone(),
            trace: self.trace.hash(),
            lines: self.trace.into_lines(),
        }
    }

    fn step(&mut self) {
        let gap_ms = self.gap_ms();
        if gap_ms > 180_000 {
            // Nobody leaves an app in the foreground for so long: the system ends it.
            for phone in 0..self.devices.len() {
                self.device(phone).kill();
            }
        }
        self.run_for(gap_ms);
        self.misfortunes();
        let Some(phone) = self.some_phone() else { return };
        if self.device(phone).app.is_none() {
            self.open(phone);
        }
        if !self.device(phone).enrolled || self.phase(phone) == Some(SyncPhase::SignInAgain) {
            self.sign_in(phone);
        }
        for _ in 0..self.chance.between(0, 3) {
            if self.device(phone).app.is_none() {
                self.open(phone);
            }
            if self.device(phone).enrolled {
                self.deed(phone);
            }
            let pause_ms = self.chance.between(20, 20_000);
            self.run_for(pause_ms);
        }
        if self.chance.per_mille(150) {
            self.note(|| format!("{phone} is put away"));
            self.device(phone).kill();
        }
    }

    fn gap_ms(&mut self) -> u64 {
        if self.strike(Fault::Silent) {
            return 400 * 86_400_000;
        }
        match self.chance.weighted(&[60, 22, 12, 6]) {
            0 => self.chance.between(100, 60_000),
            1 => self.chance.between(60_000, 1_800_000),
            2 => self.chance.between(3_600_000, 48 * 3_600_000),
            _ => self.chance.between(3 * 86_400_000, 30 * 86_400_000),
        }
    }

    fn some_phone(&mut self) -> Option<usize> {
        let phones: Vec<usize> = (0..self.devices.len()).collect();
        self.chance.pick(&phones).copied()
    }

    fn misfortunes(&mut self) {
        let Some(phone) = self.some_phone() else { return };
        if self.strike(Fault::NetworkChanges) {
            let connected = !self.device(phone).line.connected.get();
            self.device(phone).line.connected.set(connected);
            *self.device(phone).line.notices.borrow_mut() = None;
            self.note(|| format!("{phone} connected: {connected}"));
        }
        if self.strike(Fault::ServerClockJumps) {
            let jump_ms = self.chance.below(86_400_000) as i64;
            let drawn = self.chance.weighted(&[2, 1, 1]);
            self.server.ahead_ms = [0, jump_ms, -jump_ms].get(drawn).copied().unwrap_or(0);
            let ahead_ms = self.server.ahead_ms;
            self.note(|| format!("server clock {ahead_ms}"));
        }
        let now_ms = self.timeline.now_ms();
        if self.chance.per_mille(40) {
            self.note(|| "backup".to_owned());
            self.server.back_up(&self.name, now_ms);
        }
        self.server.forget_old_backup(now_ms);
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

    fn restore(&mut self) {
        let done = self.server.restore(&self.name);
        self.note(|| format!("restored: {done}"));
        if done {
            self.restored = true;
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

    /// An administrator revokes the device of a phone.
    pub(super) fn revoke(&mut self, phone: usize) {
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
        let copy = self.device(index);
        copy.disk = disk;
        copy.enrolled = true;
        copy.platform.ahead_ms.set(ahead_ms);
        self.ledger.copy(phone, index);
        self.note(|| format!("{phone} is copied to {index}"));
    }

    fn open(&mut self, phone: usize) {
        if self.strike(Fault::DeviceClockWrong) {
            const HOUR: i64 = 3_600_000;
            let wrong = [0, HOUR, -HOUR, 72 * HOUR, -72 * HOUR, 9_600 * HOUR, -9_600 * HOUR];
            let drawn = self.chance.weighted(&[3, 1, 1, 1, 1, 1, 1]);
            let ahead_ms = wrong.get(drawn).copied().unwrap_or(0);
            self.device(phone).platform.ahead_ms.set(ahead_ms);
            self.note(|| format!("{phone} clock {ahead_ms}"));
        }
        let pages_more = self.strike(Fault::DeviceFull).then(|| self.chance.below(12));
        let network = Rc::clone(&self.network);
        self.device(phone).open(&network, pages_more);
        self.note(|| format!("{phone} opens, room {pages_more:?}"));
        self.take_stock(phone);
        if self.strike(Fault::DeviceKilledInSync) {
            let looks = self.chance.between(1, 20_000);
            self.device(phone).light(looks);
        }
    }

    fn phase(&mut self, phone: usize) -> Option<SyncPhase> {
        self.device(phone).status().map(|status| status.sync.phase)
    }

    /// The worker signs in, and waits for the answer.
    fn sign_in(&mut self, phone: usize) {
        let username = self.device(phone).username.clone();
        self.device(phone).begin(Call::SignIn {
            server: String::new(),
            username,
            password: TEST_PASSWORD.to_owned(),
            device_name: format!("phone {phone}"),
        });
        for _ in 0..50 {
            self.run_for(1_000);
            let Some(app) = &mut self.device(phone).app else {
                break;
            };
            if let Some(called) = app.called.take() {
                let signed_in = matches!(called, Ok(Answer::Status(_)));
                self.device(phone).enrolled |= signed_in;
                self.note(|| format!("{phone} signed in: {signed_in}"));
                break;
            }
        }
    }

    /// Lets time pass, and everything happen in it.
    pub(super) fn run_for(&mut self, ms: u64) {
        let until_ms = self.timeline.now_ms() + ms;
        loop {
            self.poll();
            if self.events > EVENTS_MAX {
                self.fail("the world does not come to rest".to_owned());
                return;
            }
            match self.timeline.next(until_ms) {
                None => return self.poll(),
                Some(due) => {
                    self.events += 1;
                    match due {
                        // A sleeper may be gone.
                        Due::Ring(ring) => drop(ring.send(())),
                        Due::Deliver(deliver) => deliver(),
                        Due::Arrive(arrival) => self.arrive(*arrival),
                    }
                }
            }
        }
    }

    fn poll(&mut self) {
        loop {
            let mut polled = false;
            for phone in 0..self.devices.len() {
                if self.device(phone).poll() {
                    polled = true;
                    let answered = self.device(phone).line.answered.get();
                    if answered != self.device(phone).looked_at {
                        self.device(phone).looked_at = answered;
                        self.take_stock(phone);
                    }
                }
            }
            if !polled {
                return;
            }
        }
    }

    fn arrive(&mut self, arrival: Arrival) {
        let now_ms = self.timeline.now_ms();
        let Arrival { device, ask, waiting } = arrival;
        let died = self.strike(Fault::ServerKilled).then(|| self.chance.below(3));
        let told = match died {
            _ if now_ms < self.server.down_until_ms => None,
            Some(0) => None,
            Some(1) => {
                self.server.dying(|server| server.answer(&ask, now_ms));
                None
            }
            Some(_) => {
                self.server.answer(&ask, now_ms);
                None
            }
            None => Some(self.server.answer(&ask, now_ms)),
        };
        let status = told.as_ref().map(|told| told.status);
        let code = told.as_ref().filter(|told| told.status >= 400);
        let code = code.map(|told| String::from_utf8_lossy(&told.body).into_owned());
        self.note(|| format!("{device} {} {status:?} {}", ask.path, code.unwrap_or_default()));
        self.trace.bytes(&ask.body);
        self.trace.bytes(told.as_ref().map_or(&[], |told| &told.body));
        self.watch_server(&ask);
        self.pass_notices(device);
        if died.is_some() {
            self.note(|| format!("server died {died:?}"));
            self.server.restart();
            self.server.down_until_ms = now_ms + self.chance.between(1_000, DOWN_MS_MAX);
            self.hang_up();
        }
        if let Some(waiting) = waiting {
            self.network.answer(waiting, told);
        }
    }

    /// Every stream of notices ends.
    fn hang_up(&mut self) {
        for device in &self.devices {
            *device.line.notices.borrow_mut() = None;
        }
    }

    fn pass_notices(&mut self, from: usize) {
        let changed = |word: &std::sync::Arc<Word>| matches!(**word, Word::Changed { .. });
        if !self.server.words().iter().any(changed) {
            return;
        }
        for device in self.devices.iter().filter(|device| device.index != from) {
            if let Some(notices) = device.line.notices.borrow().clone() {
                let after_ms = self.chance.between(10, 2_000);
                let deliver = move || {
                    // The stream may have ended.
                    let _ = notices.unbounded_send(());
                };
                self.timeline.schedule(after_ms, Due::Deliver(Box::new(deliver)));
            }
        }
    }

    /// Notes what the server holds after a push.
    fn watch_server(&mut self, ask: &Ask) {
        let Ok(SyncRequest { push: Some(_), .. }) = v1::decode(&ask.body) else {
            return;
        };
        let token: Option<shared::ids::PhotoHash> = ask.token.as_ref().and_then(|token| token.parse().ok());
        let Some(token) = token.map(|bytes| TokenHash::of(&bytes.0)) else {
            return;
        };
        let district = AreaCode::new(DISTRICT).expect("a code");
        let held = self.server.stored(async |state| {
            let session = state.storage.session(token).await.ok()??;
            let device = session.credential.device;
            let applied = state.storage.operations_of(device, &district).await.ok()?;
            let parked = state.storage.parked_of(device, 1, 1_000).await.ok()?;
            Some((device, applied, parked))
        });
        let Some((device, applied, parked)) = held else {
            return;
        };
        let applied = applied.into_iter().map(|applied| {
            let seq = applied.operation.seq;
            (seq, Held::Applied(Box::new(applied.operation)))
        });
        let parked = parked.into_iter().map(|parked| (parked.seq, Held::Parked));
        self.ledger.hold(device, applied.chain(parked).collect());
    }

    /// Nothing goes wrong any more; everybody opens the app and waits until all is done.
    fn heal(&mut self) {
        self.network.fates.borrow_mut().heal();
        self.server.down_until_ms = 0;
        self.note(|| "healed".to_owned());
        for phone in 0..self.devices.len() {
            self.device(phone).kill();
            self.device(phone).line.connected.set(true);
            self.open(phone);
        }
        let healed_ms = self.timeline.now_ms();
        let mut quiet = 0;
        while quiet < 3 && self.faults_found.is_empty() {
            self.run_for(61_000);
            let waited_ms = self.timeline.now_ms() - healed_ms;
            let unfinished = (0..self.devices.len())
                .filter(|phone| !self.is_done(*phone))
                .count();
            quiet = if unfinished == 0 { quiet + 1 } else { 0 };
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
            _ if status.session.is_none() => self.sign_in(phone),
            SyncPhase::SignInAgain => self.sign_in(phone),
            // Two phones with one identity: an administrator revokes it, and both workers sign in again.
            SyncPhase::Trouble if self.device(phone).in_trouble >= TROUBLES_MAX => {
                self.device(phone).in_trouble = 0;
                self.revoke(phone);
            }
            SyncPhase::Trouble => self.device(phone).in_trouble += 1,
            _ => self.device(phone).in_trouble = 0,
        }
        status.session.is_some()
            && status.sync.phase == SyncPhase::UpToDate
            && status.sync.waiting_operations == 0
            && (status.sync.waiting_photos == 0 || status.sync.attention > 0)
    }

    /// A phone; there is one of every number that is asked for.
    pub(super) fn device(&mut self, phone: usize) -> &mut Device {
        self.devices.get_mut(phone).expect("a phone of this world")
    }

    /// The grids in which the worker of a phone may record now.
    pub(super) fn grids_of(&mut self, phone: usize) -> Vec<AreaCode> {
        let username = self.device(phone).username.clone();
        let areas = self.people.get(&username).map(|person| person.areas.clone());
        let within = |grid: &AreaCode| areas.iter().flatten().any(|area| grid.is_within(area));
        GRIDS
            .iter()
            .filter_map(|grid| AreaCode::new(grid).ok())
            .filter(within)
            .collect()
    }

    pub(super) fn remember(&mut self, record: RecordRef) {
        if !self.records.contains(&record) {
            self.records.push(record);
        }
    }

    pub(super) fn strike(&mut self, fault: Fault) -> bool {
        self.network.fates.borrow_mut().strike(fault)
    }

    pub(super) fn note(&mut self, line: impl FnOnce() -> String) {
        self.trace.note(self.timeline.now_ms() - TEST_START_MS, line);
    }

    pub(super) fn fail(&mut self, sentence: String) {
        self.note(|| format!("FAILED: {sentence}"));
        self.faults_found.push(sentence);
    }
}
