//! Remarks, mapped to what the records have. A remark itself is never stored: what is not in the tables
//! below is counted and named by its row, so that no label can slip in as free text.

use std::collections::BTreeSet;

use shared::domain::Need;
use shared::domain::household::Tenure;
use shared::domain::identity::looks_like_identity_number;

use super::words::tenure;

/// What one remark says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Remark {
    pub(super) needs: BTreeSet<Need>,
    /// Visiting preferences, in words of [`VISITING_WORDS`] only.
    pub(super) hours: Vec<String>,
    pub(super) tenure: Option<Tenure>,
    pub(super) not_alone: bool,
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
    /// It follows from the year of birth.
    Age,
}

const NEEDS: &[(Need, &[&str])] = &[
    (
        Need::LivesAlone,
        &[
            "独居",
            "空巢",
            "孤寡",
            "孤老",
            "独自居住",
            "一人居住",
            "单独居住",
            "独住",
            "子女在外",
            "子女不在身边",
            "无子女",
            "儿女在外",
        ],
    ),
    (
        Need::Mobility,
        &[
            "行动不便",
            "行走不便",
            "行动困难",
            "轮椅",
            "卧床",
            "瘫痪",
            "偏瘫",
            "失能",
            "拄拐",
            "拐杖",
            "腿脚不便",
            "腿脚不好",
            "不能下楼",
            "下楼困难",
            "骨折",
            "坡道",
            "不能自理",
        ],
    ),
    (
        Need::ChronicIllness,
        &[
            "慢性病",
            "慢病",
            "高血压",
            "糖尿病",
            "心脏病",
            "冠心病",
            "脑梗",
            "中风",
            "透析",
            "肿瘤",
            "癌",
            "大病",
            "重病",
            "送药",
            "服药",
            "用药",
            "哮喘",
            "尿毒症",
            "帕金森",
            "心梗",
            "老年痴呆",
            "失智",
            "阿尔茨海默",
            "常年患病",
            "长期患病",
        ],
    ),
    (
        Need::HearingSight,
        &[
            "失明",
            "盲人",
            "视力",
            "视障",
            "听力",
            "听障",
            "耳聋",
            "聋哑",
            "聋人",
            "耳背",
            "弱视",
            "白内障",
            "助听器",
        ],
    ),
    (Need::DisabilityService, &["残疾", "残障", "伤残", "助残"]),
    (
        Need::ChildLeftBehind,
        &[
            "留守儿童",
            "留守",
            "随祖母",
            "随祖父",
            "随爷爷",
            "随奶奶",
            "随外公",
            "随外婆",
            "隔代抚养",
        ],
    ),
    (
        Need::NewMother,
        &[
            "孕妇",
            "怀孕",
            "孕期",
            "孕产妇",
            "产妇",
            "待产",
            "新生儿",
            "哺乳期",
            "坐月子",
        ],
    ),
    (
        Need::LowIncomeSupport,
        &[
            "低保",
            "低收入",
            "特困",
            "五保",
            "困难家庭",
            "困难户",
            "家庭困难",
            "生活困难",
            "经济困难",
            "贫困",
            "救助",
        ],
    ),
    (
        Need::NewInArea,
        &[
            "刚搬入",
            "刚搬来",
            "新搬入",
            "新搬来",
            "新入住",
            "刚入住",
            "新迁入",
            "新住户",
        ],
    ),
    (
        Need::LanguageHelp,
        &[
            "不会普通话",
            "不懂普通话",
            "不会汉语",
            "不懂汉语",
            "语言不通",
            "不会说中文",
            "需要翻译",
            "需翻译",
        ],
    ),
];

const AGE_WORDS: &[&str] = &["高龄", "岁以上", "老年人", "老人", "耄耋"];
const NOTHING_WORDS: &[&str] = &[
    "无",
    "暂无",
    "正常",
    "良好",
    "健康",
    "一切正常",
    "无特殊情况",
    "没有",
    "无异常",
    "一般",
    "普通",
    "常住",
    "在住",
];
const EXPLAINING_WORDS: &[&str] = &["房东另有其人", "房东"];
const GONE_WORDS: &[&str] = &[
    "去世",
    "已故",
    "死亡",
    "过世",
    "病故",
    "亡故",
    "已搬走",
    "搬走",
    "已迁出",
    "迁出",
    "已搬离",
    "搬离",
];

