//! Remarks, mapped to what the records have. A remark itself is never stored: what is not in the tables
//! below is counted and named by its row, so that no label can slip in as free text.

use std::collections::BTreeSet;

use shared::domain::Need;
use shared::domain::household::{DoorWarning, Tenure};
use shared::domain::identity::looks_like_identity_number;

use super::cells::{contains_any, is_one_of, tenure};
use super::remark_words::{
    AGE_WORDS, EXPLAINING_WORDS, FORBIDDEN_WORDS, GONE_WORDS, NEEDS, NOTHING_WORDS, VISITING_ANCHORS,
    VISITING_WORDS, WARNINGS,
};

/// What one remark says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Remark {
    pub(super) needs: BTreeSet<Need>,
    /// Visiting preferences, in words of [`VISITING_WORDS`] only.
    pub(super) hours: Vec<String>,
    pub(super) tenure: Option<Tenure>,
    pub(super) not_alone: bool,
    pub(super) warnings: BTreeSet<DoorWarning>,
    /// The table's word and what it became, for the report.
    pub(super) mapped: Vec<(&'static str, Meaning)>,
    /// Some of it is in no table.
    pub(super) unmapped: bool,
    /// Some of it is what no record may hold.
    pub(super) forbidden: bool,
    /// Some of it looks like an identity number.
    pub(super) identity: bool,
    /// The person may have died or moved away.
    pub(super) gone: bool,
}

/// What a word became.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    Need(Need),
    Hours,
    Tenure(Tenure),
    NotAlone,
    Warning(DoorWarning),
    /// It follows from the year of birth.
    Age,
}

const VISITING_CHARS_MAX: usize = 30;

/// Reads a remark clause by clause.
pub(super) fn read_remark(text: &str) -> Remark {
    let mut remark = Remark::default();
    if looks_like_identity_number(text) {
        remark.identity = true;
    }
    for clause in text.split([',', ';', '。', '、', '\n', '\r', '|', '/', ' ', '\t']) {
        let clause = without_number(clause).trim_matches(['.', '!', ' ']);
        if !clause.is_empty() {
            remark.take(clause);
        }
    }
    remark.hours.dedup();
    remark
}

impl Remark {
    fn take(&mut self, clause: &str) {
        let has = |words: &str| contains_any(clause, words);
        if has(FORBIDDEN_WORDS) {
            self.forbidden = true;
            return;
        }
        if has(GONE_WORDS) {
            self.gone = true;
            return;
        }
        let mut known = is_one_of(clause, NOTHING_WORDS) || is_one_of(clause, EXPLAINING_WORDS);
        for (need, words) in NEEDS {
            let found = words.split_whitespace().find(|word| is_affirmed(clause, word));
            if let Some(word) = found {
                self.needs.insert(*need);
                self.mapped.push((word, Meaning::Need(*need)));
                known = true;
            }
        }
        for (warning, words) in WARNINGS {
            let found = words.split_whitespace().find(|word| is_affirmed(clause, word));
            if let Some(word) = found {
                self.warnings.insert(*warning);
                self.mapped.push((word, Meaning::Warning(*warning)));
                // How to announce oneself is kept in its words, too.
                known |= !is_visiting(clause);
            }
        }
        if !known && is_visiting(clause) {
            if clause.contains("单独")
                || clause.contains("两人")
                || clause.contains("二人")
                || clause.contains("陪同")
            {
                self.not_alone = true;
                self.mapped.push(("不单独上门", Meaning::NotAlone));
            } else {
                self.hours.push(clause.to_owned());
                self.mapped.push(("上门时间与方式", Meaning::Hours));
            }
            return;
        }
        if let Some(found) = tenure(clause).filter(|_| !known) {
            self.tenure = Some(found);
            let word = match found {
                Tenure::Owned => "自有",
                Tenure::Rented => "租住",
                Tenure::Vacant => "空置",
            };
            self.mapped.push((word, Meaning::Tenure(found)));
            known = true;
        }
        if let Some(word) = AGE_WORDS
            .split_whitespace()
            .find(|word| clause.contains(*word))
            .filter(|_| !known)
        {
            self.mapped.push((word, Meaning::Age));
            known = true;
        }
        self.unmapped |= !known;
    }
}

/// `1.独居` and `2)低保` without their number; a number alone counts clauses and says nothing.
fn without_number(clause: &str) -> &str {
    let rest = clause.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = clause.len() - rest.len();
    match rest.strip_prefix(['.', ')']) {
        _ if numbered == 0 || numbered > 2 => clause,
        Some(rest) if !rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        None if rest.is_empty() => "",
        _ => clause,
    }
}

/// The word stands in the clause and is not denied: 非低保户, 无残疾, 曾独居, 低保已取消.
fn is_affirmed(clause: &str, word: &str) -> bool {
    let Some((before, after)) = clause.split_once(word) else {
        return false;
    };
    let near: String = before.chars().rev().take(3).collect();
    let denied = near.contains(['无', '非', '未', '没', '否', '曾', '原']) || near.contains("是不");
    let ended = ["已取消", "已退出", "已停", "已脱", "已康复", "已痊愈"]
        .iter()
        .any(|word| after.contains(word));
    !denied && !ended
}

