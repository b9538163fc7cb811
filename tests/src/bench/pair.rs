//! Two devices that edit the same records, apart from each other: what it takes to bring them together, and whether
//! both see both edits afterwards.
//!
//! An edit counts as kept on a device when a screen of that device shows it: as the value of the visit, or among the
//! values of its conflict, or among what lost a settled conflict.

use std::path::Path;
use std::str::FromStr;

use replica::api::{self, VisitPage};
use shared::domain::schema::{FieldId, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::visit;
use shared::ids::VisitId;

use super::device::{BenchDevice, Took};
use super::server::Failure;

/// Which fields the two devices edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edits {
    /// One the outcome, the other one the purpose.
    Different,
    /// Both the outcome, to different values.
    Same,
}

impl FromStr for Edits {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        match text {
            "different" => Ok(Self::Different),
            "same" => Ok(Self::Same),
            other => Err(format!("edits are different or same, not {other}").into()),
        }
    }
}

/// A field and the value that it was given.
type Edit = (FieldId, Value);

/// What the two devices make of a visit with this outcome. The values differ from each other and from what is there.
fn edits_of(edits: Edits, outcome: i64, number: i64) -> [Edit; 2] {
    let turned = |by: i64| Value::Int((outcome - 1 + by).rem_euclid(5) + 1);
    match edits {
        // The purpose of every visit of the workload is 1.
        Edits::Different => [
            (visit::OUTCOME, turned(1)),
            (visit::PURPOSE, Value::Int(2 + number % 7)),
        ],
        Edits::Same => [(visit::OUTCOME, turned(1)), (visit::OUTCOME, turned(2))],
    }
}

/// What the devices show after all is said and done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// How often an edit should be seen: each on both devices.
    pub edits: u64,
    /// How often it is not.
    pub lost: u64,
    /// How often a value is seen that lost against another one: in a conflict, or settled.
    pub losers_visible: u64,
    /// Records whose values differ between the devices.
    pub diverged: u64,
}

/// The two devices.
pub struct Pair {
    devices: [BenchDevice; 2],
    edited: Vec<(RecordRef, [Edit; 2])>,
}

impl Pair {
    /// Opens `one` and `other` in `folder`.
    ///
    /// # Errors
    /// See [`BenchDevice::open`].
    pub async fn open(folder: &Path, server: &str) -> Result<Self, Failure> {
        Ok(Self {
            devices: [
                BenchDevice::open(&folder.join("one"), server).await?,
                BenchDevice::open(&folder.join("other"), server).await?,
            ],
            edited: Vec::new(),
        })
    }

    /// Both synchronise, and the first once more, for what the second one sent.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn sync(&mut self) -> Result<Took, Failure> {
        let mut took = Took::default();
        for turn in [0, 1, 0] {
            took.add(&self.sync_one(turn).await?);
        }
        Ok(took)
    }

    async fn sync_one(&mut self, device: usize) -> Result<Took, Failure> {
        self.devices
            .get_mut(device)
            .ok_or("there are two devices")?
            .sync()
            .await
    }

    /// Each edits one field of the same visits.
    ///
    /// # Errors
    /// When they hold fewer, or the disk fails.
    pub fn edit(&mut self, edits: Edits, records: u64) -> Result<(), Failure> {
        let [one, _] = &mut self.devices;
        self.edited.clear();
        for (number, record) in (0..).zip(one.some_visits(records)?) {
            let fields = show(one, record)?.summary.visit.to_fields();
            let outcome = fields.get(&visit::OUTCOME).and_then(Value::as_int);
            let both = edits_of(edits, outcome.ok_or("a visit has an outcome")?, number);
            self.edited.push((record, both));
        }
        for (turn, device) in self.devices.iter_mut().enumerate() {
            device.bring(self.edited.iter().filter_map(|(record, both)| {
                let (field, value) = both.get(turn)?.clone();
                Some((*record, FieldMap::from_iter([(field, value)])))
            }))?;
        }
        Ok(())
    }

    /// Looks through the screens of both.
    ///
    /// # Errors
    /// When a visit is gone, or the disk fails.
    pub fn look(&mut self) -> Result<Found, Failure> {
        let mut found = Found::default();
        for (record, both) in &self.edited {
            let mut shown = Vec::new();
            for device in &mut self.devices {
                let page = show(device, *record)?;
                let current = page.summary.visit.to_fields();
                for (field, value) in both {
                    found.edits += 1;
                    if current.get(field) == Some(value) {
                        continue;
                    }
                    if is_in_conflict(&page, *field, value) || is_settled(device, &page, *field, value)? {
                        found.losers_visible += 1;
                    } else {
                        found.lost += 1;
                    }
                }
                shown.push(current);
            }
            found.diverged += u64::from(shown.first() != shown.last());
        }
        Ok(found)
    }
}

fn show(device: &mut BenchDevice, record: RecordRef) -> Result<VisitPage, Failure> {
    device.ask(api::Visit {
        id: VisitId(record.id),
    })
}

fn is_in_conflict(page: &VisitPage, field: FieldId, value: &Value) -> bool {
    page.conflicts
        .iter()
        .filter(|conflict| conflict.field == field)
        .flat_map(|conflict| &conflict.values)
        .any(|shown| shown.value == *value)
}

fn is_settled(
    device: &mut BenchDevice,
    page: &VisitPage,
    field: FieldId,
    value: &Value,
) -> Result<bool, Failure> {
    let id = page.summary.visit.household;
    let household = device.ask(api::Household { id })?;
    Ok(household.earlier.iter().any(|settled| {
        settled.record.id == page.summary.id.0 && settled.field == field && settled.value == *value
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{server, workload};

    const RECORDS: u64 = 30;

    async fn pair(folder: &Path) -> Pair {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let place = folder.join("server");
        tokio::spawn(async move { server::serve_on(listener, &place, 0, None).await });
        let mut pair = Pair::open(folder, &origin).await.unwrap();
        pair.devices[0].record(&workload::visits(1, RECORDS)).unwrap();
        pair.sync().await.unwrap();
        pair
    }

    #[tokio::test]
    async fn both_edits_are_kept_and_a_loser_stays_visible() {
        let folder = tempfile::tempdir().unwrap();
        let mut pair = pair(folder.path()).await;
        pair.edit(Edits::Different, RECORDS).unwrap();
        pair.sync().await.unwrap();
        let all = Found {
            edits: 4 * RECORDS,
            ..Found::default()
        };
        assert_eq!(pair.look().unwrap(), all);
        pair.edit(Edits::Same, RECORDS).unwrap();
        pair.sync().await.unwrap();
        let seen = Found {
            losers_visible: 2 * RECORDS,
            ..all
        };
        assert_eq!(pair.look().unwrap(), seen);
    }

    #[tokio::test]
    async fn an_edit_that_did_not_arrive_counts_as_lost() {
        let folder = tempfile::tempdir().unwrap();
        let mut pair = pair(folder.path()).await;
        for edits in [Edits::Different, Edits::Same] {
            pair.edit(edits, RECORDS).unwrap();
            pair.sync_one(0).await.unwrap();
            pair.sync_one(1).await.unwrap();
            // The first one has not heard of what the second one sent.
            let found = pair.look().unwrap();
            assert_eq!((found.lost, found.diverged), (RECORDS, RECORDS), "{edits:?}");
            pair.sync_one(0).await.unwrap();
            assert_eq!(pair.look().unwrap().lost, 0, "{edits:?}");
        }
    }
}
