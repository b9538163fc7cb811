//! A record that one operation made and nothing else has touched, which is what most records are for most of
//! their life: its values and clocks can be read off the operation, without a fold.
//!
//! Owes: the same as [`RecordState::start`](super::RecordState::start), which the tests hold it to.

use super::record::Origin;
use crate::change::{Change, MemberEdit, Operation, Seen, Write};
use crate::domain::schema::{FieldId, FieldMerge, RecordKind, RecordRef};
use crate::domain::value::{FieldMap, Fields, Value};
use crate::ids::AreaCode;

/// What a record holds whose first operation this is, as that operation holds it.
#[derive(Debug)]
pub struct Created<'a> {
    change: &'a Change,
    /// Set fields, their members ascending.
    sets: FieldMap,
}

impl<'a> Created<'a> {
    /// `None` when the operation is not plain: it removes, appends an event, claims to have seen something, writes
    /// nothing into a field, writes a field twice or against its table. Then only the fold knows.
    pub fn by(operation: &'a Operation) -> Option<Self> {
        let Change {
            writes,
            members,
            event,
            removal,
        } = &operation.change;
        if event.is_some() || removal.is_some() {
            return None;
        }
        let merge_of = merge_of(operation.record.kind);
        let is_plain = |write: &Write| {
            write.seen.is_empty()
                && write.value != Value::Null
                && merge_of(write.field) != Some(FieldMerge::Set)
        };
        if !writes.iter().all(is_plain) || !are_different(writes) {
            return None;
        }
        let mut sets = FieldMap::new();
        let mut before = None;
        for edit in members {
            let next = (edit.field, edit.member);
            let is_plain = edit.removes.is_none()
                && before.is_none_or(|before| before < next)
                && merge_of(edit.field) == Some(FieldMerge::Set);
            if !is_plain {
                return None;
            }
            before = Some(next);
            match sets
                .entry(edit.field)
                .or_insert_with(|| Value::Numbers(Vec::new()))
            {
                Value::Numbers(numbers) => numbers.push(edit.member),
                _ => return None,
            }
        }
        Some(Self {
            change: &operation.change,
            sets,
        })
    }

    /// The fields, set fields behind the others.
    pub fn iter(&self) -> impl Iterator<Item = (FieldId, &Value)> {
        let written = self.change.writes.iter().map(|write| (write.field, &write.value));
        written.chain(self.sets.iter().map(|(field, value)| (*field, value)))
    }
}

impl Fields for Created<'_> {
    fn value_of(&self, id: FieldId) -> Option<&Value> {
        self.change.value_of(id).or_else(|| self.sets.get(&id))
    }
}

fn are_different(writes: &[Write]) -> bool {
    is_ascending(writes)
        || (1..).zip(writes).all(|(next, write)| {
            let behind = writes.get(next..).unwrap_or_default();
            behind.iter().all(|other| other.field != write.field)
        })
}

fn is_ascending(writes: &[Write]) -> bool {
    writes.is_sorted_by(|one, next| one.field < next.field)
}

/// The operation that made a record which nothing has touched since, from what the record holds: the way back from
/// [`Created`], for an operation whose parts are [in order](is_in_order).
pub fn creation(origin: &Origin, area: &AreaCode, record: RecordRef, values: FieldMap) -> Operation {
    let mut change = Change::default();
    change.writes.reserve(values.len());
    let merge_of = merge_of(record.kind);
    for (field, value) in values {
        match value {
            Value::Numbers(members) if merge_of(field) == Some(FieldMerge::Set) => {
                change
                    .members
                    .extend(members.into_iter().map(|member| MemberEdit {
                        field,
                        member,
                        removes: None,
                    }));
            }
            value => change.writes.push(Write {
                field,
                value,
                seen: Seen::default(),
            }),
        }
    }
    Operation {
        device: origin.device,
        seq: origin.seq,
        author: origin.author,
        stamp: origin.stamp,
        area: area.clone(),
        record,
        change,
    }
}

/// Whether an operation that is plain has its writes by ascending field, as forms write them.
pub fn is_in_order(operation: &Operation) -> bool {
    is_ascending(&operation.change.writes)
}

