//! A register that keeps concurrent values side by side (an `MVReg`).
//!
//! State: values, each with a clock of everything that it replaced. Operation: put a value, having seen others. Merge
//! rule: a value goes when another one's clock names the operation that wrote it. Owes: the same values for the same
//! set of operations, in whatever order.
//!
//! The register of the crate `crdts` compares whole clocks, and lets a write replace all that its device wrote before.
//! The first is not enough where a device has gone on under another identity: what it then replaces may itself name the
//! old one, which the new one does not name any more. The second is too much where a device had let go of what it wrote
//! before, and writes again: its author did not see it.

use crdts::{CmRDT, CvRDT, Dot};
use serde::{Deserialize, Serialize};

use super::record::Written;
use crate::change::Seen;
use crate::ids::DeviceId;

/// Packed as that register is. In the clocks of rows that it wrote stands, beside what the value replaced, the value
/// itself; that does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Register {
    vals: Vec<(Seen, Written)>,
}

impl Register {
    /// Puts a value whose author had seen `seen`. Putting it again gives it its date.
    pub(super) fn put(&mut self, seen: &Seen, written: Written) {
        let mut clock = seen.clone();
        let has_replaced_it =
            |(clock, old): &&mut (Seen, Written)| !is_same(old, &written) && names(clock, &written);
        if let Some((clock_of_later, later)) = self.vals.iter_mut().find(has_replaced_it) {
            // It comes late. What it had replaced is replaced all the same.
            clock_of_later.merge(clock);
            let (clock, later) = (clock_of_later.clone(), later.clone());
            self.vals
                .retain(|(_, old)| is_same(old, &later) || !names(&clock, old));
            return;
        }
        self.vals.retain(|(before, old)| {
            let goes = is_same(old, &written) || names(&clock, old);
            if goes {
                clock.merge(before.clone());
            }
            !goes
        });
        self.vals.push((clock, written));
    }

    /// The values, in an order that differs by replica.
    pub(super) fn values(&self) -> impl Iterator<Item = &Written> {
        self.vals.iter().map(|(_, written)| written)
    }

    /// All that was written and replaced.
    pub(super) fn clock(&self) -> Seen {
        let mut all = Seen::default();
        for (clock, written) in &self.vals {
            all.merge(clock.clone());
            all.apply(dot(written));
        }
        all
    }

    /// Whether there is one value, and it has replaced nothing.
    pub(super) fn is_first(&self) -> bool {
        match self.vals.as_slice() {
            [(clock, written)] => clock.is_empty() || *clock == Seen::from(dot(written)),
            _ => false,
        }
    }
}

fn dot(written: &Written) -> Dot<DeviceId> {
    Dot::new(written.origin.device, written.origin.seq)
}

fn is_same(one: &Written, other: &Written) -> bool {
    dot(one) == dot(other)
}

fn names(clock: &Seen, written: &Written) -> bool {
    clock.get(&written.origin.device) >= written.origin.seq
}

#[cfg(test)]
mod tests {
    use crdts::{MVReg, mvreg};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::clock::Stamp;
    use crate::crdt::Origin;
    use crate::domain::value::Value;
    use crate::ids::WorkerId;

    fn device(number: u8) -> DeviceId {
        DeviceId(Uuid::from_u128(number.into()))
    }

    fn written(number: u8, seq: u64) -> Written {
        Written {
            value: Value::Int(i64::from(number) * 100 + seq as i64),
            origin: Origin {
                stamp: Stamp { ms: seq, counter: 0 },
                device: device(number),
                seq,
                author: WorkerId(Uuid::nil()),
            },
        }
    }

    fn seen(dots: &[(u8, u64)]) -> Seen {
        let mut seen = Seen::default();
        for (number, seq) in dots {
            seen.apply(Dot::new(device(*number), *seq));
        }
        seen
    }

    fn shown(register: &Register) -> Vec<i64> {
        let mut values: Vec<i64> = register.values().filter_map(|w| w.value.as_int()).collect();
        values.sort_unstable();
        values
    }

