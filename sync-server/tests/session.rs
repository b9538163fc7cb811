//! Signing in and out, guessing, pages of other origins.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use shared::domain::worker::Role;
use shared::ids::DeviceId;
use shared::protocol::v1::{SignInReply, SignInRequest};
use sync_server::testing::{Answer, TEST_PASSWORD, TestPhone, TestServer, a_request};

const GRID: &str = "130803001001-01";

async fn a_server() -> TestServer {
    let server = TestServer::start().await;
    server.add_area(GRID, "第1网格").await;
    server.add_worker("zhao", Role::Member, &[GRID]).await;
    server.add_worker("qian", Role::Member, &[GRID]).await;
    server
}

async fn try_sign_in(
    server: &TestServer,
    username: &str,
    password: &str,
    device: Option<DeviceId>,
) -> Answer {
    let request = SignInRequest {
        username: username.to_owned(),
        password: password.to_owned(),
        device,
        device_name: "Chrome, Android".to_owned(),
    };
    server.json(Method::POST, "/v1/session", None, &request).await
}

fn signed_in(answer: &Answer) -> SignInReply {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"))
}

#[tokio::test]
async fn a_session_opens_until_it_is_closed() {
    let server = a_server().await;
    let zhao = signed_in(&try_sign_in(&server, " zhao ", TEST_PASSWORD, None).await);
    assert_eq!((zhao.areas[0].name.as_str(), zhao.token.len()), ("第1网格", 64));
    assert_eq!(
        server.get("/v1/me", Some(&zhao.token)).await.status,
        StatusCode::OK
    );
    let closed = server
        .call(
            Method::DELETE,
            "/v1/session",
            Some(&zhao.token),
            ("text/plain", Body::empty()),
        )
        .await;
    assert_eq!(closed.status, StatusCode::NO_CONTENT);
    let after = server.get("/v1/me", Some(&zhao.token)).await;
    assert_eq!(
        (after.status, after.code().as_str()),
        (StatusCode::UNAUTHORIZED, "session.invalid")
    );
    let upper = zhao.token.to_uppercase();
    for token in ["", "x", &"0".repeat(64), &upper, &format!("{}00", zhao.token)] {
        assert_eq!(
            server.get("/v1/me", Some(token)).await.status,
            StatusCode::UNAUTHORIZED,
            "{token}"
        );
    }
}

#[tokio::test]
async fn a_device_that_signs_in_again_goes_on_and_a_stolen_id_does_not() {
    let server = a_server().await;
    let zhao = signed_in(&try_sign_in(&server, "zhao", TEST_PASSWORD, None).await);
    let mut phone = TestPhone::of(&zhao, GRID);
    phone.household("3-2-501");
    server
        .sync(&zhao.token, &a_request(Some(phone.push_from(1))))
        .await
        .unwrap();
    let again = signed_in(&try_sign_in(&server, "zhao", TEST_PASSWORD, Some(zhao.device)).await);
    assert_eq!(
        (again.device, again.through_seq, again.chain),
        (zhao.device, 1, phone.chain_at(1))
    );
    assert_eq!(
        server.get("/v1/me", Some(&zhao.token)).await.status,
        StatusCode::UNAUTHORIZED
    );
    let stolen = signed_in(&try_sign_in(&server, "qian", TEST_PASSWORD, Some(zhao.device)).await);
    assert_ne!(stolen.device, zhao.device);
    assert_eq!(stolen.through_seq, 0);
}

#[tokio::test]
async fn wrong_passwords_and_unknown_names_look_the_same() {
    let server = a_server().await;
    let wrong = try_sign_in(&server, "zhao", "wrong", None).await;
    let unknown = try_sign_in(&server, "nobody", "wrong", None).await;
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (StatusCode::UNAUTHORIZED, "session.wrong_password")
    );
    assert_eq!((wrong.status, &wrong.body), (unknown.status, &unknown.body));
    let importer = try_sign_in(&server, "", "", None).await;
    assert_eq!(importer.code(), "session.wrong_password");
}

