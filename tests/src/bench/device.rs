//! The device of the benchmark: a replica in a file and the real transport, driven to the end of what it has to do.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use replica::Replica;
use replica::calls::Local;
use replica::native::{NativePlatform, open_file};
use replica::storage::records;
use replica::sync::driver::Driver;
use replica::sync::http::HttpTransport;
use replica::sync::server::Server;
use replica::sync::transport::{Credential, TransportError};
use rusqlite::Connection;
use shared::domain::schema::RecordRef;
use shared::domain::value::{FieldMap, Value};
use shared::domain::visit;
use shared::ids::AreaCode;
use shared::protocol::v1::{self, SignInRequest, SyncReply};

use super::server::{Failure, PASSWORD};
use super::usage;
use super::workload::{Draw, VisitRow, Worker};

/// The replica in a device's folder.
pub const REPLICA_FILE: &str = "replica.sqlite";

/// What one piece of work took on the device.
#[derive(Debug, Clone, Copy, Default)]
pub struct Took {
    /// Wall time.
    pub wall: Duration,
    /// Processor time of this process.
    pub cpu: Duration,
    /// Requests.
    pub requests: u64,
    /// Bytes of request bodies.
    pub sent_bytes: u64,
    /// Bytes of reply bodies.
    pub received_bytes: u64,
    /// The most memory, bytes.
    pub peak_bytes: u64,
}

impl Took {
    /// Counts another piece of work in: sums, and the higher peak.
    pub fn add(&mut self, other: &Self) {
        self.wall += other.wall;
        self.cpu += other.cpu;
        self.requests += other.requests;
        self.sent_bytes += other.sent_bytes;
        self.received_bytes += other.received_bytes;
        self.peak_bytes = self.peak_bytes.max(other.peak_bytes);
    }
}

/// A device.
pub struct BenchDevice {
    replica: Replica,
    transport: Server<HttpTransport>,
    server: String,
    area: AreaCode,
    requests: Cell<(u64, u64, u64)>,
}

impl BenchDevice {
    /// Opens the device in `folder`; signs in when it has not yet.
    ///
    /// # Errors
    /// When the file, the server or the credential fails.
    pub async fn open(folder: &Path, server: &str) -> Result<Self, Failure> {
        Self::of(Worker(0), folder, server).await
    }

