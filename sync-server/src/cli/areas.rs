//! `koumen-server import areas`

use std::path::Path;

use anyhow::{Context, Result};

use crate::import::read_areas;
use crate::storage::Storage;

pub(super) async fn import(storage: &dyn Storage, file: &Path) -> Result<()> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let areas = read_areas(&bytes).map_err(|error| anyhow::anyhow!("{error}: {}", error.sentence()))?;
    let changes = storage.put_areas(&areas).await?;
    println!(
        "areas: {} added, {} renamed, {} unchanged",
        changes.added, changes.renamed, changes.unchanged
    );
    Ok(())
}
