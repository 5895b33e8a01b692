//! Date and time functions over ticks.

use kql::types::Type;

use super::regex_fn::{long, text};
use super::{Call, Kernel, lenient, strict};
use crate::values::timespan::{DAY, HOUR, MINUTE, SECOND};
use crate::values::{Datum, convert, datetime, number};

pub(super) const KERNELS: &[Kernel] = &[
    lenient(&["datetime_list_timezones"], |_, _| {
        let mut names: Vec<String> = jiff::tz::db().available().map(|n| n.to_string()).collect();
        names.sort_unstable();
        super::array::json(names.into_iter().map(serde_json::Value::from).collect())
    }),
    strict(&["startofday"], |_, args| start(args, "day", false)),
    strict(&["startofweek"], |_, args| start(args, "week", false)),
    strict(&["startofmonth"], |_, args| start(args, "month", false)),
    strict(&["startofyear"], |_, args| start(args, "year", false)),
    strict(&["endofday"], |_, args| start(args, "day", true)),
    strict(&["endofweek"], |_, args| start(args, "week", true)),
    strict(&["endofmonth"], |_, args| start(args, "month", true)),
    strict(&["endofyear"], |_, args| start(args, "year", true)),
    strict(&["dayofweek"], |_, args| {
        Datum::TimeSpan(datetime::weekday(ticks(args)) * DAY)
    }),
    strict(&["dayofmonth"], |_, args| {
        int(datetime::civil(ticks(args)).day)
    }),
    strict(&["dayofyear"], |_, args| int(day_of_year(ticks(args)))),
    strict(&["hourofday"], |_, args| {
        int(datetime::civil(ticks(args)).time / HOUR)
    }),
    strict(&["monthofyear", "getmonth"], |_, args| {
        int(datetime::civil(ticks(args)).month)
    }),
    strict(&["getyear"], |_, args| {
        int(datetime::civil(ticks(args)).year)
    }),
    strict(&["weekofyear", "week_of_year"], |_, args| {
        Datum::Long(iso_week(ticks(args)))
    }),
    strict(&["datetime_part", "datepart"], part),
    strict(&["datetime_add"], add),
    strict(&["datetime_diff"], diff),
    strict(&["make_datetime"], make_datetime),
    strict(&["make_timespan"], make_timespan),
    strict(&["format_datetime"], |_, args| {
        Datum::string(format_datetime(ticks(args), text(args, 1)))
    }),
    strict(&["format_timespan"], |_, args| {
        Datum::string(format_timespan(ticks(args), text(args, 1)))
    }),
    strict(&["unixtime_seconds_todatetime"], |_, args| {
        from_unix(args, 10_000_000.0)
    }),
    strict(&["unixtime_milliseconds_todatetime"], |_, args| {
        from_unix(args, 10_000.0)
    }),
    strict(&["unixtime_microseconds_todatetime"], |_, args| {
        from_unix(args, 10.0)
    }),
    strict(&["unixtime_nanoseconds_todatetime"], |_, args| {
        from_unix(args, 0.01)
    }),
    strict(&["datetime_utc_to_local"], |_, args| zoned(args, true)),
    strict(&["datetime_local_to_utc"], |_, args| zoned(args, false)),
    strict(&["op:dt_add"], |_, args| shift(args, 1)),
    strict(&["op:dt_sub"], |_, args| shift(args, -1)),
    lenient(&["ingestion_time"], |_, _| Datum::Null),
];

fn ticks(args: &[Datum<'_>]) -> i64 {
    args.first().and_then(Datum::as_i64).unwrap_or(0)
}

fn int(value: i64) -> Datum<'static> {
    i32::try_from(value).map_or(Datum::Null, Datum::Int)
}

fn instant(value: Option<i64>) -> Datum<'static> {
    value
        .and_then(datetime::checked)
        .map_or(Datum::Null, Datum::DateTime)
}

/// datetime ± timespan; null outside of the years 1 to 9999.
fn shift<'a>(args: &[Datum<'a>], sign: i64) -> Datum<'a> {
    let span = args
        .get(1)
        .and_then(Datum::as_i64)
        .and_then(|v| v.checked_mul(sign));
    instant(span.and_then(|span| ticks(args).checked_add(span)))
}

fn add_months(at: i64, months: i64) -> Option<i64> {
    let c = datetime::civil(at);
    let total = c
        .year
        .checked_mul(12)?
        .checked_add(c.month - 1)?
        .checked_add(months)?;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    datetime::from_fields(
        year,
        month,
        c.day.min(datetime::days_in_month(year, month)),
        c.time,
    )
}

