use proptest::prelude::*;
use shared::ids::DraftId;
use uuid::Uuid;

use super::super::message::Build;
use super::*;
use crate::api::{AddPhoto, RetryParked, Today};
use crate::wire::FromReplica;

const AMINA: TabId = TabId(1);
const JOAO: TabId = TabId(2);

fn ask(id: u64) -> ToReplica {
    ToReplica {
        id,
        call: Today.into(),
    }
}

fn add(id: u64) -> ToReplica {
    ToReplica {
        id,
        call: RetryParked { seq: id }.into(),
    }
}

fn leading(leader: TabId, busy: bool) -> Event {
    Event::Heard(Head::Leading { leader, busy }.into())
}

fn following() -> Tab {
    let mut tab = Tab::new(JOAO);
    assert_eq!(
        tab.on(Event::LockTaken),
        [tell(Notice::Following), say(Head::Hello)]
    );
    assert_eq!(tab.on(leading(AMINA, false)), []);
    tab
}

fn silent() -> Action {
    tell(Notice::Unusable(LEADER_SILENT.to_owned()))
}

fn relayed(leader: TabId, call: &ToReplica) -> Action {
    let head = Head::Call {
        leader,
        tab: JOAO,
        id: call.id,
    };
    Action::Say(Message {
        head,
        body: postcard::to_stdvec(call).unwrap(),
    })
}

#[test]
fn the_first_tab_opens_the_database_and_answers_what_was_asked_meanwhile() {
    let mut tab = Tab::new(AMINA);
    assert_eq!(tab.on(Event::Page(ask(1))), []);
    assert_eq!(
        tab.on(Event::LockGranted),
        [
            say(Head::Leading {
                leader: AMINA,
                busy: true
            }),
            Action::Open
        ]
    );
    assert_eq!(tab.on(Event::Page(ask(2))), []);
    assert_eq!(
        tab.on(Event::Opened),
        [
            say(Head::Leading {
                leader: AMINA,
                busy: false
            }),
            Action::Run {
                tab: AMINA,
                call: ask(1)
            },
            Action::Run {
                tab: AMINA,
                call: ask(2)
            },
        ]
    );
    assert_eq!(
        tab.on(Event::Page(ask(3))),
        [Action::Run {
            tab: AMINA,
            call: ask(3)
        }]
    );
    assert_eq!(
        tab.on(Event::Answered {
            tab: AMINA,
            id: 3,
            answer: vec![9]
        }),
        [Action::Tell(vec![9])]
    );
    assert_eq!(
        tab.on(Event::Noticed(Notice::Changed)),
        [tell(Notice::Changed)],
        "nobody else listens"
    );
}

#[test]
fn a_follower_relays_and_the_leader_answers() {
    let mut follower = following();
    assert_eq!(follower.on(Event::Page(ask(7))), [relayed(AMINA, &ask(7))]);

    let mut leader = Tab::new(AMINA);
    leader.on(Event::LockGranted);
    leader.on(Event::Opened);
    let body = postcard::to_stdvec(&ask(7)).unwrap();
    let heard = leader.on(Event::Heard(Message {
        head: Head::Call {
            leader: AMINA,
            tab: JOAO,
            id: 7,
        },
        body,
    }));
    assert_eq!(
        heard,
        [
            say(Head::Taken { tab: JOAO, id: 7 }),
            Action::Run {
                tab: JOAO,
                call: ask(7)
            }
        ]
    );
    let answer = Message {
        head: Head::Answer { tab: JOAO, id: 7 },
        body: vec![9],
    };
    let answered = leader.on(Event::Answered {
        tab: JOAO,
        id: 7,
        answer: vec![9],
    });
    assert_eq!(answered, [Action::Say(answer.clone())]);

    assert_eq!(follower.on(Event::Heard(answer.clone())), [Action::Tell(vec![9])]);
    assert_eq!(follower.on(Event::Heard(answer)), [], "an answer is given once");
}

