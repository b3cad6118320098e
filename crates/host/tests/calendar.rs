//! Office time, by cases and against a reference that looks at every single minute.

#![expect(clippy::unwrap_used, reason = "tests: a panic is the verdict")]

use std::collections::BTreeSet;

use countersign_host::calendar::{CEILING, deadline, elapse};
use countersign_ir::program::{Calendar, CalendarId, Span};
use countersign_ir::time::{parse_date, parse_instant};
use countersign_ir::value::SECOND;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use proptest::prelude::*;

const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn calendar(zone: &str, open: &[(u8, u32, u32)], closed: &[&str]) -> Calendar {
    Calendar {
        name: "office".into(),
        zone: zone.into(),
        open: open.to_vec(),
        closed: closed.iter().map(|day| parse_date(day).unwrap()).collect(),
    }
}

/// Monday to Friday, 09:00 to 17:30 in Berlin, closed over Christmas and at New Year.
fn office() -> Calendar {
    let hours: Vec<_> = (0..5).map(|day| (day, 9 * 3600, 17 * 3600 + 1800)).collect();
    calendar("Europe/Berlin", &hours, &["2026-12-25", "2026-12-26", "2027-01-01"])
}

fn days(n: u32) -> Span {
    Span::Days(n, CalendarId(0))
}

fn hours(ns: i64) -> Span {
    Span::Hours(ns, CalendarId(0))
}

fn text(at: i64, zone: &str) -> String {
    let zoned = Timestamp::from_nanosecond(i128::from(at)).unwrap().to_zoned(TimeZone::get(zone).unwrap());
    zoned.strftime("%a %Y-%m-%d %H:%M%:z").to_string()
}

/// What a wait that begins at `from` ends at, as the office's wall shows it.
fn ends(from: &str, span: Span) -> String {
    text(deadline(parse_instant(from).unwrap(), span, Some(&office())).unwrap(), "Europe/Berlin")
}

#[test]
fn office_days_keep_the_time_of_day() {
    assert_eq!(ends("2026-11-23T10:15:00+01:00", days(2)), "Wed 2026-11-25 10:15+01:00");
    assert_eq!(ends("2026-11-26T10:15:00+01:00", days(2)), "Mon 2026-11-30 10:15+01:00");
}

#[test]
fn outside_office_hours_the_count_begins_with_the_next_opening() {
    assert_eq!(ends("2026-11-23T07:00:00+01:00", days(1)), "Tue 2026-11-24 09:00+01:00");
    assert_eq!(ends("2026-11-23T17:30:00+01:00", days(1)), "Wed 2026-11-25 09:00+01:00");
    assert_eq!(ends("2026-11-27T18:00:00+01:00", days(1)), "Tue 2026-12-01 09:00+01:00");
    assert_eq!(ends("2026-11-28T12:00:00+01:00", hours(HOUR)), "Mon 2026-11-30 10:00+01:00");
    assert_eq!(ends("2026-11-28T12:00:00+01:00", days(0)), "Mon 2026-11-30 09:00+01:00");
}

#[test]
fn weekends_and_closed_days_do_not_count() {
    // Friday 25th and Saturday 26th are Christmas, Friday 1st is New Year.
    assert_eq!(ends("2026-12-24T12:00:00+01:00", days(1)), "Mon 2026-12-28 12:00+01:00");
    assert_eq!(ends("2026-12-24T12:00:00+01:00", days(5)), "Mon 2027-01-04 12:00+01:00");
    assert_eq!(ends("2026-12-24T16:30:00+01:00", hours(2 * HOUR)), "Mon 2026-12-28 10:00+01:00");
}

#[test]
fn office_hours_run_only_while_it_is_open() {
    assert_eq!(ends("2026-11-23T16:00:00+01:00", hours(4 * HOUR)), "Tue 2026-11-24 11:30+01:00");
    // Time that ends with the day ends with the day, not with the next one.
    assert_eq!(ends("2026-11-23T16:00:00+01:00", hours(90 * MINUTE)), "Mon 2026-11-23 17:30+01:00");
}

