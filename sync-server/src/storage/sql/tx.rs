//! A transaction, in the SQL that SQLite and PostgreSQL both read.
//!
//! Statements are written once, with `?1` for values; what only one of the two understands is not used. The types are
//! those of the tables: whole numbers, text, bytes. Truth is a number in one and a type of its own in the other, so a
//! column that holds it is read as `bool`.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql, params_from_iter};

use crate::storage::postgres;
use crate::storage::{StorageError, StorageResult};

/// A transaction that is under way.
#[derive(Clone, Copy)]
pub(in crate::storage) enum Tx<'t> {
    /// In SQLite.
    Sqlite(&'t Connection),
    /// In PostgreSQL.
    Postgres(&'t postgres::Transaction<'t>),
}

/// A value of a statement, or in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::storage) enum Value<'v> {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// Text.
    Text(&'v str),
    /// Bytes.
    Bytes(&'v [u8]),
}

/// What can be a [`Value`] of a statement.
pub(in crate::storage) trait AsValue {
    /// The value.
    fn as_value(&self) -> Value<'_>;
}

/// What a [`Value`] of a row can be read as.
pub(in crate::storage) trait FromValue: Sized {
    /// `None` when it is something else.
    fn from_value(value: Value<'_>) -> Option<Self>;
}

/// The values of a statement, in order from `?1`.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        [$($crate::storage::sql::tx::AsValue::as_value(&$value)),*].as_slice()
    };
}
pub(in crate::storage) use values;

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

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl AsValue for i64 {
    fn as_value(&self) -> Value<'_> {
        Value::Int(*self)
    }
}

impl AsValue for u32 {
    fn as_value(&self) -> Value<'_> {
        Value::Int(i64::from(*self))
    }
}

impl AsValue for u8 {
    fn as_value(&self) -> Value<'_> {
        Value::Int(i64::from(*self))
    }
}

impl AsValue for bool {
    fn as_value(&self) -> Value<'_> {
        Value::Int(i64::from(*self))
    }
}

impl AsValue for str {
    fn as_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl AsValue for String {
    fn as_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl AsValue for [u8] {
    fn as_value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl AsValue for Vec<u8> {
    fn as_value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl<const N: usize> AsValue for [u8; N] {
    fn as_value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl<T: AsValue + ?Sized> AsValue for &T {
    fn as_value(&self) -> Value<'_> {
        (**self).as_value()
    }
}

impl<T: AsValue> AsValue for Option<T> {
    fn as_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, AsValue::as_value)
    }
}

impl FromValue for i64 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }
}

impl FromValue for u64 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        Self::try_from(i64::from_value(value)?).ok()
    }
}

impl FromValue for u32 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        Self::try_from(i64::from_value(value)?).ok()
    }
}

impl FromValue for u8 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        Self::try_from(i64::from_value(value)?).ok()
    }
}

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Option<Self> {
        Some(i64::from_value(value)? != 0)
    }
}

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes.to_vec()),
            _ => None,
        }
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => bytes.try_into().ok(),
            _ => None,
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}
