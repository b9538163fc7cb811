//! A visit 走访: who was met, why, what was found and what was promised.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::date::CalendarDate;
use super::issue::Event;
use super::list::closed_list;
use super::need::Need;
use super::rights::Rights;
use super::schema::{FieldId, FieldSpec, KindSpec, Reach, RecordKind};
use super::value::{FieldMap, Fields, Value, field};
use crate::clock::TimestampMs;
use crate::ids::{HouseholdId, ResidentId};
use crate::rejection::{Rejection, refuse_at};

/// The household.
pub const HOUSEHOLD: FieldId = FieldId(1);
/// [`Outcome`].
pub const OUTCOME: FieldId = FieldId(2);
/// The residents who were met.
pub const MET: FieldId = FieldId(3);
/// [`Purpose`].
pub const PURPOSE: FieldId = FieldId(4);
/// [`Phrase`]s tapped.
pub const PHRASES: FieldId = FieldId(5);
/// Free note.
pub const NOTE: FieldId = FieldId(6);
/// [`Need`]s found.
pub const NEEDS: FieldId = FieldId(7);
/// What was promised.
pub const PROMISE: FieldId = FieldId(8);
/// The day for which it was promised.
pub const PROMISE_DUE: FieldId = FieldId(9);
/// The day on which the promise was kept.
pub const PROMISE_KEPT_ON: FieldId = FieldId(10);
/// When the visit began.
pub const STARTED_AT: FieldId = FieldId(11);

/// Written as 1 by who keeps the visit although it was removed; the write has seen the removals.
pub const KEPT_AFTER_REMOVAL: FieldId = FieldId(12);

pub(super) static SPEC: KindSpec = KindSpec {
    kind: RecordKind::VISIT,
    name: "visit",
    fields: &[
        FieldSpec::names(HOUSEHOLD, "household", &[RecordKind::HOUSEHOLD])
            .required("visit.household_missing"),
        FieldSpec::member(OUTCOME, "outcome", Outcome::LIST, "visit.outcome_unknown")
            .required("visit.outcome_missing"),
        FieldSpec::names_several(MET, "met", &[RecordKind::RESIDENT], 20),
        FieldSpec::member(PURPOSE, "purpose", Purpose::LIST, "visit.purpose_unknown")
            .required("visit.purpose_missing"),
        FieldSpec::members(PHRASES, "phrases", Phrase::LIST, "visit.phrase_unknown"),
        FieldSpec::text(NOTE, "note", 6_000),
        FieldSpec::members(NEEDS, "needs", Need::LIST, "need.unknown"),
        FieldSpec::text(PROMISE, "promise", 1_500),
        FieldSpec::day(PROMISE_DUE, "promise_due"),
        FieldSpec::day(PROMISE_KEPT_ON, "promise_kept_on"),
        FieldSpec::moment(STARTED_AT, "started_at").required("time.out_of_range"),
        FieldSpec::flag(KEPT_AFTER_REMOVAL, "kept_after_removal"),
    ],
    never_without: HOUSEHOLD,
    title: None,
    sorted_by: Some(STARTED_AT),
    beside: &[HOUSEHOLD],
    life_cycle: None,
    merged_into: None,
    shown_as_one: &[],
    kept_after_removal: Some(KEPT_AFTER_REMOVAL),
    rules: Some(rules),
    reach: Reach::Own,
    rights: &Rights::OF_WORKERS,
    has_table: true,
    has_photos: true,
};

/// What the meanings of the fields do not say.
fn rules(fields: &dyn Fields, _: Option<&Event>) -> Result<(), Rejection> {
    let is_dated = *field(fields, PROMISE_DUE) != Value::Null;
    match field(fields, PROMISE).as_text().is_empty() && is_dated {
        true => refuse_at(PROMISE, "visit.promise_missing"),
        false => Ok(()),
    }
}

closed_list! {
    /// How the visit went.
    Outcome "outcome" {
        /// 见到了
        Met = 1 "met",
        /// 没人在家
        NotAtHome = 2 "not_at_home",
        /// 谢绝
        Declined = 3 "declined",
        /// 已搬走
        Moved = 4 "moved",
        /// 改日再来
        Postponed = 5 "postponed",
    }
}

closed_list! {
    /// Why the visit was made.
    Purpose "purpose" {
        /// 日常走访
        Routine = 1 "routine",
        /// 关爱探访
        Care = 2 "care",
        /// 事件回访
        IssueFollowUp = 3 "issue_follow_up",
        /// 节日慰问
        Festival = 4 "festival",
        /// 住院探望
        Hospital = 5 "hospital",
        /// 困难帮扶
        Hardship = 6 "hardship",
        /// 新入住走访
        NewInArea = 7 "new_in_area",
        /// 意见征集
        Opinions = 8 "opinions",
    }
}

