//! The words that remarks are made of. What stands in none of these tables is not kept.

use shared::domain::Need;
use shared::domain::household::DoorWarning;

pub(super) const NEEDS: &[(Need, &str)] = &[
    (
        Need::LivesAlone,
        "独居 空巢 孤寡 孤老 独自居住 一人居住 单独居住 独住 子女在外 子女不在身边 无子女 儿女在外",
    ),
    (
        Need::Mobility,
        "行动不便 行走不便 行动困难 轮椅 卧床 瘫痪 偏瘫 失能 拄拐 拐杖 腿脚不便 腿脚不好 不能下楼 \
         下楼困难 骨折 坡道 不能自理",
    ),
    (
        Need::ChronicIllness,
        "慢性病 慢病 高血压 糖尿病 心脏病 冠心病 脑梗 中风 透析 肿瘤 癌 大病 重病 送药 服药 \
         用药 哮喘 尿毒症 帕金森 心梗 老年痴呆 失智 阿尔茨海默 常年患病 长期患病",
    ),
    (
        Need::HearingSight,
        "失明 盲人 视力 视障 听力 听障 耳聋 聋哑 聋人 耳背 弱视 白内障 助听器",
    ),
    (Need::DisabilityService, "残疾 残障 伤残 助残"),
    (
        Need::ChildLeftBehind,
        "留守儿童 留守 随祖母 随祖父 随爷爷 随奶奶 随外公 随外婆 隔代抚养",
    ),
    (
        Need::NewMother,
        "孕妇 怀孕 孕期 孕产妇 产妇 待产 新生儿 哺乳期 坐月子",
    ),
    (
        Need::LowIncomeSupport,
        "低保 低收入 特困 五保 困难家庭 困难户 家庭困难 生活困难 经济困难 贫困 救助",
    ),
    (
        Need::NewInArea,
        "刚搬入 刚搬来 新搬入 新搬来 新入住 刚入住 新迁入 新住户",
    ),
    (
        Need::LanguageHelp,
        "不会普通话 不懂普通话 不会汉语 不懂汉语 语言不通 不会说中文 需要翻译 需翻译",
    ),
];

pub(super) const WARNINGS: &[(DoorWarning, &str)] = &[
    (
        DoorWarning::Dog,
        "有狗 有犬 养狗 养犬 恶犬 恶狗 大型犬 烈性犬 大狗 狗咬人",
    ),
    (
        DoorWarning::BellBroken,
        "门铃坏 门铃不响 门铃失灵 门铃故障 门铃不好用",
    ),
    (
        DoorWarning::TelephoneFirst,
        "先打电话 先打个电话 先电话 提前打电话 提前电话 事先打电话 事先电话",
    ),
];

pub(super) const AGE_WORDS: &str = "高龄 岁以上 老年人 老人 耄耋";

pub(super) const NOTHING_WORDS: &str =
    "无 暂无 正常 良好 健康 一切正常 无特殊情况 没有 无异常 一般 普通 常住 在住";

pub(super) const EXPLAINING_WORDS: &str = "房东另有其人 房东";

pub(super) const GONE_WORDS: &str = "去世 已故 死亡 过世 病故 亡故 已搬走 搬走 已迁出 迁出 已搬离 搬离";

pub(super) const FORBIDDEN_WORDS: &str = "信访 上访 访民 缠访 闹访 刑满 刑释 前科 犯罪 服刑 矫正 社矫 吸毒 戒毒 涉毒 邪教 法轮 \
         涉黑 涉恶 重点人 重点对象 重点关注 稳控 管控 涉稳 风险 精神病 精神障碍 精神异常 肇事 \
         肇祸 闹事 刁民 钉子户 党员 党派 团员 宗教 信教 信佛 佛教 基督 天主教 伊斯兰 道教 教徒 \
         少数民族 汉族 回族 满族 藏族 维吾尔 蒙古族 壮族 苗族 朝鲜族 民族";

/// The only words a visiting preference may be made of.
pub(super) const VISITING_WORDS: &str = "不希望 不愿意 不愿 不想 请勿 谢绝 拒绝 不要 尽量 频繁 经常 多次 单独 上门 打扰 走访 \
         探访 来访 回访 看望 联系 打电话 电话 提前 事先 预约 约好 约定 白天 晚上 夜间 夜里 \
         早上 早晨 上午 中午 下午 傍晚 工作日 周末 星期 节假日 平时 平日 上班 下班 不在家 在家 \
         不在 无人 没人 有人 家中 家里 可以 不方便 方便 不便 以后 以前 之后 之前 左右 需要 \
         时间 夜班 休息 午休 回家 回来 一般 全天 两人 二人 陪同 被 先 请 勿 少 晚 早 周 常 \
         可 点 时 半 后 前 每 天 日 月 次 的 需 为 宜 仅 只 都 均 才 能 再 到 至 间 \
         家 一 二 三 四 五 六 七 八 九 十 两 零";

pub(super) const VISITING_ANCHORS: &str = "上门 打扰 走访 探访 来访 看望 联系 电话 预约 在家 不在 无人 没人 有人 方便 不便 休息 \
         夜班 回家 回来";
