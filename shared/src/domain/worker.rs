//! Workers: grid members, supervisors, administrators, and the areas assigned to them.

use serde::{Deserialize, Serialize};

use super::list::closed_list;
use crate::ids::{AreaCode, WorkerId};

closed_list! {
    /// What a worker may do.
    Role "role" {
        /// 网格员: reads and writes the grids assigned
        Member = 1 "member",
        /// 网格长 / 社区工作者: the same for a community or street, and resolves conflicts and parked changes
        Supervisor = 2 "supervisor",
        /// 系统管理员: accounts, devices, backups
        Administrator = 3 "administrator",
    }
}

/// A worker as colleagues see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Id.
    pub id: WorkerId,
    /// The name on screens.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// One area assigned to one worker.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Assignment {
    /// To whom.
    pub worker: WorkerId,
    /// What.
    pub area: AreaCode,
}
