//! Files that are no register, or that mean harm: each is refused with its code, none panics, none unpacks.

use std::io::{Cursor, Read as _, Write as _};

use proptest::prelude::*;
use rust_xlsxwriter::Workbook;
use sync_server::import::{ImportError, read_register};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::{fixture, today};

fn refused(bytes: &[u8]) -> &'static str {
    let error = read_register(bytes, today()).unwrap_err();
    assert!(error.sentence().ends_with('。'), "{error:?}");
    error.code()
}

/// The workbook again with its parts changed.
fn repacked(bytes: &[u8], change: impl Fn(&str, Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut content = Vec::new();
        part.read_to_end(&mut content).unwrap();
        writer.start_file(&name, SimpleFileOptions::default()).unwrap();
        writer.write_all(&change(&name, content)).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn small() -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in [["姓名", "房号", "电话"], ["甲", "3-2-501", "12009375836"]]
        .iter()
        .enumerate()
    {
        for (column, text) in (0_u16..).zip(cells) {
            sheet.write(u32::try_from(row).unwrap(), column, *text).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn other_files_are_known_for_what_they_are() {
    assert_eq!(refused(b""), "import_empty");
    assert_eq!(refused(b"name,door\n"), "import_not_a_workbook");
    assert_eq!(
        refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old xls renamed to xlsx"),
        "import_old_or_encrypted"
    );
    assert_eq!(
        refused(b"<html><table><tr><td>1</td></tr></table></html>"),
        "import_web_page"
    );
    assert_eq!(
        refused(b"\xef\xbb\xbf\r\n <?xml version='1.0'?>"),
        "import_web_page"
    );
    assert_eq!(refused(b"PK\x03\x04 and nothing more"), "import_damaged");
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file("photo.jpg", SimpleFileOptions::default())
        .unwrap();
    assert_eq!(
        refused(&writer.finish().unwrap().into_inner()),
        "import_not_a_workbook"
    );
    let too_large = vec![0; (32 << 20) + 1];
    assert_eq!(refused(&too_large), "import_too_large");
}

#[test]
fn a_workbook_without_a_register_says_so() {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().write(0, 0, "通知").unwrap();
    assert_eq!(refused(&workbook.save_to_buffer().unwrap()), "import_no_register");
    assert!(
        read_register(&small(), today()).is_ok(),
        "the control is a register"
    );
}

#[test]
fn a_zip_bomb_is_refused_by_the_sizes_it_declares() {
    let bomb = repacked(&small(), |name, content| {
        if name.contains("sheet1") {
            vec![b' '; 40 << 20]
        } else {
            content
        }
    });
    assert!(bomb.len() < 100_000);
    assert_eq!(refused(&bomb), "import_unpacks_too_large");
    let many = repacked(&small(), |name, mut content| {
        if name.ends_with(".xml") {
            // Not compressible enough for the ratio, too much in all.
            content.extend((0..12 << 20).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 27) as u8));
        }
        content
    });
    assert_eq!(refused(&many), "import_unpacks_too_large");
}

#[test]
fn a_zip_bomb_that_lies_about_its_sizes_is_refused_too() {
    let bomb = repacked(&small(), |name, content| {
        if name.contains("sheet1") {
            vec![b' '; 80 << 20]
        } else {
            content
        }
    });
    // The sizes stand in the directory and before the part; the real ones are replaced by small ones.
    let lie = |bytes: &[u8]| {
        let real = (80_u32 << 20).to_le_bytes();
        let mut lied = bytes.to_vec();
        let places: Vec<usize> = bytes
            .windows(4)
            .enumerate()
            .filter(|(_, w)| *w == real)
            .map(|(at, _)| at)
            .collect();
        assert!(!places.is_empty());
        for at in places {
            lied[at..at + 4].copy_from_slice(&1_000_u32.to_le_bytes());
        }
        lied
    };
    assert!(["import_unpacks_too_large", "import_damaged"].contains(&refused(&lie(&bomb))));
}

#[test]
fn too_many_parts_are_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..1_001 {
        writer
            .start_file(format!("{index}"), SimpleFileOptions::default())
            .unwrap();
    }
    writer
        .start_file("xl/workbook.xml", SimpleFileOptions::default())
        .unwrap();
    assert_eq!(
        refused(&writer.finish().unwrap().into_inner()),
        "import_too_many_parts"
    );
}

#[test]
fn two_cells_at_opposite_corners_ask_for_no_memory() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, text) in (0_u16..).zip(["姓名", "房号", "电话"]) {
        sheet.write(0, column, text).unwrap();
    }
    sheet.write(1, 0, "甲").unwrap().write(1, 1, "3-2-501").unwrap();
    sheet.write(1_048_575, 16_383, "角").unwrap();
    sheet
        .write(1_048_575, 0, "乙")
        .unwrap()
        .write(1_048_575, 1, "3-2-502")
        .unwrap();
    let reading = read_register(&workbook.save_to_buffer().unwrap(), today()).unwrap();
    assert_eq!(reading.households.len(), 2);
}

#[test]
fn ranges_that_run_backwards_are_read() {
    let forwards = read_register(&small(), today()).unwrap();
    for range in ["C2:A1", "A2:C1", "C1:A2"] {
        let changed = repacked(&small(), |name, content| {
            if !name.contains("sheet1") {
                return content;
            }
            let xml = String::from_utf8(content).unwrap();
            let changed = xml
                .replace(
                    "<dimension ref=\"A1:C2\"/>",
                    &format!("<dimension ref=\"{range}\"/>"),
                )
                .replace(
                    "</sheetData>",
                    &format!("</sheetData><mergeCells count=\"1\"><mergeCell ref=\"{range}\"/></mergeCells>"),
                );
            assert_eq!(changed.matches(range).count(), 2, "{xml}");
            changed.into_bytes()
        });
        let backwards = read_register(&changed, today()).unwrap();
        assert_eq!(backwards.households, forwards.households, "{range}");
    }
}

#[test]
fn a_workbook_cut_at_any_byte_is_refused() {
    let whole = small();
    for end in 0..whole.len() {
        assert!(read_register(&whole[..end], today()).is_err(), "cut at {end}");
    }
    let large = fixture("register-qingyuan-messy.xlsx");
    for end in (0..large.len()).step_by(1_999) {
        assert!(read_register(&large[..end], today()).is_err(), "cut at {end}");
    }
}

#[test]
fn a_sheet_cut_inside_the_archive_is_refused() {
    let large = fixture("register-qingyuan-messy.xlsx");
    for part in [3, 10, 100, 1_000] {
        let cut = repacked(&large, |name, content| {
            if name.contains("sheet1") {
                content[..content.len() * (part - 1) / part].to_vec()
            } else {
                content
            }
        });
        assert_eq!(
            read_register(&cut, today()).unwrap_err(),
            ImportError::Damaged,
            "1/{part}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = small();
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        let _ = read_register(&bytes, today());
    }

    #[test]
    fn changed_parts_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), part in prop::sample::select(vec!["sheet1", "workbook.xml", "styles", "sharedStrings"])) {
        let changed = repacked(&small(), |name, mut content| {
            if name.contains(part) {
                for (at, byte) in &changes {
                    let at = at.index(content.len());
                    content[at] = *byte;
                }
            }
            content
        });
        let _ = read_register(&changed, today());
    }

    #[test]
    fn any_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), zip in any::<bool>()) {
        if zip {
            bytes.splice(0..0, *b"PK\x03\x04");
        }
        prop_assert!(read_register(&bytes, today()).is_err());
    }
}
