//! Which digits are one whole telephone number: China's plan, and the world's country codes.
//!
//! Sources: ITU-T E.164 (11/2010), "The international public telecommunication numbering plan": a country code of one to
//! three digits, at most 15 digits together; its list of assigned codes; for the lengths of [`PLANS`] the national plans
//! that the ITU publishes (E.129). For China the plan of 2017 (工信部 电信网编号计划): mobiles have eleven digits, areas
//! 010 and 02x eight after them, others seven or eight; 1xx, 10xxx to 12xxx, 95xxx and 96xxx are services.

/// The most digits of an international number, the country code among them.
const E164_DIGITS_MAX: usize = 15;
/// Fewer digits than these are no number of any country.
const E164_DIGITS_MIN: usize = 7;

/// China's country code.
pub(super) const CHINA: &str = "86";

/// The plan of a country: its code, the fewest and the most digits behind it, and whether a zero is dialled in front
/// within the country and left out from abroad.
struct Plan(&'static str, usize, usize, bool);

/// Countries whose lengths are known for certain: the neighbours, and where most people from abroad come from.
const PLANS: [Plan; 41] = [
    Plan("1", 10, 10, false),
    Plan("7", 10, 10, false),
    Plan("20", 8, 10, true),
    Plan("27", 9, 9, true),
    Plan("33", 9, 9, true),
    Plan("34", 9, 9, false),
    Plan("44", 9, 10, true),
    Plan("49", 6, 13, true),
    Plan("55", 10, 11, true),
    Plan("60", 8, 10, true),
    Plan("61", 9, 9, true),
    Plan("62", 8, 12, true),
    Plan("63", 8, 10, true),
    Plan("64", 8, 10, true),
    Plan("65", 8, 8, false),
    Plan("66", 8, 9, true),
    Plan("81", 9, 10, true),
    Plan("82", 8, 10, true),
    Plan("84", 9, 10, true),
    Plan("90", 10, 10, true),
    Plan("91", 10, 10, true),
    Plan("92", 9, 10, true),
    Plan("93", 9, 9, true),
    Plan("94", 9, 9, true),
    Plan("95", 7, 10, true),
    Plan("98", 10, 10, true),
    Plan("234", 8, 10, true),
    Plan("850", 6, 10, true),
    Plan("852", 8, 8, false),
    Plan("853", 8, 8, false),
    Plan("855", 8, 9, true),
    Plan("856", 8, 10, true),
    Plan("880", 8, 10, true),
    Plan("886", 8, 9, true),
    Plan("971", 8, 9, true),
    Plan("975", 7, 8, false),
    Plan("976", 8, 8, true),
    Plan("977", 8, 10, true),
    Plan("992", 9, 9, false),
    Plan("996", 9, 9, true),
    Plan("998", 9, 9, false),
];

/// Country codes of two digits; every one that begins otherwise, but for 1 and 7, has three.
const TWO_DIGITS: &str = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 \
     81 82 84 86 90 91 92 93 94 95 98";

/// Assigned country codes of three digits, from and to.
const THREE_DIGITS: [(u16, u16); 27] = [
    (211, 213),
    (216, 216),
    (218, 218),
    (220, 258),
    (260, 269),
    (290, 291),
    (297, 299),
    (350, 359),
    (370, 383),
    (385, 387),
    (389, 389),
    (420, 421),
    (423, 423),
    (500, 509),
    (590, 599),
    (670, 670),
    (672, 683),
    (685, 692),
    (800, 800),
    (808, 808),
    (850, 850),
    (852, 853),
    (855, 856),
    (870, 888),
    (960, 968),
    (970, 979),
    (992, 998),
];

/// Whether these digits are a whole number as it is dialled within China: mobile, with area code, local, 400 or 800.
pub(super) fn is_national(digits: &str) -> bool {
    match digits.len() {
        11 if digits.starts_with('1') => true,
        7 | 8 => digits.starts_with(|c: char| matches!(c, '2'..='9')),
        10 => digits.starts_with("400") || digits.starts_with("800"),
        _ => split_area(digits).is_some_and(|(area, local)| {
            let local_fits = if area.len() == 3 {
                local.len() == 8
            } else {
                matches!(local.len(), 7 | 8)
            };
            // 0314 12345: the city's service, from elsewhere.
            local_fits && !local.starts_with(['0', '1']) || local.len() >= 5 && is_service(local)
        }),
    }
}

/// The area code, with its zero, and the rest.
pub(super) fn split_area(digits: &str) -> Option<(&str, &str)> {
    let area_length = match digits.as_bytes() {
        [b'0', b'1' | b'2', ..] => 3,
        [b'0', b'3'..=b'9', ..] => 4,
        _ => return None,
    };
    digits.split_at_checked(area_length)
}

/// Whether these digits are a short number of a service: 110, 12345, 10086, 118114, 95588, 962121. Longer ones read as
/// local numbers.
pub(super) fn is_service(digits: &str) -> bool {
    let begins = |with: &[&str]| with.iter().any(|with| digits.starts_with(with));
    match digits.len() {
        3 => begins(&["11", "12"]),
        5 => begins(&["10", "11", "12", "95", "96"]),
        6 => begins(&["116", "118", "95", "96"]),
        _ => false,
    }
}

/// The number whose digits stand behind `+` or `00`, as it is kept: `+85291234567`, and China's own without its country
/// code. `None` when they are not one whole number.
pub(super) fn international(digits: &str) -> Option<String> {
    if digits.len() > E164_DIGITS_MAX + 1 {
        return None;
    }
    if let Some(rest) = digits.strip_prefix(CHINA) {
        return from_abroad(rest);
    }
    let (code, rest) = split_country(digits)?;
    let plan = PLANS.iter().find(|plan| plan.0 == code);
    let Some(Plan(_, least, most, trunk)) = plan else {
        let fits = (E164_DIGITS_MIN..=E164_DIGITS_MAX).contains(&digits.len());
        return fits.then(|| format!("+{digits}"));
    };
    let rest = rest.strip_prefix('0').filter(|_| *trunk).unwrap_or(rest);
    let fits = (*least..=*most).contains(&rest.len()) && code.len() + rest.len() <= E164_DIGITS_MAX;
    // In North America area and exchange begin with 2 to 9.
    let begins_well = |at| {
        rest.as_bytes()
            .get(at)
            .is_some_and(|digit| (b'2'..=b'9').contains(digit))
    };
    let whole = fits && !rest.starts_with('0') && (code != "1" || (begins_well(0) && begins_well(3)));
    whole.then(|| format!("+{code}{rest}"))
}

/// A Chinese number behind +86, where the zero of the area code is left out, or is not.
fn from_abroad(rest: &str) -> Option<String> {
    if rest.len() >= 10 && is_national(rest) {
        return Some(rest.to_owned());
    }
    let with_zero = format!("0{rest}");
    let is_landline = !rest.starts_with('0') && with_zero.len() >= 11 && is_national(&with_zero);
    is_landline.then_some(with_zero)
}

/// The country code and the rest.
pub(super) fn split_country(digits: &str) -> Option<(&str, &str)> {
    let length = match digits.get(..2) {
        Some(two) if two.starts_with(['1', '7']) => 1,
        Some(two) if TWO_DIGITS.split(' ').any(|code| code == two) => 2,
        _ => {
            let code: u16 = digits.get(..3)?.parse().ok()?;
            THREE_DIGITS
                .iter()
                .find(|(from, to)| (*from..=*to).contains(&code))?;
            3
        }
    };
    digits.split_at_checked(length)
}
