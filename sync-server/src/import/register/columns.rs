//! What a column holds, by the name that a community gave it.

use shared::domain::Need;

use super::cells::{contains_any, is_one_of};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Serial,
    Grid,
    /// The name of the compound, where a community has several.
    Compound,
    /// The whole door number.
    Door,
    Building,
    Unit,
    Floor,
    Room,
    Name,
    HeadName,
    Relation,
    Birth,
    Phone,
    Tenure,
    Remark,
    /// Yes or no to one need, e.g. 是否独居.
    Flag(Need),
    /// Never read; the reason is in the report.
    Forbidden(Forbidden),
    /// Nothing that a record has.
    Unused,
}

/// What product lines forbid to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Forbidden {
    /// Identity-card and other document numbers.
    IdentityNumber,
    /// Ethnicity.
    Ethnicity,
    /// Political membership.
    Political,
    /// Religion.
    Religion,
    /// Sex: no record has it.
    Sex,
    /// Petitioning.
    Petition,
    /// Criminal record.
    Criminal,
    /// "Key person", risk and other labels.
    Label,
}

const FORBIDDEN: &[(Forbidden, &str)] = &[
    (
        Forbidden::IdentityNumber,
        "身份证 证件 公民身份 身份号 护照 社保号 社保卡 证号 户口本号 户口簿号",
    ),
    (Forbidden::Ethnicity, "民族 族别"),
    (Forbidden::Political, "政治 党员 党派 入党 团员 党组织 党支部"),
    (Forbidden::Religion, "宗教 信仰 信教"),
    (Forbidden::Sex, "性别"),
    (Forbidden::Petition, "信访 上访 访民"),
    (
        Forbidden::Criminal,
        "犯罪 前科 刑释 刑满 服刑 矫正 社矫 吸毒 戒毒 涉毒 邪教 涉黑 涉恶",
    ),
    (
        Forbidden::Label,
        "重点人 重点对象 重点关注 风险 稳控 管控 涉稳 标签 评分 积分 精神 肇事 等级",
    ),
];

/// Columns about somebody else than the residents, or about papers: they must not be taken for names,
/// doors or telephones.
const OTHERS: &str = "网格员 网格长 楼长 单元长 填表 登记人 登记日期 登记时间 采集 走访 紧急 监护人 联系人 房东 户籍 \
         户口 籍贯 单位 工作 学校 年龄 家庭人口 人数 面积 车牌 成员数 更新 签名 签字";

const CONTAINED: &[(Column, &str)] = &[
    (Column::Grid, "网格"),
    (Column::Relation, "关系 称谓"),
    (Column::Birth, "出生 生日 生年"),
    (
        Column::Phone,
        "电话 手机 联系方式 联系号码 移动号码 固话 座机 电话号",
    ),
    (
        Column::Tenure,
        "住房性质 居住性质 房屋性质 房屋状态 居住状态 居住情况 住房情况 房屋情况 产权 入住情况 入住状态 \
         房屋使用 居住类型 住房类型 居住状况 房屋状况 房屋类型 住房状况 租住 自有 出租 是否租",
    ),
    (Column::HeadName, "户主姓名 户主名"),
    (Column::Name, "姓名 名字 家庭成员 居住人 住户名 居民名"),
    (Column::Compound, "小区 楼院 院落 自然村"),
    (
        Column::Remark,
        "备注 特殊 情况说明 说明 需求 困难 健康 身体 人员类别 人员类型 人群 关爱 帮扶 服务对象 其他情况",
    ),
    (
        Column::Door,
        "门牌 住址 地址 房屋坐落 坐落 楼门号 楼房号 详细位置 居住地 楼栋单元 栋单元 楼单元 楼号单元 幢单元 \
         单元房 单元室 单元门牌",
    ),
];

const WHOLE: &[(Column, &str)] = &[
    (Column::Serial, "序号 编号 序列 序 NO NO. ID"),
    (
        Column::Building,
        "楼栋 楼号 栋号 楼栋号 幢 幢号 栋 楼 座 楼座 楼幢 楼幢号 号楼 楼宇 楼栋名称 楼栋编号 栋别",
    ),
    (Column::Unit, "单元 单元号 门洞 单元门 门洞号 梯 单元名称"),
    (Column::Floor, "楼层 层 所在楼层 层数 层号"),
    (
        Column::Room,
        "房号 户号 室 室号 房间号 户室 门号 房间 房室号 房屋号 户室号 房 房屋编号 住房号 房间名称",
    ),
    (Column::HeadName, "户主"),
    (Column::Name, "住户 居民 成员 业主 业主姓名"),
    (Column::Phone, "号码 联系"),
    (Column::Tenure, "性质 房屋用途"),
];

const FLAGS: &[(Need, &str)] = &[
    (Need::LivesAlone, "独居 空巢 孤寡"),
    (Need::Mobility, "行动不便 失能 卧床"),
    (Need::ChronicIllness, "慢性病 慢病 大病"),
    (Need::HearingSight, "听力 视力"),
    (Need::DisabilityService, "残疾 残障"),
    (Need::ChildLeftBehind, "留守儿童 留守"),
    (Need::NewMother, "孕产妇 孕妇 新生儿"),
    (Need::LowIncomeSupport, "低保 低收入 特困 五保"),
    (Need::NewInArea, "新入住 新搬入"),
];

