//! Random registers in random shapes: other names and orders of columns, one door column or three, blank or
//! merged cells for the rest of a household, every spelling of doors, births and telephones, doubles and
//! vacant homes. What was put in must come out, counts and contents.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_xlsxwriter::{Format, Workbook, Worksheet};
use shared::domain::household::Tenure;
use sync_server::import::read_register;

use crate::support::today;

type Door = (u16, u8, String);

#[derive(Debug, Clone)]
struct Person {
    name: String,
    year: u16,
    month: u8,
    birth_style: usize,
    mobile: String,
    phone_style: usize,
    doubled: bool,
}

#[derive(Debug, Clone)]
struct Home {
    door: Door,
    style: usize,
    people: Vec<Person>,
}

#[derive(Debug, Clone, Copy)]
struct Shape {
    /// 0: one column, 1: building and room, 2: building, unit and room.
    door_columns: usize,
    /// 0: repeated, 1: blank, 2: merged.
    rest: usize,
    names: usize,
    reversed: bool,
    titles: u32,
    total: bool,
}

const NAMES: [[&str; 3]; 5] = [
    ["姓名", "居民姓名", "家庭成员姓名"],
    ["出生年月", "出生日期", "生 日"],
    ["联系电话", "手机号码", "联系方式"],
    ["住房性质", "房屋状态", "居住情况"],
    ["序号", "编号", "NO"],
];

fn people() -> impl Strategy<Value = Vec<Person>> {
    let person = (
        "[赵钱孙李周吴郑王冯陈][一-龥]{1,2}",
        1930_u16..2026,
        1_u8..=12,
        0_usize..10,
        "1[0-9]{10}",
        0_usize..8,
        prop::bool::weighted(0.1),
    );
    let person = person.prop_map(
        |(name, year, month, birth_style, mobile, phone_style, doubled)| Person {
            name,
            year,
            month,
            birth_style,
            mobile,
            phone_style,
            doubled,
        },
    );
    prop::collection::vec(person, 0..5)
}

fn homes() -> impl Strategy<Value = Vec<Home>> {
    let home = ((1_u16..60, 1_u8..6, 1_u16..30, 1_u8..9), 0_usize..8, people()).prop_map(
        |((b, u, floor, door), style, people)| Home {
            door: (b, u, format!("{floor}{door:02}")),
            style,
            people,
        },
    );
    prop::collection::vec(home, 1..25).prop_map(|homes| {
        let once: BTreeMap<Door, Home> = homes.into_iter().map(|home| (home.door.clone(), home)).collect();
        once.into_values().collect()
    })
}

fn shape() -> impl Strategy<Value = Shape> {
    (
        0_usize..3,
        0_usize..3,
        0_usize..3,
        any::<bool>(),
        0_u32..4,
        any::<bool>(),
    )
        .prop_map(|(door_columns, rest, names, reversed, titles, total)| Shape {
            door_columns,
            rest,
            names,
            reversed,
            titles,
            total,
        })
}

fn door_text(home: &Home) -> String {
    let (b, u, room) = &home.door;
    match home.style {
        0 => format!("{b}-{u}-{room}"),
        1 => format!("{b}栋{u}单元{room}室"),
        2 => format!("{b}幢{u}-{room}"),
        3 => format!("{b}#{u}单元{room}"),
        4 => format!("{b}号楼{u}门{room}"),
        5 => format!(" {b}－{u}－{room}\u{3000}"),
        6 => format!("富强新村{b}号楼{u}单元{room}"),
        _ => format!("{b:02}栋-{u:02}单元-{room}"),
    }
}

