//! Sets of 64-bit keys in about 12 bits a key, with one wrong "maybe" in a thousand.
//!
//! Of `n` keys each is scaled onto `0..n * 1024`. The lower ten bits are kept as they are, in
//! the order of the scaled keys; the upper part, which grows slowly from 0 to `n`, is kept as the
//! number of keys at each of its values, in unary (Elias-Fano coding). A lookup counts its way
//! to its upper value, 64 at a time, and compares the one or two lower parts there.

/// Bits of a key that are kept beside its rank: an absent key is taken for present once in
/// 2^REMAINDER_BITS lookups.
const REMAINDER_BITS: usize = 10;
const REMAINDERS: u64 = 1 << REMAINDER_BITS;

/// Encodes a set.
pub(crate) fn encode(keys: &[u64]) -> Vec<u8> {
    let count = keys.len();
    let mut scaled: Vec<u64> = keys.iter().map(|key| scale(*key, count)).collect();
    scaled.sort_unstable();
    let mut bytes = vec![0; encoded_len(count)];
    let (ranks, remainders) = bytes.split_at_mut(ranks_len(count));
    for (at, value) in scaled.into_iter().enumerate() {
        // Key `at` stands after `at` ones and as many zeros as its upper part says.
        set_bit(ranks, at + (value / REMAINDERS) as usize);
        put(remainders, at * REMAINDER_BITS, value % REMAINDERS);
    }
    bytes
}

/// Bytes that a set of so many keys takes.
pub(crate) fn encoded_len(count: usize) -> usize {
    ranks_len(count) + (count * REMAINDER_BITS).div_ceil(8)
}

fn ranks_len(count: usize) -> usize {
    (count * 2).div_ceil(8)
}

/// Whether the set may hold the key. Bytes of another length than the count asks for hold
/// anything.
pub(crate) fn may_hold(bytes: &[u8], count: usize, key: u64) -> bool {
    if count == 0 {
        return false;
    }
    if bytes.len() != encoded_len(count) {
        return true;
    }
    let (ranks, remainders) = bytes.split_at(ranks_len(count));
    let value = scale(key, count);
    let (upper, lower) = ((value / REMAINDERS) as usize, value % REMAINDERS);
    let Some(mut place) = after_zeros(ranks, upper) else {
        return false;
    };
    while bit(ranks, place) {
        let found = get(remainders, (place - upper) * REMAINDER_BITS);
        if found >= lower {
            return found == lower;
        }
        place += 1;
    }
    false
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

/// Ten bits at a bit position; they lie in two bytes, or in three where they begin late.
fn put(bytes: &mut [u8], at: usize, value: u64) {
    let shifted = value << (at % 8);
    for (step, byte) in bytes.iter_mut().skip(at / 8).take(3).enumerate() {
        *byte |= (shifted >> (8 * step)) as u8;
    }
}

fn get(bytes: &[u8], at: usize) -> u64 {
    let mut word = 0;
    for (step, byte) in bytes.iter().skip(at / 8).take(3).enumerate() {
        word |= u64::from(*byte) << (8 * step);
    }
    word >> (at % 8) & (REMAINDERS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{Rng as _, SeedableRng as _};

    #[test]
    fn absent_keys_are_taken_for_present_once_in_a_thousand() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let keys: Vec<u64> = (0..50_000).map(|_| random.random()).collect();
        let bytes = encode(&keys);
        let tries = 20_000;
        let wrong = (0..tries)
            .filter(|_| may_hold(&bytes, keys.len(), random.random()))
            .count();
        assert!(wrong * 1000 < tries * 2, "{wrong} of {tries}");
        assert!(bytes.len() * 8 <= keys.len() * 12 + 16);
    }

    proptest! {
        #[test]
        fn a_set_holds_its_keys(keys in prop::collection::vec(any::<u64>(), 0..2000)) {
            let bytes = encode(&keys);
            prop_assert_eq!(bytes.len(), encoded_len(keys.len()));
            for key in &keys {
                prop_assert!(may_hold(&bytes, keys.len(), *key));
            }
        }

        #[test]
        fn any_bytes_answer(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            count in 0_usize..300,
            key in any::<u64>(),
        ) {
            may_hold(&bytes, count, key);
        }
    }
}
