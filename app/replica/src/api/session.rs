//! Who is signed in, and how the sync stands.

use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::domain::area::Area;
use shared::domain::worker::Role;
use shared::ids::{DeviceId, WorkerId};

use super::Ask;

/// Who is signed in, and how the sync stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurrentStatus;

impl Ask for CurrentStatus {
    type Reply = Status;
}

/// Enrols this device for a worker; needs a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignIn {
    /// Origin of the server, e.g. `https://koumen.example`; empty in a browser: where the app came from.
    pub server: String,
    /// Account name.
    pub username: String,
    /// Password. Never stored.
    pub password: String,
    /// How the device is called in lists, e.g. `Chrome, Android`.
    pub device_name: String,
}

impl Ask for SignIn {
    type Reply = Status;
}

/// Signs out and removes the replica; refused with [`ErrorCode::UnsentWork`](super::ErrorCode::UnsentWork) while work waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignOut;

impl Ask for SignOut {
    type Reply = ();
}

/// Wakes the sync engine: the worker asked, or the network came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncNow;

impl Ask for SyncNow {
    type Reply = ();
}

/// Who is signed in and how the sync stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Nobody when `None`.
    pub session: Option<Session>,
    /// How the sync stands.
    pub sync: SyncState,
    /// What lies sealed on this device, until its worker signs in again.
    pub sealed: Option<Sealed>,
}

/// The enrolment of this device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// The worker.
    pub worker: WorkerId,
    /// The worker's name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The areas assigned to them.
    pub areas: Vec<Area>,
    /// This device.
    pub device: DeviceId,
}

/// A revoked device: everything of its worker is encrypted, and comes back as it was when they sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The account name.
    pub username: String,
    /// The worker's name.
    pub name: String,
    /// Operations that were not uploaded.
    pub operations: u64,
    /// Photos that were not uploaded.
    pub photos: u64,
    /// Half-filled forms.
    pub drafts: u64,
}

/// How the sync stands, for the chip that tells it in one look.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SyncState {
    /// What the engine does.
    pub phase: SyncPhase,
    /// Own operations that the server has not receipted.
    pub waiting_operations: u64,
    /// Photos whose bytes are not on the server.
    pub waiting_photos: u64,
    /// Operations set aside, and photos refused, that need the worker's attention.
    pub attention: u64,
    /// Operations of a running pull: done and total.
    pub pull_done: u64,
    /// See `pull_done`.
    pub pull_total: u64,
    /// When a sync last succeeded, ms; 0 for never.
    pub last_success_at: TimestampMs,
    /// Device clock minus server clock in ms, when it is more than 5 minutes off; else 0.
    pub clock_ahead_ms: i64,
    /// Whether the device has room.
    pub room: RoomState,
}

/// What the sync engine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SyncPhase {
    /// Nobody is signed in, or nothing was tried yet.
    #[default]
    Idle,
    /// Talking to the server.
    Working,
    /// Everything is up to date.
    UpToDate,
    /// No connection. Normal.
    Offline,
    /// The server answers, but not as it should; tried again by itself.
    Trouble,
    /// The session was closed or the device revoked: sign in again, work is kept.
    SignInAgain,
    /// The app must be updated.
    UpdateNeeded,
    /// The server has no room for what was recorded; it is kept here and tried again by itself. What others recorded comes.
    ServerFull,
}

/// Whether the device has room for what is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RoomState {
    /// Yes, or nobody says.
    #[default]
    Enough,
    /// More than 80 % is used.
    Tight,
    /// What is left is kept for own work: nothing new is received.
    Full,
}