#[test]
fn what_the_dead_leader_had_not_taken_up_is_asked_again() {
    let mut tab = following();
    tab.on(Event::Page(add(1)));
    tab.on(Event::Page(ask(2)));
    tab.on(Event::Page(add(3)));
    tab.on(Event::Heard(Head::Taken { tab: JOAO, id: 2 }.into()));
    tab.on(Event::Heard(Head::Taken { tab: JOAO, id: 3 }.into()));
    let amina_died = tab.on(leading(TabId(3), false));
    assert_eq!(
        amina_died,
        [
            answer_error(3, ErrorCode::Internal, LEADER_LOST),
            relayed(TabId(3), &add(1)),
            relayed(TabId(3), &ask(2)),
        ]
    );
}

#[test]
fn a_follower_takes_over() {
    let mut tab = following();
    tab.on(Event::Page(add(1)));
    assert_eq!(
        tab.on(Event::LockGranted),
        [
            say(Head::Leading {
                leader: JOAO,
                busy: true
            }),
            Action::Open
        ]
    );
    assert_eq!(
        tab.on(Event::Opened),
        [
            tell(Notice::Session),
            say(Head::Leading {
                leader: JOAO,
                busy: false
            }),
            Action::Run {
                tab: JOAO,
                call: add(1)
            },
        ]
    );
}

#[test]
fn a_silent_leader_is_said_within_three_seconds_and_unsaid_when_it_wakes() {
    let mut tab = following();
    tab.on(Event::Page(ask(1)));
    let ticks = 3_000 / TICK_MS;
    let said: Vec<Action> = (0..ticks)
        .flat_map(|_| tab.on(Event::Tick))
        .filter(|action| *action == silent())
        .collect();
    assert_eq!(said.len(), 1);
    assert_eq!(tab.on(leading(AMINA, false)), [tell(Notice::Following)]);
    assert!(!tab.on(Event::Tick).contains(&silent()));
}

#[test]
fn a_leader_that_is_silent_from_the_start_is_said_too() {
    let mut tab = Tab::new(JOAO);
    tab.on(Event::LockTaken);
    assert!((0..3_000 / TICK_MS).any(|_| tab.on(Event::Tick).contains(&silent())));
}

#[test]
fn a_busy_leader_is_given_time_until_it_is_free_again() {
    let mut tab = following();
    tab.on(Event::Page(ask(1)));
    tab.on(leading(AMINA, true));
    assert!(!(0..100).any(|_| tab.on(Event::Tick).contains(&silent())));
    tab.on(leading(AMINA, false));
    assert!((0..6).any(|_| tab.on(Event::Tick).contains(&silent())));
}

#[test]
fn who_waits_for_nothing_asks_nothing() {
    let mut tab = following();
    assert!(!tab.wants_tick());
    assert_eq!(tab.on(Event::Tick), []);
}

#[test]
fn a_leader_says_when_it_is_busy_with_a_photo() {
    let mut tab = Tab::new(AMINA);
    tab.on(Event::LockGranted);
    tab.on(Event::Opened);
    tab.on(Event::Heard(Head::Hello.into()));
    let photo = AddPhoto {
        draft: DraftId(Uuid::from_u128(1)),
        file: vec![1],
        modified_at: 0,
    };
    let call = ToReplica {
        id: 1,
        call: photo.into(),
    };
    assert_eq!(
        tab.on(Event::Page(call.clone())),
        [
            say(Head::Leading {
                leader: AMINA,
                busy: true
            }),
            Action::Run { tab: AMINA, call }
        ]
    );
    let done = tab.on(Event::Answered {
        tab: AMINA,
        id: 1,
        answer: vec![],
    });
    assert_eq!(
        done,
        [
            Action::Tell(vec![]),
            say(Head::Leading {
                leader: AMINA,
                busy: false
            })
        ]
    );
}

