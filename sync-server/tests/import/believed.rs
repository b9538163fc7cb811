//! What looks like something else: cells that cannot be read, two names in one, look-alikes, numbers that are no dates,
//! numbers of other countries. Each is read rightly or reported by its row, never believed wrongly.

use std::io::{Cursor, Write};

use shared::ids::AreaCode;
use sync_server::import::register::{FindingCode, RegisterResident};
use sync_server::import::register_ids::plan;
use sync_server::import::{ImportError, RegisterReading, read_areas, read_register};
use sync_server::register_write::{RegisterChanges, write_register};
use sync_server::testing::{TEST_START_MS, TestServer};
use zip::write::SimpleFileOptions;

use crate::support::today;

/// A cell as it stands in the file.
#[derive(Clone, Copy)]
enum C<'a> {
    Blank,
    Text(&'a str),
    Number(f64),
    /// An error value that a program stored.
    Error(&'a str),
    /// A formula of a program that stores no results.
    Formula,
    /// A formula whose stored result is this text.
    Gives(&'a str),
    Bool(bool),
    /// A number that is shown as a date, and is none.
    NoDate(f64),
}
use C::*;

fn xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\n', "&#10;")
}

impl C<'_> {
    fn write(self, place: &str) -> String {
        match self {
            Blank => String::new(),
            Text(text) => format!(
                "<c r=\"{place}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>",
                xml(text)
            ),
            Number(number) => format!("<c r=\"{place}\"><v>{number}</v></c>"),
            Error(value) => format!("<c r=\"{place}\" t=\"e\"><f>A1</f><v>{value}</v></c>"),
            Formula => format!("<c r=\"{place}\"><f>VLOOKUP(A1,B:C,2)</f></c>"),
            Gives(text) => format!("<c r=\"{place}\" t=\"str\"><f>A1</f><v>{}</v></c>", xml(text)),
            Bool(yes) => format!("<c r=\"{place}\" t=\"b\"><v>{}</v></c>", u8::from(yes)),
            NoDate(number) => format!("<c r=\"{place}\" s=\"1\"><v>{number}</v></c>"),
        }
    }
}

