//! Characters that are read otherwise in names than the pinyin data says.

/// Surnames: how they are read, then how people who do not know that misread them. Readings are separated
/// by spaces, characters by `/`.
const SURNAMES: &[(&str, &str)] = &[
    ("单于", "chan shan dan/yu"),
    ("尉迟", "yu wei/chi"),
    ("万俟", "mo wan/qi si"),
    ("长孙", "zhang chang/sun"),
    ("澹台", "tan dan/tai"),
    ("令狐", "ling/hu"),
    ("乐正", "yue le/zheng"),
    ("亓官", "qi/guan"),
    ("子车", "zi/ju che"),
    ("中行", "zhong/hang xing"),
    ("拓跋", "tuo ta/ba"),
    ("鲜于", "xian/yu"),
    ("淳于", "chun/yu"),
    ("夏侯", "xia/hou"),
    ("皇甫", "huang/fu"),
    ("万", "wan"),
    ("么", "yao me"),
    ("乐", "yue le"),
    ("乜", "nie mie"),
    ("仇", "qiu chou"),
    ("仉", "zhang zhuo"),
    ("令", "ling"),
    ("任", "ren"),
    ("会", "gui kuai hui"),
    ("佘", "she yu"),
    ("俞", "yu"),
    ("冮", "gang jiang"),
    ("冯", "feng"),
    ("冼", "xian"),
    ("区", "ou qu"),
    ("华", "hua"),
    ("单", "shan dan chan"),
    ("卜", "bu bo"),
    ("占", "zhan"),
    ("厍", "she ku"),
    ("召", "shao zhao"),
    ("叶", "ye"),
    ("员", "yun yuan"),
    ("哈", "ha"),
    ("查", "zha cha"),
    ("圈", "juan quan"),
    ("宁", "ning"),
    ("宓", "mi fu"),
    ("宿", "su xiu"),
    ("尉", "wei yu"),
    ("尹", "yin"),
    ("嵇", "ji"),
    ("幺", "yao"),
    ("应", "ying"),
    ("强", "qiang jiang"),
    ("句", "gou ju"),
    ("折", "she zhe"),
    ("拓", "tuo ta"),
    ("揭", "jie"),
    ("撒", "sa"),
    ("晁", "chao"),
    ("曲", "qu"),
    ("曾", "zeng ceng"),
    ("朴", "piao pu"),
    ("柏", "bai bo"),
    ("沈", "shen chen"),
    ("洗", "xian xi"),
    ("湛", "zhan"),
    ("燕", "yan"),
    ("牟", "mou mu"),
    ("甯", "ning"),
    ("盖", "ge gai"),
    ("盛", "sheng cheng"),
    ("相", "xiang"),
    ("眭", "sui gui"),
    ("睢", "sui"),
    ("瞿", "qu ju"),
    ("祭", "zhai ji"),
    ("种", "chong zhong"),
    ("秘", "bi mi"),
    ("稽", "ji"),
    ("纪", "ji"),
    ("繁", "po fan"),
    ("缪", "miao mou miu"),
    ("翟", "zhai di"),
    ("能", "nai neng"),
    ("莘", "shen xin"),
    ("葛", "ge"),
    ("薄", "bo bao"),
    ("覃", "qin tan"),
    ("角", "jue jiao"),
    ("解", "xie jie"),
    ("訾", "zi"),
    ("谌", "chen shen"),
    ("谷", "gu"),
    ("贠", "yun yuan"),
    ("贲", "ben bi"),
    ("车", "che ju"),
    ("过", "guo"),
    ("逄", "pang feng"),
    ("逯", "lu"),
    ("那", "na nuo"),
    ("郄", "qie xi"),
    ("郇", "xun huan"),
    ("郗", "xi chi"),
    ("都", "du dou"),
    ("钭", "tou dou"),
    ("长", "zhang chang"),
    ("阚", "kan han"),
    ("隗", "wei kui"),
    ("隽", "juan jun"),
    ("陆", "lu"),
    ("黑", "he hei"),
];

/// Surnames of two characters, besides those above.
const DOUBLE_SURNAMES: &str = "欧阳 司马 上官 诸葛 东方 慕容 公孙 申屠 司徒 司空 宇文 赫连 端木 轩辕 闾丘 \
    钟离 南宫 西门 百里 呼延 濮阳 公冶 宗政 太叔 仲孙 独孤 闻人 太史 叔孙 东郭 南门 公羊 谷梁 左丘 第五 \
    段干 梁丘 纳兰 完颜 叶赫 贺兰 哥舒 公良 漆雕 壤驷 巫马";

/// Characters whose other readings died out, or never occur in names.
const ONE_READING: &str = "王吴朱冯于董邓许彭蔡贾丁余潘杜夏汪方石姚陆郝白汤尹殷施陶倪温芦俞焦邢路齐莫庄祝涂祁舒\
    童甄游裴屈位霍隋甘景包司阮柴冉房戚古池苑臧姬糜冷艾蓝卞封竺冼栗匡鞠沙平狄支干杭滑家芮暴戎祖幸印怀蒲咸籍扶\
    堵尚容慎居广越毋红英明超波浩俊宁若思月婕园冰羽育馥枝达有震承亨言以致炎胜才土大立南前莎蕊愉捷提昂昆映期果\
    栩桐梧楷治洁淑溪潭登皓稷精萌蝶豫赫鑫青洋奇之可伯";

/// The readings of a surname at the beginning of a name, one text per character.
pub(super) fn surname(name: &str) -> Option<Vec<Vec<&'static str>>> {
    let (_, readings) = SURNAMES.iter().find(|(surname, _)| name.starts_with(surname))?;
    Some(
        readings
            .split('/')
            .map(|readings| readings.split(' ').collect())
            .collect(),
    )
}

/// How many characters of a name are the surname, 1 or 2.
pub(super) fn surname_length(name: &str) -> usize {
    let listed = SURNAMES
        .iter()
        .map(|(surname, _)| *surname)
        .chain(DOUBLE_SURNAMES.split_whitespace());
    listed
        .filter(|surname| name.starts_with(surname))
        .map(|surname| surname.chars().count())
        .max()
        .unwrap_or(1)
}

/// Whether only the first reading of the pinyin data counts.
pub(super) fn has_one_reading(c: char) -> bool {
    ONE_READING.contains(c)
}
