use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::domain::care_rule;
use crate::domain::value::{FieldMap, Value};
use crate::ids::HouseholdId;

const GRID: &str = "130803001001-02";
const COMMUNITY: &str = "130803001001-00";
const NEXT_COMMUNITY: &str = "130803001002-00";
const STREET: &str = "130803001000-00";

fn day(text: &str) -> CalendarDate {
    CalendarDate::parse(text).unwrap()
}

fn code(text: &str) -> AreaCode {
    AreaCode::new(text).unwrap()
}

fn days(at_least_days: u16, at_most_days: u16) -> Pace {
    Pace {
        at_least_days: Some(at_least_days),
        at_most_days: Some(at_most_days),
        purposes: BTreeSet::new(),
    }
}

fn rule(id: u128, area: &str, need: Need, pace: Pace) -> CareRule {
    CareRule {
        id: Uuid::from_u128(id),
        area: code(area),
        need,
        pace,
    }
}

fn claim(need: Need, pace: Pace, last: Option<&str>) -> Claim {
    Claim {
        need,
        decided_by: DecidedBy::Shipped,
        pace,
        last: last.map(day),
    }
}

#[test]
fn the_community_comes_before_its_street_and_the_street_before_what_is_shipped() {
    let of_street = rule(1, STREET, Need::LivesAlone, days(10, 2));
    let of_community = rule(2, COMMUNITY, Need::LivesAlone, days(5, 2));
    let beside = rule(3, NEXT_COMMUNITY, Need::LivesAlone, days(1, 1));
    let other_need = rule(4, COMMUNITY, Need::Mobility, days(20, 9));
    let pace = |rules: &[CareRule]| {
        let (decided_by, pace) = pace(Need::LivesAlone, &code(GRID), rules);
        (decided_by, pace.at_least_days, pace.at_most_days)
    };
    let shipped = (DecidedBy::Shipped, Some(7), Some(3));
    assert_eq!(pace(&[]), shipped);
    assert_eq!(pace(&[beside.clone(), other_need.clone()]), shipped);
    assert_eq!(
        pace(&[beside.clone(), of_street.clone()]),
        (DecidedBy::Street, Some(10), Some(2))
    );
    let all = [of_community, other_need, of_street, beside];
    assert_eq!(pace(&all), (DecidedBy::Community, Some(5), Some(2)));
}

#[test]
fn of_two_rules_of_one_place_the_later_one_holds_and_one_without_days_asks_for_nothing() {
    let earlier = rule(1, COMMUNITY, Need::LivesAlone, days(5, 2));
    let later = rule(2, COMMUNITY, Need::LivesAlone, Pace::default());
    let found = pace(Need::LivesAlone, &code(GRID), &[later, earlier]);
    assert_eq!(found, (DecidedBy::Community, Pace::default()));
    let standing = Standing::of(&[claim(Need::LivesAlone, found.1, None)], day("2026-11-30"));
    assert_eq!(standing, Standing::default());
}

#[test]
fn a_rule_is_read_off_its_record() {
    let fields = FieldMap::from_iter([
        (care_rule::NEED, Value::Int(1)),
        (care_rule::AT_LEAST_DAYS, Value::Int(10)),
        (care_rule::PURPOSES, Value::numbers(vec![1, 2, 99])),
    ]);
    let read = CareRule::from_fields(Uuid::from_u128(1), code(COMMUNITY), &fields).unwrap();
    let expect = Pace {
        at_least_days: Some(10),
        at_most_days: None,
        purposes: BTreeSet::from([Purpose::Routine, Purpose::Care]),
    };
    assert_eq!((read.need, read.pace), (Need::LivesAlone, expect));
    let later = FieldMap::from_iter([(care_rule::NEED, Value::Int(99))]);
    let read = CareRule::from_fields(Uuid::from_u128(1), code(COMMUNITY), &later);
    assert_eq!(read, None, "a need of a later version");
}

