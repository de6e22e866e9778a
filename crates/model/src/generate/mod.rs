//! Networks of well-known shapes with weights from a seed: what they cost to prove depends on their shape alone.
//!
//! They are written as ONNX files, so that compiling one takes the same path as compiling a trained network.

mod network;
mod onnx;

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use network::Network;

/// A shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Dense layers from 784 over 2000, 60 and 4000 to 10 channels: 2 M parameters.
    Mlp2M,
    /// Four dense layers of 1024 channels: 4 M parameters.
    Dense4M,
    /// Four convolutions with batch normalisation and maximum pools, two dense layers: 263 k parameters on 3 x 32 x 32.
    Cnn264K,
    /// The dense skeleton of MaskNet (Wang, She, Zhang, 2021) as a ranker has it, 48 M parameters: four blocks side by side of a gate
    /// 2776 → 1024 → 2776, which is added to the input and not multiplied with it, and a layer to 1024; all together to 2048; ten
    /// heads 2048 → 256 → 1.
    MaskNet48M,
    /// One product with a matrix of 1024 x 1024.
    MatMul1024,
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
/// Shapes of one size.
const FIXED: [(&str, Shape); 5] = [
    ("mlp-2m", Shape::Mlp2M),
    ("dense-4m", Shape::Dense4M),
    ("cnn-264k", Shape::Cnn264K),
    ("masknet-48m", Shape::MaskNet48M),
    ("matmul-1024", Shape::MatMul1024),
];

impl Shape {
    /// The shape of a name: `mlp-2m`, `dense-4m`, `cnn-264k`, `masknet-48m`, `matmul-1024`, or `resnet18` or `mobilenetv2` with the
    /// side of the picture, as in `resnet18-224`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if let Some((_, shape)) = FIXED.iter().find(|(fixed, _)| *fixed == name) {
            return Some(*shape);
        }
        let (family, side) = name.rsplit_once('-')?;
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
        let fixed = FIXED.iter().find(|(_, shape)| *shape == self);
        match (self, fixed) {
            (Self::ResNet18 { side }, _) => alloc::format!("resnet18-{side}"),
            (Self::MobileNetV2 { side }, _) => alloc::format!("mobilenetv2-{side}"),
            (_, Some((name, _))) => (*name).to_string(),
            (_, None) => String::new(),
        }
    }

    /// The ONNX file: an input `x` of shape [1, …] with [`Self::input`] behind the 1, an output `y`.
    #[must_use]
    pub fn onnx(self, seed: u64) -> Vec<u8> {
        let network = Network::new(&self.input(), seed);
        match self {
            Self::Mlp2M => network.mlp(&[2000, 60, 4000, 10]),
            Self::Dense4M => network.mlp(&[1024; 4]),
            Self::Cnn264K => network.cnn(),
            Self::MaskNet48M => network.masknet(),
            Self::MatMul1024 => network.mlp(&[1024]),
            Self::ResNet18 { .. } => network.resnet18(),
            Self::MobileNetV2 { .. } => network.mobilenetv2(),
        }
    }

    /// Inputs from a seed: three smooth planes as in a picture, or noise.
    #[must_use]
    pub fn samples(self, count: usize, seed: u64) -> Vec<Vec<f32>> {
        let mut numbers = Numbers::new(seed);
        let mut sample = || match self.input()[..] {
            [channels] => (0..channels).map(|_| numbers.next()).collect(),
            [_, side, ..] => picture(&mut numbers, side),
            [] => Vec::new(),
        };
        (0..count).map(|_| sample()).collect()
    }

    /// The extent of an input without the axis of the batch.
    #[must_use]
    pub fn input(self) -> Vec<usize> {
        match self {
            Self::Mlp2M => vec![784],
            Self::Dense4M | Self::MatMul1024 => vec![1024],
            Self::MaskNet48M => vec![2776],
            Self::Cnn264K => vec![3, 32, 32],
            Self::ResNet18 { side } | Self::MobileNetV2 { side } => vec![3, side, side],
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
        let pictures = [
            Shape::ResNet18 { side: 224 },
            Shape::MobileNetV2 { side: 32 },
        ];
        for shape in FIXED.map(|(_, shape)| shape).into_iter().chain(pictures) {
            assert_eq!(Shape::parse(&shape.name()), Some(shape));
        }
        for name in [
            "",
            "resnet18",
            "resnet18-",
            "resnet18-31",
            "vgg-224",
            "cnn-32",
        ] {
            assert_eq!(Shape::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_seed_gives_one_file() {
        let file = Shape::Cnn264K.onnx(7);
        assert_eq!(file, Shape::Cnn264K.onnx(7));
        assert_ne!(file, Shape::Cnn264K.onnx(8));
        // Weights of four bytes each.
        assert!(
            (4 * 260_000..4 * 270_000).contains(&file.len()),
            "{}",
            file.len()
        );
    }
}
