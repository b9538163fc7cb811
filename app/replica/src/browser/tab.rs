//! What one tab does about the others (D13): events in, actions out; nothing of a browser in here.
//!
//! ```text
//!              lock is taken                    lock granted (the leader closed or crashed)
//!   Starting ────────────────► Following ──────────────────────────► Opening ────► Leading
//!      │                          │  ▲                                  ▲ │
//!      │ lock granted             ▼  │ answers again                    │ │ cannot be opened
//!      └───────────────────────silent┼──────────────────────────────────┘ └────────► Unusable
//! ```
//!
//! A call is answered exactly once. A follower asks a new leader again for whatever the old one did not say it
//! had taken up; what was taken up and would happen twice is answered with [`LEADER_LOST`] instead.

use std::collections::BTreeMap;

use super::message::{Head, Message, OTHER_VERSION, TabId};
use crate::api::{ErrorCode, Notice};
use crate::calls::{Call, ToReplica};
use crate::wire;

/// How often a follower that waits for something asks whether the leader is there, ms.
pub(crate) const TICK_MS: u64 = 500;
/// A leader that left so many questions in a row unanswered is asleep: said within 3 s. Questions are counted
/// instead of seconds, so that a follower that was itself asleep accuses nobody.
const UNANSWERED_MAX: u32 = 4;
/// The same for a leader that said that it is busy: a minute.
const UNANSWERED_MAX_BUSY: u32 = 120;

/// The leader's tab is asleep: closing it, or looking at it, helps.
pub(crate) const LEADER_SILENT: &str = "storage.leader_silent";
/// The leader died while it did this: it may or may not have happened.
pub(crate) const LEADER_LOST: &str = "storage.leader_lost";

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// The page asks.
    Page(ToReplica),
    /// Another tab speaks.
    Heard(Message),
    /// Another tab holds the lock.
    LockTaken,
    /// The lock is this tab's.
    LockGranted,
    /// The database is open.
    Opened,
    /// The database cannot be opened, and why.
    Failed(&'static str),
    /// The replica has answered.
    Answered {
        /// Whose call.
        tab: TabId,
        /// Which.
        id: u64,
        /// As [`wire::answer`] writes it.
        answer: Vec<u8>,
    },
    /// The replica says something unasked.
    Noticed(Notice),
    /// [`TICK_MS`] have passed.
    Tick,
}

/// What to do, in this order.
#[derive(Debug, PartialEq)]
pub(crate) enum Action {
    /// Post a message to the page.
    Tell(Vec<u8>),
    /// Speak to the other tabs.
    Say(Message),
    /// Open the database.
    Open,
    /// Let the replica answer.
    Run {
        /// Whose call.
        tab: TabId,
        /// The call.
        call: ToReplica,
    },
    /// Let go of the lock.
    Release,
}

#[derive(Debug)]
enum Role {
    Starting,
    Following {
        leader: Option<TabId>,
        unanswered: u32,
        unanswered_max: u32,
        silent: bool,
    },
    Opening {
        others: Vec<(TabId, ToReplica)>,
        followed: bool,
    },
    Leading,
    Unusable(&'static str),
}

/// A call of the own page that has no answer yet.
#[derive(Debug)]
struct Waiting {
    call: ToReplica,
    sent: bool,
    taken: bool,
}

/// One tab.
#[derive(Debug)]
pub(crate) struct Tab {
    id: TabId,
    role: Role,
    waiting: BTreeMap<u64, Waiting>,
    followed: bool,
    busy: bool,
}

impl Tab {
    /// A tab that has just started to ask for the lock.
    pub(crate) fn new(id: TabId) -> Self {
        Self {
            id,
            role: Role::Starting,
            waiting: BTreeMap::new(),
            followed: false,
            busy: false,
        }
    }

    /// Whether [`Event::Tick`] is wanted.
    pub(crate) fn wants_tick(&self) -> bool {
        matches!(self.role, Role::Following { leader, .. } if leader.is_none() || !self.waiting.is_empty())
    }

