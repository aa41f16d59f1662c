//! Named times, in which routes are muted or outside of which they are.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::configuration::file::Times;

/// Times that satisfy everything that is given.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    /// Minutes of the day, the end not included.
    times: Option<Vec<(i32, i32)>>,
    /// 0 is Sunday.
    weekdays: Option<Vec<RangeInclusive<i32>>>,
    /// From 1; negative ones count from the month's end, -1 being its last day.
    days_of_month: Option<Vec<RangeInclusive<i32>>>,
    months: Option<Vec<RangeInclusive<i32>>>,
    years: Option<Vec<RangeInclusive<i32>>>,
    zone: TimeZone,
}

const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl Interval {
    /// Reads it; the error says what is wrong with which text.
    pub fn new(times: &Times) -> Result<Self, String> {
        let zone = match times.location.as_deref() {
            None | Some("" | "UTC") => TimeZone::UTC,
            // The machine's zone, as Go has it.
            Some("Local") => TimeZone::system(),
            Some(name) => TimeZone::get(name)
                .map_err(|_| format!("location {name:?} is no time zone: write for example Europe/Zurich"))?,
        };
        let minutes = |ranges: &Vec<_>| ranges.iter().map(time_range).collect::<Result<Vec<_>, _>>();
        Ok(Self {
            times: times.times.as_ref().map(minutes).transpose()?,
            weekdays: ranges(times.weekdays.as_deref(), weekday)?,
            days_of_month: ranges(times.days_of_month.as_deref(), day_of_month)?,
            months: ranges(times.months.as_deref(), month)?,
            years: ranges(times.years.as_deref(), number)?,
            zone,
        })
    }

    /// Whether `now` is inside.
    pub fn contains(&self, now: Timestamp) -> bool {
        let now = now.to_zoned(self.zone.clone());
        let minute = i32::from(now.hour()) * 60 + i32::from(now.minute());
        let inside = |ranges: &Option<Vec<RangeInclusive<i32>>>, value: i32| {
            ranges.as_ref().is_none_or(|ranges| ranges.iter().any(|range| range.contains(&value)))
        };
        let in_times = self
            .times
            .as_ref()
            .is_none_or(|times| times.iter().any(|(from, to)| (*from..*to).contains(&minute)));
        let last = i32::from(now.days_in_month());
        let in_days = self
            .days_of_month
            .as_ref()
            .is_none_or(|days| days.iter().any(|range| day_inside(range, i32::from(now.day()), last)));
        let weekday = i32::from(now.weekday().to_sunday_zero_offset());
        in_times
            && in_days
            && inside(&self.weekdays, weekday)
            && inside(&self.months, i32::from(now.month()))
            && inside(&self.years, i32::from(now.year()))
    }
}

fn day_inside(range: &RangeInclusive<i32>, day: i32, last: i32) -> bool {
    let of_month = |day: i32| if day < 0 { last + day + 1 } else { day };
    let (from, to) = (of_month(*range.start()), of_month(*range.end()));
    from <= last && (from.max(1)..=to.min(last)).contains(&day)
}

fn ranges(
    texts: Option<&[String]>,
    read: impl Fn(&str) -> Result<RangeInclusive<i32>, String>,
) -> Result<Option<Vec<RangeInclusive<i32>>>, String> {
    texts.map(|texts| texts.iter().map(|text| read(&text.to_lowercase())).collect()).transpose()
}

fn range(
    text: &str,
    member: impl Fn(&str) -> Option<i32>,
    what: &str,
) -> Result<RangeInclusive<i32>, String> {
    let (from, to) = text.split_once(':').unwrap_or((text, text));
    let member =
        |part: &str| member(part.trim()).ok_or_else(|| format!("{part:?} in {text:?} is not {what}"));
    Ok(member(from)?..=member(to)?)
}

fn ordered(range: RangeInclusive<i32>, text: &str) -> Result<RangeInclusive<i32>, String> {
    if range.is_empty() { Err(format!("{text:?} ends before it begins")) } else { Ok(range) }
}

fn weekday(text: &str) -> Result<RangeInclusive<i32>, String> {
    let member = |part: &str| Some(WEEKDAYS.iter().position(|name| *name == part)? as i32);
    ordered(range(text, member, "a day of the week: write for example monday:friday")?, text)
}

