//! The register import against registers whose contents are known, and against files that are none.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected shall fail at once"
)]

#[path = "import/support.rs"]
mod support;

#[path = "import/believed.rs"]
mod believed;
#[path = "import/nasty.rs"]
mod nasty;
#[path = "import/random.rs"]
mod random;
#[path = "import/refused.rs"]
mod refused;

use std::collections::BTreeSet;

use shared::domain::household::Tenure;
use shared::domain::resident::Relation;
use shared::domain::{CalendarDate, Need};
use shared::ids::{AreaCode, AreaLevel};
use support::{fixture, today, truth};
use sync_server::import::register::{FindingCode, Forbidden};
use sync_server::import::register_ids::plan;
use sync_server::import::{ImportError, RegisterReading, read_areas, read_register};

fn read(name: &str) -> RegisterReading {
    read_register(&fixture(&format!("{name}.xlsx")), today()).unwrap()
}

fn check_against_truth(name: &str) -> RegisterReading {
    let reading = read(name);
    let truth = truth(name);
    let counts = reading.report.counts;
    let read = |key: &str| usize::try_from(truth[key].as_u64().unwrap()).unwrap();
    assert_eq!(counts.households, read("households"), "households");
    assert_eq!(counts.residents, read("residents"), "residents");
    assert_eq!(counts.vacant, read("vacant"), "vacant");
    assert_eq!(counts.exact_doubles, read("exact_doubles"), "doubles");
    assert_eq!(counts.impossible_phones, read("bad_phones"), "bad phones");
    assert_eq!(counts.two_phones, read("two_phones"), "two phones");
    assert_eq!(counts.without_birth, read("no_birth"), "no birth");
    assert_eq!(counts.rows_not_read, 0);
    let rooms: BTreeSet<(u64, u64, String)> = truth["rooms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|room| {
            (
                room[0].as_u64().unwrap(),
                room[1].as_u64().unwrap(),
                room[2].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let found: BTreeSet<(u64, u64, String)> = reading
        .households
        .iter()
        .map(|household| {
            let door = &household.door;
            (
                door.building().parse().unwrap(),
                door.unit().unwrap().parse().unwrap(),
                door.room().to_owned(),
            )
        })
        .collect();
    assert_eq!(found, rooms);
    reading
}

#[test]
fn the_tidy_register_reads_as_its_truth_says() {
    let reading = check_against_truth("register-fuqiang");
    assert_eq!(reading.title, "富强新村社区居民信息登记表(演示数据,人物均为虚构)");
    let first = &reading.households[0];
    assert_eq!(
        (
            first.door.to_string().as_str(),
            first.grid,
            first.household.tenure
        ),
        ("1-1-101", Some(1), Some(Tenure::Owned))
    );
    let head = &first.residents[0];
    assert_eq!(
        (head.name.as_str(), head.birth_year, head.birth_month),
        ("赵涵", Some(1960), Some(7))
    );
    assert_eq!(
        (head.phones.as_slice(), head.relation),
        (["12009375836".to_owned()].as_slice(), Some(Relation::Head))
    );
    assert_eq!(head.needs, [Need::LivesAlone]);
    assert_eq!(reading.report.rows_with(FindingCode::BirthUnreadable), [0_u32; 0]);
    assert_eq!(reading.report.counts.unmapped_remarks, 0);
}

#[test]
fn the_messy_register_reads_as_its_truth_says() {
    let reading = check_against_truth("register-qingyuan-messy");
    assert_eq!(reading.title, "清源社区居民信息登记表(演示数据,人物均为虚构)");
    assert_eq!(reading.report.sheets[0].header_row, 3);
    assert_eq!(
        reading.report.rows_with(FindingCode::ExactDouble),
        [46, 427, 659, 982, 1051, 1157]
    );
    let births: Vec<_> = reading
        .households
        .iter()
        .flat_map(|household| &household.residents)
        .collect();
    // 59年7月, 15年5月, 1970.4 and 2015 as a number.
    let born = |name: &str| {
        births
            .iter()
            .find(|resident| resident.name == name)
            .map(|r| (r.birth_year, r.birth_month))
            .unwrap()
    };
    assert_eq!(born("常刚"), (Some(1959), Some(7)));
    assert_eq!(born("廖燕杰"), (Some(2015), Some(5)));
    assert_eq!(born("尹超平"), (Some(1970), Some(4)));
    assert_eq!(born("乔建"), (Some(2015), None));
    let household = reading
        .households
        .iter()
        .find(|household| household.door.to_string() == "1-1-101")
        .unwrap();
    assert_eq!(household.household.preferred_hours, "不希望频繁上门");
}

#[test]
fn forbidden_columns_are_named_and_nowhere_stored() {
    for name in ["register-fuqiang", "register-qingyuan-messy"] {
        let reading = read(name);
        let forbidden: Vec<_> = reading
            .report
            .columns_left_out
            .iter()
            .filter_map(|column| Some((column.header.as_str(), column.forbidden?)))
            .collect();
        assert_eq!(
            forbidden,
            [
                ("性别", Forbidden::Sex),
                ("身份证号码", Forbidden::IdentityNumber),
                ("民族", Forbidden::Ethnicity),
                ("政治面貌", Forbidden::Political),
                ("宗教信仰", Forbidden::Religion),
            ]
        );
        let everything = serde_json::to_string(&reading).unwrap();
        for word in ["999999", "群众", "党员", "汉"] {
            assert!(!everything.contains(word), "{word}");
        }
        let text = reading.report.to_text();
        assert!(
            text.contains("身份证号码(H列)") && text.contains("宗教信仰(K列)"),
            "{text}"
        );
    }
}

#[test]
fn importing_twice_gives_the_same_records_with_the_same_ids() {
    let community = AreaCode::new("130803001001").unwrap();
    for name in ["register-fuqiang", "register-qingyuan-messy"] {
        let first = plan(&read(name), &community);
        assert_eq!(first, plan(&read(name), &community));
        let households: BTreeSet<_> = first.iter().map(|household| household.id).collect();
        let residents: BTreeSet<_> = first
            .iter()
            .flat_map(|household| &household.residents)
            .map(|planned| planned.id)
            .collect();
        assert_eq!(households.len(), first.len());
        assert_eq!(
            residents.len(),
            first
                .iter()
                .map(|household| household.residents.len())
                .sum::<usize>()
        );
        assert!(
            first
                .iter()
                .all(|household| household.area.level() == AreaLevel::Grid)
        );
        assert!(first.iter().all(|household| {
            household
                .residents
                .iter()
                .all(|planned| planned.resident.household == household.id)
        }));
    }
}

#[test]
fn a_later_day_changes_no_two_digit_year_but_the_recent_ones() {
    let later = CalendarDate::from_parts(2031, 1, 1).unwrap();
    let (now, then) = (
        read("register-qingyuan-messy"),
        read_register(&fixture("register-qingyuan-messy.xlsx"), later).unwrap(),
    );
    let years = |reading: &RegisterReading| {
        reading
            .households
            .iter()
            .flat_map(|h| h.residents.iter().map(|r| r.birth_year))
            .collect::<Vec<_>>()
    };
    assert_eq!(years(&now), years(&then));
}

#[test]
fn areas_of_the_demonstration_are_read_level_by_level() {
    let bytes = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../assets/demo/communities.csv"
    ))
    .unwrap();
    let areas = read_areas(&bytes).unwrap();
    let of = |level| areas.iter().filter(|area| area.code.level() == level).count();
    assert_eq!((of(AreaLevel::District), of(AreaLevel::Community)), (6, 795));
    assert_eq!(areas.len(), 6 + 795 + of(AreaLevel::Street));
    let name = |code: &str| {
        areas
            .iter()
            .find(|area| area.code.as_str() == code)
            .map(|area| area.name.as_str())
    };
    assert_eq!(name("130803"), Some("双滦区"));
    assert_eq!(name("130803001"), Some("元宝山街道"));
    assert_eq!(name("130803001001"), Some("元宝山社区居民委员会"));
    // Whoever stores them in this order finds each parent already there.
    let mut seen = BTreeSet::new();
    for area in &areas {
        let parent = area.code.parent().unwrap();
        assert!(
            parent.level() <= AreaLevel::City || seen.contains(&parent),
            "{parent}"
        );
        seen.insert(area.code.clone());
    }
}

