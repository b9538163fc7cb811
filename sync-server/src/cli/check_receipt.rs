//! `koumen-server check-receipt`: whether this server signed a receipt, and whether it still holds what it signed for.

use std::io::Read;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use shared::change::hash::ChainHash;
use shared::clock::TimestampMs;
use shared::ids::{DeviceId, EpochId};
use shared::protocol::receipt::{KEY_BYTES, SIGNATURE_BYTES, SignedReceipt, Statement};

use crate::receipt_key::ReceiptKey;
use crate::storage::Storage;

const INPUT_BYTES_MAX: u64 = 16 * 1024;

/// As `koumen-device show receipt` prints it.
#[derive(Debug, Deserialize)]
struct Printed {
    epoch: EpochId,
    device: DeviceId,
    through_seq: u64,
    chain: String,
    signed_at: TimestampMs,
    key: String,
    signature: String,
}

pub(super) async fn check(storage: &Storage) -> Result<ExitCode> {
    let mut text = String::new();
    std::io::stdin()
        .take(INPUT_BYTES_MAX)
        .read_to_string(&mut text)
        .context("the receipt cannot be read from standard input")?;
    let receipt = read(&text)?;
    let statement = receipt.statement;
    let key = ReceiptKey::of_seed(&storage.receipt_seed().await?)?;
    if !key.has_signed(&receipt) {
        say!("not genuine: this server did not sign it, or it was altered");
        return Ok(ExitCode::FAILURE);
    }
    say!(
        "genuine: this server had operations 1 to {} of device {}",
        statement.through_seq,
        statement.device
    );
    match storage.held(statement.device).await? {
        None => say!("it does not know this device now"),
        Some(held) if held.through_seq < statement.through_seq => {
            say!("it holds {} of them now", held.through_seq);
        }
        Some(_) => say!("it holds them now"),
    }
    Ok(ExitCode::SUCCESS)
}

fn read(text: &str) -> Result<SignedReceipt> {
    let printed: Printed = serde_json::from_str(text).context("this is no receipt")?;
    let chain = hex(&printed.chain, ChainHash::default().0.len())?;
    Ok(SignedReceipt {
        statement: Statement {
            epoch: printed.epoch,
            device: printed.device,
            through_seq: printed.through_seq,
            chain: ChainHash(chain.try_into().map_err(|_| anyhow!("the chain is no hash"))?),
            signed_at: printed.signed_at,
        },
        key: hex(&printed.key, KEY_BYTES)?,
        signature: hex(&printed.signature, SIGNATURE_BYTES)?,
    })
}

fn hex(text: &str, bytes: usize) -> Result<Vec<u8>> {
    if text.len() != bytes * 2 || !text.is_ascii() {
        bail!("{} hexadecimal digits are wanted", bytes * 2);
    }
    let byte = |place: usize| {
        text.get(place..place + 2)
            .and_then(|two| u8::from_str_radix(two, 16).ok())
    };
    (0..text.len())
        .step_by(2)
        .map(|place| byte(place).ok_or_else(|| anyhow!("these are no hexadecimal digits")))
        .collect()
}
