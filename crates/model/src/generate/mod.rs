//! Networks of well-known shapes with weights from a seed: what they cost to prove depends on their shape alone.
//!
//! They are written as ONNX files, so that compiling one takes the same path as compiling a trained network.

mod network;
mod onnx;

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;

use crate::layered::MAX_GATHERED_ROWS;
use crate::quantise::Sample;
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
    /// 2776 → 1024 → 2776, which the input is multiplied with, and a layer to 1024; all together to 2048; ten
    /// heads 2048 → 256 → 1.
    MaskNet48M,
    /// One product with a matrix of 1024 x 1024, and nothing else.
    MatMul1024,
    /// An embedding for one integer, and a dense layer to 10 channels.
    Embedding {
        /// Rows of the table, up to 2^24 - 1.
        rows: usize,
        /// Channels of a row; a table has 2^27 elements at the most.
        width: usize,
    },
    /// A recommender as DLRM has it (Naumov et al., 2019): 13 numbers through two dense layers, one row of each table, the products of all
    /// pairs of these vectors, two dense layers and a sigmoid.
    Recommender {
        /// How many tables there are.
        tables: usize,
        /// Rows of a table.
        rows: usize,
        /// Channels of a row; the tables have 2^27 elements at the most.
        width: usize,
    },
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
    /// Dense layers of one width: input·width + (depth − 1)·width² weights, depth·width activations.
    Dense {
        /// Channels of the input.
        input: usize,
        /// Channels of every layer.
        width: usize,
        /// How many layers there are.
        depth: usize,
    },
    /// Convolutions with kernels of 3 x 3 that keep a picture's side: 9·(3·channels + (depth − 1)·channels²) weights,
    /// depth·channels·side² activations.
    Convolutions {
        /// Rows and columns of a picture.
        side: usize,
        /// Channels of every layer.
        channels: usize,
        /// How many layers there are.
        depth: usize,
    },
}

/// Smallest and largest side of a picture for the networks that halve it five times.
const SIDES: RangeInclusive<usize> = 32..=1024;
/// Sizes of the shapes that consist of equal layers: channels and sides, and how many layers.
const WIDTHS: RangeInclusive<usize> = 1..=8192;
const DEPTHS: RangeInclusive<usize> = 1..=256;
const TABLES: RangeInclusive<usize> = 1..=64;
/// Numbers that a recommender reads.
const FEATURES: usize = 13;
/// Elements of the tables of embeddings.
const MAX_TABLE: usize = 1 << 27;
/// Shapes of one size.
const FIXED: [(&str, Shape); 5] = [
    ("mlp-2m", Shape::Mlp2M),
    ("dense-4m", Shape::Dense4M),
    ("cnn-264k", Shape::Cnn264K),
    ("masknet-48m", Shape::MaskNet48M),
    ("matmul-1024", Shape::MatMul1024),
];

/// Why a name stands for no shape.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShapeError {
    /// There is no such family of shapes.
    Unknown,
    /// The sizes behind the family's name are not as many as it has, or no plain numbers.
    Form {
        /// How a name of the family looks.
        expected: &'static str,
    },
    /// A size is too small or too large.
    Size {
        /// Which one.
        what: &'static str,
        /// Its value.
        found: usize,
        /// The least and the most that it may be.
        allowed: RangeInclusive<usize>,
    },
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(
                f,
                "no network has this name; there are mlp-2m, dense-4m, cnn-264k, masknet-48m, matmul-1024, resnet18-SIDE, \
                 mobilenetv2-SIDE, dense-INPUTxWIDTHxDEPTH, conv-SIDExCHANNELSxDEPTH, embedding-ROWSxWIDTH and dlrm-TABLESxROWSxWIDTH"
            ),
            Self::Form { expected } => {
                write!(f, "such a name has the form {expected}, with plain numbers")
            }
            Self::Size {
                what,
                found,
                allowed,
            } => write!(
                f,
                "{what} must be from {} to {}, not {found}",
                allowed.start(),
                allowed.end()
            ),
        }
    }
}

impl core::error::Error for ShapeError {}

