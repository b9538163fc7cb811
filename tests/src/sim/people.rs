//! What people do, drawn from the seed: visits, people, issues, edits, withdrawals, conflicts ended.

use replica::api::{
    self, ApiError, DraftBody, DraftSeen, ErrorCode, IssueDraft, IssueFilter, RecordDraft, StepDraft,
    VisitDraft,
};
use replica::calls::Answered;
use replica::platform::Platform as _;
use replica::storage::{drafts, records};
use shared::domain::issue::{Category, Event, Step};
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::unit::{self, UnitSort};
use shared::domain::value::{FieldMap, Value};
use shared::domain::visit::{Outcome, Purpose};
use shared::domain::worker::Role;
use shared::domain::{Household, Need, Resident, household, issue, resident, visit};
use shared::ids::{AreaCode, DraftId, HouseholdId, IssueId, ResidentId, VisitId};
use sync_server::testing::a_jpeg;
use uuid::Uuid;

use super::faults::Fault;
use super::world::{DECIDED_FOR, World};

/// What came of saving something: the record that it is about.
type Saved = Result<RecordRef, ApiError>;

/// How likely each deed is.
const DEEDS: [(Deed, u64); 13] = [
    (Deed::Household, 14),
    (Deed::Resident, 12),
    (Deed::Visit, 18),
    (Deed::Issue, 10),
    (Deed::Edit, 28),
    (Deed::Needs, 10),
    (Deed::Step, 14),
    (Deed::Remove, 5),
    (Deed::Restore, 6),
    (Deed::Parked, 4),
    (Deed::Move, 6),
    (Deed::Decide, 8),
    (Deed::Dispatch, 10),
];

/// The same of a supervisor.
const SUPERVISIONS: [(Deed, u64); 12] = [
    (Deed::Household, 8),
    (Deed::Resident, 4),
    (Deed::Visit, 6),
    (Deed::Issue, 16),
    (Deed::Edit, 16),
    (Deed::Step, 8),
    (Deed::Remove, 4),
    (Deed::Restore, 5),
    (Deed::Parked, 6),
    (Deed::Move, 6),
    (Deed::Decide, 14),
    (Deed::Dispatch, 40),
];

/// The same of somebody who works for a unit; what is not theirs is refused.
const RESPONSES: [(Deed, u64); 5] = [
    (Deed::Respond, 40),
    (Deed::Step, 10),
    (Deed::Edit, 4),
    (Deed::Household, 1),
    (Deed::Parked, 4),
];

#[derive(Debug, Clone, Copy)]
enum Deed {
    Household,
    Resident,
    Visit,
    Issue,
    Edit,
    Needs,
    Step,
    Remove,
    Restore,
    Parked,
    Move,
    Decide,
    Dispatch,
    Respond,
}

impl World {
    /// Somebody does something on an open phone, perhaps while it dies.
    pub(super) fn deed(&mut self, phone: usize) {
        let deed = match self.role_of(phone) {
            Role::Responder => self.chance.pick_weighted(&RESPONSES),
            Role::Supervisor => self.chance.pick_weighted(&SUPERVISIONS),
            _ => self.chance.pick_weighted(&DEEDS),
        };
        let Some(deed) = deed else {
            return;
        };
        let fatal = self.strike(Fault::DeviceKilledInSave);
        if fatal {
            let looks = self.chance.between(1, 1_500);
            self.device(phone).light(looks);
        }
        self.note(|| format!("{phone} {deed:?}"));
        let done = match deed {
            Deed::Household => self.add_household(phone),
            Deed::Resident => self.add_resident(phone),
            Deed::Visit => self.visit(phone),
            Deed::Issue => self.issue(phone),
            Deed::Edit => self.edit(phone),
            Deed::Needs => self.needs(phone),
            Deed::Step => self.take_step(phone),
            Deed::Remove => self.withdraw(phone),
            Deed::Restore => self.end_conflict(phone),
            Deed::Parked => self.look_after_parked(phone),
            Deed::Move => self.move_household(phone),
            Deed::Decide => self.decide(phone),
            Deed::Dispatch => self.dispatch(phone),
            Deed::Respond => self.respond(phone),
        };
        if self.device(phone).is_burnt() {
            self.note(|| format!("{phone} died in a save"));
            self.device(phone).kill();
            return;
        }
        self.device(phone).put_out();
        if let Some(Err(error)) = done {
            self.judge_refusal(phone, &error);
        }
        self.take_stock(phone);
    }

