//! What can be said on the command line.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use shared::domain::worker::Role;
use shared::ids::{AreaCode, DeviceId};
use uuid::Uuid;

use super::photo_place::PhotoOptions;
use crate::origins::Origin;

/// The sync server of Koumen 叩门.
#[derive(Debug, Parser)]
#[command(name = "koumen-server", version, about)]
pub(super) struct Options {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serves devices and, with --web, the app.
    Serve(ServeOptions),
    /// Reads what a community already has.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Accounts.
    #[command(subcommand)]
    User(UserCommand),
    /// Lists the units that communities and streets have entered: id, name, where. Who works for one has an account of
    /// the role responder with --unit.
    Units {
        #[command(flatten)]
        data: DataOption,
    },
    /// Enrolled devices.
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Copies the database and the photos while the server runs, and tries the copy by restoring it.
    Backup {
        /// The folder of the backup; it must not exist, or be empty.
        #[arg(value_name = "DIR")]
        to: PathBuf,
        #[command(flatten)]
        data: DataOption,
        #[command(flatten)]
        photos: PhotoOptions,
    },
    /// Makes a data folder of a backup. Devices then send by themselves what the backup lacks.
    Restore {
        /// The backup.
        #[arg(value_name = "DIR")]
        from: PathBuf,
        /// Moves a data folder that is not empty aside first.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        data: DataOption,
        #[command(flatten)]
        photos: PhotoOptions,
    },
    /// Reads a receipt from standard input, as `koumen-device show receipt` prints it: did this server sign it, and
    /// does it still hold what it signed for?
    CheckReceipt {
        #[command(flatten)]
        data: DataOption,
    },
    /// Looks for damage: the database, every device's hash chain, every record, every photo.
    Check {
        #[command(flatten)]
        data: DataOption,
        #[command(flatten)]
        photos: PhotoOptions,
    },
}