    /// Seed 2632 of the simulation: device 1 went on as device 3; what device 2 had seen of it under its old name the
    /// new one does not name.
    #[test]
    fn a_value_that_was_seen_is_replaced_whatever_it_had_seen_itself() {
        let puts = [(seen(&[(1, 5)]), written(2, 1)), (seen(&[(2, 1)]), written(3, 1))];
        for order in [[0, 1], [1, 0]] {
            let mut register = Register::default();
            for place in order {
                let (seen, written) = &puts[place];
                register.put(seen, written.clone());
            }
            assert_eq!(shown(&register), [301]);
            assert_eq!(register.clock(), seen(&[(1, 5), (2, 1), (3, 1)]));
        }
    }

    /// Its device had let go of the first value before it wrote the second: nobody has seen one of them when writing the
    /// other.
    #[test]
    fn a_device_that_writes_again_replaces_only_what_it_saw() {
        let puts = [
            (seen(&[]), written(1, 3)),
            (seen(&[(2, 1)]), written(1, 7)),
            (seen(&[(1, 3)]), written(1, 8)),
        ];
        for order in [[0, 1], [1, 0]] {
            let mut register = Register::default();
            for place in order {
                let (seen, written) = &puts[place];
                register.put(seen, written.clone());
            }
            assert_eq!(shown(&register), [103, 107]);
            assert_eq!(register.clock(), seen(&[(1, 7), (2, 1)]));
            let (seen_then, third) = &puts[2];
            register.put(seen_then, third.clone());
            assert_eq!(shown(&register), [107, 108]);
        }
    }

    /// A history: each write of one of four devices sees what some of the writes before it had left, and all of its own
    /// device's when `sees_own`.
    fn histories(sees_own: bool) -> impl Strategy<Value = Vec<(Seen, Written)>> {
        proptest::collection::vec((0..4_u8, any::<u16>()), 1..9).prop_map(move |drawn| {
            let mut puts: Vec<(Seen, Written)> = Vec::new();
            let mut seqs = [0_u64; 4];
            for (number, sees) in drawn {
                let mut seen = Seen::default();
                for (place, (before, other)) in puts.iter().enumerate() {
                    if sees >> place & 1 == 1 || sees_own && other.origin.device == device(number) {
                        seen.merge(before.clone());
                        seen.apply(Dot::new(other.origin.device, other.origin.seq));
                    }
                }
                seqs[usize::from(number)] += 1;
                puts.push((seen, written(number, seqs[usize::from(number)])));
            }
            puts
        })
    }

    proptest! {
        #[test]
        fn in_any_order_it_shows_what_nobody_had_seen(
            puts in any::<bool>().prop_flat_map(histories),
            order in any::<proptest::sample::Index>(),
        ) {
            let mut shuffled = puts.clone();
            let turn = order.index(puts.len());
            shuffled.rotate_left(turn);
            shuffled.reverse();
            let mut registers = [Register::default(), Register::default()];
            for (register, puts) in registers.iter_mut().zip([&puts, &shuffled]) {
                for (seen, written) in puts {
                    register.put(seen, written.clone());
                }
            }
            let replaced = |w: &Written| puts.iter().any(|(seen, _)| names(seen, w));
            let mut expected: Vec<i64> = puts
                .iter()
                .filter(|(_, w)| !replaced(w))
                .filter_map(|(_, w)| w.value.as_int())
                .collect();
            expected.sort_unstable();
            prop_assert_eq!(shown(&registers[0]), expected.clone());
            prop_assert_eq!(shown(&registers[1]), expected);
            prop_assert_eq!(registers[0].clock(), registers[1].clock());
        }

        #[test]
        fn what_was_packed_before_is_read_and_goes_on(puts in histories(true)) {
            let mut theirs = MVReg::<Written, DeviceId>::new();
            let mut ours = Register::default();
            for (seen, val) in &puts {
                let mut clock = seen.clone();
                clock.apply(Dot::new(val.origin.device, val.origin.seq));
                theirs.apply(mvreg::Op::Put { clock, val: val.clone() });
                ours.put(seen, val.clone());
            }
            let packed = postcard::to_stdvec(&theirs).unwrap();
            let mut read: Register = postcard::from_bytes(&packed).unwrap();
            prop_assert_eq!(shown(&read), shown(&ours));
            prop_assert_eq!(read.clock(), ours.clock());
            let next = written(9, 1);
            read.put(&ours.clock(), next.clone());
            ours.put(&ours.clock(), next);
            prop_assert_eq!(shown(&read), shown(&ours));
            prop_assert_eq!(read.clock(), ours.clock());
        }
    }
}
