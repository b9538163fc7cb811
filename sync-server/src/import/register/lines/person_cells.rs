//! The cells that say who, and what help is wanted.

use std::collections::BTreeSet;

use shared::domain::FieldId;
use shared::domain::household::{self, Tenure};
use shared::domain::identity::looks_like_identity_number;
use shared::domain::name::WrittenName;
use shared::domain::phone::parse_phones;
use shared::domain::resident::{self, Relation};

use super::super::birth::{Birth, read_birth};
use super::super::cells;
use super::super::columns::Column;
use super::super::remarks::{Meaning, Remark, read_remark};
use super::super::report::FindingCode;
use super::super::sheet::{Cell, Row};
use super::{Person, Reader};

/// A longer text is no name of a person.
const NAME_CHARS_MAX: usize = 30;
/// The most numbers of a resident, as `shared` stores them.
const PHONES_MAX: usize = 5;

impl Reader<'_> {
    pub(super) fn remark(&mut self, row: &Row) -> Remark {
        let mut merged = Remark::default();
        let texts: Vec<String> = self
            .header
            .all(Column::Remark)
            .map(|column| row.text(column))
            .collect();
        for text in texts {
            merge(&mut merged, read_remark(&text));
        }
        for (column, (_, kind)) in &self.header.columns {
            if let Column::Flag(need) = kind
                && cells::says_yes(&row.text(*column))
                && !row.is_unreadable(*column)
            {
                merged.needs.insert(*need);
                merged.mapped.push(("勾选", Meaning::Need(*need)));
            }
        }
        merged
    }

    pub(super) fn tenure(&mut self, row: &Row, mut remark: Remark) -> (Option<Tenure>, Remark) {
        let text = self.text(row, Column::Tenure);
        let tenure = cells::tenure(&text);
        if tenure.is_none() && !matches!(text.as_str(), "" | "-" | "/" | "无") {
            // 居住情况 may say 独居.
            let other = read_remark(&text);
            if other.unmapped {
                self.note(row, FindingCode::TenureUnknown);
            }
            merge(
                &mut remark,
                Remark {
                    unmapped: false,
                    ..other
                },
            );
        }
        for (code, found) in [
            (FindingCode::RemarkUnmapped, remark.unmapped),
            (FindingCode::RemarkForbidden, remark.forbidden),
            (FindingCode::IdentityNumber, remark.identity),
            (FindingCode::MaybeGone, remark.gone),
        ] {
            if found {
                self.note(row, code);
            }
        }
        (tenure, remark)
    }

    pub(super) fn person(&mut self, row: &Row, remark: &Remark) -> Result<Option<Person>, FindingCode> {
        let head = self.text(row, Column::HeadName);
        let named = self.header.first(Column::Name).is_some();
        let written = if named {
            self.text(row, Column::Name)
        } else {
            head.clone()
        };
        let column = if named { Column::Name } else { Column::HeadName };
        // Somebody lives there, and nobody knows who.
        if self
            .header
            .all(column)
            .any(|column| is_no_text(row.cells.get(&column)))
        {
            return Err(FindingCode::NameUnreadable);
        }
        let (WrittenName { name, maybe_several }, hint) = cells::name(&written);
        if cells::says_nobody(&name) {
            return Ok(None);
        }
        let digits = name.chars().filter(|c| c.is_ascii_digit()).count();
        if looks_like_identity_number(&written) {
            self.note(row, FindingCode::IdentityNumber);
            return Err(FindingCode::NameUnreadable);
        }
        if name.chars().count() > NAME_CHARS_MAX || digits > 4 {
            return Err(FindingCode::NameUnreadable);
        }
        if digits > 0 || maybe_several {
            self.note(row, FindingCode::NameUnclear);
        }
        let is_head = !named || cells::name(&head).0.name == name;
        let relation = cells::relation(&self.text(row, Column::Relation)).or(hint);
        let relation = relation.or(is_head.then_some(Relation::Head));
        let birth = read_birth(
            self.header
                .first(Column::Birth)
                .and_then(|column| row.cells.get(&column)),
            self.epoch_days,
            self.today,
        );
        if let Some(code) = birth.finding {
            self.note(row, code);
        }
        let (phones, impossible_phones) = self.phones(row);
        let unread = self.unread_of_person(row, relation, birth, impossible_phones > 0);
        let needs = remark.needs.iter().copied().collect();
        Ok(Some(Person {
            name,
            relation,
            birth,
            phones,
            impossible_phones,
            needs,
            unread,
        }))
    }

    /// A number that cannot be one is no number and no blank either.
    fn unread_of_person(
        &self,
        row: &Row,
        relation: Option<Relation>,
        birth: Birth,
        has_impossible_phone: bool,
    ) -> BTreeSet<FieldId> {
        let lacks = |kind| self.header.first(kind).is_none();
        let is_unclear = birth.finding.is_some() || lacks(Column::Birth);
        let mut phones = self.header.all(Column::Phone);
        let unread_phone = phones.any(|column| is_no_text(row.cells.get(&column))) || lacks(Column::Phone);
        let unread_relation = self.is_unread(row, Column::Relation) || lacks(Column::Relation);
        let of_needs = |kind: Column| matches!(kind, Column::Flag(_) | Column::Remark | Column::Tenure);
        let mut columns = self.header.columns.iter();
        let unread_need = columns.any(|(column, (_, kind))| of_needs(*kind) && row.is_unreadable(*column))
            || !self.header.columns.values().any(|(_, kind)| of_needs(*kind));
        let unread = [
            (resident::PHONES, unread_phone || has_impossible_phone),
            (resident::RELATION, unread_relation && relation.is_none()),
            (resident::BIRTH_YEAR, is_unclear && birth.year.is_none()),
            (resident::BIRTH_MONTH, is_unclear && birth.month.is_none()),
            (resident::NEEDS, unread_need),
        ];
        unread
            .into_iter()
            .filter_map(|(field, is_unread)| is_unread.then_some(field))
            .collect()
    }

    pub(super) fn unread_of_household(&self, row: &Row) -> BTreeSet<FieldId> {
        let in_remark = [
            household::TENURE,
            household::PREFERRED_HOURS,
            household::NOT_ALONE,
            household::WARNINGS,
        ];
        if self.is_unread(row, Column::Remark) {
            return in_remark.into();
        }
        let tenure = self.is_unread(row, Column::Tenure);
        tenure.then_some(household::TENURE).into_iter().collect()
    }

    fn phones(&mut self, row: &Row) -> (Vec<String>, usize) {
        let texts: Vec<String> = self
            .header
            .all(Column::Phone)
            .map(|column| row.text(column))
            .collect();
        let (mut numbers, mut impossible) = (Vec::<String>::new(), 0);
        for text in texts {
            let parsed = parse_phones(&text);
            for number in parsed.numbers {
                if numbers.contains(&number) {
                    continue;
                }
                if numbers.len() < PHONES_MAX {
                    numbers.push(number);
                } else {
                    self.note(row, FindingCode::PhonesLeftOut);
                }
            }
            // What was kept is whole telephone numbers, whatever they look like side by side.
            if !parsed.impossible.is_empty() && looks_like_identity_number(&text) {
                self.note(row, FindingCode::IdentityNumber);
            } else if parsed
                .impossible
                .iter()
                .any(|piece| piece.chars().any(|c| c.is_ascii_digit()))
            {
                impossible += 1;
                self.note(row, FindingCode::PhoneImpossible);
            } else if !parsed.impossible.is_empty() {
                self.note(row, FindingCode::PhoneWords);
            }
        }
        (numbers, impossible)
    }
}

/// An error value, or yes and no.
fn is_no_text(cell: Option<&Cell>) -> bool {
    matches!(cell, Some(Cell::Unreadable | Cell::Bool(_)))
}

fn merge(into: &mut Remark, other: Remark) {
    into.needs.extend(other.needs);
    into.hours.extend(other.hours);
    into.tenure = into.tenure.or(other.tenure);
    into.mapped.extend(other.mapped);
    into.not_alone |= other.not_alone;
    into.warnings.extend(other.warnings);
    into.unmapped |= other.unmapped;
    into.forbidden |= other.forbidden;
    into.identity |= other.identity;
    into.gone |= other.gone;
}
