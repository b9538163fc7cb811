//! Who may do what: every route and method, for every role, in one's own area and in somebody else's.
//!
//! The table below is compared with the routes that exist; one without a row fails the test.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Method, Request, StatusCode, header};
use base64::Engine;
use shared::change::encode::decode_pull;
use shared::change::hash::canonical_bytes;
use shared::crdt::RecordState;
use shared::domain::value::{FieldMap, Value};
use shared::domain::{RecordRef, household, worker::Role};
use shared::ids::PhotoHash;
use shared::protocol::v1::{self, CONTENT_TYPE, SyncReply};
use sync_server::routes::openapi::Description;
use sync_server::testing::{Answer, TestPhone, TestServer, a_jpeg, a_request};
use tower::ServiceExt;
use utoipa::OpenApi;

const COMMUNITY: &str = "130803001001";
const GRID: &str = "130803001001-01";
const FOREIGN_GRID: &str = "130803001002-01";
/// What stands in a note of the community and must not be seen elsewhere.
const SECRET: &str = "钥匙在门垫下面";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Nobody,
    Of(Role, Where),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    Own,
    Foreign,
}

/// What a caller gets: a status, and whether the secret is in the answer.
type Expected = (u16, bool);

/// One row of the table.
struct Row {
    method: Method,
    path: &'static str,
    expected: fn(Caller) -> Expected,
}

const OPEN: fn(Caller) -> Expected = |_| (200, false);
const NO_AUTHORITY: fn(Caller) -> Expected = |_| (404, false);

/// Who holds what lies in an area; the other roles hold nothing because of where they are.
fn works(role: Role) -> bool {
    matches!(role, Role::Member | Role::Supervisor | Role::Administrator)
}

/// Everybody who is signed in; records of one's own area only.
const RECORDS: fn(Caller) -> Expected = |caller| match caller {
    Caller::Nobody => (401, false),
    Caller::Of(role, place) => (200, works(role) && place == Where::Own),
};
const SIGNED_IN: fn(Caller) -> Expected = |caller| {
    if caller == Caller::Nobody {
        (401, false)
    } else {
        (200, false)
    }
};
const PHOTO: fn(Caller) -> Expected = |caller| match caller {
    Caller::Nobody => (401, false),
    Caller::Of(role, Where::Own) if works(role) => (200, false),
    Caller::Of(..) => (404, false),
};

const NOT_MINE: fn(Caller) -> Expected = |caller| match caller {
    Caller::Nobody => (401, false),
    Caller::Of(..) => (404, false),
};

