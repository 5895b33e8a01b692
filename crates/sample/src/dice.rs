//! Reproducible choices.
//!
//! One [`Dice`] per purpose: each is a stream of its own of the same seed, so that adding a draw in
//! one part of the generator does not move the draws of another.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &[u8] = b"0123456789abcdef";

/// A deterministic random generator for one purpose.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// Opens the stream `purpose` of `seed`.
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(fnv1a(purpose.as_bytes()));
        Self(rng)
    }

    /// Draws an integer from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high.max(low))
    }

    /// Draws an index below `len`; 0 when `len` is 0.
    pub(crate) fn below(&mut self, len: usize) -> usize {
        self.between(0, len.saturating_sub(1) as i64) as usize
    }

    /// Answers true in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: i64) -> bool {
        self.between(0, 99) < percent
    }

    /// Picks one item of a list that is not empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let index = self.below(items.len());
        &items[index]
    }

    /// Puts the items in a random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last + 1);
            items.swap(last, other);
        }
    }

    /// Draws a random (version 4) GUID.
    pub(crate) fn guid(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.0.random()).into_uuid()
    }

    /// Draws a random GUID as lower-case text.
    pub(crate) fn guid_text(&mut self) -> String {
        self.guid().to_string()
    }

    /// Draws `len` lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, len: usize) -> String {
        self.letters(HEX, len)
    }

    /// Draws `len` characters of the alphabet AWS identifiers use.
    pub(crate) fn base32(&mut self, len: usize) -> String {
        self.letters(BASE32, len)
    }

    fn letters(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len).map(|_| char::from(*self.pick(alphabet))).collect()
    }
}

/// Hashes bytes with 64-bit FNV-1a.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Gives a stable stand-in for the SHA-256 of a program: 64 upper-case hexadecimal digits.
pub(crate) fn file_hash(name: &str) -> String {
    (0..4u8)
        .map(|part| {
            let mut seeded = vec![part];
            seeded.extend_from_slice(name.as_bytes());
            format!(
                "{:016X}",
                fnv1a(&seeded).rotate_left(17) ^ fnv1a(name.as_bytes())
            )
        })
        .collect()
}
