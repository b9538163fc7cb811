//! An issue 事件: a broken lamp, a blocked stairway. Its state is a fold of its events.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::life_cycle::{Does, GivesWay, Lends, LifeCycle, Reasons, StepRule};
use super::list::closed_list;
use super::rights::{Rights, Roles};
use super::schema::{FieldId, FieldSpec, KindSpec, Reach, RecordKind};
use super::value::{FieldMap, Fields, Value, field};
use super::worker::Role;
use crate::clock::TimestampMs;
use crate::ids::{HouseholdId, VisitId};
use crate::rejection::{Rejection, refuse};

/// [`Category`].
pub const CATEGORY: FieldId = FieldId(1);
/// Title.
pub const TITLE: FieldId = FieldId(2);
/// Note.
pub const NOTE: FieldId = FieldId(3);
/// The household it was found at, if any.
pub const HOUSEHOLD: FieldId = FieldId(4);
/// The place in words.
pub const PLACE: FieldId = FieldId(5);
/// The visit during which it was reported, if any.
pub const VISIT: FieldId = FieldId(6);
/// When it was reported.
pub const REPORTED_AT: FieldId = FieldId(7);
pub use super::life_cycle::STEPS_SEEN;
/// Written as 1 by who keeps the issue although it was removed; the write has seen the removals.
pub const KEPT_AFTER_REMOVAL: FieldId = FieldId(9);

/// A responder holds what is sent to their unit, and says by its steps what becomes of it.
const RIGHTS: Rights = Rights {
    hold: Roles::WORKERS.and(Role::Responder),
    ..Rights::OF_WORKERS
};

pub(super) static SPEC: KindSpec = KindSpec {
    kind: RecordKind::ISSUE,
    name: "issue",
    fields: &[
        FieldSpec::member(CATEGORY, "category", Category::LIST, "issue.category_unknown")
            .required("issue.category_missing"),
        FieldSpec::text(TITLE, "title", 300).required("issue.title_missing"),
        FieldSpec::text(NOTE, "note", 6_000),
        FieldSpec::names(HOUSEHOLD, "household", &[RecordKind::HOUSEHOLD]),
        FieldSpec::text(PLACE, "place", 300),
        FieldSpec::names(VISIT, "visit", &[RecordKind::VISIT]),
        FieldSpec::moment(REPORTED_AT, "reported_at").required("time.out_of_range"),
        FieldSpec::flag(STEPS_SEEN, "steps_seen"),
        FieldSpec::flag(KEPT_AFTER_REMOVAL, "kept_after_removal"),
    ],
    never_without: CATEGORY,
    title: Some(TITLE),
    sorted_by: Some(REPORTED_AT),
    beside: &[HOUSEHOLD, VISIT],
    life_cycle: Some(&LIFE_CYCLE),
    merged_into: None,
    shown_as_one: &[],
    kept_after_removal: Some(KEPT_AFTER_REMOVAL),
    rules: Some(rules),
    reach: Reach::Own,
    rights: &RIGHTS,
    has_table: true,
    has_photos: true,
};

/// What the meanings of the fields do not say: whom or what a step names.
fn rules(_: &dyn Fields, event: Option<&Event>) -> Result<(), Rejection> {
    match event.map(|event| (Step::from_number(event.step), event.target.as_str())) {
        Some((Some(Step::Assigned), "")) => refuse("issue.department_missing"),
        Some((Some(Step::MergedInto), target)) if Uuid::parse_str(target).is_err() => {
            refuse("issue.target_missing")
        }
        Some((Some(Step::Closed), target)) if !matches!(target, "" | "1" | "2" | "3" | "4" | "5") => {
            refuse("issue.rating_impossible")
        }
        _ => Ok(()),
    }
}

closed_list! {
    /// What an issue is about.
    Category "category" {
        /// 治安
        Safety = 1 "safety",
        /// 环境
        Environment = 2 "environment",
        /// 卫生
        Hygiene = 3 "hygiene",
        /// 物业
        PropertyManagement = 4 "property_management",
        /// 设施
        Facilities = 5 "facilities",
        /// 矛盾调解
        Dispute = 6 "dispute",
        /// 民生服务
        ServiceNeed = 7 "service_need",
        /// 其他
        Other = 8 "other",
    }
}

