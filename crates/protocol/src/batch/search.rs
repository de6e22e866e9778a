//! Which claims of a batch are false?
//!
//! By halving: where a range fails and its left half holds, the right half fails without being decided, and its sums are those of
//! the whole less those of the left. A few false claims cost a few logarithms of decisions. Many would cost twice as many decisions
//! as there are claims, so after some fraction of that the rest is decided claim by claim.

use alloc::vec::Vec;
use core::ops::Range;

use super::{Batch, BatchVerdict};
use crate::backend::Backend;
use crate::curve::{Fr, G1Projective};

/// One decision while halving for so many claims, besides the logarithms that a first false claim takes.
const CLAIMS_FOR_A_DECISION: usize = 8;

pub(super) struct Search<'a, B> {
    batch: &'a Batch,
    weights: &'a [Fr],
    backend: &'a B,
    rejected: Vec<usize>,
    decisions: usize,
    /// Decisions after which halving is given up.
    budget: usize,
}

impl<'a, B: Backend> Search<'a, B> {
    pub(super) fn new(batch: &'a Batch, weights: &'a [Fr], backend: &'a B) -> Self {
        let claims = batch.len();
        let logarithm = claims.checked_ilog2().unwrap_or(0);
        Self {
            batch,
            weights,
            backend,
            rejected: Vec::new(),
            decisions: 0,
            budget: claims / CLAIMS_FOR_A_DECISION
                + 2 * usize::try_from(logarithm).unwrap_or(usize::MAX)
                + 1,
        }
    }

    pub(super) fn run(mut self) -> BatchVerdict {
        let all = 0..self.batch.len();
        let sums = self.sums(all.clone());
        if !self.holds(sums.as_deref()) {
            self.split(all, sums.as_deref());
        }
        BatchVerdict {
            rejected: self.rejected,
            miller_loops: self.batch.slots.len(),
            decisions: self.decisions,
        }
    }

    /// Finds the false claims of a range that does not hold.
    fn split(&mut self, range: Range<usize>, sums: Option<&[G1Projective]>) {
        if range.len() <= 1 {
            self.rejected.extend(range);
            return;
        }
        if self.decisions > self.budget {
            self.one_by_one(range);
            return;
        }
        let middle = range.start.midpoint(range.end);
        let left = self.sums(range.start..middle);
        let right = match (sums, &left) {
            (Some(sums), Some(left)) => Some(sums.iter().zip(left).map(|(a, b)| *a - b).collect()),
            _ => self.sums(middle..range.end),
        };
        let left_holds = self.holds(left.as_deref());
        if !left_holds {
            self.split(range.start..middle, left.as_deref());
        }
        if left_holds || !self.holds(right.as_deref()) {
            self.split(middle..range.end, right.as_deref());
        }
    }

    fn one_by_one(&mut self, range: Range<usize>) {
        for index in range {
            let sums = self.sums(index..index + 1);
            if !self.holds(sums.as_deref()) {
                self.rejected.push(index);
            }
        }
    }

    fn sums(&self, range: Range<usize>) -> Option<Vec<G1Projective>> {
        self.batch.sums(range, self.weights, self.backend)
    }

    fn holds(&mut self, sums: Option<&[G1Projective]>) -> bool {
        self.decisions += 1;
        sums.is_some_and(|sums| self.batch.holds(sums))
    }
}
