//! How many inferences go into each proof of a batch.

use anyhow::{Result, bail};
use tensorseal_model::program::estimated_peak_bytes;
use tensorseal_protocol::powers_for;
use tensorseal_protocol::program::{Arrangement, MAX_INFERENCES, Program};

/// What a proof of a batch must do with.
pub(super) struct Limits<'a> {
    pub(super) program: &'a Program,
    pub(super) committed: &'a [u32],
    /// Powers of tau that are there.
    pub(super) powers: usize,
    /// Bytes for proving.
    pub(super) memory: u64,
}

impl Limits<'_> {
    /// The sizes of the proofs of `inferences` together: the largest that fits, again and again. Columns are as long as those of the
    /// next power of two of inferences, so only such sizes are tried, and what is left.
    pub(super) fn sizes(&self, inferences: usize) -> Result<Vec<usize>> {
        let mut sizes = Vec::new();
        let mut left = inferences;
        let mut greatest = MAX_INFERENCES as usize;
        while left > 0 {
            let tried = left.min(greatest);
            if self.fits(tried) {
                sizes.push(tried);
                left -= tried;
                continue;
            }
            if tried == 1 {
                bail!(
                    "one inference takes {} of memory and {} powers of tau; {} and {} are there: give more with --memory or --srs",
                    crate::terminal::bytes(self.bytes(1).unwrap_or(u64::MAX) as usize),
                    self.powers_needed(1).unwrap_or(usize::MAX),
                    crate::terminal::bytes(self.memory as usize),
                    self.powers
                );
            }
            greatest = tried.next_power_of_two() / 2;
        }
        Ok(sizes)
    }

    /// Bytes that proving takes at the peak, by the estimate, for proofs of these sizes.
    pub(super) fn peak(&self, sizes: &[usize]) -> u64 {
        let each = sizes.iter().filter_map(|size| self.bytes(*size));
        each.max().unwrap_or(0)
    }

    fn arrangement(&self, inferences: usize) -> Arrangement {
        Arrangement {
            inferences: u32::try_from(inferences).ok(),
            committed: self.committed.to_vec(),
        }
    }

    /// Bytes that a proof of so many inferences takes, if the protocol allows it.
    fn bytes(&self, inferences: usize) -> Option<u64> {
        let program = self.program.arranged(&self.arrangement(inferences)).ok()?;
        Some(estimated_peak_bytes(&program))
    }

    fn powers_needed(&self, inferences: usize) -> Option<usize> {
        powers_for(self.program, &self.arrangement(inferences)).ok()
    }

    fn fits(&self, inferences: usize) -> bool {
        let powers = self.powers_needed(inferences);
        let bytes = self.bytes(inferences);
        powers.is_some_and(|needed| needed <= self.powers)
            && bytes.is_some_and(|bytes| bytes <= self.memory)
    }
}
