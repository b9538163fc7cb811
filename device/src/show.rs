//! `koumen-device show`

use replica::api::{self, IssueFilter, LogCursor, OutboxEntry, VisitFilter};
use replica::storage::receipts::KeptReceipt;
use serde_json::{Value, json};

use crate::failure::Outcome;
use crate::home::Home;
use crate::options::{ShowOptions, What};
use crate::print;

const PAGE: u32 = 100;

pub(crate) fn show(options: &ShowOptions) -> Outcome<()> {
    let mut home = Home::open(&options.data)?;
    match options.what {
        What::Status => status(&mut home),
        What::Areas => areas(&mut home),
        What::Households => households(&mut home),
        What::Visits => visits(&mut home),
        What::Issues => issues(&mut home),
        What::Waiting | What::Attention => outbox(&mut home, options.what),
        What::Conflicts => conflicts(&mut home),
        What::Receipt => receipt(&home),
    }
}

fn status(home: &mut Home) -> Outcome<()> {
    let status = home.call(api::CurrentStatus)?;
    let session = status.session.as_ref();
    let verified = home.verifications()?;
    print(&json!({
        "worker": session.map(|session| &session.name),
        "device": session.map(|session| session.device),
        "waiting_operations": status.sync.waiting_operations,
        "waiting_photos": status.sync.waiting_photos,
        "attention": status.sync.attention,
        "last_success_at": status.sync.last_success_at,
        "verified_at": verified.verified_at,
        "differing": verified.differing,
        "repaired": verified.repaired,
        "sealed": status.sealed,
    }))
}

fn areas(home: &mut Home) -> Outcome<()> {
    let areas = home.call(api::Areas)?;
    areas
        .iter()
        .try_for_each(|area| print(&json!({ "area": area.code, "name": area.name })))
}

fn households(home: &mut Home) -> Outcome<()> {
    for building in home.call(api::Buildings { area: None })? {
        let households = home.call(api::Doors {
            area: building.area,
            building: building.building,
        })?;
        for household in households {
            print(&json!({
                "household": household.id, "area": household.area, "door": household.door, "names": household.names,
            }))?;
        }
    }
    Ok(())
}

fn visits(home: &mut Home) -> Outcome<()> {
    let mut after = None;
    loop {
        let visits = home.call(api::VisitLog {
            filter: VisitFilter::default(),
            after,
            limit: PAGE,
        })?;
        let Some(last) = visits.last() else { return Ok(()) };
        after = Some(LogCursor {
            at: last.visit.started_at,
            id: last.id.0,
        });
        for summary in &visits {
            print(&json!({
                "visit": summary.id, "door": summary.door, "outcome": summary.visit.outcome.code(),
                "note": summary.visit.note, "started_at": summary.visit.started_at, "author": summary.author,
                "waiting": summary.waiting,
                "photos": summary.photos.iter().map(photo).collect::<Vec<_>>(),
            }))?;
        }
    }
}

fn issues(home: &mut Home) -> Outcome<()> {
    let mut after = None;
    loop {
        let issues = home.call(api::Issues {
            filter: IssueFilter::default(),
            after,
            limit: PAGE,
        })?;
        let Some(last) = issues.last() else { return Ok(()) };
        after = Some(LogCursor {
            at: last.issue.reported_at,
            id: last.id.0,
        });
        for summary in &issues {
            print(&json!({
                "issue": summary.id, "title": summary.issue.title, "note": summary.issue.note,
                "category": summary.issue.category.code(), "state": summary.state.code(), "author": summary.author,
                "waiting": summary.waiting,
                "photos": summary.photos.iter().map(photo).collect::<Vec<_>>(),
            }))?;
        }
    }
}

fn photo(photo: &api::PhotoSummary) -> Value {
    json!({ "hash": photo.hash.to_string(), "uploaded": photo.uploaded })
}

fn outbox(home: &mut Home, what: What) -> Outcome<()> {
    let outbox = home.call(api::Outbox)?;
    let entries: &[OutboxEntry] = if what == What::Waiting {
        &outbox.waiting
    } else {
        &outbox.attention
    };
    entries.iter().try_for_each(|entry| {
        print(&json!({
            "seq": entry.seq, "record": entry.record.id, "title": entry.title, "action": entry.action,
            "code": entry.code,
        }))
    })
}

fn receipt(home: &Home) -> Outcome<()> {
    let Some(KeptReceipt { signed, is_checked }) = home.signed_receipt()? else {
        return Ok(());
    };
    let statement = signed.statement;
    print(&json!({
        "epoch": statement.epoch, "device": statement.device, "through_seq": statement.through_seq,
        "chain": hex(&statement.chain.0), "signed_at": statement.signed_at, "key": hex(&signed.key),
        "signature": hex(&signed.signature), "is_checked": is_checked,
    }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn conflicts(home: &mut Home) -> Outcome<()> {
    let conflicts = home.call(api::Conflicts)?;
    conflicts.iter().try_for_each(|conflict| {
        print(&json!({
            "record": conflict.record.id, "title": conflict.title, "field": conflict.field_name,
            "values": conflict.values.iter().map(|value| &value.value).collect::<Vec<_>>(),
        }))
    })
}
