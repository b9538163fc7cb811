use proptest::prelude::*;

use super::*;

fn check(text: &str, expect: &str) {
    let door = DoorNumber::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(door.to_string(), expect, "{text}");
    assert_eq!(DoorNumber::parse(expect), Ok(door), "{expect} reads back");
}

#[test]
fn every_spelling_of_a_door_is_the_same_door() {
    for text in [
        "3-2-501",
        "3栋2单元501室",
        "3幢2-501",
        "3#2单元501",
        "3号楼2门501",
        "３－２－５０１",
        "3＃2单元501",
        " 3-2-501 ",
        "3 - 2 - 501",
        "3\t2\t501",
        "3\u{3000}2\u{3000}501",
        "3—2—501",
        "3–2–501",
        "3~2~501",
        "3/2/501",
        "3.2.501",
        "三栋二单元五零一",
        "三栋二单元五〇一室",
        "3栋2单元501房",
        "3栋2单元501户",
        "03-02-0501",
        "3栋2单元501号",
        "3#2#501#",
        "富强新村3栋2单元501",
        "富强新村 3-2-501",
        "富强新村社区3号楼2单元501室",
        "3栋2单元5层501",
        "3栋2单元5层01",
        "3栋2单元5楼1号",
        "3-2-5-501",
        "3-2-5-1",
        "3座2单元501",
        "3栋-2单元-501室",
        "3#-2-501",
        "3号2单元501",
        "第3栋第2单元501室",
        "3号楼 2单元 501",
        "3 栋 2 单元 501 室",
        "3一2一501",
        "3栋2单元５０１",
        "3-2-501(租)",
        "3-2-501（空置）",
        "'3-2-501",
        "双滦区元宝山街道富强新村社区3栋2单元501室",
        "富强路12号3栋2单元501",
        "八一小区3-2-501",
        "三里河3栋2单元501",
        "阳光100国际3-2-501",
        "叁栋贰单元五百零一",
        "3-2-5F-501",
        "3\u{200b}-2-501",
        "3·2·501",
        "3、2、501",
        "3號樓2單元501室",
    ] {
        check(text, "3-2-501");
    }
}

#[test]
fn other_doors_keep_what_tells_them_apart() {
    for (text, expect) in [
        ("5-301", "5-301"),
        ("5号楼301室", "5-301"),
        ("5栋12层1203", "5-1203"),
        ("a座1203", "A-1203"),
        ("3栋A单元501", "3-A-501"),
        ("3栋甲单元501", "3-甲-501"),
        ("东楼2单元301", "东楼-2-301"),
        ("综合楼301室", "综合楼-301"),
        ("综合楼2-301", "综合楼-2-301"),
        ("富强新村 综合楼301", "综合楼-301"),
        ("东区3栋2单元501", "东区·3-2-501"),
        ("富强新村东区3栋2单元501", "东区·3-2-501"),
        ("二期3栋501", "2期·3-501"),
        ("3号院2号楼1单元501", "3号院·2-1-501"),
        ("12弄3号501室", "12弄·3-501"),
        ("12号", "12号"),
        ("富强路12号", "12号"),
        ("3组12号", "3组·12号"),
        ("2排3号", "2排·3号"),
        ("2排3", "2排·3号"),
        ("3栋2单元501A", "3-2-501A"),
        ("3栋2单元501室(东户)", "3-2-501东"),
        ("3-2-501(西)", "3-2-501西"),
        ("3栋2单元5层东户", "3-2-5东"),
        ("3栋2单元501东户", "3-2-501东"),
        ("3栋底商5", "3-底商5"),
        ("3栋2单元地下室", "3-2-地下室"),
        ("十二号楼一单元一千二百零一", "12-1-1201"),
        ("3甲-2-501", "3甲-2-501"),
        ("厦门小区3-2-501", "3-2-501"),
        ("河东区富强社区3栋2单元501", "3-2-501"),
        ("幸福家园·3-2-501", "幸福家园·3-2-501"),
        ("B12-1-101", "B12-1-101"),
    ] {
        check(text, expect);
    }
}

#[test]
fn what_names_no_door_or_several_says_so() {
    use DoorError::*;
    for (text, expect) in [
        ("", Empty),
        ("  \u{3000}", Empty),
        ("501", NoBuilding),
        ("2单元501", NoBuilding),
        ("501室", NoBuilding),
        ("3栋", NoRoom),
        ("三号楼", NoRoom),
        ("3栋2单元", NoRoom),
        ("3-2-501-502", Ambiguous),
        ("3栋2单元501、502室", Ambiguous),
        ("1-13-2-501", Ambiguous),
        ("3-501-2", NotADoor),
        ("张三", NotADoor),
        ("合计", NotADoor),
        ("3-2-501 张三", NotADoor),
        ("0-0-0", NotADoor),
        ("12009375836", NotADoor),
        ("1-2-3-4-5", Ambiguous),
        ("注:房号请写全", NotADoor),
        ("-", NotADoor),
    ] {
        assert_eq!(DoorNumber::parse(text), Err(expect), "{text}");
    }
    assert_eq!(DoorNumber::parse(&"3".repeat(200)), Err(TooLong));
}

