//! Short names between the app and its script.
//!
//! wasm-bindgen names each of some 400 functions that the app calls after its full signature and a hash, once in the
//! compiled app and once in its script. Hashes do not compress: short names save every user 10 KB.

use anyhow::{Result, bail};

const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The short name of the function with this number: `a` .. `Z`, `aa`, `ba` ...
pub(crate) fn short_name(number: usize) -> String {
    let mut name = String::new();
    let mut rest = number + 1;
    while rest > 0 {
        let letter = LETTERS.get((rest - 1) % LETTERS.len()).copied().unwrap_or(b'_');
        name.push(char::from(letter));
        rest = (rest - 1) / LETTERS.len();
    }
    name
}

/// Renames keys of the object that the script hands to the app: one key per line, `name: function ...`.
///
/// # Errors
/// When a name is not exactly one key.
pub(crate) fn rename_keys(script: &str, names: &[(String, String)]) -> Result<String> {
    let mut renamed = script.to_owned();
    for (long, short) in names {
        let key = format!("\n        {long}: ");
        if renamed.matches(&key).count() != 1 {
            bail!("{long} is not one key of the app's script");
        }
        renamed = renamed.replacen(&key, &format!("\n        {short}: "), 1);
    }
    Ok(renamed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_differ_and_are_short() {
        let names: std::collections::BTreeSet<_> = (0..3_000).map(short_name).collect();
        assert_eq!(names.len(), 3_000);
        assert!(names.iter().all(|name| name.len() <= 3));
        assert_eq!(short_name(0), "a");
        assert_eq!(short_name(52), "aa");
    }

    #[test]
    fn only_the_key_is_renamed() {
        let script =
            "const x = {\n        __wbg_f_1: function() { return '__wbg_f_1'; },\n        __wbg_f_12: g,\n};";
        let names = [("__wbg_f_1".to_owned(), "a".to_owned())];
        let renamed = rename_keys(script, &names).unwrap();
        assert_eq!(renamed, script.replace("        __wbg_f_1: ", "        a: "));
    }

    #[test]
    fn a_name_that_is_not_there_is_refused() {
        assert!(rename_keys("{}", &[("f".to_owned(), "a".to_owned())]).is_err());
    }
}
