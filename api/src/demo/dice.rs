//! Chance and identifiers that come out the same on every machine: everything follows from one seed.

use uuid::{Builder, Uuid};

/// Everything in the demonstration follows from this number.
pub(super) const SEED: u64 = 0x6C69_616E_6875_2026;

/// 2026-01-01T00:00:00Z in milliseconds: the first identifier bears it, each later one a millisecond more.
const EPOCH: u64 = 1_767_225_600_000;

/// A source of chance (`SplitMix64`), and of identifiers in the shape of a `UUIDv7`.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
    minted: u64,
}

impl Dice {
    /// All that follows from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed, minted: 0 }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to `limit`, which itself never comes.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let scaled = (u128::from(self.next()) * u128::from(limit)) >> 64;
        usize::try_from(scaled).unwrap_or_default()
    }

    /// A number from `least` to `most`, both of which may come.
    pub fn between(&mut self, least: i32, most: i32) -> i32 {
        let width = usize::try_from(most.saturating_sub(least)).unwrap_or_default() + 1;
        least + i32::try_from(self.below(width)).unwrap_or_default()
    }

    /// True so many times in a thousand.
    pub fn permille(&mut self, share: usize) -> bool {
        self.below(1000) < share
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        *self.one(of)
    }

    /// One of several, where it lies.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// One of several, each as often as its weight says.
    pub fn weighed<T: Copy>(&mut self, of: &[(usize, T)]) -> T {
        let mut at = self.below(of.iter().map(|(weight, _)| weight).sum());
        for &(weight, one) in of {
            if at < weight {
                return one;
            }
            at -= weight;
        }
        of[0].1
    }

    /// One character of a text, the first ones more often than the last.
    pub fn common(&mut self, of: &str) -> char {
        let length = of.chars().count();
        let at = self.below(length).min(self.below(length));
        of.chars().nth(at).unwrap_or_default()
    }

    /// One character of a text.
    pub fn any(&mut self, of: &str) -> char {
        let at = self.below(of.chars().count());
        of.chars().nth(at).unwrap_or_default()
    }

    /// Puts a list into another order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }

    /// Splits a total into so many unequal parts, none of them empty while there is enough.
    pub fn split(&mut self, total: usize, parts: usize) -> Vec<usize> {
        let weights: Vec<usize> = (0..parts).map(|_| 60 + self.below(81)).collect();
        let sum = weights.iter().sum::<usize>().max(1);
        let mut shares: Vec<usize> = weights.iter().map(|weight| total * weight / sum).collect();
        let rest = total - shares.iter().sum::<usize>();
        for share in shares.iter_mut().take(rest) {
            *share += 1;
        }
        shares
    }

    /// The next identifier.
    pub fn id<T: From<Uuid>>(&mut self) -> T {
        let mut tail = [0; 10];
        let bytes = self.next().to_be_bytes();
        tail[..8].copy_from_slice(&bytes);
        tail[8..].copy_from_slice(&self.next().to_be_bytes()[..2]);
        let moment = EPOCH + self.minted;
        self.minted += 1;
        T::from(Builder::from_unix_timestamp_millis(moment, &tail).into_uuid())
    }
}
