//! Care: what the rules say about everybody who wants help, at the end of this day.
//!
//! The database finds who has needs and when each was last met; how often they are to be visited, `shared` decides. Few
//! rules count other visits than all: the database is asked once for each set of purposes that some rule counts.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, params};
use shared::clock::TimestampMs;
use shared::domain::care::{self, CareRule, Claim, DecidedBy, Due, Meeting, Pace, Standing};
use shared::domain::visit::Purpose;
use shared::domain::{CalendarDate, Need, RecordKind};
use shared::ids::{AreaCode, HouseholdId, ResidentId, WorkerId};
use uuid::Uuid;

use super::households::{self, MET_PERSON, NEEDS_OF_ALL, last_met_person};
use super::{names, shown, wishes};
use crate::api::{Care, CareBuilding, CareDue, CareList, MetBy, RECORDS_MAX, ResidentEntry};
use crate::storage::short_names::VISIT_AUTHOR;
use crate::storage::{StorageResult, assigned, meta, record_table, records};

/// The rules that are here.
pub(super) fn rules(connection: &Connection) -> StorageResult<Vec<CareRule>> {
    let mut rules = Vec::new();
    for record in record_table::listed(connection, RecordKind::CARE_RULE, RECORDS_MAX)? {
        if let Some(state) = records::load(connection, record)? {
            rules.extend(CareRule::from_fields(
                record.id,
                state.area().clone(),
                &state.values(),
            ));
        }
    }
    Ok(rules)
}

/// What a need asks for in one area, and which of the columns says when it was last answered.
struct Asked {
    need: Need,
    decided_by: DecidedBy,
    pace: Pace,
    column: usize,
}

/// Somebody with needs.
struct Person {
    household: Uuid,
    resident: Uuid,
    area: String,
    building: String,
    door_order: String,
    needs: String,
    /// "Please do not visit before", 0 for never said.
    not_before: i64,
    /// When they were last met, for each set of purposes.
    last: Vec<Option<TimestampMs>>,
}

impl Person {
    fn from_row(row: &Row<'_>, sets: usize) -> rusqlite::Result<Self> {
        let last = (0..sets).map(|set| row.get(7 + set)).collect::<Result<_, _>>()?;
        Ok(Self {
            household: row.get(0)?,
            resident: row.get(1)?,
            area: row.get(2)?,
            building: row.get(3)?,
            door_order: row.get(4)?,
            needs: row.get(5)?,
            not_before: row.get(6)?,
            last,
        })
    }

    fn standing(&self, asked: &[Asked], today: CalendarDate) -> Standing {
        let needs: BTreeSet<Need> = households::parse_needs(&self.needs).into_iter().collect();
        let of_theirs = asked.iter().filter(|asked| needs.contains(&asked.need));
        let claim = |asked: &Asked| Claim {
            need: asked.need,
            decided_by: asked.decided_by,
            pace: asked.pace.clone(),
            last: self
                .last
                .get(asked.column)
                .copied()
                .flatten()
                .map(CalendarDate::of_ms),
        };
        Standing::of(&of_theirs.map(claim).collect::<Vec<_>>(), today)
    }
}

/// Somebody who is to be looked in on, and why.
struct ToSee {
    person: Person,
    due: Due,
}

