//! Cells that say that their formula failed.

/// What spreadsheet programs write in the place of a value that they could not compute.
const ERROR_VALUES: &str = "#N/A #N/A! #NA #REF! #VALUE! #DIV/0! #NAME? #NUM! #NULL! #GETTING_DATA #DATA! #SPILL! #CALC! \
    #FIELD! #BLOCKED! #BUSY! #CONNECT! #UNKNOWN! #EXTERNAL! #PYTHON! #TIMEOUT! #ERROR!";

/// Whether a text is such a value, `Err:502` of LibreOffice and a number that its column was too narrow for (`####`) among
/// them. Nothing else is known of what stands there; it is not blank.
pub(super) fn is_error_value(text: &str) -> bool {
    let text = text.trim().to_uppercase();
    let numbered = ["ERR:", "错误:", "错误："]
        .iter()
        .find_map(|word| text.strip_prefix(word));
    let too_narrow = text.len() > 2 && text.chars().all(|c| c == '#');
    too_narrow
        || ERROR_VALUES.split_whitespace().any(|value| value == text)
        || numbered.is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_values_are_known_and_other_texts_are_not() {
        for text in [
            "#N/A",
            "#n/a",
            " #REF! ",
            "#VALUE!",
            "#DIV/0!",
            "#NAME?",
            "#SPILL!",
            "Err:502",
            "错误:508",
            "####",
        ] {
            assert!(is_error_value(text), "{text}");
        }
        for text in ["", "#", "3#", "3#2-501", "#20260302", "Err", "无", "N/A"] {
            assert!(!is_error_value(text), "{text}");
        }
    }
}
