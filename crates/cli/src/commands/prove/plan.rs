//! How many inferences go into each proof of a batch.

use anyhow::{Result, anyhow};
use tensorseal_model::program::estimated_peak_bytes;
use tensorseal_protocol::cq::TableContents;
use tensorseal_protocol::powers_for;
use tensorseal_protocol::program::{Arrangement, MAX_INFERENCES, Program, ProgramError};

use crate::terminal::bytes;

/// What a proof of a batch must do with.
pub(super) struct Limits<'a> {
    pub(super) program: &'a Program,
    pub(super) tables: &'a [TableContents],
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
                return Err(self.shortage());
            }
            greatest = tried.next_power_of_two() / 2;
        }
        Ok(sizes)
    }

    /// Bytes that proving takes at the peak, by the estimate, for proofs of these sizes.
    pub(super) fn peak(&self, sizes: &[usize]) -> u64 {
        let each = sizes.iter().filter_map(|size| self.needs(*size).ok());
        each.map(|needs| needs.bytes).max().unwrap_or(0)
    }

    /// What a proof of so many inferences takes, if the protocol allows it.
    fn needs(&self, inferences: usize) -> Result<Needs, ProgramError> {
        let arrangement = Arrangement {
            inferences: u32::try_from(inferences).ok(),
            committed: self.committed.to_vec(),
        };
        let program = self.program.arranged(&arrangement)?;
        Ok(Needs {
            powers: powers_for(self.program, &arrangement)?,
            bytes: estimated_peak_bytes(&program, self.tables),
        })
    }

    fn fits(&self, inferences: usize) -> bool {
        self.needs(inferences)
            .is_ok_and(|needs| needs.powers <= self.powers && needs.bytes <= self.memory)
    }

    /// Why not even a proof of one inference fits.
    fn shortage(&self) -> anyhow::Error {
        match self.needs(1) {
            Err(error) => anyhow::Error::new(error).context("no inference can be proved"),
            Ok(needs) if needs.powers > self.powers => anyhow!(
                "one inference needs {} powers of tau, and {} are there: give a larger setup of the same ceremony with --srs",
                needs.powers,
                self.powers
            ),
            Ok(needs) => anyhow!(
                "one inference takes {} of memory, and {} are there: give more with --memory",
                bytes(needs.bytes as usize),
                bytes(self.memory as usize)
            ),
        }
    }
}

/// What a proof takes.
struct Needs {
    /// Powers of tau.
    powers: usize,
    /// Bytes at the peak, by the estimate.
    bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorseal_protocol::VerifyingKey;

    #[test]
    fn what_falls_short_is_named() {
        let key = include_bytes!("../../../../../tests/vectors/demo/model.vk");
        let key = VerifyingKey::from_bytes(key).unwrap();
        let limits = |powers, memory, committed| Limits {
            program: key.program(),
            tables: &[],
            committed,
            powers,
            memory,
        };
        let words = |limits: Limits<'_>| format!("{:#}", limits.sizes(3).unwrap_err());
        assert!(limits(1 << 20, 1 << 40, &[]).sizes(3).is_ok());
        let too_few = words(limits(100, 1 << 40, &[]));
        assert!(
            too_few.contains("and 100 are there") && too_few.contains("--srs"),
            "{too_few}"
        );
        assert!(!too_few.contains("memory"), "{too_few}");
        let too_little = words(limits(1 << 20, 100, &[]));
        assert!(
            too_little.contains("and 100 bytes are there") && too_little.contains("--memory"),
            "{too_little}"
        );
        // No tensor has this number.
        let not_allowed = words(limits(1 << 20, 1 << 40, &[77]));
        assert!(
            not_allowed.contains("no inference can be proved: "),
            "{not_allowed}"
        );
    }
}
