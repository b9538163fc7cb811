//! Workers: grid members, supervisors and the others who have an account, and the areas assigned to them.

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
        /// 响应单位人员: works on what was sent to their unit
        Responder = 4 "responder",
        /// 志愿者: takes part in what is open to volunteers
        Volunteer = 5 "volunteer",
        /// 审计员: reads the audit log
        Auditor = 6 "auditor",
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
