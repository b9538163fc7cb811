use proptest::prelude::*;

use super::*;
use crate::change::Write;
use crate::domain::schema::{FieldId, RecordKind, RecordRef};
use crate::domain::value::Value;
use crate::testing::FakeDevice;

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Int),
        ".{0,12}".prop_map(Value::Text),
        any::<u128>().prop_map(|id| Value::Id(Uuid::from_u128(id))),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(Value::Bytes),
        proptest::collection::vec(any::<u64>(), 0..5).prop_map(Value::Numbers),
        proptest::collection::vec(".{0,6}", 0..4).prop_map(Value::Texts),
        proptest::collection::vec(any::<u128>().prop_map(Uuid::from_u128), 0..3).prop_map(Value::Ids),
    ]
}

fn seen() -> impl Strategy<Value = Seen> {
    proptest::collection::btree_map(
        any::<u128>().prop_map(|id| DeviceId(Uuid::from_u128(id))),
        1..99_u64,
        0..3,
    )
    .prop_map(|dots| Seen { dots })
}

fn change() -> impl Strategy<Value = Change> {
    let writes = proptest::collection::vec((any::<u8>(), value(), seen()), 0..5).prop_map(|writes| {
        writes
            .into_iter()
            .map(|(field, value, seen)| Write {
                field: FieldId(field),
                value,
                seen,
            })
            .collect()
    });
    let members = proptest::collection::vec((any::<u8>(), any::<u64>(), proptest::option::of(seen())), 0..3)
        .prop_map(|edits| {
            let edit = |(field, member, removes)| MemberEdit {
                field: FieldId(field),
                member,
                removes,
            };
            edits.into_iter().map(edit).collect()
        });
    let event = proptest::option::of(
        (any::<u64>(), ".{0,9}", ".{0,9}").prop_map(|(step, note, target)| Event { step, note, target }),
    );
    (writes, members, event, proptest::option::of(seen())).prop_map(|(writes, members, event, removal)| {
        Change {
            writes,
            members,
            event,
            removal,
        }
    })
}

prop_compose! {
    fn a_set()(changes in proptest::collection::vec((change(), any::<u8>(), any::<u128>(), any::<u64>()), 0..12)) -> Vec<Operation> {
        let mut device = FakeDevice::numbered(3);
        changes.into_iter().map(|(change, kind, id, ms)| {
            let record = RecordRef { kind: RecordKind(kind), id: Uuid::from_u128(id) };
            let mut operation = device.operation(5, record, change);
            operation.stamp.ms = ms;
            operation
        }).collect()
    }
}

fn origin() -> PushOrigin {
    let device = FakeDevice::numbered(3);
    PushOrigin {
        device: device.device,
        author: device.worker,
        first_seq: 1,
    }
}

proptest! {
    #[test]
    fn a_pushed_page_decodes_to_what_was_encoded(operations in a_set()) {
        prop_assert_eq!(decode_push(&encode_push(&operations), origin()), Ok(operations));
    }

    #[test]
    fn a_pulled_page_decodes_to_what_was_encoded(operations in a_set(), applied in any::<u64>()) {
        let applied: Vec<_> = operations.into_iter()
            .map(|operation| AppliedOperation { applied_at: applied ^ operation.seq, operation })
            .collect();
        prop_assert_eq!(decode_pull(&encode_pull(&applied)), Ok(applied));
    }

    #[test]
    fn a_pushed_page_is_read_in_parts_of_any_size(operations in a_set(), sizes in proptest::collection::vec(0..4_usize, 0..8)) {
        let page = encode_push(&operations);
        let mut page = PushedPage::open(&page, origin()).unwrap();
        prop_assert_eq!(page.count(), operations.len());
        let mut read = Vec::new();
        for size in sizes.into_iter().chain([usize::MAX, 1]) {
            read.extend(page.take(size).unwrap());
        }
        prop_assert_eq!(&read, &operations);
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode_push(&bytes, origin());
        let _ = decode_pull(&bytes);
    }

    #[test]
    fn an_altered_byte_never_panics(operations in a_set(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut page = encode_push(&operations);
        let index = at.index(page.len());
        page[index] = to;
        let _ = decode_push(&page, origin());
    }

    #[test]
    fn a_cut_page_is_refused_at_every_byte(operations in a_set()) {
        let page = encode_push(&operations);
        for length in 0..page.len() {
            prop_assert!(decode_push(&page[..length], origin()).is_err());
        }
    }
}

#[test]
fn what_a_page_makes_is_bounded_whether_it_is_written_or_added() {
    const EACH: usize = PARTS_PER_OPERATION_MAX;
    let page = |count: usize| {
        let mut device = FakeDevice::numbered(3);
        let members = (0..EACH as u64).map(|member| MemberEdit {
            field: FieldId(7),
            member,
            removes: None,
        });
        let change = Change {
            members: members.collect(),
            ..Change::default()
        };
        let record = RecordRef {
            kind: RecordKind(2),
            id: Uuid::from_u128(1),
        };
        let operations: Vec<AppliedOperation> = (0..count)
            .map(|_| AppliedOperation {
                operation: device.operation(5, record, change.clone()),
                applied_at: 1,
            })
            .collect();
        encode_pull(&operations)
    };
    for (count, fits) in [(100, true), (PARTS_PER_PAGE_MAX / EACH + 1, false)] {
        assert_eq!(decode_pull(&page(count)).is_ok(), fits, "{count}");
    }
}
