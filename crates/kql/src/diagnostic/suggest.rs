//! "Did you mean": the name that was probably meant.

/// The candidate closest to `name`, if it is close enough to be what was meant.
#[must_use]
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A name of one or two characters is near to too many others; only its case may be wrong.
    let limit = (name.chars().count() / 3).min(4);
    if name.len() > 128 {
        return None;
    }
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= limit * 4)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, candidate)| {
            (*distance, *candidate == name, shared(name, candidate))
        })
        .map(|(_, candidate)| candidate)
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

/// Levenshtein distance without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().map(|c| c.to_ascii_lowercase()).collect();
    let b: Vec<char> = b.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replace = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
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
}
