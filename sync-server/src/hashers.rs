//! The threads that hash passwords: few, of low priority, each with memory of its own that it uses again and again.
//!
//! Whoever wants a password looked at waits in a short queue; who has gone meanwhile is passed over. When the queue is
//! full, the newest of the caller who has most there gives way to one who has fewer. So sign-ins, however many, take no
//! memory and no processor from the rest of the server, and a few addresses keep nobody else out.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::oneshot;

use crate::callers::Caller;

/// The most threads: a sign-in is rare, a sync is not.
const THREADS_MAX: usize = 2;
/// The most that wait.
const WAITING_MAX: usize = 64;
/// The most that wait of one caller: a community behind one address that begins its day.
const WAITING_OF_CALLER_MAX: usize = 24;
/// Memory is kept for hashes of the usual cost; a dearer one brings its own.
const KEPT_BLOCKS_MAX: usize = Params::DEFAULT_M_COST as usize;

/// Why a password is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Crowded {
    /// Too many of this caller wait.
    #[error("too many sign-ins from one address wait")]
    OfCaller,
    /// Too many wait.
    #[error("too many sign-ins wait")]
    InAll,
}

/// The threads and their queue. The threads end with the last of its clones.
#[derive(Debug)]
pub(crate) struct Hashers {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    came: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Job>,
    is_over: bool,
}

#[derive(Debug)]
struct Job {
    password: String,
    phc: String,
    caller: Option<Caller>,
    fits: oneshot::Sender<Result<bool, Crowded>>,
}

impl Hashers {
    /// Half of the processors, at most [`THREADS_MAX`]. Each tries its memory with `phc`, so that it has it from then on.
    pub(crate) fn start(phc: &str) -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self::with_threads((processors / 2).clamp(1, THREADS_MAX), phc)
    }

    fn with_threads(count: usize, phc: &str) -> Self {
        let shared = Arc::new(Shared::default());
        for _ in 0..count {
            let (shared, phc) = (Arc::clone(&shared), phc.to_owned());
            let started = thread::Builder::new()
                .name("passwords".to_owned())
                .spawn(move || work(&shared, &phc));
            if let Err(error) = started {
                tracing::error!(%error, "A thread for passwords cannot be started.");
            }
        }
        Self { shared }
    }

    /// Whether `password` is the one behind `phc`.
    ///
    /// # Errors
    /// [`Crowded`] when too many wait.
    pub(crate) async fn verify(
        &self,
        password: String,
        phc: String,
        caller: Option<Caller>,
    ) -> Result<bool, Crowded> {
        let (fits, answer) = oneshot::channel();
        self.shared.join(Job {
            password,
            phc,
            caller,
            fits,
        })?;
        answer.await.unwrap_or(Ok(false))
    }

    /// Whether all places are taken.
    pub(crate) fn are_full(&self) -> bool {
        self.shared.queue().waiting.len() >= WAITING_MAX
    }
}

impl Drop for Hashers {
    fn drop(&mut self) {
        self.shared.queue().is_over = true;
        self.shared.came.notify_all();
    }
}

impl Queue {
    /// Sends the newest away of the caller who has most, if that is more than `of_newcomer`; whether there was one.
    fn send_away_one(&mut self, of_newcomer: usize) -> Option<()> {
        let mut counts: HashMap<Option<Caller>, usize> = HashMap::new();
        for job in &self.waiting {
            *counts.entry(job.caller).or_default() += 1;
        }
        // Of several the one who came last.
        let most = counts
            .values()
            .copied()
            .max()
            .filter(|most| *most > of_newcomer)?;
        let newest = self
            .waiting
            .iter()
            .rposition(|job| counts.get(&job.caller) == Some(&most))?;
        let job = self.waiting.remove(newest)?;
        // Whoever asked may be gone.
        let _ = job.fits.send(Err(Crowded::OfCaller));
        Some(())
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, job: Job) -> Result<(), Crowded> {
        let mut queue = self.queue();
        // Nobody waits for the answer any more.
        queue.waiting.retain(|job| !job.fits.is_closed());
        let of_caller = queue.waiting.iter().filter(|other| other.caller == job.caller);
        let own = of_caller.count();
        if job.caller.is_some() && own >= WAITING_OF_CALLER_MAX {
            return Err(Crowded::OfCaller);
        }
        if queue.waiting.len() >= WAITING_MAX {
            queue.send_away_one(own + 1).ok_or(Crowded::InAll)?;
        }
        queue.waiting.push_back(job);
        drop(queue);
        self.came.notify_one();
        Ok(())
    }

    /// The next that somebody still waits for; `None` at the end.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if queue.is_over {
                return None;
            }
            match queue.waiting.pop_front() {
                Some(job) if job.fits.is_closed() => {}
                Some(job) => return Some(job),
                None => queue = self.came.wait(queue).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

fn work(shared: &Shared, phc: &str) {
    give_way();
    let mut memory = vec![Block::new(); KEPT_BLOCKS_MAX];
    verify("", phc, &mut memory);
    while let Some(job) = shared.next() {
        let fits = verify(&job.password, &job.phc, &mut memory);
        // Whoever asked may be gone.
        let _ = job.fits.send(Ok(fits));
    }
}

/// Everything else of the server goes before this thread.
fn give_way() {
    // On Linux this is said of one thread.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::warn!(%error, "Passwords are hashed with the priority of everything else.");
    }
}