#[test]
fn doors_are_ordered_as_one_walks() {
    let order = [
        "1-1-101",
        "2-301",
        "2-1-101",
        "2-1-102",
        "2-1-901",
        "2-1-1001",
        "2-2-101",
        "10-1-101",
        "10A-1-101",
        "A-101",
        "综合楼-301",
        "东区·1-1-101",
    ];
    let doors: Vec<DoorNumber> = order
        .iter()
        .map(|text| DoorNumber::parse(text).unwrap())
        .collect();
    let mut sorted = doors.clone();
    sorted.reverse();
    sorted.sort();
    assert_eq!(sorted, doors);
}

#[test]
fn the_room_tells_the_floor() {
    for (text, floor) in [
        ("3-2-501", Some(5)),
        ("3-1203", Some(12)),
        ("3-2-5东", Some(5)),
        ("3-2-501A", Some(5)),
        ("3-8", None),
        ("3-底商5", None),
        ("12号", None),
    ] {
        assert_eq!(DoorNumber::parse(text).unwrap().floor(), floor, "{text}");
    }
}

#[test]
fn a_door_is_listed_in_its_building_and_a_house_in_its_row() {
    for (text, listed_in) in [
        ("3-2-501", "3"),
        ("东区3栋2单元501", "东区·3"),
        ("12弄3号501室", "12弄·3"),
        ("综合楼-301", "综合楼"),
        ("12号", "号"),
        ("3组12号", "3组"),
    ] {
        assert_eq!(DoorNumber::parse(text).unwrap().listed_in(), listed_in, "{text}");
    }
}

#[test]
fn a_name_in_front_is_given_back_and_can_be_kept() {
    for (written, canonical) in [
        ("甲3号楼2单元501", "甲3-2-501"),
        ("甲3-2-501", "甲3-2-501"),
        ("富强新村乙3栋501室", "乙3-501"),
        ("富强路甲12号", "甲12号"),
    ] {
        let door = DoorNumber::parse(written).unwrap();
        assert_eq!(door.to_string(), canonical, "{written}");
        assert_ne!(door, DoorNumber::parse("3-2-501").unwrap());
    }
    let (name, door) = DoorNumber::parse_with_prefix("幸福家园3栋2单元501").unwrap();
    assert_eq!(
        (name.as_str(), door.to_string().as_str()),
        ("幸福家园", "3-2-501")
    );
    assert_eq!(door.in_place("幸福家园").unwrap().to_string(), "幸福家园·3-2-501");
    assert_eq!(door.in_place("3-2"), None);
    assert_eq!(door.in_place("名字太长的一个小区"), None);
}

#[test]
fn half_a_door_finds_its_beginning() {
    for (text, expect) in [
        ("3", "3"),
        ("3栋", "3-"),
        ("三栋", "3-"),
        ("3栋2", "3-2"),
        ("3栋2单", "3-2-"),
        ("3栋2单元", "3-2-"),
        ("3栋2单元5", "3-2-5"),
        ("3栋2单元5层", "3-2-5"),
        ("3-", "3-"),
        ("3-2-5", "3-2-5"),
        ("3 2 501", "3-2-501"),
        ("3 2 501 ", "3-2-501"),
        ("501", "501"),
        ("501室", "501"),
        ("2单元501", "501"),
        ("富强新村3栋2", "3-2"),
        ("３＃２", "3-2"),
        ("东区3栋", "东区·3-"),
        ("东区", "东区·"),
        ("a座12", "A-12"),
    ] {
        assert_eq!(
            parse_query(text).first().map(String::as_str),
            Some(expect),
            "{text}"
        );
    }
    for text in ["", "张三", "富强", "2单元", "!?"] {
        assert_eq!(parse_query(text), Vec::<String>::new(), "{text}");
    }
}