#[test]
fn a_wrong_table_of_areas_is_refused_whole() {
    let head = "community_code,community,street_code,street,district_code,district\n";
    let good = "130803001001,东园社区,130803001,元宝山街道,130803,双滦区\n";
    assert_eq!(
        read_areas(format!("\u{feff}{head}{good}").as_bytes())
            .unwrap()
            .len(),
        3
    );
    for (line, reason) in [
        (
            "130803001001,东园社区,130803002,钢城街道,130803,双滦区",
            "a code that does not lie within the one above",
        ),
        (
            "1308030010,东园社区,130803001,元宝山街道,130803,双滦区",
            "not a division code",
        ),
        (
            "130803001,东园社区,130803001,元宝山街道,130803,双滦区",
            "a code of another level",
        ),
        (
            "130803001001,,130803001,元宝山街道,130803,双滦区",
            "no name, or one that is too long or cannot be shown",
        ),
        (
            "130803001001,西园社区,130803001,元宝山街道,130803,双滦区",
            "a second name for the same code",
        ),
        ("130803001001,东园社区", "not as many values as column names"),
    ] {
        let error = read_areas(format!("{head}{good}{line}\n").as_bytes()).unwrap_err();
        assert_eq!(error, ImportError::BadLine { line: 3, reason }, "{line}");
    }
    assert_eq!(
        read_areas(b"a,b\n1,2\n"),
        Err(ImportError::MissingColumn("community_code"))
    );
    assert_eq!(read_areas(b""), Err(ImportError::Empty));
    assert_eq!(read_areas(&[0xff, 0xfe, 0x00]), Err(ImportError::NotUtf8));
}
