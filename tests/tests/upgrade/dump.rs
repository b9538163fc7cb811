//! A database as SQL.

use std::fmt::Write;

use rusqlite::Connection;

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// All tables, their rows, indexes and the version; what the full-text search keeps for itself is made anew.
pub(crate) fn dump(connection: &Connection) -> String {
    let own = "sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search_%' ORDER BY rowid";
    let schema = |kinds: &str| {
        let select = format!("SELECT sql || ';' FROM sqlite_schema WHERE type {kinds} 'table' AND {own}");
        texts(connection, &select).join("\n")
    };
    let mut text = schema("=") + "\n";
    let tables = format!("SELECT name FROM sqlite_schema WHERE type = 'table' AND {own}");
    for table in texts(connection, &tables) {
        let mut columns = texts(
            connection,
            &format!("SELECT name FROM pragma_table_info('{table}')"),
        );
        if table == "search" {
            columns.insert(0, "rowid".to_owned());
        }
        let quoted = columns.iter().map(|column| format!("quote(\"{column}\")"));
        let quoted = quoted.collect::<Vec<_>>().join(" || ', ' || ");
        let columns = columns.join("\", \"");
        for row in texts(connection, &format!("SELECT {quoted} FROM {table}")) {
            writeln!(text, "INSERT INTO {table} (\"{columns}\") VALUES ({row});").unwrap();
        }
    }
    let version: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    text + &schema("<>") + &format!("\nPRAGMA user_version = {version};\n")
}
