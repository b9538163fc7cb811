//! What a browser means by refusing its storage, by the name of its error: whether to wait for another worker's files to
//! come free, or to say at once that nothing can be kept here.

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no storage for this page, and waiting makes none: private windows, forbidden site data.
    ForGood,
    /// There is no room.
    Full,
    /// Somebody holds it, or the browser is busy: asked again.
    ForNow,
}

/// Of the storage's root folder. No other worker can hold that, so nearly everything is final: private windows say
/// `UnknownError` in WebKit and `SecurityError` in Firefox.
pub(crate) fn of_root(name: &str) -> Refusal {
    match name {
        "QuotaExceededError" => Refusal::Full,
        // The page is just being shown or hidden, or the browser gave up on its own account.
        "InvalidStateError" | "AbortError" | "TimeoutError" => Refusal::ForNow,
        _ => Refusal::ForGood,
    }
}

/// Of a file or folder within. A worker that was killed holds them a little longer, and browsers have several names for
/// that; only what they say of storage as such is final.
pub(crate) fn of_file(name: &str) -> Refusal {
    match name {
        "QuotaExceededError" => Refusal::Full,
        "SecurityError" | "NotAllowedError" | "NotSupportedError" | "TypeError" => Refusal::ForGood,
        _ => Refusal::ForNow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_window_is_told_from_files_that_are_still_held() {
        for name in [
            "UnknownError",
            "SecurityError",
            "NotAllowedError",
            "NotSupportedError",
            "TypeError",
            "NotFoundError",
            "",
        ] {
            assert_eq!(of_root(name), Refusal::ForGood, "{name}");
        }
        for name in ["InvalidStateError", "AbortError", "TimeoutError"] {
            assert_eq!(of_root(name), Refusal::ForNow, "{name}");
        }
        for name in [
            "NoModificationAllowedError",
            "InvalidStateError",
            "UnknownError",
            "NotReadableError",
            "",
        ] {
            assert_eq!(of_file(name), Refusal::ForNow, "{name}");
        }
        assert_eq!(of_file("TypeError"), Refusal::ForGood);
        for of in [of_root, of_file] {
            assert_eq!(of("QuotaExceededError"), Refusal::Full);
        }
    }
}
