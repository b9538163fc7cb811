//! The folder of one device: its replica, and a lock so that two programs never number operations at once.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use futures::channel::mpsc;
use replica::Replica;
use replica::api::ApiError;
use replica::calls::Local;
use replica::native::{NativePlatform, open_file};
use replica::platform::Platform;
use replica::storage::receipts::KeptReceipt;
use replica::storage::verify::Verifications;
use replica::sync::driver::Driver;
use replica::sync::http::HttpTransport;
use uuid::Uuid;

use crate::failure::{Failure, Outcome};
use crate::options::{DataOption, ServerTrust};

/// A replica that only this program works in, as long as this value lives.
pub(crate) struct Home {
    replica: Replica,
    _lock: File,
}

impl Home {
    /// Opens a device's folder.
    pub(crate) fn open(data: &DataOption) -> Outcome<Self> {
        let file = replica_file(&data.data);
        if !file.is_file() {
            return Err(Failure::input(format!(
                "there is no device in {}; run `enrol` first",
                data.data.display()
            )));
        }
        Self::open_at(&data.data)
    }

    /// Opens a device's folder, making it when it is not there.
    pub(crate) fn make(data: &DataOption) -> Outcome<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        // It holds residents' names and a credential.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&data.data)
            .map_err(|error| Failure::input(format!("cannot make {}: {error}", data.data.display())))?;
        Self::open_at(&data.data)
    }

    fn open_at(folder: &Path) -> Outcome<Self> {
        check_closed(folder)?;
        let lock = lock(folder)?;
        let replica =
            open_file(replica_file(folder)).map_err(|error| Failure::from(ApiError::from(error)))?;
        Ok(Self { replica, _lock: lock })
    }

    /// Answers a request that needs no network.
    pub(crate) fn call<A: Local>(&mut self, ask: A) -> Outcome<A::Reply> {
        Ok(self.replica.call(ask)?)
    }

    pub(crate) fn replica(&mut self) -> &mut Replica {
        &mut self.replica
    }

    /// The last signed receipt.
    pub(crate) fn signed_receipt(&self) -> Outcome<Option<KeptReceipt>> {
        let kept = self.replica.signed_receipt();
        kept.map_err(|error| Failure::from(ApiError::from(error)))
    }

    /// What became of the verifications of this device.
    pub(crate) fn verifications(&self) -> Outcome<Verifications> {
        let known = self.replica.verifications();
        known.map_err(|error| Failure::from(ApiError::from(error)))
    }

    /// The replica with its way to the server. The receiver hears whenever something may have changed.
    pub(crate) fn connected(
        self,
        trust: &ServerTrust,
    ) -> Outcome<(Driver<HttpTransport>, mpsc::UnboundedReceiver<()>, File)> {
        let platform: Rc<dyn Platform> = Rc::new(NativePlatform);
        let transport = match &trust.ca {
            None => HttpTransport::new(platform),
            Some(file) => {
                let pem = read(file)?;
                HttpTransport::trusting(platform, &pem)
                    .map_err(|_| Failure::input(format!("there is no certificate in {}", file.display())))?
            }
        };
        let (tell, told) = mpsc::unbounded();
        let driver = Driver::new(self.replica, transport, move || {
            // Whoever does not listen any more need not hear.
            let _ = tell.unbounded_send(());
        });
        Ok((driver, told, self._lock))
    }
}

/// Checks that nobody else can look into a folder: it holds residents' names and a credential. One with nothing in it is
/// closed.
fn check_closed(folder: &Path) -> Outcome<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let name = folder.display().to_string();
        let failed = |error| Failure::input(format!("cannot look at {name}: {error}"));
        let is_open =
            || Ok::<_, Failure>(fs::metadata(folder).map_err(failed)?.permissions().mode() & 0o077 != 0);
        if is_open()? && fs::read_dir(folder).map_err(failed)?.next().is_none() {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        }
        if is_open()? {
            let quoted = name.replace('\'', r"'\''");
            return Err(Failure::input(format!(
                "others on this machine can read {name}, where residents' data and a credential lie; close it with: chmod -R go= '{quoted}'"
            )));
        }
    }
    Ok(())
}

fn replica_file(folder: &Path) -> PathBuf {
    folder.join("replica.sqlite")
}

fn lock(folder: &Path) -> Outcome<File> {
    let path = folder.join("device.lock");
    let file = File::create(&path)
        .map_err(|error| Failure::input(format!("cannot write {}: {error}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::now(format!(
            "another koumen-device works in {}",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => {
            Err(Failure::now(format!("cannot lock {}: {error}", path.display())))
        }
    }
}

/// A whole file that a person named.
pub(crate) fn read(file: &Path) -> Outcome<Vec<u8>> {
    fs::read(file).map_err(|error| Failure::input(format!("cannot read {}: {error}", file.display())))
}

/// An id of this device, ordered by time.
pub(crate) fn fresh_id() -> Uuid {
    let mut random = [0; 10];
    NativePlatform.fill_random(&mut random);
    uuid::Builder::from_unix_timestamp_millis(NativePlatform.now_ms(), &random).into_uuid()
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    NativePlatform.now_ms()
}
