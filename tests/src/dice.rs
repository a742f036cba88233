//! Chance that comes out the same for one seed, on every machine.

use uuid::{Builder, Uuid};

/// A source of chance (`SplitMix64`), and of identifiers in the shape of a `UUIDv7`.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
    minted: u64,
}

/// 2026-01-01T00:00:00Z in milliseconds: the first identifier bears it, each later one a millisecond more.
const EPOCH: u64 = 1_767_225_600_000;

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
        usize::try_from(self.next() >> 33).expect("a number") % limit
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// One of several, each as often as its weight says.
    pub fn weighed<T: Copy>(&mut self, of: &[(usize, T)]) -> T {
        let mut at = self.below(of.iter().map(|(weight, _)| weight).sum());
        for (weight, one) in of {
            if at < *weight {
                return *one;
            }
            at -= weight;
        }
        of[0].1
    }

    /// The next identifier.
    pub fn id<T: From<Uuid>>(&mut self) -> T {
        let mut tail = [0; 10];
        tail[..8].copy_from_slice(&self.next().to_be_bytes());
        tail[8..].copy_from_slice(&self.next().to_be_bytes()[..2]);
        let moment = EPOCH + self.minted;
        self.minted += 1;
        T::from(Builder::from_unix_timestamp_millis(moment, &tail).into_uuid())
    }
}
