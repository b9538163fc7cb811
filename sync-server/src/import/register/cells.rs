//! The words of single cells: relation, tenure, grid, yes and no, names.

use shared::domain::household::Tenure;
use shared::domain::name::{WrittenName, written_name};
use shared::domain::resident::Relation;
use shared::domain::spelling::{han_number, is_han_numeral};

/// Whether a text contains one of the words of a table.
pub(super) fn contains_any(text: &str, words: &str) -> bool {
    words.split_whitespace().any(|word| text.contains(word))
}

/// Whether a text is one of the words of a table.
pub(super) fn is_one_of(text: &str, words: &str) -> bool {
    words.split_whitespace().any(|word| word == text)
}

/// The relation to the head of household; what is none of the closed list is `Other`.
pub(super) fn relation(text: &str) -> Option<Relation> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let text = text
        .trim_start_matches("户主的")
        .trim_start_matches("户主之")
        .trim_start_matches('之');
    Some(match text {
        "" | "-" | "/" | "不详" | "未知" => return None,
        "户主" | "本人" | "户主本人" | "自己" => Relation::Head,
        "配偶" | "妻" | "妻子" | "夫" | "丈夫" | "爱人" | "老伴" | "夫妻" | "老婆" | "老公" => {
            Relation::Spouse
        }
        "父母" | "父" | "母" | "父亲" | "母亲" | "爸爸" | "妈妈" | "岳父" | "岳母" | "公公" | "婆婆"
        | "公婆" | "岳父母" | "继父" | "继母" | "养父" | "养母" => Relation::Parent,
        "子" | "女" | "儿子" | "女儿" | "子女" | "子/女" | "孩子" | "养子" | "养女" | "继子" | "继女"
        | "独生子" | "独生女" => Relation::Child,
        text if is_numbered_child(text) => Relation::Child,
        text if text.contains('孙') && !text.contains(['媳', '婿']) => Relation::Grandchild,
        _ => Relation::Other,
    })
}

/// 长子, 次女, 三儿子 ...
fn is_numbered_child(text: &str) -> bool {
    let mut chars = text.chars();
    let number = chars
        .next()
        .is_some_and(|c| "长次大小二三四五六七八老".contains(c));
    number && matches!(chars.as_str(), "子" | "女" | "儿" | "儿子" | "女儿" | "男")
}

/// How people live there; `None` when the words say something else.
pub(super) fn tenure(text: &str) -> Option<Tenure> {
    const VACANT: &str = "空置 空房 闲置 空闲 空关 无人居住 未入住 无人住 没人住";
    const RENTED: &str = "租 借住 借用";
    const OWNED: &str = "自有 自住 自购 私有 私产 产权房 房改 业主 自用 自建 商品房 已购 购买 继承";
    let has = |words: &str| contains_any(text, words);
    if has(VACANT) || text == "空" {
        Some(Tenure::Vacant)
    } else if has(RENTED) && !text.contains("非租") && !text.contains("未出租") {
        Some(Tenure::Rented)
    } else if has(OWNED) {
        Some(Tenure::Owned)
    } else {
        None
    }
}

/// The number of a grid: `第1网格`, `1网格`, `网格1`, `富强新村03网格`, `第一网格`, `130803001001-02`.
pub(super) fn grid(text: &str) -> Option<u8> {
    let mut runs: Vec<String> = Vec::new();
    let mut last = None;
    for c in text.chars() {
        let kind = if c.is_ascii_digit() {
            1
        } else {
            u8::from(is_han_numeral(c)) * 2
        };
        match runs.last_mut().filter(|_| kind != 0 && last == Some(kind)) {
            Some(run) => run.push(c),
            None if kind != 0 => runs.push(c.to_string()),
            None => {}
        }
        last = Some(kind);
    }
    // Digits say more than a numeral in a name: 三里河第2网格.
    let digits = runs
        .iter()
        .rev()
        .find(|run| run.starts_with(|c: char| c.is_ascii_digit()));
    let number = match digits {
        Some(digits) => digits.parse().ok()?,
        None => han_number(runs.last()?)?,
    };
    u8::try_from(number)
        .ok()
        .filter(|number| (1..=99).contains(number))
}

