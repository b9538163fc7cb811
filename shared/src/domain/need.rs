//! What help is wanted: a closed list, so that it cannot become a label of people.

use super::list::closed_list;

closed_list! {
    /// A need of a resident. Source: `docs/data-model.md`, "Needs".
    Need "need" {
        /// 独居
        LivesAlone = 1 "lives_alone",
        /// 行动不便
        Mobility = 2 "mobility",
        /// 慢病与用药
        ChronicIllness = 3 "chronic_illness",
        /// 听力或视力
        HearingSight = 4 "hearing_sight",
        /// 助残服务
        DisabilityService = 5 "disability_service",
        /// 留守儿童
        ChildLeftBehind = 6 "child_left_behind",
        /// 新生儿母亲
        NewMother = 7 "new_mother",
        /// 低保与救助
        LowIncomeSupport = 8 "low_income_support",
        /// 新入住
        NewInArea = 9 "new_in_area",
        /// 语言帮助
        LanguageHelp = 10 "language_help",
    }
}
