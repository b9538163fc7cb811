//! Every pair of steps that were taken without knowing of each other, and the table in the documentation.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crdts::{CmRDT, Dot};
use proptest::prelude::*;
use uuid::Uuid;

use super::super::*;
use crate::clock::Stamp;
use crate::domain::issue::{Event, LIFE_CYCLE, Step};
use crate::ids::{DeviceId, WorkerId};

const DOCUMENT: &str = include_str!("../../../docs/data-model.md");

/// The reasons and the letters that the tables give them.
const LETTERS: [(&str, &str); 8] = [
    ("issue.already_reported", "R"),
    ("issue.already_finished", "F"),
    ("issue.merged", "M"),
    ("issue.already_there", "S"),
    ("issue.out_of_order", "O"),
    ("issue.reopened_meanwhile", "N"),
    ("issue.taken_up_meanwhile", "T"),
    ("issue.assigned_elsewhere", "A"),
];

/// Steps with what their authors had seen; devices are numbered.
#[derive(Debug, Clone, Default)]
struct Story {
    steps: Vec<(RecordEvent, Seen)>,
}

impl Story {
    /// `device` takes a step at `ms`, having seen the first `known` steps of the story.
    fn then(&mut self, device: u8, ms: u64, step: Step, target: &str, known: usize) {
        let device = DeviceId(Uuid::from_bytes([device; 16]));
        let seq = self
            .steps
            .iter()
            .filter(|(event, _)| event.origin.device == device)
            .count() as u64
            + 1;
        let mut seen = Seen::default();
        for (event, of_event) in self.steps.iter().take(known) {
            seen.apply(Dot::new(event.origin.device, event.origin.seq));
            for dot in of_event.iter() {
                seen.apply(Dot::new(*dot.actor, dot.counter));
            }
        }
        let origin = Origin {
            stamp: Stamp { ms, counter: 0 },
            device,
            seq,
            author: WorkerId(device.0),
        };
        let event = Event {
            target: target.to_owned(),
            ..Event::of(step)
        };
        self.steps.push((RecordEvent { event, origin }, seen));
    }

    fn taken(&self) -> Vec<TakenStep<'_>> {
        let steps = self.steps.iter();
        steps
            .map(|(event, seen)| TakenStep {
                event,
                seen: Some(seen),
            })
            .collect()
    }

    fn fold(&self) -> LifeState {
        fold(&LIFE_CYCLE, &self.taken())
    }

    fn reason(&self, device: u8) -> &'static str {
        let device = DeviceId(Uuid::from_bytes([device; 16]));
        let timeline = self.fold().timeline;
        timeline
            .iter()
            .find(|step| step.event.origin.device == device)
            .unwrap()
            .reason
    }
}

/// One way to each state; every step is another person's.
fn way_to(state: Step) -> Vec<Step> {
    use Step::*;
    match state {
        Reported | HandledOnTheSpot => vec![state],
        Accepted | Assigned | Returned | MergedInto => vec![Reported, state],
        InProgress | Resolved => vec![Reported, Accepted, state],
        Confirmed | Reopened => vec![Reported, Accepted, Resolved, state],
        Closed => vec![Reported, Accepted, Resolved, Confirmed, state],
    }
}

/// Amina (2) takes `a` and Joao (3) takes `b`; both had seen the issue at `base`.
fn at_once(base: Step, a: Step, b: Step, a_first: bool) -> Story {
    let mut story = Story::default();
    for (index, step) in way_to(base).into_iter().enumerate() {
        story.then(100 + index as u8, index as u64, step, "物业", index);
    }
    let known = story.steps.len();
    let (of_a, of_b) = if a_first { (100, 200) } else { (200, 100) };
    story.then(2, of_a, a, "环卫", known);
    story.then(3, of_b, b, "住建", known);
    story
}

/// What the table says of a pair: where the issue stands, and why one of the two does not count.
fn cell(a: Step, b: Step) -> Option<String> {
    let both = |state: &&Step| {
        let next = LIFE_CYCLE.next_steps(state.number());
        next.contains(&a.number()) && next.contains(&b.number())
    };
    let mut said = BTreeSet::new();
    for base in Step::ALL.iter().filter(both) {
        for a_first in [true, false] {
            let story = at_once(*base, a, b, a_first);
            let mut reasons = [story.reason(2), story.reason(3)];
            if a == b {
                // Only time tells them apart: the earlier one, then the later one.
                reasons.sort_by_key(|_| !a_first);
            }
            let stays = reasons.iter().find(|reason| !reason.is_empty());
            let letter = stays.map(|reason| LETTERS.iter().find(|(code, _)| code == reason).unwrap().1);
            let result = LIFE_CYCLE.steps.code(story.fold().step).unwrap();
            said.insert(letter.map_or(result.to_owned(), |letter| format!("{result} {letter}")));
        }
    }
    assert!(
        said.len() <= 1,
        "{a:?} and {b:?} depend on more than their rule: {said:?}"
    );
    said.pop_first()
}

fn table() -> String {
    let mut table = String::from("| |");
    for column in Step::ALL {
        write!(table, " {} |", column.code()).unwrap();
    }
    table.push_str("\n|---|");
    table.push_str(&"---|".repeat(Step::ALL.len()));
    for row in Step::ALL {
        write!(table, "\n| {} |", row.code()).unwrap();
        for column in Step::ALL {
            write!(table, " {} |", cell(*row, *column).unwrap_or_default()).unwrap();
        }
    }
    table
}

