//! A transaction of PostgreSQL, worked on by a thread that may block.
//!
//! A statement that only writes may be sent and its answer waited for later: over a network each answer takes as long
//! as hundreds of rows.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::Poll;

use futures::{TryStreamExt, poll};
use tokio::runtime::Handle;
use tokio_postgres::Portal;

use crate::storage::StorageResult;
use crate::storage::sql::value::Value;

/// Statements whose answers are waited for together.
const IN_TURN_MAX: usize = 512;
/// Rows of a whole table that are fetched at once.
const AT_ONCE: i32 = 256;

/// A transaction that is under way. Dropped without [`commit`](Self::commit) it is rolled back.
pub(in crate::storage) struct Transaction<'t> {
    inner: deadpool_postgres::Transaction<'t>,
    runtime: Handle,
    in_turn: RefCell<Vec<InTurn>>,
}

/// A statement that has not been sent yet.
struct InTurn {
    statement: tokio_postgres::Statement,
    values: Vec<Kept>,
}

/// A [`Value`] of its own.
enum Kept {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Kept {
    fn of(value: &Value<'_>) -> Self {
        match *value {
            Value::Null => Self::Null,
            Value::Int(number) => Self::Int(number),
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(number) => Value::Int(*number),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

impl<'t> Transaction<'t> {
    pub(super) fn new(inner: deadpool_postgres::Transaction<'t>, runtime: Handle) -> Self {
        Self {
            inner,
            runtime,
            in_turn: RefCell::default(),
        }
    }

    pub(super) fn commit(self) -> StorageResult<()> {
        self.send_in_turn()?;
        Ok(self.runtime.block_on(self.inner.commit())?)
    }

    /// Statements without values, separated by semicolons.
    pub(super) fn batch(&self, sql: &str) -> StorageResult<()> {
        self.send_in_turn()?;
        Ok(self.runtime.block_on(self.inner.batch_execute(sql))?)
    }

    /// A statement whose values are written `?1`, prepared once per connection.
    pub(in crate::storage) fn statement(&'t self, sql: &str) -> StorageResult<Statement<'t>> {
        let sql = sql.replace('?', "$");
        Ok(Statement {
            transaction: self,
            inner: self.runtime.block_on(self.inner.prepare_cached(&sql))?,
        })
    }

    /// Sends what waits for its turn, all of it before the first answer.
    fn send_in_turn(&self) -> StorageResult<()> {
        let waiting = self.in_turn.take();
        let sending = waiting.iter().map(|next| {
            let values = next.values.iter().map(Kept::value);
            self.inner.execute_raw(&next.statement, values)
        });
        self.runtime.block_on(one_after_the_other(sending))?;
        Ok(())
    }
}

/// Sends all of these in order, then waits for their answers.
async fn one_after_the_other<T>(
    requests: impl Iterator<Item = impl Future<Output = Result<T, tokio_postgres::Error>>>,
) -> Result<Vec<T>, tokio_postgres::Error> {
    enum Sent<F, T> {
        Waiting(Pin<Box<F>>),
        Answered(T),
    }
    let mut sent = Vec::new();
    for request in requests {
        let mut request = Box::pin(request);
        // A request is sent when it is asked about for the first time.
        sent.push(match poll!(request.as_mut()) {
            Poll::Ready(answer) => Sent::Answered(answer?),
            Poll::Pending => Sent::Waiting(request),
        });
    }
    let mut answers = Vec::with_capacity(sent.len());
    for request in sent {
        answers.push(match request {
            Sent::Waiting(request) => request.await?,
            Sent::Answered(answer) => answer,
        });
    }
    Ok(answers)
}

/// A statement of a transaction.
pub(in crate::storage) struct Statement<'t> {
    transaction: &'t Transaction<'t>,
    inner: tokio_postgres::Statement,
}

impl Statement<'_> {
    /// Does it; how many rows it wrote.
    pub(in crate::storage) fn execute(&self, values: &[Value<'_>]) -> StorageResult<u64> {
        let Transaction { inner, runtime, .. } = self.transaction;
        self.transaction.send_in_turn()?;
        Ok(runtime.block_on(inner.execute_raw(&self.inner, values.iter().copied()))?)
    }

    /// Does it before anything else of the transaction that is not done in turn.
    pub(in crate::storage) fn execute_in_turn(&self, values: &[Value<'_>]) -> StorageResult<()> {
        let waiting = {
            let mut in_turn = self.transaction.in_turn.borrow_mut();
            in_turn.push(InTurn {
                statement: self.inner.clone(),
                values: values.iter().map(Kept::of).collect(),
            });
            in_turn.len()
        };
        if waiting < IN_TURN_MAX {
            return Ok(());
        }
        self.transaction.send_in_turn()
    }

    /// All rows.
    pub(in crate::storage) fn query(&self, values: &[Value<'_>]) -> StorageResult<Rows<'_>> {
        let Transaction { inner, runtime, .. } = self.transaction;
        self.transaction.send_in_turn()?;
        let rows = runtime.block_on(async {
            let rows = inner.query_raw(&self.inner, values.iter().copied()).await?;
            rows.try_collect::<Vec<_>>().await
        })?;
        Ok(Rows::new(self.transaction, None, rows))
    }

    /// All rows of each of these, in order.
    pub(in crate::storage) fn query_each<const N: usize>(
        &self,
        each: &[[Value<'_>; N]],
    ) -> StorageResult<Vec<Vec<tokio_postgres::Row>>> {
        let Transaction { inner, runtime, .. } = self.transaction;
        self.transaction.send_in_turn()?;
        let asking = each.iter().map(|values| async {
            let rows = inner.query_raw(&self.inner, values.iter().copied()).await?;
            rows.try_collect::<Vec<_>>().await
        });
        Ok(runtime.block_on(one_after_the_other(asking))?)
    }

    /// All rows, fetched some at a time.
    pub(in crate::storage) fn scan(&self, values: &[Value<'_>]) -> StorageResult<Rows<'_>> {
        let Transaction { inner, runtime, .. } = self.transaction;
        self.transaction.send_in_turn()?;
        let portal = runtime.block_on(inner.bind_raw(&self.inner, values.iter().copied()))?;
        Ok(Rows::new(self.transaction, Some(portal), Vec::new()))
    }
}

/// Rows, one after the other.
pub(in crate::storage) struct Rows<'s> {
    transaction: &'s Transaction<'s>,
    /// Where more come from.
    portal: Option<Portal>,
    rows: std::vec::IntoIter<tokio_postgres::Row>,
    current: Option<tokio_postgres::Row>,
}

impl<'s> Rows<'s> {
    fn new(transaction: &'s Transaction<'s>, portal: Option<Portal>, rows: Vec<tokio_postgres::Row>) -> Self {
        Self {
            transaction,
            portal,
            rows: rows.into_iter(),
            current: None,
        }
    }

    /// The next one.
    pub(in crate::storage) fn next(&mut self) -> StorageResult<Option<&tokio_postgres::Row>> {
        if self.rows.len() == 0
            && let Some(portal) = &self.portal
        {
            let Transaction { inner, runtime, .. } = self.transaction;
            self.transaction.send_in_turn()?;
            let rows = runtime.block_on(inner.query_portal(portal, AT_ONCE))?;
            if rows.is_empty() {
                self.portal = None;
            }
            self.rows = rows.into_iter();
        }
        self.current = self.rows.next();
        Ok(self.current.as_ref())
    }
}
