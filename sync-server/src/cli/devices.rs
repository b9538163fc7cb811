//! `koumen-server device ...`

use anyhow::{Result, bail};
use shared::ids::DeviceId;

use crate::clock::{Clock, SystemClock};
use crate::storage::Storage;

pub(super) async fn list(storage: &dyn Storage) -> Result<()> {
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

pub(super) async fn revoke(storage: &dyn Storage, device: DeviceId) -> Result<()> {
    if !storage.revoke_device(device, SystemClock.now_ms()).await? {
        bail!("there is no device {device}");
    }
    say!("revoked {device}");
    Ok(())
}
