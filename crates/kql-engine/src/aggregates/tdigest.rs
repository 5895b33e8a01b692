//! t-digests: `tdigest`, `tdigest_merge`, and what the functions over their result need.
//!
//! Up to [`EXACT_MAX`] distinct values are kept with their weights, so that percentiles of few values are exact. More
//! are clustered as in Dunning and Ertl, "Computing extremely accurate quantiles using t-digests" (2019), with the scale
//! function k1; the least and the greatest value stay clusters of their own.
//!
//! As a dynamic a digest is `[[kind], [means], [weights]]`, as the reference shows it ("tdigest()").

use std::f64::consts::PI;

use arrow::array::{Array, ArrayRef, AsArray};
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;
use datafusion::scalar::ScalarValue;
use kql::types::Type;
use serde_json::{Value, json};

use super::missing_state;
use crate::values::number::real_to_long;
use crate::values::{Datum, Reader, dynamic};

/// Distinct values that are kept as they are.
const EXACT_MAX: usize = 1024;

/// Values taken in before they are put in order.
const PENDING_MAX: usize = 4 * EXACT_MAX;

/// About the number of clusters.
const COMPRESSION: f64 = 512.0;

/// Ticks of 2010-01-01. Counted from here, datetimes of some decades are whole numbers that a double holds.
const DATETIME_BASE: i64 = 633_979_008_000_000_000;

#[derive(Clone, Copy, Debug)]
struct Cluster {
    mean: f64,
    weight: f64,
}

/// One sketch.
#[derive(Clone, Debug)]
pub(crate) struct Digest {
    /// Long, real, datetime or timespan.
    ty: Type,
    /// By mean, but for those that came since the last [`Self::settle`].
    clusters: Vec<Cluster>,
    settled: bool,
}

impl Digest {
    pub(crate) fn new(ty: Type) -> Self {
        Self {
            ty: match ty {
                Type::DateTime | Type::TimeSpan => ty,
                Type::Int | Type::Long | Type::Bool => Type::Long,
                _ => Type::Real,
            },
            clusters: Vec::new(),
            settled: true,
        }
    }

    /// A value as the digest counts; dynamics as the number they hold. NaN and the infinities are left out.
    fn number(&self, value: &Datum<'_>) -> Option<f64> {
        let number = match value {
            Datum::DateTime(ticks) if self.ty == Type::DateTime => {
                Datum::Long(ticks.checked_sub(DATETIME_BASE)?).as_f64()
            }
            Datum::Dynamic(text) => dynamic::parse(text).as_f64(),
            other => other.as_f64(),
        };
        number.filter(|number| number.is_finite())
    }

    fn add(&mut self, mean: f64, weight: f64) {
        self.clusters.push(Cluster { mean, weight });
        self.settled = false;
        if self.clusters.len() > PENDING_MAX {
            self.settle();
        }
    }

    /// Takes in another digest. One of reals and one of whole numbers are reals together.
    pub(crate) fn merge(&mut self, other: &Self) {
        if self.clusters.is_empty() || (self.ty == Type::Long && other.ty == Type::Real) {
            self.ty = other.ty;
        }
        for cluster in &other.clusters {
            self.add(cluster.mean, cluster.weight);
        }
    }

    /// Puts the clusters in order, one for each distinct mean, and fewer if those are too many.
    pub(crate) fn settle(&mut self) {
        if self.settled {
            return;
        }
        self.clusters
            .sort_unstable_by(|a, b| a.mean.total_cmp(&b.mean));
        self.clusters.dedup_by(|next, kept| {
            // Zero is one value, whatever its sign.
            let same = next.mean <= kept.mean;
            if same {
                kept.weight += next.weight;
            }
            same
        });
        if self.clusters.len() > EXACT_MAX {
            self.clusters = compressed(&self.clusters, self.total());
        }
        self.settled = true;
    }

    fn total(&self) -> f64 {
        self.clusters.iter().map(|cluster| cluster.weight).sum()
    }

