//! Sets of 64-bit keys, each with the places where it is, in about 16 bits a key, with one wrong
//! "maybe" in a thousand.
//!
//! Of `n` keys each is scaled onto `0..n * 1024`. The lower ten bits are kept as they are, in
//! the order of the scaled keys; the upper part, which grows slowly from 0 to `n`, is kept as the
//! number of keys at each of its values, in unary (Elias-Fano coding). A lookup counts its way
//! to its upper value, 64 at a time, and compares the one or two lower parts there.
//!
//! A place is one of the eight parts of what the set is about. Beside its lower bits a key has a
//! code for the narrowest of sixteen choices of places that has all of its own. Sets of the
//! format's first version have no places: their keys may be at all of them.

/// Bits of a key that are kept beside its rank: an absent key is taken for present once in
/// 2^REMAINDER_BITS lookups.
const REMAINDER_BITS: usize = 10;
const REMAINDERS: u64 = 1 << REMAINDER_BITS;

/// Parts that places tell apart.
pub(crate) const PLACES: usize = 8;
/// A bit for each place.
pub(crate) type Places = u8;
/// All places.
pub(crate) const ANYWHERE: Places = Places::MAX;

/// What a key's code says of its places: one, two that neighbour, four, or all.
const CHOICES: [Places; 16] = [
    0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x03, 0x0c, 0x30, 0xc0, 0x0f, 0x3c, 0xf0, 0xff,
];
const CODE_BITS: usize = 4;

/// Whether the keys of a set have places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Keys,
    KeysWithPlaces,
}

impl Layout {
    /// Bits kept of a key beside its rank.
    fn bits(self) -> usize {
        match self {
            Self::Keys => REMAINDER_BITS,
            Self::KeysWithPlaces => REMAINDER_BITS + CODE_BITS,
        }
    }

    /// Bytes that a set of so many keys takes.
    pub(crate) fn encoded_len(self, count: usize) -> usize {
        ranks_len(count) + (count * self.bits()).div_ceil(8)
    }

    /// Where the key may be: nowhere when the set does not hold it. Bytes of another length than
    /// the count asks for may hold anything.
    pub(crate) fn places(self, bytes: &[u8], count: usize, key: u64) -> Places {
        if count == 0 {
            return 0;
        }
        if bytes.len() != self.encoded_len(count) {
            return ANYWHERE;
        }
        let (ranks, entries) = bytes.split_at(ranks_len(count));
        let value = scale(key, count);
        let (upper, lower) = ((value / REMAINDERS) as usize, value % REMAINDERS);
        let Some(mut place) = after_zeros(ranks, upper) else {
            return 0;
        };
        // Several keys may have the same lower bits.
        let mut found = 0;
        while bit(ranks, place) {
            let entry = get(entries, (place - upper) * self.bits(), self.bits());
            let remainder = entry % REMAINDERS;
            if remainder > lower {
                break;
            }
            if remainder == lower {
                found |= match self {
                    Self::Keys => ANYWHERE,
                    Self::KeysWithPlaces => choice((entry / REMAINDERS) as usize),
                };
            }
            place += 1;
        }
        found
    }
}

fn choice(code: usize) -> Places {
    CHOICES.get(code).copied().unwrap_or(ANYWHERE)
}

/// The narrowest choice that has all of these places.
fn code(places: Places) -> usize {
    let wide_enough = |code: &usize| choice(*code) & places == places;
    let codes = (0..CHOICES.len()).filter(wide_enough);
    codes
        .min_by_key(|code| choice(*code).count_ones())
        .unwrap_or(CHOICES.len() - 1)
}

/// Encodes a set of keys with their places.
pub(crate) fn encode(keys: impl ExactSizeIterator<Item = (u64, Places)>) -> Vec<u8> {
    let layout = Layout::KeysWithPlaces;
    let count = keys.len();
    let scaled = keys.map(|(key, places)| (scale(key, count), code(places)));
    let mut scaled: Vec<(u64, usize)> = scaled.collect();
    scaled.sort_unstable();
    let mut bytes = vec![0; layout.encoded_len(count)];
    let (ranks, entries) = bytes.split_at_mut(ranks_len(count));
    for (at, (value, code)) in scaled.into_iter().enumerate() {
        // Key `at` stands after `at` ones and as many zeros as its upper part says.
        set_bit(ranks, at + (value / REMAINDERS) as usize);
        let entry = value % REMAINDERS + code as u64 * REMAINDERS;
        put(entries, at * layout.bits(), entry);
    }
    bytes
}