    /// Only what a person can understand may be refused.
    fn judge_refusal(&mut self, phone: usize, error: &ApiError) {
        self.note(|| format!("{phone} refused: {error}"));
        let no_room = error.code == ErrorCode::BadPhoto && error.detail == "photo.no_room";
        let understood = no_room
            || matches!(
                error.code,
                ErrorCode::NotFound | ErrorCode::Invalid | ErrorCode::StorageFull | ErrorCode::SignedOut
            );
        if !understood {
            self.fail(format!("phone {phone} cannot save: {error}"));
        }
    }

    fn save(&mut self, phone: usize, ask: impl Answered<Reply = RecordRef>) -> Option<Saved> {
        let answer = self.device(phone).call(ask)?;
        if let Ok(record) = &answer {
            self.remember(*record);
        }
        Some(answer)
    }

    fn text(&mut self, phone: usize) -> String {
        self.serial += 1;
        format!("第{}句 {phone}", self.serial)
    }

    fn an_area(&mut self, phone: usize) -> Option<AreaCode> {
        let grids = self.grids_of(phone);
        self.chance.pick(&grids).cloned()
    }

    fn a_record(&mut self, kinds: &[RecordKind]) -> Option<RecordRef> {
        let known: Vec<RecordRef> = self
            .records
            .iter()
            .filter(|record| kinds.contains(&record.kind))
            .copied()
            .collect();
        self.chance.pick(&known).copied()
    }

    pub(super) fn add_household(&mut self, phone: usize) -> Option<Saved> {
        let area = self.an_area(phone)?;
        self.serial += 1;
        let household = Household {
            door: format!(
                "{}-{}-{}01",
                1 + self.serial % 9,
                1 + self.serial % 4,
                self.serial
            ),
            ..Household::default()
        };
        self.save(phone, api::AddHousehold { area, household })
    }

    fn add_resident(&mut self, phone: usize) -> Option<Saved> {
        let household = HouseholdId(self.a_record(&[RecordKind::HOUSEHOLD])?.id);
        let resident = Resident::named(household, &self.text(phone));
        self.save(phone, api::AddResident { resident })
    }

    fn draft_id(&mut self) -> DraftId {
        self.serial += 1;
        DraftId(Uuid::from_u128(
            u128::from(self.seed) << 64 | u128::from(self.serial),
        ))
    }

    fn visit(&mut self, phone: usize) -> Option<Saved> {
        let household = HouseholdId(self.a_record(&[RecordKind::HOUSEHOLD])?.id);
        let met = self
            .a_record(&[RecordKind::RESIDENT])
            .filter(|_| self.chance.per_mille(400));
        let body = DraftBody::Visit(VisitDraft {
            household,
            outcome: Some(Outcome::Met),
            met: met.map(|resident| ResidentId(resident.id)).into_iter().collect(),
            purpose: Some(Purpose::Routine),
            phrases: Vec::new(),
            note: self.text(phone),
            needs: vec![Need::Mobility],
            promise: String::new(),
            promise_due: None,
            started_at: self.device(phone).platform.now_ms(),
        });
        self.fill_and_finish(phone, body)
    }

    fn issue(&mut self, phone: usize) -> Option<Saved> {
        let area = self.an_area(phone)?;
        // A visit that is on the phone: the form is opened from its page.
        let visit = self
            .a_record(&[RecordKind::VISIT])
            .filter(|_| self.chance.per_mille(200))
            .filter(|visit| matches!(records::load(&self.device(phone).disk.eyes, *visit), Ok(Some(_))));
        let body = DraftBody::Issue(IssueDraft {
            area: Some(area),
            category: Some(Category::Facilities),
            title: self.text(phone),
            note: String::new(),
            household: None,
            place: "楼道".to_owned(),
            visit: visit.map(|visit| VisitId(visit.id)),
            handled_on_the_spot: self.chance.per_mille(200),
            started_at: self.device(phone).platform.now_ms(),
        });
        self.fill_and_finish(phone, body)
    }

