//! Fixtures of the import tests.

use shared::domain::CalendarDate;

/// A file of `tests/fixtures/registers/`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/registers/");
    std::fs::read(format!("{folder}{name}")).unwrap()
}

/// What a correct reading of a fixture must find.
pub(crate) fn truth(name: &str) -> serde_json::Value {
    serde_json::from_slice(&fixture(&format!("{name}.truth.json"))).unwrap()
}

/// The day on which the fixtures are imported.
pub(crate) fn today() -> CalendarDate {
    CalendarDate::from_parts(2026, 11, 21).unwrap()
}
