//! `koumen-server import register`

use anyhow::{Result, anyhow};
use serde::Serialize;
use shared::domain::CalendarDate;

use super::options::RegisterOptions;
use super::read_file;
use crate::clock::{Clock, SystemClock};
use crate::import::register::ImportReport;
use crate::import::register::container::FILE_BYTES_MAX;
use crate::import::{read_register, register_ids};
use crate::register_write::{RegisterChanges, write_register};
use crate::storage::Storage;

#[derive(Serialize)]
struct Report<'a> {
    changes: RegisterChanges,
    register: &'a ImportReport,
}

pub(super) async fn import(storage: &Storage, options: &RegisterOptions) -> Result<()> {
    let file = &options.file;
    let bytes = read_file(file, FILE_BYTES_MAX)?;
    let now_ms = SystemClock.now_ms();
    let reading = read_register(&bytes, CalendarDate::of_ms(now_ms))
        .map_err(|error| anyhow!("{}: {}", error.code(), error.sentence()))?;
    let planned = register_ids::plan(&reading, &options.community);
    let changes = write_register(storage, &options.community, &planned, now_ms).await?;
    if options.json {
        let report = Report {
            changes,
            register: &reading.report,
        };
        say!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        say!("{}", reading.report.to_text());
        say!("{}", in_words(&changes));
    }
    Ok(())
}

fn in_words(changes: &RegisterChanges) -> String {
    let mut words = vec![format!(
        "写入:新增 {} 个网格、{} 户、{} 人;更新 {} 户、{} 人;共改动 {} 条记录。",
        changes.grids_added,
        changes.households_added,
        changes.residents_added,
        changes.households_changed,
        changes.residents_changed,
        changes.records()
    )];
    if changes.kept_in_grid > 0 {
        words.push(format!(
            "{} 户在登记表中换了网格,仍留在原来的网格。",
            changes.kept_in_grid
        ));
    }
    if changes.not_named > 0 {
        words.push(format!(
            "{} 条以前导入的记录这次没有出现,没有删除。",
            changes.not_named
        ));
    }
    if changes.unclear > 0 {
        words.push(format!(
            "{} 人的出生日期读不出,同一户以前导入过不止一位同名的人,不知道是哪一位,没有写入。",
            changes.unclear
        ));
    }
    if changes.parked > 0 {
        words.push(format!("{} 处没有通过检查,放在“需处理”。", changes.parked));
    }
    words.join("\n")
}
