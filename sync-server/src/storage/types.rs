//! What goes into a storage and comes out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use shared::change::AppliedOperation;
use shared::clock::TimestampMs;
use shared::domain::area::Area;
use shared::domain::worker::{Role, Worker};
use shared::ids::{AreaCode, DeviceId, EpochId, PhotoHash, WorkerId};
use shared::protocol::v1::{ParkedNotice, Receipt};
use shared::protocol::verify::Verification;

use uuid::Uuid;

use crate::apply::{HeldChain, PushRefusal};

/// Who is asking, as the token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credential {
    /// The worker.
    pub worker: WorkerId,
    /// The enrolled device.
    pub device: DeviceId,
    /// What the worker may do.
    pub role: Role,
}

/// BLAKE3 of a token; the token itself is never stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// The hash of a token's bytes.
    pub fn of(token: &[u8]) -> Self {
        Self(*blake3::hash(token).as_bytes())
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub credential: Credential,
    /// The worker as colleagues see them.
    pub worker: Worker,
    /// The assigned areas, none inside another, in order.
    pub assigned: Vec<AreaCode>,
    /// The areas that are held: those assigned, then the common ones that reach down to them.
    pub scope: Vec<AreaCode>,
}

/// A session to open.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// For whom.
    pub worker: WorkerId,
    /// The device's id if it has one already. It keeps it, unless it is another worker's.
    pub device: Option<DeviceId>,
    /// The id that it gets otherwise.
    pub device_fresh: DeviceId,
    /// How it is called in lists.
    pub device_name: String,
    /// The token's hash.
    pub token: TokenHash,
    /// The device whose session asks for it, when no password was given: who revokes that one revokes this one too.
    pub parent: Option<DeviceId>,
}

/// What came of opening a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionOutcome {
    /// It is open.
    Opened(Box<OpenedSession>),
    /// The worker was removed meanwhile.
    WorkerGone,
    /// The worker is signed in on as many devices as one person may be.
    TooManyDevices,
}

impl SessionOutcome {
    /// The session, when it is open.
    pub fn opened(self) -> Option<OpenedSession> {
        match self {
            Self::Opened(opened) => Some(*opened),
            _ => None,
        }
    }
}

/// A session that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedSession {
    /// The account's name.
    pub username: String,
    /// The device.
    pub device: DeviceId,
    /// The worker.
    pub worker: Worker,
    /// The assigned areas with their names, in order of their codes.
    pub areas: Vec<Area>,
    /// The life of the database.
    pub epoch: EpochId,
    /// What is held of the device.
    pub held: HeldChain,
}

/// What came of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// Everything up to the receipt is durable.
    Taken(Taken),
    /// Nothing was written.
    Refused(PushRefusal),
}

/// A push that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// What is held of the device now.
    pub receipt: Receipt,
    /// Operations that this push applied.
    pub applied: u64,
    /// Operations of this push that are parked, now or since an earlier try.
    pub parked: Vec<ParkedNotice>,
    /// The areas in which something was applied.
    pub areas: BTreeSet<AreaCode>,
}

/// What a device asks for.
#[derive(Debug, Clone)]
pub struct PullRequest {
    /// Its worker.
    pub worker: WorkerId,
    /// Itself.
    pub device: DeviceId,
    /// Its own operations from this number on are left out: this request brought them. Earlier ones are handed
    /// out like anybody's: a device that was without an area for a while has let go of its own work there.
    pub own_from_seq: u64,
    /// The epoch that its cursors belong to.
    pub epoch: Option<EpochId>,
    /// Per assigned area the position up to which it holds everything.
    pub cursors: BTreeMap<AreaCode, u64>,
    /// At most this many operations.
    pub operations_max: u32,
    /// At most about this many bytes of operations; one operation always fits.
    pub bytes_max: usize,
}

/// Operations of all assigned areas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The areas that are held: those assigned, none inside another, in order, then the common ones that reach down to them.
    pub scope: Vec<AreaCode>,
    /// One entry per area of `scope`.
    pub areas: Vec<PulledArea>,
}

/// Operations of one assigned area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledArea {
    /// The assigned area.
    pub area: AreaCode,
    /// By position.
    pub operations: Vec<AppliedOperation>,
    /// The position after them.
    pub cursor: u64,
    /// How many are still behind it.
    pub remaining: u64,
}

