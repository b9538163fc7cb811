//! `POST /v1/sync`: what a device may send, and what no device can do.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use axum::body::Body;
use axum::http::{Method, StatusCode};
use shared::change::Change;
use shared::crdt::RecordState;
use shared::domain::worker::Role;
use shared::domain::{FieldId, FieldMap, Household, RecordKind, RecordRef, Value};
use shared::ids::{EpochId, WorkerId};
use shared::protocol::v1::{self, CONTENT_TYPE, ParkedOperation, Push, REQUEST_BYTES_MAX, SyncRequest};
use sync_server::chance::Chance;
use sync_server::testing::{SeededChance, TestPhone, TestServer, a_request};
use uuid::Uuid;

const COMMUNITY: &str = "130803001001";
const GRID: &str = "130803001001-01";
const OTHER_GRID: &str = "130803001001-02";

struct Signed {
    server: TestServer,
    token: String,
    phone: TestPhone,
}

/// Amina's phone, and Joao's token in the same grid.
async fn amina_and_joao() -> (Signed, String) {
    let server = TestServer::start().await;
    server.add_area(COMMUNITY, "元宝山社区").await;
    server.add_area(GRID, "第1网格").await;
    server.add_worker("amina", Role::Member, &[GRID]).await;
    server.add_worker("joao", Role::Member, &[GRID]).await;
    let amina = server.sign_in("amina").await;
    let joao = server.sign_in("joao").await;
    let phone = TestPhone::of(&amina, GRID);
    (
        Signed {
            server,
            token: amina.token,
            phone,
        },
        joao.token,
    )
}

async fn held(signed: &Signed) -> u64 {
    signed
        .server
        .sync(&signed.token, &a_request(None))
        .await
        .unwrap()
        .receipt
        .through_seq
}

