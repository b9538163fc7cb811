//! `koumen-server check`

use std::process::ExitCode;

use anyhow::Result;

use crate::storage::Storage;

pub(super) async fn check(storage: &dyn Storage) -> Result<ExitCode> {
    let report = storage.check().await?;
    println!(
        "{} operations, {} parked, {} devices, {} records",
        report.operations, report.parked, report.devices, report.records
    );
    if report.faults.is_empty() {
        println!("no damage found");
        return Ok(ExitCode::SUCCESS);
    }
    for fault in &report.faults {
        println!("damage: {fault}");
    }
    Ok(ExitCode::FAILURE)
}
