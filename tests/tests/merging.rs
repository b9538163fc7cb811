//! What two phones do at the same time comes together the same way everywhere: issues, duplicates, removals.

use replica::api::{Answer, Call, DraftBody, IssueDraft, IssuePage};
use shared::domain::issue::{Category, Event, Step};
use shared::domain::worker::Role;
use shared::ids::IssueId;
use tests::world::{COMMUNITY, GRID};
use tests::{Phone, World};

async fn three() -> (World, Phone, Phone, Phone) {
    let world = World::new().await;
    let amina = world.phone("amina", Role::Member, &[GRID]).await;
    let joao = world.phone("joao", Role::Member, &[GRID]).await;
    let lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    (world, amina, joao, lin)
}

fn report(phone: &mut Phone, title: &str) -> IssueId {
    let id = phone.draft_id();
    let body = DraftBody::Issue(IssueDraft {
        area: Some(shared::ids::AreaCode::new(GRID).unwrap()),
        category: Some(Category::Facilities),
        title: title.to_owned(),
        note: String::new(),
        household: None,
        place: String::new(),
        visit: None,
        handled_on_the_spot: false,
        started_at: phone.now_ms.get(),
    });
    phone.call(Call::SaveDraft { id, body });
    phone.call(Call::FinishDraft { id });
    IssueId(id.0)
}

fn step(phone: &mut Phone, issue: IssueId, step: Step, target: &str) {
    let event = Event {
        target: target.to_owned(),
        ..Event::of(step)
    };
    phone.call(Call::AddEvent { issue, event });
}

fn issue(phone: &mut Phone, id: IssueId) -> IssuePage {
    match phone.call(Call::Issue { id }) {
        Answer::Issue(page) => *page,
        other => panic!("not an issue: {other:?}"),
    }
}

fn reasons(page: &IssuePage) -> Vec<&str> {
    page.timeline.iter().map(|entry| entry.reason.as_str()).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn new_evidence_is_not_hidden_by_a_phone_that_was_in_a_basement() {
    let (world, mut amina, mut joao, mut lin) = three().await;
    let lamp = report(&mut amina, "三楼楼道灯不亮");
    world.settle(&mut [&mut amina, &mut lin, &mut joao]).await;
    step(&mut lin, lamp, Step::Accepted, "");
    world.settle(&mut [&mut lin, &mut amina, &mut joao]).await;
    // Joao goes down. Amina resolves, Lin reopens with evidence; an hour later Joao resolves as well.
    step(&mut amina, lamp, Step::Resolved, "");
    world.settle(&mut [&mut amina, &mut lin]).await;
    step(&mut lin, lamp, Step::Reopened, "");
    joao.advance(3_600_000);
    step(&mut joao, lamp, Step::Resolved, "");
    world.server.clock.advance(3_600_000);
    world.settle(&mut [&mut lin, &mut joao, &mut amina]).await;
    for phone in [&mut amina, &mut joao, &mut lin] {
        let page = issue(phone, lamp);
        assert_eq!(page.summary.state, Step::Reopened);
        assert_eq!(reasons(&page), ["", "", "", "", "issue.reopened_meanwhile"]);
        assert!(page.conflicts.is_empty(), "steps are no conflict of fields");
    }
    // Who has seen the evidence may resolve it.
    step(&mut joao, lamp, Step::Resolved, "");
    world.settle(&mut [&mut joao, &mut lin]).await;
    assert_eq!(issue(&mut lin, lamp).summary.state, Step::Resolved);
}

#[tokio::test(flavor = "current_thread")]
async fn an_issue_sent_to_two_departments_shows_the_later_one_and_why() {
    let (world, mut amina, _, mut lin) = three().await;
    let mut wei = world.phone("wei", Role::Supervisor, &[COMMUNITY]).await;
    let bin = report(&mut amina, "垃圾没清");
    world.settle(&mut [&mut amina, &mut lin, &mut wei]).await;
    step(&mut lin, bin, Step::Assigned, "物业");
    wei.advance(60_000);
    step(&mut wei, bin, Step::Assigned, "环卫");
    world.settle(&mut [&mut wei, &mut lin, &mut amina]).await;
    for phone in [&mut amina, &mut lin, &mut wei] {
        let page = issue(phone, bin);
        assert_eq!(page.summary.state, Step::Assigned);
        assert_eq!(reasons(&page), ["", "issue.assigned_elsewhere", ""]);
        assert_eq!(page.timeline[2].event.target, "环卫");
    }
}
