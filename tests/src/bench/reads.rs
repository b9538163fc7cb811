//! What a screen waits for while the same device pulls: the replica is one thread, so a read asked for at a random
//! instant also waits for the segment that is being kept.
//!
//! The screens are another thread, as natively and in a browser, which asks at instants that do not depend on how the
//! pull or earlier answers fare. The wait begins when the screen asks. They ask seldom enough not to wait for each other: a
//! person does not ask fifty times a second.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::channel::mpsc;
use replica::api::{self, ApiError, ErrorCode, VisitFilter};
use replica::sync::driver::Driver;
use replica::sync::transport::Transport;
use serde_json::{Value, json};
use shared::ids::HouseholdId;

use super::device::BenchDevice;
use super::server::Failure;
use super::spread::Spread;
use super::workload::{Draw, HOUSEHOLDS, household};

/// Entries that the app's lists ask for.
const PAGE: u32 = 30;

/// How long reads waited.
#[derive(Debug, Default)]
pub struct Waits {
    all: Spread,
    answering: Spread,
    by_screen: BTreeMap<&'static str, Spread>,
    not_there_yet: u64,
    wall: Duration,
}

impl Waits {
    /// The line of all that was measured.
    pub fn line(&self, records: u64) -> Value {
        let screens = self.by_screen.iter();
        let screens: BTreeMap<_, _> = screens
            .map(|(screen, waits)| (screen, waits.percentile_ms(95)))
            .collect();
        json!({
            "figure": "reads",
            "records": records,
            "wall_ms": self.wall.as_millis() as u64,
            "reads": self.all.count(),
            "not_there_yet": self.not_there_yet,
            "p50_ms": self.all.percentile_ms(50),
            "p95_ms": self.all.percentile_ms(95),
            "max_ms": self.all.max_ms(),
            "answering_p50_ms": self.answering.percentile_ms(50),
            "answering_p95_ms": self.answering.percentile_ms(95),
            "p95_ms_by_screen": screens,
        })
    }
}

/// What a screen asks for.
enum Question {
    Today(api::Today),
    Search(api::Search),
    Log(api::VisitLog),
    Household(api::Household),
}

impl Question {
    fn draw(draw: &mut Draw) -> Self {
        let number = draw.below(HOUSEHOLDS);
        match draw.below(4) {
            0 => Self::Today(api::Today),
            1 => Self::Search(api::Search {
                text: format!("{}-1-{}", number / 6 + 1, number % 6 + 1),
                limit: PAGE,
            }),
            2 => Self::Log(api::VisitLog {
                filter: VisitFilter::default(),
                after: None,
                limit: PAGE,
            }),
            _ => Self::Household(api::Household {
                id: HouseholdId(household(number)),
            }),
        }
    }

    fn screen(&self) -> &'static str {
        match self {
            Self::Today(_) => "today",
            Self::Search(_) => "search",
            Self::Log(_) => "log",
            Self::Household(_) => "household",
        }
    }

    async fn ask<T: Transport>(self, driver: &Driver<T>) -> Result<(), ApiError> {
        match self {
            Self::Today(ask) => driver.call(ask).await.map(drop),
            Self::Search(ask) => driver.call(ask).await.map(drop),
            Self::Log(ask) => driver.call(ask).await.map(drop),
            Self::Household(ask) => driver.call(ask).await.map(drop),
        }
    }
}

/// A pause whose end is as likely at any instant: exponential around `mean`.
fn pause(draw: &mut Draw, mean: Duration) -> Duration {
    // In (0, 1]; 53 bits are what fits.
    let chance = ((draw.number() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    mean.mul_f64(-chance.ln())
}

/// Lets the device pull everything with the app's driver while screens ask about every `every`. Returns how many
/// operations were pulled.
///
/// # Errors
/// When the pull does not end well, or a read is refused.
pub async fn during_a_pull(
    device: BenchDevice,
    every: Duration,
    seed: u64,
    waits: &mut Waits,
) -> Result<u64, Failure> {
    let connection = device.connection()?;
    let (tell, mut told) = mpsc::unbounded();
    let driver = Rc::new(device.driven(move || drop(tell.unbounded_send(()))));
    let (ask, mut asked) = mpsc::unbounded();
    let began = Instant::now();
    let screens = std::thread::spawn(move || {
        let mut draw = Draw::new(seed + 77);
        loop {
            std::thread::sleep(pause(&mut draw, every));
            let question = Question::draw(&mut draw);
            // Nobody answers any more: the pull is over.
            if ask.unbounded_send((Instant::now(), question)).is_err() {
                break;
            }
        }
    });
    let failed = Cell::new(None);
    let measured = RefCell::new(waits);
    let answering = async {
        while let Some((at, question)) = asked.next().await {
            let (answering, screen) = (Instant::now(), question.screen());
            let answer = question.ask(&driver).await;
            let mut waits = measured.borrow_mut();
            waits.all.add(at.elapsed());
            waits.by_screen.entry(screen).or_default().add(at.elapsed());
            waits.answering.add(answering.elapsed());
            match answer {
                Err(error) if error.code == ErrorCode::NotFound => waits.not_there_yet += 1,
                Err(error) => failed.set(Some(error)),
                Ok(()) => {}
            }
        }
    };
    let pulled = async {
        while told.next().await.is_some() {
            if driver.replica().borrow().is_settled()? {
                break;
            }
        }
        Ok::<_, Failure>(())
    };
    tokio::select! {
        () = driver.run() => {}
        () = answering => {}
        settled = pulled => settled?,
    }
    drop(asked);
    measured.borrow_mut().wall += began.elapsed();
    screens.join().map_err(|_| "the screens failed")?;
    match failed.into_inner() {
        Some(error) => Err(error.into()),
        None => Ok(connection.query_row(
            "SELECT (SELECT count(*) FROM visit) + (SELECT count(*) FROM household)",
            [],
            |row| row.get(0),
        )?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_about_as_long_as_wanted_and_screens_take_turns() {
        let mut draw = Draw::new(1);
        let mean = Duration::from_millis(10);
        let total: Duration = (0..10_000).map(|_| pause(&mut draw, mean)).sum();
        assert!((9.5..10.5).contains(&(total.as_secs_f64() / 10.0)), "{total:?}");
        let screens: std::collections::BTreeSet<_> =
            (0..100).map(|_| Question::draw(&mut draw).screen()).collect();
        assert_eq!(screens.len(), 4);
    }
}
