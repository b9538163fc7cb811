use proptest::prelude::*;

use super::*;

fn check(text: &str, numbers: &[&str], impossible: usize) {
    let parsed = parse_phones(text);
    assert_eq!(parsed.numbers, numbers, "{text}");
    assert_eq!(
        parsed.impossible.len(),
        impossible,
        "{text}: {:?}",
        parsed.impossible
    );
}

#[test]
fn a_number_is_found_in_every_spelling() {
    for text in [
        "12009375836",
        " 12009375836 ",
        "120 0937 5836",
        "120-0937-5836",
        "１２００９３７５８３６",
        "+86 12009375836",
        "+8612009375836",
        "0086-120-0937-5836",
        "8612009375836",
        "12009375836.0",
        "1.2009375836E10",
        "1.2009375836e+10",
        "(+86)12009375836",
        "手机:12009375836",
        "12009375836(女儿)",
        "120\u{200b}0937\u{3000}5836",
        "12009375836/12009375836",
    ] {
        check(text, &["12009375836"], 0);
    }
}

#[test]
fn several_numbers_stand_in_one_cell() {
    for text in [
        "12009375836/12033343251",
        "12009375836、12033343251",
        "12009375836，12033343251",
        "12009375836;12033343251",
        "12009375836 12033343251",
        "12009375836\n12033343251",
        "12009375836或12033343251",
        "120 0937 5836 120 3334 3251",
        "本人12009375836女儿12033343251",
        "12009375836-12033343251",
        "12009375836 / 120-3334-3251",
        "12009375836|12033343251",
    ] {
        check(text, &["12009375836", "12033343251"], 0);
    }
    check("0314-2021234 12009375836", &["03142021234", "12009375836"], 0);
}

#[test]
fn fixed_lines_keep_their_area_code() {
    for (text, number) in [
        ("0314-2021234", "03142021234"),
        ("(0314)2021234", "03142021234"),
        ("0314 2021234", "03142021234"),
        ("010-62021234", "01062021234"),
        ("0755-82021234", "075582021234"),
        ("2021234", "2021234"),
        ("62021234", "62021234"),
        ("0086 0314 2021234", "03142021234"),
    ] {
        check(text, &[number], 0);
    }
}

#[test]
fn what_cannot_be_a_number_is_handed_back() {
    for text in [
        "1205206849",
        "120093758361",
        "1.20094E+10",
        "拒绝提供",
        "999999196004021883",
        "0314-12",
        "010-2021234",
        "22009375836",
    ] {
        check(text, &[], 1);
    }
    check("12009375836/120520684", &["12009375836"], 1);
}

#[test]
fn what_only_has_the_word_of_an_extension_in_it_is_none() {
    for text in [
        "13800138000,有事转告13900139000",
        "13800138000 请转交 13900139000",
        "13800138000(转账用)13900139000",
        "13800138000 next 13900139000",
        "13800138000 next of kin: 13900139000",
        "13800138000 text 13900139000",
    ] {
        check(text, &["13800138000", "13900139000"], 0);
    }
}

#[test]
fn an_extension_alone_is_no_number() {
    for text in [
        "分机110",
        "内线12345",
        "分机:110",
        "转 12345",
        "#110",
        "ext 110",
        "Ext.12345",
    ] {
        check(text, &[], 1);
    }
    check("分机110、13800138000", &["13800138000"], 1);
}

