/// Declares a closed list: each member has a number (on the wire and in tables) and a code (in JSON and
/// in the language files). Numbers are never reused.
macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident = $number:literal $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$member_doc])* $member = $number,)+
        }

        impl $name {
            /// Every member, in the order in which screens show them.
            pub const ALL: &'static [Self] = &[$(Self::$member,)+];

            /// The number on the wire and in tables.
            pub fn number(self) -> u64 {
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