fn month(text: &str) -> Result<RangeInclusive<i32>, String> {
    let member = |part: &str| match MONTHS.iter().position(|name| *name == part) {
        Some(index) => Some(index as i32 + 1),
        None => part.parse().ok().filter(|month| (1..=12).contains(month)),
    };
    ordered(range(text, member, "a month: write for example january or 1:3")?, text)
}

fn number(text: &str) -> Result<RangeInclusive<i32>, String> {
    ordered(range(text, |part| part.parse().ok(), "a year")?, text)
}

fn day_of_month(text: &str) -> Result<RangeInclusive<i32>, String> {
    let valid = |day: &i32| *day != 0 && (-31..=31).contains(day);
    let days =
        range(text, |part| part.parse().ok().filter(valid), "a day of the month: 1 to 31, or -1 to -31")?;
    // February is the shortest: what cannot hold there may hold elsewhere, what cannot hold in
    // 28 days of either sign never does.
    let of_shortest = |day: i32| if day < 0 { 28 + day } else { day };
    let (from, to) = (*days.start(), *days.end());
    if from < 0 && to > 0 {
        return Err(format!("{text:?} begins before the month's end and ends after its beginning"));
    }
    if of_shortest(from) > of_shortest(to) { Err(format!("{text:?} is never in a month")) } else { Ok(days) }
}

fn time_range(range: &crate::configuration::file::TimeRange) -> Result<(i32, i32), String> {
    let (from, to) = (minute(&range.start_time)?, minute(&range.end_time)?);
    if from < to {
        return Ok((from, to));
    }
    Err(format!(
        "{} to {} is empty: a range over midnight is written as two, to 24:00 and from 00:00",
        range.start_time, range.end_time
    ))
}

fn minute(text: &str) -> Result<i32, String> {
    let read = || {
        let (hours, minutes) = text.split_once(':')?;
        let two = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !two(hours) || !two(minutes) {
            return None;
        }
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        ((hours < 24 && minutes < 60) || (hours, minutes) == (24, 0)).then_some(hours * 60 + minutes)
    };
    read().ok_or_else(|| format!("{text:?} is no time of the day: write for example 09:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(yaml: &str) -> Result<Interval, String> {
        Interval::new(&serde_saphyr::from_str(yaml).unwrap())
    }

    #[test]
    fn times_inside_and_outside() {
        let office = "{times: [{start_time: '09:00', end_time: '17:00'}], weekdays: ['monday:friday'], location: Europe/Zurich}";
        for (yaml, inside, outside) in [
            (office, "2026-01-05T08:00:00Z", "2026-01-05T16:00:00Z"),
            (office, "2026-07-06T07:00:00Z", "2026-07-04T10:00:00Z"),
            ("{days_of_month: ['-1']}", "2026-02-28T12:00:00Z", "2026-03-28T12:00:00Z"),
            ("{days_of_month: ['29:31']}", "2026-01-30T00:00:00Z", "2026-02-28T00:00:00Z"),
            (
                "{months: ['november:december'], years: ['2026']}",
                "2026-12-31T23:59:00Z",
                "2025-12-01T00:00:00Z",
            ),
            (
                "{times: [{start_time: '23:00', end_time: '24:00'}]}",
                "2026-01-01T23:59:59Z",
                "2026-01-01T00:00:00Z",
            ),
        ] {
            let interval = interval(yaml).unwrap();
            assert!(interval.contains(inside.parse().unwrap()), "{yaml} {inside}");
            assert!(!interval.contains(outside.parse().unwrap()), "{yaml} {outside}");
        }
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (yaml, expected) in [
            ("{weekdays: ['mondey']}", "mondey"),
            ("{weekdays: ['friday:monday']}", "ends before it begins"),
            ("{times: [{start_time: '22:00', end_time: '06:00'}]}", "written as two"),
            ("{times: [{start_time: '9:00', end_time: '17:00'}]}", "no time of the day"),
            ("{days_of_month: ['0']}", "a day of the month"),
            ("{days_of_month: ['-1:5']}", "\"-1:5\""),
            ("{location: Mars/Olympus}", "Mars/Olympus"),
        ] {
            let error = interval(yaml).unwrap_err();
            assert!(error.contains(expected), "{yaml}: {error}");
        }
    }
}
