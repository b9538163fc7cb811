//! Names of people: one spelling for what looks the same, and whether a cell may hold more than one name.

use super::spelling::{is_han, plain};

/// The sign between the parts of a name, `阿卜杜拉·买买提`.
const MIDDLE_DOT: char = '·';
/// Signs between two names. A line end, too.
const SEPARATORS: [char; 8] = ['、', ',', ';', '/', '\\', '|', '&', '+'];
/// Surnames of two characters: behind one of these, a given name may stand apart (`欧阳 娜娜`).
const SURNAMES_OF_TWO: &str = "欧阳 司马 上官 诸葛 东方 尉迟 皇甫 公孙 慕容 令狐 长孙 宇文 司徒 夏侯 轩辕 端木 百里 南宫 独孤 \
    呼延 闻人 东郭 西门 澹台 淳于 单于 太史 申屠 公冶 宗政 濮阳 钟离 仲孙 万俟 赫连 拓跋 亓官 司空 司寇 鲜于 闾丘 子车 颛孙 \
    巫马 公西 漆雕 乐正 壤驷 公良 夹谷 宰父 谷梁 段干 东野 微生 梁丘 左丘 南门 羊舌 第五 纳兰 完颜 歐陽 司馬 諸葛 東方 尉遲";

/// A name as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenName {
    /// The name in its one spelling.
    pub name: String,
    /// More than one person may be named.
    pub maybe_several: bool,
}

/// Whether a character is one of the many middle dots.
pub fn is_middle_dot(c: char) -> bool {
    matches!(
        c,
        '·' | '•' | '‧' | '∙' | '⋅' | '・' | '･' | '᛫' | '\u{387}' | '⸱' | '⸳' | '●' | '∘' | '\u{10101}'
    )
}

/// The one spelling of a person's name; see [`written_name`].
pub fn person_name(text: &str) -> String {
    written_name(text).name
}

/// Reads a name: half width, look-alikes as they are typed, one middle dot, without the padding that makes two characters
/// as wide as three (`张 三`). Names in letters keep their spaces, each once.
///
/// What may be two names (`张三、李四`, one below the other, apart by spaces) stays apart, a line end as `、`.
pub fn written_name(text: &str) -> WrittenName {
    let text = with_one_dot(&plain(text));
    let lines: Vec<&str> = text
        .split('\n')
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    // One character below the other is one name, written downwards.
    let downwards = lines.iter().all(|line| line.chars().nth(1).is_none());
    let joined = lines.join(if downwards { " " } else { "、" });
    let words: Vec<&str> = joined.split_whitespace().collect();
    let chinese = |word: &&str| word.chars().all(|c| is_han(c) || c == MIDDLE_DOT);
    let one_chinese_name = words.iter().all(chinese) && is_one_name(&words);
    let apart = words.len() > 1 && words.iter().all(chinese) && !one_chinese_name;
    WrittenName {
        maybe_several: apart || joined.contains(SEPARATORS),
        name: words.join(if one_chinese_name { "" } else { " " }),
    }
}

/// Whether these words of Chinese characters are one name that was padded or parted behind its surname.
fn is_one_name(words: &[&str]) -> bool {
    let joined = words.concat();
    let surname: String = joined.chars().take(2).collect();
    let surname_of_two = SURNAMES_OF_TWO.split_whitespace().any(|known| known == surname);
    match joined.chars().count() {
        0..=3 => true,
        4 => surname_of_two || matches!(words, [surname, _] if surname.chars().nth(1).is_none()),
        _ => words.len() == 1,
    }
}

/// Every middle dot as the one of [`MIDDLE_DOT`], without spaces around it. A full stop between two Chinese characters
/// stands for one.
fn with_one_dot(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let stop = c == '.' && written.ends_with(is_han) && chars.peek().copied().is_some_and(is_han);
        if stop || is_middle_dot(c) {
            written.truncate(written.trim_end_matches(' ').len());
            written.push(MIDDLE_DOT);
            while chars.next_if_eq(&' ').is_some() {}
        } else {
            written.push(c);
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(written: &str, name: &str, maybe_several: bool) {
        let expect = WrittenName {
            name: name.to_owned(),
            maybe_several,
        };
        assert_eq!(written_name(written), expect, "{written:?}");
    }

    #[test]
    fn what_looks_the_same_is_one_name() {
        for (written, name) in [
            ("⽅志远", "方志远"),
            ("\u{f9e1}明", "李明"),
            ("⻓孙娜", "长孙娜"),
            ("\u{2f800}", "丽"),
            ("葛\u{e0100}明", "葛明"),
            ("张\u{7f}三", "张三"),
            ("Ａｉｓｈａ　Ｋｈａｎ", "Aisha Khan"),
            ("Aisha  Khan", "Aisha Khan"),
        ] {
            check(written, name, false);
        }
    }

    #[test]
    fn every_middle_dot_is_the_same_sign() {
        for dot in [
            "·",
            "•",
            "・",
            "‧",
            "∙",
            "⋅",
            "᛫",
            "･",
            ".",
            "．",
            " · ",
            "　・　",
            "●",
        ] {
            check(&format!("阿依古丽{dot}买买提"), "阿依古丽·买买提", false);
        }
        check("J. Smith", "J. Smith", false);
    }

    #[test]
    fn padding_inside_one_name_goes() {
        for (written, name) in [
            ("张 三", "张三"),
            ("张 㛃", "张㛃"),
            ("张　\u{20bb7}", "张\u{20bb7}"),
            ("张\u{2003}三", "张三"),
            ("王 小 明", "王小明"),
            ("王  小明", "王小明"),
            ("欧阳 娜", "欧阳娜"),
            ("欧阳 娜娜", "欧阳娜娜"),
            ("欧 阳 娜 娜", "欧阳娜娜"),
            ("王\n小\n明", "王小明"),
            ("张\n三", "张三"),
            (" 张三 ", "张三"),
        ] {
            check(written, name, false);
        }
    }

    #[test]
    fn two_names_in_one_cell_stay_apart() {
        for (written, name) in [
            ("张三\n李四", "张三、李四"),
            ("张三\r\n李四", "张三、李四"),
            ("张三\u{b}李四", "张三、李四"),
            ("王五 赵六", "王五 赵六"),
            ("王五   赵六", "王五 赵六"),
            ("王五\u{3000}赵六", "王五 赵六"),
            ("王五\t赵六", "王五 赵六"),
            ("张三、李四", "张三、李四"),
            ("张三，李四", "张三,李四"),
            ("张三/李四", "张三/李四"),
            ("张三；李四", "张三;李四"),
            ("王小明 李小红", "王小明 李小红"),
            ("欧阳娜娜 司马光", "欧阳娜娜 司马光"),
            ("王 五 赵 六", "王 五 赵 六"),
            ("Aisha Khan\nBilal Khan", "Aisha Khan、Bilal Khan"),
        ] {
            check(written, name, true);
        }
    }

    proptest! {
        #[test]
        fn a_name_in_its_one_spelling_stays_as_it_is(text in any::<String>()) {
            let name = person_name(&text);
            prop_assert_eq!(person_name(&name), name);
        }
    }
}