fn table() -> Vec<Row> {
    let row = |method, path, expected| Row {
        method,
        path,
        expected,
    };
    vec![
        row(Method::POST, "/v1/sync", RECORDS),
        row(Method::POST, "/v1/session", |_| (401, false)),
        row(Method::DELETE, "/v1/session", |caller| {
            if caller == Caller::Nobody {
                (401, false)
            } else {
                (204, false)
            }
        }),
        row(Method::POST, "/v1/device/fork", SIGNED_IN),
        row(Method::GET, "/v1/devices/gaps", |caller| match caller {
            Caller::Nobody => (401, false),
            Caller::Of(Role::Supervisor | Role::Administrator, _) => (200, false),
            Caller::Of(..) => (403, false),
        }),
        row(Method::GET, "/v1/me", SIGNED_IN),
        // There are too few operations for a segment; tests/segments.rs has enough.
        row(Method::GET, "/v1/segments/{area}", |caller| match caller {
            Caller::Nobody => (401, false),
            Caller::Of(..) => (404, false),
        }),
        row(Method::GET, "/v1/notices", SIGNED_IN),
        row(Method::GET, "/v1/parked", |caller| match caller {
            Caller::Nobody => (401, false),
            Caller::Of(Role::Supervisor | Role::Administrator, place) => (200, place == Where::Own),
            Caller::Of(..) => (403, false),
        }),
        // Nothing is set aside there; what is, is taken up in the storage's suite and in `tests/tests/reassignment.rs`.
        row(Method::POST, "/v1/parked/{place}", |caller| match caller {
            Caller::Nobody => (401, false),
            Caller::Of(Role::Supervisor | Role::Administrator, _) => (404, false),
            Caller::Of(..) => (403, false),
        }),
        row(Method::PUT, "/v1/photos/{hash}", |caller| match PHOTO(caller) {
            (200, _) => (204, false),
            refused => refused,
        }),
        row(Method::GET, "/v1/photos/{hash}", PHOTO),
        row(Method::HEAD, "/v1/photos/{hash}", PHOTO),
        row(Method::OPTIONS, "/v1/uploads", |_| (204, false)),
        row(Method::POST, "/v1/uploads", |caller| match PHOTO(caller) {
            (200, _) => (201, false),
            refused => refused,
        }),
        // The upload is of a colleague in the same grid: for everybody else there is none.
        row(Method::HEAD, "/v1/uploads/{id}", NOT_MINE),
        row(Method::PATCH, "/v1/uploads/{id}", NOT_MINE),
        row(Method::DELETE, "/v1/uploads/{id}", NOT_MINE),
        row(Method::POST, "/v1/uploads/{id}", NOT_MINE),
        row(Method::GET, "/openapi.json", OPEN),
        row(Method::GET, "/healthz", OPEN),
        row(Method::GET, "/ca", NO_AUTHORITY),
        row(Method::GET, "/ca/page.css", OPEN),
        row(Method::GET, "/ca/root.crt", NO_AUTHORITY),
    ]
}

/// Routes that are not JSON or say nothing about records; everything else is in the description.
const NOT_DESCRIBED: [(&str, &str); 4] = [
    ("GET", "/openapi.json"),
    ("GET", "/ca"),
    ("GET", "/ca/page.css"),
    ("GET", "/ca/root.crt"),
];

struct World {
    server: TestServer,
    photo: Vec<u8>,
    /// The address of Amina's upload.
    upload: String,
}

async fn world() -> World {
    let server = TestServer::start().await;
    for code in [COMMUNITY, GRID, "130803001002", FOREIGN_GRID] {
        server.add_area(code, code).await;
    }
    server.add_worker("amina", Role::Member, &[GRID]).await;
    for role in Role::ALL {
        server
            .add_worker(&format!("own-{}", role.code()), *role, &[GRID])
            .await;
        server
            .add_worker(&format!("foreign-{}", role.code()), *role, &[FOREIGN_GRID])
            .await;
    }
    let amina = server.sign_in("amina").await;
    let mut phone = TestPhone::of(&amina, GRID);
    let household = phone.household("3-2-501");
    let visit = phone.visit(household, SECRET);
    let photo = a_jpeg(16, 16, 1);
    let hash = phone.photo(visit, &photo);
    let nowhere = shared::ids::HouseholdId(uuid::Uuid::from_bytes([9; 16]));
    phone.visit(nowhere, SECRET);
    let reply = server
        .sync(&amina.token, &a_request(Some(phone.push_from(1))))
        .await
        .unwrap();
    assert_eq!(reply.parked.len(), 1);
    let path = format!("/v1/photos/{hash}");
    let put = server
        .call(
            Method::PUT,
            &path,
            Some(&amina.token),
            ("image/jpeg", photo.clone()),
        )
        .await;
    assert_eq!(put.status, StatusCode::CREATED);
    let begun = Request::builder().method(Method::POST).uri("/v1/uploads");
    let begun = begun.header(header::AUTHORIZATION, format!("Bearer {}", amina.token));
    let begun = server
        .send(upload_headers(begun, &photo).body(Body::empty()).unwrap())
        .await;
    assert_eq!(begun.status, StatusCode::CREATED);
    let upload = begun
        .headers
        .get(header::LOCATION)
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    World {
        server,
        photo,
        upload,
    }
}