#[test]
fn the_table_of_pairs_is_what_the_fold_does() {
    let table = table();
    assert!(
        DOCUMENT.contains(&table),
        "docs/data-model.md should hold:\n{table}"
    );
}

#[test]
fn a_pair_of_steps_has_one_answer_whoever_was_first_on_the_clock() {
    for a in Step::ALL {
        for b in Step::ALL {
            assert_eq!(cell(*a, *b), cell(*b, *a));
        }
    }
}

/// One goes on from the beginning to `a` while the other, who saw only the beginning, takes `b`.
#[test]
fn a_phone_that_saw_little_never_closes_what_others_opened_or_finished() {
    use Step::*;
    for a in Step::ALL {
        for b in [Accepted, Assigned, Returned, MergedInto] {
            for of_b in [1, 1_000] {
                let mut story = Story::default();
                for (index, step) in way_to(*a).into_iter().enumerate() {
                    story.then(100 + index as u8, 10 + index as u64, step, "物业", index);
                }
                if way_to(*a).first() != Some(&Reported) {
                    continue;
                }
                story.then(3, of_b, b, "住建", 1);
                let step = Step::from_number(story.fold().step).unwrap();
                let expect = match (a, b) {
                    (Reported, _) => b,
                    (Accepted, Assigned | MergedInto) | (Assigned | InProgress, MergedInto) => b,
                    (Returned, Accepted | Assigned | MergedInto) => b,
                    (MergedInto, Accepted | Assigned | Returned | MergedInto) => MergedInto,
                    _ => *a,
                };
                assert_eq!(step, expect, "{a:?} beside {b:?} at {of_b}");
            }
        }
    }
}

#[test]
fn evidence_that_reopened_an_issue_is_not_hidden_by_a_resolution_that_had_not_seen_it() {
    use Step::*;
    let mut story = at_once(Accepted, Resolved, Resolved, true);
    // Lin had seen Amina's resolution and reopens; Joao, in a basement, resolves later by the clock.
    story.then(4, 150, Reopened, "", 3);
    assert_eq!(story.fold().step, Reopened.number());
    assert_eq!(story.reason(3), "issue.reopened_meanwhile");
    // Who resolves having seen the evidence ends it.
    let all = story.steps.len();
    story.then(5, 120, Resolved, "", all);
    assert_eq!(story.fold().step, Resolved.number());
    // Without knowledge (the guard off) the clock alone decides, and the evidence is hidden.
    let blind: Vec<TakenStep<'_>> = story.steps[..all]
        .iter()
        .map(|(event, _)| TakenStep { event, seen: None })
        .collect();
    assert_eq!(fold(&LIFE_CYCLE, &blind).step, Resolved.number());
}

#[test]
fn what_one_had_seen_comes_before_it_even_when_a_clock_says_otherwise() {
    use Step::*;
    let mut story = Story::default();
    story.then(1, 300_000, Reported, "", 0);
    // Joao's phone is behind, and the clamp of Amina's clock could not help.
    story.then(3, 100, Accepted, "", 1);
    story.then(3, 90, Resolved, "", 2);
    assert_eq!(story.fold().step, Resolved.number());
    assert!(story.fold().timeline.iter().all(|step| step.reason.is_empty()));
}

#[test]
fn two_dispatches_to_one_department_are_one() {
    let mut story = Story::default();
    story.then(1, 1, Step::Reported, "", 0);
    story.then(2, 2, Step::Assigned, "物业", 1);
    story.then(3, 3, Step::Assigned, "物业", 1);
    assert_eq!(story.reason(2), "");
    assert_eq!(story.reason(3), "issue.already_there");
}

#[test]
fn who_dispatches_anew_knowing_of_the_first_dispatch_leaves_no_mark() {
    let mut story = Story::default();
    story.then(1, 1, Step::Reported, "", 0);
    story.then(2, 2, Step::Assigned, "物业", 1);
    story.then(3, 3, Step::Assigned, "住建", 2);
    assert_eq!(story.reason(2), "");
    assert_eq!(story.fold().step, Step::Assigned.number());
}

proptest! {
    /// Claims may be anything, also false ones that contradict each other.
    #[test]
    fn any_order_of_any_steps_gives_the_same_answer(
        script in proptest::collection::vec((1..4_u8, 0..50_u64, 0..13_u64, proptest::collection::vec((1..4_u8, 0..9_u64), 0..3), any::<bool>()), 1..14),
        seed in any::<u64>(),
    ) {
        let mut story = Story::default();
        for (device, ms, step, _, _) in &script {
            story.then(*device, *ms, Step::Reported, "", 0);
            story.steps.last_mut().unwrap().0.event.step = *step;
        }
        let claims: Vec<Option<Seen>> = script.iter().map(|(_, _, _, claims, says)| {
            let dots = claims.iter().map(|(device, seq)| Dot::new(DeviceId(Uuid::from_bytes([*device; 16])), *seq));
            says.then(|| dots.collect())
        }).collect();
        let taken: Vec<TakenStep<'_>> = story.steps.iter().zip(&claims)
            .map(|((event, _), seen)| TakenStep { event, seen: seen.as_ref() }).collect();
        let mut shuffled = taken.clone();
        let mut state = seed;
        for index in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(index, (state >> 33) as usize % (index + 1));
        }
        let answer = fold(&LIFE_CYCLE, &taken);
        prop_assert_eq!(answer.timeline.len(), taken.len());
        prop_assert_eq!(answer, fold(&LIFE_CYCLE, &shuffled));
    }
}