fn workbook_with(rows: &[&[C<'_>]], properties: &str) -> Vec<u8> {
    let mut data = String::new();
    for (row, cells) in (1..).zip(rows) {
        data.push_str(&format!("<row r=\"{row}\">"));
        for (column, cell) in ('A'..).zip(*cells) {
            data.push_str(&cell.write(&format!("{column}{row}")));
        }
        data.push_str("</row>");
    }
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const RELATIONS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let parts = [
        (
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" \
             ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/></Types>"
                .to_owned(),
        ),
        (
            "_rels/.rels",
            format!("<Relationships xmlns=\"{RELATIONS}\"><Relationship Id=\"rId1\" Type=\"{OFFICE}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"),
        ),
        (
            "xl/workbook.xml",
            format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><workbookPr {properties}/><sheets><sheet name=\"登记表\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!("<Relationships xmlns=\"{RELATIONS}\"><Relationship Id=\"rId1\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" Type=\"{OFFICE}/styles\" Target=\"styles.xml\"/></Relationships>"),
        ),
        (
            "xl/styles.xml",
            format!("<styleSheet xmlns=\"{MAIN}\"><fonts count=\"1\"><font/></fonts><fills count=\"1\"><fill/></fills><borders count=\"1\"><border/></borders><cellStyleXfs count=\"1\"><xf/></cellStyleXfs><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\" applyNumberFormat=\"1\"/></cellXfs></styleSheet>"),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{data}</sheetData></worksheet>"),
        ),
    ];
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

const NAMES: [C<'_>; 7] = [
    Text("序号"),
    Text("门牌号"),
    Text("姓名"),
    Text("与户主关系"),
    Text("出生日期"),
    Text("联系电话"),
    Text("备注"),
];

fn read(rows: &[&[C<'_>]]) -> RegisterReading {
    read_register(&workbook_with(&[&[NAMES.as_slice()], rows].concat(), ""), today()).unwrap()
}

/// A row with these door, name, birth and telephone.
fn person<'a>(door: C<'a>, name: &'a str, birth: C<'a>, phone: C<'a>) -> [C<'a>; 7] {
    [Number(1.0), door, Text(name), Text("户主"), birth, phone, Blank]
}

fn residents(reading: &RegisterReading) -> Vec<(String, String)> {
    let of = |door: String, residents: &[RegisterResident]| {
        residents
            .iter()
            .map(|resident| (door.clone(), resident.name.clone()))
            .collect::<Vec<_>>()
    };
    let households = reading.households.iter();
    households
        .flat_map(|household| of(household.door.to_string(), &household.residents))
        .collect()
}

fn at<'a>(door: &'a str, name: &'a str) -> (String, String) {
    (door.to_owned(), name.to_owned())
}

/// Everything that is there and cannot be read.
const UNREADABLE: [C<'_>; 13] = [
    Error("#N/A"),
    Error("#REF!"),
    Error("#VALUE!"),
    Error("#DIV/0!"),
    Error("#NAME?"),
    Error("#SPILL!"),
    Error("#CALC!"),
    Formula,
    Gives("#N/A"),
    Text("#REF!"),
    Text("Err:502"),
    Bool(false),
    NoDate(-5.0),
];

#[test]
fn a_door_that_cannot_be_read_is_not_taken_for_a_blank_one() {
    for door in UNREADABLE {
        let reading = read(&[
            &person(Text("2-1-101"), "李建国", Text("1950-03"), Blank),
            &person(door, "王桂兰", Text("1948-05"), Blank),
            &person(Blank, "王小兰", Text("1978-05"), Blank),
            &person(Text("2-1-102"), "赵明", Blank, Blank),
        ]);
        let expect = [at("2-1-101", "李建国"), at("2-1-102", "赵明")];
        assert_eq!(residents(&reading), expect, "{}", door.write("B3"));
        assert_eq!(reading.report.rows_with(FindingCode::DoorUnreadable), [3, 4]);
        assert_eq!(reading.report.counts.rows_not_read, 2);
    }
}

#[test]
fn a_door_that_is_blank_still_continues_the_household_above() {
    for door in [Blank, Text(" "), Text("\u{200b}"), Gives("")] {
        let reading = read(&[
            &person(Text("2-1-101"), "李建国", Text("1950-03"), Blank),
            &person(door, "王桂兰", Text("1948-05"), Blank),
        ]);
        let expect = [at("2-1-101", "李建国"), at("2-1-101", "王桂兰")];
        assert_eq!(residents(&reading), expect, "{}", door.write("B3"));
        assert_eq!(reading.report.findings, []);
    }
}

#[test]
fn a_building_or_unit_that_cannot_be_read_is_not_the_one_above() {
    let names = [
        Text("楼栋"),
        Text("单元"),
        Text("房号"),
        Text("姓名"),
        Text("联系电话"),
    ];
    for unread in UNREADABLE {
        let rows: [&[C<'_>]; 7] = [
            &names,
            &[Text("3"), Text("2"), Text("501"), Text("甲一"), Blank],
            &[unread, Text("1"), Text("102"), Text("乙二"), Blank],
            &[Blank, Blank, Text("103"), Text("丙三"), Blank],
            &[Text("4"), Text("1"), Text("104"), Text("丁四"), Blank],
            &[Blank, unread, Text("105"), Text("戊五"), Blank],
            &[Blank, Blank, Text("106"), Text("己六"), Blank],
        ];
        let reading = read_register(&workbook_with(&rows, ""), today()).unwrap();
        let expect = [at("3-2-501", "甲一"), at("4-1-104", "丁四")];
        assert_eq!(residents(&reading), expect, "{}", unread.write("A3"));
        assert_eq!(
            reading.report.rows_with(FindingCode::DoorUnreadable),
            [3, 4, 6, 7]
        );
    }
}

#[test]
fn a_title_that_cannot_be_read_ends_the_building_above() {
    let rows: [&[C<'_>]; 6] = [
        &[Text("序号"), Text("房号"), Text("户主姓名"), Text("联系电话")],
        &[Text("5号楼")],
        &[Number(1.0), Text("101室"), Text("甲一"), Blank],
        &[Error("#REF!")],
        &[Number(2.0), Text("102室"), Text("乙二"), Blank],
        &[Number(3.0), Blank, Text("丙三"), Blank],
    ];
    let reading = read_register(&workbook_with(&rows, ""), today()).unwrap();
    assert_eq!(residents(&reading), [at("5-101", "甲一")]);
    assert_eq!(reading.report.rows_with(FindingCode::DoorUnreadable), [5, 6]);
}

#[test]
fn any_other_cell_that_cannot_be_read_is_left_out_and_said() {
    for cell in [Error("#N/A"), Formula, Text("#VALUE!"), Error("#SPILL!")] {
        let reading = read(&[
            &person(Text("2-1-101"), "李建国", Text("1950-03"), Text("13900000001")),
            &[
                Number(2.0),
                Text("2-1-102"),
                Text("王桂兰"),
                cell,
                cell,
                cell,
                cell,
            ],
            &[
                Number(3.0),
                Text("2-1-103"),
                cell,
                Text("户主"),
                Blank,
                Blank,
                Blank,
            ],
            &person(Text("2-1-104"), "赵明", Blank, Blank),
        ]);
        let expect = [
            at("2-1-101", "李建国"),
            at("2-1-102", "王桂兰"),
            at("2-1-104", "赵明"),
        ];
        assert_eq!(residents(&reading), expect);
        let unread = &reading.households[1].residents[0];
        assert_eq!(
            (unread.birth_year, unread.phones.len(), unread.relation),
            (None, 0, None)
        );
        let rows = |code| reading.report.rows_with(code);
        assert_eq!(rows(FindingCode::CellUnreadable), [3]);
        assert_eq!(rows(FindingCode::BirthUnreadable), [3]);
        assert_eq!(rows(FindingCode::NameUnreadable), [4]);
        assert!(reading.report.to_text().contains("不当作空白"));
    }
}

#[test]
fn a_table_of_areas_with_an_error_value_is_refused() {
    let head = "community_code,community,street_code,street,district_code,district\n";
    for name in ["#N/A", "#REF!", "东园\u{202e}社区", "东园\u{7}社区"] {
        let table = format!("{head}130803001001,{name},130803001,元宝山街道,130803,双滦区\n");
        let refused = read_areas(table.as_bytes());
        assert!(
            matches!(refused, Err(ImportError::BadLine { line: 2, .. })),
            "{name:?}"
        );
    }
    let table = format!("{head}130803001001,东园　社区（Ａ）,130803001,元宝山街道,130803,双滦区\n");
    let areas = read_areas(table.as_bytes()).unwrap();
    assert_eq!(areas.last().unwrap().name, "东园 社区(A)");
}

#[test]
fn two_names_in_one_cell_are_not_one_person() {
    let written = [
        "张三\n李四",
        "王五 赵六",
        "王五\u{3000}\u{3000}赵六",
        "张三、李四",
        "张三，李四",
        "张三\r\n李四",
    ];
    for name in written {
        let reading = read(&[&person(Text("5-1-125"), name, Text("1950-03"), Blank)]);
        assert_eq!(
            reading.report.rows_with(FindingCode::NameUnclear),
            [2],
            "{name:?}"
        );
        let stored = &reading.households[0].residents[0].name;
        assert!(!["张三李四", "王五赵六"].contains(&stored.as_str()), "{name:?}");
    }
    for name in ["张 三", "张 㛃", "欧阳 娜娜", "阿依古丽・买买提", "Aisha Khan"] {
        let reading = read(&[&person(Text("5-1-125"), name, Text("1950-03"), Blank)]);
        assert_eq!(reading.report.findings, [], "{name:?}");
    }
}

#[test]
fn a_name_in_look_alikes_is_the_name_that_is_typed() {
    let one = |name| read(&[&person(Text("5-1-115"), name, Text("1950-03"), Blank)]);
    for (written, typed) in [
        ("⽅志远", "方志远"),
        ("\u{f9e1}明", "李明"),
        ("张 㛃", "张㛃"),
        ("张　\u{3131c}", "张\u{3131c}"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("王\u{7f}芳", "王芳"),
        ("王\u{200b}芳", "王芳"),
    ] {
        let community = AreaCode::new("130803001001").unwrap();
        assert_eq!(one(written).households[0].residents[0].name, typed);
        // The same person with the same id, whichever of the two the register holds next time.
        assert_eq!(plan(&one(written), &community), plan(&one(typed), &community));
    }
}

#[test]
fn a_workbook_of_1904_is_counted_from_1904() {
    let rows: [&[C<'_>]; 3] = [
        &NAMES,
        &person(Text("1-1-101"), "甲一", NoDate(20_637.0), Blank),
        &person(Text("1-1-102"), "甲二", Number(20_637.0), Blank),
    ];
    for (properties, year) in [("date1904=\"1\"", 1960), ("date1904=\"true\"", 1960), ("", 1956)] {
        let reading = read_register(&workbook_with(&rows, properties), today()).unwrap();
        for household in &reading.households {
            assert_eq!(household.residents[0].birth_year, Some(year), "{properties}");
        }
    }
}

#[test]
fn four_digits_that_may_be_a_day_are_reported() {
    let reading = read(&[
        &person(Text("1-1-101"), "甲一", Number(6007.0), Blank),
        &person(Text("1-1-102"), "甲二", Number(196_007.0), Blank),
        &person(Text("1-1-103"), "甲三", Number(1960.0), Blank),
    ]);
    assert_eq!(reading.report.rows_with(FindingCode::BirthUnclear), [2]);
    let years: Vec<_> = reading
        .households
        .iter()
        .map(|h| h.residents[0].birth_year)
        .collect();
    assert_eq!(years, [None, Some(1960), Some(1960)]);
}

#[test]
fn a_number_of_another_country_is_kept_whole_or_said_not_to_be() {
    let phones = |written: &str| {
        let reading = read(&[&person(Text("4-1-105"), "甲一", Text("1950-03"), Text(written))]);
        let said = reading.report.rows_with(FindingCode::PhoneImpossible).len();
        (reading.households[0].residents[0].phones.clone(), said)
    };
    for (written, kept) in [
        ("+1 415 555 2671", "+14155552671"),
        ("+852 9123 4567", "+85291234567"),
        ("+82 10-1234-5678", "+821012345678"),
        ("0086 138 0013 8000", "13800138000"),
        ("4001234567", "4001234567"),
        ("110", "110"),
    ] {
        assert_eq!(phones(written), (vec![kept.to_owned()], 0), "{written}");
    }
    for written in ["+852 9123", "852 9123 4567", "0314-2021234转801", "415-555-2671"] {
        assert_eq!(phones(written), (Vec::new(), 1), "{written}");
    }
}

#[test]
fn what_is_stored_is_never_said_to_be_left_out() {
    let reading = read(&[&person(
        Text("4-1-105"),
        "甲一",
        Text("1950-03"),
        Text("13900000013 2021234"),
    )]);
    assert_eq!(
        reading.households[0].residents[0].phones,
        ["13900000013", "2021234"]
    );
    assert_eq!(reading.report.findings, []);
    let six = "13900000001 13900000002 13900000003 13900000004 13900000005 13900000006";
    let reading = read(&[&person(Text("4-1-105"), "甲一", Text("1950-03"), Text(six))]);
    assert_eq!(reading.households[0].residents[0].phones.len(), 5);
    assert_eq!(reading.report.rows_with(FindingCode::PhonesLeftOut), [2]);
}

async fn import(server: &TestServer, rows: &[&[C<'_>]]) -> RegisterChanges {
    let community = AreaCode::new("130803001001").unwrap();
    let planned = plan(&read(rows), &community);
    write_register(&server.state.storage, &community, &planned, TEST_START_MS)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_import_whose_formulas_are_broken_takes_nothing_away_and_adds_nobody_twice() {
    let row = |relation, birth, phone, remark| {
        let (number, door, name) = (Number(1.0), Text("3-2-501"), Text("王秀英"));
        [number, door, name, relation, birth, phone, remark]
    };
    let (relation, birth, phone) = (Text("户主"), Text("1950-03"), Text("13900000001"));
    let remark = Text("独居,家里有狗");
    let whole = row(relation, birth, phone, remark);
    for unread in UNREADABLE {
        let server = TestServer::start().await;
        server.add_area("130803001001", "元宝山社区").await;
        assert_eq!(import(&server, &[&whole]).await.residents_added, 1);
        for broken in [
            row(relation, birth, unread, remark),
            row(relation, unread, phone, remark),
            row(relation, unread, unread, remark),
        ] {
            let changes = import(&server, &[&broken]).await;
            assert_eq!(changes, RegisterChanges::default(), "{}", unread.write("E2"));
        }
        // Yes, no and numbers are words in these columns.
        if !matches!(unread, Bool(_) | NoDate(_)) {
            let broken = row(unread, birth, phone, unread);
            let changes = import(&server, &[&broken]).await;
            assert_eq!(changes, RegisterChanges::default(), "{}", unread.write("D2"));
        }
        let corrected = row(relation, birth, Text("13900000002"), remark);
        assert_eq!(import(&server, &[&corrected]).await.residents_changed, 1);
    }
}
