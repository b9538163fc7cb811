//! Words between the processes that work on one database.

use std::future::poll_fn;

use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Connection, Socket, tls};

use super::Postgres;
use crate::storage::StorageResult;

/// Words that wait for a process that is slow to take them.
const WORDS_KEPT: usize = 256;

impl Postgres {
    /// Says a word to every process.
    pub(in crate::storage) async fn say(&self, word: &str) -> StorageResult<()> {
        let client = self.pool.get().await?;
        let say = client.prepare_cached("SELECT pg_notify('koumen', $1)").await?;
        client.query(&say, &[&word]).await?;
        Ok(())
    }

    /// The words that are said, over a connection of its own.
    pub(in crate::storage) async fn listen(&self) -> StorageResult<BoxStream<'static, String>> {
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        let (sender, words) = mpsc::channel(WORDS_KEPT);
        tokio::spawn(pass_on(connection, sender));
        client.batch_execute("LISTEN koumen").await?;
        // The connection lasts as long as its client.
        let heard = stream::unfold((client, words), |(client, mut words)| async move {
            words.recv().await.map(|word| (word, (client, words)))
        });
        Ok(heard.boxed())
    }
}

async fn pass_on<S>(mut connection: Connection<Socket, S>, words: mpsc::Sender<String>)
where
    S: tls::TlsStream + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(said) = message
            && words.send(said.payload().to_owned()).await.is_err()
        {
            return;
        }
    }
}