#[test]
fn the_clock_on_the_wall_decides_when_summer_time_begins_or_ends() {
    // Clocks go back on Sunday 2026-10-25 and forward on Sunday 2027-03-28: an office day is then 25 or 23 hours long.
    let from = parse_instant("2026-10-23T12:00:00+02:00").unwrap();
    let until = deadline(from, days(1), Some(&office())).unwrap();
    assert_eq!(text(until, "Europe/Berlin"), "Mon 2026-10-26 12:00+01:00");
    assert_eq!(until - from, 3 * DAY + HOUR);
    let from = parse_instant("2027-03-26T12:00:00+01:00").unwrap();
    let until = deadline(from, days(1), Some(&office())).unwrap();
    assert_eq!(text(until, "Europe/Berlin"), "Mon 2027-03-29 12:00+02:00");
    assert_eq!(until - from, 3 * DAY - HOUR);
}

#[test]
fn an_opening_time_that_the_clock_jumps_over_begins_with_the_jump() {
    let night = calendar("Europe/Berlin", &[(6, 3600, 5 * 3600)], &[]);
    let ends = |from: &str, span| {
        text(deadline(parse_instant(from).unwrap(), span, Some(&night)).unwrap(), "Europe/Berlin")
    };
    // 01:00 to 05:00 lasts three hours when 02:00 to 03:00 is left out, five when it comes twice.
    assert_eq!(ends("2027-03-28T00:00:00+01:00", hours(3 * HOUR)), "Sun 2027-03-28 05:00+02:00");
    assert_eq!(ends("2026-10-25T00:00:00+02:00", hours(5 * HOUR)), "Sun 2026-10-25 05:00+01:00");
    // Half past two is not on the clock that day: the next week's wait ends with the jump.
    assert_eq!(ends("2027-03-21T02:30:00+01:00", days(1)), "Sun 2027-03-28 03:00+02:00");
    let jumped = calendar("Europe/Berlin", &[(6, 2 * 3600 + 1800, 5 * 3600)], &[]);
    let at = deadline(parse_instant("2027-03-28T00:00:00Z").unwrap(), days(0), Some(&jumped)).unwrap();
    assert_eq!(text(at, "Europe/Berlin"), "Sun 2027-03-28 03:00+02:00");
}

#[test]
fn what_falls_outside_the_hours_of_its_day_is_moved_into_them() {
    // Long on Monday, short on Tuesday; Wednesday has a break at noon.
    let open = [
        (0, 8 * 3600, 20 * 3600),
        (1, 10 * 3600, 12 * 3600),
        (2, 9 * 3600, 12 * 3600),
        (2, 13 * 3600, 17 * 3600),
    ];
    let calendar = calendar("Europe/Berlin", &open, &[]);
    let ends = |from: &str, n| {
        text(deadline(parse_instant(from).unwrap(), days(n), Some(&calendar)).unwrap(), "Europe/Berlin")
    };
    assert_eq!(ends("2026-11-23T08:30:00+01:00", 1), "Tue 2026-11-24 10:00+01:00");
    assert_eq!(ends("2026-11-23T19:00:00+01:00", 1), "Tue 2026-11-24 12:00+01:00");
    assert_eq!(ends("2026-11-23T12:30:00+01:00", 2), "Wed 2026-11-25 13:00+01:00");
}

#[test]
fn no_wait_is_longer_than_thirty_days_on_the_wall() {
    let from = parse_instant("2026-11-23T10:00:00+01:00").unwrap();
    for span in [days(200), hours(1_000 * HOUR), Span::Wall(90 * DAY), Span::Wall(i64::MAX)] {
        assert_eq!(deadline(from, span, Some(&office())), Ok(from + CEILING), "{span:?}");
    }
    assert_eq!(elapse(from, Span::Wall(90 * DAY), None), Ok(from + 90 * DAY));
    assert_eq!(
        text(elapse(from, days(30), Some(&office())).unwrap(), "Europe/Berlin"),
        "Wed 2027-01-06 10:00+01:00"
    );
    assert!(deadline(i64::MAX, days(1), Some(&office())).is_ok());
    assert!(deadline(i64::MIN, days(1), Some(&office())).is_ok());
}

#[test]
fn a_calendar_that_cannot_answer_says_why() {
    let refusal = |calendar: Option<&Calendar>| deadline(0, days(1), calendar).unwrap_err();
    insta::assert_snapshot!(refusal(None), @"the program has no such calendar");
    insta::assert_snapshot!(refusal(Some(&calendar("Europe/Berlin", &[], &[]))), @"the calendar `office` is never open");
    insta::assert_snapshot!(refusal(Some(&calendar("Europe/Berlin", &[(0, 3600, 3600), (9, 0, 60)], &[]))), @"the calendar `office` is never open");
    insta::assert_snapshot!(refusal(Some(&calendar("Europe/Atlantis", &[(0, 0, 60)], &[]))), @"the zone `Europe/Atlantis` of the calendar `office` is not in the tz database");
}