closed_list! {
    /// A step in the life of an issue.
    Step "step" {
        /// 已上报
        Reported = 1 "reported",
        /// 当场已解决: reported and resolved at once
        HandledOnTheSpot = 2 "handled_on_the_spot",
        /// 已受理
        Accepted = 3 "accepted",
        /// 已派单
        Assigned = 4 "assigned",
        /// 处理中
        InProgress = 5 "in_progress",
        /// 已办结
        Resolved = 6 "resolved",
        /// 已核实
        Confirmed = 7 "confirmed",
        /// 已评价
        Closed = 8 "closed",
        /// 退回
        Returned = 9 "returned",
        /// 重新打开
        Reopened = 10 "reopened",
        /// 合并
        MergedInto = 11 "merged_into",
    }
}

/// Its life: the rules in `docs/data-model.md`, "Issue steps" and "Steps taken at the same time".
pub static LIFE_CYCLE: LifeCycle = LifeCycle {
    steps: Step::LIST,
    first: REPORTED,
    rules: &[
        StepRule {
            does: Does::Makes,
            ..step(REPORTED, 0, &[ACCEPTED, ASSIGNED, RETURNED, MERGED_INTO])
        },
        StepRule {
            does: Does::MakesAndWorks,
            gives_way: &[REOPENED_MEANWHILE],
            ..step(HANDLED_ON_THE_SPOT, 0, &[CONFIRMED, REOPENED])
        },
        StepRule {
            taken_by: Roles::WORKERS.and(Role::Responder),
            ..step(
                ACCEPTED,
                2,
                &[ASSIGNED, IN_PROGRESS, RESOLVED, RETURNED, MERGED_INTO],
            )
        },
        StepRule {
            taken_by: Roles::SUPERVISORS,
            later_holds: Some("issue.assigned_elsewhere"),
            lends: Lends::ToTarget,
            ..step(
                ASSIGNED,
                3,
                &[IN_PROGRESS, RESOLVED, ASSIGNED, RETURNED, MERGED_INTO],
            )
        },
        StepRule {
            taken_by: Roles::WORKERS.and(Role::Responder),
            ..step(IN_PROGRESS, 4, &[RESOLVED, ASSIGNED, RETURNED, MERGED_INTO])
        },
        StepRule {
            taken_by: Roles::WORKERS.and(Role::Responder),
            does: Does::Works,
            gives_way: &[REOPENED_MEANWHILE],
            ..step(RESOLVED, 5, &[CONFIRMED, REOPENED])
        },
        StepRule {
            taken_by: Roles::SUPERVISORS,
            or_its_maker: true,
            does: Does::Approves,
            gives_way: &[REOPENED_MEANWHILE],
            lends: Lends::Closes,
            ..step(CONFIRMED, 6, &[CLOSED, REOPENED])
        },
        StepRule {
            taken_by: Roles::SUPERVISORS,
            does: Does::Ends,
            gives_way: &[REOPENED_MEANWHILE],
            lends: Lends::Closes,
            ..step(CLOSED, 7, &[REOPENED])
        },
        StepRule {
            taken_by: Roles::SUPERVISORS.and(Role::Responder),
            does: Does::Ends,
            gives_way: &[
                REOPENED_MEANWHILE,
                GivesWay {
                    to: &[ACCEPTED, ASSIGNED, IN_PROGRESS],
                    reason: "issue.taken_up_meanwhile",
                },
            ],
            lends: Lends::Ends,
            ..step(RETURNED, 9, &[REOPENED])
        },
        StepRule {
            does: Does::Opens,
            ..step(
                REOPENED,
                1,
                &[ACCEPTED, ASSIGNED, IN_PROGRESS, RESOLVED, RETURNED, MERGED_INTO],
            )
        },
        StepRule {
            taken_by: Roles::SUPERVISORS,
            does: Does::Ends,
            gives_way: &[REOPENED_MEANWHILE],
            holds: Some("issue.merged"),
            lends: Lends::Ends,
            ..step(MERGED_INTO, 8, &[REOPENED])
        },
    ],
    reasons: &Reasons {
        unknown_step: "issue.unknown_step",
        already_made: "issue.already_reported",
        already_there: "issue.already_there",
        already_finished: "issue.already_finished",
        out_of_order: "issue.out_of_order",
        own_work: "issue.own_work",
        others_step: "issue.supervisors_step",
        makers_step: "issue.not_reporter",
        too_many_steps: "issue.too_many_steps",
    },
};

