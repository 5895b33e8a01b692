//! Which incidents an alert may join, and why.

use jiff::Timestamp;
use schema::Alert;
use sqlx::Row;

use super::keys::hub_limit;
use super::resolve::ResolvedEntity;
use super::rule;
use crate::case::Incident;
use crate::case::alert_record::{self, AlertRecord};
use crate::store::{Conn, micros};
use crate::{Result, Settings};

/// Most incidents looked at for one key or rule, newest first.
const LOOKED_AT_MAX: i64 = 500;

/// Scope of incidents that Watchfloor groups by shared entities.
pub(crate) const DEFAULT_SCOPE: &str = "default";

/// Whether two spans of time lie within `window_seconds` of each other.
pub(crate) fn within_window(
    a: (Timestamp, Timestamp),
    b: (Timestamp, Timestamp),
    window_seconds: i64,
) -> bool {
    let window = window_seconds.saturating_mul(1_000_000);
    micros(a.0).saturating_sub(micros(b.1)) <= window
        && micros(b.0).saturating_sub(micros(a.1)) <= window
}

/// Removes keys that became hubs: seen with too many different accounts within the window.
pub(crate) async fn drop_hubs(
    conn: &mut Conn,
    settings: &Settings,
    alert: &Alert,
    resolved: &mut [ResolvedEntity],
) -> Result<()> {
    let window = settings.window_seconds.saturating_mul(1_000_000);
    let from = micros(alert.start_at).saturating_sub(window);
    let to = micros(alert.end_at).saturating_add(window);
    for entity in resolved {
        let mut kept = Vec::with_capacity(entity.link.len());
        for key in std::mem::take(&mut entity.link) {
            let Some(limit) = hub_limit(&key) else {
                kept.push(key);
                continue;
            };
            let row = sqlx::query(
                "SELECT COUNT(DISTINCT a.key) AS n FROM alert_keys k
                 JOIN alert_keys a ON a.alert_id = k.alert_id AND a.actor
                 WHERE k.key = $1 AND k.end_at >= $2 AND k.start_at <= $3 AND k.alert_id <> $4",
            )
            .bind(&key)
            .bind(from)
            .bind(to)
            .bind(alert.id.to_string())
            .fetch_one(&mut *conn)
            .await?;
            let seen: i64 = row.try_get("n")?;
            if seen < limit {
                kept.push(key);
            } else {
                entity.note = Some(format!(
                    "seen with {seen} accounts within the window: too common to link"
                ));
            }
        }
        entity.link = kept;
    }
    Ok(())
}

/// Open incidents of the default grouping that share one of `keys` and lie within the window of
/// `span`, other than `except`, with the first shared key. Full ones are left out.
pub(crate) async fn sharing(
    conn: &mut Conn,
    settings: &Settings,
    keys: &[String],
    span: (Timestamp, Timestamp),
    except: Option<i64>,
) -> Result<Vec<(Incident, String)>> {
    let mut found: Vec<(Incident, String)> = Vec::new();
    for key in keys {
        let rows = sqlx::query(
            "SELECT i.* FROM incidents i WHERE i.status <> 'Closed' AND i.grouping_scope = $1
             AND i.merged_into IS NULL
             AND i.number IN (SELECT DISTINCT incident FROM alert_keys WHERE key = $2)
             ORDER BY i.number DESC LIMIT $3",
        )
        .bind(DEFAULT_SCOPE)
        .bind(key)
        .bind(LOOKED_AT_MAX)
        .fetch_all(&mut *conn)
        .await?;
        for row in &rows {
            let incident = Incident::from_row(row)?;
            let is_other = except != Some(incident.number)
                && !found
                    .iter()
                    .any(|(known, _)| known.number == incident.number);
            let its_span = (incident.first_activity_at, incident.last_activity_at);
            if is_other
                && incident.alert_count < settings.alerts_max
                && within_window(span, its_span, settings.window_seconds)
            {
                found.push((incident, key.clone()));
            }
        }
    }
    // One that a person works on first, then the oldest.
    found.sort_by_key(|(incident, _)| (incident.marks.acknowledged.is_none(), incident.number));
    Ok(found)
}