/// The cells of the door and their names, by the number of columns.
fn door_cells(home: &Home, columns: usize) -> Vec<String> {
    let (b, u, room) = &home.door;
    let words = home.style.is_multiple_of(2);
    match columns {
        0 => vec![door_text(home)],
        1 => vec![
            if words {
                format!("{b}号楼")
            } else {
                b.to_string()
            },
            if words {
                format!("{u}单元{room}室")
            } else {
                format!("{u}-{room}")
            },
        ],
        _ if words => vec![format!("{b}栋"), format!("{u}单元"), format!("{room}室")],
        _ => vec![b.to_string(), u.to_string(), room.clone()],
    }
}

fn door_names(columns: usize, names: usize) -> Vec<&'static str> {
    match (columns, names) {
        (0, 0) => vec!["楼栋单元房号"],
        (0, 1) => vec!["现住址"],
        (0, _) => vec!["门牌号"],
        (1, _) => vec!["楼栋", "单元房号"],
        (_, 0) => vec!["楼栋", "单元", "房号"],
        (_, 1) => vec!["楼号", "单元号", "室号"],
        _ => vec!["所在楼栋", "所属单元", "户号"],
    }
}

/// What is written, and the month that can be read from it.
fn write_birth(sheet: &mut Worksheet, row: u32, column: u16, person: &Person) -> (Option<u16>, Option<u8>) {
    let (year, month) = (person.year, person.month);
    let text = match person.birth_style {
        0 => format!("{year}-{month:02}-15"),
        1 => format!("{year}/{month}/5"),
        2 => format!("{year}.{month}"),
        3 => format!("{year}年{month}月"),
        4 => format!("{:02}年{month}月", year % 100),
        5 => format!("{year}{month:02}09"),
        6 => {
            sheet.write(row, column, f64::from(year)).unwrap();
            return (Some(year), None);
        }
        7 => {
            let date = rust_xlsxwriter::ExcelDateTime::from_ymd(year, month, 3).unwrap();
            sheet
                .write_with_format(row, column, date, &Format::new().set_num_format("yyyy/m/d"))
                .unwrap();
            return (Some(year), Some(month));
        }
        8 => return (None, None),
        _ => {
            sheet.write(row, column, "不详").unwrap();
            return (None, None);
        }
    };
    sheet.write(row, column, text).unwrap();
    (Some(year), Some(month))
}

/// What is written; gives the numbers that can be read, and whether one is impossible.
fn write_phone(sheet: &mut Worksheet, row: u32, column: u16, person: &Person) -> (Vec<String>, bool) {
    let mobile = &person.mobile;
    let other = format!("13{}", &mobile[2..]);
    let several = if *mobile == other {
        vec![other.clone()]
    } else {
        vec![mobile.clone(), other.clone()]
    };
    let (text, numbers, bad) = match person.phone_style {
        0 => (mobile.clone(), vec![mobile.clone()], false),
        1 => (
            format!("{} {} {}", &mobile[..3], &mobile[3..7], &mobile[7..]),
            vec![mobile.clone()],
            false,
        ),
        2 => (format!("{mobile}/{other}"), several, false),
        3 => (format!("{mobile}、{other}"), several, false),
        4 => (mobile[..10].to_owned(), vec![], true),
        5 => (String::new(), vec![], false),
        6 => (format!("+86-{mobile}(本人)"), vec![mobile.clone()], false),
        _ => {
            sheet.write(row, column, mobile.parse::<f64>().unwrap()).unwrap();
            return (vec![mobile.clone()], false);
        }
    };
    sheet.write(row, column, text).unwrap();
    (numbers, bad)
}

