//! How wide the windows of a sum are.

/// Bits of the longest magnitude.
const MAX_BITS: usize = 255;
/// Additions that a bucket takes in the end.
const ADDITIONS_OF_A_BUCKET: usize = 2;
/// Widest window: its buckets still fit a core's second cache.
const MAX_WINDOW: usize = 16;

/// How many scalars there are of each bit length.
#[derive(Clone, Debug)]
pub(crate) struct BitLengths([usize; MAX_BITS + 1]);

impl Default for BitLengths {
    fn default() -> Self {
        Self([0; MAX_BITS + 1])
    }
}

impl BitLengths {
    /// Counts scalars with a magnitude of `bits` bits.
    pub(super) fn add(&mut self, bits: usize, count: usize) {
        self.0[bits] += count;
    }

    /// Counts an integer.
    pub(crate) fn add_integer(&mut self, value: i64, count: usize) {
        self.add(
            (u64::BITS - value.unsigned_abs().leading_zeros()) as usize,
            count,
        );
    }

    /// Additions of points that `sums` sums take which have these scalars between them.
    pub(crate) fn additions(&self, sums: usize) -> usize {
        if self.longest() == 0 {
            return 0;
        }
        Window::choose(self, sums).additions(self, sums)
    }

    fn longest(&self) -> usize {
        self.0.iter().rposition(|count| *count > 0).unwrap_or(0)
    }
}

/// The windows of a sum.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) bits: usize,
    pub(super) count: usize,
}

impl Window {
    /// The windows that cost least for `sums` sums which have these scalars between them.
    pub(super) fn choose(lengths: &BitLengths, sums: usize) -> Self {
        let longest = lengths.longest();
        // One window for what one digit can be. More reach less far up than down, but up to a third of the whole range at least: two
        // bits above the scalar.
        let window = |width: usize| Self {
            bits: width,
            count: if longest < width {
                1
            } else {
                (longest + 1) / width + 1
            },
        };
        (2..=MAX_WINDOW)
            .map(window)
            .min_by_key(|window| window.additions(lengths, sums))
            .unwrap_or(window(2))
    }

    /// Buckets of a window, one for each magnitude of a digit.
    pub(super) fn buckets(self) -> usize {
        1 << (self.bits - 1)
    }

    /// A scalar of b < c bits has one digit that is not zero, and one more for each further c bits.
    fn additions(self, lengths: &BitLengths, sums: usize) -> usize {
        let lengths = lengths.0.iter().enumerate().skip(1);
        let digits: usize = lengths
            .map(|(bits, count)| count * (bits / self.bits + 1))
            .sum();
        digits + sums * self.count * ADDITIONS_OF_A_BUCKET * self.buckets()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(lengths: &[(usize, usize)]) -> (usize, usize) {
        let mut all = BitLengths::default();
        for (bits, count) in lengths {
            all.add(*bits, *count);
        }
        let window = Window::choose(&all, 1);
        (window.bits, window.count)
    }

    #[test]
    fn windows_suit_most_scalars() {
        assert_eq!(chosen(&[(9, 100_000)]), (10, 1));
        // A few long ones do not make the windows of the others narrower.
        assert_eq!(chosen(&[(9, 100_000), (20, 100)]), (10, 3));
        assert_eq!(chosen(&[(20, 100_000)]), (11, 2));
        assert_eq!(chosen(&[(254, 1 << 14)]), (11, 24));
        assert_eq!(chosen(&[]), (2, 1));
    }
}
