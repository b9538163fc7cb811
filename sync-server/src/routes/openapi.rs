//! `GET /openapi.json`: every route, described. What travels as bytes is described in `docs/sync-protocol.md`.
//!
//! The domain crate knows nothing of HTTP, so the forms are written down here once more; a test holds them to
//! what really travels.

mod everywhere;

use std::collections::BTreeMap;

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};
use uuid::Uuid;

use self::everywhere::Everywhere;

/// Why a request was refused.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// A stable code, e.g. `push.fork`.
    pub code: String,
    /// One sentence, without personal data.
    pub message: String,
    /// From where a device goes on after `push.gap` and `push.fork`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
}

/// What the server holds of a device.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The last operation; 0 for none.
    pub through_seq: u64,
    /// The hash chain at it: 64 hexadecimal digits.
    pub chain: String,
}

/// Who signs in, and on what.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// Account name.
    pub username: String,
    /// Password.
    pub password: String,
    /// The device's own id when it signs in again.
    pub device: Option<Uuid>,
    /// How the device is called in lists.
    pub device_name: String,
}

/// A session.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInReply {
    /// Opaque; sent as `Authorization: Bearer`.
    pub token: String,
    /// The enrolled device.
    pub device: Uuid,
    /// The worker.
    pub worker: Worker,
    /// The assigned areas.
    pub areas: Vec<Area>,
    /// The life of the server's database.
    pub epoch: Uuid,
    /// The device's last operation that the server holds; 0 for none.
    pub through_seq: u64,
    /// The hash chain at it: 32 bytes.
    pub chain: Vec<u8>,
    /// Server time, ms since the Unix epoch.
    pub now_ms: u64,
    /// The key under which the device seals its replica when it is revoked: 32 bytes.
    #[serde(default)]
    pub seal_key: Option<Vec<u8>>,
}

/// A worker as colleagues see them.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// Id.
    pub id: Uuid,
    /// The name on screens.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// What a worker may do.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub enum Role {
    /// 网格员
    Member,
    /// 网格长
    Supervisor,
    /// 系统管理员
    Administrator,
    /// 响应单位人员
    Responder,
    /// 志愿者
    Volunteer,
    /// 审计员
    Auditor,
}

/// An area with its name.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// Division code; a grid adds `-NN`.
    #[schema(example = "130803001001-02")]
    pub code: String,
    /// Its name.
    pub name: String,
}

/// Who is signed in, and where they work.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Me {
    /// The worker.
    pub worker: Worker,
    /// The device.
    pub device: Uuid,
    /// The codes of the assigned areas.
    pub areas: Vec<String>,
    /// The life of the server's database.
    pub epoch: Uuid,
}

/// An operation that was set aside.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParkedOperation {
    /// Whose.
    pub author: Uuid,
    /// The area it was for.
    pub area: String,
    /// The record.
    pub record: RecordRef,
    /// The reason's code.
    pub code: String,
    /// When, ms since the Unix epoch.
    pub parked_at: u64,
    /// What it would have written, by the field's number.
    pub fields: BTreeMap<String, serde_json::Value>,
    /// Which members of sets it would have added or taken out.
    pub members: Vec<ParkedMember>,
    /// Which step of an issue it would have taken.
    pub event: Option<ParkedEvent>,
    /// Whether it would have removed the record.
    pub removes: bool,
    /// Which it is: `POST /v1/parked/{place}` takes it up, `?after=` goes on behind it.
    pub place: String,
    /// The list ends with it.
    pub is_last: bool,
}

/// A member of a set.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParkedMember {
    /// The field's number.
    pub field: u8,
    /// The member's number.
    pub member: u64,
    /// Added, or else taken out.
    pub adds: bool,
}

/// A step of an issue.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParkedEvent {
    /// The step's number.
    pub step: u64,
    /// A note.
    pub note: String,
    /// Whom or what the step names.
    pub target: String,
}

/// What is known to be missing on the server.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Gaps {
    /// Devices that have operations which the server lacks.
    pub devices: Vec<DeviceGap>,
    /// Areas in which photos are named whose bytes have not arrived.
    pub photos: Vec<PhotoGap>,
    /// Devices that were not enrolled with a password but went on from another one.
    pub copies: Vec<DeviceGap>,
}

/// A device that has operations which the server lacks.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceGap {
    /// The device.
    pub device: Uuid,
    /// How it is called in lists.
    pub name: String,
    /// Its worker.
    pub worker: Uuid,
}

/// Photos of one area whose bytes the server lacks.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhotoGap {
    /// The area.
    pub area: String,
    /// How many.
    pub lacking: u64,
}

/// Names one record.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordRef {
    /// 1 household, 2 resident, 3 visit, 4 issue, 5 photo.
    pub kind: u8,
    /// Its id.
    pub id: Uuid,
}

struct Token;

impl Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("from POST /v1/session"));
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    }
}

/// Bytes, as their own content type says.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Bytes(pub Vec<u8>);

/// The description.
#[derive(Debug, OpenApi)]
#[openapi(
    info(title = "Koumen sync server", description = "Every route. Bodies of application/vnd.koumen.v1 are binary: docs/sync-protocol.md"),
    modifiers(&Token, &Everywhere),
    paths(
        super::session::sign_in,
        super::session::sign_out,
        super::device::fork,
        super::gaps::gaps,
        super::me::me,
        super::parked::parked,
        super::parked::take_up,
        super::segments::segment,
        super::sync::sync,
        super::notices::notices,
        super::photos::put_photo,
        super::photos::get_photo,
        super::photos::head_photo,
        super::uploads::uploads_offered,
        super::uploads::create_upload,
        super::uploads::head_upload,
        super::uploads::patch_upload,
        super::uploads::delete_upload,
        super::uploads::post_upload,
        super::health::health,
    )
)]
pub struct Description;

/// The description as JSON.
pub async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}