/// Made of [`VISITING_WORDS`], digits and signs of the clock, and about visiting.
fn is_visiting(clause: &str) -> bool {
    if clause.chars().count() > VISITING_CHARS_MAX || !contains_any(clause, VISITING_ANCHORS) {
        return false;
    }
    let mut rest = clause;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = VISITING_WORDS
            .split_whitespace()
            .filter(|word| rest.starts_with(*word))
            .max_by_key(|word| word.len())
        {
            rest = rest.get(after.len()..).unwrap_or_default();
        } else if c.is_ascii_digit() || matches!(c, ':' | '-' | '~' | '—') {
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        } else {
            return false;
        }
    }
    // Long digits are no time of day.
    !clause
        .split(|c: char| !c.is_ascii_digit())
        .any(|digits| digits.len() > 4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn needs(text: &str) -> Vec<Need> {
        read_remark(text).needs.into_iter().collect()
    }

    #[test]
    fn remarks_become_needs() {
        for (text, expect) in [
            ("独居老人", vec![Need::LivesAlone]),
            ("空巢老人,子女在外地", vec![Need::LivesAlone]),
            ("行动不便", vec![Need::Mobility]),
            ("需轮椅坡道", vec![Need::Mobility]),
            ("患慢性病,需送药", vec![Need::ChronicIllness]),
            ("残疾(肢体二级)", vec![Need::DisabilityService]),
            ("留守儿童,随祖母生活", vec![Need::ChildLeftBehind]),
            ("低保户", vec![Need::LowIncomeSupport]),
            ("刚搬入", vec![Need::NewInArea]),
            ("1.独居 2.低保", vec![Need::LivesAlone, Need::LowIncomeSupport]),
            ("听力残疾", vec![Need::HearingSight, Need::DisabilityService]),
            ("非低保户", vec![]),
            ("无残疾", vec![]),
            ("低保已取消", vec![]),
            ("", vec![]),
            ("无", vec![]),
        ] {
            assert_eq!(needs(text), expect, "{text}");
        }
        assert!(!read_remark("空巢老人,子女在外地").unmapped && !read_remark("无").unmapped);
    }

    #[test]
    fn preferences_are_kept_in_their_closed_words() {
        for text in [
            "不希望频繁上门",
            "每周探访",
            "请提前电话联系",
            "周末上午在家",
            "19:00-21:00在家",
            "请勿上门",
            "晚七点后在家",
        ] {
            assert_eq!(read_remark(text).hours, [text], "{text}");
        }
        assert_eq!(
            read_remark("白天无人,晚七点后在家").hours,
            ["白天无人", "晚七点后在家"]
        );
        assert!(read_remark("请勿单独上门").not_alone && read_remark("请勿单独上门").hours.is_empty());
        assert_eq!(read_remark("高龄85+,每周探访").hours, ["每周探访"]);
        assert!(!read_remark("高龄85+,每周探访").unmapped);
    }

    #[test]
    fn what_one_should_know_before_knocking_becomes_a_warning() {
        use DoorWarning::{BellBroken, Dog, TelephoneFirst};
        for (text, expect) in [
            ("家里有狗", vec![Dog]),
            ("养大型犬,门铃坏了", vec![Dog, BellBroken]),
            ("独居,有狗", vec![Dog]),
            ("上门前请先打电话", vec![TelephoneFirst]),
            ("没有狗", vec![]),
            ("原养狗", vec![]),
        ] {
            let remark = read_remark(text);
            assert_eq!(remark.warnings.into_iter().collect::<Vec<_>>(), expect, "{text}");
            assert_eq!(remark.unmapped, expect.is_empty(), "{text}");
        }
        assert_eq!(read_remark("上门前请先打电话").hours, ["上门前请先打电话"]);
    }

    #[test]
    fn what_is_in_no_table_is_not_kept() {
        for text in [
            "脾气不好",
            "白天打麻将在家",
            "儿子在公安局上班",
            "联系电话12009375836",
            "欠物业费",
            "家里没有狗",
        ] {
            let remark = read_remark(text);
            assert!(remark.unmapped, "{text}");
            assert_eq!(
                Remark {
                    unmapped: false,
                    ..remark
                },
                Remark::default(),
                "{text}"
            );
        }
    }

    #[test]
    fn labels_are_noticed_and_not_kept() {
        for text in [
            "信访重点人员",
            "刑满释放",
            "党员",
            "信佛",
            "回族",
            "精神病",
            "戒毒康复",
        ] {
            let remark = read_remark(text);
            assert_eq!(
                remark,
                Remark {
                    forbidden: true,
                    ..Remark::default()
                },
                "{text}"
            );
        }
        let both = read_remark("独居老人,上访");
        assert!(both.forbidden && both.needs.contains(&Need::LivesAlone));
        assert!(read_remark("证999999196004021883").identity);
        assert!(read_remark("已去世").gone && !read_remark("已去世").unmapped);
    }

    #[test]
    fn tenure_in_a_remark_is_read() {
        assert_eq!(read_remark("租住,房东另有其人").tenure, Some(Tenure::Rented));
        assert!(!read_remark("租住,房东另有其人").unmapped);
        assert_eq!(read_remark("空置").tenure, Some(Tenure::Vacant));
    }

    proptest! {
        #[test]
        fn what_is_kept_is_made_of_closed_words(text in any::<String>(), words in "[上门白天无人在家党员张三信访每周探访,]{0,20}") {
            for text in [text, words] {
                for kept in read_remark(&text).hours {
                    prop_assert!(is_visiting(&kept) && !contains_any(&kept, FORBIDDEN_WORDS));
                }
            }
        }
    }
}
