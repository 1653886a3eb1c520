//! Dates of the proleptic Gregorian calendar: from seconds and back, and as text.
//!
//! The zone of the machine comes from chrono; everything else is worked out here, for any year.

use std::fmt::Write as _;

use chrono::{Local, Offset, TimeZone, Utc};

/// A moment, taken apart. Months and days count from 1, weekdays from Monday as 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub weekday: i64,
    pub day_of_year: i64,
    /// 1, 0, or -1 when it is not known.
    pub is_summer_time: i64,
    /// Seconds east of UTC.
    pub offset: i64,
    pub zone: String,
}

const DAY: i64 = 86_400;
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Days since 1970-01-01. Years are counted from March, so that the leap day comes last.
pub fn days_of_date(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
pub fn date_of_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

fn take_apart(seconds: i64, offset: i64, zone: String) -> Moment {
    let local = seconds.saturating_add(offset);
    let days = local.div_euclid(DAY);
    let rest = local.rem_euclid(DAY);
    let (year, month, day) = date_of_days(days);
    Moment {
        year,
        month,
        day,
        hour: rest / 3600,
        minute: rest / 60 % 60,
        second: rest % 60,
        weekday: (days + 3).rem_euclid(7),
        day_of_year: days - days_of_date(year, 1, 1) + 1,
        is_summer_time: 0,
        offset,
        zone,
    }
}

/// A moment in UTC, from seconds since the epoch.
pub fn universal(seconds: i64) -> Moment {
    take_apart(seconds, 0, "UTC".to_string())
}

/// A moment in the zone of the machine.
pub fn local(seconds: i64) -> Moment {
    let offset = local_offset(seconds);
    let zone = if offset == 0 { "UTC".to_string() } else { offset_name(offset) };
    take_apart(seconds, offset, zone)
}

fn local_offset(seconds: i64) -> i64 {
    match Utc.timestamp_opt(seconds, 0).single() {
        Some(moment) => moment.with_timezone(&Local).offset().fix().local_minus_utc().into(),
        None => 0,
    }
}

fn offset_name(offset: i64) -> String {
    let (sign, size) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
    match size % 3600 {
        0 => format!("{sign}{:02}", size / 3600),
        rest => format!("{sign}{:02}{:02}", size / 3600, rest / 60),
    }
}

/// The name of the zone now.
pub fn local_zone_name() -> String {
    local(Utc::now().timestamp()).zone
}

/// Seconds since the epoch of a moment in the zone of the machine.
pub fn local_seconds(moment: &Moment) -> i64 {
    let days = days_of_date(moment.year, moment.month, moment.day);
    let seconds = days * DAY + moment.hour * 3600 + moment.minute * 60 + moment.second;
    // The offset at the guess is the right one, but close to a change of the clocks.
    let guess = seconds - local_offset(seconds);
    seconds - local_offset(guess)
}

/// The ISO 8601 year and week.
fn iso_week(moment: &Moment) -> (i64, i64) {
    let week = (moment.day_of_year - (moment.weekday + 1) + 10) / 7;
    match week {
        0 => (moment.year - 1, weeks_in_year(moment.year - 1)),
        53 if weeks_in_year(moment.year) == 52 => (moment.year + 1, 1),
        _ => (moment.year, week),
    }
}

fn weeks_in_year(year: i64) -> i64 {
    let last = |year: i64| (days_of_date(year, 12, 31) + 3).rem_euclid(7);
    if last(year) == 3 || last(year - 1) == 2 { 53 } else { 52 }
}

/// A moment as text, after a format of `strftime`. A directive that is not known stays as it is.
pub fn format(moment: &Moment, format: &str) -> String {
    let mut text = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some(directive) => format_directive(moment, directive, &mut text),
            None => text.push('%'),
        }
    }
    text
}

fn format_directive(moment: &Moment, directive: char, text: &mut String) {
    let weekday = WEEKDAYS[moment.weekday.rem_euclid(7) as usize];
    let month = MONTHS[(moment.month - 1).rem_euclid(12) as usize];
    let hour_of_twelve = (moment.hour + 11) % 12 + 1;
    let sunday_based = (moment.weekday + 1) % 7;
    let outcome = match directive {
        'Y' => write!(text, "{}", moment.year),
        'C' => write!(text, "{:02}", moment.year.div_euclid(100)),
        'y' => write!(text, "{:02}", moment.year.rem_euclid(100)),
        'm' => write!(text, "{:02}", moment.month),
        'd' => write!(text, "{:02}", moment.day),
        'e' => write!(text, "{:2}", moment.day),
        'H' => write!(text, "{:02}", moment.hour),
        'I' => write!(text, "{hour_of_twelve:02}"),
        'M' => write!(text, "{:02}", moment.minute),
        'S' => write!(text, "{:02}", moment.second),
        'p' => write!(text, "{}", if moment.hour < 12 { "AM" } else { "PM" }),
        'a' => write!(text, "{}", &weekday[..3]),
        'A' => write!(text, "{weekday}"),
        'b' | 'h' => write!(text, "{}", &month[..3]),
        'B' => write!(text, "{month}"),
        'j' => write!(text, "{:03}", moment.day_of_year),
        'w' => write!(text, "{sunday_based}"),
        'u' => write!(text, "{}", moment.weekday + 1),
        'U' => write!(text, "{:02}", (moment.day_of_year + 6 - sunday_based) / 7),
        'W' => write!(text, "{:02}", (moment.day_of_year + 6 - moment.weekday) / 7),
        'V' => write!(text, "{:02}", iso_week(moment).1),
        'G' => write!(text, "{}", iso_week(moment).0),
        's' => write!(text, "{}", local_seconds(moment)),
        'Z' => write!(text, "{}", moment.zone),
        'z' => {
            let (sign, size) = if moment.offset < 0 { ('-', -moment.offset) } else { ('+', moment.offset) };
            write!(text, "{sign}{:02}{:02}", size / 3600, size / 60 % 60)
        }
        'c' => return text.push_str(&format(moment, "%a %b %e %H:%M:%S %Y")),
        'x' | 'D' => return text.push_str(&format(moment, "%m/%d/%y")),
        'X' | 'T' => return text.push_str(&format(moment, "%H:%M:%S")),
        'R' => return text.push_str(&format(moment, "%H:%M")),
        'r' => return text.push_str(&format(moment, "%I:%M:%S %p")),
        'F' => return text.push_str(&format(moment, "%Y-%m-%d")),
        'n' => writeln!(text),
        't' => write!(text, "\t"),
        '%' => write!(text, "%"),
        other => write!(text, "%{other}"),
    };
    outcome.expect("a String takes all");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_come_back() {
        for days in (-1_000_000..1_000_000).step_by(97) {
            let (year, month, day) = date_of_days(days);
            assert_eq!(days_of_date(year, month, day), days);
        }
        assert_eq!(date_of_days(0), (1970, 1, 1));
        assert_eq!(date_of_days(19_782), (2024, 2, 29));
    }

    #[test]
    fn a_moment_as_text() {
        let moment = universal(1_709_210_096);
        assert_eq!(format(&moment, "%Y-%m-%d %H:%M:%S %a %j %V %U %W"), "2024-02-29 12:34:56 Thu 060 09 08 09");
        assert_eq!(format(&moment, "%c|%x|%I %p|%%|%z"), "Thu Feb 29 12:34:56 2024|02/29/24|12 PM|%|+0000");
    }
}
