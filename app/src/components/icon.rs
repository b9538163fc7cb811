//! Line icons, drawn for a 24 x 24 field. They decorate; the words beside them say the same.

use dioxus::prelude::*;

/// Which icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IconName {
    Today,
    Door,
    Log,
    Issue,
    Upload,
    Settings,
    Back,
    Forward,
    Plus,
    Camera,
    Picture,
    Phone,
    Warning,
    Check,
    Close,
    Clock,
    Cloud,
    CloudOff,
    Edit,
    Person,
    Fork,
    Parked,
}

impl IconName {
    fn path(self) -> &'static str {
        match self {
            Self::Today => "M4 11.5 12 5l8 6.5M6 10v9h12v-9M10 19v-5h4v5",
            Self::Door => "M5 20h14M7 20V4h10v16M13.5 12h.01",
            Self::Log => "M6 4h12v16H6zM9 9h6M9 13h6M9 17h3",
            Self::Issue => "M6 21V4M6 5h11l-2.5 4L17 13H6",
            Self::Upload => "M12 16V5M7.5 9.5 12 5l4.5 4.5M5 19h14",
            Self::Settings => "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
            Self::Back => "M15 5l-7 7 7 7",
            Self::Forward => "M9 5l7 7-7 7",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Camera => {
                "M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 16.500a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.400z"
            }
            Self::Picture => "M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.500L20 17M15.5 9h.01",
            Self::Phone => {
                "M6 4h3l1.5 4.500L8.5 10a11 11 0 0 0 5.5 5.500l1.5-2L20 15v3.500c0 1-1 1.5-2 1.500C11 19.5 4.5 13 4 6c0-1 1-2 2-2z"
            }
            Self::Warning => "M12 4.5 21 19.500H3zM12 10v4.500M12 17h.01",
            Self::Check => "M5 12.500l4.5 4.500L19 7.5",
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Clock => "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 7.500V12l3 2",
            Self::Cloud => {
                "M7 18a4 4 0 0 1-.5-7.97 6 6 0 0 1 11.6 1A3.5 3.5 0 0 1 17.5 18zM9.5 13.500l2 2 3.5-3.5"
            }
            Self::CloudOff => "M7 18a4 4 0 0 1-.5-7.97 6 6 0 0 1 11.6 1A3.5 3.5 0 0 1 17.5 18zM4 4l16 16",
            Self::Edit => "M5 19h3.500L19 8.5 15.5 5 5 15.500zM13 7.500l3.5 3.5",
            Self::Person => "M12 11.500a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM5 20c.5-4 3.5-6 7-6s6.5 2 7 6",
            Self::Fork => "M12 20v-7M12 13C12 9 6 10 6 5M12 13c0-4 6-3 6-8M4 7l2-2.500L8 7M16 7l2-2.500L20 7",
            Self::Parked => "M5 9h14v11H5zM8 9V6a4 4 0 0 1 8 0v3M12 13.500v2.5",
        }
    }
}

/// An icon of the size of the text around it.
#[component]
pub(crate) fn Icon(name: IconName) -> Element {
    rsx! {
        svg { class: "icon", view_box: "0 0 24 24", "aria-hidden": "true", "focusable": "false",
            path { d: name.path() }
        }
    }
}
