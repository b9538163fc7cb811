//! `GET /v1/segments/{area}`: a device that begins reads the log in prepared stretches, and nobody else's.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use axum::http::StatusCode;
use shared::change::encode::decode_pull;
use shared::domain::worker::Role;
use shared::protocol::v1::{self, AreaPage, SEGMENT_OPERATIONS};
use sync_server::testing::{TestPhone, TestServer, a_request};

const GRID: &str = "130803001001-01";
const OTHER_GRID: &str = "130803001001-02";

async fn a_full_server() -> TestServer {
    let server = TestServer::start().await;
    for code in ["130803001001", GRID, OTHER_GRID] {
        server.add_area(code, code).await;
    }
    server.add_worker("amina", Role::Member, &[GRID]).await;
    server.add_worker("nuo", Role::Member, &[OTHER_GRID]).await;
    server
        .add_worker("lin", Role::Supervisor, &["130803001001"])
        .await;
    let amina = server.sign_in("amina").await;
    let mut phone = TestPhone::of(&amina, GRID);
    for number in 0..=SEGMENT_OPERATIONS {
        phone.household(&format!("{}-1-101", number + 1));
    }
    let reply = server
        .sync(&amina.token, &a_request(Some(phone.push_from(1))))
        .await;
    assert!(reply.unwrap().parked.is_empty());
    server
}

#[tokio::test]
async fn a_new_device_reads_a_segment_of_its_own_area_and_a_stranger_none() {
    let server = a_full_server().await;
    let own = server.sign_in("amina").await;
    let answer = server
        .get(&format!("/v1/segments/{GRID}?after=0"), Some(&own.token))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let page: AreaPage = v1::decode(&answer.body).unwrap();
    assert_eq!(
        decode_pull(&page.page).unwrap().len(),
        SEGMENT_OPERATIONS as usize
    );
    let on = format!("/v1/segments/{GRID}?after={}", page.cursor);
    assert_eq!(server.get(&on, Some(&own.token)).await.code(), "segment.none");

    let stranger = server.sign_in("nuo").await;
    // An area around or inside one's own is no assigned one; what does not exist looks the same.
    for area in [GRID, "130803001001", "130803009009-01", "nonsense"] {
        let answer = server
            .get(&format!("/v1/segments/{area}"), Some(&stranger.token))
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::NOT_FOUND, "segment.none"),
            "{area}"
        );
    }
    let lead = server.sign_in("lin").await;
    let whole = server.get("/v1/segments/130803001001", Some(&lead.token)).await;
    assert_eq!(whole.status, StatusCode::OK);
    let inside = server
        .get(&format!("/v1/segments/{GRID}"), Some(&lead.token))
        .await;
    assert_eq!(inside.code(), "segment.none");
}

#[tokio::test]
async fn a_position_that_is_none_is_refused() {
    let server = a_full_server().await;
    let own = server.sign_in("amina").await;
    for after in ["-1", "x", "99999999999999999999999", "1;DROP"] {
        let answer = server
            .get(&format!("/v1/segments/{GRID}?after={after}"), Some(&own.token))
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "request.query"),
            "{after}"
        );
    }
    let beyond = server
        .get(
            &format!("/v1/segments/{GRID}?after={}", u64::MAX),
            Some(&own.token),
        )
        .await;
    assert_eq!(beyond.code(), "segment.none");
}
