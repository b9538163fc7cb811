//! A TCP line between a phone and the server that breaks after so many bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How many bytes still go through, up and down; the connection breaks behind the last one.
#[derive(Debug)]
struct Budget {
    up: AtomicU64,
    down: AtomicU64,
}

/// A line that can be broken.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    budget: Arc<Budget>,
    /// Where the phone's end is.
    pub(crate) address: String,
}

impl Line {
    /// A line to a server; whole until it is broken.
    pub(crate) async fn to(server: std::net::SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let budget = Arc::new(Budget {
            up: AtomicU64::new(u64::MAX),
            down: AtomicU64::new(u64::MAX),
        });
        let shared = Arc::clone(&budget);
        tokio::spawn(async move {
            while let Ok((phone, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else {
                    continue;
                };
                tokio::spawn(carry(phone, server, Arc::clone(&shared)));
            }
        });
        Self { budget, address }
    }

    /// Breaks behind so many bytes to the server.
    pub(crate) fn break_after_up(&self, bytes: u64) {
        self.budget.up.store(bytes, Ordering::SeqCst);
    }

    /// Breaks behind so many bytes from the server: what was sent has arrived, its answer is lost.
    pub(crate) fn break_after_down(&self, bytes: u64) {
        self.budget.down.store(bytes, Ordering::SeqCst);
    }

    /// Whole again. Whether it had broken.
    pub(crate) fn mend(&self) -> bool {
        let up = self.budget.up.swap(u64::MAX, Ordering::SeqCst);
        let down = self.budget.down.swap(u64::MAX, Ordering::SeqCst);
        up == 0 || down == 0
    }
}

async fn carry(mut phone: TcpStream, mut server: TcpStream, budget: Arc<Budget>) {
    let (mut from_phone, mut to_phone) = phone.split();
    let (mut from_server, mut to_server) = server.split();
    let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        let (count, bytes, to, left) = tokio::select! {
            count = from_phone.read(&mut up) => (count, &up, Way::Up(&mut to_server), &budget.up),
            count = from_server.read(&mut down) => (count, &down, Way::Down(&mut to_phone), &budget.down),
        };
        let Ok(count @ 1..) = count else { return };
        let allowed = left.load(Ordering::SeqCst).min(count as u64);
        let through = &bytes[..usize::try_from(allowed).unwrap()];
        let written = match to {
            Way::Up(to) => to.write_all(through).await,
            Way::Down(to) => to.write_all(through).await,
        };
        if written.is_err() || allowed < count as u64 {
            left.store(0, Ordering::SeqCst);
            return;
        }
        if left.load(Ordering::SeqCst) != u64::MAX {
            left.fetch_sub(allowed, Ordering::SeqCst);
        }
    }
}

enum Way<'a, 'b> {
    Up(&'a mut tokio::net::tcp::WriteHalf<'b>),
    Down(&'a mut tokio::net::tcp::WriteHalf<'b>),
}