/// Table: today, last visit, floor, ceiling; due on, too soon until.
#[test]
fn when_the_next_visit_is_due_and_until_when_another_one_is_too_soon() {
    for (today, last, pace, due_on, too_soon_until) in [
        // Never met: due now, and nothing is too soon.
        ("2026-11-30", None, days(7, 3), "2026-11-30", None),
        // Met today: two days of peace are left.
        (
            "2026-11-30",
            Some("2026-11-30"),
            days(7, 3),
            "2026-12-07",
            Some("2026-12-03"),
        ),
        (
            "2026-12-02",
            Some("2026-11-30"),
            days(7, 3),
            "2026-12-07",
            Some("2026-12-03"),
        ),
        // On the day itself it is not too soon any more.
        ("2026-12-03", Some("2026-11-30"), days(7, 3), "2026-12-07", None),
        ("2026-12-06", Some("2026-11-30"), days(7, 3), "2026-12-07", None),
        ("2026-12-07", Some("2026-11-30"), days(7, 3), "2026-12-07", None),
        // Over the end of a year, and of a February with 28 days.
        ("2027-01-01", Some("2026-12-25"), days(7, 3), "2027-01-01", None),
        (
            "2027-03-01",
            Some("2027-02-26"),
            days(30, 7),
            "2027-03-28",
            Some("2027-03-05"),
        ),
        // Floor and ceiling on one day: due, so not too soon.
        ("2026-12-07", Some("2026-11-30"), days(7, 7), "2026-12-07", None),
        (
            "2026-12-06",
            Some("2026-11-30"),
            days(7, 7),
            "2026-12-07",
            Some("2026-12-07"),
        ),
    ] {
        let standing = Standing::of(&[claim(Need::LivesAlone, pace, last)], day(today));
        let due = standing.due.unwrap();
        assert_eq!((due.on, due.last), (day(due_on), last.map(day)), "{today}");
        let until = standing.too_soon.map(|too_soon| too_soon.until);
        assert_eq!(until, too_soon_until.map(day), "{today}");
        assert_eq!(standing.due_by(day(today)).is_some(), day(due_on) <= day(today));
    }
}

#[test]
fn of_several_needs_the_earliest_is_due_and_the_strictest_ceiling_never_beats_a_floor_that_is_due() {
    let last = Some("2026-11-20");
    let alone = claim(Need::LivesAlone, days(7, 3), last);
    let poor = claim(Need::LowIncomeSupport, days(90, 30), last);
    let both = [poor.clone(), alone.clone()];
    // Two days after: the quarter's ceiling of 30 days is the strictest.
    let standing = Standing::of(&both, day("2026-11-22"));
    let too_soon = standing.too_soon.unwrap();
    assert_eq!(
        (too_soon.need, too_soon.until, too_soon.within_days),
        (Need::LowIncomeSupport, day("2026-12-20"), 30)
    );
    assert_eq!(standing.due.unwrap().need, Need::LivesAlone);
    assert_eq!(standing.due_by(day("2026-11-22")), None);
    // A week after: who lives alone is due, whatever the other ceiling says.
    let standing = Standing::of(&both, day("2026-11-27"));
    assert_eq!(standing.too_soon, None);
    let due = standing.due_by(day("2026-11-27")).unwrap();
    assert_eq!((due.need, due.every_days), (Need::LivesAlone, 7));
    // Never met: the shortest interval is the reason.
    let never = [
        claim(Need::LowIncomeSupport, days(90, 30), None),
        claim(Need::LivesAlone, days(7, 3), None),
    ];
    assert_eq!(
        Standing::of(&never, day("2026-11-27")).due.unwrap().need,
        Need::LivesAlone
    );
    // A need that asks for nothing changes nothing.
    let with_language = [
        alone.clone(),
        claim(Need::LanguageHelp, shipped(Need::LanguageHelp), None),
    ];
    let today = day("2026-11-22");
    assert_eq!(Standing::of(&with_language, today), Standing::of(&[alone], today));
}

