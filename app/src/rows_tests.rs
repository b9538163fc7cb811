//! Rows are known by the records they stand for, not by their place: then a row that stands for somebody else is drawn
//! anew, whatever has become of its texts.

use std::fs;
use std::path::Path;

/// The texts between `rsx! {` and its end.
fn drawn(source: &str) -> impl Iterator<Item = &str> {
    source.split("rsx! {").skip(1).map(|rest| {
        let mut depth = 1_i32;
        let end = rest.char_indices().find(|(_, c)| {
            depth += match c {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            depth == 0
        });
        end.map_or(rest, |(end, _)| &rest[..end])
    })
}

/// Loops whose rows are known by their place or by nothing: `(row, key)`.
fn rows_without_a_key(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for block in drawn(source) {
        for (start, _) in block.match_indices("\n") {
            let line = block[start..].trim_start();
            let head = line.lines().next().unwrap_or_default();
            if !(head.starts_with("for ") && head.contains(" in ") && head.ends_with('{')) {
                continue;
            }
            let body: String = line.lines().skip(1).take(3).collect();
            let key = body
                .split("key: \"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            if matches!(key, None | Some("{index}")) {
                found.push(head.to_owned());
            }
        }
    }
    found
}

fn check_folder(folder: &Path, found: &mut Vec<String>, lines: &mut usize) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            check_folder(&path, found, lines);
        } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("rows_tests.rs") {
            let source = fs::read_to_string(&path).unwrap();
            let name = path.display();
            *lines += drawn(&source)
                .map(|block| block.matches("\n").count())
                .sum::<usize>();
            found.extend(
                rows_without_a_key(&source)
                    .into_iter()
                    .map(|row| format!("{name}: {row}")),
            );
        }
    }
}

#[test]
fn every_list_knows_its_rows_by_what_they_stand_for() {
    let (mut found, mut lines) = (Vec::new(), 0);
    check_folder(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
        &mut lines,
    );
    assert!(lines > 500, "the screens were read");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_row_known_by_its_place_is_noticed() {
    let list = |row: &str| {
        format!(
            "rsx! {{\n    ul {{\n        for (index , hit) in hits {{\n            li {{ {row} }}\n        }}\n    }}\n}}"
        )
    };
    assert_eq!(rows_without_a_key(&list("key: \"{index}\", \"x\"")).len(), 1);
    assert_eq!(rows_without_a_key(&list("\"x\"")).len(), 1);
    assert_eq!(
        rows_without_a_key(&list("key: \"{hit.household}\", \"x\"")).len(),
        0
    );
}
