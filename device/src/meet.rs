//! `koumen-device meet`: two devices exchange what they have recorded, without a server.

use std::net::SocketAddr;
use std::time::Duration;

use replica::Replica;
use replica::storage::peers::PeerError;
use serde_json::json;
use shared::ids::DeviceId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::failure::{Failure, Outcome};
use crate::home::Home;
use crate::options::MeetOptions;
use crate::print;

/// The longest bundle that is read, bytes.
const BUNDLE_BYTES_MAX: u32 = 16 * 1024 * 1024;
/// The most rounds: more than any replica can fill.
const ROUNDS_MAX: u32 = 10_000;

pub(crate) async fn meet(options: &MeetOptions) -> Outcome<()> {
    let (address, is_host) = match (options.listen, options.with) {
        (Some(address), _) => (address, true),
        (None, Some(address)) => (address, false),
        (None, None) => return Err(Failure::input("say --listen or --with")),
    };
    if !address.ip().is_loopback() {
        // What is exchanged is not encrypted, and it holds residents' names.
        return Err(Failure::input("devices meet on this machine only: 127.0.0.1"));
    }
    let mut home = Home::open(&options.data)?;
    let patience = Duration::from_secs(options.wait_s);
    let stream = timeout(patience, connect(address, is_host))
        .await
        .map_err(|_| Failure::now("no other device came"))??;
    let met = exchange(home.replica(), stream, patience).await?;
    print(&json!({
        "peer": met.device, "merged": met.merged, "passed_over": met.passed_over, "peer_holds": met.peer_holds,
    }))
}

async fn connect(address: SocketAddr, is_host: bool) -> Outcome<TcpStream> {
    if is_host {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| Failure::input(format!("cannot listen on {address}: {error}")))?;
        let (stream, _) = listener
            .accept()
            .await
            .map_err(|error| Failure::now(format!("the other device went away: {error}")))?;
        return Ok(stream);
    }
    loop {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            // The other one may be a moment late.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// What came of a meeting.
struct Meeting {
    device: DeviceId,
    merged: u64,
    passed_over: u64,
    peer_holds: u64,
}

/// Both speak and listen at once, until neither has anything new. The first words only say who speaks; the last ones
/// only what each has by then.
async fn exchange(replica: &mut Replica, mut stream: TcpStream, patience: Duration) -> Outcome<Meeting> {
    let (mut reading, mut writing) = stream.split();
    let mut meeting: Option<Meeting> = None;
    let mut said = 0;
    for _ in 0..ROUNDS_MAX {
        let words = replica.bundle(meeting.as_ref().map(|meeting| meeting.device), said)?;
        let both = async { tokio::try_join!(write(&mut writing, &words.bytes), read(&mut reading)) };
        let ((), heard) = timeout(patience, both)
            .await
            .map_err(|_| Failure::now("the other device fell silent"))??;
        said = words.through_seq.unwrap_or(said);
        let met = replica.take_bundle(&heard).map_err(refused)?;
        let is_first = meeting.is_none();
        let known = meeting.get_or_insert(Meeting {
            device: met.device,
            merged: 0,
            passed_over: 0,
            peer_holds: 0,
        });
        if known.device != met.device {
            return Err(Failure::now("another device answers"));
        }
        known.merged += met.merged;
        known.passed_over += met.passed_over;
        known.peer_holds = replica.held_by(met.device)?.unwrap_or(0);
        if !is_first && words.through_seq.is_none() && !met.had_push {
            break;
        }
    }
    meeting.ok_or_else(|| Failure::now("nothing was said"))
}

async fn write(stream: &mut (impl AsyncWriteExt + Unpin), words: &[u8]) -> Outcome<()> {
    let length = u32::try_from(words.len()).map_err(|_| Failure::now("there is too much to say at once"))?;
    let written = async {
        stream.write_all(&length.to_le_bytes()).await?;
        stream.write_all(words).await?;
        stream.flush().await
    };
    written
        .await
        .map_err(|_| Failure::now("the other device went away"))
}

async fn read(stream: &mut (impl AsyncReadExt + Unpin)) -> Outcome<Vec<u8>> {
    let gone = |_| Failure::now("the other device went away");
    let mut length = [0; 4];
    stream.read_exact(&mut length).await.map_err(gone)?;
    let length = u32::from_le_bytes(length);
    if length > BUNDLE_BYTES_MAX {
        return Err(Failure::now("what answers is no koumen device"));
    }
    let mut words = Vec::new();
    let read = stream
        .take(u64::from(length))
        .read_to_end(&mut words)
        .await
        .map_err(gone)?;
    if read == length as usize {
        Ok(words)
    } else {
        Err(Failure::now("the other device went away"))
    }
}

fn refused(error: PeerError) -> Failure {
    Failure::now(format!("what the other device says cannot be taken: {error}"))
}