/// Words in front of the name of a part of the door, and behind it.
const BEFORE_PARTS: &str = "所在 所属 居住 现住 现居住 房屋 住宅 家庭 本户";
const BEHIND_PARTS: &str = "名称 编号 编码 号码 信息";
/// What a column of yes and no is called besides the need: 是否独居, 独居老人, 残疾人.
const QUESTION_WORDS: &str = "是否 是否为 是否有 老人 是否老人 人 是否人 户 是否户 人员 是否人员 患者 情况";

/// What a column of this name holds.
pub(super) fn classify(name: &str) -> Column {
    let whole: String = name
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_uppercase();
    if let Some((reason, _)) = FORBIDDEN.iter().find(|(_, words)| contains_any(&whole, words)) {
        return Column::Forbidden(*reason);
    }
    let name = without_hint(&whole);
    // 电话2 is a column, 第2网格 and 3栋2单元501室 are contents.
    let name = name.strip_suffix(|c: char| c.is_ascii_digit()).unwrap_or(&name);
    if name.contains(|c: char| c.is_ascii_digit()) {
        return Column::Unused;
    }
    if let Some(column) = part(name) {
        return column;
    }
    if contains_any(name, OTHERS) {
        return Column::Unused;
    }
    let about_the_door = name.contains(['楼', '栋', '幢', '座']) && name.contains(['房', '室', '户', '门']);
    if about_the_door && !contains_any(name, "户主 性质 状况 状态 类型") {
        return Column::Door;
    }
    if let Some((need, _)) = FLAGS.iter().find(|(_, words)| is_question(name, words)) {
        return Column::Flag(*need);
    }
    let contained = CONTAINED.iter().find(|(_, words)| contains_any(name, words));
    contained.map_or(Column::Unused, |(column, _)| *column)
}

/// 楼栋, 所在楼栋, 楼栋编号.
fn part(name: &str) -> Option<Column> {
    let whole = |name: &str| {
        WHOLE
            .iter()
            .find(|(_, names)| is_one_of(name, names))
            .map(|(column, _)| *column)
    };
    let before = BEFORE_PARTS
        .split_whitespace()
        .find_map(|word| name.strip_prefix(word))
        .unwrap_or(name);
    let short = BEHIND_PARTS
        .split_whitespace()
        .find_map(|word| before.strip_suffix(word))
        .unwrap_or(before);
    whole(name).or_else(|| whole(before)).or_else(|| whole(short))
}

fn is_question(name: &str, words: &str) -> bool {
    words.split_whitespace().any(|word| {
        let rest = name.replacen(word, "", 1);
        rest.is_empty() || (rest != name && is_one_of(&rest, QUESTION_WORDS))
    })
}

/// The name without what stands in brackets, without stars and colons.
fn without_hint(name: &str) -> String {
    let mut depth = 0_u32;
    let mut short = String::new();
    for c in name.chars() {
        match c {
            '(' | '[' | '【' | '〔' => depth += 1,
            ')' | ']' | '】' | '〕' => depth = depth.saturating_sub(1),
            '*' | ':' | '★' | '"' | '\'' => {}
            c if depth == 0 => short.push(c),
            _ => {}
        }
    }
    if short.is_empty() { name.to_owned() } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_by_the_names_communities_give_them() {
        for (name, column) in [
            ("序号", Column::Serial),
            ("所属网格", Column::Grid),
            ("楼栋单元房号", Column::Door),
            ("门牌号", Column::Door),
            ("现居住地址", Column::Door),
            ("楼栋/单元/房号", Column::Door),
            ("家庭住址(栋-单元-室)", Column::Door),
            ("楼栋", Column::Building),
            ("楼 号", Column::Building),
            ("单元", Column::Unit),
            ("室号", Column::Room),
            ("姓名*", Column::Name),
            ("户主姓名", Column::HeadName),
            ("与户主关系", Column::Relation),
            ("与户主\n关系", Column::Relation),
            ("出生年月(如1960-07)", Column::Birth),
            ("生日", Column::Birth),
            ("联系电话(手机)", Column::Phone),
            ("住房性质(自有/租住)", Column::Tenure),
            ("房屋状况", Column::Tenure),
            ("特殊情况/备注", Column::Remark),
            ("是否独居", Column::Flag(Need::LivesAlone)),
            ("低保户", Column::Flag(Need::LowIncomeSupport)),
            ("小区名称", Column::Compound),
            ("身份证号码", Column::Forbidden(Forbidden::IdentityNumber)),
            ("户主身份证", Column::Forbidden(Forbidden::IdentityNumber)),
            ("残疾证号", Column::Forbidden(Forbidden::IdentityNumber)),
            ("民 族", Column::Forbidden(Forbidden::Ethnicity)),
            ("是否党员", Column::Forbidden(Forbidden::Political)),
            ("宗教信仰", Column::Forbidden(Forbidden::Religion)),
            ("性别", Column::Forbidden(Forbidden::Sex)),
            ("是否重点人员", Column::Forbidden(Forbidden::Label)),
            ("信访情况", Column::Forbidden(Forbidden::Petition)),
            ("最近走访日期", Column::Unused),
            ("网格员姓名", Column::Unused),
            ("网格员电话", Column::Unused),
            ("紧急联系人电话", Column::Unused),
            ("所在楼栋", Column::Building),
            ("楼栋编号", Column::Building),
            ("所属单元", Column::Unit),
            ("户号", Column::Room),
            ("电话2", Column::Phone),
            ("第2网格", Column::Unused),
            ("3栋2单元501室", Column::Unused),
            ("户籍地址", Column::Unused),
            ("工作单位", Column::Unused),
            ("年龄", Column::Unused),
        ] {
            assert_eq!(classify(name), column, "{name}");
        }
    }
}