    /// The least value that this share of the values does not exceed; null of no values.
    pub(crate) fn percentile(&self, percentage: f64) -> Datum<'static> {
        let rank = percentage.clamp(0.0, 100.0) / 100.0 * self.total();
        // A rank is a whole number, but for what rounding left of it.
        let rank = rank - 1e-9 * rank;
        let mut below = 0.0;
        let mut reaching = self.clusters.iter().filter(|cluster| {
            below += cluster.weight;
            below >= rank
        });
        let Some(found) = reaching.next().or(self.clusters.last()) else {
            return Datum::Null;
        };
        let whole = || real_to_long(found.mean.round()).unwrap_or_default();
        match self.ty {
            Type::DateTime => Datum::DateTime(whole().saturating_add(DATETIME_BASE)),
            Type::TimeSpan => Datum::TimeSpan(whole()),
            Type::Long => Datum::Long(whole()),
            _ => Datum::Real(found.mean),
        }
    }

    /// About how many values are at most this one.
    pub(crate) fn rank(&self, value: &Datum<'_>) -> Option<f64> {
        let value = self.number(value)?;
        let covered = self.clusters.iter().filter(|cluster| cluster.mean <= value);
        Some(covered.map(|cluster| cluster.weight).sum())
    }

    /// The rank in percent of the number of values.
    pub(crate) fn percent_rank(&self, value: &Datum<'_>) -> Option<f64> {
        let total = self.total();
        let rank = self.rank(value)?;
        (total > 0.0).then(|| rank / total * 100.0)
    }

    /// The digest as a dynamic; it must be settled.
    pub(crate) fn to_json(&self) -> Value {
        let number = |value: f64, whole: bool| match real_to_long(value) {
            Some(long) if whole && value.fract() == 0.0 => Value::from(long),
            _ => Value::from(value),
        };
        let kind = match self.ty {
            Type::Long => Value::from(5),
            ty => Value::from(ty.name()),
        };
        let means = self
            .clusters
            .iter()
            .map(|c| number(c.mean, self.ty != Type::Real));
        let weights = self.clusters.iter().map(|c| number(c.weight, true));
        json!([
            [kind],
            means.collect::<Vec<_>>(),
            weights.collect::<Vec<_>>()
        ])
    }

    /// The digest in a dynamic's text. Without weights each value counts once.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let (kind, means, weights) = match value.as_array()?.as_slice() {
            [kind, means] | [kind, means, Value::Null] => (kind, means, None),
            [kind, means, weights] => (kind, means, Some(weights.as_array()?)),
            _ => return None,
        };
        let ty = match kind.as_array()?.as_slice() {
            [Value::Number(_)] => Type::Long,
            [Value::String(name)] => Type::parse(name)?,
            _ => return None,
        };
        let (mut digest, means) = (Self::new(ty), means.as_array()?);
        if weights.is_some_and(|weights| weights.len() != means.len()) {
            return None;
        }
        for (at, mean) in means.iter().enumerate() {
            let weight = match weights {
                Some(weights) => weights.get(at)?.as_f64()?,
                None => 1.0,
            };
            if weight <= 0.0 {
                return None;
            }
            if mean.is_f64() && digest.ty == Type::Long {
                digest.ty = Type::Real;
            }
            digest.add(mean.as_f64()?, weight);
        }
        digest.settle();
        Some(digest)
    }
}

/// Neighbours joined for as long as a cluster's share fits the scale function.
fn compressed(sorted: &[Cluster], total: f64) -> Vec<Cluster> {
    let [first, inner @ .., last] = sorted else {
        return sorted.to_vec();
    };
    let mut out = vec![*first];
    let mut done = first.weight;
    let mut open: Option<Cluster> = None;
    let mut limit = share_limit(done / total);
    for next in inner {
        let joined = open.map_or(0.0, |cluster| cluster.weight) + next.weight;
        match &mut open {
            Some(cluster) if (done + joined) / total <= limit => {
                cluster.mean += (next.mean - cluster.mean) * next.weight / joined;
                cluster.weight = joined;
            }
            Some(cluster) => {
                done += cluster.weight;
                limit = share_limit(done / total);
                out.push(std::mem::replace(cluster, *next));
            }
            None => open = Some(*next),
        }
    }
    out.extend(open);
    out.push(*last);
    out
}

/// Up to which share of all values a cluster may reach that begins at this one.
fn share_limit(share: f64) -> f64 {
    let scale = COMPRESSION / (2.0 * PI);
    let end = scale * (2.0 * share - 1.0).clamp(-1.0, 1.0).asin() + 1.0;
    if end >= COMPRESSION / 4.0 {
        1.0
    } else {
        f64::midpoint((end / scale).sin(), 1.0)
    }
}

#[derive(Debug)]
pub(super) struct TdigestAccumulator {
    /// The value's type and the weight's.
    args: Vec<Type>,
    of_sketches: bool,
    digest: Digest,
}

impl TdigestAccumulator {
    pub(super) fn new(args: Vec<Type>, of_sketches: bool) -> Self {
        let ty = args.first().copied().unwrap_or(Type::Real);
        Self {
            args,
            of_sketches,
            digest: Digest::new(ty),
        }
    }

    fn values(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = values.first().map_or(0, |array| array.len());
        let mut readers = values
            .iter()
            .zip(&self.args)
            .map(|(array, ty)| Reader::new(*ty, array, false));
        let values = readers.next().ok_or_else(missing_state)??;
        let weights = readers.next().transpose()?;
        for row in 0..rows {
            let weight = match &weights {
                Some(weights) => weights.get(row).as_f64().filter(|weight| *weight > 0.0),
                None => Some(1.0),
            };
            if let (Some(number), Some(weight)) = (self.digest.number(&values.get(row)), weight) {
                self.digest.add(number, weight);
            }
        }
        Ok(())
    }

    /// What isn't a digest adds nothing.
    fn sketches(&mut self, values: &[ArrayRef]) -> Result<()> {
        let array = values.first().ok_or_else(missing_state)?;
        for text in array.as_string::<i32>().iter().flatten() {
            if let Some(other) = Digest::parse(text) {
                self.digest.merge(&other);
            }
        }
        Ok(())
    }
}

impl Accumulator for TdigestAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        if self.of_sketches {
            self.sketches(values)
        } else {
            self.values(values)
        }
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.sketches(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    /// No digest of no values: null, as the summarize page has it ("Aggregates default values").
    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.digest.settle();
        let some = !self.digest.clusters.is_empty();
        Ok(ScalarValue::Utf8(
            some.then(|| self.digest.to_json().to_string()),
        ))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.digest.clusters.capacity() * size_of::<Cluster>()
    }
}
