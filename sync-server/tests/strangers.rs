//! What strangers can take of a real server over sockets: every byte, connection and hash has a budget, and here it is
//! spent (D19). Nothing here waits for a clock: bounds are made short, and what must happen is waited for.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "strangers/served.rs"]
mod served;

use std::net::Ipv4Addr;
use std::time::Duration;

use sync_server::callers::Proxies;
use sync_server::state::Bounds;
use sync_server::testing::TEST_PASSWORD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use served::{Served, Wire};

const SHORT: Duration = Duration::from_millis(300);
/// Longer than any test takes.
const FOR_EVER: Duration = Duration::from_secs(600);

/// Bounds that only what a test is about can reach.
fn patient() -> Bounds {
    Bounds {
        first_byte: FOR_EVER,
        idle: FOR_EVER,
        stuck: FOR_EVER,
        json: FOR_EVER,
        pace: FOR_EVER,
        ..Bounds::default()
    }
}

/// A sign-in of which only the first byte comes.
async fn slow_body(served: &Served) -> Wire {
    let mut wire = served.connect().await;
    let head = "POST /v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{";
    wire.0.write_all(head.as_bytes()).await.unwrap();
    wire
}

#[tokio::test]
async fn bodies_that_never_come_take_nobodys_turn() {
    let served = Served::within(Bounds {
        requests: 2,
        ..patient()
    })
    .await;
    let token = served.sign_in("zhao").await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        slow.push(slow_body(&served).await);
    }
    served.until(|state| state.bodies.count() == 20).await;
    assert_eq!(served.get("/v1/me", &token).await.0, 200);
    assert_eq!(served.try_sign_in("zhao", TEST_PASSWORD, "").await.0, 200);
    let (status, body) = served.get("/healthz", "").await;
    assert_eq!((status, body.as_str()), (200, r#"{"status":"ok"}"#));
}

#[tokio::test]
async fn a_json_body_has_seconds_to_come() {
    let served = Served::within(Bounds {
        json: SHORT,
        ..patient()
    })
    .await;
    let mut slow = slow_body(&served).await;
    assert_eq!(slow.answer().await.unwrap().0, 408);
    served.until(|state| state.bodies.count() == 0).await;
}

#[tokio::test]
async fn a_large_body_has_to_keep_coming() {
    let served = Served::within(Bounds {
        pace: SHORT,
        ..patient()
    })
    .await;
    let token = served.sign_in("zhao").await;
    let mut wire = served.connect().await;
    let head = format!(
        "POST /v1/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/vnd.koumen.v1\r\n\
         Content-Length: 900000\r\n\r\nx"
    );
    wire.0.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(wire.answer().await.unwrap().0, 408);
}

#[tokio::test]
async fn one_address_has_so_many_bodies_on_their_way_and_the_oldest_goes_first() {
    let served = Served::within(Bounds {
        bodies_of_caller: 3,
        ..patient()
    })
    .await;
    let mut slow = Vec::new();
    for count in 1..=3 {
        slow.push(slow_body(&served).await);
        served.until(|state| state.bodies.count() == count).await;
    }
    assert_eq!(served.try_sign_in("zhao", TEST_PASSWORD, "").await.0, 200);
    assert_eq!(slow.remove(0).answer().await.unwrap().0, 408);
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let served = Served::within(Bounds {
        first_byte: SHORT,
        ..patient()
    })
    .await;
    let mut silent = served.connect().await;
    assert!(silent.is_closed().await);
    served.until(|state| state.connections.count() == 0).await;
}

#[tokio::test]
async fn a_connection_that_wants_nothing_is_closed_and_one_that_listens_is_not() {
    let served = Served::within(Bounds {
        idle: SHORT,
        ..patient()
    })
    .await;
    let (zhao, qian) = (served.sign_in("zhao").await, served.sign_in("qian").await);
    let mut listening = served.connect().await;
    listening.send("GET", "/v1/notices", &zhao, "").await;
    assert!(listening.until(": listening").await);
    for _ in 0..3 {
        let mut idle = served.connect().await;
        idle.send("GET", "/v1/me", &qian, "").await;
        assert_eq!(idle.answer().await.unwrap().0, 200);
        assert!(idle.is_closed().await);
    }
    served.state.hub.hear_anything();
    assert!(listening.until("event: changed").await);
}

#[tokio::test]
async fn more_connections_than_may_be_push_out_the_silent_ones() {
    let served = Served::within(Bounds {
        connections: 8,
        connections_of_caller: 6,
        ..patient()
    })
    .await;
    let token = served.sign_in("zhao").await;
    let mut listening = served.connect().await;
    listening.send("GET", "/v1/notices", &token, "").await;
    assert!(listening.until(": listening").await);
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(served.connect().await);
    }
    let (status, _) = served.get("/healthz", "").await;
    assert_eq!(status, 200);
    assert!(silent.first_mut().unwrap().is_closed().await);
    served.until(|state| state.connections.count() <= 6).await;
    served.state.hub.hear_anything();
    assert!(
        listening.until("event: changed").await,
        "who listens with a session stays"
    );
}