    /// Takes note of an event.
    pub(crate) fn on(&mut self, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Page(call) => self.asked(call, &mut actions),
            Event::Heard(message) => self.heard(message, &mut actions),
            Event::LockTaken => {
                self.role = Role::Following {
                    leader: None,
                    unanswered: 0,
                    unanswered_max: UNANSWERED_MAX,
                    silent: false,
                };
                actions.extend([tell(Notice::Following), say(Head::Hello)]);
            }
            Event::LockGranted => self.succeed(&mut actions),
            Event::Opened => self.opened(&mut actions),
            Event::Failed(code) => self.failed(code, &mut actions),
            Event::Answered { tab, id, answer } => self.answered(tab, id, answer, &mut actions),
            Event::Noticed(notice) => {
                let notice = wire::notice(notice);
                if self.followed {
                    actions.push(Action::Say(Message {
                        head: Head::Notice,
                        body: notice.clone(),
                    }));
                }
                actions.push(Action::Tell(notice));
            }
            Event::Tick => self.tick(&mut actions),
        }
        actions
    }

    fn asked(&mut self, call: ToReplica, actions: &mut Vec<Action>) {
        let id = call.id;
        if let Role::Unusable(code) = self.role {
            actions.push(answer_error(id, ErrorCode::Internal, code));
            return;
        }
        self.waiting.insert(
            id,
            Waiting {
                call,
                sent: false,
                taken: false,
            },
        );
        match self.role {
            Role::Leading => self.run_own(actions),
            Role::Following {
                leader: Some(leader), ..
            } => self.send_to(leader, actions),
            _ => {}
        }
    }

    fn heard(&mut self, message: Message, actions: &mut Vec<Action>) {
        let Message { head, body } = message;
        match head {
            Head::Hello => self.hello(actions),
            Head::Call { leader, tab, id } if leader == self.id => self.relayed(tab, id, &body, actions),
            Head::Leading { leader, busy } => {
                self.leader_speaks(actions);
                self.follow(leader, busy, actions);
            }
            Head::Taken { tab, id } => {
                self.leader_speaks(actions);
                if tab == self.id
                    && let Some(waiting) = self.waiting.get_mut(&id)
                {
                    waiting.taken = true;
                }
            }
            Head::Answer { tab, id } => {
                self.leader_speaks(actions);
                if tab == self.id && self.waiting.remove(&id).is_some() {
                    actions.push(Action::Tell(body));
                }
            }
            Head::Notice => {
                self.leader_speaks(actions);
                if matches!(self.role, Role::Following { .. }) {
                    actions.push(Action::Tell(body));
                }
            }
            Head::Call { .. } => {}
        }
    }

    fn hello(&mut self, actions: &mut Vec<Action>) {
        let busy = match self.role {
            Role::Opening { .. } => true,
            Role::Leading => false,
            _ => return,
        };
        self.followed = true;
        actions.push(say(Head::Leading {
            leader: self.id,
            busy,
        }));
    }

    /// A call of another tab.
    fn relayed(&mut self, tab: TabId, id: u64, body: &[u8], actions: &mut Vec<Action>) {
        let Ok(call) = postcard::from_bytes::<ToReplica>(body) else {
            let body = wire::refusal(id, ErrorCode::UpdateNeeded, OTHER_VERSION);
            actions.push(Action::Say(Message {
                head: Head::Answer { tab, id },
                body,
            }));
            return;
        };
        match &mut self.role {
            Role::Opening { others, .. } => others.push((tab, call)),
            Role::Leading => self.run(tab, call, actions),
            _ => {}
        }
    }

    /// Whatever a leader says, it is awake.
    fn leader_speaks(&mut self, actions: &mut Vec<Action>) {
        let Role::Following {
            unanswered, silent, ..
        } = &mut self.role
        else {
            return;
        };
        *unanswered = 0;
        if std::mem::take(silent) {
            actions.push(tell(Notice::Following));
        }
    }

    fn follow(&mut self, who: TabId, busy: bool, actions: &mut Vec<Action>) {
        let Role::Following {
            leader,
            unanswered_max,
            ..
        } = &mut self.role
        else {
            return;
        };
        *unanswered_max = if busy { UNANSWERED_MAX_BUSY } else { UNANSWERED_MAX };
        if leader.replace(who) != Some(who) {
            self.give_up_lost_calls(actions);
            self.send_to(who, actions);
        }
    }

    /// Relays what the leader was not asked yet.
    fn send_to(&mut self, leader: TabId, actions: &mut Vec<Action>) {
        for (id, waiting) in self.waiting.iter_mut().filter(|(_, waiting)| !waiting.sent) {
            waiting.sent = true;
            let head = Head::Call {
                leader,
                tab: self.id,
                id: *id,
            };
            actions.push(Action::Say(Message {
                head,
                body: postcard::to_stdvec(&waiting.call).unwrap_or_default(),
            }));
        }
    }

