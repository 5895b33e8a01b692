//! Times without a year or a zone.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::DecodeContext;

/// The instant of a local time with its year, in `zone` or else the source's.
pub(crate) fn resolve(
    civil: DateTime,
    zone: Option<&TimeZone>,
    ctx: &DecodeContext<'_>,
) -> Option<Timestamp> {
    fixed(civil, zone, ctx)
}

/// The instant of a local time. A time that the clock shows twice (the end of daylight saving)
/// is the one nearer to the receipt; one that it never shows (the start) counts on as if the
/// clock had not been moved yet.
pub(crate) fn fixed(
    civil: DateTime,
    zone: Option<&TimeZone>,
    ctx: &DecodeContext<'_>,
) -> Option<Timestamp> {
    let zone = zone.unwrap_or(&ctx.zone);
    let ambiguous = zone.to_ambiguous_timestamp(civil);
    match ambiguous.offset() {
        AmbiguousOffset::Fold { .. } => {
            let earlier = ambiguous.earlier().ok()?;
            let later = ambiguous.later().ok()?;
            Some(if distance(earlier, ctx) <= distance(later, ctx) {
                earlier
            } else {
                later
            })
        }
        _ => ambiguous.compatible().ok(),
    }
}

/// The same when the year is missing: of last year, this year and next year, as the source's zone
/// counts at the receipt, the one that puts the instant nearest to the receipt. A leap day finds a
/// leap year up to four years off.
pub(crate) fn nearest_year(
    civil: DateTime,
    zone: Option<&TimeZone>,
    ctx: &DecodeContext<'_>,
) -> Option<Timestamp> {
    let year = zone.unwrap_or(&ctx.zone).to_datetime(ctx.received).year();
    (year.saturating_sub(4)..=year.saturating_add(4))
        .filter_map(|year| civil.with().year(year).build().ok())
        .filter_map(|civil| fixed(civil, zone, ctx))
        .min_by_key(|at| distance(*at, ctx))
}

fn distance(at: Timestamp, ctx: &DecodeContext<'_>) -> i64 {
    at.as_second()
        .abs_diff(ctx.received.as_second())
        .try_into()
        .unwrap_or(i64::MAX)
}
