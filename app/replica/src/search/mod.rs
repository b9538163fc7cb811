//! Finding a person or a door by what comes to mind: two characters of a name, pinyin, initials, a door in
//! any spelling, the last four digits of a telephone. Pure: texts in, texts out.
//!
//! The store keeps the texts of [`IndexText`] in an SQLite FTS5 table and asks it with [`fts_query`]:
//!
//! ```sql
//! CREATE VIRTUAL TABLE search USING fts5 (chars, latin, digits, tokenize = 'unicode61');
//! SELECT rowid FROM search WHERE search MATCH ?1;
//! ```
//!
//! | column | holds | 单春华, 03141234567, 3-2-501 |
//! |---|---|---|
//! | `chars` | Chinese characters one by one, because FTS5 finds no word inside a run of them | `单 春 华` |
//! | `latin` | pinyin and initials from each syllable on, in every reading | `shanchunhua chunhua hua sch ch h ...` |
//! | `digits` | doors behind a `d`, so that a search begins at the building or the room; telephones behind a `p` | `d3 2 501`, `d501`, `p03141234567`, `p4567` |

mod letters;

mod readings;

mod surnames;

mod spellings;

mod index_text;

mod query;

#[cfg(test)]
mod search_tests;

#[cfg(test)]
mod syntax_tests;

pub use index_text::{IndexText, household_text, resident_text};
pub use query::{QUERY_CHARS_MAX, fts_query, person_at_door};
