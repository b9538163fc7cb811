use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;

use shared::clock::TimestampMs;
use shared::domain::RecordRef;
use shared::domain::photo::PHOTO_SIZE_BYTES_MAX;
use shared::domain::schema::RecordKind;
use shared::domain::worker::{Role, Worker};
use shared::ids::{EpochId, PhotoHash, WorkerId};
use shared::protocol::v1::{
    CONTENT_TYPE as SYNC, ParkedOperation, Refusal, SealKey, SignInReply, SignInRequest,
};
use shared::testing::{FakeDevice, a_grid};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::sync::server::{SYNC_TIMEOUT_MS, Server};
use crate::sync::transport::Standing;

/// A platform on which waiting ends when a test says so.
#[derive(Default)]
struct StoppedClock {
    asked_ms: RefCell<Vec<u64>>,
    ends_at_once: Cell<bool>,
}

impl Platform for StoppedClock {
    fn now_ms(&self) -> TimestampMs {
        0
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }

    fn sleep(&self, ms: u64) -> Pin<Box<dyn Future<Output = ()>>> {
        self.asked_ms.borrow_mut().push(ms);
        if self.ends_at_once.get() {
            Box::pin(async {})
        } else {
            Box::pin(futures::future::pending())
        }
    }
}

/// A server for one connection: hands over the request's bytes when `answer` was sent.
async fn serve(answer: Vec<Vec<u8>>) -> (Credential, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}/", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        for part in answer {
            stream.write_all(&part).await.unwrap();
            stream.flush().await.unwrap();
            // Lets the client read this part by itself.
            tokio::task::yield_now().await;
        }
        request
    });
    (
        Credential {
            server,
            token: "secret".into(),
        },
        task,
    )
}

async fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.unwrap();
        request.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| rest.split('\r').next());
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if request.len() >= end + 4 + length || count == 0 {
                return request;
            }
        }
    }
}

