//! A door number cut into pieces.

use super::super::spelling::{han_number, is_dash, is_han_numeral, plain};

/// What stands in front of a number or after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// 栋 幢 座 号楼
    Building,
    /// #: whatever stands where it stands.
    Sharp,
    /// 楼: a building at first, a floor later.
    Lou,
    /// 号: a building, a house or a room.
    Hao,
    /// 单元 门 梯
    Unit,
    /// 层
    Floor,
    /// 室 房 户
    Room,
}

/// One piece of a door number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A number or a letter; `han` when it was written in Chinese numerals, which also occur in names.
    Id { text: String, han: bool },
    /// 东西南北中 ... : a side of the floor, or of the compound.
    Side(char),
    /// 底商, 车库 ... : a room with a name.
    RoomName(&'static str),
    /// 区 期 院 弄 组 排 ... : closes the name of a zone.
    Zone(&'static str),
    /// Says what the number before it is.
    Mark(Mark),
    /// A dash, a slash, or a space between numbers.
    Separator,
    /// Part of a name.
    Other(char),
}

/// Words, each before any of its beginnings.
const WORDS: [(&str, Word); 45] = [
    ("号楼", Word::Mark(Mark::Building)),
    ("号栋", Word::Mark(Mark::Building)),
    ("号幢", Word::Mark(Mark::Building)),
    ("栋楼", Word::Mark(Mark::Building)),
    ("#楼", Word::Mark(Mark::Building)),
    ("#栋", Word::Mark(Mark::Building)),
    ("号院", Word::Zone("号院")),
    ("号房", Word::Mark(Mark::Room)),
    ("号室", Word::Mark(Mark::Room)),
    ("号户", Word::Mark(Mark::Room)),
    ("房间", Word::Mark(Mark::Room)),
    ("房号", Word::Mark(Mark::Room)),
    ("单元", Word::Mark(Mark::Unit)),
    ("地下室", Word::RoomName("地下室")),
    ("储藏室", Word::RoomName("储藏室")),
    ("底商", Word::RoomName("底商")),
    ("商铺", Word::RoomName("商铺")),
    ("门市", Word::RoomName("门市")),
    ("门面", Word::RoomName("门面")),
    ("车库", Word::RoomName("车库")),
    ("阁楼", Word::RoomName("阁楼")),
    ("大楼", Word::Mark(Mark::Lou)),
    ("楼层", Word::Mark(Mark::Floor)),
    ("栋", Word::Mark(Mark::Building)),
    ("幢", Word::Mark(Mark::Building)),
    ("座", Word::Mark(Mark::Building)),
    ("#", Word::Mark(Mark::Sharp)),
    ("楼", Word::Mark(Mark::Lou)),
    ("号", Word::Mark(Mark::Hao)),
    ("单", Word::Mark(Mark::Unit)),
    ("门", Word::Mark(Mark::Unit)),
    ("梯", Word::Mark(Mark::Unit)),
    ("层", Word::Mark(Mark::Floor)),
    ("室", Word::Mark(Mark::Room)),
    ("房", Word::Mark(Mark::Room)),
    ("户", Word::Mark(Mark::Room)),
    ("间", Word::Mark(Mark::Room)),
    ("区", Word::Zone("区")),
    ("期", Word::Zone("期")),
    ("院", Word::Zone("院")),
    ("弄", Word::Zone("弄")),
    ("巷", Word::Zone("巷")),
    ("组", Word::Zone("组")),
    ("队", Word::Zone("队")),
    ("排", Word::Zone("排")),
];

#[derive(Debug, Clone, Copy)]
enum Word {
    Mark(Mark),
    Zone(&'static str),
    RoomName(&'static str),
}

/// Cuts a text into pieces. Never fails; what it does not know becomes [`Token::Other`].
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let text: String = plain(text).to_uppercase().chars().map(simplified).collect();
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text.trim();
    while let Some(c) = rest.chars().next() {
        let (token, length) = next(rest, c, &tokens);
        rest = rest.get(length..).unwrap_or_default();
        match (token, tokens.last()) {
            // Separators fold into one, and a second mark that says the same adds nothing.
            (Some(Token::Separator), Some(Token::Separator)) | (None, _) => {}
            (Some(Token::Mark(mark)), Some(Token::Mark(last))) if mark == *last => {}
            // 3 栋
            (Some(mark @ Token::Mark(_)), Some(Token::Separator)) => {
                tokens.pop();
                tokens.push(mark);
            }
            (Some(token), _) => tokens.push(token),
        }
    }
    tokens
}

fn next(rest: &str, c: char, before: &[Token]) -> (Option<Token>, usize) {
    if c.is_ascii_alphanumeric() {
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        return (Some(id(rest.get(..length).unwrap_or_default(), false)), length);
    }
    if is_dash(c) || "_~/\\|.,、。:;·•・\t\n\r +".contains(c) || c == '一' && between_digits(rest, before)
    {
        return (Some(Token::Separator), c.len_utf8());
    }
    if let Some((word, meaning)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
        let token = match meaning {
            Word::Mark(mark) => Token::Mark(*mark),
            Word::Zone(zone) => Token::Zone(zone),
            Word::RoomName(name) => Token::RoomName(name),
        };
        return (Some(token), word.len());
    }
    if is_han_numeral(c) {
        let length = rest.find(|c: char| !is_han_numeral(c)).unwrap_or(rest.len());
        let numeral = rest.get(..length).unwrap_or_default();
        if let Some(number) = han_number(numeral) {
            return (Some(id(&number.to_string(), true)), length);
        }
    }
    let after = rest.get(c.len_utf8()..).and_then(|rest| rest.chars().next());
    if c == '第' && after.is_some_and(|c| c.is_ascii_digit() || is_han_numeral(c)) {
        return (None, c.len_utf8());
    }
    if matches!(c, '\'' | '"' | '`' | '*') {
        return (None, c.len_utf8());
    }
    let token = if "东西南北中左右前后甲乙丙丁".contains(c) {
        Token::Side(c)
    } else {
        Token::Other(c)
    };
    (Some(token), c.len_utf8())
}

fn simplified(c: char) -> char {
    match c {
        '號' => '号',
        '樓' => '楼',
        '棟' => '栋',
        '單' => '单',
        '門' => '门',
        '層' => '层',
        '戶' => '户',
        '區' => '区',
        '東' => '东',
        _ => c,
    }
}

/// A numeral one that was typed for a dash: `3一2一501`.
fn between_digits(rest: &str, before: &[Token]) -> bool {
    let ascii_before = matches!(before.last(), Some(Token::Id { han: false, .. }));
    ascii_before && rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit())
}

fn id(text: &str, han: bool) -> Token {
    let short = text.trim_start_matches('0');
    let text = if short.is_empty() { "0" } else { short };
    Token::Id {
        text: text.to_owned(),
        han,
    }
}