#[tokio::test]
async fn what_one_phone_pushes_the_other_pulls() {
    let (mut amina, joao) = amina_and_joao().await;
    let household = amina.phone.household("3-2-501");
    amina.phone.visit(household, "灯坏了");
    let reply = amina
        .server
        .sync(&amina.token, &a_request(Some(amina.phone.push_from(1))))
        .await
        .unwrap();
    assert_eq!(
        (reply.receipt.through_seq, reply.receipt.chain),
        (2, amina.phone.chain_at(2))
    );
    assert_eq!(reply.pages[0].remaining, 0);
    assert_eq!(reply.scope[0].as_str(), GRID);
    let pulled = amina.server.sync(&joao, &a_request(None)).await.unwrap();
    let operations = shared::change::encode::decode_pull(&pulled.pages[0].page).unwrap();
    assert_eq!(
        operations
            .iter()
            .map(|applied| applied.operation.clone())
            .collect::<Vec<_>>(),
        amina.phone.operations
    );
    assert!(
        operations
            .iter()
            .all(|applied| applied.applied_at == reply.receipt.applied_at)
    );
    let directory = pulled.directory.unwrap();
    assert_eq!(directory.workers.len(), 2);
    let next = SyncRequest {
        epoch: Some(pulled.epoch),
        cursors: [(pulled.pages[0].area.clone(), pulled.pages[0].cursor)].into(),
        directory_version: directory.version,
        ..a_request(None)
    };
    let nothing = amina.server.sync(&joao, &next).await.unwrap();
    assert_eq!(
        shared::change::encode::decode_pull(&nothing.pages[0].page).unwrap(),
        []
    );
    assert_eq!(
        (nothing.pages[0].cursor, nothing.directory),
        (pulled.pages[0].cursor, None)
    );
    let restored = SyncRequest {
        epoch: Some(EpochId(Uuid::nil())),
        ..next
    };
    let again = amina.server.sync(&joao, &restored).await.unwrap();
    assert_eq!(
        shared::change::encode::decode_pull(&again.pages[0].page)
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn a_doubled_push_has_the_same_receipt_and_nothing_twice() {
    let (mut amina, joao) = amina_and_joao().await;
    amina.phone.household("3-2-501");
    let request = a_request(Some(amina.phone.push_from(1)));
    let first = amina.server.sync(&amina.token, &request).await.unwrap();
    amina.server.clock.advance(60_000);
    let second = amina.server.sync(&amina.token, &request).await.unwrap();
    assert_eq!(first.receipt, second.receipt);
    let pulled = amina.server.sync(&joao, &a_request(None)).await.unwrap();
    assert_eq!(
        shared::change::encode::decode_pull(&pulled.pages[0].page)
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_gap_and_a_fork_say_what_is_held() {
    let (mut amina, _) = amina_and_joao().await;
    for door in ["1-1-101", "1-1-201", "1-1-301"] {
        amina.phone.household(door);
    }
    amina
        .server
        .sync(&amina.token, &a_request(Some(amina.phone.push_of(1, 1))))
        .await
        .unwrap();
    let gap = amina
        .server
        .sync(&amina.token, &a_request(Some(amina.phone.push_of(3, 3))))
        .await
        .unwrap_err();
    assert_eq!(
        (gap.status, gap.code().as_str()),
        (StatusCode::CONFLICT, "push.gap")
    );
    let body: serde_json::Value = serde_json::from_slice(&gap.body).unwrap();
    assert_eq!(body["held"]["through_seq"], 1);
    let mut clone = TestPhone::new(amina.phone.device, amina.phone.worker, GRID);
    clone.now_ms += 5;
    clone.household("9-9-901");
    clone.household("9-9-902");
    let fork = amina
        .server
        .sync(&amina.token, &a_request(Some(clone.push_from(1))))
        .await
        .unwrap_err();
    assert_eq!(
        (fork.status, fork.code().as_str()),
        (StatusCode::CONFLICT, "push.fork")
    );
    assert_eq!(held(&amina).await, 1);
}

#[tokio::test]
async fn a_request_that_is_cut_at_any_byte_writes_nothing() {
    let (mut amina, _) = amina_and_joao().await;
    let household = amina.phone.household("3-2-501");
    amina.phone.visit(household, "灯坏了");
    let bytes = v1::encode(&a_request(Some(amina.phone.push_from(1))));
    for length in 0..bytes.len() {
        let cut = Body::from(bytes[..length].to_vec());
        let answer = amina
            .server
            .call(Method::POST, "/v1/sync", Some(&amina.token), (CONTENT_TYPE, cut))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{length}");
        assert!(!answer.code().is_empty(), "{length}");
    }
    assert_eq!(held(&amina).await, 0);
    // The page inside, cut where the frame around it is whole.
    let push = amina.phone.push_from(1);
    for length in 0..push.page.len() {
        let cut = Push {
            page: push.page[..length].to_vec(),
            ..push.clone()
        };
        let refused = amina
            .server
            .sync(&amina.token, &a_request(Some(cut)))
            .await
            .unwrap_err();
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (StatusCode::BAD_REQUEST, "push.damaged"),
            "{length}"
        );
    }
    assert_eq!(held(&amina).await, 0);
}

#[tokio::test]
async fn a_request_with_a_flipped_byte_is_refused_or_harmless() {
    let (mut amina, _) = amina_and_joao().await;
    amina.phone.household("3-2-501");
    let push = amina.phone.push_from(1);
    for index in 0..push.page.len() {
        let mut page = push.page.clone();
        page[index] ^= 0x55;
        let refused = amina
            .server
            .sync(&amina.token, &a_request(Some(Push { page, ..push.clone() })))
            .await;
        let refused = refused.expect_err("the chain does not match");
        assert!(
            ["push.damaged", "push.chain"].contains(&refused.code().as_str()),
            "{index}"
        );
    }
    assert_eq!(held(&amina).await, 0);
}

#[tokio::test]
async fn an_oversized_request_is_refused_before_it_is_read() {
    let (amina, _) = amina_and_joao().await;
    let announced = axum::http::Request::post("/v1/sync")
        .header("authorization", format!("Bearer {}", amina.token))
        .header("content-type", CONTENT_TYPE)
        .header("content-length", REQUEST_BYTES_MAX + 1)
        // A body that fails the test when somebody waits for it.
        .body(Body::from_stream(futures::stream::pending::<
            Result<Vec<u8>, std::io::Error>,
        >()))
        .unwrap();
    assert_eq!(
        amina.server.send(announced).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let chunk = vec![0_u8; 1 << 20];
    let chunks = futures::stream::iter((0..10).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
    let body = Body::from_stream(chunks);
    let answer = amina
        .server
        .call(Method::POST, "/v1/sync", Some(&amina.token), (CONTENT_TYPE, body))
        .await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "request.too_large")
    );
    let bomb = shared::change::frame::seal(&vec![0; 16 * 1024 * 1024 + 1]);
    let answer = amina
        .server
        .call(Method::POST, "/v1/sync", Some(&amina.token), (CONTENT_TYPE, bomb))
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn nobody_writes_in_anothers_name() {
    let (mut amina, joao) = amina_and_joao().await;
    // Joao's token with what Amina's phone recorded: the names are not in the bytes, so the chain breaks.
    amina.phone.household("3-2-501");
    let refused = amina
        .server
        .sync(&joao, &a_request(Some(amina.phone.push_from(1))))
        .await
        .unwrap_err();
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (StatusCode::BAD_REQUEST, "push.chain")
    );
    // A page that brings its own names, as the server hands them out, is no push.
    let applied: Vec<_> = amina
        .phone
        .operations
        .iter()
        .map(|operation| shared::change::AppliedOperation {
            operation: operation.clone(),
            applied_at: 1,
        })
        .collect();
    let page = shared::change::encode::encode_pull(&applied);
    let push = Push {
        page,
        ..amina.phone.push_from(1)
    };
    let refused = amina
        .server
        .sync(&joao, &a_request(Some(push)))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "push.damaged");
    // What is taken from Amina is Amina's.
    let mut liar = TestPhone::new(amina.phone.device, WorkerId(Uuid::from_bytes([9; 16])), GRID);
    liar.household("3-2-501");
    let refused = amina
        .server
        .sync(&amina.token, &a_request(Some(liar.push_from(1))))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "push.chain");
    assert_eq!(held(&amina).await, 0);
}

#[tokio::test]
async fn fields_and_kinds_of_a_later_version_are_kept_and_passed_on() {
    let (mut amina, joao) = amina_and_joao().await;
    let household = amina.phone.household("3-2-501");
    let record = RecordRef::new(RecordKind::HOUSEHOLD, household);
    let fields = FieldMap::from_iter([(FieldId(200), Value::Text("from the future".to_owned()))]);
    amina.phone.record(
        record,
        RecordState::change_to(RecordKind::HOUSEHOLD, None, fields.clone()),
    );
    let later = RecordRef::new(RecordKind(77), Uuid::from_bytes([7; 16]));
    amina
        .phone
        .record(later, RecordState::change_to(RecordKind(77), None, fields));
    let request = SyncRequest {
        extensions: vec![(999, vec![1, 2, 3])],
        ..a_request(Some(amina.phone.push_from(1)))
    };
    let reply = amina.server.sync(&amina.token, &request).await.unwrap();
    assert_eq!(reply.parked, []);
    let pulled = amina.server.sync(&joao, &a_request(None)).await.unwrap();
    let operations = shared::change::encode::decode_pull(&pulled.pages[0].page).unwrap();
    let operations: Vec<_> = operations.into_iter().map(|applied| applied.operation).collect();
    assert_eq!(operations, amina.phone.operations);
}

#[tokio::test]
async fn a_parked_operation_is_told_to_its_worker_and_to_the_supervisor() {
    let (mut amina, _) = amina_and_joao().await;
    amina
        .server
        .add_worker("lead", Role::Supervisor, &[COMMUNITY])
        .await;
    let lead = amina.server.sign_in("lead").await;
    amina.phone.household("3-2-501");
    amina.phone.record(
        RecordRef::new(RecordKind::VISIT, Uuid::from_bytes([3; 16])),
        Change::default(),
    );
    let household = amina.phone.household("3-2-502");
    amina.phone.visit(household, "身份证 11010519491231002X");
    let reply = amina
        .server
        .sync(&amina.token, &a_request(Some(amina.phone.push_from(1))))
        .await
        .unwrap();
    let codes: Vec<_> = reply
        .parked
        .iter()
        .map(|notice| (notice.seq, notice.code.as_str()))
        .collect();
    assert_eq!(codes, [(2, "change.empty"), (4, "text.identity_number")]);
    assert_eq!(reply.receipt.through_seq, 4);
    let shown = amina.server.get("/v1/parked", Some(&lead.token)).await;
    let shown: Vec<v1::ParkedOperation> = serde_json::from_slice(&shown.body).unwrap();
    assert_eq!(shown.len(), 2);
    assert!(
        shown
            .iter()
            .all(|operation| operation.author == amina.phone.worker)
    );
    // A device that knows nothing of this server's epoch is told again; one that does is not.
    let fresh = amina.server.sync(&amina.token, &a_request(None)).await.unwrap();
    assert_eq!(fresh.parked, reply.parked);
    let known = SyncRequest {
        epoch: Some(reply.epoch),
        ..a_request(None)
    };
    assert_eq!(amina.server.sync(&amina.token, &known).await.unwrap().parked, []);
    // So is one that brings something with the question: it knows nothing of what was parked before, either.
    let next = amina.phone.operations.len() as u64 + 1;
    amina.phone.household("3-2-503");
    let fresh = a_request(Some(amina.phone.push_from(next)));
    let fresh = amina.server.sync(&amina.token, &fresh).await.unwrap();
    assert_eq!(fresh.parked, reply.parked);
}

#[tokio::test]
async fn other_bytes_other_versions_and_other_types_are_told_apart() {
    let (amina, _) = amina_and_joao().await;
    let send = |kind: &'static str, body: Vec<u8>| {
        amina
            .server
            .call(Method::POST, "/v1/sync", Some(&amina.token), (kind, body))
    };
    let code = |answer: sync_server::testing::Answer| (answer.status.as_u16(), answer.code());
    let portal = b"<!doctype html><title>Sign in to Wi-Fi</title>".to_vec();
    assert_eq!(
        code(send(CONTENT_TYPE, portal).await),
        (400, "message.foreign".to_owned())
    );
    assert_eq!(
        code(send("text/plain", Vec::new()).await),
        (415, "request.media_type".to_owned())
    );
    let later = v1::encode(&SyncRequest {
        protocol: 2,
        ..a_request(None)
    });
    assert_eq!(
        code(send(CONTENT_TYPE, later).await),
        (400, "protocol.unknown".to_owned())
    );
    let mut version = v1::encode(&a_request(None));
    version[3] = 9;
    assert_eq!(
        code(send(CONTENT_TYPE, version).await),
        (400, "protocol.unknown".to_owned())
    );
    let noise = shared::change::frame::seal(&[0xff; 40]);
    assert_eq!(
        code(send(CONTENT_TYPE, noise).await),
        (400, "message.form".to_owned())
    );
    let numbers = Push {
        first_seq: u64::MAX,
        ..amina.phone.push_from(1)
    };
    let refused = amina
        .server
        .sync(&amina.token, &a_request(Some(numbers)))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "push.damaged");
}

