//! The two files and the code agree: every key used exists, every key is used, both languages have the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fluent_bundle::FluentValue;
use replica::api::ErrorCode;
use shared::domain::door::DoorError;
use shared::domain::household::DoorWarning;
use shared::domain::issue::Step;
use shared::domain::schema::{KindSpec, Meaning, RecordKind, kinds};
use shared::domain::visit::Outcome;
use shared::domain::worker::Role;

use super::{Lang, code_key, translate};
use crate::components::error_code;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn keys(lang: Lang) -> BTreeSet<String> {
    let is_key = |line: &str| line.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    let lines = lang.source().lines().filter(|line| is_key(line));
    lines
        .filter_map(|line| line.split_once(" ="))
        .map(|(key, _)| key.to_owned())
        .collect()
}

fn sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("i18n/tests.rs") {
            into.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

fn code_of_the_app() -> String {
    let mut code = String::new();
    sources(&root().join("src"), &mut code);
    code
}

/// Texts in quotation marks behind `mark`.
fn quoted_after<'a>(code: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    code.split(mark)
        .skip(1)
        .filter_map(|rest| rest.split_once('"').map(|(text, _)| text))
}

/// Keys made from codes.
fn family_keys() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut family =
        |name: &str, codes: Vec<&str>| keys.extend(codes.into_iter().map(|code| code_key(name, code)));
    family("do", Step::ALL.iter().map(|step| step.code()).collect());
    let warnings = DoorWarning::ALL.iter().map(|warning| warning.code());
    family("knock", warnings.collect());
    family("role", Role::ALL.iter().map(|role| role.code()).collect());
    family("type-size", crate::settings::TYPE_SIZE.choices.to_vec());
    family("theme", crate::settings::THEME.choices.to_vec());
    family("weekday", vec!["0", "1", "2", "3", "4", "5", "6"]);
    family("rating", vec!["1", "2", "3", "4", "5"]);
    family("period", vec!["all", "today", "week", "month", "days"]);
    family("action", vec!["created", "edited", "step", "removed"]);
    family(
        "phase",
        vec![
            "idle",
            "working",
            "up-to-date",
            "with-attention",
            "offline",
            "trouble",
            "server-full",
            "sign-in-again",
            "update-needed",
        ],
    );
    family(
        "draft",
        vec!["visit", "issue", "household", "resident", "step", "unknown"],
    );
    let outcomes = Outcome::ALL.iter().map(|outcome| outcome.code());
    let states = ["no_visit", "due", "promised", "vacant", "not_visited"];
    family("door-state", outcomes.chain(states).collect());
    family("kind", kinds().map(|kind| kind.name).collect());
    let generic = kinds().filter(|kind| !kind.has_table);
    family("kinds", generic.map(|kind| kind.name).collect());
    let merged = kinds().filter(|kind| kind.merged_into.is_some());
    for kind in merged {
        let said =
            ["ask", "lead", "title", "choose"].map(|what| format!("{}.{what}", kind.name).leak() as &str);
        family("same", said.to_vec());
    }
    let shown_field_by_field = kinds().filter(|kind| kind.kind != RecordKind::PHOTO);
    for kind in shown_field_by_field {
        family(
            "field",
            kind.fields
                .iter()
                .map(|field| format!("{}.{}", kind.name, field.name).leak() as &str)
                .collect(),
        );
    }
    let errors = [
        ErrorCode::Offline,
        ErrorCode::WrongCredentials,
        ErrorCode::SignedOut,
        ErrorCode::NotFound,
        ErrorCode::StorageFull,
        ErrorCode::UnsentWork,
        ErrorCode::UpdateNeeded,
        ErrorCode::Server,
        ErrorCode::Internal,
        ErrorCode::PhotoNotHere,
    ];
    family("error", errors.into_iter().map(error_code).collect());
    family("error", vec!["drafts.open"]);
    // Details that need other words than their kind.
    family(
        "error",
        vec![
            "other_worker",
            "sealed.other_key",
            "storage.leader_lost",
            "device.too_many",
            "origin.foreign",
            "session.crowded",
            "session.throttled",
            "session.too_long",
            "session.unreadable",
        ],
    );
    let doors = [
        DoorError::Empty,
        DoorError::TooLong,
        DoorError::NoBuilding,
        DoorError::NoRoom,
        DoorError::Ambiguous,
        DoorError::NotADoor,
    ];
    family("bad-photo", vec!["unreadable"]);
    // What the server says of a photo that it will not take.
    let refused = ["hash", "no_jpeg", "too_many_pixels", "metadata", "unknown"];
    family("refused-photo", refused.to_vec());
    family("refused-request", vec!["too_large"]);
    // Set aside on the phone.
    for prefix in ["parked", "invalid"] {
        family(prefix, vec![replica::storage::too_large::CODE]);
    }
    family("invalid", doors.iter().map(|error| error.code()).collect());
    family("unusable", vec!["worker_failed"]);
    for name in [
        "need",
        "door-warning",
        "outcome",
        "purpose",
        "phrase",
        "category",
        "step",
        "kind",
        "field",
        "reason",
        "parked",
        "bad",
        "unusable",
        "invalid",
        "refused",
    ] {
        family(name, vec!["unknown"]);
    }
    keys.extend(codes_of_other_crates());
    keys
}

