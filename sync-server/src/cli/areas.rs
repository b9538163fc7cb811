//! `koumen-server import areas`

use std::path::Path;

use anyhow::Result;

use super::read_file;
use crate::import::areas::AREAS_BYTES_MAX;
use crate::import::read_areas;
use crate::storage::Storage;

pub(super) async fn import(storage: &Storage, file: &Path) -> Result<()> {
    let bytes = read_file(file, AREAS_BYTES_MAX)?;
    let areas = read_areas(&bytes).map_err(|error| anyhow::anyhow!("{error}: {}", error.sentence()))?;
    let changes = storage.put_areas(&areas).await?;
    say!(
        "areas: {} added, {} renamed, {} unchanged",
        changes.added,
        changes.renamed,
        changes.unchanged
    );
    Ok(())
}