    /// A form that is filled, perhaps with a photo, and saved by one tap or two.
    fn fill_and_finish(&mut self, phone: usize, body: DraftBody) -> Option<Saved> {
        let id = self.draft_id();
        let kept = self.device(phone).call(api::SaveDraft {
            id,
            body,
            seen: DraftSeen::default(),
        })?;
        if let Err(error) = kept {
            return Some(Err(error));
        }
        if self.chance.per_mille(120) {
            let file = a_jpeg(32, 24, self.serial);
            let modified_at = self.device(phone).platform.now_ms();
            let photo = self.device(phone).call(api::AddPhoto {
                draft: id,
                file,
                modified_at,
            })?;
            if let Err(error) = photo.as_ref() {
                // Without the photo the text is saved all the same.
                let error = error.clone();
                if !self.device(phone).is_burnt() {
                    self.judge_refusal(phone, &error);
                }
            }
        }
        let answer = self.save(phone, api::FinishDraft { id })?;
        match &answer {
            Ok(_) if self.chance.per_mille(100) => {
                let again = self.save(phone, api::FinishDraft { id })?;
                if again != answer && !self.device(phone).is_burnt() {
                    self.fail(format!("a second tap on phone {phone}: {again:?}"));
                }
            }
            Err(_) if !self.device(phone).is_burnt() => {
                // Looked up on the disk: the phone may die of being asked.
                let draft = drafts::load(&self.device(phone).disk.eyes, id);
                if !matches!(draft, Ok(Some(_))) {
                    self.fail(format!("phone {phone} lost a form that it could not save"));
                }
            }
            _ => {}
        }
        Some(answer)
    }

    fn edit(&mut self, phone: usize) -> Option<Saved> {
        let record = self.a_record(&[
            RecordKind::HOUSEHOLD,
            RecordKind::RESIDENT,
            RecordKind::VISIT,
            RecordKind::ISSUE,
        ])?;
        let text = self.text(phone);
        let (field, value) = match record.kind {
            RecordKind::HOUSEHOLD if self.chance.per_mille(300) => (household::PREFERRED_HOURS, Value::Null),
            RecordKind::HOUSEHOLD => (household::NOTE, Value::text(&text)),
            RecordKind::RESIDENT if self.chance.per_mille(400) => (
                resident::PHONES,
                Value::texts(&[format!("120{:08}", self.chance.below(100))]),
            ),
            RecordKind::RESIDENT => (resident::NAME, Value::text(&text)),
            RecordKind::VISIT => (visit::NOTE, Value::text(&text)),
            _ => (issue::NOTE, Value::text(&text)),
        };
        let mut fields = FieldMap::from_iter([(field, value)]);
        if record.kind == RecordKind::HOUSEHOLD && self.chance.per_mille(300) {
            let warnings = (1..=3).filter(|_| self.chance.per_mille(500)).collect();
            fields.insert(household::WARNINGS, Value::numbers(warnings));
        }
        if record.kind == RecordKind::HOUSEHOLD {
            let tenure = self.chance.between(1, 3);
            fields.insert(household::TENURE, Value::Int(tenure as i64));
        }
        self.save(phone, api::SaveFields { record, fields })
    }

    fn needs(&mut self, phone: usize) -> Option<Saved> {
        let record = self.a_record(&[RecordKind::RESIDENT])?;
        let needs = (1..=4).filter(|_| self.chance.per_mille(500)).collect();
        let fields = FieldMap::from_iter([(resident::NEEDS, Value::numbers(needs))]);
        self.save(phone, api::SaveFields { record, fields })
    }

    fn take_step(&mut self, phone: usize) -> Option<Saved> {
        let issue = self.a_record(&[RecordKind::ISSUE])?;
        let step = Step::from_number(self.chance.between(3, 11))?;
        let target = match step {
            Step::Assigned => "物业".to_owned(),
            Step::MergedInto => issue.id.to_string(),
            Step::Closed => "5".to_owned(),
            _ => String::new(),
        };
        let event = Event {
            step: step.number(),
            note: self.text(phone),
            target,
        };
        let issue = IssueId(issue.id);
        self.save(phone, api::AddEvent { issue, event })
    }

    /// An issue is sent to a unit, or taken back: by supervisors, and by others, who are refused.
    fn dispatch(&mut self, phone: usize) -> Option<Saved> {
        let Some(unit) = self.a_record(&[RecordKind::UNIT]) else {
            return self.decide(phone);
        };
        // Mostly one that is on the phone, and to the unit that somebody works for.
        let here = self.an_issue_on(phone);
        let issue = match here.filter(|_| self.chance.per_mille(800)) {
            Some(issue) => issue,
            None => IssueId(self.a_record(&[RecordKind::ISSUE])?.id),
        };
        let unit = self
            .unit_at_work()
            .filter(|_| self.chance.per_mille(700))
            .unwrap_or(unit);
        let (step, target) = match self.chance.weighted(&[6, 2, 1, 1]) {
            0 => (Step::Assigned, unit.id.to_string()),
            1 => (Step::Returned, String::new()),
            2 => (Step::Confirmed, String::new()),
            _ => (Step::Reopened, String::new()),
        };
        let event = Event {
            step: step.number(),
            note: self.text(phone),
            target,
        };
        self.save(phone, api::AddEvent { issue, event })
    }

