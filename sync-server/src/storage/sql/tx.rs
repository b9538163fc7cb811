//! A transaction, in the SQL that SQLite and PostgreSQL both read.
//!
//! Statements are written once, with `?1` for values; what only one of the two understands is not used. The types are
//! those of the tables: whole numbers, text, bytes. Truth is a number in one and a type of its own in the other, so a
//! column that holds it is read as `bool`.

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, params_from_iter};

use super::value::{FromValue, Value};
use crate::storage::postgres::transaction as postgres;
use crate::storage::{StorageError, StorageResult};

/// A transaction that is under way.
#[derive(Clone, Copy)]
pub(in crate::storage) enum Tx<'t> {
    /// In SQLite.
    Sqlite(&'t Connection),
    /// In PostgreSQL.
    Postgres(&'t postgres::Transaction<'t>),
}

/// A row has something else in a column than the statement asks for.
#[derive(Debug, thiserror::Error)]
#[error("column {0} of a row is of another kind")]
struct WrongColumn(usize);

/// A row that is always there is not.
#[derive(Debug, thiserror::Error)]
#[error("a row is missing")]
struct NoRow;

impl<'t> Tx<'t> {
    /// A statement, prepared once per connection.
    pub(in crate::storage) fn prepare_cached(self, sql: &str) -> StorageResult<Statement<'t>> {
        Ok(match self {
            Self::Sqlite(connection) => Statement::Sqlite(connection.prepare_cached(sql)?),
            Self::Postgres(transaction) => Statement::Postgres(transaction.statement(sql)?),
        })
    }

    /// Does it; how many rows it wrote.
    pub(in crate::storage) fn execute(self, sql: &str, values: &[Value<'_>]) -> StorageResult<u64> {
        self.prepare_cached(sql)?.execute(values)
    }

    /// The one row that there is.
    pub(in crate::storage) fn query_row<T>(
        self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> StorageResult<T>,
    ) -> StorageResult<T> {
        self.prepare_cached(sql)?.query_row(values, read)
    }
}

