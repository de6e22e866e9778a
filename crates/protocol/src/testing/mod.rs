//! What the unit tests of this crate share.

mod arbitrary;
pub(crate) mod builder;
mod cheat;
mod general;
mod network;
mod plain;
mod replay;

pub(crate) use arbitrary::arbitrary;
pub(crate) use cheat::{
    Cheat, NoGroups, argument_under_fixed_challenges, dev, prove_falsely, prove_falsely_with,
};
pub(crate) use general::{convolutional, general};
pub(crate) use network::{
    IDENTITY, Network, Small, TestLayer, cached, cached_columns, keys, keys_under, networks,
};
pub(crate) use plain::infer_with_padding;
pub(crate) use replay::Replay;

use alloc::vec::Vec;

use crate::curve::Fr;
use crate::random::DeterministicRandom;
use crate::transcript::{Lambda, Transcript};

/// The cells of a network, unless an accumulator leaves the table.
pub(crate) fn infer(network: &Network) -> Option<Vec<Vec<crate::witness::Cell>>> {
    plain::infer(network, &|_, _, _| ())
}

/// `count` scalars that depend on the seed alone.
pub(crate) fn scalars(count: usize, seed: u64) -> Vec<Fr> {
    let mut transcript = Transcript::frozen(seed);
    transcript
        .challenges::<Lambda>(count)
        .iter()
        .map(|scalar| scalar.0)
        .collect()
}

/// A generator for tests.
pub(crate) fn random(seed: u8) -> DeterministicRandom {
    DeterministicRandom::new([seed; 32])
}