fn ranks_len(count: usize) -> usize {
    (count * 2).div_ceil(8)
}

fn scale(key: u64, count: usize) -> u64 {
    ((u128::from(key) * (count as u128 * u128::from(REMAINDERS))) >> 64) as u64
}

/// The place right after so many zeros.
fn after_zeros(bits: &[u8], zeros: usize) -> Option<usize> {
    let mut left = zeros;
    let mut place = 0;
    for chunk in bits.chunks(8) {
        let mut word = [0xff; 8];
        word.get_mut(..chunk.len())?.copy_from_slice(chunk);
        let word = u64::from_le_bytes(word);
        let here = word.count_zeros() as usize;
        if here < left {
            left -= here;
            place += 64;
            continue;
        }
        let mut word = word;
        while left > 0 {
            let ones = word.trailing_ones() as usize;
            place += ones + 1;
            word = if ones < 63 { word >> (ones + 1) } else { 0 };
            left -= 1;
        }
        return Some(place);
    }
    (left == 0).then_some(place)
}

fn bit(bits: &[u8], at: usize) -> bool {
    bits.get(at / 8)
        .is_some_and(|byte| byte >> (at % 8) & 1 == 1)
}

fn set_bit(bits: &mut [u8], at: usize) {
    if let Some(byte) = bits.get_mut(at / 8) {
        *byte |= 1 << (at % 8);
    }
}

/// Up to sixteen bits at a bit position; they lie in three bytes at most.
fn put(bytes: &mut [u8], at: usize, value: u64) {
    let shifted = value << (at % 8);
    for (step, byte) in bytes.iter_mut().skip(at / 8).take(3).enumerate() {
        *byte |= (shifted >> (8 * step)) as u8;
    }
}

fn get(bytes: &[u8], at: usize, bits: usize) -> u64 {
    let mut word = 0;
    for (step, byte) in bytes.iter().skip(at / 8).take(3).enumerate() {
        word |= u64::from(*byte) << (8 * step);
    }
    word >> (at % 8) & ((1 << bits) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{Rng as _, SeedableRng as _};

    const LAYOUT: Layout = Layout::KeysWithPlaces;

    #[test]
    fn absent_keys_are_taken_for_present_once_in_a_thousand() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let keys: Vec<(u64, Places)> = (0..50_000).map(|_| (random.random(), 1)).collect();
        let bytes = encode(keys.iter().copied());
        let tries = 20_000;
        let wrong = (0..tries)
            .filter(|_| LAYOUT.places(&bytes, keys.len(), random.random()) != 0)
            .count();
        assert!(wrong * 1000 < tries * 2, "{wrong} of {tries}");
        assert!(bytes.len() * 8 <= keys.len() * 16 + 16);
    }

    #[test]
    fn a_code_has_all_places_and_few_others() {
        for places in 1..=ANYWHERE {
            assert_eq!(choice(code(places)) & places, places);
        }
        for single in 0..PLACES {
            assert_eq!(choice(code(1 << single)), 1 << single);
        }
        assert_eq!(choice(code(0x30)), 0x30);
        assert_eq!(choice(code(0x18)), 0x3c);
        assert_eq!(choice(code(0x81)), ANYWHERE);
    }

    proptest! {
        #[test]
        fn a_set_holds_its_keys_at_their_places(
            keys in prop::collection::hash_map(any::<u64>(), 1..=ANYWHERE, 0..2000),
        ) {
            let bytes = encode(keys.iter().map(|(key, places)| (*key, *places)));
            prop_assert_eq!(bytes.len(), LAYOUT.encoded_len(keys.len()));
            for (key, places) in &keys {
                let found = LAYOUT.places(&bytes, keys.len(), *key);
                prop_assert_eq!(found & places, *places);
            }
        }

        #[test]
        fn any_bytes_answer(
            bytes in prop::collection::vec(any::<u8>(), 0..600),
            count in 0_usize..300,
            key in any::<u64>(),
        ) {
            LAYOUT.places(&bytes, count, key);
            Layout::Keys.places(&bytes, count, key);
        }
    }
}