/// Name, year and month of birth, telephone numbers.
type Resident = (String, Option<u16>, Option<u8>, Vec<String>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Truth {
    doubles: usize,
    bad_phones: usize,
    vacant: usize,
    /// By door.
    homes: BTreeMap<String, Vec<Resident>>,
}

fn build(homes: &[Home], shape: Shape) -> (Vec<u8>, Truth) {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let plain = Format::new();
    let mut truth = Truth::default();
    let doors = door_names(shape.door_columns, shape.names);
    let mut header: Vec<&str> = vec![NAMES[4][shape.names]];
    header.extend(&doors);
    header.extend([
        NAMES[0][shape.names],
        "身份证号",
        NAMES[1][shape.names],
        NAMES[2][shape.names],
        NAMES[3][shape.names],
    ]);
    let width = u16::try_from(header.len()).unwrap();
    let at = |index: usize| {
        let index = u16::try_from(index).unwrap();
        if shape.reversed { width - 1 - index } else { index }
    };
    let first = doors.len() + 1;
    for title in 0..shape.titles {
        sheet
            .merge_range(
                title,
                0,
                title,
                width - 1,
                &format!("标题{}", "甲乙丙丁".chars().nth(title as usize).unwrap()),
                &plain,
            )
            .unwrap();
    }
    for (index, name) in header.iter().enumerate() {
        sheet.write(shape.titles, at(index), *name).unwrap();
    }
    let mut row = shape.titles + 1;
    for home in homes {
        let start = row;
        let (b, u, room) = &home.door;
        let known = truth.homes.entry(format!("{b}-{u}-{room}")).or_default();
        if home.people.is_empty() {
            sheet.write(row, at(first + 4), "空置").unwrap();
            truth.vacant += 1;
            row += 1;
        }
        for person in &home.people {
            let copies = if person.doubled { 2 } else { 1 };
            for copy in 0..copies {
                sheet.write(row, at(first), person.name.as_str()).unwrap();
                sheet.write(row, at(first + 1), "99999919600402188X").unwrap();
                let (year, month) = write_birth(sheet, row, at(first + 2), person);
                let (numbers, bad) = write_phone(sheet, row, at(first + 3), person);
                let entry = (person.name.clone(), year, month, numbers);
                if copy == 1 || known.contains(&entry) && !bad {
                    truth.doubles += 1;
                } else {
                    known.push(entry);
                    truth.bad_phones += usize::from(bad);
                }
                row += 1;
            }
        }
        for (index, text) in door_cells(home, shape.door_columns).iter().enumerate() {
            let column = at(index + 1);
            let numeric = text.parse::<f64>().ok().filter(|_| shape.door_columns == 2);
            match (shape.rest, row - start) {
                (2, 2..) => {
                    sheet
                        .merge_range(start, column, row - 1, column, text, &plain)
                        .unwrap();
                }
                (0, _) => (start..row).for_each(|row| {
                    sheet.write(row, column, text.as_str()).unwrap();
                }),
                _ => match numeric {
                    Some(number) => drop(sheet.write(start, column, number).unwrap()),
                    None => drop(sheet.write(start, column, text.as_str()).unwrap()),
                },
            }
        }
        for (number, row) in (start..row).enumerate() {
            sheet.write(row, at(0), number as f64).unwrap();
        }
    }
    if shape.total {
        sheet.write(row + 1, 0, "合计").unwrap();
        sheet.write(row + 1, 1, format!("{}户", homes.len())).unwrap();
    }
    (workbook.save_to_buffer().unwrap(), truth)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_was_put_in_comes_out(homes in homes(), shape in shape()) {
        let (bytes, truth) = build(&homes, shape);
        let reading = read_register(&bytes, today()).unwrap();
        let counts = reading.report.counts;
        let found = reading.households.iter().map(|household| {
            let residents = household.residents.iter();
            let residents = residents.map(|r| (r.name.clone(), r.birth_year, r.birth_month, r.phones.clone())).collect();
            (household.door.to_string(), residents)
        }).collect();
        prop_assert_eq!(Truth { doubles: counts.exact_doubles, bad_phones: counts.impossible_phones, vacant: counts.vacant, homes: found }, truth);
        prop_assert_eq!(counts.rows_not_read, 0);
        for household in &reading.households {
            prop_assert_eq!(household.residents.is_empty(), household.household.tenure == Some(Tenure::Vacant));
        }
    }
}