const FORBIDDEN_WORDS: &[&str] = &[
    "信访",
    "上访",
    "访民",
    "缠访",
    "闹访",
    "刑满",
    "刑释",
    "前科",
    "犯罪",
    "服刑",
    "矫正",
    "社矫",
    "吸毒",
    "戒毒",
    "涉毒",
    "邪教",
    "法轮",
    "涉黑",
    "涉恶",
    "重点人",
    "重点对象",
    "重点关注",
    "稳控",
    "管控",
    "涉稳",
    "风险",
    "精神病",
    "精神障碍",
    "精神异常",
    "肇事",
    "肇祸",
    "闹事",
    "刁民",
    "钉子户",
    "党员",
    "党派",
    "团员",
    "宗教",
    "信教",
    "信佛",
    "佛教",
    "基督",
    "天主教",
    "伊斯兰",
    "道教",
    "教徒",
    "少数民族",
    "汉族",
    "回族",
    "满族",
    "藏族",
    "维吾尔",
    "蒙古族",
    "壮族",
    "苗族",
    "朝鲜族",
    "民族",
];

/// The only words a visiting preference may be made of.
const VISITING_WORDS: &[&str] = &[
    "不希望",
    "不愿意",
    "不愿",
    "不想",
    "请勿",
    "谢绝",
    "拒绝",
    "不要",
    "尽量",
    "频繁",
    "经常",
    "多次",
    "单独",
    "上门",
    "打扰",
    "走访",
    "探访",
    "来访",
    "回访",
    "看望",
    "联系",
    "打电话",
    "电话",
    "提前",
    "事先",
    "预约",
    "约好",
    "约定",
    "白天",
    "晚上",
    "夜间",
    "夜里",
    "早上",
    "早晨",
    "上午",
    "中午",
    "下午",
    "傍晚",
    "工作日",
    "周末",
    "星期",
    "节假日",
    "平时",
    "平日",
    "上班",
    "下班",
    "不在家",
    "在家",
    "不在",
    "无人",
    "没人",
    "有人",
    "家中",
    "家里",
    "可以",
    "不方便",
    "方便",
    "不便",
    "以后",
    "以前",
    "之后",
    "之前",
    "左右",
    "需要",
    "时间",
    "夜班",
    "休息",
    "午休",
    "回家",
    "回来",
    "一般",
    "全天",
    "两人",
    "二人",
    "陪同",
    "被",
    "先",
    "请",
    "勿",
    "少",
    "晚",
    "早",
    "周",
    "常",
    "可",
    "点",
    "时",
    "半",
    "后",
    "前",
    "每",
    "天",
    "日",
    "月",
    "次",
    "的",
    "需",
    "为",
    "宜",
    "仅",
    "只",
    "都",
    "均",
    "才",
    "能",
    "再",
    "到",
    "至",
    "间",
    "家",
    "一",
    "二",
    "三",
    "四",
    "五",
    "六",
    "七",
    "八",
    "九",
    "十",
    "两",
    "零",
];
const VISITING_ANCHORS: &[&str] = &[
    "上门", "打扰", "走访", "探访", "来访", "看望", "联系", "电话", "预约", "在家", "不在", "无人", "没人",
    "有人", "方便", "不便", "休息", "夜班", "回家", "回来",
];
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
        let has = |words: &[&str]| words.iter().any(|word| clause.contains(word));
        if has(FORBIDDEN_WORDS) {
            self.forbidden = true;
            return;
        }
        if has(GONE_WORDS) {
            self.gone = true;
            return;
        }
        let mut known = NOTHING_WORDS.contains(&clause) || EXPLAINING_WORDS.contains(&clause);
        for (need, words) in NEEDS {
            let found = words.iter().find(|word| is_affirmed(clause, word));
            if let Some(word) = found {
                self.needs.insert(*need);
                self.mapped.push((word, Meaning::Need(*need)));
                known = true;
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
            .iter()
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
    if clause.chars().count() > VISITING_CHARS_MAX
        || !VISITING_ANCHORS.iter().any(|word| clause.contains(word))
    {
        return false;
    }
    let mut rest = clause;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = VISITING_WORDS
            .iter()
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
    fn what_is_in_no_table_is_not_kept() {
        for text in [
            "脾气不好",
            "白天打麻将在家",
            "儿子在公安局上班",
            "联系电话12009375836",
            "欠物业费",
            "家里有狗",
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
                    prop_assert!(is_visiting(&kept) && !FORBIDDEN_WORDS.iter().any(|word| kept.contains(word)));
                }
            }
        }
    }
}