/// Codes that the description of a kind gives out, and the members of its closed lists.
fn codes_of_kind(kind: &KindSpec) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for field in kind.fields {
        let of_meaning = match field.meaning {
            Meaning::Member { list, unknown } => {
                keys.extend(list.members.iter().map(|(_, code)| code_key(list.family, code)));
                Some(unknown)
            }
            Meaning::Area { impossible }
            | Meaning::Number { impossible, .. }
            | Meaning::Phones { impossible } => Some(impossible),
            Meaning::Plain | Meaning::Day | Meaning::Moment | Meaning::Flag | Meaning::Names { .. } => None,
        };
        keys.extend(
            field
                .missing
                .into_iter()
                .chain(of_meaning)
                .map(|code| code_key("invalid", code)),
        );
    }
    // A household on which such a record hangs is not taken back.
    if kind.beside_one_of(RecordKind::HOUSEHOLD).next().is_some() {
        keys.insert(format!("invalid-household-has-{}s", kind.name));
    }
    let Some(cycle) = kind.life_cycle else {
        return keys;
    };
    let steps = cycle.steps;
    keys.extend(steps.members.iter().map(|(_, code)| code_key(steps.family, code)));
    let reasons = cycle.reasons;
    let refused = [
        reasons.own_work,
        reasons.others_step,
        reasons.makers_step,
        reasons.too_many_steps,
    ];
    keys.extend(refused.map(|code| code_key("invalid", code)));
    let mut stays = vec![
        reasons.unknown_step,
        reasons.already_made,
        reasons.already_there,
        reasons.already_finished,
        reasons.out_of_order,
        reasons.own_work,
    ];
    for rule in cycle.rules {
        stays.extend(rule.gives_way.iter().map(|other| other.reason));
        stays.extend(rule.holds.into_iter().chain(rule.later_holds));
    }
    keys.extend(stays.into_iter().map(|code| code_key("reason", code)));
    keys
}