#[test]
fn a_tab_that_cannot_open_lets_the_next_one_try_and_answers_every_call() {
    let mut tab = Tab::new(AMINA);
    tab.on(Event::Page(ask(1)));
    tab.on(Event::LockGranted);
    assert_eq!(
        tab.on(Event::Failed("storage.open_failed")),
        [
            tell(Notice::Unusable("storage.open_failed".into())),
            answer_error(1, ErrorCode::Internal, "storage.open_failed"),
            Action::Release,
        ]
    );
    assert_eq!(
        tab.on(Event::Page(ask(2))),
        [answer_error(2, ErrorCode::Internal, "storage.open_failed")]
    );
}

#[test]
fn a_call_in_another_versions_words_is_answered() {
    let mut tab = Tab::new(AMINA);
    tab.on(Event::LockGranted);
    tab.on(Event::Opened);
    let head = Head::Call {
        leader: AMINA,
        tab: JOAO,
        id: 4,
    };
    let body = wire::refusal(4, ErrorCode::UpdateNeeded, OTHER_VERSION);
    let answer = Action::Say(Message {
        head: Head::Answer { tab: JOAO, id: 4 },
        body,
    });
    assert_eq!(
        tab.on(Event::Heard(Message {
            head,
            body: vec![255; 9]
        })),
        [answer]
    );
}

/// Tabs in one room: a lock, a channel, and a database that only remembers which calls it performed.
#[derive(Default)]
struct Room {
    tabs: BTreeMap<u64, Tab>,
    lock: Option<u64>,
    /// Actions that a tab has still to perform, in order.
    todo: BTreeMap<u64, Vec<Action>>,
    /// Words under way to one tab.
    inbox: BTreeMap<u64, Vec<Vec<u8>>>,
    performed: Vec<(TabId, u64)>,
    answered: BTreeMap<(TabId, u64), Vec<bool>>,
    asked: Vec<(TabId, u64)>,
}

impl Room {
    fn feed(&mut self, tab: u64, event: Event) {
        let actions = self.tabs.get_mut(&tab).unwrap().on(event);
        self.todo.entry(tab).or_default().extend(actions);
    }

    fn enter(&mut self, tab: u64) {
        self.tabs.insert(tab, Tab::new(TabId(tab)));
        let event = if self.lock.is_none() {
            Event::LockGranted
        } else {
            Event::LockTaken
        };
        self.lock = self.lock.or(Some(tab));
        self.feed(tab, event);
    }

    fn kill(&mut self, tab: u64) {
        self.tabs.remove(&tab);
        self.todo.remove(&tab);
        self.inbox.remove(&tab);
        if self.lock == Some(tab) {
            self.lock = None;
            // Words of the dead arrive before the lock is given on.
            while self.inbox.values().any(|words| !words.is_empty()) {
                let tabs: Vec<u64> = self.inbox.keys().copied().collect();
                tabs.into_iter().for_each(|tab| self.listen(tab));
            }
            if let Some(next) = self.tabs.keys().next().copied() {
                self.lock = Some(next);
                self.feed(next, Event::LockGranted);
            }
        }
    }

    fn listen(&mut self, tab: u64) {
        let word = self
            .inbox
            .get_mut(&tab)
            .filter(|words| !words.is_empty())
            .map(|words| words.remove(0));
        if let Some(word) = word {
            self.feed(tab, Event::Heard(Message::decode(&word, Build(0)).unwrap()));
        }
    }

    fn act(&mut self, tab: u64) {
        let action = self
            .todo
            .get_mut(&tab)
            .filter(|todo| !todo.is_empty())
            .map(|todo| todo.remove(0));
        match action {
            Some(Action::Say(message)) => {
                let others: Vec<u64> = self.tabs.keys().copied().filter(|other| *other != tab).collect();
                for other in others {
                    self.inbox
                        .entry(other)
                        .or_default()
                        .push(message.encode(Build(0)));
                }
            }
            Some(Action::Open) => self.feed(tab, Event::Opened),
            Some(Action::Run { tab: from, call }) => {
                assert_eq!(
                    self.lock,
                    Some(tab),
                    "only the holder of the lock touches the database"
                );
                self.performed.push((from, call.id));
                let answer = wire::answer(call.id, &Ok(()));
                self.feed(
                    tab,
                    Event::Answered {
                        tab: from,
                        id: call.id,
                        answer,
                    },
                );
            }
            Some(Action::Tell(bytes)) => {
                let (message, follows) = wire::open(&bytes).unwrap();
                if let FromReplica::Answer { id } = message {
                    let result = wire::read::<()>(follows).unwrap();
                    self.answered
                        .entry((TabId(tab), id))
                        .or_default()
                        .push(result.is_ok());
                }
            }
            Some(Action::Release) | None => {}
        }
    }

