//! A third register, worse than the two fixtures: other names and order of columns, separate columns for the
//! building, titles and a note around the column names, merged cells, numbers as numbers, a total, blank
//! rows, hidden columns that must not be read, and sheets that are no register.

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};
use shared::domain::Need;
use shared::domain::household::Tenure;
use shared::domain::resident::Relation;
use sync_server::import::register::{FindingCode, RegisterHousehold};
use sync_server::import::{RegisterReading, read_register};

use crate::support::today;

const NAMES: [&str; 16] = [
    "NO.",
    "姓 名",
    "与户主\n关系",
    "楼号",
    "单元",
    "室号",
    "身份证",
    "移动电话",
    "固话",
    "出生日期(年-月-日)",
    "房屋状况",
    "是否独居",
    "人员类别",
    "信访情况",
    "所在网格",
    "情况说明",
];

fn header(sheet: &mut Worksheet, row: u32) {
    for (column, name) in (0_u16..).zip(NAMES) {
        sheet.write(row, column, name).unwrap();
    }
}

fn texts(sheet: &mut Worksheet, row: u32, cells: &[(u16, &str)]) {
    for (column, text) in cells {
        sheet.write(row, *column, *text).unwrap();
    }
}

/// Builds the workbook. Rows are counted from 0 here, from 1 in the report.
fn workbook() -> Vec<u8> {
    let mut workbook = Workbook::new();
    let help = workbook.add_worksheet().set_name("填表说明").unwrap();
    texts(help, 0, &[(0, "姓名请填写全名")]);
    texts(help, 1, &[(0, "楼号写数字")]);
    let sheet = workbook.add_worksheet().set_name("居民台账").unwrap();
    let plain = Format::new();
    sheet
        .merge_range(0, 0, 0, 15, "某某街道某某社区", &plain)
        .unwrap();
    sheet.merge_range(1, 0, 1, 15, "2026年居民台账", &plain).unwrap();
    header(sheet, 3);
    sheet
        .merge_range(4, 0, 4, 15, "注:楼号、单元、室号分别填写,电话可以填两个", &plain)
        .unwrap();
    sheet.set_column_hidden(6).unwrap();

    // One household over three rows, its door merged.
    for (column, number) in [(3, 12.0), (4, 2.0), (5, 501.0)] {
        sheet.merge_range(5, column, 7, column, "", &plain).unwrap();
        sheet.write(5, column, number).unwrap();
    }
    sheet.merge_range(5, 14, 7, 14, "第三网格", &plain).unwrap();
    texts(
        sheet,
        5,
        &[
            (1, "欧阳 娜"),
            (2, "户主"),
            (6, "999999196207021883"),
            (8, "0314-2021234"),
            (11, "是"),
            (13, "有"),
        ],
    );
    sheet.write(5, 0, 1.0).unwrap();
    sheet.write(5, 7, 12_009_375_836.0).unwrap();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    sheet
        .write_with_format(5, 9, ExcelDateTime::from_ymd(1962, 7, 2).unwrap(), &date)
        .unwrap();
    texts(
        sheet,
        6,
        &[
            (1, "李强"),
            (2, "长子"),
            (7, "120 0937 5837、12009375838"),
            (15, "慢性病,脾气大"),
        ],
    );
    sheet.write(6, 9, 33_000.0).unwrap();
    texts(
        sheet,
        7,
        &[
            (1, "李雷"),
            (2, "孙子"),
            (9, "2015.4"),
            (7, "1200937"),
            (12, "残疾人"),
        ],
    );
    // The same row again, only its running number differs.
    texts(
        sheet,
        8,
        &[
            (1, "李雷"),
            (2, "孙子"),
            (9, "2015.4"),
            (7, "1200937"),
            (12, "残疾人"),
            (14, "第三网格"),
        ],
    );
    sheet.write(8, 0, 4.0).unwrap();
    // A prepared row and a blank row.
    sheet.write(9, 0, 5.0).unwrap();
    // The same building and unit, another room; the column of rooms holds text.
    texts(
        sheet,
        11,
        &[
            (3, "12号楼"),
            (4, "二单元"),
            (5, "502室"),
            (10, "空房"),
            (14, "3"),
        ],
    );
    // A building with a letter, no unit; the room column holds the whole number.
    texts(
        sheet,
        12,
        &[
            (1, "阿依古丽·买买提"),
            (3, "A座"),
            (4, "无"),
            (5, "1203"),
            (9, "71年"),
            (10, "承租"),
            (14, "网格4"),
            (15, "白天无人,晚七点后在家"),
        ],
    );
    texts(
        sheet,
        13,
        &[
            (1, "王芳"),
            (5, "12-1-101"),
            (9, "不详"),
            (14, "第1网格"),
            (15, "刑满释放"),
        ],
    );
    // Nobody knows which door.
    texts(
        sheet,
        14,
        &[(1, "赵六"), (3, "二期工地"), (5, "板房"), (14, "第1网格")],
    );
    texts(sheet, 15, &[(1, "钱七")]);
    // A building again, with a two-digit year and a mistyped month.
    texts(
        sheet,
        16,
        &[
            (1, "孙八(户主)"),
            (3, "13"),
            (4, "1"),
            (5, "0201"),
            (9, "60年13月"),
            (14, "第1网格"),
            (12, "低保"),
            (15, "证999999196207021883"),
        ],
    );
    texts(sheet, 18, &[(1, "合计"), (3, "5户"), (5, "7人")]);
    let old = workbook.add_worksheet().set_name("旧表").unwrap();
    header(old, 0);
    texts(old, 1, &[(1, "旧人"), (3, "1"), (4, "1"), (5, "101")]);
    old.set_hidden(true);
    workbook.save_to_buffer().unwrap()
}