/// The incident that an alert joins under its rule's own grouping; a closed one comes back when the
/// rule reopens, and the caller opens it again.
pub(crate) async fn by_rule(
    conn: &mut Conn,
    settings: &Settings,
    alert: &Alert,
    scope: &str,
) -> Result<Option<Incident>> {
    let Some(matching) = alert.grouping.matching else {
        return Ok(None);
    };
    let rows = sqlx::query(
        "SELECT * FROM incidents WHERE grouping_scope = $1 AND merged_into IS NULL
         AND alert_count < $2 ORDER BY number DESC LIMIT $3",
    )
    .bind(scope)
    .bind(settings.alerts_max)
    .bind(LOOKED_AT_MAX)
    .fetch_all(&mut *conn)
    .await?;
    let lookback = i64::try_from(alert.grouping.lookback_seconds).unwrap_or(i64::MAX);
    for row in &rows {
        let incident = Incident::from_row(row)?;
        if !incident.status.is_open() && !alert.grouping.reopen_closed {
            continue;
        }
        // Its alerts match each other, so the first stands for all.
        let first = alert_record::first_of_incident(conn, incident.number).await?;
        let Some(first) = first else { continue };
        let created = (alert.created_at, alert.created_at);
        let since = (first.alert.created_at, first.alert.created_at);
        if within_window(created, since, lookback) && rule::matches(alert, &first.alert, matching) {
            return Ok(Some(incident));
        }
    }
    Ok(None)
}

/// Says in words why an alert belongs to an incident: which entity both name, or which identity
/// stands behind two different ones.
pub(crate) async fn reason(
    conn: &mut Conn,
    alert: &AlertRecord,
    target: i64,
    shared_key: &str,
) -> Result<String> {
    let row = sqlx::query(
        "SELECT a.* FROM alert_keys k JOIN alerts a ON a.id = k.alert_id
         WHERE k.key = $1 AND k.incident = $2 AND k.alert_id <> $3
         ORDER BY a.created_at, a.id LIMIT 1",
    )
    .bind(shared_key)
    .bind(target)
    .bind(alert.alert.id.to_string())
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else {
        return Ok(format!("shares `{shared_key}`"));
    };
    let other = AlertRecord::from_row(&row)?;
    let find = |record: &AlertRecord| {
        record
            .entities()
            .find(|(_, resolved)| resolved.link.iter().any(|key| key == shared_key))
            .map(|(entity, resolved)| (entity.kind, entity.label(), resolved.clone()))
    };
    let name = &other.alert.name;
    Ok(match (find(alert), find(&other)) {
        (Some((kind, mine, resolved)), Some((_, theirs, _))) if mine == theirs => {
            let kind = kind.json_type();
            match resolved.identity {
                Some(identity) if identity.label != mine => {
                    format!(
                        "same {kind} `{mine}` ({}) as alert \"{name}\"",
                        identity.label
                    )
                }
                _ => format!("same {kind} `{mine}` as alert \"{name}\""),
            }
        }
        (Some((_, mine, resolved)), Some((_, theirs, _))) => {
            match (resolved.identity, resolved.asset) {
                (Some(identity), _) => format!(
                    "`{mine}` and `{theirs}` of alert \"{name}\" are one identity, {}, by the identity table",
                    identity.label
                ),
                (None, Some(asset)) => format!(
                    "`{mine}` and `{theirs}` of alert \"{name}\" are one asset, {}, by the asset table",
                    asset.name
                ),
                (None, None) => {
                    format!("`{mine}` and `{theirs}` of alert \"{name}\" have the same identifier")
                }
            }
        }
        _ => format!("same rule about the same entities as alert \"{name}\""),
    })
}

/// Linking keys of an incident.
pub(crate) async fn keys_of(conn: &mut Conn, number: i64) -> Result<Vec<String>> {
    let rows = sqlx::query("SELECT DISTINCT key FROM alert_keys WHERE incident = $1 ORDER BY key")
        .bind(number)
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| Ok(row.try_get("key")?)).collect()
}

/// Whether a person took the two apart.
pub(crate) async fn are_separated(conn: &mut Conn, a: i64, b: i64) -> Result<bool> {
    let row = sqlx::query("SELECT 1 AS one FROM separations WHERE low = $1 AND high = $2")
        .bind(a.min(b))
        .bind(a.max(b))
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}