impl Shape {
    /// The shape of a name: `mlp-2m`, `dense-4m`, `cnn-264k`, `masknet-48m`, `matmul-1024`; or a family and its sizes:
    /// `resnet18-SIDE`, `mobilenetv2-SIDE`, `dense-INPUTxWIDTHxDEPTH`, `conv-SIDExCHANNELSxDEPTH`, `embedding-ROWSxWIDTH`,
    /// `dlrm-TABLESxROWSxWIDTH`, as in `dense-784x256x4`.
    ///
    /// # Errors
    ///
    /// [`ShapeError`].
    pub fn parse(name: &str) -> Result<Self, ShapeError> {
        if let Some((_, shape)) = FIXED.iter().find(|(fixed, _)| *fixed == name) {
            return Ok(*shape);
        }
        let (family, numbers) = name.rsplit_once('-').ok_or(ShapeError::Unknown)?;
        match family {
            "resnet18" => Ok(Self::ResNet18 {
                side: side(numbers, "resnet18-SIDE")?,
            }),
            "mobilenetv2" => Ok(Self::MobileNetV2 {
                side: side(numbers, "mobilenetv2-SIDE")?,
            }),
            "dense" => {
                let [input, width, depth] = sizes(numbers, "dense-INPUTxWIDTHxDEPTH")?;
                Ok(Self::Dense {
                    input: within("INPUT", input, WIDTHS)?,
                    width: within("WIDTH", width, WIDTHS)?,
                    depth: within("DEPTH", depth, DEPTHS)?,
                })
            }
            "conv" => {
                let [side, channels, depth] = sizes(numbers, "conv-SIDExCHANNELSxDEPTH")?;
                Ok(Self::Convolutions {
                    side: within("SIDE", side, 3..=*SIDES.end())?,
                    channels: within("CHANNELS", channels, WIDTHS)?,
                    depth: within("DEPTH", depth, DEPTHS)?,
                })
            }
            "embedding" => {
                let [rows, width] = sizes(numbers, "embedding-ROWSxWIDTH")?;
                let width = within("WIDTH", width, WIDTHS)?;
                Ok(Self::Embedding {
                    rows: table_rows(rows, width)?,
                    width,
                })
            }
            "dlrm" => {
                let [tables, rows, width] = sizes(numbers, "dlrm-TABLESxROWSxWIDTH")?;
                let tables = within("TABLES", tables, TABLES)?;
                let width = within("WIDTH", width, WIDTHS)?;
                Ok(Self::Recommender {
                    tables,
                    rows: table_rows(rows, tables * width)?,
                    width,
                })
            }
            _ => Err(ShapeError::Unknown),
        }
    }

    /// The name that [`Self::parse`] reads.
    #[must_use]
    pub fn name(self) -> String {
        let fixed = FIXED.iter().find(|(_, shape)| *shape == self);
        match (self, fixed) {
            (Self::ResNet18 { side }, _) => alloc::format!("resnet18-{side}"),
            (Self::MobileNetV2 { side }, _) => alloc::format!("mobilenetv2-{side}"),
            (
                Self::Dense {
                    input,
                    width,
                    depth,
                },
                _,
            ) => {
                alloc::format!("dense-{input}x{width}x{depth}")
            }
            (
                Self::Convolutions {
                    side,
                    channels,
                    depth,
                },
                _,
            ) => {
                alloc::format!("conv-{side}x{channels}x{depth}")
            }
            (Self::Embedding { rows, width }, _) => alloc::format!("embedding-{rows}x{width}"),
            (
                Self::Recommender {
                    tables,
                    rows,
                    width,
                },
                _,
            ) => alloc::format!("dlrm-{tables}x{rows}x{width}"),
            (_, Some((name, _))) => (*name).to_string(),
            (_, None) => String::new(),
        }
    }

    /// The ONNX file: [`Self::inputs`], each with an axis of length 1 in front, and an output `y`.
    #[must_use]
    pub fn onnx(self, seed: u64) -> Vec<u8> {
        let network = Network::new(self.inputs(), seed);
        match self {
            Self::Mlp2M => network.mlp(&[2000, 60, 4000, 10]),
            Self::Dense4M => network.mlp(&[1024; 4]),
            Self::Cnn264K => network.cnn(),
            Self::MaskNet48M => network.masknet(),
            Self::MatMul1024 => network.product(1024),
            Self::Embedding { rows, width } => network.embedding(rows, width),
            Self::Recommender {
                tables,
                rows,
                width,
            } => network.recommender(tables, (rows, width)),
            Self::ResNet18 { .. } => network.resnet18(),
            Self::MobileNetV2 { .. } => network.mobilenetv2(),
            Self::Dense { width, depth, .. } => network.mlp(&vec![width; depth]),
            Self::Convolutions {
                channels, depth, ..
            } => network.convolutions(channels, depth),
        }
    }

    /// Inputs from a seed: three smooth planes as in a picture, row numbers, or noise.
    #[must_use]
    pub fn samples(self, count: usize, seed: u64) -> Vec<Sample> {
        let mut numbers = Numbers::new(seed);
        let inputs = self.inputs();
        let mut values = |input: &Input| match (input.rows, &input.shape[..]) {
            (Some(rows), shape) => (0..shape.iter().product())
                .map(|_| numbers.below(rows))
                .collect(),
            (None, [channels]) => (0..*channels).map(|_| numbers.next()).collect(),
            (None, [_, side, ..]) => picture(&mut numbers, *side),
            (None, []) => Vec::new(),
        };
        let mut sample = || inputs.iter().map(&mut values).collect();
        (0..count).map(|_| sample()).collect()
    }

    /// What the network reads.
    #[must_use]
    pub fn inputs(self) -> Vec<Input> {
        let numbers = |shape: &[usize]| Input {
            name: "x",
            shape: shape.to_vec(),
            rows: None,
        };
        let rows = |name, count, rows| Input {
            name,
            shape: vec![count],
            rows: Some(rows),
        };
        match self {
            Self::Mlp2M => vec![numbers(&[784])],
            Self::Dense4M | Self::MatMul1024 => vec![numbers(&[1024])],
            Self::MaskNet48M => vec![numbers(&[2776])],
            Self::Dense { input, .. } => vec![numbers(&[input])],
            Self::Embedding { rows: most, .. } => vec![rows("x", 1, most)],
            Self::Recommender {
                tables, rows: most, ..
            } => vec![numbers(&[FEATURES]), rows("ids", tables, most)],
            Self::Cnn264K => vec![numbers(&[3, 32, 32])],
            Self::ResNet18 { side }
            | Self::MobileNetV2 { side }
            | Self::Convolutions { side, .. } => vec![numbers(&[3, side, side])],
        }
    }
}

