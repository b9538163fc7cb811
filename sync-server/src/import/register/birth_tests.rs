use proptest::prelude::*;

use super::*;

fn today() -> CalendarDate {
    CalendarDate::from_parts(2026, 11, 21).unwrap()
}

fn text(text: &str) -> Birth {
    read_birth(Some(&Cell::Text(text.to_owned())), 0.0, today())
}

fn check(spelling: &str, year: u16, month: Option<u8>) {
    let birth = text(spelling);
    assert_eq!((birth.year, birth.month), (Some(year), month), "{spelling}");
}

#[test]
fn every_spelling_of_july_1960_is_july_1960() {
    for spelling in [
        "1960-07-02",
        "1960/7/2",
        "1960.7.2",
        "1960年7月2日",
        "1960年7月",
        "1960-07",
        "1960.7",
        "196007",
        "19600702",
        "600702",
        "6007",
        "60年7月",
        "60年7月2日",
        "60.7",
        "60-7-2",
        "一九六〇年七月",
        "六零年七月",
        "1960 07 02",
        "1960-07-02 00:00:00",
        "1960-07-02T00:00:00",
        "7/1960",
        "约1960年7月",
        "22099",
        "15/7/1960",
        "7/15/1960",
        "1960年7月生",
        "1960-07-00",
    ] {
        check(spelling, 1960, Some(7));
    }
    for cell in [
        Cell::Number(22_099.0),
        Cell::Date(22_099.0),
        Cell::Number(19_600_702.0),
        Cell::Number(196_007.0),
        Cell::Number(1960.7),
        Cell::Number(22_099.5),
    ] {
        let birth = read_birth(Some(&cell), 0.0, today());
        assert_eq!(
            (birth.year, birth.month, birth.finding),
            (Some(1960), Some(7), None),
            "{cell:?}"
        );
    }
}

#[test]
fn a_two_digit_year_is_never_in_the_future() {
    check("15年5月", 2015, Some(5));
    check("26年11月", 2026, Some(11));
    check("26年12月", 1926, Some(12));
    check("27年1月", 1927, Some(1));
    check("33年", 1933, None);
    check("05.7", 2005, Some(7));
}

#[test]
fn a_year_alone_is_kept_without_month() {
    check("1960", 1960, None);
    check("1960年", 1960, None);
    check("1960-00-00", 1960, None);
    assert_eq!(
        read_birth(Some(&Cell::Number(2015.0)), 0.0, today()).year,
        Some(2015)
    );
    // A year typed into a column that shows dates.
    assert_eq!(
        read_birth(Some(&Cell::Date(1960.0)), 0.0, today()),
        Birth {
            year: Some(1960),
            ..Birth::default()
        }
    );
}

#[test]
fn an_unclear_month_is_left_out_and_said() {
    let expect = Birth {
        year: Some(1970),
        month: None,
        finding: Some(FindingCode::BirthMonthUnclear),
    };
    assert_eq!(read_birth(Some(&Cell::Number(1970.1)), 0.0, today()), expect);
    assert_eq!(text("2/7/1970"), expect);
    assert_eq!(text("农历1970年3月").finding, Some(FindingCode::BirthLunar));
    check("1970.1", 1970, Some(1));
    assert_eq!(
        read_birth(Some(&Cell::Number(1970.11)), 0.0, today()).month,
        Some(11)
    );
}