#[tokio::test]
async fn altered_messages_are_answered_without_a_failure_of_the_server() {
    let (mut amina, joao) = amina_and_joao().await;
    let household = amina.phone.household("3-2-501");
    amina.phone.visit(household, "灯坏了");
    let message =
        shared::change::frame::open(&v1::encode(&a_request(Some(amina.phone.push_from(1))))).unwrap();
    let chance = SeededChance::new(11);
    let mut refused = 0;
    for _ in 0..2_000 {
        let mut altered = message.clone();
        let mut draw = [0_u8; 9];
        chance.fill(&mut draw);
        for pair in draw.chunks_exact(3).take(1 + usize::from(draw[8] % 3)) {
            let index = usize::from(u16::from_le_bytes([pair[0], pair[1]])) % altered.len();
            altered[index] ^= pair[2];
        }
        let body = shared::change::frame::seal(&altered);
        let answer = amina
            .server
            .call(Method::POST, "/v1/sync", Some(&amina.token), (CONTENT_TYPE, body))
            .await;
        let status = answer.status;
        assert!(
            status.is_success() || (status.is_client_error() && !answer.code().is_empty()),
            "{answer:?}"
        );
        refused += u32::from(status.is_client_error());
    }
    assert!(refused > 1_000, "{refused}");
    // Whatever came through is what Amina's phone recorded, or nothing.
    let pulled = amina.server.sync(&joao, &a_request(None)).await.unwrap();
    let operations = shared::change::encode::decode_pull(&pulled.pages[0].page).unwrap();
    let operations: Vec<_> = operations.into_iter().map(|applied| applied.operation).collect();
    assert!(operations.is_empty() || operations == amina.phone.operations);
}

