//! Against a real FTS5 table, because its tokenizer and its syntax are what counts.

use rusqlite::{Connection, params};

use super::*;

/// A search table with rows that are called by what they stand for.
pub(super) struct Table {
    pub(super) connection: Connection,
    rows: Vec<String>,
}

impl Table {
    pub(super) fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE VIRTUAL TABLE search USING fts5
                 (chars, latin, digits, tokenize = 'unicode61', prefix = '1 2 3', detail = full);",
            )
            .unwrap();
        Self {
            connection,
            rows: Vec::new(),
        }
    }

    pub(super) fn of_residents(residents: &[(&str, &str)]) -> Self {
        let mut table = Self::new();
        for (name, phone) in residents {
            table.add(name, &resident_text(name, &[(*phone).to_owned()]));
        }
        table
    }

    fn of_doors(doors: &[&str]) -> Self {
        let mut table = Self::new();
        doors
            .iter()
            .for_each(|door| table.add(door, &household_text(door)));
        table
    }

    fn add(&mut self, row: &str, text: &IndexText) {
        self.connection
            .prepare_cached("INSERT INTO search (rowid, chars, latin, digits) VALUES (?1, ?2, ?3, ?4)")
            .unwrap()
            .execute(params![
                self.rows.len() as i64,
                text.chars,
                text.latin,
                text.digits
            ])
            .unwrap();
        self.rows.push(row.to_owned());
    }

    pub(super) fn matching(&self, query: &str) -> Vec<&str> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT rowid FROM search WHERE search MATCH ?1 ORDER BY rowid")
            .unwrap();
        let rows = statement.query_map([query], |row| row.get::<_, i64>(0)).unwrap();
        rows.map(|row| self.rows[row.unwrap() as usize].as_str())
            .collect()
    }

    pub(super) fn found(&self, typed: &str) -> Vec<&str> {
        fts_query(typed).map_or(Vec::new(), |query| self.matching(&query))
    }

    fn check(&self, typed: &str, expect: &[&str]) {
        assert_eq!(self.found(typed), expect, "{typed}: {:?}", fts_query(typed));
    }
}

pub(super) fn neighbours() -> Table {
    Table::of_residents(&[
        ("单春华", "12009375836"),
        ("曾小明", "0314-4021234"),
        ("王春", "12009375011"),
        ("欧阳明华", ""),
        ("尉迟恭", ""),
        ("吕丽", ""),
        ("阿卜杜拉·买买提", ""),
        ("Anna Müller", ""),
        ("Nguyễn Thị Ánh", ""),
        ("张三", ""),
        ("𬀩鿍", ""),
    ])
}

#[test]
fn names_are_found_by_their_characters() {
    let table = neighbours();
    table.check("春华", &["单春华"]);
    table.check("小明", &["曾小明"]);
    table.check("春", &["单春华", "王春"]);
    table.check("明", &["曾小明", "欧阳明华"]);
    table.check("单春华", &["单春华"]);
    table.check("华春", &[]);
    table.check("张三", &["张三"]);
    table.check("三", &["张三"]);
    table.check("买买提", &["阿卜杜拉·买买提"]);
    table.check("阿卜杜拉买买提", &["阿卜杜拉·买买提"]);
    table.check("阿卜杜拉·买买提", &["阿卜杜拉·买买提"]);
    table.check("王 春", &["王春"]);
    table.check("𬀩", &["𬀩鿍"]);
    table.check("鿍", &["𬀩鿍"]);
}

#[test]
fn names_are_found_by_pinyin_and_initials() {
    let table = neighbours();
    for typed in [
        "shanchunhua",
        "SHANCHUNHUA",
        "shanch",
        "chunhua",
        "sch",
        "shanchunh",
        "danchunhua",
        "dch",
        "shān",
    ] {
        table.check(typed, &["单春华"]);
    }
    table.check("chun", &["单春华", "王春"]);
    table.check("hua", &["单春华", "欧阳明华"]);
    for typed in [
        "zengxiaoming",
        "zxm",
        "zengxm",
        "cengxiaoming",
        "xiaoming",
        "zeng xiao ming",
    ] {
        table.check(typed, &["曾小明"]);
    }
    for typed in ["ouyangminghua", "oymh", "ouyangmh"] {
        table.check(typed, &["欧阳明华"]);
    }
    for typed in ["yuchi", "yuchigong", "weichi", "ycg"] {
        table.check(typed, &["尉迟恭"]);
    }
    for typed in ["lvli", "lüli", "luli", "lyuli", "ll"] {
        table.check(typed, &["吕丽"]);
    }
    table.check("maimaiti", &["阿卜杜拉·买买提"]);
    table.check("单chun", &["单春华"]);
    table.check("曾xm", &["曾小明"]);
    table.check("wangxiao", &[]);
}

