//! Two networks with everything that a program can describe.

use super::builder::{Builder, IDENTITY, LIMB_1, LIMB_2, RELU, map, structural};
use super::network::Network;
use crate::program::{AxisMap, Tensor};

const ONE: AxisMap = AxisMap::IDENTITY;

/// Two position axes, stride, dilation and padding, layers of several terms, tensors in several blocks of several lanes, among them
/// one whose channel axis is cut. At n = 2^8, where C = n, or above.
pub(crate) fn general(log_rows: u32) -> Network {
    let mut builder = Builder::new(4, 24, 1);
    builder.placed(&[5, 6], 3, IDENTITY, &[(0, 128), (1, 128), (2, 0), (2, 64)]);
    builder.placed(&[3, 6], 5, RELU, &[(0, 0), (1, 0)]);
    builder.placed(&[3, 6], 2, IDENTITY, &[(2, 128)]);
    let cut = [(0, 192), (1, 192), (2, 192), (0, 208)];
    builder.placed(&[1, 1], 40, RELU, &cut);
    builder.placed(&[1, 1], 3, IDENTITY, &[(1, 208)]);
    let terms = alloc::vec![builder.dense(1, 0, &[map(3, 2, 1, 1), map(2, 1, 2, 1)])];
    builder.layer(1, terms, 1, &[]);
    let terms = alloc::vec![
        builder.dense(2, 1, &[ONE; 2]),
        builder.dense(2, 0, &[map(1, 2, 1, 0), map(2, 1, 1, 1)]),
    ];
    builder.layer(2, terms, 1, &[]);
    let terms = alloc::vec![builder.dense(3, 2, &[map(3, 1, 1, 0), map(6, 1, 1, 0)])];
    builder.layer(3, terms, 1, &[]);
    let terms = alloc::vec![builder.dense(4, 3, &[ONE; 2])];
    builder.layer(4, terms, 1, &[]);
    let network = builder.build(log_rows, &[4, 2], |_| 1);
    assert_eq!(network.program.log_weight_columns(), 8);
    network
}

/// Block-diagonal and structural terms, signed pads and divisors, strides of zero, limbs, biases of two columns and of none, shared runs.
pub(crate) fn convolutional(log_rows: u32) -> Network {
    let mut builder = Builder::new(2, 40, 14);
    let input = builder.tensor(&[4, 5], 6, IDENTITY);

    // A depthwise convolution: a block of four channels and one of two.
    let depthwise = builder.tensor(&[4, 4], 6, IDENTITY);
    let maps = [map(3, 1, 1, 1), map(2, 1, 1, 0)];
    let terms = alloc::vec![builder.diagonal(depthwise, input, &maps)];
    builder.layer(depthwise, terms, 1, &[]);

    // Twice that, less the input without its first row and its first two columns, plus channel 2 of one position for all.
    let sum = builder.tensor(&[4, 4], 6, IDENTITY);
    let terms = alloc::vec![
        structural(depthwise, &[ONE; 2], ONE, 8),
        structural(input, &[map(1, 1, 1, -1), map(1, 1, 1, -2)], ONE, -3),
        structural(
            input,
            &[map(1, 0, 1, -1), map(1, 0, 1, -3)],
            map(1, 0, 1, -2),
            2
        ),
    ];
    builder.layer(sum, terms, 0, &[]);

    // A transposed convolution with a shift of five bits.
    let spread = builder.tensor(&[7, 7], 3, IDENTITY);
    let limbs = [
        builder.tensor(&[7, 7], 3, LIMB_2),
        builder.tensor(&[7, 7], 3, LIMB_1),
    ];
    let transposed = AxisMap {
        divisor: 2,
        ..map(3, 1, 1, 1)
    };
    let mut term = builder.dense(spread, sum, &[transposed; 2]);
    builder.gap(2);
    // Two taps have the same weights, two have some in common.
    let runs = term.runs_mut();
    (runs[4], runs[5]) = (runs[3], runs[3] + 1);
    let wide = structural(sum, &[transposed; 2], map(2, 3, 1, 1), 7);
    builder.layer(spread, alloc::vec![term, wide], 2, &limbs);

    // Sums over windows and over pairs of channels, the last of which has no second.
    let pooled = builder.tensor(&[3, 3], 3, RELU);
    let windows = [map(3, 2, 1, 0), map(3, 3, 1, 1)];
    let terms = alloc::vec![structural(spread, &windows, map(2, 1, 1, 0), 1)];
    builder.layer(pooled, terms, 1, &[]);

    let dense = builder.tensor(&[1, 1], 12, IDENTITY);
    let terms = alloc::vec![builder.dense(dense, pooled, &[map(3, 1, 1, 0), map(3, 1, 1, 0)])];
    builder.layer(dense, terms, 1, &[]);

    // A scale for each channel, of two terms.
    let scaled = builder.tensor(&[1, 1], 12, IDENTITY);
    let mut terms = alloc::vec![
        builder.diagonal(scaled, dense, &[ONE; 2]),
        builder.diagonal(scaled, dense, &[ONE; 2]),
    ];
    terms[1].exponent = 2;
    builder.layer(scaled, terms, 1, &[]);

    // The tensors of twelve channels are cut along them, one of them inside the blocks of outputs.
    let half = 1 << (log_rows - 1);
    builder.build(log_rows, &[scaled, sum], |tensor: &Tensor| {
        match tensor.channels {
            12 => 4,
            6 if tensor.positions == [4, 5] => 8,
            _ => (1usize << tensor.bits()).div_ceil(half),
        }
    })
}
