//! The suite that every storage backend passes.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a suite of tests, also for backends elsewhere"
)]

mod compaction;
mod lending;
mod lending_misuse;
mod moves;
mod parked;
mod people;
mod sync;
mod uploads;
mod verify;

pub use compaction::*;
pub use lending::*;
pub use lending_misuse::*;
pub use moves::*;
pub use parked::*;
pub use people::*;
pub use sync::*;
pub use uploads::*;
pub use verify::*;

use shared::clock::TimestampMs;
use shared::domain::Issue;
use shared::domain::area::Area;
use shared::domain::issue::Category;
use shared::domain::worker::Role;
use shared::ids::{AreaCode, DeviceId, WorkerId};
use uuid::Uuid;

use super::{
    AddedAccount, NewAccount, NewSession, OpenedSession, PullRequest, Pulled, PushOutcome, Storage, Taken,
    TokenHash,
};
use crate::testing::TestPhone;

/// Runs the suite over a database, in a module named `$name`. `$open` gives a future of an empty storage and of
/// what must live as long as it.
#[macro_export]
macro_rules! conformance_suite {
    ($name:ident, $open:expr) => {
        $crate::conformance_suite!(@tests $name, $open,
            a_repeated_push_changes_nothing,
            a_push_behind_a_gap_is_refused,
            a_push_that_is_not_whole_leaves_nothing,
            a_fork_is_refused,
            a_push_that_overlaps_brings_only_what_is_new,
            a_clamped_time_is_told_before_a_later_one,
            a_bad_operation_is_parked_and_the_rest_flows,
            the_end_of_a_long_push_knows_its_beginning,
            what_waited_for_a_record_is_applied_when_it_comes,
            what_a_supervisor_takes_up_is_applied_as_it_was_recorded,
            nobody_takes_up_what_is_not_theirs_to_take_up,
            nothing_is_taken_up_that_was_not_looked_at,
            the_time_of_applying_never_goes_back,
            a_community_is_pulled_in_order_and_in_pages,
            earlier_work_of_ones_own_is_handed_out,
            a_page_is_bounded_by_bytes,
            a_cursor_of_another_life_starts_over,
            a_segment_is_whole_and_stays_the_same,
            segments_are_prepared_where_somebody_works,
            what_was_recorded_before_a_reassignment_is_accepted,
            a_device_that_knows_of_the_loss_for_a_week_brings_nothing_from_before,
            a_new_device_has_no_work_from_before_it_was_enrolled,
            a_step_that_is_not_the_authors_is_set_aside,
            parked_operations_show_where_the_author_worked,
            a_household_moves_with_all_that_lies_beside_it,
            what_is_recorded_where_a_household_lay_follows_it,
            who_moves_a_household_has_both_areas,
            a_push_makes_so_many_moves,
            segments_do_not_hold_what_has_left,
            what_is_sent_to_a_unit_stands_in_its_log,
            what_is_returned_leaves_the_log_of_the_unit,
            what_is_sent_elsewhere_is_lent_to_the_other_unit,
            a_unit_that_does_not_reach_there_holds_nothing,
            what_was_closed_long_ago_is_not_lent_any_more,
            what_is_lent_is_verified_where_it_is_lent,
            what_is_lent_stays_lent_where_its_household_goes,
            a_units_area_is_for_who_works_for_it,
            a_step_that_says_it_was_first_takes_nothing_out_of_its_grid,
            nothing_is_taken_up_that_would_lie_in_a_units_area,
            a_unit_is_told_what_is_and_not_what_was,
            nobody_fills_the_list_of_a_grid_by_naming_a_unit,
            what_a_units_device_lacks_is_shown_where_the_unit_was_decided_on,
            a_photo_record_of_ones_own_opens_no_bytes_of_others,
            what_comes_within_reach_is_lent_then,
            a_photo_that_was_withdrawn_between_two_lendings_is_gone,
            records_that_a_device_holds_otherwise_are_handed_out,
            a_device_that_has_not_read_everything_is_not_compared,
            what_was_replaced_leaves_the_log_and_nothing_else_changes,
            what_left_the_log_is_known_when_it_is_sent_again,
            what_the_importer_said_stays,
            photos_belong_to_areas,
            who_recorded_a_photo_may_send_it_after_a_reassignment,
            a_chunk_counts_once_and_only_at_its_place,
            an_upload_is_there_for_its_own_device_only,
            open_uploads_are_bounded_and_go_on,
            a_finished_upload_is_a_photo,
            uploads_are_swept_after_their_term,
            received_photos_are_listed_once_and_in_pages,
            another_life_has_another_epoch_and_the_same_operations,
            gaps_are_known_where_their_workers_are,
            areas_are_added_and_renamed,
            the_directory_names_what_is_around,
            accounts_come_and_go,
            devices_stay_with_their_worker,
            a_revoked_device_sends_nothing,
            who_revokes_a_device_revokes_what_was_enrolled_with_its_session,
            one_person_is_signed_in_on_so_many_devices,
            a_fork_takes_nobodys_place_and_a_desk_that_reads_is_not_thrown_out,
            a_copy_that_asks_again_gets_the_identity_that_it_asked_for,
            a_name_in_another_form_is_taken,
            the_importer_stays_the_same,
            what_is_not_there_is_none,
        );
    };
    (@tests $name:ident, $open:expr, $($test:ident,)+) => {
        mod $name {
            use super::*;
            $(
                #[tokio::test]
                async fn $test() {
                    let (storage, _kept) = ($open)().await;
                    $crate::storage::conformance::$test(&storage).await;
                    let report = storage.check().await.unwrap();
                    assert_eq!(report.faults, Vec::<String>::new());
                }
            )+
        }
    };
}

