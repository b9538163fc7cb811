//! What supervisors see of what was set aside, a page at a time: one phone may fill the list.

use shared::change::Operation;
use shared::ids::{AreaCode, DeviceId, WorkerId};
use shared::protocol::v1::{ParkedMember, ParkedNotice, ParkedOperation};

use super::columns::{self, behind, int, uint, uuid};
use super::tx::Tx;
use super::value::values;
use crate::storage::{ParkedPlace, Storage, StorageResult};

impl Storage {
    /// Parked operations of one device from `from_seq` on, by sequence, at most `limit`.
    pub async fn parked_of(
        &self,
        device: DeviceId,
        from_seq: u64,
        limit: u32,
    ) -> StorageResult<Vec<ParkedNotice>> {
        self.read(move |tx| parked_of(tx, device, from_seq, limit)).await
    }

    /// Parked operations in these areas, newest first, behind `after`: at most `limit` with about `bytes_max` bytes, and
    /// one at least.
    pub async fn parked_page(
        &self,
        areas: &[AreaCode],
        after: Option<ParkedPlace>,
        limit: u32,
        bytes_max: usize,
    ) -> StorageResult<Vec<ParkedOperation>> {
        let areas = areas.to_vec();
        self.read(move |tx| {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            // One more tells whether the list goes on.
            let places = places(tx, &areas, after, limit.saturating_add(1))?;
            let mut read =
                tx.prepare_cached("SELECT author, code, body FROM parked WHERE device = ?1 AND seq = ?2")?;
            let mut parked: Vec<ParkedOperation> = Vec::new();
            let mut bytes = 0_usize;
            for place in places.iter().take(limit) {
                let found = read.query_opt(values![place.device.0.as_bytes(), int(place.seq)], |row| {
                    Ok((
                        WorkerId(uuid(row, 0)?),
                        row.get::<String>(1)?,
                        row.get::<Vec<u8>>(2)?,
                    ))
                })?;
                let Some((author, code, body)) = found else {
                    continue;
                };
                bytes = bytes.saturating_add(body.len());
                if bytes > bytes_max && !parked.is_empty() {
                    break;
                }
                let operation = columns::operation("parked", &body)?;
                let is_last = places.last() == Some(place);
                parked.push(shown(author, operation, code, *place, is_last));
            }
            Ok(parked)
        })
        .await
    }

    /// The first `limit` parked operations in these areas, newest first.
    pub async fn parked_in(&self, areas: &[AreaCode], limit: u32) -> StorageResult<Vec<ParkedOperation>> {
        self.parked_page(areas, None, limit, usize::MAX).await
    }
}

/// Where the next parked operations lie, newest first; what is in them is not read.
fn places(
    tx: Tx<'_>,
    areas: &[AreaCode],
    after: Option<ParkedPlace>,
    limit: usize,
) -> StorageResult<Vec<ParkedPlace>> {
    let after = after.unwrap_or(ParkedPlace {
        parked_at: u64::MAX,
        device: DeviceId(uuid::Uuid::max()),
        seq: u64::MAX,
    });
    let mut statement = tx.prepare_cached(
        "SELECT parked_at, device, seq FROM parked WHERE shown_in >= ?1 AND shown_in < ?2
         AND (parked_at, device, seq) < (?3, ?4, ?5) ORDER BY parked_at DESC, device DESC, seq DESC LIMIT ?6",
    )?;
    let mut places = Vec::new();
    for area in areas {
        let found = statement.query_map(
            values![
                area.as_str(),
                behind(area),
                int(after.parked_at),
                after.device.0.as_bytes(),
                int(after.seq),
                int(limit as u64)
            ],
            |row| {
                Ok(ParkedPlace {
                    parked_at: uint(row, 0)?,
                    device: DeviceId(uuid(row, 1)?),
                    seq: uint(row, 2)?,
                })
            },
        )?;
        places.extend(found);
    }
    places.sort_unstable_by(|one, other| other.cmp(one));
    places.truncate(limit);
    Ok(places)
}

/// What supervisors see of a parked operation: all that it would have changed, nothing of clocks.
fn shown(
    author: WorkerId,
    operation: Operation,
    code: String,
    place: ParkedPlace,
    is_last: bool,
) -> ParkedOperation {
    let writes = operation.change.writes.into_iter();
    let members = operation.change.members.into_iter();
    ParkedOperation {
        author,
        area: operation.area,
        record: operation.record,
        code,
        parked_at: place.parked_at,
        fields: writes.map(|write| (write.field, write.value)).collect(),
        members: members
            .map(|edit| ParkedMember {
                field: edit.field,
                member: edit.member,
                adds: edit.removes.is_none(),
            })
            .collect(),
        event: operation.change.event,
        removes: operation.change.removal.is_some(),
        place: place.to_string(),
        is_last,
    }
}

pub(super) fn parked_of(
    tx: Tx<'_>,
    device: DeviceId,
    from_seq: u64,
    limit: u32,
) -> StorageResult<Vec<ParkedNotice>> {
    let mut statement = tx.prepare_cached(
        "SELECT seq, code FROM parked WHERE device = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3",
    )?;
    statement.query_map(values![device.0.as_bytes(), int(from_seq), limit], |row| {
        Ok(ParkedNotice {
            seq: uint(row, 0)?,
            code: row.get(1)?,
        })
    })
}