    /// The same for any worker.
    ///
    /// # Errors
    /// When the file, the server or the credential fails.
    pub async fn of(worker: Worker, folder: &Path, server: &str) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder)?;
        let replica = open_file(folder.join(REPLICA_FILE))?;
        let mut device = Self {
            replica,
            transport: Server(HttpTransport::new(Rc::new(NativePlatform))),
            server: server.to_owned(),
            area: AreaCode::new(&worker.grid())?,
            requests: Cell::new((0, 0, 0)),
        };
        if device.credential().is_err() {
            let request = SignInRequest {
                username: worker.username(),
                password: PASSWORD.to_owned(),
                device: None,
                device_name: "bench".to_owned(),
            };
            let reply = device.transport.sign_in(server, &request).await?;
            device
                .replica
                .keep_sign_in(server.to_owned(), worker.username(), &reply)?;
        }
        Ok(device)
    }

    /// The same device with the driver that the app has.
    pub fn driven(self, told: impl Fn() + 'static) -> Driver<HttpTransport> {
        Driver::new(self.replica, self.transport.0, told)
    }

    fn credential(&self) -> Result<Credential, Failure> {
        let mut credential = self.replica.credential()?.ok_or("nobody is signed in")?;
        credential.server.clone_from(&self.server);
        Ok(credential)
    }

    /// Whether anything waits, or more is to be read.
    async fn round(&mut self) -> Result<bool, Failure> {
        let request = self.replica.sync_request(true)?;
        let sent = request.len() as u64;
        let reply = self.transport.sync(&self.credential()?, request).await?;
        let (requests, up, down) = self.requests.get();
        self.requests
            .set((requests + 1, up + sent, down + reply.len() as u64));
        let reply: SyncReply = v1::decode(&reply)?;
        let kept = self.replica.keep_reply(&reply)?;
        if let Some(area) = &kept.segment {
            while self.segment(area).await? {}
        }
        Ok(kept.remaining > 0 || self.replica.waiting_operations()? > 0)
    }

    /// Whether there was a segment to read.
    async fn segment(&mut self, area: &AreaCode) -> Result<bool, Failure> {
        let after = self.replica.cursor(area)?.ok_or("the area is not assigned")?;
        let answer = self.transport.segment(&self.credential()?, area, after).await;
        let (requests, up, down) = self.requests.get();
        let bytes = match answer {
            Err(TransportError::Refused(_)) => {
                self.requests.set((requests + 1, up, down));
                return Ok(false);
            }
            answer => answer?,
        };
        self.requests.set((requests + 1, up, down + bytes.len() as u64));
        self.replica.keep_segment(&v1::decode(&bytes)?)?;
        Ok(true)
    }

    /// Synchronises until everything is sent, receipted and read.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn sync(&mut self) -> Result<Took, Failure> {
        self.requests.set((0, 0, 0));
        usage::forget_peak();
        let (began, cpu) = (Instant::now(), usage::cpu());
        while self.round().await? {}
        let (requests, sent_bytes, received_bytes) = self.requests.get();
        Ok(Took {
            wall: began.elapsed(),
            cpu: usage::cpu().saturating_sub(cpu),
            requests,
            sent_bytes,
            received_bytes,
            peak_bytes: usage::peak_bytes(),
        })
    }

    /// Records the visits in one transaction.
    ///
    /// # Errors
    /// When one breaks a rule or the disk fails.
    pub fn record(&mut self, rows: &[VisitRow]) -> Result<Took, Failure> {
        let area = self.area.clone();
        usage::forget_peak();
        let (began, cpu) = (Instant::now(), usage::cpu());
        self.replica
            .record_all(rows.iter().map(|row| (area.clone(), row.record(), row.fields())))?;
        Ok(Took {
            wall: began.elapsed(),
            cpu: usage::cpu().saturating_sub(cpu),
            peak_bytes: usage::peak_bytes(),
            ..Took::default()
        })
    }

    /// Edits `fields` fields, spread over `records` of the visits that the device holds.
    ///
    /// # Errors
    /// When the device holds fewer, or the disk fails.
    pub fn edit(&mut self, seed: u64, records: u64, fields: u64) -> Result<u64, Failure> {
        let mut draw = Draw::new(seed);
        let visits = self.some_visits(records)?;
        let area = self.area.clone();
        let mut done = 0;
        let mut changes = Vec::new();
        for (number, record) in visits.iter().enumerate() {
            let share = fields / records + u64::from((number as u64) < fields % records);
            let edits = [
                (visit::OUTCOME, Value::Int(1 + i64::try_from(draw.below(5))?)),
                (visit::PURPOSE, Value::Int(1 + i64::try_from(draw.below(8))?)),
                (
                    visit::PROMISE_KEPT_ON,
                    Value::Int(20_261_101 + i64::try_from(draw.below(28))?),
                ),
            ];
            let state = records::load(&self.connection()?, *record)?.ok_or("the visit is gone")?;
            let current = state.values();
            // What is the same already would be no edit.
            let wanted: FieldMap = edits
                .into_iter()
                .filter(|(field, value)| current.get(field) != Some(value))
                .take(usize::try_from(share)?)
                .collect();
            done += wanted.len() as u64;
            changes.push((area.clone(), *record, wanted));
        }
        self.replica.record_all(changes)?;
        Ok(done)
    }

    /// Brings records to values, in one transaction.
    ///
    /// # Errors
    /// When one breaks a rule or the disk fails.
    pub fn bring(&mut self, changes: impl IntoIterator<Item = (RecordRef, FieldMap)>) -> Result<(), Failure> {
        let area = self.area.clone();
        let changes = changes.into_iter();
        self.replica
            .record_all(changes.map(|(record, fields)| (area.clone(), record, fields)))?;
        Ok(())
    }

    /// Asks what a screen asks.
    ///
    /// # Errors
    /// When the replica cannot answer.
    pub fn ask<A: Local>(&mut self, ask: A) -> Result<A::Reply, Failure> {
        Ok(self.replica.call(ask)?)
    }

    /// The first visits that the device holds.
    ///
    /// # Errors
    /// When it holds fewer.
    pub fn some_visits(&self, count: u64) -> Result<Vec<RecordRef>, Failure> {
        let connection = self.connection()?;
        let mut statement = connection.prepare("SELECT id FROM visit ORDER BY row LIMIT ?1")?;
        let ids = statement.query_map([count], |row| row.get::<_, uuid::Uuid>(0))?;
        let visits: Vec<RecordRef> = ids
            .map(|id| id.map(|id| RecordRef::new(shared::domain::RecordKind::VISIT, id)))
            .collect::<Result<_, _>>()?;
        if (visits.len() as u64) < count {
            return Err("the device holds fewer visits".into());
        }
        Ok(visits)
    }

    /// A second connection to the device's file, for reading.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn connection(&self) -> Result<Connection, Failure> {
        Ok(Connection::open(
            self.replica.path().ok_or("the replica has no file")?,
        )?)
    }

    /// How many visits the device holds.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn count(&self) -> Result<u64, Failure> {
        Ok(self
            .connection()?
            .query_row("SELECT count(*) FROM visit", [], |row| row.get(0))?)
    }
}
