//! `koumen-server check`

use std::process::ExitCode;

use anyhow::Result;

use super::photo_place::reach;
use crate::photos::{PhotoStore, verify};
use crate::storage::Storage;

pub(super) async fn check(storage: &Storage, photos: &PhotoStore) -> Result<ExitCode> {
    reach(photos).await?;
    let mut report = storage.check().await?;
    let photos = verify(storage, photos).await?;
    let damaged = |hash| format!("photo {hash} is missing or has other bytes");
    report.faults.extend(photos.damaged.iter().map(damaged));
    say!(
        "{} operations, {} parked, {} devices, {} records, {} photos",
        report.operations,
        report.parked,
        report.devices,
        report.records,
        photos.whole
    );
    if report.faults.is_empty() {
        say!("no damage found");
        return Ok(ExitCode::SUCCESS);
    }
    for fault in &report.faults {
        say!("damage: {fault}");
    }
    Ok(ExitCode::FAILURE)
}