#[tokio::test]
async fn what_one_phone_parks_is_shown_in_pages_of_bounded_size() {
    let server = TestServer::start().await;
    for code in [COMMUNITY, GRID, OTHER_GRID] {
        server.add_area(code, code).await;
    }
    server.add_worker("amina", Role::Member, &[GRID]).await;
    server.add_worker("lead", Role::Supervisor, &[COMMUNITY]).await;
    let (amina, lead) = (server.sign_in("amina").await, server.sign_in("lead").await);
    let mut phone = TestPhone::of(&amina, OTHER_GRID);
    // Of two kinds, small and large ones: neither count nor bytes alone would do.
    for number in 0..250 {
        phone.household(&format!("1-1-{number}"));
    }
    for number in 0..40_u8 {
        let field = (FieldId(200), Value::Bytes(vec![number; 16_000]));
        let household = Household {
            door: "1-1-101".to_owned(),
            ..Household::default()
        };
        let mut fields = household.to_fields();
        fields.extend([field]);
        phone.make(RecordKind::HOUSEHOLD, fields);
    }
    let reply = server
        .sync(&amina.token, &a_request(Some(phone.push_from(1))))
        .await
        .unwrap();
    assert_eq!(reply.parked.len(), 290);
    let (mut seen, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let answer = server
            .get(&format!("/v1/parked?after={after}"), Some(&lead.token))
            .await;
        assert!(answer.body.len() < 1_200_000, "{}", answer.body.len());
        let page: Vec<ParkedOperation> = serde_json::from_slice(&answer.body).unwrap();
        assert!((1..=100).contains(&page.len()));
        pages += 1;
        let last = page.last().unwrap();
        let is_last = last.is_last;
        after = last.place.clone();
        seen.extend(page.into_iter().map(|parked| parked.record));
        if is_last {
            break;
        }
    }
    assert!(pages > 4, "{pages}");
    let mut recorded: Vec<_> = phone
        .operations
        .iter()
        .map(|operation| operation.record)
        .collect();
    recorded.sort_unstable();
    seen.sort_unstable();
    assert_eq!(seen, recorded, "each once");
    let nonsense = server.get("/v1/parked?after=x", Some(&lead.token)).await;
    assert_eq!(nonsense.code(), "request.query");
}