#[tokio::test]
async fn health_says_when_the_server_is_at_its_bounds() {
    let served = Served::within(Bounds {
        streams: 1,
        ..patient()
    })
    .await;
    let token = served.sign_in("zhao").await;
    let mut listening = served.connect().await;
    listening.send("GET", "/v1/notices", &token, "").await;
    assert!(listening.until(": listening").await);
    let (status, body) = served.get("/healthz", "").await;
    assert_eq!(
        (status, body.as_str()),
        (200, r#"{"status":"busy","full":["streams"]}"#)
    );
}

#[tokio::test]
async fn whoever_takes_nothing_of_what_is_sent_is_let_go() {
    let served = Served::within(Bounds {
        stuck: SHORT,
        ..patient()
    })
    .await;
    let mut deaf = served.connect().await;
    deaf.send("GET", "/large.bin", "", "").await;
    assert!(deaf.until("HTTP/1.1 200 OK").await);
    served.until(|state| state.connections.count() == 0).await;
    drop(deaf);
}

#[tokio::test]
async fn http_2_is_not_spoken_in_clear() {
    let served = Served::within(patient()).await;
    let mut wire = served.connect().await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    wire.0.write_all(preface).await.unwrap();
    let mut said = Vec::new();
    let _ = wire.0.read_to_end(&mut said).await;
    assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 "), "{said:?}");
}

#[tokio::test]
async fn behind_a_proxy_budgets_count_people_and_only_a_named_proxy_is_believed() {
    for (proxies, colleague_waits) in [(vec![Ipv4Addr::LOCALHOST.into()], false), (Vec::new(), true)] {
        let served = Served::within(Bounds {
            proxies: Proxies::at(proxies),
            ..patient()
        })
        .await;
        let guess = async |from| {
            let header = format!("X-Forwarded-For: 203.0.113.1, {from}\r\n");
            served.try_sign_in("zhao", "guessed", &header).await.0
        };
        for _ in 0..5 {
            assert_eq!(guess("198.51.100.7").await, 401);
        }
        assert_eq!(guess("198.51.100.7").await, 429);
        assert_eq!(guess("198.51.100.8").await == 429, colleague_waits);
    }
}

#[tokio::test]
async fn only_named_origins_may_change_anything_also_where_the_host_is_another() {
    let served = Served::within(Bounds {
        origins: vec!["https://koumen.example".parse().unwrap()],
        ..patient()
    })
    .await;
    let from = async |host: &str, origin: &str| {
        let headers = format!("Origin: {origin}\r\n");
        served.sign_in_for(host, "zhao", TEST_PASSWORD, &headers).await
    };
    assert_eq!(from("127.0.0.1:8080", "https://koumen.example").await.0, 200);
    for host in ["rebound.example", "koumen.example"] {
        let (status, body) = from(host, &format!("http://{host}")).await;
        assert_eq!(status, 403);
        assert!(body.contains("origin.foreign"), "{body}");
    }
}

#[tokio::test]
async fn an_ordinary_proxy_may_leave_the_port_out_of_the_host_or_add_the_usual_one() {
    let served = Served::within(patient()).await;
    for (host, origin, status) in [
        ("koumen.example", "https://koumen.example:8443", 200),
        ("koumen.example:443", "https://koumen.example", 200),
        ("koumen.example:443", "http://koumen.example", 403),
        ("127.0.0.1:8080", "https://koumen.example", 403),
    ] {
        let headers = format!("Origin: {origin}\r\n");
        let answer = served.sign_in_for(host, "zhao", TEST_PASSWORD, &headers).await;
        assert_eq!(answer.0, status, "{host} {origin}");
    }
}