#[tokio::test]
async fn guessing_is_slowed_and_nobody_is_locked_out() {
    let server = a_server().await;
    for _ in 0..5 {
        assert_eq!(
            try_sign_in(&server, "zhao", "wrong", None).await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    let slowed = try_sign_in(&server, "zhao", TEST_PASSWORD, None).await;
    assert_eq!(
        (slowed.status, slowed.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "session.throttled")
    );
    let wait_s: u64 = slowed.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait_s));
    assert_eq!(
        try_sign_in(&server, "qian", TEST_PASSWORD, None).await.status,
        StatusCode::OK
    );
    server.clock.advance(wait_s * 1_000);
    assert_eq!(
        try_sign_in(&server, "zhao", TEST_PASSWORD, None).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn what_is_no_sign_in_is_refused_with_a_code() {
    let server = a_server().await;
    for (kind, body, status, code) in [
        ("application/json", "{", 400, "request.json"),
        ("application/json", "[]", 400, "request.json"),
        ("application/json", r#"{"username":"zhao"}"#, 400, "request.json"),
        ("text/plain", "{}", 415, "request.media_type"),
    ] {
        let answer = server.call(Method::POST, "/v1/session", None, (kind, body)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (status, code),
            "{body}"
        );
    }
    let long = try_sign_in(&server, &"x".repeat(101), "x", None).await;
    assert_eq!(
        (long.status, long.code().as_str()),
        (StatusCode::BAD_REQUEST, "session.too_long")
    );
    let unreadable = try_sign_in(&server, "zh\0ao", "x", None).await;
    assert_eq!(
        (unreadable.status, unreadable.code().as_str()),
        (StatusCode::BAD_REQUEST, "session.unreadable")
    );
    let huge = server
        .call(
            Method::POST,
            "/v1/session",
            None,
            ("application/json", vec![b' '; 20_000]),
        )
        .await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn an_account_is_one_however_its_name_is_typed() {
    let server = a_server().await;
    let mut workers = Vec::new();
    for typed in ["zhao", "Zhao", "ZHAO", "ｚｈａｏ", " zhao "] {
        let answer = try_sign_in(&server, typed, TEST_PASSWORD, None).await;
        workers.push(signed_in(&answer).worker.id);
    }
    workers.dedup();
    assert_eq!(workers.len(), 1);
    for typed in ["zh\u{202e}ao", "zh\u{200b}ao", "zhao\u{7f}"] {
        let answer = try_sign_in(&server, typed, TEST_PASSWORD, None).await;
        assert_eq!(answer.code(), "session.unreadable", "{typed:?}");
    }
}

#[tokio::test]
async fn an_account_from_before_names_had_one_form_is_found_as_it_is_typed() {
    let server = a_server().await;
    // As an earlier version wrote it.
    server.add_worker("Wang", Role::Member, &[GRID]).await;
    let wang = signed_in(&try_sign_in(&server, " Wang ", TEST_PASSWORD, None).await);
    let again = signed_in(&try_sign_in(&server, "Wang", TEST_PASSWORD, Some(wang.device)).await);
    assert_eq!((again.worker.id, again.seal_key), (wang.worker.id, wang.seal_key));
    let answer = try_sign_in(&server, "wang", TEST_PASSWORD, None).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_phone_that_is_known_signs_in_while_somebody_tries_its_account() {
    let server = a_server().await;
    let zhao = signed_in(&try_sign_in(&server, "zhao", TEST_PASSWORD, None).await);
    let qian = signed_in(&try_sign_in(&server, "qian", TEST_PASSWORD, None).await);
    while try_sign_in(&server, "zhao", "guess", None).await.status != StatusCode::TOO_MANY_REQUESTS {}
    // A device of somebody else's, or of nobody's, is no phone of this account.
    for device in [None, Some(qian.device), Some(DeviceId(uuid::Uuid::nil()))] {
        let answer = try_sign_in(&server, "zhao", TEST_PASSWORD, device).await;
        assert_eq!(answer.code(), "session.throttled", "{device:?}");
    }
    signed_in(&try_sign_in(&server, "zhao", TEST_PASSWORD, Some(zhao.device)).await);
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing() {
    let server = a_server().await;
    let zhao = signed_in(&try_sign_in(&server, "zhao", TEST_PASSWORD, None).await);
    let request = |origin: &str| {
        Request::delete("/v1/session")
            .header("host", "koumen.example:8443")
            .header("origin", origin)
            .header("authorization", format!("Bearer {}", zhao.token))
            .body(Body::empty())
            .unwrap()
    };
    for origin in [
        "https://evil.example",
        "null",
        "https://koumen.example",
        "https://koumen.example:8443.evil.example",
    ] {
        let answer = server.send(request(origin)).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::FORBIDDEN, "origin.foreign"),
            "{origin}"
        );
    }
    assert_eq!(
        server.send(request("https://koumen.example:8443")).await.status,
        StatusCode::NO_CONTENT
    );
}
