//! What this device keeps for itself: its settings, and how much room the replica takes.

use serde::{Deserialize, Serialize};

use super::Ask;

/// A setting of this device (`language`, `type_size`, `theme`); `None` until it is set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// Its name.
    pub name: String,
}

impl Ask for Setting {
    type Reply = Option<String>;
}

/// Keeps a setting of this device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetSetting {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Ask for SetSetting {
    type Reply = ();
}

/// How much room the replica takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Storage;

impl Ask for Storage {
    type Reply = StorageState;
}

/// How much room the replica takes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StorageState {
    /// Bytes of the database.
    pub database_bytes: u64,
    /// Bytes of photos among them.
    pub photo_bytes: u64,
    /// Households on this device.
    pub households: u64,
    /// Residents on this device.
    pub residents: u64,
    /// Visits on this device.
    pub visits: u64,
}