const REPORTED: u64 = Step::Reported.number();
const HANDLED_ON_THE_SPOT: u64 = Step::HandledOnTheSpot.number();
const ACCEPTED: u64 = Step::Accepted.number();
const ASSIGNED: u64 = Step::Assigned.number();
const IN_PROGRESS: u64 = Step::InProgress.number();
const RESOLVED: u64 = Step::Resolved.number();
const CONFIRMED: u64 = Step::Confirmed.number();
const CLOSED: u64 = Step::Closed.number();
const RETURNED: u64 = Step::Returned.number();
const REOPENED: u64 = Step::Reopened.number();
const MERGED_INTO: u64 = Step::MergedInto.number();

/// An issue that is open once too often costs a look; one that is closed wrongly is forgotten.
const REOPENED_MEANWHILE: GivesWay = GivesWay {
    to: &[REOPENED],
    reason: "issue.reopened_meanwhile",
};

/// A step that everybody takes who works in the area, and that only moves the issue.
const fn step(step: u64, rank: u8, next: &'static [u64]) -> StepRule {
    StepRule {
        step,
        next,
        rank,
        taken_by: Roles::WORKERS,
        or_its_maker: false,
        does: Does::Nothing,
        gives_way: &[],
        holds: None,
        later_holds: None,
        lends: Lends::Keeps,
    }
}

/// One appended event of an issue.
///
/// Shape: `target` is the unit for [`Step::Assigned`] (its id, or its name where nobody has entered it), the other issue's id for [`Step::MergedInto`],
/// 1..=5 for [`Step::Closed`], else empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Event {
    /// The [`Step`]'s number; steps of later versions are kept.
    pub step: u64,
    /// A note.
    pub note: String,
    /// Whom or what the step names.
    pub target: String,
}

impl Event {
    /// A step without note and target.
    pub fn of(step: Step) -> Self {
        Self {
            step: step.number(),
            note: String::new(),
            target: String::new(),
        }
    }
}

/// An issue's fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// What it is about.
    pub category: Category,
    /// Title.
    pub title: String,
    /// Note.
    pub note: String,
    /// The household it was found at, if any.
    pub household: Option<HouseholdId>,
    /// The place in words.
    pub place: String,
    /// The visit during which it was reported, if any.
    pub visit: Option<VisitId>,
    /// When it was reported, ms since the Unix epoch, device clock.
    pub reported_at: TimestampMs,
}

impl Issue {
    /// The fields to write.
    pub fn to_fields(&self) -> FieldMap {
        let id = |id: Option<Uuid>| id.map_or(Value::Null, Value::Id);
        FieldMap::from_iter([
            (CATEGORY, Value::Int(self.category.number() as i64)),
            (TITLE, Value::text(&self.title)),
            (NOTE, Value::text(&self.note)),
            (HOUSEHOLD, id(self.household.map(Uuid::from))),
            (PLACE, Value::text(&self.place)),
            (VISIT, id(self.visit.map(Uuid::from))),
            (
                REPORTED_AT,
                Value::Int(i64::try_from(self.reported_at).unwrap_or(i64::MAX)),
            ),
        ])
    }

    /// The fields as read; a category of a later version shows as [`Category::Other`].
    pub fn from_fields(fields: &FieldMap) -> Option<Self> {
        let number = |id| {
            field(fields, id)
                .as_int()
                .and_then(|number| u64::try_from(number).ok())
        };
        Some(Self {
            category: Category::from_number(number(CATEGORY)?).unwrap_or(Category::Other),
            title: field(fields, TITLE).as_text().to_owned(),
            note: field(fields, NOTE).as_text().to_owned(),
            household: field(fields, HOUSEHOLD).as_id().map(HouseholdId),
            place: field(fields, PLACE).as_text().to_owned(),
            visit: field(fields, VISIT).as_id().map(VisitId),
            reported_at: number(REPORTED_AT).unwrap_or(0),
        })
    }
}
