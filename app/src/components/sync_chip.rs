//! The truth about the sync in one look, on every screen.

use dioxus::prelude::*;
use replica::api::{SyncPhase, SyncState};

use super::{Icon, IconName};
use crate::i18n::{t, t_args};
use crate::routes::Route;
use crate::store::use_live;

/// How the chip looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Calm,
    Waiting,
    Attention,
}

/// What the chip says: a key with the number it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chip {
    key: &'static str,
    count: u64,
    tone: Tone,
    icon: IconName,
}

/// The most important truth first.
fn chip_of(sync: &SyncState) -> Chip {
    let waiting = sync.waiting_operations.saturating_add(sync.waiting_photos);
    let (key, count, tone, icon) = match sync.phase {
        SyncPhase::SignInAgain => ("sync-sign-in-again", 0, Tone::Attention, IconName::Warning),
        SyncPhase::UpdateNeeded => ("sync-update-needed", 0, Tone::Attention, IconName::Warning),
        _ if sync.attention > 0 => (
            "sync-attention",
            sync.attention,
            Tone::Attention,
            IconName::Warning,
        ),
        _ if sync.clock_ahead_ms != 0 => ("sync-clock-wrong", 0, Tone::Attention, IconName::Clock),
        SyncPhase::Working if sync.pull_total > 0 => {
            ("sync-receiving", percent(sync), Tone::Calm, IconName::Cloud)
        }
        SyncPhase::Working if waiting > 0 => ("sync-sending", waiting, Tone::Waiting, IconName::Upload),
        SyncPhase::Working => ("sync-working", 0, Tone::Calm, IconName::Cloud),
        SyncPhase::Offline if waiting > 0 => {
            ("sync-offline-waiting", waiting, Tone::Waiting, IconName::CloudOff)
        }
        SyncPhase::Offline => ("sync-offline", 0, Tone::Calm, IconName::CloudOff),
        SyncPhase::Trouble => ("sync-trouble", waiting, Tone::Waiting, IconName::CloudOff),
        SyncPhase::ServerFull => ("sync-server-full", waiting, Tone::Waiting, IconName::CloudOff),
        _ if waiting > 0 => ("sync-waiting", waiting, Tone::Waiting, IconName::Upload),
        SyncPhase::UpToDate => ("sync-up-to-date", 0, Tone::Calm, IconName::Cloud),
        SyncPhase::Idle => ("sync-idle", 0, Tone::Calm, IconName::Cloud),
    };
    Chip {
        key,
        count,
        tone,
        icon,
    }
}

fn percent(sync: &SyncState) -> u64 {
    sync.pull_done
        .saturating_mul(100)
        .checked_div(sync.pull_total)
        .unwrap_or(0)
        .min(100)
}

/// The chip; it opens the list of what goes out.
#[component]
pub(crate) fn SyncChip() -> Element {
    let live = use_live();
    let sync = live.sync.read();
    let Some(sync) = sync.as_ref() else { return rsx! {} };
    let chip = chip_of(sync);
    let class = match chip.tone {
        Tone::Calm => "sync-chip",
        Tone::Waiting => "sync-chip waiting",
        Tone::Attention => "sync-chip attention",
    };
    let words = t_args(chip.key, &[("count", chip.count.into())]);
    rsx! {
        Link {
            class, to: Route::Outbox {}, "data-testid": "sync-chip", "data-state": chip.key,
            Icon { name: chip.icon }
            span { class: "visually-hidden", {t("sync-label")} }
            span { "{words}" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(phase: SyncPhase, waiting: u64) -> SyncState {
        SyncState {
            phase,
            waiting_operations: waiting,
            ..SyncState::default()
        }
    }

    #[test]
    fn what_needs_the_person_comes_before_everything_else() {
        let mut sync = state(SyncPhase::Offline, 3);
        assert_eq!(
            (chip_of(&sync).key, chip_of(&sync).count),
            ("sync-offline-waiting", 3)
        );
        sync.clock_ahead_ms = 600_000;
        assert_eq!(chip_of(&sync).key, "sync-clock-wrong");
        sync.attention = 1;
        assert_eq!((chip_of(&sync).key, chip_of(&sync).count), ("sync-attention", 1));
    }

    #[test]
    fn it_says_synchronised_only_when_nothing_waits() {
        assert_eq!(chip_of(&state(SyncPhase::UpToDate, 0)).key, "sync-up-to-date");
        assert_eq!(chip_of(&state(SyncPhase::UpToDate, 1)).key, "sync-waiting");
        let photo = SyncState {
            waiting_photos: 1,
            ..state(SyncPhase::UpToDate, 0)
        };
        assert_eq!(chip_of(&photo).key, "sync-waiting");
    }

    #[test]
    fn progress_never_exceeds_the_whole() {
        let sync = SyncState {
            pull_done: 7,
            pull_total: 5,
            ..state(SyncPhase::Working, 0)
        };
        assert_eq!(chip_of(&sync).count, 100);
    }
}