#[test]
fn a_number_of_another_country_is_kept_whole() {
    for (text, number) in [
        ("+1 415 555 2671", "+14155552671"),
        ("+1 (415) 555-2671", "+14155552671"),
        ("001-415-555-2671", "+14155552671"),
        ("+852 9123 4567", "+85291234567"),
        ("(+852) 9123 4567", "+85291234567"),
        ("00852-91234567", "+85291234567"),
        ("+85291234567", "+85291234567"),
        ("＋８５２ ９１２３ ４５６７", "+85291234567"),
        ("香港+852-9123-4567", "+85291234567"),
        ("+853 6612 3456", "+85366123456"),
        ("+886 912 345 678", "+886912345678"),
        ("+886 0912 345 678", "+886912345678"),
        ("+886 2 2345 6789", "+886223456789"),
        ("+82 10-1234-5678", "+821012345678"),
        ("+82 010-1234-5678", "+821012345678"),
        ("+81 90 1234 5678", "+819012345678"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+7 912 345-67-89", "+79123456789"),
        ("+39 06 1234 5678", "+390612345678"),
        ("+976 8812 3456", "+97688123456"),
        ("+86 314 2021234", "03142021234"),
        ("+86 (0)10 6202 1234", "01062021234"),
        ("+86 10 6202 1234", "01062021234"),
        ("0086 400 123 4567", "4001234567"),
    ] {
        check(text, &[number], 0);
    }
    check(
        "+852 9123 4567 / 13800138000",
        &["+85291234567", "13800138000"],
        0,
    );
    check("+852 9123 4567 13800138000", &["+85291234567", "13800138000"], 0);
    check("13800138000 +1 415 555 2671", &["13800138000", "+14155552671"], 0);
}

#[test]
fn services_are_numbers() {
    for text in [
        "110",
        "120",
        "12345",
        "10086",
        "95588",
        "118114",
        "962121",
        "95105555",
        "4001234567",
        "8008101234",
        "031412345",
    ] {
        check(text, &[text], 0);
    }
    check("400-123-4567", &["4001234567"], 0);
    check("4001-234-567", &["4001234567"], 0);
    check("110、12345", &["110", "12345"], 0);
}

#[test]
fn a_part_is_never_kept_as_the_whole() {
    for text in [
        "+852 9123",
        "+852 9123 4567 8",
        "852 9123 4567",
        "852 91234567",
        "+1 415 555",
        "1 415 555 2671",
        "415-555-2671",
        "(415) 555-2671",
        "+999 1234 5678",
        "+86 9123",
        "+86 2021234",
        "+1234567890123456",
        "2021234 5",
        "13800138000 5",
        "13800138000-801",
        "0314-2021234-801",
        "0314-2021234转801",
        "0314-2021234 转 801",
        "62021234 ext. 12",
        "62021234x12",
        "62021234#801",
        "13800138000 转 110",
        "13800",
        "138001380",
    ] {
        check(text, &[], 1);
    }
}

#[test]
fn what_people_know_of_a_number_besides_the_whole() {
    assert_eq!(without_prefix("+85291234567"), Some("91234567"));
    assert_eq!(without_prefix("03142021234"), Some("2021234"));
    assert_eq!(without_prefix("01062021234"), Some("62021234"));
    assert_eq!(without_prefix("13800138000"), None);
    assert!(is_dialled("+85291234567") && is_dialled("110") && is_dialled("0314-2021234"));
    assert!(!is_dialled("-") && !is_dialled("+-") && !is_dialled("--"));
    assert!(!is_dialled("") && !is_dialled("+") && !is_dialled("1+2") && !is_dialled("转801"));
}

#[test]
fn no_number_is_no_fault() {
    for text in ["", " ", "无", "—", "/", "不详", "\u{3000}"] {
        check(text, &[], 0);
    }
}

proptest! {
    #[test]
    fn any_text_never_panics_and_numbers_read_back(text in any::<String>()) {
        for number in parse_phones(&text).numbers {
            prop_assert_eq!(parse_phones(&number).numbers, vec![number]);
        }
    }

    #[test]
    fn what_is_kept_has_every_digit_of_its_piece(text in "[+0-9 ()-]{0,24}") {
        let parsed = parse_phones(&text);
        if parsed.impossible.is_empty() && parsed.numbers.len() == 1 {
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            let (written, kept) = (digits(&text), digits(&parsed.numbers[0]));
            // All of it, but for the country code of China, 00, the zero within a country, and the same number twice.
            prop_assert!(written.len() <= kept.len() + 4 || written.len() == 2 * kept.len(), "{} {}", text, kept);
            prop_assert!(written.ends_with(kept.get(3..).unwrap_or_default()), "{} {}", text, kept);
        }
    }

    #[test]
    fn no_digit_is_dropped_in_silence(text in "[0-9 /+\\-、.()或]{0,40}") {
        let parsed = parse_phones(&text);
        if text.chars().any(|c| c.is_ascii_digit()) && text.trim() != "0" {
            prop_assert!(!parsed.numbers.is_empty() || !parsed.impossible.is_empty());
        }
    }

    #[test]
    fn random_mobiles_are_found(digits in "1[0-9]{10}", other in "1[0-9]{10}", sign in "[/、,; \n]") {
        let parsed = parse_phones(&format!("{digits}{sign}{other}"));
        let expect = if digits == other { vec![digits] } else { vec![digits, other] };
        prop_assert_eq!(parsed, ParsedPhones { numbers: expect, impossible: vec![] });
    }
}
