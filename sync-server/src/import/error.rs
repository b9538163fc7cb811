//! Why a file cannot be imported at all. Faults of single rows are findings in the report instead.

/// The file is refused whole; nothing of it was read into records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// More bytes than [`super::register::container::FILE_BYTES_MAX`].
    #[error("the file is larger than {max} bytes")]
    TooLarge {
        /// The most that is read.
        max: u64,
    },
    /// An old `.xls`, or an encrypted `.xlsx` (both have the same container).
    #[error("the file is an old xls workbook or is protected by a password")]
    OldOrEncrypted,
    /// A page that was saved as `.xls` or `.xlsx`.
    #[error("the file is an html or xml page, not a workbook")]
    WebPage,
    /// Some other kind of file.
    #[error("the file is not an xlsx workbook")]
    NotAWorkbook,
    /// A workbook that is cut off or altered.
    #[error("the workbook is damaged")]
    Damaged,
    /// It would unpack to more than the named limit.
    #[error("the workbook unpacks to more than {max} bytes")]
    UnpacksTooLarge {
        /// The most that is unpacked.
        max: u64,
    },
    /// More packed files than a workbook has.
    #[error("the workbook holds more than {max} parts")]
    TooManyParts {
        /// The most that are looked at.
        max: usize,
    },
    /// More rows than any community has residents.
    #[error("a sheet has more than {max} rows")]
    TooManyRows {
        /// The most that are read.
        max: usize,
    },
    /// No sheet has a row of column names with a name and a door number.
    #[error("no sheet has columns for name and door number")]
    NoRegister,
    /// The table of areas is not UTF-8.
    #[error("the table is not UTF-8")]
    NotUtf8,
    /// A column that is needed is not there.
    #[error("the column {0} is missing")]
    MissingColumn(&'static str),
    /// A line of the table of areas cannot be used.
    #[error("line {line} is not a valid area: {reason}")]
    BadLine {
        /// The line in the file, the line of names being 1.
        line: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl ImportError {
    /// The code in answers and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "import_empty",
            Self::TooLarge { .. } => "import_too_large",
            Self::OldOrEncrypted => "import_old_or_encrypted",
            Self::WebPage => "import_web_page",
            Self::NotAWorkbook => "import_not_a_workbook",
            Self::Damaged => "import_damaged",
            Self::UnpacksTooLarge { .. } => "import_unpacks_too_large",
            Self::TooManyParts { .. } => "import_too_many_parts",
            Self::TooManyRows { .. } => "import_too_many_rows",
            Self::NoRegister => "import_no_register",
            Self::NotUtf8 => "import_not_utf8",
            Self::MissingColumn(_) => "import_missing_column",
            Self::BadLine { .. } => "import_bad_line",
        }
    }

    /// What happened and what to do next, for the person who imports.
    pub fn sentence(&self) -> String {
        match self {
            Self::Empty => "文件是空的,请重新选择。".to_owned(),
            Self::TooLarge { max } => format!("文件超过 {} MB,请按小区或楼栋分成几个文件再导入。", max >> 20),
            Self::OldOrEncrypted => {
                "这是旧版 .xls 文件或设有密码。请用表格软件打开,去掉密码,另存为 .xlsx 后再导入。".to_owned()
            }
            Self::WebPage => {
                "这其实是网页文件,只是改了扩展名。请用表格软件打开,另存为 .xlsx 后再导入。".to_owned()
            }
            Self::NotAWorkbook => {
                "这不是 .xlsx 表格文件。请用表格软件打开,另存为 .xlsx 后再导入。".to_owned()
            }
            Self::Damaged => {
                "表格文件不完整或已损坏。请重新复制一份,或用表格软件打开后另存,再导入。".to_owned()
            }
            Self::UnpacksTooLarge { .. } | Self::TooManyParts { .. } => {
                "表格展开后过大,为安全起见没有读取。请只保留登记表,另存为新文件后再导入。".to_owned()
            }
            Self::TooManyRows { max } => format!("登记表超过 {max} 行,请按小区或楼栋分成几个文件再导入。"),
            Self::NoRegister => "没有找到登记表:需要有一行列名,其中包括姓名和门牌(或楼栋、房号)。".to_owned(),
            Self::NotUtf8 => "文件不是 UTF-8 编码。请另存为“CSV UTF-8”后再导入。".to_owned(),
            Self::MissingColumn(column) => format!("缺少“{column}”一列。"),
            Self::BadLine { line, .. } => {
                format!("第 {line} 行的区划代码或名称有误,请改正后再导入。没有写入任何内容。")
            }
        }
    }
}