/// A tensor that a network reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name in the ONNX file.
    pub name: &'static str,
    /// Its extent without the axis of the batch.
    pub shape: Vec<usize>,
    /// How many rows a table has whose row numbers these are; nothing for real numbers.
    pub rows: Option<usize>,
}

/// The rows of a table, or of as many tables as have this width together.
fn table_rows(rows: usize, width: usize) -> Result<usize, ShapeError> {
    within("ROWS", rows, 1..=MAX_GATHERED_ROWS.min(MAX_TABLE / width))
}

/// The side in the name of a network that halves its pictures.
fn side(number: &str, expected: &'static str) -> Result<usize, ShapeError> {
    let [side] = sizes(number, expected)?;
    within("SIDE", side, SIDES)
}

/// Numbers with an x between them, each as it would be written.
fn sizes<const N: usize>(text: &str, expected: &'static str) -> Result<[usize; N], ShapeError> {
    let number = |text: &str| {
        let number: usize = text.parse().ok()?;
        (number.to_string() == text).then_some(number)
    };
    let numbers: Option<Vec<usize>> = text.split('x').map(number).collect();
    numbers
        .and_then(|numbers| numbers.try_into().ok())
        .ok_or(ShapeError::Form { expected })
}

fn within(
    what: &'static str,
    found: usize,
    allowed: RangeInclusive<usize>,
) -> Result<usize, ShapeError> {
    if allowed.contains(&found) {
        Ok(found)
    } else {
        Err(ShapeError::Size {
            what,
            found,
            allowed,
        })
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

    /// A whole number below a bound of at most 2^24.
    fn below(&mut self, bound: usize) -> f32 {
        let place = f64::from(self.next() + 1.0) / 2.0;
        libm::floor(place * bound as f64) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let sized = [
            Shape::ResNet18 { side: 224 },
            Shape::MobileNetV2 { side: 32 },
            Shape::Dense {
                input: 784,
                width: 256,
                depth: 4,
            },
            Shape::Convolutions {
                side: 32,
                channels: 8,
                depth: 3,
            },
            Shape::Embedding {
                rows: 1 << 20,
                width: 16,
            },
            Shape::Recommender {
                tables: 8,
                rows: 1000,
                width: 32,
            },
        ];
        for shape in FIXED.map(|(_, shape)| shape).into_iter().chain(sized) {
            assert_eq!(Shape::parse(&shape.name()), Ok(shape));
        }
    }

    #[test]
    fn other_names_are_refused_with_the_reason() {
        for name in ["", "resnet18", "vgg-224", "cnn-32", "mlp-2M"] {
            assert_eq!(Shape::parse(name), Err(ShapeError::Unknown), "{name}");
        }
        for name in [
            "resnet18-",
            "resnet18-+32",
            "resnet18-032",
            "dense-784x256",
            "dense-784x256x4x1",
            "dense-784x x4",
            "conv-32x8",
            "conv-99999999999999999999x8x3",
            "embedding-5",
            "embedding-5x5x5",
            "dlrm-8x1000",
        ] {
            let error = Shape::parse(name);
            assert!(matches!(error, Err(ShapeError::Form { .. })), "{name}");
        }
        for (name, wrong) in [
            ("resnet18-31", "SIDE"),
            ("mobilenetv2-1025", "SIDE"),
            ("dense-0x256x4", "INPUT"),
            ("dense-784x8193x4", "WIDTH"),
            ("dense-784x256x0", "DEPTH"),
            ("conv-2x8x3", "SIDE"),
            ("conv-32x0x3", "CHANNELS"),
            ("conv-32x8x257", "DEPTH"),
            ("embedding-0x5", "ROWS"),
            ("embedding-16777216x1", "ROWS"),
            ("embedding-16777215x9", "ROWS"),
            ("embedding-5x0", "WIDTH"),
            ("dlrm-65x1000x32", "TABLES"),
            ("dlrm-64x8193x256", "ROWS"),
            ("dlrm-8x1000x0", "WIDTH"),
        ] {
            let error = Shape::parse(name);
            assert!(
                matches!(error, Err(ShapeError::Size { what, .. }) if what == wrong),
                "{name}"
            );
        }
    }

    #[test]
    fn row_numbers_are_below_the_number_of_rows() {
        let (rows, width) = (5, 3);
        let shape = Shape::Embedding { rows, width };
        let mut seen: Vec<f32> = shape.samples(200, 1).concat().concat();
        seen.sort_unstable_by(f32::total_cmp);
        seen.dedup();
        assert_eq!(seen, [0.0, 1.0, 2.0, 3.0, 4.0]);
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
