//! A world from a seed: phones, people, one server, and the time in which everything happens to them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use replica::api::{self, SyncPhase};
use shared::domain::schema::RecordRef;
use shared::domain::worker::Role;
use shared::ids::{AreaCode, WorkerId};
use sync_server::testing::{TEST_PASSWORD, TEST_START_MS};
use uuid::Uuid;

use super::Outcome;
use super::chance::{Chance, SharedChance};
use super::clock::Timeline;
use super::device::Device;
use super::disk::Disk;
use super::faults::{Fates, Fault};
use super::ledger::Ledger;
use super::network::Network;
use super::server::SimServer;
use super::trace::Trace;

/// Everything in a simulated world lies in this district.
pub(super) const DISTRICT: &str = "130803";
const STREET: &str = "130803001";
const COMMUNITY: &str = "130803001001";
const NEXT_COMMUNITY: &str = "130803001002";
/// Where something is decided that reaches down: the street, its community with the grids, the next community.
pub(super) const DECIDED_FOR: [&str; 3] = [STREET, COMMUNITY, NEXT_COMMUNITY];
pub(super) const GRIDS: [&str; 2] = ["130803001001-01", "130803001001-02"];

/// A worker as the administrator wants them.
pub(super) struct Person {
    pub(super) role: Role,
    pub(super) areas: Vec<AreaCode>,
}

/// A simulated world.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) name: String,
    pub(super) timeline: Rc<Timeline>,
    pub(super) network: Rc<Network>,
    pub(super) server: SimServer,
    pub(super) devices: Vec<Device>,
    pub(super) people: BTreeMap<String, Person>,
    /// Reads the server's whole log, and does nothing else.
    pub(super) auditor: WorkerId,
    pub(super) ledger: Ledger,
    pub(super) chance: Chance,
    pub(super) records: Vec<RecordRef>,
    pub(super) serial: u64,
    pub(super) faults_found: Vec<String>,
    pub(super) trace: Trace,
    pub(super) events: u64,
    /// How often a phone was compared with the server.
    pub(super) verified: u64,
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
            auditor: WorkerId(Uuid::nil()),
            ledger: Ledger::default(),
            chance: Chance::new(seed, 2),
            records: Vec::new(),
            serial: 0,
            faults_found: Vec::new(),
            trace: Trace::new(told),
            events: 0,
            verified: 0,
        };
        world.populate();
        world
    }

    fn populate(&mut self) {
        self.server.add_areas(&[
            (DISTRICT, "双滦区"),
            (STREET, "元宝山街道"),
            (COMMUNITY, "元宝山社区"),
            (NEXT_COMMUNITY, "滦河社区"),
            (GRIDS[0], "第1网格"),
            (GRIDS[1], "第2网格"),
        ]);
        let code = |text: &str| AreaCode::new(text).expect("a code");
        self.auditor = self
            .server
            .add_worker("auditor", Role::Supervisor, &[code(DISTRICT)]);
        let somebody = |world: &mut Self, name: &str, role: Role, areas: Vec<AreaCode>| {
            world.server.add_worker(name, role, &areas);
            let person = Person { role, areas };
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
            let area = if self.chance.per_mille(400) {
                STREET
            } else {
                COMMUNITY
            };
            somebody(self, "lin", Role::Supervisor, vec![code(area)]);
        }
        if self.chance.per_mille(250) {
            // A second phone of one worker.
            self.add_phone("amina");
        }
    }

    pub(super) fn add_phone(&mut self, username: &str) {
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
            verified: self.verified,
            faults_found: std::mem::take(&mut self.faults_found),
            struck: self.network.fates.borrow().struck().clone(),
            trace: self.trace.hash(),
            lines: self.trace.into_lines(),
        }
    }

    pub(super) fn step(&mut self) {
        let gap_ms = self.gap_ms();
        if gap_ms > 180_000 {
            // Nobody leaves an app in the foreground for so long: the system ends it.
            for phone in 0..self.devices.len() {
                self.device(phone).kill();
            }
        }
        self.run_for(gap_ms);
        if self.chance.per_mille(300) {
            self.employ();
        }
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

    pub(super) fn some_phone(&mut self) -> Option<usize> {
        let phones: Vec<usize> = (0..self.devices.len()).collect();
        self.chance.pick(&phones).copied()
    }

    pub(super) fn open(&mut self, phone: usize) {
        if self.strike(Fault::DeviceClockWrong) {
            const HOUR: i64 = 3_600_000;
            let days = [3 * 24, 400 * 24].map(|hours| hours * HOUR);
            let mut wrong = vec![(0, 3), (HOUR, 1), (-HOUR, 1)];
            wrong.extend(days.iter().flat_map(|off| [(*off, 1), (-*off, 1)]));
            let ahead_ms = self.chance.pick_weighted(&wrong).unwrap_or(0);
            self.device(phone).platform.ahead_ms.set(ahead_ms);
            self.note(|| format!("{phone} clock {ahead_ms}"));
        }
        if self.strike(Fault::Updated) {
            let killed_after = (self.chance.below(2) == 0).then(|| self.chance.between(1, 1_500));
            let updated = self.device(phone).update(killed_after);
            self.note(|| format!("{phone} is updated: {}", updated.is_ok()));
        }
        if self.strike(Fault::DeviceDamaged) {
            self.damage(phone);
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

    pub(super) fn phase(&mut self, phone: usize) -> Option<SyncPhase> {
        self.device(phone).status().map(|status| status.sync.phase)
    }

    /// The worker signs in, and waits for the answer.
    pub(super) fn sign_in(&mut self, phone: usize) {
        let username = self.device(phone).username.clone();
        self.device(phone).begin(api::SignIn {
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
                let signed_in = called.is_ok();
                self.device(phone).enrolled |= signed_in;
                self.note(|| format!("{phone} signed in: {signed_in}"));
                break;
            }
        }
    }

    /// A phone; there is one of every number that is asked for.
    pub(super) fn device(&mut self, phone: usize) -> &mut Device {
        self.devices.get_mut(phone).expect("a phone of this world")
    }

    /// What the worker of a phone may do.
    pub(super) fn role_of(&mut self, phone: usize) -> Role {
        let username = self.device(phone).username.clone();
        let person = self.people.get(&username);
        person.map_or(Role::Member, |person| person.role)
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
