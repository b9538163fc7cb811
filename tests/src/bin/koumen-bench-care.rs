//! How long a phone takes to say who is to be looked in on: 20,000 residents, of whom three in ten have needs, 50,000
//! visits, three care rules. Prints one line of JSON, milliseconds.
//!
//! `cargo run --release -p tests --bin koumen-bench-care`
use std::error::Error;
use std::time::Instant;

use replica::api;
use rusqlite::Connection;
use serde_json::json;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::visit::{Outcome, Purpose};
use shared::domain::worker::Role;
use shared::domain::{Need, care_rule, household, resident, visit};
use shared::ids::AreaCode;
use sync_server::testing::TEST_START_MS;
use tests::bench::usage;
use tests::bench::workload::Draw;
use tests::world::{COMMUNITY, GRID};
use tests::{Phone, World};
use uuid::Uuid;

const HOUSEHOLDS: u64 = 7_000;
const RESIDENTS: u64 = 20_000;
const VISITS: u64 = 50_000;
/// The visits are spread over a year.
const WITHIN_MS: u64 = 365 * 86_400_000;
const ASKED: usize = 100;

fn id(kind: RecordKind, number: u64) -> Uuid {
    Uuid::from_u128(u128::from(kind.0) << 64 | u128::from(number))
}

type Made = (AreaCode, RecordRef, FieldMap);

fn made(area: &AreaCode, kind: RecordKind, number: u64, fields: FieldMap) -> Made {
    (area.clone(), RecordRef::new(kind, id(kind, number)), fields)
}

fn fill(phone: &mut Phone, draw: &mut Draw) -> Result<(), Box<dyn Error>> {
    let area = AreaCode::new(GRID)?;
    let mut all = Vec::new();
    for number in 0..HOUSEHOLDS {
        let (building, unit, floor) = (1 + number / 84, 1 + number / 21 % 4, 1 + number / 3 % 7);
        let door = format!("{building}-{unit}-{floor}0{}", 1 + number % 3);
        let fields = FieldMap::from_iter([(household::DOOR, Value::text(&door))]);
        all.push(made(&area, RecordKind::HOUSEHOLD, number, fields));
    }
    for number in 0..RESIDENTS {
        let mut needs: Vec<u64> = Vec::new();
        if draw.below(10) < 3 {
            needs.extend((0..=draw.below(2)).map(|_| 1 + draw.below(Need::ALL.len() as u64)));
            needs.sort_unstable();
            needs.dedup();
        }
        let fields = FieldMap::from_iter([
            (
                resident::HOUSEHOLD,
                Value::Id(id(RecordKind::HOUSEHOLD, number % HOUSEHOLDS)),
            ),
            (resident::NAME, Value::text("王秀英")),
            (resident::NEEDS, Value::numbers(needs)),
        ]);
        all.push(made(&area, RecordKind::RESIDENT, number, fields));
    }
    for number in 0..VISITS {
        let met = draw.below(RESIDENTS);
        let ago = draw.below(WITHIN_MS);
        let purpose = 1 + draw.below(Purpose::ALL.len() as u64);
        let fields = FieldMap::from_iter([
            (
                visit::HOUSEHOLD,
                Value::Id(id(RecordKind::HOUSEHOLD, met % HOUSEHOLDS)),
            ),
            (visit::OUTCOME, Value::Int(Outcome::Met.number() as i64)),
            (visit::MET, Value::Ids(vec![id(RecordKind::RESIDENT, met)])),
            (visit::PURPOSE, Value::Int(purpose as i64)),
            (
                visit::NOTE,
                Value::text("一切都好，说夜里有点咳嗽，约了周三社区医生上门看看"),
            ),
            (visit::STARTED_AT, Value::Int((TEST_START_MS - ago) as i64)),
        ]);
        all.push(made(&area, RecordKind::VISIT, number, fields));
    }
    let decided_for = AreaCode::new(COMMUNITY)?.common().ok_or("a community")?;
    for (number, need) in [Need::LivesAlone, Need::ChronicIllness, Need::Mobility]
        .iter()
        .enumerate()
    {
        let mut fields = FieldMap::from_iter([
            (care_rule::NEED, Value::Int(need.number() as i64)),
            (care_rule::AT_LEAST_DAYS, Value::Int(10)),
        ]);
        if *need == Need::Mobility {
            let care = vec![Purpose::Care.number(), Purpose::Hospital.number()];
            fields.insert(care_rule::PURPOSES, Value::numbers(care));
        }
        all.push(made(&decided_for, RecordKind::CARE_RULE, number as u64, fields));
    }
    phone.replica.record_all(all)?;
    Ok(())
}

fn ms(took: &mut [f64], share: f64) -> f64 {
    took.sort_by(f64::total_cmp);
    let last = took.len().saturating_sub(1);
    took.get((last as f64 * share).round() as usize)
        .copied()
        .unwrap_or_default()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let world = World::new().await;
    let file = Connection::open(folder.path().join("replica.sqlite"))?;
    let mut lin = world.phone_on(file, "lin", Role::Supervisor, &[COMMUNITY]).await;
    fill(&mut lin, &mut Draw::new(7))?;
    let (mut first, mut all, mut of_first) = (Vec::new(), Vec::new(), Vec::new());
    let mut list = api::CareList::default();
    for _ in 0..ASKED {
        for (shown, took) in [(20, &mut first), (u32::MAX, &mut all)] {
            let (began, cpu) = (Instant::now(), usage::cpu());
            list = lin.call(api::CareToday { shown });
            took.push(began.elapsed().as_secs_f64() * 1_000.0);
            if shown == 20 {
                of_first.push(usage::cpu().saturating_sub(cpu).as_secs_f64() * 1_000.0);
            }
        }
    }
    let line = json!({
        "figure": "care", "residents": RESIDENTS, "visits": VISITS, "due": list.total,
        "first_20_p50_ms": ms(&mut first, 0.5), "first_20_p95_ms": ms(&mut first, 0.95),
        "first_20_cpu_p95_ms": ms(&mut of_first, 0.95),
        "all_p50_ms": ms(&mut all, 0.5), "all_p95_ms": ms(&mut all, 0.95),
    });
    println!("{line}");
    Ok(())
}