fn spelling() -> impl Strategy<Value = (u16, u8, u16, u8, String)> {
    (
        1_u16..400,
        1_u8..30,
        1_u16..40,
        1_u8..20,
        0_usize..16,
        any::<bool>(),
    )
        .prop_map(|(b, u, floor, door, style, wide)| {
            let room = format!("{floor}{door:02}");
            let text = match style {
                0 => format!("{b}-{u}-{room}"),
                1 => format!("{b}栋{u}单元{room}室"),
                2 => format!("{b}幢{u}-{room}"),
                3 => format!("{b}#{u}单元{room}"),
                4 => format!("{b}号楼{u}门{room}"),
                5 => format!("  {b} - {u} - {room}\u{3000}"),
                6 => format!("{b:03}-{u:02}-{room:0>5}"),
                7 => format!("富强新村{b}栋{u}单元{room}"),
                8 => format!("{b}栋{u}单元{floor}层{room}"),
                9 => format!("{b}栋{u}单元{floor}楼{door}号"),
                10 => format!("{b}/{u}/{room}"),
                11 => format!("{b}.{u}.{room}"),
                12 => format!("{b} {u} {room}"),
                13 => format!("第{b}栋第{u}单元{room}房"),
                14 => format!("{b}座{u}梯{room}户"),
                _ => format!("{}栋{}单元{}", han(b), han(u.into()), han_digits(&room)),
            };
            let text = if wide {
                text.chars().map(full_width).collect()
            } else {
                text
            };
            (b, u, floor, door, text)
        })
}

fn full_width(c: char) -> char {
    if c.is_ascii_graphic() {
        char::from_u32(u32::from(c) + 0xFEE0).unwrap()
    } else {
        c
    }
}

fn han_digits(text: &str) -> String {
    text.chars()
        .map(|c| {
            "零一二三四五六七八九"
                .chars()
                .nth(c.to_digit(10).unwrap() as usize)
                .unwrap()
        })
        .collect()
}

fn han(number: u16) -> String {
    let digit = |n: u16| han_digits(&n.to_string());
    match (number / 100, number / 10 % 10, number % 10) {
        (0, 0, one) => digit(one),
        (0, 1, 0) => "十".to_owned(),
        (0, 1, one) => format!("十{}", digit(one)),
        (0, ten, 0) => format!("{}十", digit(ten)),
        (0, ten, one) => format!("{}十{}", digit(ten), digit(one)),
        (hundred, 0, 0) => format!("{}百", digit(hundred)),
        (hundred, 0, one) => format!("{}百零{}", digit(hundred), digit(one)),
        (hundred, ten, 0) => format!("{}百{}十", digit(hundred), digit(ten)),
        (hundred, ten, one) => format!("{}百{}十{}", digit(hundred), digit(ten), digit(one)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_random_door_is_found_in_every_spelling((b, u, floor, door, text) in spelling()) {
        let read = DoorNumber::parse(&text).unwrap();
        prop_assert_eq!(read.to_string(), format!("{b}-{u}-{floor}{door:02}"), "{}", text);
        prop_assert_eq!(read.floor(), Some(floor));
    }

    #[test]
    fn each_beginning_of_a_spelling_finds_the_door((_, _, _, _, text) in spelling()) {
        let door = DoorNumber::parse(&text).unwrap();
        let keys = door.search_keys();
        for end in 1..=text.chars().count() {
            let typed: String = text.chars().take(end).collect();
            for beginning in parse_query(typed.trim_end_matches([' ', '\u{3000}'])).iter().take(1) {
                let found = keys.iter().any(|key| key.starts_with(beginning.as_str()));
                // While a numeral or a padded number is typed, its value is not known yet.
                let open = typed.ends_with(|c: char| c == '0' || c == '０' || super::super::spelling::is_han_numeral(c))
                    || typed.contains('层')
                    || (typed.contains('楼') && !typed.contains("号楼"));
                prop_assert!(found || open, "{} as {} in {:?}", typed, beginning, keys);
            }
        }
    }

    #[test]
    fn any_text_never_panics(text in any::<String>()) {
        let _ = (DoorNumber::parse(&text), parse_query(&text));
    }

    #[test]
    fn what_reads_also_reads_back(text in "[0-9０-９A-Fa-f\\-－ .·/#一二十百零栋幢座楼号单元门层室房户院区期排弄东西甲底商库()第富强新村]{1,14}") {
        let _ = parse_query(&text);
        if let Ok(door) = DoorNumber::parse(&text) {
            prop_assert!(door.to_string().len() <= 60);
            prop_assert_eq!(DoorNumber::parse(&door.to_string()), Ok(door.clone()), "{}", text);
            prop_assert_eq!(DoorNumber::try_from(String::from(door.clone())), Ok(door));
        }
    }

    #[test]
    fn order_agrees_with_equality(a in "[0-9A-B]{1,3}-[0-9A-B]{1,3}-[0-9A-B]{1,3}", b in "[0-9A-B]{1,3}-[0-9A-B]{1,3}-[0-9A-B]{1,3}") {
        if let (Ok(a), Ok(b)) = (DoorNumber::parse(&a), DoorNumber::parse(&b)) {
            prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        }
    }
}