/// What every request about an upload says, as the protocol wants it.
fn upload_headers(request: Builder, photo: &[u8]) -> Builder {
    let hash = base64::engine::general_purpose::STANDARD.encode(PhotoHash::of(photo).to_string());
    request
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Length", photo.len())
        .header("Upload-Metadata", format!("hash {hash}"))
        .header("Upload-Offset", 0)
        .header("X-HTTP-Method-Override", "PATCH")
}

impl World {
    async fn token(&self, caller: Caller) -> Option<String> {
        let Caller::Of(role, place) = caller else {
            return None;
        };
        let place = if place == Where::Own { "own" } else { "foreign" };
        Some(
            self.server
                .sign_in(&format!("{place}-{}", role.code()))
                .await
                .token,
        )
    }

    async fn ask(&self, row: &Row, caller: Caller) -> Answer {
        let path = row
            .path
            .replace("/v1/uploads/{id}", &self.upload)
            .replace("{hash}", &PhotoHash::of(&self.photo).to_string())
            .replace("{area}", GRID);
        let (kind, body) = match (row.method.as_str(), row.path) {
            ("POST", "/v1/sync") => (CONTENT_TYPE, v1::encode(&a_request(None))),
            ("POST", "/v1/session") => {
                let body =
                    format!(r#"{{"username":"{caller:?}","password":"x","device":null,"device_name":"x"}}"#);
                ("application/json", body.into_bytes())
            }
            ("PATCH" | "POST", "/v1/uploads/{id}") => ("application/offset+octet-stream", self.photo.clone()),
            ("PUT", _) => ("image/jpeg", self.photo.clone()),
            _ => ("text/plain", Vec::new()),
        };
        let mut request = Request::builder()
            .method(row.method.clone())
            .uri(path)
            .header(header::CONTENT_TYPE, kind);
        if row.path.starts_with("/v1/uploads") {
            request = upload_headers(request, &self.photo);
        }
        if let Some(token) = self.token(caller).await {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Body::from(body)).unwrap();
        if row.path != "/v1/notices" {
            return self.server.send(request).await;
        }
        // A stream has no end; its head is enough here.
        let response = self.server.router.clone().oneshot(request).await.unwrap();
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: Default::default(),
        }
    }
}

fn shows_the_secret(row: &Row, answer: &Answer) -> bool {
    let has = |bytes: &[u8]| bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
    if row.path == "/v1/sync" && answer.status == StatusCode::OK {
        let reply: SyncReply = v1::decode(&answer.body).unwrap();
        let mut pages = reply.pages.iter().map(|page| decode_pull(&page.page).unwrap());
        return pages.any(|page| page.iter().any(|one| has(&canonical_bytes(&one.operation))));
    }
    has(&answer.body)
}

fn callers() -> Vec<Caller> {
    let of = |role: &Role| [Where::Own, Where::Foreign].map(|place| Caller::Of(*role, place));
    std::iter::once(Caller::Nobody)
        .chain(Role::ALL.iter().flat_map(of))
        .collect()
}

#[tokio::test]
async fn every_caller_gets_what_the_table_says() {
    let world = world().await;
    let mut tries = 0;
    for row in table() {
        for caller in callers() {
            let answer = world.ask(&row, caller).await;
            let found = (answer.status.as_u16(), shows_the_secret(&row, &answer));
            assert_eq!(
                found,
                (row.expected)(caller),
                "{} {} as {caller:?}",
                row.method,
                row.path
            );
            tries += 1;
        }
    }
    println!("{tries} combinations of route, method, role and area");
}

