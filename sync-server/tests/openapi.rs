//! The description of the JSON routes says what really travels.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use axum::http::Method;
use serde::de::DeserializeOwned;
use shared::domain::area::Area;
use shared::domain::value::FieldMap;
use shared::domain::worker::{Role, Worker};
use shared::domain::{FieldId, RecordKind, RecordRef, Value};
use shared::ids::{AreaCode, DeviceId, EpochId, WorkerId};
use shared::protocol::gaps::{DeviceGap, Gaps, PhotoGap};
use shared::protocol::v1::{self, SealKey, SignInReply, SignInRequest};
use sync_server::routes::openapi;
use sync_server::testing::TestServer;
use uuid::Uuid;

/// What the wire type writes, the described type reads: no field more, none less.
fn same<T: DeserializeOwned + serde::Serialize>(wire: &impl serde::Serialize) {
    let wire = serde_json::to_value(wire).unwrap();
    let described: T = serde_json::from_value(wire.clone()).unwrap();
    assert_eq!(serde_json::to_value(described).unwrap(), wire);
}

#[test]
fn the_described_forms_are_the_real_ones() {
    let id = Uuid::from_bytes([7; 16]);
    let area = AreaCode::new("130803001001-02").unwrap();
    for role in Role::ALL {
        same::<openapi::Worker>(&Worker {
            id: WorkerId(id),
            name: "赵敏".to_owned(),
            role: *role,
        });
    }
    same::<openapi::SignInRequest>(&SignInRequest {
        username: "zhao".to_owned(),
        password: "x".to_owned(),
        device: Some(DeviceId(id)),
        device_name: "Chrome".to_owned(),
    });
    same::<openapi::SignInReply>(&SignInReply {
        token: "00".to_owned(),
        device: DeviceId(id),
        worker: Worker {
            id: WorkerId(id),
            name: "赵敏".to_owned(),
            role: Role::Member,
        },
        areas: vec![Area {
            code: area.clone(),
            name: "第2网格".to_owned(),
        }],
        epoch: EpochId(id),
        through_seq: 3,
        chain: Default::default(),
        now_ms: 5,
        seal_key: Some(SealKey([6; 32])),
    });
    same::<openapi::ParkedOperation>(&v1::ParkedOperation {
        author: WorkerId(id),
        area,
        record: RecordRef::new(RecordKind::VISIT, id),
        code: "change.empty".to_owned(),
        parked_at: 9,
        fields: FieldMap::from_iter([
            (FieldId(6), Value::Text("x".to_owned())),
            (FieldId(7), Value::Null),
        ]),
        members: vec![v1::ParkedMember {
            field: FieldId(7),
            member: 4,
            adds: true,
        }],
        event: Some(shared::domain::issue::Event::of(
            shared::domain::issue::Step::Accepted,
        )),
        removes: true,
        place: "9.5.1".to_owned(),
        is_last: true,
    });
    same::<openapi::Gaps>(&Gaps {
        devices: vec![DeviceGap {
            device: DeviceId(id),
            name: "Chrome".to_owned(),
            worker: WorkerId(id),
        }],
        photos: vec![PhotoGap {
            area: AreaCode::new("130803001001-02").unwrap(),
            lacking: 2,
        }],
        copies: vec![DeviceGap {
            device: DeviceId(id),
            name: "Chrome".to_owned(),
            worker: WorkerId(id),
        }],
    });
}

#[tokio::test]
async fn refusals_and_me_have_the_described_form() {
    let server = TestServer::start().await;
    server.add_area("130803", "双滦区").await;
    server.add_worker("zhao", Role::Member, &["130803"]).await;
    let zhao = server.sign_in("zhao").await;
    let me = server.get("/v1/me", Some(&zhao.token)).await;
    same::<openapi::Me>(&serde_json::from_slice::<serde_json::Value>(&me.body).unwrap());
    let refused = server
        .call(Method::POST, "/v1/session", None, ("application/json", "{"))
        .await;
    same::<openapi::Refusal>(&serde_json::from_slice::<serde_json::Value>(&refused.body).unwrap());
    let described = server.get("/openapi.json", None).await;
    let document: serde_json::Value = serde_json::from_slice(&described.body).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    assert_eq!(
        document["components"]["securitySchemes"]["token"]["scheme"],
        "bearer"
    );
}