    /// The unit that somebody works for.
    fn unit_at_work(&self) -> Option<RecordRef> {
        let works_for = |unit: &&RecordRef| {
            let area = AreaCode::of_unit(unit.id);
            unit.kind == RecordKind::UNIT && self.people.values().any(|person| person.areas.contains(&area))
        };
        self.records.iter().find(works_for).copied()
    }

    /// An issue that is on a phone.
    fn an_issue_on(&mut self, phone: usize) -> Option<IssueId> {
        let issues = self.device(phone).call(api::Issues {
            filter: IssueFilter::default(),
            after: None,
            limit: 100,
        })?;
        let issues: Vec<IssueId> = issues.ok()?.into_iter().map(|issue| issue.id).collect();
        self.chance.pick(&issues).copied()
    }

    /// What was sent to a unit is begun, done with a photo, or returned.
    fn respond(&mut self, phone: usize) -> Option<Saved> {
        let issue = self.an_issue_on(phone)?;
        let step = match self.chance.weighted(&[4, 4, 2]) {
            0 => Step::InProgress,
            1 => Step::Resolved,
            _ => Step::Returned,
        };
        let note = self.text(phone);
        let body = DraftBody::Step(StepDraft {
            issue,
            household: None,
            event: Event {
                note,
                ..Event::of(step)
            },
        });
        self.fill_and_finish(phone, body)
    }

    fn withdraw(&mut self, phone: usize) -> Option<Saved> {
        let record = self.a_record(&[RecordKind::RESIDENT, RecordKind::VISIT, RecordKind::HOUSEHOLD])?;
        self.save(phone, api::Remove { record })
    }

    fn end_conflict(&mut self, phone: usize) -> Option<Saved> {
        let conflicts = self.device(phone).call(api::Conflicts)?.ok()?;
        let conflict = self.chance.pick(&conflicts)?;
        let value = self.chance.pick(&conflict.values)?.value.clone();
        let (record, field) = (conflict.record, conflict.field);
        self.save(phone, api::Restore { record, field, value })
    }

    /// To a grid of the worker, also when the household lies there already.
    fn move_household(&mut self, phone: usize) -> Option<Saved> {
        let record = self.a_record(&[RecordKind::HOUSEHOLD])?;
        let grid = self.an_area(phone)?;
        let fields = FieldMap::from_iter([(household::MOVED_TO, Value::text(grid.as_str()))]);
        self.save(phone, api::SaveFields { record, fields })
    }

    /// A rule is made, changed or given up for a community or a street: by supervisors, and by others, who are refused.
    fn decide(&mut self, phone: usize) -> Option<Saved> {
        let known = self.a_record(&[RecordKind::UNIT]);
        let text = self.text(phone);
        match (known, self.chance.weighted(&[3, 4, 2, 1])) {
            (Some(record), 1) => {
                let fields = FieldMap::from_iter([(unit::NAME, Value::text(&text))]);
                self.save(phone, api::SaveFields { record, fields })
            }
            (Some(record), 2) => {
                let handles = (1..=4).filter(|_| self.chance.per_mille(500)).collect();
                let fields = FieldMap::from_iter([(unit::HANDLES, Value::numbers(handles))]);
                self.save(phone, api::SaveFields { record, fields })
            }
            (Some(record), 3) => self.save(phone, api::Remove { record }),
            _ => {
                let decided_for = self.chance.pick(&DECIDED_FOR)?;
                let sort = UnitSort::Utility.number() as i64;
                let body = DraftBody::Record(RecordDraft {
                    kind: RecordKind::UNIT,
                    area: AreaCode::new(decided_for).ok()?.common(),
                    fields: FieldMap::from_iter([
                        (unit::NAME, Value::text(&text)),
                        (unit::SORT, Value::Int(sort)),
                    ]),
                });
                self.fill_and_finish(phone, body)
            }
        }
    }

    fn look_after_parked(&mut self, phone: usize) -> Option<Saved> {
        let outbox = self.device(phone).call(api::Outbox)?.ok()?;
        let entry = self.chance.pick(&outbox.attention)?;
        let (seq, record) = (entry.seq, entry.record);
        match self.chance.per_mille(500) {
            true => self.save(phone, api::RetryParked { seq }),
            false => {
                let dismissed = self.device(phone).call(api::DismissParked { seq, seen: true })?;
                Some(dismissed.map(|()| record))
            }
        }
    }
}
