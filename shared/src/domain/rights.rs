//! Rights as data: which role may do what with the records of a kind. Where one may do it, assignments to areas say.

use super::schema::FieldId;
use super::worker::Role;

/// Several roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles(u64);

impl Roles {
    /// None.
    pub const NONE: Self = Self(0);
    /// Who supervises an area.
    pub const SUPERVISORS: Self = Self::of(&[Role::Supervisor, Role::Administrator]);
    /// Who works in an area, and holds what lies in it.
    pub const WORKERS: Self = Self::SUPERVISORS.and(Role::Member);

    /// These.
    pub const fn of(roles: &[Role]) -> Self {
        let mut all = Self::NONE;
        let mut rest = roles;
        while let [first, others @ ..] = rest {
            all = all.and(*first);
            rest = others;
        }
        all
    }

    /// These and one more.
    pub const fn and(self, role: Role) -> Self {
        Self(self.0 | 1 << role.number())
    }

    /// Whether the role is one of them.
    pub const fn contains(self, role: Role) -> bool {
        self.0 & 1 << role.number() != 0
    }
}

/// What may be done with the records of a kind. Who takes a step, the [life cycle](super::life_cycle) says.
#[derive(Debug)]
pub struct Rights {
    /// Who holds them.
    pub hold: Roles,
    /// Who makes them.
    pub create: Roles,
    /// Who edits them.
    pub edit: Roles,
    /// Fields that others edit.
    pub fields: &'static [(FieldId, Roles)],
    /// Who removes them and brings them back.
    pub remove: Roles,
}

impl Rights {
    /// What lies in an area is everybody's who works there.
    pub const OF_WORKERS: Self = Self {
        hold: Roles::WORKERS,
        create: Roles::WORKERS,
        edit: Roles::WORKERS,
        fields: &[],
        remove: Roles::WORKERS,
    };

    /// What supervisors decide and everybody holds who works in the area.
    pub const OF_SUPERVISORS: Self = Self {
        hold: Roles::WORKERS,
        create: Roles::SUPERVISORS,
        edit: Roles::SUPERVISORS,
        fields: &[],
        remove: Roles::SUPERVISORS,
    };

    /// Who edits a field.
    pub fn edit_field(&self, field: FieldId) -> Roles {
        let other = self.fields.iter().find(|(id, _)| *id == field);
        other.map_or(self.edit, |(_, roles)| *roles)
    }
}