fn response(status: &str, media_type: &str, body: &[u8]) -> Vec<Vec<u8>> {
    let kind = if media_type.is_empty() {
        String::new()
    } else {
        format!("Content-Type: {media_type}\r\n")
    };
    let head = format!(
        "HTTP/1.1 {status}\r\n{kind}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    vec![[head.as_bytes(), body].concat()]
}

fn refusal(status: &str, code: &str) -> Vec<Vec<u8>> {
    let body = Refusal {
        code: code.into(),
        message: "no.".into(),
    };
    response(
        status,
        "application/json; charset=utf-8",
        &serde_json::to_vec(&body).unwrap(),
    )
}

fn transport() -> Server<HttpTransport> {
    transport_with(Rc::new(StoppedClock::default()))
}

/// One client for all tests: making one reads the machine's certificates.
fn transport_with(platform: Rc<dyn Platform>) -> Server<HttpTransport> {
    static CLIENT: std::sync::OnceLock<Client> = std::sync::OnceLock::new();
    Server(HttpTransport {
        client: CLIENT.get_or_init(client).clone(),
        platform,
    })
}

async fn sync_answered(answer: Vec<Vec<u8>>) -> Result<Vec<u8>, TransportError> {
    let (credential, _served) = serve(answer).await;
    transport().sync(&credential, b"ask".to_vec()).await
}

async fn chunk_answered(answer: Vec<Vec<u8>>) -> Result<Standing, TransportError> {
    let (credential, _served) = serve(answer).await;
    transport()
        .send_chunk(&credential, "/v1/uploads/1", 3, b"lamp".to_vec())
        .await
}

#[tokio::test]
async fn a_sync_carries_the_token_and_the_media_type_and_brings_the_bytes() {
    let (credential, served) = serve(response("200 OK", SYNC, b"reply")).await;
    assert_eq!(
        transport().sync(&credential, b"ask".to_vec()).await,
        Ok(b"reply".to_vec())
    );
    let request = String::from_utf8(served.await.unwrap()).unwrap();
    assert!(request.starts_with("POST /v1/sync HTTP/1.1\r\n"), "{request}");
    let lower = request.to_ascii_lowercase();
    assert!(lower.contains("authorization: bearer secret\r\n"), "{request}");
    assert!(lower.contains(&format!("content-type: {SYNC}\r\n")), "{request}");
    assert!(request.ends_with("\r\n\r\nask"), "{request}");
}

#[tokio::test]
async fn signing_in_sends_and_reads_json() {
    let reply = SignInReply {
        token: "t".into(),
        device: FakeDevice::numbered(1).device,
        worker: Worker {
            id: WorkerId(uuid::Uuid::from_u128(2)),
            name: "林".into(),
            role: Role::Member,
        },
        areas: Vec::new(),
        epoch: EpochId(uuid::Uuid::from_u128(5)),
        through_seq: 4,
        chain: Default::default(),
        now_ms: 9,
        seal_key: Some(SealKey([6; 32])),
    };
    let body = serde_json::to_vec(&reply).unwrap();
    let (credential, served) = serve(response("200 OK", "application/json", &body)).await;
    let asked = SignInRequest {
        username: "lin".into(),
        password: "correct horse".into(),
        device: None,
        device_name: "Chrome, Android".into(),
    };
    assert_eq!(transport().sign_in(&credential.server, &asked).await, Ok(reply));
    let request = served.await.unwrap();
    let at = request.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    assert_eq!(
        serde_json::from_slice::<SignInRequest>(&request[at + 4..]).unwrap(),
        asked
    );
}

#[tokio::test]
async fn without_a_server_it_is_offline() {
    let (credential, served) = serve(Vec::new()).await;
    served.abort();
    let _ = served.await;
    assert_eq!(
        transport().sync(&credential, Vec::new()).await,
        Err(TransportError::Offline)
    );
}

#[tokio::test]
async fn a_reply_cut_at_any_byte_is_none_and_less_may_come_through() {
    let whole = response("200 OK", SYNC, b"0123456789").concat();
    for length in 0..whole.len() {
        let result = sync_answered(vec![whole[..length].to_vec()]).await;
        let has_begun = length >= whole.len() - 10;
        let expect = if has_begun {
            TransportError::BrokeOff
        } else {
            TransportError::Offline
        };
        assert_eq!(result, Err(expect), "cut at {length}");
    }
}

#[tokio::test]
async fn a_proxy_that_takes_less_than_was_sent_says_so_and_so_does_the_server() {
    let result = sync_answered(response("413 Request Entity Too Large", "text/html", b"<html>")).await;
    assert_eq!(result, Err(TransportError::TooLarge));
    let chunk = chunk_answered(response("413 Request Entity Too Large", "text/html", b"<html>")).await;
    assert_eq!(chunk, Err(TransportError::TooLarge));
    for theirs in [&b"{\"message\":\"Request size limit exceeded\"}"[..], b"", b"{"] {
        let result = sync_answered(response("413 Payload Too Large", "application/json", theirs)).await;
        assert_eq!(
            result,
            Err(TransportError::TooLarge),
            "{}",
            String::from_utf8_lossy(theirs)
        );
    }
    let ours = chunk_answered(refusal("413 Content Too Large", "request.too_large")).await;
    assert_eq!(ours, Err(TransportError::Refused("request.too_large".into())));
}

#[tokio::test]
async fn a_reply_in_single_bytes_is_whole() {
    let whole = response("200 OK", SYNC, b"0123456789").concat();
    let result = sync_answered(whole.into_iter().map(|byte| vec![byte]).collect()).await;
    assert_eq!(result, Ok(b"0123456789".to_vec()));
}

#[tokio::test]
async fn a_captive_portal_is_foreign_whatever_it_says() {
    let page = b"<html>Please accept the terms</html>";
    for (status, media_type) in [
        ("200 OK", "text/html"),
        ("200 OK", ""),
        ("200 OK", "application/json"),
        ("204 No Content", ""),
        ("302 Found", "text/html"),
        ("401 Unauthorized", "text/html"),
        ("403 Forbidden", "text/html; charset=utf-8"),
        ("404 Not Found", "application/json"),
        ("407 Proxy Authentication Required", "text/html"),
        ("426 Upgrade Required", "text/html"),
        ("511 Network Authentication Required", "text/html"),
    ] {
        let body: &[u8] = if status.starts_with("204") { b"" } else { page };
        let result = sync_answered(response(status, media_type, body)).await;
        assert_eq!(result, Err(TransportError::Foreign), "{status} {media_type}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, visited) = serve(response("200 OK", SYNC, b"reply")).await;
    let head = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        elsewhere.server
    );
    assert_eq!(
        sync_answered(vec![head.into_bytes()]).await,
        Err(TransportError::Foreign)
    );
    assert!(!visited.is_finished());
    visited.abort();
}

#[tokio::test]
async fn refusals_of_ours_say_what_follows() {
    for (status, code, expect) in [
        (
            "401 Unauthorized",
            "session.unknown",
            TransportError::Unauthorised,
        ),
        ("426 Upgrade Required", "anything", TransportError::UpdateNeeded),
        (
            "400 Bad Request",
            "protocol.version",
            TransportError::UpdateNeeded,
        ),
        (
            "409 Conflict",
            "push.fork",
            TransportError::Refused("push.fork".into()),
        ),
        (
            "413 Content Too Large",
            "push.too_large",
            TransportError::Refused("push.too_large".into()),
        ),
        ("408 Request Timeout", "slow", TransportError::TooSlow),
        ("429 Too Many Requests", "rate", TransportError::Trouble(429)),
        ("500 Internal Server Error", "bug", TransportError::Trouble(500)),
        ("503 Service Unavailable", "busy", TransportError::Trouble(503)),
    ] {
        assert_eq!(
            sync_answered(refusal(status, code)).await,
            Err(expect),
            "{status} {code}"
        );
    }
}

/// An answer of the upload routes: no body, what it says stands in its head.
fn upload_answer(status: &str, headers: &str) -> Vec<Vec<u8>> {
    let length = if status.starts_with("204") {
        ""
    } else {
        "Content-Length: 0\r\n"
    };
    vec![format!("HTTP/1.1 {status}\r\n{headers}{length}Connection: close\r\n\r\n").into_bytes()]
}

#[tokio::test]
async fn a_chunk_counts_only_when_a_server_of_ours_can_have_said_so() {
    let ours = "Tus-Resumable: 1.0.0\r\nUpload-Offset: 7\r\n";
    let taken = chunk_answered(upload_answer("204 No Content", ours)).await;
    assert_eq!(taken.map(|standing| standing.offset), Ok(7));
    for (status, headers) in [
        ("204 No Content", ""),
        ("204 No Content", "Upload-Offset: 7\r\n"),
        ("204 No Content", "Tus-Resumable: 1.0.0\r\n"),
        ("204 No Content", "Tus-Resumable: 0.2.2\r\nUpload-Offset: 7\r\n"),
        ("204 No Content", "Tus-Resumable: 1.0.0\r\nUpload-Offset: x\r\n"),
        ("202 Accepted", ours),
        (
            "200 OK",
            "Tus-Resumable: 1.0.0\r\nUpload-Offset: 7\r\nContent-Type: text/html\r\n",
        ),
    ] {
        let result = chunk_answered(upload_answer(status, headers)).await;
        assert_eq!(result, Err(TransportError::Foreign), "{status} {headers}");
    }
    let refused = chunk_answered(refusal("409 Conflict", "upload.offset")).await;
    assert_eq!(refused, Err(TransportError::Refused("upload.offset".into())));
}

#[tokio::test]
async fn a_chunk_says_where_it_belongs_and_what_it_adds_up_to() {
    let answer = upload_answer("204 No Content", "Tus-Resumable: 1.0.0\r\nUpload-Offset: 7\r\n");
    let (credential, served) = serve(answer).await;
    transport()
        .send_chunk(&credential, "/v1/uploads/1", 3, b"lamp".to_vec())
        .await
        .unwrap();
    let request = String::from_utf8(served.await.unwrap()).unwrap();
    let lower = request.to_ascii_lowercase();
    assert!(request.starts_with("POST /v1/uploads/1 "), "{request}");
    for header in [
        "x-http-method-override: patch",
        "tus-resumable: 1.0.0",
        "upload-offset: 3",
        "content-type: application/offset+octet-stream",
        "authorization: bearer secret",
    ] {
        assert!(lower.contains(&format!("{header}\r\n")), "{request}");
    }
    // BLAKE3 of "lamp".
    let sum = "upload-checksum: blake3 ";
    assert!(
        lower.contains(sum) && request.ends_with("\r\n\r\nlamp"),
        "{request}"
    );
}

#[tokio::test]
async fn an_upload_that_is_gone_is_told_from_a_captive_portal() {
    let ask = async |status: &str, headers: &str| {
        let (credential, _served) = serve(upload_answer(status, headers)).await;
        transport().ask_upload(&credential, "/v1/uploads/1").await
    };
    let json = "Content-Type: application/json\r\n";
    let ours = format!("Tus-Resumable: 1.0.0\r\n{json}");
    let refused = |code: &str| Err(TransportError::Refused(code.into()));
    assert_eq!(ask("404 Not Found", &ours).await, refused("upload.unknown"));
    assert_eq!(ask("410 Gone", &ours).await, refused("upload.expired"));
    assert_eq!(
        ask("401 Unauthorized", &ours).await,
        Err(TransportError::Unauthorised)
    );
    assert_eq!(ask("404 Not Found", json).await, Err(TransportError::Foreign));
    assert_eq!(ask("404 Not Found", "").await, Err(TransportError::Foreign));
    assert_eq!(ask("401 Unauthorized", json).await, Err(TransportError::Foreign));
    let standing = "Tus-Resumable: 1.0.0\r\nUpload-Offset: 9\r\nUpload-Length: 20\r\n";
    let standing = ask("200 OK", standing).await.unwrap();
    assert_eq!((standing.place.as_str(), standing.offset), ("/v1/uploads/1", 9));
}

#[tokio::test]
async fn an_upload_is_begun_with_its_hash_and_length() {
    let answer = "Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nLocation: /v1/uploads/0af3\r\n";
    let (credential, served) = serve(upload_answer("201 Created", answer)).await;
    let begun = transport().begin_upload(&credential, PhotoHash([0; 32]), 4).await;
    assert_eq!(begun.unwrap().place, "/v1/uploads/0af3");
    let request = String::from_utf8(served.await.unwrap())
        .unwrap()
        .to_ascii_lowercase();
    assert!(request.contains("upload-length: 4\r\n"), "{request}");
    let zeros = "mdaw".repeat(21);
    assert!(
        request.contains(&format!("hash {zeros}ma==,filetype aw1hz2uvanblzw==\r\n")),
        "{request}"
    );
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_the_end() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nConnection: close\r\n\r\n".to_vec();
    let chunk = vec![0; 256 * 1024];
    let parts = PHOTO_SIZE_BYTES_MAX / chunk.len() + 1;
    let answer = std::iter::once(head)
        .chain(std::iter::repeat_n(chunk, parts))
        .collect();
    let (credential, _served) = serve(answer).await;
    let result = transport().get_photo(&credential, PhotoHash::of(b"x")).await;
    assert_eq!(result, Err(TransportError::Foreign));

    let long = "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 3000000000000\r\n\r\n";
    let (credential, _served) = serve(vec![long.into()]).await;
    let result = transport().get_photo(&credential, PhotoHash::of(b"x")).await;
    assert_eq!(result, Err(TransportError::Foreign));
}

#[tokio::test]
async fn parked_operations_are_read_and_a_page_instead_is_foreign() {
    let parked = vec![ParkedOperation {
        author: WorkerId(uuid::Uuid::from_u128(3)),
        area: a_grid(),
        record: RecordRef::new(RecordKind::HOUSEHOLD, uuid::Uuid::from_u128(4)),
        code: "area.not_assigned".into(),
        parked_at: 5,
        fields: Default::default(),
        members: Vec::new(),
        event: None,
        removes: false,
        place: "9.5.1".to_owned(),
        is_last: true,
    }];
    let (credential, _served) = serve(response(
        "200 OK",
        "application/json",
        &serde_json::to_vec(&parked).unwrap(),
    ))
    .await;
    assert_eq!(transport().parked(&credential, "").await, Ok(parked));
    let (credential, _served) = serve(response("200 OK", "application/json", b"{\"ok\":true}")).await;
    assert_eq!(
        transport().parked(&credential, "").await,
        Err(TransportError::Foreign)
    );
}

#[tokio::test]
async fn a_server_name_that_is_none_is_refused_not_retried() {
    let credential = Credential {
        server: "koumen example".into(),
        token: String::new(),
    };
    let result = transport().sync(&credential, Vec::new()).await;
    assert_eq!(result, Err(TransportError::Refused("server.name".into())));
}

const STREAM_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn notices_arrive_one_by_one_however_they_are_cut() {
    let body = b": hello\n\nevent: changed\ndata: 1\n\n: alive\n\ndata: 2\n\n";
    let parts = std::iter::once(STREAM_HEAD.to_vec())
        .chain(body.iter().map(|byte| vec![*byte]))
        .collect();
    let (credential, served) = serve(parts).await;
    let notices = transport().notices(&credential).await.unwrap();
    assert_eq!(notices.count().await, 2);
    let request = String::from_utf8(served.await.unwrap())
        .unwrap()
        .to_ascii_lowercase();
    assert!(request.starts_with("get /v1/notices "), "{request}");
    assert!(request.contains("accept: text/event-stream\r\n"), "{request}");
}

#[tokio::test]
async fn a_silent_notice_stream_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let clock = Rc::new(StoppedClock::default());
    let transport = transport_with(clock.clone());
    let credential = Credential {
        server,
        token: String::new(),
    };
    let (opened, stream) = futures::join!(transport.notices(&credential), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(STREAM_HEAD).await.unwrap();
        stream
    });
    let mut notices = opened.unwrap();
    clock.ends_at_once.set(true);
    assert_eq!(notices.next().await, None);
    assert_eq!(clock.asked_ms.borrow().last(), Some(&NOTICES_IDLE_MS));
    drop(stream);
}

#[tokio::test]
async fn a_page_instead_of_notices_is_foreign() {
    let (credential, _served) = serve(response("200 OK", "text/html", b"data: x\n\n")).await;
    assert_eq!(
        transport().notices(&credential).await.err(),
        Some(TransportError::Foreign)
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up_after_the_time_of_a_sync() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let credential = Credential {
        server: format!("http://{}", listener.local_addr().unwrap()),
        token: String::new(),
    };
    let began = tokio::time::Instant::now();
    assert_eq!(
        transport().sync(&credential, Vec::new()).await,
        Err(TransportError::TooSlow)
    );
    assert!(began.elapsed() >= Duration::from_millis(SYNC_TIMEOUT_MS));
    drop(listener);
}
