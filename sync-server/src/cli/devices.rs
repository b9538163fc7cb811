//! `koumen-server device ...`

use anyhow::{Result, bail};
use shared::ids::DeviceId;

use crate::clock::{Clock, SystemClock};
use crate::storage::Storage;

pub(super) async fn list(storage: &Storage) -> Result<()> {
    for device in storage.devices().await? {
        let revoked = if device.revoked { "revoked" } else { "active" };
        say!(
            "{}\t{}\t{}\t{} operations\t{revoked}",
            device.device,
            device.username,
            device.name,
            device.through_seq
        );
    }
    Ok(())
}

pub(super) async fn revoke(storage: &Storage, device: DeviceId) -> Result<()> {
    let revoked = storage.revoke_device(device, SystemClock.now_ms()).await?;
    if revoked.is_empty() {
        bail!("there is no device {device}");
    }
    for (place, revoked) in revoked.into_iter().enumerate() {
        match place {
            0 => say!("revoked {revoked}"),
            _ => say!("revoked {revoked}, which was enrolled with its session"),
        }
    }
    Ok(())
}