#[test]
fn names_in_letters_are_found_without_accents() {
    let table = neighbours();
    for typed in ["muller", "Müller", "ann", "müller anna"] {
        table.check(typed, &["Anna Müller"]);
    }
    for typed in ["nguyen", "nguyễn", "thi anh"] {
        table.check(typed, &["Nguyễn Thị Ánh"]);
    }
}

#[test]
fn telephones_are_found_whole_and_by_their_end() {
    let table = neighbours();
    for typed in [
        "12009375836",
        "5836",
        "120 0937 5836",
        "+86 12009375836",
        "583",
        "１２００９３７５８３６",
    ] {
        table.check(typed, &["单春华"]);
    }
    for typed in ["0314-4021234", "03144021234", "4021234", "1234"] {
        table.check(typed, &["曾小明"]);
    }
    table.check("12009375", &["单春华", "王春"]);
    table.check("王 5011", &["王春"]);
    table.check("王5011", &["王春"]);
    table.check("单 5011", &[]);
}

#[test]
fn every_spelling_of_a_door_finds_it() {
    let table = Table::of_doors(&[
        "3-2-501", "3-2-502", "13-2-501", "2-3-501", "31-2-501", "3-20-501", "5-301",
    ]);
    for typed in [
        "3-2-501",
        "3栋2单元501室",
        "3栋2单元501",
        "3幢2-501",
        "3#2单元501",
        "3#2-501",
        "３－２－５０１",
        "３栋２单元５０１室",
        "3 - 2 - 501",
        "3 2 501",
        "3 栋 2 单元 501 室",
        "3号楼2门501",
        "三栋二单元五零一",
        "三栋 二单元 五零一",
        "富强新村3栋2单元501",
        "3·2·501",
        "3/2/501",
    ] {
        table.check(typed, &["3-2-501"]);
    }
    table.check("3栋2单元", &["3-2-501", "3-2-502"]);
    table.check("3-2", &["3-2-501", "3-2-502", "3-20-501"]);
    table.check("3栋", &["3-2-501", "3-2-502", "3-20-501"]);
    table.check("501", &["3-2-501", "13-2-501", "2-3-501", "31-2-501", "3-20-501"]);
    table.check("3栋501", &["3-2-501", "3-20-501"]);
    table.check(
        "50",
        &[
            "3-2-501", "3-2-502", "13-2-501", "2-3-501", "31-2-501", "3-20-501",
        ],
    );
    table.check("5栋", &["5-301"]);
    table.check("9-9-909", &[]);
}

#[test]
fn doors_with_names_are_found_by_the_name_too() {
    let table = Table::of_doors(&[
        "东区·3-2-501",
        "西区·3-2-501",
        "综合楼-301",
        "A-2-1201",
        "12号",
        "3-2-501东",
    ]);
    table.check("东区3栋2单元501", &["东区·3-2-501"]);
    table.check("东区", &["东区·3-2-501"]);
    table.check("3-2-501", &["东区·3-2-501", "西区·3-2-501", "3-2-501东"]);
    table.check("综合楼", &["综合楼-301"]);
    table.check("综合", &["综合楼-301"]);
    table.check("zhl", &["综合楼-301"]);
    table.check("综合楼301", &["综合楼-301"]);
    table.check("a座1201", &["A-2-1201"]);
    table.check("A-2-1201", &["A-2-1201"]);
    table.check("12号", &["12号"]);
}

#[test]
fn a_person_at_a_door_needs_both() {
    let mut table = Table::new();
    for (name, door) in [("王芳", "3-2-501"), ("王芳", "4-2-501"), ("李芳", "3-2-501")] {
        table.add(
            &format!("{name} {door}"),
            &resident_text(name, &[]).and(&household_text(door)),
        );
    }
    for typed in [
        "wang 3-2",
        "王芳 3栋2单元",
        "王芳3-2",
        "3-2 王",
        "w 3-2",
        "wf 3栋",
    ] {
        table.check(typed, &["王芳 3-2-501"]);
    }
    let (person, door) = person_at_door("wang 3-2").unwrap();
    assert_eq!(table.matching(&person), ["王芳 3-2-501", "王芳 4-2-501"]);
    assert_eq!(table.matching(&door), ["王芳 3-2-501", "李芳 3-2-501"]);
}