/// What a device wants compared.
#[derive(Debug, Clone)]
pub struct VerifyRequest {
    /// Its worker.
    pub worker: WorkerId,
    /// The epoch that its cursors belong to.
    pub epoch: Option<EpochId>,
    /// Per assigned area the position up to which it holds everything.
    pub cursors: BTreeMap<AreaCode, u64>,
    /// Now, ms: what was lent until then is not any more.
    pub now_ms: TimestampMs,
    /// What it says of its records.
    pub verification: Verification,
    /// At most this many operations are handed out.
    pub operations_max: usize,
    /// At most this many bytes of operations.
    pub bytes_max: usize,
}

/// A unit 单位, as an administrator looks for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    /// The community or street that has entered it.
    pub decided_for: AreaCode,
    /// Its name.
    pub name: String,
    /// The id of its record.
    pub id: Uuid,
}

/// What an import of areas did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AreaChanges {
    /// New ones.
    pub added: u64,
    /// Known ones with another name.
    pub renamed: u64,
    /// Known ones.
    pub unchanged: u64,
}

/// An account to add.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The worker's id.
    pub worker: WorkerId,
    /// Account name.
    pub username: String,
    /// The name on screens.
    pub display: String,
    /// What they may do.
    pub role: Role,
    /// The assigned areas.
    pub areas: Vec<AreaCode>,
    /// The password's hash in PHC form.
    pub password: String,
}

/// What became of [`NewAccount`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddedAccount {
    /// It is there.
    Added,
    /// The name is taken.
    NameTaken,
    /// These areas do not exist.
    AreasUnknown(Vec<AreaCode>),
}

/// An account as sign-in needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The worker.
    pub worker: Worker,
    /// The password's hash in PHC form.
    pub password: String,
}

/// An account as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSummary {
    /// Account name.
    pub username: String,
    /// The worker.
    pub worker: Worker,
    /// The assigned areas, in order.
    pub areas: Vec<AreaCode>,
}

/// A device as lists show it. Deliberately without any time of use (`docs/lines.md`, line 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSummary {
    /// Its id.
    pub device: DeviceId,
    /// How it is called.
    pub name: String,
    /// The account it belongs to.
    pub username: String,
    /// How many operations the server holds of it.
    pub through_seq: u64,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// Bytes of a photo that are durable.
#[derive(Debug, Clone)]
pub struct StoredPhoto {
    /// Their name.
    pub hash: PhotoHash,
    /// How many.
    pub size_bytes: u64,
    /// For which areas they were received.
    pub areas: Vec<AreaCode>,
    /// From which device.
    pub device: DeviceId,
}

/// The built-in writer of imported registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Importer {
    /// Its worker, the same for the life of the database file.
    pub worker: WorkerId,
    /// Its device, the same for the life of the database file.
    pub device: DeviceId,
    /// What is held of it.
    pub held: HeldChain,
}

/// What [`check`](super::Storage::check) found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckReport {
    /// Operations looked at.
    pub operations: u64,
    /// Parked operations looked at.
    pub parked: u64,
    /// Devices whose chain was recomputed.
    pub devices: u64,
    /// Records whose state was read.
    pub records: u64,
    /// Sentences about damage, without personal data.
    pub faults: Vec<String>,
}

/// What became of a parked operation that a supervisor wants applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenUp {
    /// It is applied; the areas in which the log grew, none when it was applied before.
    Applied(BTreeSet<AreaCode>),
    /// Not even the supervisor may: the reason's code. It stays as it is.
    Refused(&'static str),
    /// There is none in the supervisor's areas.
    Unknown,
}

/// Which parked operation, and where a list of them goes on: behind this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParkedPlace {
    /// When it was parked, ms.
    pub parked_at: TimestampMs,
    /// Whose it is.
    pub device: DeviceId,
    /// Its number there.
    pub seq: u64,
}

impl std::fmt::Display for ParkedPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.parked_at, self.device.0.simple(), self.seq)
    }
}

impl std::str::FromStr for ParkedPlace {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, '.');
        let (parked_at, device, seq) = (parts.next(), parts.next(), parts.next());
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok()).ok_or(());
        let device = device
            .and_then(|text| uuid::Uuid::try_parse(text).ok())
            .ok_or(())?;
        Ok(Self {
            parked_at: number(parked_at)?,
            device: DeviceId(device),
            seq: number(seq)?,
        })
    }
}
