//! What a server knows that it lacks, for supervisors (`GET /v1/devices/gaps`, JSON).
//!
//! Deliberately without any count or time per device: whose phone has something is all that is needed to ask for it
//! (`docs/lines.md`, line 1).

use serde::{Deserialize, Serialize};

use crate::ids::{AreaCode, DeviceId, WorkerId};

/// Every gap that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Gaps {
    /// Devices that have operations which the server lacks.
    pub devices: Vec<DeviceGap>,
    /// Areas in which photos are named whose bytes have not arrived.
    pub photos: Vec<PhotoGap>,
    /// Devices that were not enrolled with a password but went on from another one: copies, of which somebody should know.
    #[serde(default)]
    pub copies: Vec<DeviceGap>,
}

/// A device that has shown a receipt for more than the server holds, or that is a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceGap {
    /// The device.
    pub device: DeviceId,
    /// How it is called in lists.
    pub name: String,
    /// Its worker.
    pub worker: WorkerId,
}

/// Photos of one area whose bytes the server lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoGap {
    /// The area.
    pub area: AreaCode,
    /// How many.
    pub lacking: u64,
}