closed_list! {
    /// What is so often found that one tap should say it.
    Phrase "phrase" {
        /// 一切都好
        AllWell = 1 "all_well",
        /// 身体不适
        Unwell = 2 "unwell",
        /// 已提醒用气用电安全
        SafetyReminder = 3 "safety_reminder",
        /// 已告知服务电话
        GaveNumber = 4 "gave_number",
        /// 需要上门维修
        NeedsRepair = 5 "needs_repair",
        /// 需要代办
        NeedsErrand = 6 "needs_errand",
        /// 盼望有人陪伴
        WantsCompany = 7 "wants_company",
        /// 邻里有纠纷
        NeighbourDispute = 8 "neighbour_dispute",
        /// 已留便条
        LeftSlip = 9 "left_slip",
        /// 家人代为回答
        FamilyAnswered = 10 "family_answered",
    }
}

/// A visit's fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The household.
    pub household: HouseholdId,
    /// How it went.
    pub outcome: Outcome,
    /// The residents who were met.
    pub met: Vec<ResidentId>,
    /// Why it was made.
    pub purpose: Purpose,
    /// Phrases tapped.
    pub phrases: Vec<Phrase>,
    /// Free note.
    pub note: String,
    /// Needs found.
    pub needs: Vec<Need>,
    /// What was promised.
    pub promise: String,
    /// The day for which it was promised.
    pub promise_due: Option<CalendarDate>,
    /// The day on which the promise was kept.
    pub promise_kept_on: Option<CalendarDate>,
    /// When it began, ms since the Unix epoch, device clock.
    pub started_at: TimestampMs,
}

impl Visit {
    /// The fields to write.
    pub fn to_fields(&self) -> FieldMap {
        let met: Vec<Uuid> = self.met.iter().map(|resident| resident.0).collect();
        FieldMap::from_iter([
            (HOUSEHOLD, Value::Id(self.household.0)),
            (OUTCOME, Value::Int(self.outcome.number() as i64)),
            (
                MET,
                if met.is_empty() {
                    Value::Null
                } else {
                    Value::Ids(met)
                },
            ),
            (PURPOSE, Value::Int(self.purpose.number() as i64)),
            (
                PHRASES,
                Value::numbers(self.phrases.iter().map(|phrase| phrase.number()).collect()),
            ),
            (NOTE, Value::text(&self.note)),
            (
                NEEDS,
                Value::numbers(self.needs.iter().map(|need| need.number()).collect()),
            ),
            (PROMISE, Value::text(&self.promise)),
            (
                PROMISE_DUE,
                Value::number(self.promise_due.map(CalendarDate::number)),
            ),
            (
                PROMISE_KEPT_ON,
                Value::number(self.promise_kept_on.map(CalendarDate::number)),
            ),
            (
                STARTED_AT,
                Value::Int(i64::try_from(self.started_at).unwrap_or(i64::MAX)),
            ),
        ])
    }

    /// The fields as read; `None` when household, outcome or purpose are missing or of a later version.
    pub fn from_fields(fields: &FieldMap) -> Option<Self> {
        let number = |id| {
            field(fields, id)
                .as_int()
                .and_then(|number| u64::try_from(number).ok())
        };
        let date = |id| {
            field(fields, id)
                .as_int()
                .and_then(|number| CalendarDate::try_from(number).ok())
        };
        let numbers = |id| field(fields, id).as_numbers().iter().copied();
        Some(Self {
            household: HouseholdId(field(fields, HOUSEHOLD).as_id()?),
            outcome: Outcome::from_number(number(OUTCOME)?)?,
            met: field(fields, MET)
                .as_ids()
                .iter()
                .copied()
                .map(ResidentId)
                .collect(),
            purpose: Purpose::from_number(number(PURPOSE)?)?,
            phrases: numbers(PHRASES).filter_map(Phrase::from_number).collect(),
            note: field(fields, NOTE).as_text().to_owned(),
            needs: numbers(NEEDS).filter_map(Need::from_number).collect(),
            promise: field(fields, PROMISE).as_text().to_owned(),
            promise_due: date(PROMISE_DUE),
            promise_kept_on: date(PROMISE_KEPT_ON),
            started_at: number(STARTED_AT).unwrap_or(0),
        })
    }
}