/// One minute on the wall.
struct Minute {
    at: i64,
    local: DateTime,
    open: bool,
}

/// Every minute of the next 30 days.
fn minutes(calendar: &Calendar, from: i64) -> Vec<Minute> {
    let zone = TimeZone::get(&calendar.zone).unwrap();
    // Two days past the ceiling: the day on which a deadline falls is counted to its end, and cut off afterwards.
    let all = (0..=(CEILING + 2 * DAY) / MINUTE).map(|n| {
        let at = from + n * MINUTE;
        let local = zone.to_datetime(Timestamp::from_nanosecond(i128::from(at)).unwrap());
        let second = u32::try_from(i32::from(local.hour()) * 3600 + i32::from(local.minute()) * 60).unwrap();
        let weekday = u8::try_from(local.weekday().to_monday_zero_offset()).unwrap();
        let number = (local.date() - Date::constant(1970, 1, 1)).get_days();
        let in_hours = calendar.open.iter().any(|(day, a, b)| *day == weekday && (*a..*b).contains(&second));
        Minute { at, local, open: in_hours && !calendar.closed.contains(&number) }
    });
    all.collect()
}

fn reference(calendar: &Calendar, from: i64, span: Span) -> i64 {
    let minutes = minutes(calendar, from);
    let open: Vec<&Minute> = minutes.iter().filter(|minute| minute.open).collect();
    let latest = from + CEILING;
    let end = match span {
        Span::Wall(ns) => Some(from + ns),
        Span::Hours(0, _) => open.first().map(|minute| minute.at),
        Span::Hours(ns, _) => {
            open.get(usize::try_from(ns / MINUTE - 1).unwrap()).map(|minute| minute.at + MINUTE)
        }
        Span::Days(0, _) => open.first().map(|minute| minute.at),
        Span::Days(n, _) => open.first().and_then(|start| {
            let dates: BTreeSet<Date> =
                open.iter().map(|m| m.local.date()).filter(|date| *date > start.local.date()).collect();
            let date = dates.into_iter().nth(usize::try_from(n).unwrap() - 1)?;
            let that_day = || open.iter().filter(move |minute| minute.local.date() == date);
            let at = that_day().find(|minute| minute.local.time() >= start.local.time());
            at.map(|minute| minute.at).or_else(|| that_day().next_back().map(|minute| minute.at + MINUTE))
        }),
    };
    end.unwrap_or(latest).min(latest)
}

fn calendars() -> impl Strategy<Value = Calendar> {
    let zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"];
    // Whole hours but not the one in which clocks are set: there the reference and the rule part by intent.
    let hour = prop_oneof![Just(0_u32), 4_u32..=23];
    let opening = (0_u8..7, hour, 1_u32..12)
        .prop_map(|(day, from, length)| (day, from * 3600, (from + length).clamp(4, 24) * 3600));
    let closed = proptest::collection::vec(-5_i32..40, 0..8);
    (proptest::sample::select(zones.to_vec()), proptest::collection::vec(opening, 1..9), closed)
        .prop_map(|(zone, open, closed)| Calendar { name: "any".into(), zone: zone.into(), open, closed })
}

/// Around the days on which clocks are set, in Europe and America, and around New Year.
fn beginnings() -> impl Strategy<Value = i64> {
    let around =
        ["2026-10-20T00:00:00Z", "2027-03-01T00:00:00Z", "2026-12-20T00:00:00Z", "2026-04-01T00:00:00Z"];
    (proptest::sample::select(around.to_vec()), 0_i64..20 * 1440)
        .prop_map(|(day, minute)| parse_instant(day).unwrap() + minute * MINUTE)
}

fn spans() -> impl Strategy<Value = Span> {
    prop_oneof![(0_u32..25).prop_map(days), (0_i64..6_000).prop_map(|minutes| hours(minutes * MINUTE))]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn office_time_is_what_counting_every_minute_says(
        calendar in calendars(), from in beginnings(), span in spans()
    ) {
        let day = i32::try_from(from / DAY).unwrap();
        let calendar = Calendar { closed: calendar.closed.iter().map(|n| n + day).collect(), ..calendar };
        let found = deadline(from, span, Some(&calendar)).unwrap();
        let expected = reference(&calendar, from, span);
        prop_assert_eq!(
            text(found, &calendar.zone), text(expected, &calendar.zone), "from {}", text(from, &calendar.zone)
        );
    }
}