fn merge_of(kind: RecordKind) -> impl Fn(FieldId) -> Option<FieldMerge> {
    let spec = kind.spec();
    move |field| Some(spec?.field(field)?.merge)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::crdt::RecordState;
    use crate::crdt::origin_of;
    use crate::testing::FakeDevice;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            1 => Just(Value::Null),
            5 => any::<i64>().prop_map(Value::Int),
            5 => ".{0,12}".prop_map(Value::Text),
            2 => proptest::collection::vec(1..9_u64, 1..4).prop_map(Value::Numbers),
        ]
    }

    prop_compose! {
        /// Fields that the kind knows and others, plain ones and others.
        fn an_operation()(
            kind in 1..8_u8,
            writes in proptest::collection::vec((1..16_u8, value()), 0..6),
            members in proptest::collection::vec((1..16_u8, 1..9_u64, any::<bool>()), 0..3),
            replaces in proptest::bool::weighted(0.1),
        ) -> Operation {
            let seen = || match replaces {
                true => Seen::from(crdts::Dot::new(FakeDevice::numbered(9).device, 3)),
                false => Seen::default(),
            };
            let change = Change {
                writes: writes.into_iter().map(|(field, value)| Write { field: FieldId(field), value, seen: seen() }).collect(),
                members: members.into_iter().map(|(field, member, adds)| MemberEdit {
                    field: FieldId(field), member, removes: (!adds).then(seen),
                }).collect(),
                ..Change::default()
            };
            let record = RecordRef::new(RecordKind(kind), Uuid::from_u128(5));
            FakeDevice::numbered(1).operation(5, record, change)
        }
    }

    fn values_of(operation: &Operation) -> Option<FieldMap> {
        let created = Created::by(operation)?;
        Some(
            created
                .iter()
                .map(|(field, value)| (field, value.clone()))
                .collect(),
        )
    }

    /// What validation lets through: registers are written, sets have members, and no field is both.
    fn keeps_to_its_table(operation: &Operation) -> bool {
        let Change { writes, members, .. } = &operation.change;
        let merge = merge_of(operation.record.kind);
        writes
            .iter()
            .all(|write| merge(write.field) != Some(FieldMerge::Set))
            && members.iter().all(|edit| {
                merge(edit.field) != Some(FieldMerge::Register)
                    && writes.iter().all(|write| write.field != edit.field)
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn what_is_read_off_the_operation_is_what_the_fold_gives(operation in an_operation(), at in any::<u32>()) {
            let at = Some(u64::from(at));
            let folded = RecordState::start(&operation, at);
            if let Some(values) = values_of(&operation) {
                if is_in_order(&operation) {
                    let origin = origin_of(&operation, None);
                    let clocks = RecordState::start(&operation, None).pack_clocks(operation.record.kind);
                    prop_assert_eq!(crate::crdt::untouched_origin(&clocks), Some(origin));
                    let back = creation(&origin, &operation.area, operation.record, values.clone());
                    prop_assert_eq!(&back, &operation);
                }
                prop_assert_eq!(values, folded.values());
                prop_assert_eq!(crate::crdt::clocks_of_origin(&origin_of(&operation, at)), folded.pack_clocks(operation.record.kind));
            }
        }

        #[test]
        fn every_record_reads_back_from_its_values_and_clocks(operation in an_operation()) {
            // A quarter of them does not; validation lets none of these through.
            if !keeps_to_its_table(&operation) {
                return Ok(());
            }
            let folded = RecordState::start(&operation, Some(7));
            let kind = operation.record.kind;
            let back = RecordState::unpack(kind, operation.area.clone(), &folded.values(), &folded.pack_clocks(kind));
            prop_assert!(back.is_ok_and(|back| back.looks_like(&folded)));
        }
    }

    #[test]
    fn a_form_as_it_is_saved_is_plain() {
        let wanted = FieldMap::from_iter([(crate::domain::resident::NAME, Value::text("单春"))]);
        let change = RecordState::change_to(RecordKind::RESIDENT, None, wanted.clone());
        let record = RecordRef::new(RecordKind::RESIDENT, Uuid::from_u128(5));
        let operation = FakeDevice::numbered(1).operation(5, record, change);
        assert_eq!(values_of(&operation), Some(wanted));
    }
}
