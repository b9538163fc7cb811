//! `koumen-device household`, `visit` and `issue`

use replica::api::{self, DraftBody, DraftSeen, IssueDraft, VisitDraft};
use serde_json::json;
use shared::domain::Household;
use shared::domain::door::DoorNumber;
use shared::ids::{AreaCode, DraftId, HouseholdId, PhotoHash};

use crate::failure::{Failure, Outcome};
use crate::home::{Home, fresh_id, now_ms, read};
use crate::options::{DoorOptions, HouseholdOptions, IssueOptions, RecordOptions, VisitOptions};
use crate::print;

pub(crate) fn household(options: &HouseholdOptions) -> Outcome<()> {
    let mut home = Home::open(&options.data)?;
    let household = Household {
        door: options.door.clone(),
        note: options.note.clone(),
        ..Household::default()
    };
    let record = home.call(api::AddHousehold {
        area: options.area.clone(),
        household,
    })?;
    print(&json!({ "household": record.id }))
}

pub(crate) fn visit(options: &VisitOptions) -> Outcome<()> {
    let mut home = Home::open(&options.data)?;
    let household = find_household(&mut home, &options.door)?
        .ok_or_else(|| Failure::input("say which household: --household or --door"))?;
    let body = |note| {
        DraftBody::Visit(VisitDraft {
            household,
            outcome: Some(options.outcome),
            met: Vec::new(),
            purpose: Some(options.purpose),
            phrases: Vec::new(),
            note,
            needs: options.needs.clone(),
            promise: options.promise.clone(),
            promise_due: None,
            started_at: now_ms(),
        })
    };
    record(&mut home, &options.record, &options.note, body)
}

pub(crate) fn issue(options: &IssueOptions) -> Outcome<()> {
    let mut home = Home::open(&options.data)?;
    let household = find_household(&mut home, &options.door)?;
    let body = |note| {
        DraftBody::Issue(IssueDraft {
            area: options.door.area.clone(),
            category: Some(options.category),
            title: options.title.clone(),
            note,
            household,
            place: options.place.clone(),
            visit: None,
            handled_on_the_spot: options.handled_on_the_spot,
            started_at: now_ms(),
        })
    };
    record(&mut home, &options.record, &options.note, body)
}

/// Fills a form, adds the photos, saves; as often as was asked.
fn record(
    home: &mut Home,
    options: &RecordOptions,
    note: &str,
    body: impl Fn(String) -> DraftBody,
) -> Outcome<()> {
    let files = options
        .photos
        .iter()
        .map(|file| read(file))
        .collect::<Outcome<Vec<_>>>()?;
    for number in 1..=options.repeat {
        let note = if options.repeat == 1 {
            note.to_owned()
        } else {
            format!("{note} {number}").trim_start().to_owned()
        };
        let id = options.id.unwrap_or_else(|| DraftId(fresh_id()));
        let known = home.call(api::Draft { id })?;
        let seen = known.map_or_else(DraftSeen::default, |known| known.seen);
        let body = body(note);
        home.call(api::SaveDraft { id, body, seen })?;
        let photos = match add_photos(home, id, &files) {
            Ok(photos) => photos,
            Err(failure) => {
                // A form on a command line is filled in one go: what cannot be saved leaves no half behind.
                home.call(api::DiscardDraft { id })?;
                return Err(failure);
            }
        };
        let finished = home.call(api::FinishDraft { id });
        if finished.is_err() {
            home.call(api::DiscardDraft { id })?;
        }
        let record = finished?;
        let name = record.kind.spec().map_or("record", |spec| spec.name);
        print(&json!({ name: record.id, "photos": photos }))?;
    }
    Ok(())
}

fn add_photos(home: &mut Home, draft: DraftId, files: &[Vec<u8>]) -> Outcome<Vec<String>> {
    let mut hashes = Vec::with_capacity(files.len());
    for file in files {
        let photo = home.call(api::AddPhoto {
            draft,
            file: file.clone(),
            modified_at: now_ms(),
        })?;
        hashes.push(photo.hash);
    }
    Ok(hashes.iter().map(PhotoHash::to_string).collect())
}

/// The household that was meant; `None` when none was.
fn find_household(home: &mut Home, options: &DoorOptions) -> Outcome<Option<HouseholdId>> {
    let Some(door) = &options.door else {
        return Ok(options.household);
    };
    let door = DoorNumber::parse(door).map_err(|_| Failure::input(format!("{door} is no door number")))?;
    let areas = match &options.area {
        Some(area) => vec![area.clone()],
        None => areas(home)?,
    };
    let mut found = Vec::new();
    for area in areas {
        let households = home.call(api::Doors {
            area,
            building: door.listed_in(),
        })?;
        let same_door = households
            .into_iter()
            .filter(|household| household.door == door.to_string());
        found.extend(same_door.map(|household| household.id));
    }
    match found.as_slice() {
        [] => Err(Failure::input(format!(
            "there is no household behind {door} here"
        ))),
        [one] => Ok(Some(*one)),
        _ => Err(Failure::input(format!(
            "{door} occurs more than once here: say --area or --household"
        ))),
    }
}

fn areas(home: &mut Home) -> Outcome<Vec<AreaCode>> {
    let areas = home.call(api::Areas)?;
    Ok(areas.into_iter().map(|area| area.code).collect())
}
