//! `koumen-device verify`

use replica::api::{self, ApiError};
use serde_json::json;
use tokio::time::Instant;

use crate::failure::{Failure, Outcome};
use crate::home::Home;
use crate::options::VerifyOptions;
use crate::print;
use crate::sync;

pub(crate) async fn verify(options: &VerifyOptions) -> Outcome<()> {
    let mut home = Home::open(&options.data)?;
    let before = home.verifications()?;
    let wanted = home.replica().verify_soon();
    wanted.map_err(|error| Failure::from(ApiError::from(error)))?;
    let (driver, told, _lock) = home.connected(&options.trust)?;
    let state = sync::run(&driver, told, Instant::now()).await?;
    sync::judge(&state)?;
    let after = driver.replica().borrow().verifications();
    let after = after.map_err(|error| Failure::from(ApiError::from(error)))?;
    if after.verified_at == before.verified_at {
        return Err(Failure::now(
            "the server has not compared: something was still on its way, or it is of an earlier version",
        ));
    }
    let status = driver.replica().borrow_mut().call(api::CurrentStatus)?;
    let areas = status.session.map(|session| session.areas).unwrap_or_default();
    print(&json!({
        "areas": areas.iter().map(|area| &area.code).collect::<Vec<_>>(),
        "repaired": after.repaired.saturating_sub(before.repaired),
        "differing": after.differing,
    }))
}
