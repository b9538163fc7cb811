//! `koumen-device photo`

use replica::api;
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::home::Home;
use crate::options::PhotoOptions;
use crate::print;

pub(crate) async fn photo(options: &PhotoOptions) -> Outcome<()> {
    let (driver, _told, _lock) = Home::open(&options.data)?.connected(&options.trust)?;
    let bytes = driver.call(api::PhotoBytes { hash: options.hash }).await?;
    std::fs::write(&options.out, &bytes)
        .map_err(|error| Failure::input(format!("cannot write {}: {error}", options.out.display())))?;
    print(&json!({ "photo": options.hash.to_string(), "bytes": bytes.len() }))
}