/// Whether `password` is the one behind `phc`.
pub(crate) fn verify(password: &str, phc: &str, memory: &mut [Block]) -> bool {
    fitting(password, phc, memory).unwrap_or(false)
}

fn fitting(password: &str, phc: &str, memory: &mut [Block]) -> Option<bool> {
    let kept = PasswordHash::new(phc).ok()?;
    let (salt, hash) = (kept.salt.as_ref()?, kept.hash.as_ref()?);
    let algorithm = Algorithm::try_from(kept.algorithm.as_str()).ok()?;
    let version = match kept.version {
        Some(version) => Version::try_from(version).ok()?,
        None => Version::default(),
    };
    let params = Params::try_from(&kept).ok()?;
    let blocks = params.block_count();
    let argon2 = Argon2::new(algorithm, version, params);
    let mut made = vec![0; hash.len()];
    let done = match memory.get_mut(..blocks) {
        Some(memory) => {
            argon2.hash_password_into_with_memory(password.as_bytes(), salt.as_ref(), &mut made, memory)
        }
        None => argon2.hash_password_into(password.as_bytes(), salt.as_ref(), &mut made),
    };
    done.ok()?;
    // Compared in the same time whatever they are.
    Some(Output::new(&made).ok()? == *hash)
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;

    fn caller(last: u8) -> Option<Caller> {
        Some(Caller::at([192, 0, 2, last].into()))
    }

    fn job(last: u8) -> (Job, oneshot::Receiver<Result<bool, Crowded>>) {
        let (fits, answer) = oneshot::channel();
        let job = Job {
            password: "x".to_owned(),
            phc: String::new(),
            caller: caller(last),
            fits,
        };
        (job, answer)
    }

    #[test]
    fn the_queue_is_short_and_one_caller_cannot_fill_it() {
        let shared = Shared::default();
        let mut answers = Vec::new();
        let mut join = |last| {
            let (job, answer) = job(last);
            answers.push(answer);
            shared.join(job)
        };
        for _ in 0..WAITING_OF_CALLER_MAX {
            assert_eq!(join(1), Ok(()));
        }
        assert_eq!(join(1), Err(Crowded::OfCaller));
        for last in 0..(WAITING_MAX - WAITING_OF_CALLER_MAX) as u8 {
            assert_eq!(join(2 + last), Ok(()));
        }
        // Everybody has one in the end, and then nobody gives way.
        for last in 100..99 + WAITING_OF_CALLER_MAX as u8 {
            assert_eq!(join(last), Ok(()));
        }
        assert_eq!(join(200), Err(Crowded::InAll));
        assert_eq!(shared.queue().waiting.len(), WAITING_MAX);
    }

    #[test]
    fn a_few_addresses_that_fill_the_queue_keep_nobody_else_out() {
        let shared = Shared::default();
        let join = |last| {
            let (job, answer) = job(last);
            shared.join(job).map(|()| answer)
        };
        let mut answers = Vec::new();
        for (last, count) in [(1, 24), (2, 24), (3, 16)] {
            answers.extend((0..count).map(|_| join(last).unwrap()));
        }
        let mut newcomer = join(4).unwrap();
        assert_eq!(newcomer.try_recv(), Err(TryRecvError::Empty));
        let sent_away = Ok(Err(Crowded::OfCaller));
        let of_whom: Vec<usize> = (0..answers.len())
            .filter(|place| answers[*place].try_recv() == sent_away)
            .collect();
        assert_eq!(of_whom, [47], "the newest of those who have most");
        // Who has most does not push others out.
        assert_eq!(join(1).unwrap_err(), Crowded::OfCaller);
        assert_eq!(shared.queue().waiting.len(), WAITING_MAX);
    }

    #[test]
    fn nothing_is_hashed_for_somebody_who_has_gone() {
        let shared = Shared::default();
        for _ in 0..10 * WAITING_MAX {
            let (job, answer) = job(1);
            drop(answer);
            assert_eq!(shared.join(job), Ok(()));
        }
        let (last, mut answer) = job(1);
        shared.join(last).unwrap();
        assert!(shared.next().is_some());
        assert_eq!(answer.try_recv(), Err(TryRecvError::Closed));
        assert!(shared.queue().waiting.is_empty());
    }

    #[tokio::test]
    async fn threads_answer_and_end_with_their_owner() {
        let hashers = Hashers::with_threads(2, "");
        let shared = Arc::downgrade(&hashers.shared);
        let asked = (0..20_u8).map(|last| hashers.verify("x".to_owned(), String::new(), caller(last)));
        let answers = futures::future::join_all(asked).await;
        assert!(answers.iter().all(|answer| *answer == Ok(false)));
        drop(hashers);
        while shared.strong_count() > 0 {
            thread::yield_now();
        }
    }
}
