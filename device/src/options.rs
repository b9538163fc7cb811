//! What can be said on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use shared::domain::Need;
use shared::domain::issue::Category;
use shared::domain::visit::{Outcome, Purpose};
use shared::ids::{AreaCode, DraftId, HouseholdId, PhotoHash};

/// A device of Koumen 叩门 without a screen.
#[derive(Debug, Parser)]
#[command(name = "koumen-device", version, about)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Signs a worker in and makes this folder their device. Prints who and which device.
    Enrol(EnrolOptions),
    /// Records a new household. Prints its id.
    Household(HouseholdOptions),
    /// Records a visit, with photos if there are any. Prints its id.
    Visit(VisitOptions),
    /// Reports an issue, with photos if there are any. Prints its id.
    Issue(IssueOptions),
    /// Writes a photo's bytes into a file, from this device or else from the server.
    Photo(PhotoOptions),
    /// Sends what waits and reads what is new, until nothing is left to do. Prints how it stands.
    Sync(SyncOptions),
    /// Compares what this device holds with the server, and takes anew what differs. Prints what came of it.
    Verify(VerifyOptions),
    /// Exchanges what was recorded with another device on this machine, without a server. Prints what came of it.
    Meet(MeetOptions),
    /// Prints what this device holds.
    Show(ShowOptions),
}

