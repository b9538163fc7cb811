//! Areas 区域: the tree of places that decides who sees what.

use serde::{Deserialize, Serialize};

use crate::ids::AreaCode;

/// An area with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// Its place in the tree.
    pub code: AreaCode,
    /// Its name, e.g. `富强新村社区`.
    pub name: String,
}