fn reading() -> RegisterReading {
    read_register(&workbook(), today()).unwrap()
}

fn household<'a>(reading: &'a RegisterReading, door: &str) -> &'a RegisterHousehold {
    reading
        .households
        .iter()
        .find(|household| household.door.to_string() == door)
        .unwrap()
}

#[test]
fn a_nasty_register_gives_the_same_households() {
    let reading = reading();
    let doors: Vec<String> = reading
        .households
        .iter()
        .map(|household| household.door.to_string())
        .collect();
    assert_eq!(doors, ["12-1-101", "12-2-501", "12-2-502", "13-1-201", "A-1203"]);
    let counts = reading.report.counts;
    assert_eq!((counts.households, counts.vacant, counts.residents), (5, 1, 6));
    assert_eq!(
        (counts.exact_doubles, counts.impossible_phones, counts.two_phones),
        (1, 1, 2)
    );
    assert_eq!((counts.without_birth, counts.rows_not_read), (1, 2));
    assert_eq!(reading.title, "某某街道某某社区");
}

#[test]
fn each_person_of_it_is_read_whole() {
    let reading = reading();
    let family = household(&reading, "12-2-501");
    assert_eq!(family.grid, Some(3));
    let [head, son, grandson] = family.residents.as_slice() else {
        panic!("{family:?}")
    };
    assert_eq!(
        (head.name.as_str(), head.relation),
        ("欧阳娜", Some(Relation::Head))
    );
    assert_eq!((head.birth_year, head.birth_month), (Some(1962), Some(7)));
    assert_eq!(head.phones, ["12009375836", "03142021234"]);
    assert_eq!(head.needs, [Need::LivesAlone]);
    assert_eq!(
        (son.birth_year, son.birth_month, son.relation),
        (Some(1990), Some(5), Some(Relation::Child))
    );
    assert_eq!(son.phones, ["12009375837", "12009375838"]);
    assert_eq!(son.needs, [Need::ChronicIllness]);
    assert_eq!((grandson.birth_year, grandson.birth_month), (Some(2015), Some(4)));
    assert_eq!(
        (grandson.phones.len(), grandson.relation),
        (0, Some(Relation::Grandchild))
    );
    assert_eq!(grandson.needs, [Need::DisabilityService]);
    let vacant = household(&reading, "12-2-502");
    assert_eq!(
        (vacant.household.tenure, vacant.residents.len(), vacant.grid),
        (Some(Tenure::Vacant), 0, Some(3))
    );
    let rented = household(&reading, "A-1203");
    assert_eq!(
        (rented.household.tenure, rented.grid),
        (Some(Tenure::Rented), Some(4))
    );
    assert_eq!(rented.household.preferred_hours, "白天无人;晚七点后在家");
    assert_eq!(rented.residents[0].birth_year, Some(1971));
    let last = household(&reading, "13-1-201");
    assert_eq!(
        (last.residents[0].name.as_str(), last.residents[0].relation),
        ("孙八", Some(Relation::Head))
    );
    assert_eq!(
        (last.residents[0].birth_year, last.residents[0].birth_month),
        (Some(1960), None)
    );
    assert_eq!(last.residents[0].needs, [Need::LowIncomeSupport]);
}