/// Which device.
#[derive(Debug, Args)]
pub struct DataOption {
    /// The folder of the device.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// Whom to trust over TLS.
#[derive(Debug, Args)]
pub struct ServerTrust {
    /// The root certificate of a server that has an authority of its own, PEM.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// `enrol`
#[derive(Debug, Args)]
pub struct EnrolOptions {
    /// Device.
    #[command(flatten)]
    pub data: DataOption,
    /// Origin of the server, e.g. `https://koumen.example`
    #[arg(long)]
    pub server: String,
    /// Account name.
    #[arg(long)]
    pub user: String,
    /// How the device is called in lists.
    #[arg(long, default_value = "koumen-device")]
    pub name: String,
    /// Reads the password from standard input.
    #[arg(long, required = true)]
    pub password_stdin: bool,
    /// Trust.
    #[command(flatten)]
    pub trust: ServerTrust,
}

/// `household`
#[derive(Debug, Args)]
pub struct HouseholdOptions {
    /// Device.
    #[command(flatten)]
    pub data: DataOption,
    /// The grid.
    #[arg(long, value_name = "CODE")]
    pub area: AreaCode,
    /// The door number, in any spelling.
    #[arg(long)]
    pub door: String,
    /// Note.
    #[arg(long, default_value = "")]
    pub note: String,
}

/// Which household.
#[derive(Debug, Args)]
pub struct DoorOptions {
    /// The household's id.
    #[arg(long, value_name = "ID", conflicts_with = "door")]
    pub household: Option<HouseholdId>,
    /// The household behind this door, in any spelling.
    #[arg(long)]
    pub door: Option<String>,
    /// The grid; needed when a door number occurs in several.
    #[arg(long, value_name = "CODE")]
    pub area: Option<AreaCode>,
}

/// What visits and issues share.
#[derive(Debug, Args)]
pub struct RecordOptions {
    /// A photo, JPEG or PNG; repeat for several.
    #[arg(long = "photo", value_name = "FILE")]
    pub photos: Vec<PathBuf>,
    /// The record's id; recording the same id again changes nothing.
    #[arg(long, conflicts_with = "repeat")]
    pub id: Option<DraftId>,
    /// Records this many, numbered in their notes; one line each.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub repeat: u32,
}

/// `visit`
#[derive(Debug, Args)]
pub struct VisitOptions {
    /// Device.
    #[command(flatten)]
    pub data: DataOption,
    /// Where.
    #[command(flatten)]
    pub door: DoorOptions,
    /// How it went: met, not_at_home, declined, moved, postponed.
    #[arg(long, value_parser = outcome)]
    pub outcome: Outcome,
    /// Why: routine, care, issue_follow_up, festival ...
    #[arg(long, value_parser = purpose, default_value = "routine")]
    pub purpose: Purpose,
    /// Note.
    #[arg(long, default_value = "")]
    pub note: String,
    /// A need that was found; repeat for several.
    #[arg(long = "need", value_parser = need)]
    pub needs: Vec<Need>,
    /// What was promised.
    #[arg(long, default_value = "")]
    pub promise: String,
    /// Photos and the like.
    #[command(flatten)]
    pub record: RecordOptions,
}

/// `issue`
#[derive(Debug, Args)]
pub struct IssueOptions {
    /// Device.
    #[command(flatten)]
    pub data: DataOption,
    /// Where.
    #[command(flatten)]
    pub door: DoorOptions,
    /// What it is about: safety, environment, hygiene, property_management, facilities, dispute, service_need, other.
    #[arg(long, value_parser = category)]
    pub category: Category,
    /// Title.
    #[arg(long)]
    pub title: String,
    /// Note.
    #[arg(long, default_value = "")]
    pub note: String,
    /// The place in words.
    #[arg(long, default_value = "")]
    pub place: String,
    /// Put right at once.
    #[arg(long)]
    pub handled_on_the_spot: bool,
    /// Photos and the like.
    #[command(flatten)]
    pub record: RecordOptions,
}

/// `photo`
#[derive(Debug, Args)]
pub struct PhotoOptions {
    /// The photo's name: 64 hexadecimal digits.
    pub hash: PhotoHash,
    /// Where to write it.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Device.
    #[command(flatten)]
    pub data: DataOption,
    /// Trust.
    #[command(flatten)]
    pub trust: ServerTrust,
}

/// `sync`
#[derive(Debug, Args)]
pub struct SyncOptions {
    /// Device.
    #[command(flatten)]
    pub data: DataOption,
    /// Goes on trying for so long when there is no connection.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub wait_s: u64,
    /// Trust.
    #[command(flatten)]
    pub trust: ServerTrust,
}

/// `verify`
#[derive(Debug, Args)]
pub struct VerifyOptions {
    /// Device.
    #[command(flatten)]
    pub data: DataOption,
    /// Trust.
    #[command(flatten)]
    pub trust: ServerTrust,
}

/// `meet`
#[derive(Debug, Args)]
pub struct MeetOptions {
    /// Device.
    #[command(flatten)]
    pub data: DataOption,
    /// Waits for the other device here, e.g. 127.0.0.1:7000
    #[arg(long, value_name = "ADDRESS", conflicts_with = "with")]
    pub listen: Option<SocketAddr>,
    /// Where the other device waits.
    #[arg(long, value_name = "ADDRESS")]
    pub with: Option<SocketAddr>,
    /// Waits for the other device for so long.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub wait_s: u64,
}

/// `show`
#[derive(Debug, Args)]
pub struct ShowOptions {
    /// What.
    #[arg(value_enum, default_value_t = What::Status)]
    pub what: What,
    /// Device.
    #[command(flatten)]
    pub data: DataOption,
}

/// What can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Who is signed in, and how the sync stands.
    Status,
    /// The areas on this device.
    Areas,
    /// Households with their people, one a line.
    Households,
    /// Visits, latest first, one a line.
    Visits,
    /// Issues, latest first, one a line.
    Issues,
    /// Own operations that wait, one a line.
    Waiting,
    /// Own operations that the server set aside, one a line.
    Attention,
    /// Open conflicts, one a line.
    Conflicts,
    /// The last signed receipt: proof of what the server had. `koumen-server check-receipt` reads it.
    Receipt,
}

fn of_code<T>(found: Option<T>, codes: impl Iterator<Item = &'static str>) -> Result<T, String> {
    found.ok_or_else(|| format!("one of: {}", codes.collect::<Vec<_>>().join(", ")))
}

fn outcome(code: &str) -> Result<Outcome, String> {
    of_code(
        Outcome::from_code(code),
        Outcome::ALL.iter().map(|one| one.code()),
    )
}

fn purpose(code: &str) -> Result<Purpose, String> {
    of_code(
        Purpose::from_code(code),
        Purpose::ALL.iter().map(|one| one.code()),
    )
}

fn need(code: &str) -> Result<Need, String> {
    of_code(Need::from_code(code), Need::ALL.iter().map(|one| one.code()))
}

fn category(code: &str) -> Result<Category, String> {
    of_code(
        Category::from_code(code),
        Category::ALL.iter().map(|one| one.code()),
    )
}
