//! Life cycles: which steps a kind of record takes, as data. [`crdt::fold`](crate::crdt::fold) walks them, screens offer
//! what follows, `validation` says who may take a step.

use super::list::ClosedList;
use super::rights::Roles;
use super::schema::FieldId;
use crate::clock::TimestampMs;

/// In every kind that takes steps, the field that is written as 1 with each step; what the write had seen is what the
/// step's author had seen of earlier steps. One number for all kinds, so that steps of a kind that a version does not know
/// keep what their authors had seen.
pub const STEPS_SEEN: FieldId = FieldId(8);

/// The most steps of one record; a real one has a dozen.
pub const STEPS_PER_RECORD_MAX: usize = 200;

/// The most bytes of a step's note.
pub const STEP_NOTE_BYTES_MAX: usize = 3_000;

/// How long a record that was closed is still lent to the unit that took care of it, ms: 30 days.
pub const LENT_AFTER_CLOSING_MS: TimestampMs = 30 * 24 * 3_600_000;

/// The life of a kind of record.
#[derive(Debug)]
pub struct LifeCycle {
    /// The steps, with their codes.
    pub steps: &'static ClosedList,
    /// Where a record stands that has taken none.
    pub first: u64,
    /// The rule of each step.
    pub rules: &'static [StepRule],
    /// How reasons are called.
    pub reasons: &'static Reasons,
}

/// The codes of the reasons why a step does not move a record, or may not be taken. Which of two steps at the same time
/// counts is said with the rule of the step.
#[derive(Debug)]
pub struct Reasons {
    /// The step is one of a later version.
    pub unknown_step: &'static str,
    /// It makes the record, and that has been made.
    pub already_made: &'static str,
    /// The record stands there.
    pub already_there: &'static str,
    /// It has ended.
    pub already_finished: &'static str,
    /// It is for another place in the record's life.
    pub out_of_order: &'static str,
    /// Whoever did the work does not say that it is done well.
    pub own_work: &'static str,
    /// Another role takes it.
    pub others_step: &'static str,
    /// Who made the record takes it, or another role.
    pub makers_step: &'static str,
    /// The record has taken more steps than any should.
    pub too_many_steps: &'static str,
}

/// One step in the life of a record.
#[derive(Debug)]
pub struct StepRule {
    /// Its number.
    pub step: u64,
    /// The steps that may follow it, in the order in which screens offer them.
    pub next: &'static [u64],
    /// Of steps taken at the same time, which comes first: the lower rank. What says more comes later, except that what
    /// opens a record again comes before everything that it forbids.
    pub rank: u8,
    /// The roles that take it.
    pub taken_by: Roles,
    /// Whether also who made the record takes it.
    pub or_its_maker: bool,
    /// What else it does.
    pub does: Does,
    /// Why it does not count beside one of these steps that was taken at the same time and came first.
    pub gives_way: &'static [GivesWay],
    /// Why other steps do not move a record that stands here; `None` where that follows from the rest.
    pub holds: Option<&'static str>,
    /// For a step that names somebody: the earlier of two such steps taken at the same time does not count, with this
    /// reason; when both name the same, the later one is a repetition.
    pub later_holds: Option<&'static str>,
    /// Whom the record is lent to from then on.
    pub lends: Lends,
}

/// Whom a record is lent to after a step: a unit holds what was sent to it, and nothing else of the area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lends {
    /// To whom it was before.
    Keeps,
    /// To the unit that the step names, when it names one by its id; else to nobody.
    ToTarget,
    /// To whom it was before, and no longer than [`LENT_AFTER_CLOSING_MS`] unless it is opened again.
    Closes,
    /// To nobody.
    Ends,
}

/// What a step does besides moving the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Nothing.
    Nothing,
    /// It makes the record: it is the first or does not count.
    Makes,
    /// It says that the work is done: nothing more to do, and whoever takes it did the work.
    Works,
    /// It makes the record with the work done.
    MakesAndWorks,
    /// It says that the work was done well: nobody says so of their own.
    Approves,
    /// Nothing more to do.
    Ends,
    /// The record is open again, and the work is to be done anew.
    Opens,
}

impl Does {
    /// Whether nothing more is to be done after it.
    pub fn ends(self) -> bool {
        matches!(
            self,
            Self::Works | Self::MakesAndWorks | Self::Approves | Self::Ends
        )
    }

    /// Whether it makes the record.
    pub fn makes(self) -> bool {
        matches!(self, Self::Makes | Self::MakesAndWorks)
    }

    /// Whether whoever takes it did the work.
    pub fn works(self) -> bool {
        matches!(self, Self::Works | Self::MakesAndWorks)
    }
}

/// A step that does not count beside another one.
#[derive(Debug)]
pub struct GivesWay {
    /// The other ones.
    pub to: &'static [u64],
    /// Why.
    pub reason: &'static str,
}

impl LifeCycle {
    /// The rule of a step; `None` for one of a later version.
    pub fn rule(&self, step: u64) -> Option<&'static StepRule> {
        self.rules.iter().find(|rule| rule.step == step)
    }

    /// The steps that may follow `step`, in the order in which screens offer them.
    pub fn next_steps(&self, step: u64) -> &'static [u64] {
        self.rule(step).map_or(&[], |rule| rule.next)
    }

    /// Whether a record that stands at `step` needs nothing more from those who handle it.
    pub fn is_finished(&self, step: u64) -> bool {
        self.rule(step).is_some_and(|rule| rule.does.ends())
    }

    /// Why `next` does not move a record that stands at `step`; empty when it does.
    pub(crate) fn refusal(&self, step: u64, next: &StepRule) -> &'static str {
        let Some(here) = self.rule(step) else {
            return self.reasons.out_of_order;
        };
        if here.next.contains(&next.step) {
            ""
        } else if next.does.makes() {
            self.reasons.already_made
        } else if let Some(holds) = here.holds {
            holds
        } else if here.does.ends() {
            self.reasons.already_finished
        } else if next.step == step {
            self.reasons.already_there
        } else {
            self.reasons.out_of_order
        }
    }
}