    /// Until nothing is under way and nobody asks any more. A tick is half a second: every word arrives before it.
    fn settle(&mut self) {
        for _ in 0..2_000 {
            for tab in self.tabs.keys().copied().collect::<Vec<_>>() {
                self.act(tab);
                self.listen(tab);
            }
            if self.todo.values().all(Vec::is_empty) && self.inbox.values().all(Vec::is_empty) {
                let asking = |(id, tab): (&u64, &Tab)| tab.wants_tick().then_some(*id);
                let asking: Vec<u64> = self.tabs.iter().filter_map(asking).collect();
                if asking.is_empty() {
                    return;
                }
                asking.into_iter().for_each(|tab| self.feed(tab, Event::Tick));
            }
        }
        panic!("the tabs never come to rest");
    }
}

#[derive(Debug, Clone)]
enum Step {
    Enter,
    Ask(usize),
    Act(usize),
    Listen(usize),
    Kill(usize),
}

fn a_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Enter),
        6 => (0usize..4).prop_map(Step::Ask),
        12 => (0usize..4).prop_map(Step::Act),
        12 => (0usize..4).prop_map(Step::Listen),
        1 => (0usize..4).prop_map(Step::Kill),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// F14: whichever tab dies at whichever moment, every call of a living tab is answered once, a save happens at
    /// most once, and a save that was answered as done has happened.
    #[test]
    fn a_dying_leader_loses_and_doubles_nothing(steps in proptest::collection::vec(a_step(), 1..120)) {
        let mut room = Room::default();
        room.enter(0);
        let (mut next_tab, mut next_call) = (1, 0);
        for step in steps {
            let pick = |room: &Room, at: usize| room.tabs.keys().copied().nth(at % room.tabs.len().max(1));
            match step {
                Step::Enter if room.tabs.len() < 4 => {
                    room.enter(next_tab);
                    next_tab += 1;
                }
                Step::Enter => {}
                Step::Ask(at) => if let Some(tab) = pick(&room, at) {
                    next_call += 1;
                    room.asked.push((TabId(tab), next_call));
                    room.feed(tab, Event::Page(add(next_call)));
                },
                Step::Act(at) => if let Some(tab) = pick(&room, at) { room.act(tab) },
                Step::Listen(at) => if let Some(tab) = pick(&room, at) { room.listen(tab) },
                Step::Kill(at) => if let Some(tab) = pick(&room, at) { room.kill(tab) },
            }
        }
        room.settle();
        for call in &room.asked {
            let times = room.performed.iter().filter(|performed| *performed == call).count();
            prop_assert!(times <= 1, "{:?} happened {} times", call, times);
            let answers = room.answered.get(call).cloned().unwrap_or_default();
            if room.tabs.contains_key(&call.0.0) {
                prop_assert_eq!(answers.len(), 1, "{:?} was answered {:?}", call, answers);
            }
            if answers.first() == Some(&true) {
                prop_assert_eq!(times, 1, "{:?} was answered as done", call);
            }
        }
    }

    #[test]
    fn words_of_another_version_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        if let Some(message) = Message::decode(&bytes, Build(0)) {
            let mut tab = following();
            tab.on(Event::Heard(message.clone()));
            let mut tab = Tab::new(AMINA);
            tab.on(Event::LockGranted);
            tab.on(Event::Opened);
            tab.on(Event::Heard(message));
        }
    }
}