#[derive(Debug, Args)]
pub(super) struct DataOption {
    /// The folder of the database, the photos and the keys.
    #[arg(long, value_name = "DIR")]
    pub(super) data: PathBuf,
    /// The database, when it is in PostgreSQL: postgres://user:password@host/name. Better said in the environment, where
    /// other users of the machine do not see it.
    #[arg(long, value_name = "URL", env = "KOUMEN_DATABASE", hide_env_values = true)]
    pub(super) database: Option<String>,
    /// The certificate of the authority that vouches for that database's own, PEM. The connection is encrypted then; it
    /// must be for a database on another machine, unless its address says sslmode=disable.
    #[arg(
        long,
        value_name = "FILE",
        env = "KOUMEN_DATABASE_AUTHORITY",
        requires = "database"
    )]
    pub(super) database_authority: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ServeOptions {
    #[command(flatten)]
    pub(super) data: DataOption,
    #[command(flatten)]
    pub(super) photos: PhotoOptions,
    /// The folder of the app's files.
    #[arg(long, value_name = "DIR")]
    pub(super) web: Option<PathBuf>,
    /// Port for plain HTTP.
    #[arg(long, default_value_t = 8080)]
    pub(super) port: u16,
    /// Address for plain HTTP. Only this machine by default.
    #[arg(long, default_value = "127.0.0.1")]
    pub(super) host: IpAddr,
    /// Port for TLS; without it there is none.
    #[arg(long)]
    pub(super) tls_port: Option<u16>,
    /// Certificate chain, PEM. Without it the server has an authority of its own.
    #[arg(long, value_name = "FILE", requires_all = ["tls_key", "tls_port"])]
    pub(super) tls_cert: Option<PathBuf>,
    /// The certificate's key, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// Lets the whole network in by TLS. Over plain HTTP it sees only the page that explains the certificate.
    #[arg(long, requires = "tls_port")]
    pub(super) lan: bool,
    /// An address under which people open the app, like https://koumen.example; repeat for several. Needed behind a
    /// proxy. With it no page of another address may change anything, whatever the request says that it is for.
    #[arg(long = "origin", value_name = "ORIGIN")]
    pub(super) origins: Vec<Origin>,
    /// The address of a reverse proxy, as this server sees it; repeat for several. What it says in X-Forwarded-For about
    /// where a request comes from is believed, and nobody else's word.
    #[arg(long = "proxy", value_name = "ADDRESS")]
    pub(super) proxies: Vec<IpAddr>,
    /// How the log is written.
    #[arg(long, value_enum, default_value_t = LogForm::Text)]
    pub(super) log: LogForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogForm {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum ImportCommand {
    /// The table of areas: CSV with code and name of community, street, district, city, province.
    Areas {
        /// The table.
        file: PathBuf,
        #[command(flatten)]
        data: DataOption,
    },
    /// A community's register of residents. Importing it again changes nothing that is the same.
    Register(RegisterOptions),
}

#[derive(Debug, Args)]
pub(super) struct RegisterOptions {
    /// The register, XLSX.
    pub(super) file: PathBuf,
    /// The community that it belongs to.
    #[arg(long, value_name = "CODE")]
    pub(super) community: AreaCode,
    /// Prints the report as JSON.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) data: DataOption,
}

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Adds an account.
    Add {
        /// Account name.
        name: String,
        /// The name on screens.
        #[arg(long)]
        display: String,
        /// What they may do.
        #[arg(long, value_enum)]
        role: RoleName,
        /// An assigned area; repeat for several.
        #[arg(long = "area", value_name = "CODE", required_unless_present = "units", num_args = 1..)]
        areas: Vec<AreaCode>,
        /// A unit for which a responder works, by its id as `units` lists it; repeat for several.
        #[arg(long = "unit", value_name = "ID", num_args = 1.., conflicts_with = "areas")]
        units: Vec<Uuid>,
        /// Reads the password from standard input.
        #[arg(long, required = true)]
        password_stdin: bool,
        #[command(flatten)]
        data: DataOption,
    },
    /// Lists accounts.
    List {
        #[command(flatten)]
        data: DataOption,
    },
    /// Assigns exactly these areas from now on.
    Areas {
        /// Account name.
        name: String,
        /// An assigned area; repeat for several; none takes all away.
        #[arg(long = "area", value_name = "CODE", num_args = 1..)]
        areas: Vec<AreaCode>,
        /// A unit for which a responder works, by its id as `units` lists it; repeat for several.
        #[arg(long = "unit", value_name = "ID", num_args = 1.., conflicts_with = "areas")]
        units: Vec<Uuid>,
        #[command(flatten)]
        data: DataOption,
    },
    /// Removes an account. What it recorded stays, with its name. Its devices encrypt what they hold, and open it when an
    /// account of this name is added again and signs in on them.
    Remove {
        /// Account name.
        name: String,
        #[command(flatten)]
        data: DataOption,
    },
    /// Sets another password and closes the account's sessions.
    Password {
        /// Account name.
        name: String,
        /// Reads the password from standard input.
        #[arg(long, required = true)]
        password_stdin: bool,
        #[command(flatten)]
        data: DataOption,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RoleName {
    /// 网格员
    Member,
    /// 网格长
    Supervisor,
    /// 系统管理员
    Admin,
    /// 响应单位人员
    Responder,
    /// 志愿者
    Volunteer,
    /// 审计员
    Auditor,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Member => Self::Member,
            RoleName::Supervisor => Self::Supervisor,
            RoleName::Admin => Self::Administrator,
            RoleName::Responder => Self::Responder,
            RoleName::Volunteer => Self::Volunteer,
            RoleName::Auditor => Self::Auditor,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum DeviceCommand {
    /// Lists devices.
    List {
        #[command(flatten)]
        data: DataOption,
    },
    /// Ends a device, e.g. a lost phone: nothing more is taken from it, and when it next asks it encrypts all that it
    /// holds. Nothing is lost: its worker signs in on it again, and goes on.
    Revoke {
        /// Its id, as in the list.
        device: DeviceId,
        #[command(flatten)]
        data: DataOption,
    },
}