/// A statement of a transaction.
pub(in crate::storage) enum Statement<'t> {
    /// In SQLite.
    Sqlite(CachedStatement<'t>),
    /// In PostgreSQL.
    Postgres(postgres::Statement<'t>),
}

impl Statement<'_> {
    /// Does it; how many rows it wrote.
    pub(in crate::storage) fn execute(&mut self, values: &[Value<'_>]) -> StorageResult<u64> {
        match self {
            Self::Sqlite(statement) => Ok(statement.execute(params_from_iter(values))? as u64),
            Self::Postgres(statement) => statement.execute(values),
        }
    }

    /// Does it before the next statement that is read or counted, and before the end of the transaction. Over a network
    /// many such statements need no longer than one.
    pub(in crate::storage) fn execute_in_turn(&mut self, values: &[Value<'_>]) -> StorageResult<()> {
        match self {
            Self::Sqlite(statement) => statement.execute(params_from_iter(values)).map(drop)?,
            Self::Postgres(statement) => statement.execute_in_turn(values)?,
        }
        Ok(())
    }

    /// The rows. PostgreSQL hands them over whole: for a few, or for as many as there is a limit to.
    pub(in crate::storage) fn query(&mut self, values: &[Value<'_>]) -> StorageResult<Rows<'_>> {
        Ok(match self {
            Self::Sqlite(statement) => Rows::Sqlite(statement.query(params_from_iter(values))?),
            Self::Postgres(statement) => Rows::Postgres(statement.query(values)?),
        })
    }

    /// The rows of a whole table or log, a few at a time. Other statements may run meanwhile.
    pub(in crate::storage) fn scan(&mut self, values: &[Value<'_>]) -> StorageResult<Rows<'_>> {
        match self {
            Self::Sqlite(_) => self.query(values),
            Self::Postgres(statement) => Ok(Rows::Postgres(statement.scan(values)?)),
        }
    }

    /// What `read` makes of every row, in order.
    pub(in crate::storage) fn query_map<T>(
        &mut self,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> StorageResult<T>,
    ) -> StorageResult<Vec<T>> {
        let mut rows = self.query(values)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(&row)?);
        }
        Ok(found)
    }

    /// The first row, if there is one.
    pub(in crate::storage) fn query_opt<T>(
        &mut self,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> StorageResult<T>,
    ) -> StorageResult<Option<T>> {
        let mut rows = self.query(values)?;
        rows.next()?.map(|row| read(&row)).transpose()
    }

    /// The first row of each of these, in order. Over a network they need no longer than one.
    pub(in crate::storage) fn query_each<T, const N: usize>(
        &mut self,
        each: &[[Value<'_>; N]],
        mut read: impl FnMut(&Row<'_>) -> StorageResult<T>,
    ) -> StorageResult<Vec<Option<T>>> {
        match self {
            Self::Sqlite(_) => each
                .iter()
                .map(|values| self.query_opt(values, &mut read))
                .collect(),
            Self::Postgres(statement) => statement
                .query_each(each)?
                .iter()
                .map(|rows| rows.first().map(|row| read(&Row::Postgres(row))).transpose())
                .collect(),
        }
    }

    /// The one row that there is.
    pub(in crate::storage) fn query_row<T>(
        &mut self,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> StorageResult<T>,
    ) -> StorageResult<T> {
        self.query_opt(values, read)?
            .ok_or_else(|| StorageError::Failed(Box::new(NoRow)))
    }

    /// Whether there is a row.
    pub(in crate::storage) fn exists(&mut self, values: &[Value<'_>]) -> StorageResult<bool> {
        Ok(self.query_opt(values, |_| Ok(()))?.is_some())
    }
}

/// Rows, one after the other.
pub(in crate::storage) enum Rows<'s> {
    /// From SQLite.
    Sqlite(rusqlite::Rows<'s>),
    /// From PostgreSQL.
    Postgres(postgres::Rows<'s>),
}

impl Rows<'_> {
    /// The next one.
    pub(in crate::storage) fn next(&mut self) -> StorageResult<Option<Row<'_>>> {
        Ok(match self {
            Self::Sqlite(rows) => rows.next()?.map(Row::Sqlite),
            Self::Postgres(rows) => rows.next()?.map(Row::Postgres),
        })
    }
}

/// A row.
pub(in crate::storage) enum Row<'r> {
    /// From SQLite.
    Sqlite(&'r rusqlite::Row<'r>),
    /// From PostgreSQL.
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// What stands in a column, from 0.
    pub(in crate::storage) fn value(&self, column: usize) -> StorageResult<Value<'_>> {
        let value = match self {
            Self::Sqlite(row) => row.get_ref(column).ok().and_then(of_sqlite),
            Self::Postgres(row) => row.try_get(column).ok(),
        };
        value.ok_or_else(|| StorageError::Failed(Box::new(WrongColumn(column))))
    }

    /// What stands in all columns, in order.
    pub(in crate::storage) fn values(&self) -> StorageResult<Vec<Value<'_>>> {
        let columns = match self {
            Self::Sqlite(row) => row.as_ref().column_count(),
            Self::Postgres(row) => row.len(),
        };
        (0..columns).map(|column| self.value(column)).collect()
    }

    /// What stands in a column, from 0, as what it is read as.
    pub(in crate::storage) fn get<T: FromValue>(&self, column: usize) -> StorageResult<T> {
        T::from_value(self.value(column)?).ok_or_else(|| StorageError::Failed(Box::new(WrongColumn(column))))
    }

    /// The bytes in a column, from 0.
    pub(in crate::storage) fn bytes(&self, column: usize) -> StorageResult<&[u8]> {
        match self.value(column)? {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(StorageError::Failed(Box::new(WrongColumn(column)))),
        }
    }
}

fn of_sqlite(value: ValueRef<'_>) -> Option<Value<'_>> {
    match value {
        ValueRef::Null => Some(Value::Null),
        ValueRef::Integer(number) => Some(Value::Int(number)),
        ValueRef::Text(text) => str::from_utf8(text).ok().map(Value::Text),
        ValueRef::Blob(bytes) => Some(Value::Bytes(bytes)),
        ValueRef::Real(_) => None,
    }
}
