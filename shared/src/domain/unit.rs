//! A unit 单位: who takes care of what in a community or street, and how to reach their office.

use super::issue::Category;
use super::list::closed_list;
use super::schema::{FieldId, FieldSpec, KindSpec, RecordKind};

/// Name.
pub const NAME: FieldId = FieldId(1);
/// [`UnitSort`].
pub const SORT: FieldId = FieldId(2);
/// Telephone numbers of the office, none of a person.
pub const PHONES: FieldId = FieldId(3);
/// [`Category`] of issues that it takes care of.
pub const HANDLES: FieldId = FieldId(4);
/// What else is to be known: hours, where the office is.
pub const NOTE: FieldId = FieldId(5);
/// Written as 1 by who keeps the unit although it was removed; the write has seen the removals.
pub const KEPT_AFTER_REMOVAL: FieldId = FieldId(6);

pub(super) static SPEC: KindSpec = KindSpec {
    title: Some(NAME),
    kept_after_removal: Some(KEPT_AFTER_REMOVAL),
    ..KindSpec::decided(
        RecordKind::UNIT,
        "unit",
        NAME,
        &[
            FieldSpec::text(NAME, "name", 120).required("field.missing"),
            FieldSpec::member(SORT, "sort", UnitSort::LIST, "choice.unknown").required("choice.missing"),
            FieldSpec::phones(PHONES, "phones", 5, "phone.impossible"),
            FieldSpec::set(HANDLES, "handles", Category::LIST, "choice.unknown"),
            FieldSpec::text(NOTE, "note", 2_000),
            FieldSpec::flag(KEPT_AFTER_REMOVAL, "kept_after_removal"),
        ],
    )
};

closed_list! {
    /// What kind of unit it is.
    UnitSort "unit-sort" {
        /// 部门
        Department = 1 "department",
        /// 物业
        PropertyCompany = 2 "property_company",
        /// 供水、供电、供气、供暖
        Utility = 3 "utility",
        /// 共建单位
        Partner = 4 "partner",
        /// 社会组织
        SocialOrganisation = 5 "social_organisation",
    }
}
