//! What 4,000 drawn stories of an issue came to when the rules were still written by hand, in
//! `life_recorded.txt`: a line for each 100 of them, the hash of all that the fold answered.

use crdts::{CmRDT, Dot};
use uuid::Uuid;

use super::super::*;
use crate::clock::Stamp;
use crate::domain::issue::{Event, LIFE_CYCLE};
use crate::ids::{DeviceId, WorkerId};

const RECORDED: &str = include_str!("life_recorded.txt");
const STORIES_A_LINE: u64 = 100;

/// SplitMix64: the same numbers wherever this runs.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Up to 14 steps of four devices, most of which know what came before on theirs and some of the others'.
fn story(number: u64) -> Vec<(RecordEvent, Option<Seen>)> {
    let mut drawn = Drawn(number);
    let mut steps: Vec<(RecordEvent, Option<Seen>)> = Vec::new();
    for _ in 0..=drawn.below(14) {
        let device = DeviceId(Uuid::from_u128(1 + u128::from(drawn.below(4))));
        let of_device = steps.iter().filter(|(event, _)| event.origin.device == device);
        let seq = 1 + of_device.count() as u64;
        let mut seen = Seen::default();
        for (event, claims) in &steps {
            let is_own = event.origin.device == device;
            if is_own || drawn.below(3) > 0 {
                seen.apply(Dot::new(event.origin.device, event.origin.seq));
                for dot in claims.iter().flat_map(Seen::iter) {
                    seen.apply(Dot::new(*dot.actor, dot.counter));
                }
            }
        }
        if drawn.below(12) == 0 {
            // A claim that cannot be.
            seen.apply(Dot::new(
                DeviceId(Uuid::from_u128(1 + u128::from(drawn.below(4)))),
                9,
            ));
        }
        let event = Event {
            // The first is mostly the report; 12 is a step of a later version.
            step: match steps.is_empty() && drawn.below(4) > 0 {
                true => 1 + drawn.below(2),
                false => 1 + drawn.below(12),
            },
            note: String::new(),
            target: ["", "物业", "城管"]
                .into_iter()
                .nth(drawn.below(3) as usize)
                .unwrap()
                .to_owned(),
        };
        let origin = Origin {
            stamp: Stamp {
                ms: drawn.below(30),
                counter: 0,
            },
            device,
            seq,
            author: WorkerId(Uuid::from_u128(1 + u128::from(drawn.below(3)))),
        };
        let says = drawn.below(8) > 0;
        steps.push((RecordEvent { event, origin }, says.then_some(seen)));
    }
    steps
}

/// All that the fold answers, in words.
fn outcome(steps: &[(RecordEvent, Option<Seen>)]) -> String {
    let taken: Vec<TakenStep<'_>> = steps
        .iter()
        .map(|(event, seen)| TakenStep {
            event,
            seen: seen.as_ref(),
        })
        .collect();
    let state = fold(&LIFE_CYCLE, &taken);
    let done_by: Vec<u128> = state.done_by.iter().map(|worker| worker.0.as_u128()).collect();
    let mut words = format!("{} {done_by:?}", state.step);
    for entry in &state.timeline {
        let Origin { device, seq, .. } = entry.event.origin;
        words += &format!("; {} {seq} {}", device.0.as_u128(), entry.reason);
    }
    words
}

#[test]
fn every_recorded_story_comes_to_the_same_as_before() {
    let mut found = String::new();
    for line in 0..40 {
        let mut hasher = blake3::Hasher::new();
        for number in line * STORIES_A_LINE..(line + 1) * STORIES_A_LINE {
            hasher.update(outcome(&story(number)).as_bytes());
        }
        found += &format!("{}\n", hasher.finalize().to_hex());
    }
    assert_eq!(found, RECORDED);
}
