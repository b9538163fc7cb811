//! Closed lists: choices that have numbers on the wire and codes in the language files.

/// A closed list, as the description of a field names it.
#[derive(Debug, PartialEq, Eq)]
pub struct ClosedList {
    /// Its family in the language files: `need` has the words of `need-lives-alone`.
    pub family: &'static str,
    /// Number and code of every member, in the order in which screens show them.
    pub members: &'static [(u64, &'static str)],
}

impl ClosedList {
    /// The code of the member with this number.
    pub fn code(&self, number: u64) -> Option<&'static str> {
        let member = self.members.iter().find(|member| member.0 == number);
        member.map(|member| member.1)
    }
}

/// Declares a closed list: each member has a number (on the wire and in tables) and a code (in JSON and
/// in the language files). Numbers are never reused.
macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident $family:literal { $($(#[$member_doc:meta])* $member:ident = $number:literal $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$member_doc])* $member = $number,)+
        }

        impl $name {
            /// Every member, in the order in which screens show them.
            pub const ALL: &'static [Self] = &[$(Self::$member,)+];

            /// The list as descriptions of fields name it.
            pub const LIST: &'static $crate::domain::list::ClosedList = &$crate::domain::list::ClosedList {
                family: $family,
                members: &[$(($number, $code),)+],
            };

            /// The number on the wire and in tables.
            pub const fn number(self) -> u64 {
                self as u64
            }

            /// The member with this number.
            pub fn from_number(number: u64) -> Option<Self> {
                Self::ALL.iter().copied().find(|member| member.number() == number)
            }

            /// The code in JSON and in the language files.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$member => $code,)+
                }
            }

            /// The member with this code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|member| member.code() == code)
            }
        }
    };
}

pub(crate) use closed_list;