pub(super) const COMMUNITY: &str = "130803001001";
pub(super) const GRID: &str = "130803001001-01";
pub(super) const OTHER_GRID: &str = "130803001001-02";
pub(super) const NEIGHBOUR: &str = "130803001002";
pub(super) const NOW: TimestampMs = 1_795_000_000_000;

pub(super) fn area(code: &str) -> AreaCode {
    AreaCode::new(code).unwrap()
}

/// What is held of who works in a grid: it, and what is decided for its street and community.
pub(super) fn reached(grid: &str) -> Vec<AreaCode> {
    vec![area(grid), area("130803001000-00"), area("130803001001-00")]
}

pub(super) fn id(number: u8) -> Uuid {
    Uuid::from_bytes([number; 16])
}

pub(super) fn an_issue() -> Issue {
    Issue {
        category: Category::Facilities,
        title: "楼道灯不亮".to_owned(),
        note: String::new(),
        household: None,
        place: String::new(),
        visit: None,
        reported_at: NOW,
    }
}

pub(super) async fn with_areas(storage: &Storage) {
    let areas = ["130803", "130803001", COMMUNITY, GRID, OTHER_GRID, NEIGHBOUR];
    let areas = areas.map(|code| Area {
        code: area(code),
        name: format!("area {code}"),
    });
    storage.put_areas(&areas).await.unwrap();
}

/// A worker with a signed-in phone; `number` keeps ids of people apart.
pub(super) async fn a_phone(storage: &Storage, number: u8, role: Role, at: &[&str]) -> TestPhone {
    let worker = WorkerId(id(100 + number));
    let account = NewAccount {
        worker,
        username: format!("worker{number}"),
        display: format!("Worker {number}"),
        role,
        areas: at.iter().map(|code| area(code)).collect(),
        password: "$argon2id$".to_owned(),
    };
    assert_eq!(storage.add_account(account).await.unwrap(), AddedAccount::Added);
    let opened = enrol(storage, worker, None, number).await.unwrap();
    TestPhone::new(opened.device, worker, at[0])
}

pub(super) async fn enrol(
    storage: &Storage,
    worker: WorkerId,
    device: Option<DeviceId>,
    number: u8,
) -> Option<OpenedSession> {
    let session = NewSession {
        worker,
        device,
        device_fresh: DeviceId(id(number)),
        device_name: "phone".to_owned(),
        token: TokenHash([number; 32]),
        parent: None,
    };
    storage.open_session(session, NOW).await.unwrap().opened()
}

/// Pushes operations `first..=last` at `now_ms`.
pub(super) async fn push_at(
    storage: &Storage,
    phone: &TestPhone,
    first: u64,
    last: u64,
    now_ms: TimestampMs,
) -> PushOutcome {
    let push = phone.incoming(phone.push_of(first, last));
    storage.apply_push(push, now_ms).await.unwrap()
}

/// Pushes everything from `first` on, which must be taken.
pub(super) async fn push(storage: &Storage, phone: &TestPhone, first: u64) -> Taken {
    match push_at(storage, phone, first, phone.operations.len() as u64, NOW).await {
        PushOutcome::Taken(taken) => taken,
        PushOutcome::Refused(refusal) => panic!("refused: {refusal}"),
    }
}

/// Everything that a phone lacks behind `cursor` in its first area.
pub(super) async fn pull(storage: &Storage, phone: &TestPhone, cursor: u64, operations_max: u32) -> Pulled {
    let epoch = storage.epoch().await.unwrap();
    let request = PullRequest {
        worker: phone.worker,
        device: phone.device,
        own_from_seq: 1,
        epoch: Some(epoch),
        cursors: [(phone.area.clone(), cursor)].into(),
        operations_max,
        bytes_max: usize::MAX,
    };
    storage.pull(request).await.unwrap()
}
