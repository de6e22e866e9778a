//! Networks of well-known shapes with weights from a seed: what they cost to prove depends on their shape alone.
//!
//! They are written as ONNX files, so that compiling one takes the same path as compiling a trained network.

mod network;
mod onnx;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use network::Network;

/// A shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Four convolutions with batch normalisation and maximum pools, two dense layers: 262 k parameters on 3 x 32 x 32.
    Cnn,
    /// ResNet-18 on pictures of this side, 32 at least.
    ResNet18 {
        /// Rows and columns of a picture.
        side: usize,
    },
    /// MobileNetV2 on pictures of this side, 32 at least.
    MobileNetV2 {
        /// Rows and columns of a picture.
        side: usize,
    },
}

/// Smallest and largest side of a picture.
const SIDES: core::ops::RangeInclusive<usize> = 32..=1024;

impl Shape {
    /// The shape of a name: `cnn`, or `resnet18` or `mobilenetv2` with the side of the picture, as in `resnet18_224`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if name == "cnn" {
            return Some(Self::Cnn);
        }
        let (family, side) = name.rsplit_once('_')?;
        let side = side.parse().ok().filter(|side| SIDES.contains(side))?;
        match family {
            "resnet18" => Some(Self::ResNet18 { side }),
            "mobilenetv2" => Some(Self::MobileNetV2 { side }),
            _ => None,
        }
    }

    /// The name that [`Self::parse`] reads.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Cnn => "cnn".to_string(),
            Self::ResNet18 { side } => alloc::format!("resnet18_{side}"),
            Self::MobileNetV2 { side } => alloc::format!("mobilenetv2_{side}"),
        }
    }

    /// The ONNX file: an input `x` of shape [1, 3, side, side], an output `y`.
    #[must_use]
    pub fn onnx(self, seed: u64) -> Vec<u8> {
        let network = Network::new(self.side(), seed);
        match self {
            Self::Cnn => network.cnn(),
            Self::ResNet18 { .. } => network.resnet18(),
            Self::MobileNetV2 { .. } => network.mobilenetv2(),
        }
    }

    /// Inputs from a seed, each three smooth planes as in a picture.
    #[must_use]
    pub fn samples(self, count: usize, seed: u64) -> Vec<Vec<f32>> {
        let mut numbers = Numbers::new(seed);
        (0..count)
            .map(|_| picture(&mut numbers, self.side()))
            .collect()
    }

    /// Rows and columns of a picture.
    #[must_use]
    pub fn side(self) -> usize {
        match self {
            Self::Cnn => 32,
            Self::ResNet18 { side } | Self::MobileNetV2 { side } => side,
        }
    }
}

/// Waves of a few directions and lengths in each plane, and some noise.
fn picture(numbers: &mut Numbers, side: usize) -> Vec<f32> {
    const WAVES: usize = 3;
    const NOISE: f32 = 0.1;
    let mut values = Vec::with_capacity(3 * side * side);
    for _ in 0..3 {
        let waves: Vec<[f32; 3]> = (0..WAVES)
            .map(|_| {
                [
                    6.0 * numbers.next(),
                    6.0 * numbers.next(),
                    3.0 * numbers.next(),
                ]
            })
            .collect();
        for row in 0..side {
            for column in 0..side {
                let place = |index: usize| index as f32 / side as f32;
                let wave =
                    |[a, b, c]: &[f32; 3]| libm::sinf(a * place(row) + b * place(column) + c);
                let sum: f32 = waves.iter().map(wave).sum();
                values.push(sum / 2.0 + NOISE * numbers.next());
            }
        }
    }
    values
}

/// Numbers in [-1, 1) from a seed, by xorshift.
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for shape in [
            Shape::Cnn,
            Shape::ResNet18 { side: 224 },
            Shape::MobileNetV2 { side: 32 },
        ] {
            assert_eq!(Shape::parse(&shape.name()), Some(shape));
        }
        for name in [
            "",
            "resnet18",
            "resnet18_",
            "resnet18_31",
            "vgg_224",
            "cnn_32",
        ] {
            assert_eq!(Shape::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_seed_gives_one_file() {
        let file = Shape::Cnn.onnx(7);
        assert_eq!(file, Shape::Cnn.onnx(7));
        assert_ne!(file, Shape::Cnn.onnx(8));
        // Weights of four bytes each.
        assert!(
            (4 * 260_000..4 * 270_000).contains(&file.len()),
            "{}",
            file.len()
        );
    }
}
