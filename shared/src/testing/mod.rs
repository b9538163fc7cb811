//! Builders for tests: devices with names, operations, and a clock set by hand.

use uuid::Uuid;

use crate::change::{Change, Operation};
use crate::clock::Hlc;
use crate::domain::schema::RecordRef;
use crate::ids::{AreaCode, DeviceId, WorkerId};

/// A device that numbers and stamps its operations.
#[derive(Debug, Clone)]
pub struct FakeDevice {
    /// Its id.
    pub device: DeviceId,
    /// Its worker.
    pub worker: WorkerId,
    /// Its last sequence number.
    pub seq: u64,
    /// Its clock.
    pub clock: Hlc,
}

impl FakeDevice {
    /// Device number `number`, with ids in a range of its own so that a mix-up shows.
    pub fn numbered(number: u8) -> Self {
        Self {
            device: DeviceId(Uuid::from_bytes([number; 16])),
            worker: WorkerId(Uuid::from_bytes([100 + number; 16])),
            seq: 0,
            clock: Hlc::default(),
        }
    }

    /// The next operation at `now_ms`.
    pub fn operation(&mut self, now_ms: u64, record: RecordRef, change: Change) -> Operation {
        self.seq += 1;
        Operation {
            device: self.device,
            seq: self.seq,
            author: self.worker,
            stamp: self.clock.tick(now_ms),
            area: a_grid(),
            record,
            change,
        }
    }
}

/// A grid of Fuqiang.
pub fn a_grid() -> AreaCode {
    // The text is a constant of the right shape.
    AreaCode::new("130803001001-01").unwrap_or_else(|_| unreachable!())
}
