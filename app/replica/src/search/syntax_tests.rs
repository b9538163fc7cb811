//! Whatever is typed, and whatever a name consists of.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rusqlite::params;

use shared::domain::spelling::{is_han, plain};

use super::letters::push_han;
use super::search_tests::{Table, neighbours};
use super::*;

#[test]
fn every_chinese_character_is_found_by_itself() {
    let all = [
        0x3007..=0x3007,
        0x3400..=0x9fff,
        0xf900..=0xfaff,
        0x20000..=0x20100,
        0x30000..=0x30100,
    ];
    let chars: Vec<char> = all
        .into_iter()
        .flatten()
        .filter_map(char::from_u32)
        .filter(|c| is_han(*c))
        .collect();
    assert!(chars.len() > 27_000);
    let table = Table::new();
    let mut insert = table
        .connection
        .prepare("INSERT INTO search (rowid, chars) VALUES (?1, ?2)")
        .unwrap();
    // Characters that look alike are found by each other.
    let mut alike: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let text = |c: char| resident_text(&c.to_string(), &[]).chars;
    for c in &chars {
        insert.execute(params![u32::from(*c), text(*c)]).unwrap();
        alike.entry(text(*c)).or_default().push(u32::from(*c));
    }
    let mut find = table
        .connection
        .prepare("SELECT rowid FROM search WHERE search MATCH ?1")
        .unwrap();
    for c in &chars {
        let mut query = String::new();
        plain(&c.to_string())
            .chars()
            .for_each(|c| push_han(&mut query, c));
        let found: Vec<u32> = find
            .query_map([format!("chars : \"{query}\"")], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(found, alike[&text(*c)], "{c} {:x}", u32::from(*c));
        assert!(found.len() < 5, "{c}");
    }
}

#[test]
fn what_looks_like_syntax_finds_nothing_else() {
    let table = neighbours();
    for typed in [
        "\" OR chars : \"春",
        "chars:春",
        "*",
        "NEAR(春 华)",
        "春* OR 王",
        "-春",
        "^春",
        "{chars latin}: x",
        "'; DROP TABLE search; --",
        "\0",
        "春\0华",
        "AND",
        "OR OR OR",
        "NOT 春",
        "((((",
        "a\"b",
    ] {
        for query in [fts_query(typed)]
            .into_iter()
            .chain(
                person_at_door(typed)
                    .map(|(a, b)| [Some(a), Some(b)])
                    .into_iter()
                    .flatten(),
            )
            .flatten()
        {
            assert!(table.matching(&query).len() < 5, "{typed}: {query}");
        }
    }
    assert_eq!(table.found(&"春华".repeat(500)), Vec::<&str>::new());
    assert!(fts_query(&"a 1 三 ".repeat(500)).unwrap().len() < 4_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_valid_fts5(
        any_text in any::<String>(),
        likely in "[ 0-9A-Za-z王单三〇栋单元室号区\"'*()^:{}+,.\\-#·～３Ａüé\u{200b}\u{0}\u{1f642}\u{2b820}กा]{0,80}",
    ) {
        thread_local!(static TABLE: Table = neighbours());
        TABLE.with(|table| {
            for text in [&any_text, &likely] {
                let _ = (table.found(text), resident_text(text, std::slice::from_ref(text)), household_text(text));
                if let Some((person, door)) = person_at_door(text) {
                    let _ = (table.matching(&person), table.matching(&door));
                }
            }
        });
    }

    #[test]
    fn a_name_is_found_by_any_two_neighbouring_characters(name in "[\u{4e00}-\u{9fff}]{2,6}", at in 0_usize..5) {
        let table = Table::of_residents(&[(&name, "")]);
        let two: String = name.chars().skip(at % (name.chars().count() - 1)).take(2).collect();
        prop_assert_eq!(table.found(&two), vec![name.as_str()]);
    }
}