/// Everybody who is to be looked in on today, the first `limit` of them with all that the list shows.
pub(crate) fn today(connection: &Connection, limit: u32, now_ms: TimestampMs) -> StorageResult<CareList> {
    let today = CalendarDate::of_ms(now_ms);
    let (mut to_see, held_back) = due(connection, today)?;
    to_see.sort_by(|one, other| {
        let walk = |to_see: &ToSee| (to_see.person.area.clone(), to_see.person.door_order.clone());
        let by_id = one.person.resident.cmp(&other.person.resident);
        walk(one).cmp(&walk(other)).then(by_id)
    });
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let overdue = to_see.iter().filter(|to_see| to_see.due.on < today).count();
    let mut list = CareList {
        total: count(to_see.len()),
        overdue: count(overdue),
        held_back,
        buildings: Vec::new(),
    };
    let mut left = usize::try_from(limit).unwrap_or(usize::MAX);
    let same_building = |one: &ToSee, other: &ToSee| {
        (&one.person.area, &one.person.building) == (&other.person.area, &other.person.building)
    };
    for group in to_see.chunk_by(same_building) {
        let Some(Person { area, building, .. }) = group.first().map(|to_see| &to_see.person) else {
            continue;
        };
        let Ok(area) = AreaCode::new(area) else { continue };
        if left == 0 {
            break;
        }
        let listed = group.iter().take(left);
        let people = listed
            .map(|to_see| entry(connection, to_see))
            .collect::<StorageResult<Vec<_>>>()?;
        left -= people.len();
        list.buildings.push(CareBuilding {
            area_name: names::area(connection, &area)?,
            area,
            building: building.clone(),
            count: count(group.len()),
            people,
        });
    }
    Ok(list)
}

/// Who is to be looked in on, in no order, and how many more are not because their household asked for it.
fn due(connection: &Connection, today: CalendarDate) -> StorageResult<(Vec<ToSee>, u32)> {
    let rules = rules(connection)?;
    let mut sets: Vec<BTreeSet<Purpose>> = vec![BTreeSet::new()];
    for rule in &rules {
        if !sets.contains(&rule.pace.purposes) {
            sets.push(rule.pace.purposes.clone());
        }
    }
    let assigned = assigned::cursors(connection)?;
    let mut asked_in: BTreeMap<String, Vec<Asked>> = BTreeMap::new();
    let (mut to_see, mut held_back) = (Vec::new(), 0);
    let mut statement = connection.prepare_cached(&people_with_needs(&sets))?;
    let rows = statement.query_map([], |row| Person::from_row(row, sets.len()))?;
    for row in rows {
        let person = row?;
        let asked = asked_in.entry(person.area.clone()).or_insert_with_key(|area| {
            let area = AreaCode::new(area).ok();
            // Who is another grid's is another's to look in on.
            let area = area.filter(|area| assigned.keys().any(|assigned| area.is_within(assigned)));
            area.map_or_else(Vec::new, |area| asked_there(&area, &rules, &sets))
        });
        let Some(due) = person.standing(asked, today).due_by(today) else {
            continue;
        };
        match person.not_before > today.number() {
            true => held_back += 1,
            false => to_see.push(ToSee { person, due }),
        }
    }
    Ok((to_see, held_back))
}

/// What every need asks for in an area.
fn asked_there(area: &AreaCode, rules: &[CareRule], sets: &[BTreeSet<Purpose>]) -> Vec<Asked> {
    let asked = |need: &Need| {
        let (decided_by, pace) = care::pace(*need, area, rules);
        let column = sets.iter().position(|set| *set == pace.purposes);
        Asked {
            need: *need,
            decided_by,
            pace,
            column: column.unwrap_or_default(),
        }
    };
    Need::ALL.iter().map(asked).collect()
}

/// Selects everybody with needs, and when each was last met, for each set of purposes. What is known of a person or a
/// household counts, whichever of its records says it.
fn people_with_needs(sets: &[BTreeSet<Purpose>]) -> String {
    let last: Vec<String> = sets.iter().map(last_met_person).collect();
    format!(
        "SELECT household.id, resident.id, household.area, household.building, household.door_order, {NEEDS_OF_ALL},
                max(coalesce(household.no_visit_before, 0), coalesce((
                    SELECT max(other.no_visit_before) FROM duplicate JOIN household AS other ON other.id = duplicate.id
                    WHERE duplicate.kept = household.id AND other.removed = 0), 0)),
                {}
         FROM resident LEFT JOIN duplicate AS shown_under ON shown_under.id = resident.household
         JOIN household ON household.id = coalesce(shown_under.kept, resident.household)
         WHERE resident.removed = 0 AND household.removed = 0 AND {}
           AND (resident.needs <> '' OR EXISTS (
                SELECT 1 FROM duplicate JOIN resident AS other ON other.id = duplicate.id
                WHERE duplicate.kept = resident.id AND other.removed = 0 AND other.needs <> ''))",
        last.join(", "),
        shown("resident")
    )
}