    /// The leader is gone: what it had taken up may have happened.
    fn give_up_lost_calls(&mut self, actions: &mut Vec<Action>) {
        self.waiting.retain(|id, waiting| {
            let lost = waiting.taken && !may_happen_twice(&waiting.call.call);
            if lost {
                actions.push(answer_error(*id, ErrorCode::Internal, LEADER_LOST));
            }
            (waiting.sent, waiting.taken) = (false, false);
            !lost
        });
    }

    fn succeed(&mut self, actions: &mut Vec<Action>) {
        self.give_up_lost_calls(actions);
        let followed = matches!(self.role, Role::Following { .. });
        self.role = Role::Opening {
            others: Vec::new(),
            followed,
        };
        // The others turn to this tab at once; it answers when the database is open.
        actions.extend([
            say(Head::Leading {
                leader: self.id,
                busy: true,
            }),
            Action::Open,
        ]);
    }

    fn opened(&mut self, actions: &mut Vec<Action>) {
        let Role::Opening { others, followed } = std::mem::replace(&mut self.role, Role::Leading) else {
            return;
        };
        if followed {
            // The page may show that the leader was silent, or what it knew before.
            actions.push(tell(Notice::Session));
        }
        actions.push(say(Head::Leading {
            leader: self.id,
            busy: false,
        }));
        self.run_own(actions);
        for (tab, call) in others {
            self.run(tab, call, actions);
        }
    }

    /// The next tab in line may try; this one says why it cannot.
    fn failed(&mut self, code: &'static str, actions: &mut Vec<Action>) {
        self.role = Role::Unusable(code);
        actions.push(tell(Notice::Unusable(code.to_owned())));
        for id in std::mem::take(&mut self.waiting).into_keys() {
            actions.push(answer_error(id, ErrorCode::Internal, code));
        }
        actions.push(Action::Release);
    }

    fn run_own(&mut self, actions: &mut Vec<Action>) {
        for call in std::mem::take(&mut self.waiting)
            .into_values()
            .map(|waiting| waiting.call)
        {
            self.run(self.id, call, actions);
        }
    }

    fn run(&mut self, tab: TabId, call: ToReplica, actions: &mut Vec<Action>) {
        if tab != self.id {
            self.followed = true;
            actions.push(say(Head::Taken { tab, id: call.id }));
        }
        if self.followed && takes_long(&call.call) {
            self.busy = true;
            actions.push(say(Head::Leading {
                leader: self.id,
                busy: true,
            }));
        }
        actions.push(Action::Run { tab, call });
    }

    fn answered(&mut self, tab: TabId, id: u64, answer: Vec<u8>, actions: &mut Vec<Action>) {
        if tab == self.id {
            actions.push(Action::Tell(answer));
        } else {
            actions.push(Action::Say(Message {
                head: Head::Answer { tab, id },
                body: answer,
            }));
        }
        if std::mem::take(&mut self.busy) {
            actions.push(say(Head::Leading {
                leader: self.id,
                busy: false,
            }));
        }
    }

    fn tick(&mut self, actions: &mut Vec<Action>) {
        if !self.wants_tick() {
            return;
        }
        let Role::Following {
            unanswered,
            unanswered_max,
            silent,
            ..
        } = &mut self.role
        else {
            return;
        };
        if *unanswered >= *unanswered_max && !*silent {
            *silent = true;
            actions.push(tell(Notice::Unusable(LEADER_SILENT.to_owned())));
        }
        *unanswered = unanswered.saturating_add(1);
        actions.push(say(Head::Hello));
    }
}

/// Whether doing it a second time leaves what doing it once leaves (finishing a draft does: the record has its id).
fn may_happen_twice(call: &Call) -> bool {
    !matches!(
        call,
        Call::AddHousehold(_)
            | Call::AddResident(_)
            | Call::AddEvent(_)
            | Call::Remove(_)
            | Call::RetryParked(_)
    )
}

/// Whether the leader may be deaf for seconds while it does it.
fn takes_long(call: &Call) -> bool {
    matches!(call, Call::AddPhoto(_))
}

fn say(head: Head) -> Action {
    Action::Say(head.into())
}

fn tell(notice: Notice) -> Action {
    Action::Tell(wire::notice(notice))
}

fn answer_error(id: u64, code: ErrorCode, detail: &str) -> Action {
    Action::Tell(wire::refusal(id, code, detail))
}

#[cfg(test)]
#[path = "tab_tests.rs"]
mod tests;