/// The start of the period `offset` periods away (second argument); its last tick for `endof...`.
fn start<'a>(args: &[Datum<'a>], period: &str, end: bool) -> Datum<'a> {
    let at = ticks(args);
    let offset = long(args, 1).unwrap_or(0);
    let c = datetime::civil(at);
    let day = at - c.time;
    let of = |n: i64| -> Option<i64> {
        match period {
            "day" => day.checked_add(n.checked_mul(DAY)?),
            "week" => (day - datetime::weekday(at) * DAY).checked_add(n.checked_mul(7 * DAY)?),
            "month" => add_months(datetime::from_fields(c.year, c.month, 1, 0)?, n),
            _ => datetime::from_fields(c.year.checked_add(n)?, 1, 1, 0),
        }
    };
    if end {
        // The year 9999 has no next period: its end is the greatest datetime.
        let next = offset.checked_add(1).and_then(of);
        return instant(Some(
            next.map_or(datetime::MAX, |next| next.saturating_sub(1)),
        ));
    }
    // A week that starts before year 1 is cut at the least datetime.
    instant(of(offset).map(|v| v.max(0)))
}

fn day_of_year(at: i64) -> i64 {
    let c = datetime::civil(at);
    datetime::days_from_civil(c.year, c.month, c.day) - datetime::days_from_civil(c.year, 1, 1) + 1
}

fn iso_week(at: i64) -> i64 {
    let monday_based = (datetime::weekday(at) + 6) % 7;
    let thursday = at + (3 - monday_based) * DAY;
    (day_of_year(thursday.clamp(0, datetime::MAX)) - 1) / 7 + 1
}

fn part<'a>(call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let Some(at) = long(args, 1) else {
        return Datum::Null;
    };
    let c = datetime::civil(at);
    let value = match text(args, 0).to_ascii_lowercase().as_str() {
        "year" => c.year,
        "quarter" => (c.month - 1) / 3 + 1,
        "month" => c.month,
        "week_of_year" | "weekofyear" => iso_week(at),
        "day" => c.day,
        "dayofyear" => day_of_year(at),
        "hour" => c.time / HOUR,
        "minute" => c.time % HOUR / MINUTE,
        "second" => c.time % MINUTE / SECOND,
        "millisecond" => c.time % SECOND / 10_000,
        "microsecond" => c.time % SECOND / 10,
        "nanosecond" => c.time % SECOND * 100,
        _ => return Datum::Null,
    };
    super::math::typed(call.ret, value)
}

/// Ticks of the fixed-length periods.
fn fixed_period(name: &str) -> Option<i64> {
    Some(match name {
        "week" => 7 * DAY,
        "day" => DAY,
        "hour" => HOUR,
        "minute" => MINUTE,
        "second" => SECOND,
        "millisecond" => 10_000,
        "microsecond" => 10,
        _ => return None,
    })
}

fn add<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let (Some(amount), Some(at)) = (long(args, 1), long(args, 2)) else {
        return Datum::Null;
    };
    let period = text(args, 0).to_ascii_lowercase();
    instant(match period.as_str() {
        "year" => amount.checked_mul(12).and_then(|n| add_months(at, n)),
        "quarter" => amount.checked_mul(3).and_then(|n| add_months(at, n)),
        "month" => add_months(at, amount),
        "nanosecond" => at.checked_add(amount / 100),
        other => fixed_period(other)
            .and_then(|unit| amount.checked_mul(unit))
            .and_then(|n| at.checked_add(n)),
    })
}

/// Counts the period boundaries between two instants (first minus second).
fn diff<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let (Some(a), Some(b)) = (long(args, 1), long(args, 2)) else {
        return Datum::Null;
    };
    let (ca, cb) = (datetime::civil(a), datetime::civil(b));
    let period = text(args, 0).to_ascii_lowercase();
    let value = match period.as_str() {
        "year" => ca.year - cb.year,
        "quarter" => (ca.year * 4 + (ca.month - 1) / 3) - (cb.year * 4 + (cb.month - 1) / 3),
        "month" => (ca.year * 12 + ca.month) - (cb.year * 12 + cb.month),
        // Weeks begin on Sunday; 0001-01-01 was a Monday.
        "week" => (a + DAY).div_euclid(7 * DAY) - (b + DAY).div_euclid(7 * DAY),
        "nanosecond" => match (a - b).checked_mul(100) {
            Some(v) => v,
            None => return Datum::Null,
        },
        other => match fixed_period(other) {
            Some(unit) => a.div_euclid(unit) - b.div_euclid(unit),
            None => return Datum::Null,
        },
    };
    Datum::Long(value)
}

fn clock(hour: i64, minute: i64, second: f64) -> Option<i64> {
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0.0..60.0).contains(&second) {
        return None;
    }
    #[allow(clippy::cast_precision_loss)]
    let seconds = number::real_to_long((second * SECOND as f64).round())?;
    Some(hour * HOUR + minute * MINUTE + seconds)
}

fn make_datetime<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    if args.len() < 3 {
        return args
            .first()
            .map_or(Datum::Null, |value| convert::to_type(value, Type::DateTime));
    }
    let field = |idx: usize| long(args, idx);
    let second = args.get(5).and_then(Datum::as_f64).unwrap_or(0.0);
    let time = clock(field(3).unwrap_or(0), field(4).unwrap_or(0), second);
    instant(match (field(0), field(1), field(2), time) {
        (Some(y), Some(m), Some(d), Some(time)) => datetime::from_fields(y, m, d, time),
        _ => None,
    })
}

