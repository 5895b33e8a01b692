//! Finds a constant text in all values of a column at once: the bytes of an Arrow text column lie one after the other,
//! and one pass over them is several times faster than one search for each value.

use arrow::array::{Array as _, BooleanArray, BooleanBufferBuilder, StringArray};

use super::term::{Place, TextTest, boundary};

/// A needle that can be looked for as bytes.
pub(super) struct ColumnSearch<'t> {
    test: &'t TextTest,
    place: Place,
    needle: Vec<u8>,
    ignore_case: bool,
    /// The byte of the needle that is searched for: the one that logs have least of.
    anchor: usize,
}

impl<'t> ColumnSearch<'t> {
    /// `None` for tests that are not searches, and needles beyond ASCII: what equals those without case has other bytes.
    pub(super) fn new(
        test: &'t TextTest,
        place: Place,
        needle: &str,
        ignore_case: bool,
    ) -> Option<Self> {
        let searches = matches!(
            place,
            Place::Contains | Place::Has | Place::HasPrefix | Place::HasSuffix
        );
        if !searches || !needle.is_ascii() {
            return None;
        }
        let commonness = |(_, byte): &(usize, &u8)| commonness(**byte);
        let anchor = needle.as_bytes().iter().enumerate().min_by_key(commonness);
        Some(Self {
            test,
            place,
            needle: needle.as_bytes().to_vec(),
            ignore_case,
            anchor: anchor?.0,
        })
    }

    /// The test of each value; null for null.
    pub(super) fn run(&self, texts: &StringArray) -> BooleanArray {
        let mut found = BooleanBufferBuilder::new(texts.len());
        found.append_n(texts.len(), false);
        let offsets = texts.value_offsets();
        let place = |row: usize| {
            offsets
                .get(row)
                .map_or(0, |at| usize::try_from(*at).unwrap_or(0))
        };
        let bytes = texts.values().as_slice();
        let bytes = bytes.get(..place(texts.len())).unwrap_or_default();
        let mut row = 0;
        let mut from = place(0);
        while let Some(hit) = self.next_anchor(bytes, from) {
            from = hit + 1;
            while row < texts.len() && place(row + 1) <= hit {
                row += 1;
            }
            if row >= texts.len() {
                break;
            }
            if self.holds(texts, row, hit, place(row)) {
                found.set_bit(row, true);
                row += 1;
                from = place(row);
            }
        }
        // Without case, some letters beyond ASCII are the same as letters of the needle.
        if self.ignore_case && !bytes.get(place(0)..).unwrap_or_default().is_ascii() {
            for row in 0..texts.len() {
                if !found.get_bit(row) && !texts.value(row).is_ascii() {
                    found.set_bit(row, self.test.test(texts.value(row)));
                }
            }
        }
        BooleanArray::new(found.finish(), texts.nulls().cloned())
    }

    fn next_anchor(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        let byte = self.needle.get(self.anchor).copied()?;
        let (lower, upper) = (byte.to_ascii_lowercase(), byte.to_ascii_uppercase());
        let found = if self.ignore_case && lower != upper {
            memchr::memchr2(lower, upper, rest)
        } else {
            memchr::memchr(byte, rest)
        };
        found.map(|at| from + at)
    }

    /// Whether the needle stands in a row, as the test wants it, with its anchor here.
    fn holds(&self, texts: &StringArray, row: usize, hit: usize, row_start: usize) -> bool {
        let text = texts.value(row);
        let Some(left) = (hit - row_start).checked_sub(self.anchor) else {
            return false;
        };
        let right = left + self.needle.len();
        let Some(here) = text.as_bytes().get(left..right) else {
            return false;
        };
        let same = if self.ignore_case {
            here.eq_ignore_ascii_case(&self.needle)
        } else {
            here == self.needle
        };
        let begins = matches!(self.place, Place::Has | Place::HasPrefix);
        let ends = matches!(self.place, Place::Has | Place::HasSuffix);
        same && (!begins || boundary(text, left)) && (!ends || boundary(text, right))
    }
}

/// How much of a byte there is in logs, by experience; two letters are searched for where case is ignored.
fn commonness(byte: u8) -> usize {
    const COMMON: &[u8] = b"e0a1tois2nrc3d.l4-5m/8\\7p9 6ufbh:g\"_wvk,=xyjqz";
    let byte = byte.to_ascii_lowercase();
    let rank = COMMON.iter().position(|common| *common == byte);
    rank.map_or(0, |rank| COMMON.len() - rank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn search(place: Place, needle: &str, ignore_case: bool, texts: &StringArray) -> Vec<bool> {
        let test = TextTest::new(place, needle, ignore_case);
        let search = ColumnSearch::new(&test, place, needle, ignore_case).unwrap();
        search.run(texts).values().iter().collect()
    }

    #[test]
    fn a_needle_does_not_reach_into_the_next_value() {
        let texts = StringArray::from(vec!["web", "client web", "", "b client", "webclient"]);
        let found = search(Place::Contains, "bclient", true, &texts);
        assert_eq!(found, [false, false, false, false, true]);
        let sliced = texts.slice(1, 3);
        assert_eq!(
            search(Place::Has, "WEB", true, &sliced),
            [true, false, false]
        );
    }

    #[test]
    fn letters_beyond_ascii_that_fold_to_ascii_are_found() {
        // KELVIN SIGN and LATIN SMALL LETTER LONG S.
        let texts = StringArray::from(vec!["\u{212a}ey", "pa\u{17f}\u{17f}word", "é"]);
        assert_eq!(
            search(Place::Contains, "key", true, &texts),
            [true, false, false]
        );
        assert_eq!(
            search(Place::Contains, "PASS", true, &texts),
            [false, true, false]
        );
        assert_eq!(search(Place::Contains, "key", false, &texts), [false; 3]);
    }

    proptest! {
        #[test]
        fn a_column_gives_what_each_value_gives(
            texts in prop::collection::vec("[aAbBkK. \u{e9}\u{212a}]{0,12}", 0..40),
            needle in "[aAbBkK. ]{1,4}",
            ignore_case: bool,
            from in 0_usize..10,
        ) {
            let array = StringArray::from(texts);
            let from = from.min(array.len());
            let array = array.slice(from, array.len() - from);
            for place in [Place::Contains, Place::Has, Place::HasPrefix, Place::HasSuffix] {
                let test = TextTest::new(place, &needle, ignore_case);
                let each: Vec<bool> = array.iter().flatten().map(|text| test.test(text)).collect();
                prop_assert_eq!(search(place, &needle, ignore_case, &array), each);
            }
        }
    }
}