#[test]
fn impossible_dates_are_said_and_not_kept() {
    for spelling in ["1960-13-02", "1960-02-30", "1960.40", "19601302", "60年13月"] {
        let expect = Birth {
            year: Some(1960),
            month: None,
            finding: Some(FindingCode::BirthDayImpossible),
        };
        assert_eq!(text(spelling), expect, "{spelling}");
    }
    // The year is this one, the month still to come.
    let expect = Birth {
        year: Some(2026),
        month: None,
        finding: Some(FindingCode::BirthDayImpossible),
    };
    assert_eq!(text("2026-12"), expect);
    for spelling in ["2027-01-01", "1850年", "3000", "0000"] {
        let expect = Birth {
            finding: Some(FindingCode::BirthImpossible),
            ..Birth::default()
        };
        assert_eq!(text(spelling), expect, "{spelling}");
    }
    for spelling in [
        "不详",
        "未知",
        "75岁",
        "1234567",
        "12-11-10",
        "5.7",
        "1960-07-02 张三",
        "999999196004021883",
        "1960-1970-1980",
    ] {
        assert_eq!(
            text(spelling).finding,
            Some(FindingCode::BirthUnreadable),
            "{spelling}"
        );
        assert_eq!(text(spelling).year, None, "{spelling}");
    }
    assert_eq!(read_birth(None, 0.0, today()), Birth::default());
    assert_eq!(text("-"), Birth::default());
}

proptest! {
    #[test]
    fn any_cell_never_panics(text in any::<String>(), number in any::<f64>()) {
        for cell in [Cell::Text(text.clone()), Cell::Number(number), Cell::Date(number)] {
            let birth = read_birth(Some(&cell), 0.0, today());
            prop_assert!(birth.year.is_none_or(|year| (1906..=2026).contains(&year)));
            prop_assert!(birth.month.is_none_or(|month| (1..=12).contains(&month)));
        }
    }

    #[test]
    fn a_random_birth_reads_the_same_in_every_spelling(year in 1930_u16..2026, month in 1_u8..=12, day in 1_u8..=28) {
        for spelling in [
            format!("{year}-{month:02}-{day:02}"), format!("{year}/{month}/{day}"), format!("{year}.{month}"), format!("{year}年{month}月"),
            format!("{:02}年{month}月", year % 100), format!("{year}{month:02}{day:02}"), format!("{year}{month:02}"),
        ] {
            let birth = text(&spelling);
            prop_assert_eq!((birth.year, birth.month, birth.finding), (Some(year), Some(month), None), "{}", spelling);
        }
    }
}

#[test]
fn four_digits_that_may_be_a_day_or_a_month_are_not_believed() {
    for number in [6007.0, 8005.0, 2601.0, 9912.0] {
        let birth = read_birth(Some(&Cell::Number(number)), 0.0, today());
        let expect = Birth {
            finding: Some(FindingCode::BirthUnclear),
            ..Birth::default()
        };
        assert_eq!(birth, expect, "{number}");
    }
    // Nobody was born in 1905, so this is July 1919 or 2019 written short; and a text was never a count of days.
    let birth = |cell| read_birth(Some(&cell), 0.0, today());
    assert_eq!(
        (
            birth(Cell::Number(1207.0)).year,
            birth(Cell::Number(1207.0)).month
        ),
        (Some(2012), Some(7))
    );
    assert_eq!(birth(Cell::Text("6007".to_owned())).month, Some(7));
    assert_eq!(
        birth(Cell::Number(6013.0)).finding,
        Some(FindingCode::BirthImpossible)
    );
}

#[test]
fn a_workbook_of_1904_counts_from_1904_with_and_without_a_format() {
    let birth = |cell| read_birth(Some(&cell), 1462.0, today());
    for cell in [
        Cell::Date(22_099.0),
        Cell::Number(20_637.0),
        Cell::Number(20_637.5),
        Cell::Text("20637".to_owned()),
    ] {
        let read = birth(cell.clone());
        assert_eq!(
            (read.year, read.month, read.finding),
            (Some(1960), Some(7), None),
            "{cell:?}"
        );
    }
    // A year typed into a column of dates.
    assert_eq!(birth(Cell::Date(1960.0 + 1462.0)).year, Some(1960));
    assert_eq!(birth(Cell::Number(1960.0)).year, Some(1960));
}

#[test]
fn a_cell_that_cannot_be_read_is_no_birth_and_is_said() {
    for cell in [Cell::Unreadable, Cell::Bool(true)] {
        let expect = Birth {
            finding: Some(FindingCode::BirthUnreadable),
            ..Birth::default()
        };
        assert_eq!(read_birth(Some(&cell), 0.0, today()), expect);
    }
}
