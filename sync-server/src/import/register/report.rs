//! What the person who imports is told: counts, what was left out and why, and which rows to look at.
//!
//! No name, number or remark of a resident is in the report; a row number is enough to find it in the file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::columns::Forbidden;

/// Rows that are listed for one kind of finding in the text; JSON has all of them.
const ROWS_LISTED_MAX: usize = 20;

/// The counts of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Rows below the column names that hold something and are no title, note or total.
    pub rows: usize,
    /// Households, vacant ones too.
    pub households: usize,
    /// Households without residents.
    pub vacant: usize,
    /// Residents.
    pub residents: usize,
    /// Rows that repeat another row of the same household, apart from the running number.
    pub exact_doubles: usize,
    /// Cells with a telephone number that cannot be one.
    pub impossible_phones: usize,
    /// Residents with two numbers or more.
    pub two_phones: usize,
    /// Residents without a year of birth.
    pub without_birth: usize,
    /// Rows whose remark, or part of it, is in no table and was not kept.
    pub unmapped_remarks: usize,
    /// Rows that could not be given to any household.
    pub rows_not_read: usize,
}

/// What was noticed in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingCode {
    /// The door number cannot be read; the row was not imported.
    DoorUnreadable,
    /// No door number, and none above it to continue; the row was not imported.
    DoorMissing,
    /// The name cannot be one; the row was not imported.
    NameUnreadable,
    /// Something stands in a cell and cannot be read: an error value, a formula without its result. It was left out.
    CellUnreadable,
    /// More than one name in the cell, or digits in it; imported as written.
    NameUnclear,
    /// The row repeats another one and was dropped.
    ExactDouble,
    /// The same name and birth twice in one household, with other differences; both were imported.
    PossibleDouble,
    /// What is not one whole telephone number was left out.
    PhoneImpossible,
    /// More telephone numbers than a resident can have; the first ones were kept.
    PhonesLeftOut,
    /// Words in place of a telephone number were left out.
    PhoneWords,
    /// The number of a birth date can be two things; nothing was kept.
    BirthUnclear,
    /// The birth date cannot be read.
    BirthUnreadable,
    /// The year of birth is in the future or too long ago; nothing was kept.
    BirthImpossible,
    /// The day does not exist or is still to come; the year was kept.
    BirthDayImpossible,
    /// The year was read, the month can be two things.
    BirthMonthUnclear,
    /// A lunar date: the year was kept.
    BirthLunar,
    /// The remark, or part of it, is in no table and was not kept.
    RemarkUnmapped,
    /// The remark holds what no record may hold; it was not kept.
    RemarkForbidden,
    /// Something that looks like an identity number stands outside its column; it was not kept.
    IdentityNumber,
    /// The person may have died or moved; imported, please check.
    MaybeGone,
    /// Rows of one household disagree about tenure, or a vacant one has residents.
    TenureUnclear,
    /// The tenure is none of the closed list.
    TenureUnknown,
    /// Rows of one household disagree about the grid; the first counts.
    GridUnclear,
    /// The grid is missing or cannot be read.
    GridMissing,
    /// A title, note, example or total below the column names was passed over.
    RowPassedOver,
}

