//! "Did you mean": the name that was probably meant.

/// The candidate closest to `name`, if it is close enough to be what was meant; of several, the one that begins alike.
#[must_use]
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > 128 {
        return None;
    }
    let wanted: Vec<char> = lower(name).collect();
    let letters = letters(&wanted);
    // A name of one or two characters is near to too many others; only its case may be wrong.
    let mut limit = (wanted.len() / 3).min(4) + 1;
    let mut best: Option<((usize, bool, usize), &str)> = None;
    let (mut other, mut row) = (Vec::new(), Vec::new());
    for candidate in candidates {
        if candidate.len() > 256 {
            continue;
        }
        other.clear();
        other.extend(lower(candidate));
        // Every letter of the name that the other one lacks is an edit: most candidates fall here.
        let missing = letters & !self::letters(&other);
        let apart = (missing.count_ones() as usize).max(wanted.len().abs_diff(other.len()));
        if apart < limit
            && let Some(distance) = distance_below(limit, &wanted, &other, &mut row)
        {
            let key = (distance, candidate == name, shared(name, candidate));
            if best.is_none_or(|(known, _)| key < known) {
                best = Some((key, candidate));
            }
            // As near is still of interest.
            limit = distance + 1;
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The hint at the closest candidate.
pub(super) fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let near = closest(name, candidates)?;
    if near == name {
        return None;
    }
    Some(if near.eq_ignore_ascii_case(name) {
        format!("did you mean `{near}`? upper and lower case matter in names")
    } else {
        format!("did you mean `{near}`?")
    })
}

/// How far two names differ from their first character on; less is nearer.
fn shared(a: &str, b: &str) -> usize {
    let same = a
        .chars()
        .zip(b.chars())
        .take_while(|(x, y)| x.eq_ignore_ascii_case(y));
    usize::MAX - same.count()
}

fn lower(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().map(|c| c.to_ascii_lowercase())
}

/// The set of letters, several letters to a bit.
fn letters(text: &[char]) -> u64 {
    text.iter()
        .fold(0, |set, letter| set | 1 << (*letter as u32 % 64))
}

/// The Levenshtein distance if it is less than `limit`. Only the middle of the table matters for that.
fn distance_below(limit: usize, a: &[char], b: &[char], row: &mut Vec<usize>) -> Option<usize> {
    row.clear();
    row.extend(0..=b.len());
    for (i, ca) in a.iter().enumerate() {
        let from = (i + 1).saturating_sub(limit);
        let to = (i + 1 + limit).min(b.len());
        let mut diagonal = *row.get(from)?;
        // What lies outside of the middle is at least the limit.
        let mut left = if from == 0 { i + 1 } else { limit };
        let mut least = left;
        *row.get_mut(from)? = left;
        for (cell, cb) in row.get_mut(from + 1..=to)?.iter_mut().zip(b.get(from..to)?) {
            let replace = diagonal + usize::from(ca != cb);
            diagonal = *cell;
            left = replace.min(left + 1).min(diagonal + 1);
            *cell = left;
            least = least.min(left);
        }
        if least >= limit {
            return None;
        }
    }
    row.last().copied().filter(|distance| *distance < limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_near_names() {
        assert_eq!(
            closest("AcountName", ["Account", "AccountName", "Zzz"]),
            Some("AccountName")
        );
        assert_eq!(closest("Xyz", ["AccountName"]), None);
    }

    #[test]
    fn of_equally_near_names_the_one_that_begins_alike_is_meant() {
        assert_eq!(closest("strln", ["stdln", "strlen"]), Some("strlen"));
    }

    /// The whole table.
    fn distance(a: &str, b: &str) -> usize {
        let (a, b): (Vec<char>, Vec<char>) = (lower(a).collect(), lower(b).collect());
        let mut above: Vec<usize> = (0..=b.len()).collect();
        for (i, ca) in a.iter().enumerate() {
            let mut row = vec![i + 1];
            for (j, cb) in b.iter().enumerate() {
                let replace = above[j] + usize::from(ca != cb);
                row.push(replace.min(above[j + 1] + 1).min(row[j] + 1));
            }
            above = row;
        }
        above[b.len()]
    }

    #[test]
    fn near_is_what_few_edits_lead_to() {
        let words = [
            "a",
            "ab",
            "ba",
            "abc",
            "account",
            "Acount",
            "AccountName",
            "NameAccount",
            "AcountNam",
            "TimeGenerated",
            "Timegenerated1",
            "TimeStamp",
            "tijmgeneratedd",
            "xTimeGenerated",
            "zürich",
            "zurich",
            "Zürichs",
        ];
        for name in words {
            let limit = (name.chars().count() / 3).min(4);
            for other in words {
                let near = distance(name, other) <= limit;
                assert_eq!(closest(name, [other]).is_some(), near, "{name} {other}");
            }
            let others = words.iter().copied().filter(|word| *word != name);
            let distances = others.clone().map(|word| distance(name, word));
            let least = distances.filter(|distance| *distance <= limit).min();
            assert_eq!(
                closest(name, others).map(|word| distance(name, word)),
                least
            );
        }
    }
}