#[test]
fn every_route_has_a_row() {
    let rows: BTreeSet<(String, String)> = table()
        .iter()
        .map(|row| (row.method.to_string(), row.path.to_owned()))
        .collect();
    let mut described: BTreeSet<(String, String)> = NOT_DESCRIBED
        .iter()
        .map(|(method, path)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    let document = serde_json::to_value(Description::openapi()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let methods = methods
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "parameters");
        described.extend(methods.map(|method| (method.to_uppercase(), path.clone())));
    }
    assert_eq!(rows, described);
    // What the router really knows, read from its source.
    let source = include_str!("../src/routes/mod.rs");
    let paths: BTreeSet<&str> = source
        .split(".route(")
        .skip(1)
        .filter_map(|rest| rest.split('"').nth(1))
        .collect();
    let of_rows: BTreeSet<&str> = rows.iter().map(|(_, path)| path.as_str()).collect();
    assert_eq!(paths, of_rows);
}

#[tokio::test]
async fn other_methods_are_refused_with_a_code() {
    let world = world().await;
    let known: BTreeSet<(String, &str)> = table()
        .iter()
        .map(|row| (row.method.to_string(), row.path))
        .collect();
    for path in table().iter().map(|row| row.path).collect::<BTreeSet<_>>() {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            if known.contains(&(method.to_string(), path)) {
                continue;
            }
            let answer = world
                .server
                .call(method.clone(), path, None, ("text/plain", ""))
                .await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(answer.code(), "route.method", "{method} {path}");
        }
    }
    assert_eq!(
        world.server.get("/v1/nothing", None).await.code(),
        "route.unknown"
    );
}

#[tokio::test]
async fn a_stranger_of_any_role_changes_nothing_here() {
    let world = world().await;
    let amina = world.server.sign_in("amina").await;
    let before = world.server.sync(&amina.token, &a_request(None)).await.unwrap();
    let strangers = Role::ALL.iter().map(|role| ("foreign", *role));
    // Who works in no area is a stranger in their own, too.
    let idle = Role::ALL.iter().filter(|role| !works(**role));
    for (place, role) in strangers.chain(idle.map(|role| ("own", *role))) {
        let stranger = world.server.sign_in(&format!("{place}-{}", role.code())).await;
        let mut phone = TestPhone::of(&stranger, GRID);
        // A new record in the foreign grid, a change of one that is there, a removal of it.
        phone.household("6-6-601");
        let pages = shared::change::encode::decode_pull(&before.pages[0].page).unwrap();
        let known = pages.first().map(|applied| applied.operation.record).unwrap();
        for area in [GRID, FOREIGN_GRID] {
            phone.area = shared::ids::AreaCode::new(area).unwrap();
            let note = FieldMap::from_iter([(household::NOTE, Value::text("mine now"))]);
            let change = RecordState::change_to(known.kind, None, note);
            phone.record(known, change);
            let removal = shared::change::Change {
                removal: Some(Default::default()),
                ..Default::default()
            };
            phone.record(known, removal);
        }
        let nowhere = RecordRef::new(known.kind, uuid::Uuid::from_bytes([77; 16]));
        let note = FieldMap::from_iter([(household::NOTE, Value::text("mine now"))]);
        phone.record(nowhere, RecordState::change_to(known.kind, None, note));
        let reply = world
            .server
            .sync(&stranger.token, &a_request(Some(phone.push_from(1))))
            .await
            .unwrap();
        assert_eq!(
            reply.parked.len(),
            phone.operations.len(),
            "{place} {role:?}: everything is set aside"
        );
        if place == "own" {
            // The same answer whatever is there: nobody finds out who lives where.
            let codes: BTreeSet<&str> = reply.parked.iter().map(|parked| parked.code.as_str()).collect();
            assert_eq!(codes, BTreeSet::from(["area.not_assigned"]), "{role:?}");
        }
    }
    let after = world.server.sync(&amina.token, &a_request(None)).await.unwrap();
    assert_eq!(after.pages, before.pages);
    let lead = world.server.sign_in("own-supervisor").await;
    let shown: Vec<v1::ParkedOperation> =
        serde_json::from_slice(&world.server.get("/v1/parked", Some(&lead.token)).await.body).unwrap();
    assert_eq!(shown.len(), 1, "strangers do not fill the supervisor's list");
}