/// Whether a yes-or-no cell says yes. Any words that are no "no" are a yes with details (`肢体二级`).
pub(super) fn says_yes(text: &str) -> bool {
    let no = matches!(
        text.to_uppercase().as_str(),
        "" | "否"
            | "无"
            | "不是"
            | "没有"
            | "0"
            | "N"
            | "NO"
            | "×"
            | "X"
            | "-"
            | "/"
            | "✗"
            | "✘"
            | "FALSE"
            | "不"
            | "未"
            | "不详"
    );
    !no && !text.starts_with(['无', '非', '否', '没'])
}

/// A name as it is stored, and the relation in brackets behind it if there is one: `张 三(户主)`.
pub(super) fn name(text: &str) -> (WrittenName, Option<Relation>) {
    let (name, hint) = match text.split_once(['(', '[', '【']) {
        Some((name, hint)) if !name.trim().is_empty() => {
            (name, Some(hint.trim_end_matches([')', ']', '】'])))
        }
        _ => (text, None),
    };
    let hint = hint
        .and_then(relation)
        .filter(|relation| *relation != Relation::Other);
    (written_name(name), hint)
}

/// Whether a name cell says that nobody lives there.
pub(super) fn says_nobody(name: &str) -> bool {
    matches!(
        name,
        "" | "-" | "--" | "—" | "/" | "无" | "无人" | "空" | "空户" | "暂无" | "0"
    ) || tenure(name) == Some(Tenure::Vacant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_fall_into_the_closed_list() {
        for (text, expect) in [
            ("户主", Relation::Head),
            ("本人", Relation::Head),
            ("妻", Relation::Spouse),
            ("老伴", Relation::Spouse),
            ("长子", Relation::Child),
            ("之女", Relation::Child),
            ("女", Relation::Child),
            ("二女儿", Relation::Child),
            ("岳母", Relation::Parent),
            ("外孙女", Relation::Grandchild),
            ("孙媳", Relation::Other),
            ("儿媳", Relation::Other),
            ("保姆", Relation::Other),
        ] {
            assert_eq!(relation(text), Some(expect), "{text}");
        }
        assert_eq!(relation(" "), None);
    }

    #[test]
    fn tenures_are_known_by_their_words() {
        for (text, expect) in [
            ("自有", Some(Tenure::Owned)),
            ("自住", Some(Tenure::Owned)),
            ("租住", Some(Tenure::Rented)),
            ("承租户", Some(Tenure::Rented)),
            ("出租", Some(Tenure::Rented)),
            ("空置", Some(Tenure::Vacant)),
            ("空房", Some(Tenure::Vacant)),
            ("", None),
            ("单位宿舍", None),
        ] {
            assert_eq!(tenure(text), expect, "{text}");
        }
    }

    #[test]
    fn grids_are_known_by_their_number() {
        for (text, expect) in [
            ("第1网格", Some(1)),
            ("网格12", Some(12)),
            ("第一网格", Some(1)),
            ("第十二网格", Some(12)),
            ("三里河第2网格", Some(2)),
            ("03", Some(3)),
            ("130803001001-02", Some(2)),
            ("", None),
            ("网格", None),
            ("0", None),
            ("第100网格", None),
        ] {
            assert_eq!(grid(text), expect, "{text}");
        }
    }

    #[test]
    fn names_lose_their_padding_and_their_hint() {
        let read = |text| {
            let (name, hint) = name(text);
            (name.name, hint)
        };
        assert_eq!(read("张 三"), ("张三".to_owned(), None));
        assert_eq!(read("张三(户主)"), ("张三".to_owned(), Some(Relation::Head)));
        assert_eq!(read("Aisha  Khan"), ("Aisha Khan".to_owned(), None));
        assert_eq!(read("阿依古丽•买买提"), ("阿依古丽·买买提".to_owned(), None));
        assert!(says_nobody("空置") && says_nobody("无") && !says_nobody("吴"));
    }

    #[test]
    fn a_detail_is_a_yes() {
        assert!(says_yes("是") && says_yes("√") && says_yes("肢体二级") && says_yes("1"));
        assert!(!says_yes("否") && !says_yes("无") && !says_yes("") && !says_yes("非"));
    }
}