fn make_timespan<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let n = |idx: usize| long(args, idx).unwrap_or(0);
    let last = args.last().and_then(Datum::as_f64).unwrap_or(0.0);
    let ticks = match args.len() {
        1 => {
            return args
                .first()
                .map_or(Datum::Null, |value| convert::to_type(value, Type::TimeSpan));
        }
        2 => clock(n(0), n(1), 0.0),
        3 => clock(n(0), n(1), last),
        _ => clock(n(1), n(2), last).and_then(|t| n(0).checked_mul(DAY)?.checked_add(t)),
    };
    ticks.map_or(Datum::Null, Datum::TimeSpan)
}

fn from_unix<'a>(args: &[Datum<'a>], unit: f64) -> Datum<'a> {
    if let Some(value) = args.first().and_then(Datum::as_i64) {
        #[allow(clippy::cast_possible_truncation)]
        let scaled = if unit < 1.0 {
            Some(value / 100)
        } else {
            value.checked_mul(unit as i64)
        };
        return instant(scaled.and_then(|v| v.checked_add(datetime::UNIX_EPOCH)));
    }
    let scaled = args
        .first()
        .and_then(Datum::as_f64)
        .and_then(|v| number::real_to_long((v * unit).round()));
    instant(scaled.and_then(|v| v.checked_add(datetime::UNIX_EPOCH)))
}

fn zoned<'a>(args: &[Datum<'a>], to_local: bool) -> Datum<'a> {
    let at = ticks(args);
    let Ok(zone) = jiff::tz::TimeZone::get(text(args, 1)) else {
        return Datum::Null;
    };
    let unix_seconds = (at - datetime::UNIX_EPOCH).div_euclid(SECOND);
    let Ok(stamp) = jiff::Timestamp::from_second(unix_seconds) else {
        return Datum::Null;
    };
    let shift = if to_local {
        i64::from(zone.to_offset(stamp).seconds())
    } else {
        // The wall clock read as if it were UTC, resolved in the zone. A time that the clock skips is read with the
        // offset after the skip, one that it shows twice with the offset before.
        let wall = stamp.to_zoned(jiff::tz::TimeZone::UTC).datetime();
        match zone.to_ambiguous_zoned(wall).earlier() {
            Ok(zoned) => zoned.timestamp().as_second() - unix_seconds,
            Err(_) => return Datum::Null,
        }
    };
    instant(at.checked_add(shift * SECOND))
}

/// A run of one format letter and its length, or a literal.
fn format_pieces(format: &str, mut emit: impl FnMut(char, usize, &mut String)) -> String {
    let chars: Vec<char> = format.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let run = chars.iter().skip(at).take_while(|x| **x == c).count();
        emit(c, run, &mut out);
        at += run;
    }
    out
}

fn format_datetime(at: i64, format: &str) -> String {
    let c = datetime::civil(at);
    let pad = |v: i64, width: usize| format!("{v:0width$}");
    format_pieces(format, |letter, run, out| {
        let hour12 = if c.time / HOUR % 12 == 0 {
            12
        } else {
            c.time / HOUR % 12
        };
        out.push_str(&match letter {
            'y' => pad(if run <= 2 { c.year % 100 } else { c.year }, run),
            'M' if run == 3 => datetime::month_name(c.month).chars().take(3).collect(),
            'M' if run > 3 => datetime::month_name(c.month).to_owned(),
            'M' => pad(c.month, run),
            'd' => pad(c.day, run),
            'H' => pad(c.time / HOUR, run),
            'h' => pad(hour12, run),
            'm' => pad(c.time % HOUR / MINUTE, run),
            's' => pad(c.time % MINUTE / SECOND, run),
            'f' | 'F' => fraction(c.time % SECOND, run, letter == 'F'),
            't' => if c.time / HOUR < 12 { "AM" } else { "PM" }.to_owned(),
            other => std::iter::repeat_n(other, run).collect(),
        });
    })
}

fn fraction(ticks: i64, run: usize, trim: bool) -> String {
    let seven = format!("{ticks:07}");
    let text = seven.get(..run.min(7)).unwrap_or("");
    if trim {
        text.trim_end_matches('0')
    } else {
        text
    }
    .to_owned()
}

fn format_timespan(ticks: i64, format: &str) -> String {
    let t = i64::try_from(ticks.unsigned_abs()).unwrap_or(i64::MAX);
    let sign = if ticks < 0 { "-" } else { "" };
    let body = format_pieces(format, |letter, run, out| {
        out.push_str(&match letter {
            'd' => format!("{:0run$}", t / DAY),
            'H' | 'h' => format!("{:0run$}", t % DAY / HOUR),
            'm' => format!("{:0run$}", t % HOUR / MINUTE),
            's' => format!("{:0run$}", t % MINUTE / SECOND),
            'f' | 'F' => fraction(t % SECOND, run, letter == 'F'),
            other => std::iter::repeat_n(other, run).collect(),
        });
    });
    format!("{sign}{body}")
}
