//! Negative control: without the comparison of a receipt's chain a copy of a phone believes the other copy's receipt.
//!
//! Apart from other tests, because a guard is taken away from the whole process.

use replica::storage::replies::ReplyError;
use shared::domain::worker::Role;
use shared::guards::{Guard, only_without};
use shared::protocol::v1::{self, SyncReply, SyncRequest};
use tests::World;
use tests::world::GRID;

/// The receipt for what the other copy did, asked for while this one had nothing to send.
async fn receipt_of_the_other(world: &World, token: &str, asked: &SyncRequest) -> SyncReply {
    let reply = world.server.sync(token, asked).await;
    reply.expect("the server answers")
}

#[tokio::test(flavor = "current_thread")]
async fn without_the_comparison_work_counts_as_uploaded_that_is_nowhere() {
    for guarded in [true, false] {
        let world = World::new().await;
        let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
        let asked: SyncRequest =
            v1::decode(&amina.replica.sync_request(true).expect("a request")).expect("of ours");
        // The same phone once more, with the same identity and token.
        let other = amina.status().session.expect("she is signed in");
        let mut copy = sync_server::testing::TestPhone::new(other.device, other.worker, GRID);
        copy.household("1-1-101");
        let push = SyncRequest {
            push: Some(copy.push_from(1)),
            ..asked.clone()
        };
        receipt_of_the_other(&world, &amina.token, &push).await;
        let on_its_way = receipt_of_the_other(&world, &amina.token, &asked).await;
        amina.add_household("2-2-202");
        only_without((!guarded).then_some(Guard::ReceiptChain));
        let kept = amina.replica.keep_reply(&on_its_way);
        only_without(None);
        let waiting = amina.status().sync.waiting_operations;
        if guarded {
            assert!(matches!(kept, Err(ReplyError::ReceiptMismatch)));
            assert_eq!(waiting, 1, "her household waits");
        } else {
            assert!(kept.is_ok());
            assert_eq!(
                waiting, 0,
                "her household is lost: the server has the other one only"
            );
        }
    }
}