#[test]
fn what_was_left_out_is_said_by_row_and_never_quoted() {
    let reading = reading();
    let rows = |code| reading.report.rows_with(code);
    assert_eq!(rows(FindingCode::ExactDouble), [9]);
    assert_eq!(rows(FindingCode::PhoneImpossible), [8]);
    assert_eq!(rows(FindingCode::BirthUnreadable), [14]);
    assert_eq!(rows(FindingCode::BirthDayImpossible), [17]);
    assert_eq!(rows(FindingCode::RemarkUnmapped), [7, 17]);
    assert_eq!(rows(FindingCode::RemarkForbidden), [14]);
    assert_eq!(rows(FindingCode::IdentityNumber), [17]);
    // The row below an unreadable door does not fall to the household above it.
    assert_eq!(rows(FindingCode::DoorUnreadable), [15, 16]);
    assert_eq!(rows(FindingCode::RowPassedOver), [5, 19]);
    assert_eq!(reading.report.sheets_not_read, ["旧表", "填表说明"]);
    let left_out: Vec<(&str, bool)> = reading
        .report
        .columns_left_out
        .iter()
        .map(|column| (column.header.as_str(), column.forbidden.is_some()))
        .collect();
    assert_eq!(left_out, [("身份证", true), ("信访情况", true)]);
    let everything = format!(
        "{}\n{}",
        serde_json::to_string(&reading).unwrap(),
        reading.report.to_text()
    );
    for word in ["999999", "刑满", "脾气", "旧人", "赵六"] {
        assert!(!everything.contains(word), "{word}");
    }
}

#[test]
fn two_compounds_with_the_same_buildings_stay_apart() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    texts(sheet, 0, &[(0, "姓名"), (1, "家庭住址"), (2, "电话")]);
    texts(
        sheet,
        1,
        &[(0, "甲"), (1, "幸福家园小区3栋2单元501"), (2, "12009375836")],
    );
    texts(
        sheet,
        2,
        &[(0, "乙"), (1, "和平里3栋2单元501"), (2, "12009375837")],
    );
    texts(sheet, 3, &[(0, "丙"), (1, "和平里3-2-502"), (2, "12009375838")]);
    let reading = read_register(&workbook.save_to_buffer().unwrap(), today()).unwrap();
    let doors: Vec<String> = reading
        .households
        .iter()
        .map(|household| household.door.to_string())
        .collect();
    assert_eq!(doors, ["和平里·3-2-501", "和平里·3-2-502", "幸福家园·3-2-501"]);
}

#[test]
fn sections_and_sheets_may_name_the_building() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("5号楼").unwrap();
    texts(
        sheet,
        0,
        &[(0, "房号"), (1, "户主姓名"), (2, "联系方式"), (3, "居住情况")],
    );
    texts(
        sheet,
        1,
        &[(0, "101室"), (1, "甲"), (2, "12009375836"), (3, "独居")],
    );
    texts(sheet, 2, &[(0, "6号楼2单元")]);
    texts(
        sheet,
        3,
        &[(0, "102室"), (1, "乙"), (2, "12009375837"), (3, "自住")],
    );
    texts(
        sheet,
        4,
        &[(0, "房号"), (1, "户主姓名"), (2, "联系方式"), (3, "居住情况")],
    );
    texts(sheet, 5, &[(0, "103"), (1, "丙"), (2, "12009375838"), (3, "租")]);
    let reading = read_register(&workbook.save_to_buffer().unwrap(), today()).unwrap();
    let found: Vec<(String, Option<Relation>)> = reading
        .households
        .iter()
        .map(|h| (h.door.to_string(), h.residents[0].relation))
        .collect();
    let head = Some(Relation::Head);
    assert_eq!(
        found,
        [
            ("5-101".to_owned(), head),
            ("6-2-102".to_owned(), head),
            ("6-2-103".to_owned(), head)
        ]
    );
    assert_eq!(reading.households[0].residents[0].needs, [Need::LivesAlone]);
    assert_eq!(reading.households[1].household.tenure, Some(Tenure::Owned));
}

#[test]
fn column_names_may_stand_in_two_rows() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let plain = Format::new();
    texts(sheet, 0, &[(0, "姓名"), (4, "联系人电话"), (5, "出生年份")]);
    sheet.merge_range(0, 1, 0, 3, "家庭住址", &plain).unwrap();
    texts(sheet, 1, &[(1, "楼栋"), (2, "单元"), (3, "户号")]);
    texts(
        sheet,
        2,
        &[
            (0, "甲"),
            (1, "3"),
            (2, "2"),
            (3, "501"),
            (4, "12009375836"),
            (5, "1960"),
        ],
    );
    let reading = read_register(&workbook.save_to_buffer().unwrap(), today()).unwrap();
    assert_eq!(
        (reading.report.sheets[0].header_row, reading.title.as_str()),
        (2, "")
    );
    let [only] = reading.households.as_slice() else {
        panic!("{reading:?}")
    };
    assert_eq!(
        (only.door.to_string().as_str(), only.residents[0].phones.len()),
        ("3-2-501", 1)
    );
}