#[test]
fn only_a_visit_on_which_the_person_was_met_counts_and_only_for_purposes_of_the_rule() {
    let elder = ResidentId(Uuid::from_u128(1));
    let elder_twice = ResidentId(Uuid::from_u128(2));
    let son = ResidentId(Uuid::from_u128(3));
    let visit = |outcome, met: &[ResidentId], purpose| Visit {
        household: HouseholdId(Uuid::from_u128(9)),
        outcome,
        met: met.to_vec(),
        purpose,
        phrases: Vec::new(),
        note: String::new(),
        needs: Vec::new(),
        promise: String::new(),
        promise_due: None,
        promise_kept_on: None,
        started_at: day("2026-11-30").start_ms(),
    };
    let person = [elder, elder_twice];
    let counted = |outcome, met: &[ResidentId]| meeting(&visit(outcome, met, Purpose::Care), &person);
    let on = Some(Meeting {
        on: day("2026-11-30"),
        purpose: Purpose::Care,
    });
    assert_eq!(counted(Outcome::Met, &[son, elder]), on);
    assert_eq!(counted(Outcome::Met, &[elder_twice]), on);
    assert_eq!(
        counted(Outcome::Met, &[son]),
        None,
        "somebody else of the household"
    );
    assert_eq!(counted(Outcome::Met, &[]), None, "nobody is named");
    for outcome in [
        Outcome::NotAtHome,
        Outcome::Declined,
        Outcome::Moved,
        Outcome::Postponed,
    ] {
        assert_eq!(counted(outcome, &[elder]), None, "{outcome:?}");
    }
    let meetings = [
        Meeting {
            on: day("2026-11-18"),
            purpose: Purpose::Care,
        },
        Meeting {
            on: day("2026-11-29"),
            purpose: Purpose::Opinions,
        },
    ];
    let all = days(7, 3);
    assert_eq!(all.last(&meetings), Some(day("2026-11-29")));
    let care = Pace {
        purposes: BTreeSet::from([Purpose::Care, Purpose::Hospital]),
        ..all
    };
    assert_eq!(care.last(&meetings), Some(day("2026-11-18")));
    assert_eq!(care.last(&[]), None);
}

#[test]
fn what_is_shipped_can_be_kept_and_covers_every_need() {
    for need in Need::ALL {
        let Pace {
            at_least_days,
            at_most_days,
            ..
        } = shipped(*need);
        assert!(at_most_days <= at_least_days, "{need:?}");
    }
}

fn any_pace() -> impl Strategy<Value = Pace> {
    let purposes = subsequence(Purpose::ALL.to_vec(), 0..=3);
    (
        proptest::option::of(1_u16..=40),
        proptest::option::of(1_u16..=40),
        purposes,
    )
        .prop_map(|(at_least_days, at_most_days, purposes)| Pace {
            at_least_days,
            at_most_days,
            purposes: purposes.into_iter().collect(),
        })
}

fn any_rules() -> impl Strategy<Value = Vec<CareRule>> {
    let places = select(vec![COMMUNITY, STREET, NEXT_COMMUNITY]);
    let one = (any::<u64>(), places, select(Need::ALL), any_pace());
    let rules = proptest::collection::vec(one, 0..12);
    rules.prop_map(|rules| {
        let rule = |(id, place, need, pace)| rule(u128::from(id), place, need, pace);
        let mut rules: Vec<CareRule> = rules.into_iter().map(rule).collect();
        // No two records have one id.
        rules.sort_by_key(|rule| rule.id);
        rules.dedup_by_key(|rule| rule.id);
        rules
    })
}

fn standing(needs: &[Need], rules: &[CareRule], meetings: &[Meeting], today: CalendarDate) -> Standing {
    let claim = |need: &Need| {
        let (decided_by, pace) = pace(*need, &code(GRID), rules);
        let last = pace.last(meetings);
        Claim {
            need: *need,
            decided_by,
            pace,
            last,
        }
    };
    let claims: Vec<Claim> = needs.iter().map(claim).collect();
    Standing::of(&claims, today)
}

proptest! {
    #[test]
    fn the_order_of_needs_rules_and_meetings_never_matters(
        (rules, shuffled_rules) in any_rules().prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle())),
        (needs, shuffled_needs) in subsequence(Need::ALL.to_vec(), 0..=5)
            .prop_flat_map(|needs| (Just(needs.clone()), Just(needs).prop_shuffle())),
        (meetings, shuffled_meetings) in proptest::collection::vec((0_i64..60, select(Purpose::ALL)), 0..10)
            .prop_flat_map(|meetings| (Just(meetings.clone()), Just(meetings).prop_shuffle())),
        days in 0_i64..80,
    ) {
        let began = day("2026-11-30");
        let on = |meetings: &[(i64, Purpose)]| -> Vec<Meeting> {
            let one = |(days, purpose): &(i64, Purpose)| Meeting { on: began.plus_days(*days), purpose: *purpose };
            meetings.iter().map(one).collect()
        };
        let today = began.plus_days(days);
        let first = standing(&needs, &rules, &on(&meetings), today);
        let second = standing(&shuffled_needs, &shuffled_rules, &on(&shuffled_meetings), today);
        prop_assert_eq!(first, second);
        // Nobody is told to come and to stay away.
        prop_assert!(first.due_by(today).is_none() || first.too_soon.is_none());
    }
}