/// Codes that `shared` and `replica` give out, read from their sources: each has its sentence.
fn codes_of_other_crates() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut code = String::new();
    sources(&root().join("../shared/src"), &mut code);
    keys.extend(quoted_after(&code, "refuse(\"").map(|code| code_key("invalid", code)));
    keys.extend(code.split("refuse_at(").skip(1).filter_map(|call| {
        let code = call.split_once(')')?.0.split('"').nth(1)?;
        Some(code_key("invalid", code))
    }));
    keys.extend(kinds().flat_map(codes_of_kind));
    let mut replica = String::new();
    sources(&root().join("replica/src"), &mut replica);
    keys.extend(quoted_after(&replica, "=> \"photo.").map(|code| code_key("bad-photo", code)));
    keys.extend(
        quoted_after(&replica, "ErrorCode::BadPhoto, \"photo.").map(|code| code_key("bad-photo", code)),
    );
    keys.extend(quoted_after(&replica, "ErrorCode::Invalid, \"").map(|code| code_key("invalid", code)));
    let opening = fs::read_to_string(root().join("replica/src/browser/open.rs")).unwrap();
    let asking = fs::read_to_string(root().join("replica/src/browser/host.rs")).unwrap();
    for source in [&opening, &asking] {
        keys.extend(quoted_after(source, "\"storage.").map(|code| code_key("unusable-storage", code)));
    }
    let server = fs::read_to_string(root().join("../sync-server/src/apply.rs")).unwrap();
    for family in ["area", "record"] {
        let mark = format!("\"{family}.");
        keys.extend(quoted_after(&server, &mark).map(|code| code_key(&format!("parked-{family}"), code)));
    }
    // A wrong password and a form that no app sends have their kinds' own sentences.
    let sign_in = fs::read_to_string(root().join("../sync-server/src/routes/session.rs")).unwrap();
    let told =
        quoted_after(&sign_in, "\"session.").filter(|code| !matches!(*code, "wrong_password" | "invalid"));
    keys.extend(told.map(|code| code_key("error-session", code)));
    keys
}

#[test]
fn both_languages_have_the_same_keys() {
    assert_eq!(keys(Lang::ZhCn), keys(Lang::En));
    assert!(keys(Lang::ZhCn).len() > 100);
}

#[test]
fn every_key_that_the_code_uses_exists() {
    let code = code_of_the_app();
    let known = keys(Lang::ZhCn);
    let mut used: BTreeSet<String> = family_keys();
    for mark in [
        " t(\"",
        "(t(\"",
        "{t(\"",
        "{t_args(\"",
        " t_args(\"",
        "(t_args(\"",
    ] {
        used.extend(quoted_after(&code, mark).map(str::to_owned));
    }
    let missing: Vec<_> = used.difference(&known).collect();
    assert!(missing.is_empty(), "no text for {missing:?}");
}

#[test]
fn every_key_is_used() {
    let code = code_of_the_app();
    let families = family_keys();
    // What the server or the replica may say; kept although no source here names it.
    let said_elsewhere = |key: &str| {
        ["parked-", "invalid-", "unusable-storage-"]
            .iter()
            .any(|family| key.starts_with(family))
    };
    let unused: Vec<String> = keys(Lang::ZhCn)
        .into_iter()
        .filter(|key| {
            !families.contains(key) && !said_elsewhere(key) && !code.contains(&format!("\"{key}\""))
        })
        .collect();
    assert!(unused.is_empty(), "nobody shows {unused:?}");
}

#[test]
fn every_text_is_well_formed_in_both_languages() {
    for lang in Lang::ALL {
        for key in keys(lang) {
            let text = translate(lang, &key, &[]).unwrap_or_else(|| panic!("{key} in {}", lang.tag()));
            assert!(!text.is_empty(), "{key} in {}", lang.tag());
        }
    }
}

#[test]
fn what_says_to_throw_a_form_away_names_both_buttons() {
    for lang in Lang::ALL {
        let text = |key| translate(lang, key, &[]).unwrap();
        for key in ["error-drafts-open", "invalid-household-has-drafts"] {
            for button in ["visit-discard", "correction-discard"] {
                assert!(text(key).contains(&text(button)), "{key} in {}", lang.tag());
            }
        }
    }
}

#[test]
fn numbers_find_their_plural() {
    let days =
        |count: i64| translate(Lang::En, "met-days-ago", &[("days", FluentValue::from(count))]).unwrap();
    assert_eq!(days(1), "Met yesterday");
    assert_eq!(days(12), "Met 12 days ago");
    let chinese = translate(Lang::ZhCn, "met-days-ago", &[("days", FluentValue::from(12))]).unwrap();
    assert_eq!(chinese, "12 天前见过");
}