impl FindingCode {
    fn sentence(self) -> &'static str {
        match self {
            Self::DoorUnreadable => "门牌号读不出,这些行没有导入,请改成如 3-2-501 的写法",
            Self::DoorMissing => "没有门牌号,也没有可以沿用的上一户,这些行没有导入",
            Self::NameUnreadable => "姓名一格不是姓名,这些行没有导入",
            Self::CellUnreadable => {
                "有的格子读不出(出错的公式,或公式没有结果),这些格子没有保存,不当作空白;以前导入过的,保留原来的内容"
            }
            Self::NameUnclear => "姓名一格可能不止一个人,已按原样导入,请核对",
            Self::ExactDouble => "与同一户的另一行完全相同,已去掉",
            Self::PossibleDouble => "同一户里姓名和出生年月相同,但其他内容不同,都已导入,请核对是否同一人",
            Self::PhoneImpossible => "电话不是一个完整的号码(位数不对,或带分机号),这个号码没有保存",
            Self::PhonesLeftOut => "电话超过 5 个,只保存了前 5 个",
            Self::PhoneWords => "电话一格是文字,没有保存",
            Self::BirthUnclear => "出生日期的数字有两种读法,留空,请改成如 1960-07 的写法",
            Self::BirthUnreadable => "出生日期读不出,新导入的留空,以前导入过的保留原来的年月",
            Self::BirthImpossible => "出生年份不合常理,留空",
            Self::BirthDayImpossible => "出生月日不存在或还没到,只保存了年份",
            Self::BirthMonthUnclear => "出生月份有两种读法,只保存了年份",
            Self::BirthLunar => "出生日期是农历,只保存了年份",
            Self::RemarkUnmapped => "备注中有对应不上的内容,这部分没有保存",
            Self::RemarkForbidden => "备注中有不应登记的内容,没有保存",
            Self::IdentityNumber => "证件号码出现在别的列里,没有保存",
            Self::MaybeGone => "备注提到已故或迁出,已导入,请核对",
            Self::TenureUnclear => "同一户的住房性质前后不一,或与备注不一,以表中先出现的为准,请核对",
            Self::TenureUnknown => "住房性质对应不上,留空",
            Self::GridUnclear => "同一户的网格前后不一,以先出现的为准",
            Self::GridMissing => "网格没有写或读不出,先归在社区",
            Self::RowPassedOver => "标题、说明、示例或合计行,跳过",
        }
    }
}

/// One thing that was noticed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What.
    pub code: FindingCode,
    /// The sheet's name.
    pub sheet: String,
    /// The row, as the spreadsheet program shows it.
    pub row: u32,
}

/// A column that was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOutColumn {
    /// The sheet's name.
    pub sheet: String,
    /// The column's letter.
    pub column: String,
    /// Its name as written.
    pub header: String,
    /// Why, when product rules forbid it; `None` when no record has such a field.
    pub forbidden: Option<Forbidden>,
}

/// What words of the remarks became.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mapping {
    /// The word of the table.
    pub words: String,
    /// The code of what it became: a need, `tenure_rented`, `preferred_hours`, `not_alone`, `warning_dog`, `age`.
    pub became: String,
    /// How many rows.
    pub rows: usize,
}

/// A sheet that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SheetRead {
    /// Its name.
    pub name: String,
    /// The row of the column names.
    pub header_row: u32,
}

/// Everything about one import.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ImportReport {
    /// The title above the table.
    pub title: String,
    /// Sheets that were read.
    pub sheets: Vec<SheetRead>,
    /// Sheets that were not: hidden, or without a register.
    pub sheets_not_read: Vec<String>,
    /// Counts.
    pub counts: Counts,
    /// Columns that were not read.
    pub columns_left_out: Vec<LeftOutColumn>,
    /// What the remarks became.
    pub mappings: Vec<Mapping>,
    /// What was noticed, by kind and row.
    pub findings: Vec<Finding>,
}

impl ImportReport {
    /// The rows with this finding.
    pub fn rows_with(&self, code: FindingCode) -> Vec<u32> {
        self.findings
            .iter()
            .filter(|finding| finding.code == code)
            .map(|finding| finding.row)
            .collect()
    }

