//! Records that are the same household or person: which of them stands for the others.
//!
//! State: each record may say "merged into" one other, a register field. Operations: write the field, or
//! empty it again. Rule: follow what is shown there until a record that names none. Tie-break: people who
//! merged in a circle (A into B, B into A at the same time) get the smallest id of the circle, which for ids
//! made on devices is the record that was made first. A record that is not here or was removed stands for
//! nobody. Owes: a pure function of the records, so the same on every device.
//!
//! ```text
//!   A ──► B ──► C        C stands for all three
//!   A ──► B ──► A        the smaller of both
//!   A ──► (removed)      A stands for itself: nothing is hidden by a removal
//! ```

use uuid::Uuid;

/// The record that stands for `id`. `next` gives the record that one is merged into, if it is there.
///
/// # Errors
/// Those of `next`.
pub fn kept<E>(id: Uuid, mut next: impl FnMut(Uuid) -> Result<Option<Uuid>, E>) -> Result<Uuid, E> {
    let mut way = vec![id];
    let mut last = id;
    while let Some(further) = next(last)? {
        if let Some(start) = way.iter().position(|passed| *passed == further) {
            let circle = way.iter().skip(start);
            return Ok(circle.min().copied().unwrap_or(further));
        }
        way.push(further);
        last = further;
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn stands_for(pointers: &BTreeMap<u128, u128>, id: u128) -> u128 {
        let next = |id: Uuid| Ok::<_, Infallible>(pointers.get(&id.as_u128()).copied().map(Uuid::from_u128));
        match kept(Uuid::from_u128(id), next) {
            Ok(kept) => kept.as_u128(),
        }
    }

    fn check(pointers: &[(u128, u128)], id: u128, expect: u128) {
        assert_eq!(stands_for(&pointers.iter().copied().collect(), id), expect);
    }

    #[test]
    fn a_chain_leads_to_its_end() {
        check(&[(1, 2), (2, 3)], 1, 3);
        check(&[(1, 2), (2, 3)], 3, 3);
        check(&[], 1, 1);
    }

    #[test]
    fn a_circle_is_kept_under_its_first_record() {
        for id in [1, 2] {
            check(&[(1, 2), (2, 1)], id, 1);
        }
        // Who leads into a circle follows it, and does not decide.
        check(&[(0, 5), (5, 7), (7, 6), (6, 5)], 0, 5);
        check(&[(0, 5), (5, 7), (7, 6), (6, 5)], 7, 5);
        check(&[(4, 4)], 4, 4);
    }

    proptest! {
        #[test]
        fn who_stands_for_others_stands_for_itself(pointers in proptest::collection::btree_map(0..12_u128, 0..12_u128, 0..12)) {
            for id in 0..12 {
                let kept = stands_for(&pointers, id);
                prop_assert_eq!(stands_for(&pointers, kept), kept);
                if let Some(next) = pointers.get(&id) {
                    prop_assert_eq!(stands_for(&pointers, *next), kept);
                }
            }
        }

        #[test]
        fn a_record_that_is_separated_stands_for_itself(
            mut pointers in proptest::collection::btree_map(0..12_u128, 0..12_u128, 0..12), id in 0..12_u128,
        ) {
            pointers.remove(&id);
            prop_assert_eq!(stands_for(&pointers, id), id);
        }
    }
}