fn entry(connection: &Connection, to_see: &ToSee) -> StorageResult<CareDue> {
    let ToSee { person, due } = to_see;
    let (household, _) = wishes::of(connection, person.household)?;
    let mut needs = households::parse_needs(&person.needs);
    needs.sort_unstable();
    needs.dedup();
    Ok(CareDue {
        household: HouseholdId(person.household),
        door: household.door,
        resident: ResidentId(person.resident),
        name: names::resident(connection, person.resident)?.unwrap_or_default(),
        needs,
        due: *due,
        hours: household.preferred_hours,
        not_alone: household.not_alone,
    })
}

/// How it stands with the visits to the people of a household, which lies in an area.
pub(super) fn of_household(
    connection: &Connection,
    (household, area): (HouseholdId, &AreaCode),
    residents: &mut [ResidentEntry],
    now_ms: TimestampMs,
) -> StorageResult<()> {
    if residents.iter().all(|entry| entry.resident.needs.is_empty()) {
        return Ok(());
    }
    let today = CalendarDate::of_ms(now_ms);
    let rules = rules(connection)?;
    for entry in residents {
        let met = meetings(connection, entry.id, household)?;
        let days: Vec<Meeting> = met.iter().map(|(meeting, _)| *meeting).collect();
        let paces: BTreeMap<Need, (DecidedBy, Pace)> = entry
            .resident
            .needs
            .iter()
            .map(|need| (*need, care::pace(*need, area, &rules)))
            .collect();
        let claim = |(need, (decided_by, pace)): (&Need, &(DecidedBy, Pace))| Claim {
            need: *need,
            decided_by: *decided_by,
            pace: pace.clone(),
            last: pace.last(&days),
        };
        let standing = Standing::of(&paces.iter().map(claim).collect::<Vec<_>>(), today);
        let visit = standing.too_soon.and_then(|too_soon| {
            let (_, pace) = paces.get(&too_soon.need)?;
            let counts = |meeting: &Meeting| meeting.on == too_soon.last && pace.counts(meeting.purpose);
            met.iter().find(|(meeting, _)| counts(meeting))
        });
        let met_by = match visit {
            Some((_, author)) => Some(met_by(connection, *author)?),
            None => None,
        };
        entry.care = Care { standing, met_by };
    }
    Ok(())
}

fn met_by(connection: &Connection, author: WorkerId) -> StorageResult<MetBy> {
    let enrolment: Option<meta::Enrolment> = meta::get(connection, meta::ENROLMENT)?;
    Ok(match enrolment.is_some_and(|own| own.worker.id == author) {
        true => MetBy::Oneself,
        false => MetBy::Colleague(names::worker(connection, author)?),
    })
}

/// When somebody who lives at a household was met, and who recorded it, the last first.
fn meetings(
    connection: &Connection,
    resident: ResidentId,
    household: HouseholdId,
) -> StorageResult<Vec<(Meeting, WorkerId)>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT visit.started_at, visit.purpose, {VISIT_AUTHOR}
         FROM resident JOIN household ON household.id = ?2 JOIN visit
         WHERE resident.id = ?1 AND {MET_PERSON} ORDER BY visit.started_at DESC, visit.id DESC"
    ))?;
    let rows = statement.query_map(params![resident.0, household.0], |row| {
        Ok((row.get::<_, TimestampMs>(0)?, row.get::<_, u64>(1)?, row.get(2)?))
    })?;
    let mut met = Vec::new();
    for row in rows {
        let (at, purpose, author) = row?;
        if let Some(purpose) = Purpose::from_number(purpose) {
            let on = CalendarDate::of_ms(at);
            met.push((Meeting { on, purpose }, WorkerId(author)));
        }
    }
    Ok(met)
}