    /// The report in plain Chinese.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let counts = &self.counts;
        writeln!(out, "登记表导入情况")?;
        if !self.title.is_empty() {
            writeln!(out, "表名:{}", self.title)?;
        }
        for sheet in &self.sheets {
            writeln!(out, "工作表“{}”:列名在第 {} 行", sheet.name, sheet.header_row)?;
        }
        if !self.sheets_not_read.is_empty() {
            writeln!(out, "没有读取的工作表:{}", self.sheets_not_read.join("、"))?;
        }
        writeln!(
            out,
            "\n读到 {} 行,{} 户(其中 {} 户没有住人),{} 人。",
            counts.rows, counts.households, counts.vacant, counts.residents
        )?;
        writeln!(out, "去掉完全重复的 {} 行。", counts.exact_doubles)?;
        writeln!(
            out,
            "{} 人有两个或更多电话;{} 处电话不是完整的号码,没有保存。",
            counts.two_phones, counts.impossible_phones
        )?;
        writeln!(out, "{} 人没有出生年份。", counts.without_birth)?;
        if counts.rows_not_read > 0 {
            writeln!(out, "{} 行没有导入,原因见下。", counts.rows_not_read)?;
        }
        self.write_columns(out)?;
        self.write_mappings(out)?;
        self.write_findings(out)
    }

    fn write_columns(&self, out: &mut String) -> std::fmt::Result {
        let named = |forbidden: bool| {
            let columns = self
                .columns_left_out
                .iter()
                .filter(|column| column.forbidden.is_some() == forbidden);
            columns
                .map(|column| format!("{}({}列)", column.header, column.column))
                .collect::<Vec<_>>()
                .join("、")
        };
        let (forbidden, unused) = (named(true), named(false));
        if !forbidden.is_empty() {
            writeln!(out, "\n按规定不登记、一个字也没有读取的列:{forbidden}。")?;
        }
        if !unused.is_empty() {
            writeln!(out, "\n用不到、没有读取的列:{unused}。")?;
        }
        Ok(())
    }

    fn write_mappings(&self, out: &mut String) -> std::fmt::Result {
        if self.mappings.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n备注对应情况(备注原文不保存):")?;
        for mapping in &self.mappings {
            writeln!(
                out,
                "  {} → {}:{} 行",
                mapping.words,
                became_in_chinese(&mapping.became),
                mapping.rows
            )?;
        }
        Ok(())
    }

    fn write_findings(&self, out: &mut String) -> std::fmt::Result {
        let mut by_code: BTreeMap<FindingCode, BTreeMap<&str, Vec<u32>>> = BTreeMap::new();
        for finding in &self.findings {
            by_code
                .entry(finding.code)
                .or_default()
                .entry(&finding.sheet)
                .or_default()
                .push(finding.row);
        }
        if !by_code.is_empty() {
            writeln!(out, "\n请核对:")?;
        }
        for (code, sheets) in by_code {
            let count: usize = sheets.values().map(Vec::len).sum();
            writeln!(out, "  {}({} 行)", code.sentence(), count)?;
            for (sheet, rows) in sheets {
                let listed: Vec<String> = rows.iter().take(ROWS_LISTED_MAX).map(u32::to_string).collect();
                let more = if rows.len() > ROWS_LISTED_MAX { " 等" } else { "" };
                let place = if self.sheets.len() > 1 {
                    format!("“{sheet}”")
                } else {
                    String::new()
                };
                writeln!(out, "    {place}第 {} 行{more}", listed.join("、"))?;
            }
        }
        Ok(())
    }
}

fn became_in_chinese(code: &str) -> &str {
    match code {
        "lives_alone" => "需求:独居(空巢也归在这里)",
        "mobility" => "需求:行动不便",
        "chronic_illness" => "需求:慢病与用药",
        "hearing_sight" => "需求:听力或视力",
        "disability_service" => "需求:助残服务",
        "child_left_behind" => "需求:留守儿童",
        "new_mother" => "需求:新生儿母亲",
        "low_income_support" => "需求:低保与救助",
        "new_in_area" => "需求:新入住",
        "language_help" => "需求:语言帮助",
        "preferred_hours" => "上门偏好",
        "not_alone" => "上门偏好:不单独上门",
        "warning_dog" => "上门提醒:有狗",
        "warning_bell_broken" => "上门提醒:门铃坏了",
        "warning_telephone_first" => "上门提醒:先打电话",
        "tenure_owned" => "住房性质:自有",
        "tenure_rented" => "住房性质:租住",
        "tenure_vacant" => "住房性质:空置",
        "age" => "由出生年份得出,不另存",
        other => other,
    }
}
