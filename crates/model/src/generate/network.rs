//! The networks, layer by layer.

use alloc::string::String;
use alloc::vec::Vec;

use super::onnx::{Attribute, Writer};
use super::{FEATURES, Input, Numbers};

/// Classes of the large networks.
const CLASSES: usize = 1000;

/// A network under construction: the tensor that was made last, and its extent.
pub(super) struct Network {
    writer: Writer,
    numbers: Numbers,
    inputs: Vec<Input>,
    tensor: String,
    channels: usize,
    side: usize,
}

/// A convolution.
#[derive(Clone, Copy)]
struct Convolution {
    out: usize,
    kernel: usize,
    stride: usize,
    depthwise: bool,
}

impl Convolution {
    fn new(out: usize, kernel: usize, stride: usize) -> Self {
        Self {
            out,
            kernel,
            stride,
            depthwise: false,
        }
    }
}

impl Network {
    /// A network whose first tensor is its first input: some channels, and a side where it is a picture.
    pub(super) fn new(inputs: Vec<Input>, seed: u64) -> Self {
        let shape = inputs.first().map_or(&[][..], |input| &input.shape);
        Self {
            writer: Writer::default(),
            numbers: Numbers::new(seed),
            tensor: inputs.first().map_or("", |input| input.name).into(),
            channels: shape.first().copied().unwrap_or(1),
            side: shape.last().copied().unwrap_or(1),
            inputs,
        }
    }

    /// Dense layers with a Relu behind each but the last.
    pub(super) fn mlp(mut self, widths: &[usize]) -> Vec<u8> {
        let mut inputs = self.channels;
        let (last, hidden) = widths.split_last().unwrap_or((&1, &[]));
        for width in hidden {
            self.dense((inputs, *width), None);
            self.relu();
            inputs = *width;
        }
        self.finish(inputs, *last)
    }

    /// A matrix times the input: no bias, no activation.
    pub(super) fn product(mut self, outputs: usize) -> Vec<u8> {
        let inputs = self.channels;
        let weights = self.weights(inputs * outputs, inputs);
        let shape = [inputs, outputs].map(|length| length as i64);
        let weights = self.writer.constant(&shape, &weights);
        let operands = [self.tensor.as_str(), &weights];
        self.writer.named("MatMul", &operands, ("y", &[]));
        self.finished(outputs)
    }

    /// Convolutions of 3 x 3 with a Relu behind each, then the mean of each channel.
    pub(super) fn convolutions(mut self, channels: usize, depth: usize) -> Vec<u8> {
        for _ in 0..depth {
            self.normalised(Convolution::new(channels, 3, 1), 1.0);
            self.relu();
        }
        self.writer
            .named("GlobalAveragePool", &[&self.tensor], ("y", &[]));
        self.writer
            .finish(&self.inputs, &[1, channels as i64, 1, 1])
    }

    /// The row of an integer, and a dense layer.
    pub(super) fn embedding(mut self, rows: usize, width: usize) -> Vec<u8> {
        const CLASSES: usize = 10;
        let ids = self.tensor.clone();
        self.tensor = self.row((rows, width), &ids);
        self.flatten();
        self.finish(width, CLASSES)
    }

    /// The row of a new table that an integer names.
    fn row(&mut self, (rows, width): (usize, usize), index: &str) -> String {
        let table: Vec<f32> = (0..rows * width).map(|_| self.numbers.next()).collect();
        let table = self.writer.constant(&[rows as i64, width as i64], &table);
        self.writer.node("Gather", &[&table, index], &[])
    }

    /// Products of all pairs of the numbers' vector and the tables' rows.
    pub(super) fn recommender(mut self, tables: usize, (rows, width): (usize, usize)) -> Vec<u8> {
        const HIDDEN: usize = 64;
        for (inputs, outputs) in [(FEATURES, HIDDEN), (HIDDEN, width)] {
            self.dense((inputs, outputs), None);
            self.relu();
        }
        let bottom = self.tensor.clone();
        let mut vectors = alloc::vec![bottom.clone()];
        for table in 0..tables {
            let table = self.writer.integers(&[], &[table as i64]);
            let axis = [Attribute::Int("axis", 1)];
            let id = self.writer.node("Gather", &["ids", &table], &axis);
            vectors.push(self.row((rows, width), &id));
        }
        let pairs = self.pairs(&vectors);
        self.tensor = self.concatenated(&[bottom, pairs]);
        self.dense((width + tables * (tables + 1) / 2, HIDDEN), None);
        self.relu();
        self.dense((HIDDEN, 1), None);
        self.writer.named("Sigmoid", &[&self.tensor], ("y", &[]));
        self.finished(1)
    }

    /// The scalar products of all pairs of different vectors, one behind the other.
    fn pairs(&mut self, vectors: &[String]) -> String {
        let axis = self.writer.integers(&[1], &[1]);
        let rows = vectors
            .iter()
            .map(|vector| self.writer.node("Unsqueeze", &[vector, &axis], &[]));
        let rows: Vec<String> = rows.collect();
        let matrix = self.concatenated(&rows);
        let order = [Attribute::Ints("perm", &[0, 2, 1])];
        let transposed = self.writer.node("Transpose", &[&matrix], &order);
        self.tensor = self.writer.node("MatMul", &[&matrix, &transposed], &[]);
        self.flatten();
        let below = (0..vectors.len()).flat_map(|row| (0..row).map(move |other| (row, other)));
        let places: Vec<i64> = below
            .map(|(row, other)| (row * vectors.len() + other) as i64)
            .collect();
        let places = self.writer.integers(&[places.len() as i64], &places);
        let axis = [Attribute::Int("axis", 1)];
        self.writer.node("Gather", &[&self.tensor, &places], &axis)
    }

    pub(super) fn masknet(mut self) -> Vec<u8> {
        const BLOCKS: usize = 4;
        const HEADS: usize = 10;
        let (features, hidden, joined, head) = (self.channels, 1024, 2048, 256);
        let input = self.tensor.clone();
        let blocks = (0..BLOCKS).map(|_| {
            self.tensor.clone_from(&input);
            self.dense((features, hidden), None);
            self.relu();
            self.dense((hidden, features), None);
            self.tensor = self.writer.node("Mul", &[&self.tensor, &input], &[]);
            self.dense((features, hidden), None);
            self.relu();
            self.tensor.clone()
        });
        let blocks: Vec<String> = blocks.collect();
        self.tensor = self.concatenated(&blocks);
        self.dense((BLOCKS * hidden, joined), None);
        self.relu();
        // The heads read the same tensor, so their layers are written as one: the second is zero outside the heads.
        self.dense((joined, HEADS * head), None);
        self.relu();
        self.heads(HEADS, head);
        self.finished(HEADS)
    }

    /// One output for each run of `width` channels.
    fn heads(&mut self, count: usize, width: usize) {
        let mut weights = alloc::vec![0.0; count * count * width];
        for (head, row) in weights.chunks_mut(count * width).enumerate() {
            let own = self.weights(width, width);
            row[head * width..][..width].copy_from_slice(&own);
        }
        let shape = [count, count * width].map(|length| length as i64);
        let weights = self.writer.constant(&shape, &weights);
        let operands = [self.tensor.as_str(), &weights];
        let attributes = [Attribute::Int("transB", 1)];
        self.writer.named("Gemm", &operands, ("y", &attributes));
    }

    /// Tensors one behind the other.
    fn concatenated(&mut self, tensors: &[String]) -> String {
        let tensors: Vec<&str> = tensors.iter().map(String::as_str).collect();
        self.writer
            .node("Concat", &tensors, &[Attribute::Int("axis", 1)])
    }

    pub(super) fn cnn(mut self) -> Vec<u8> {
        for (channels, pooled) in [(32, false), (64, true), (64, true), (128, true)] {
            self.normalised(Convolution::new(channels, 3, 1), 1.0);
            self.relu();
            if pooled {
                self.pool(2, 2, 0);
            }
        }
        self.flatten();
        let width = self.channels * self.side * self.side;
        self.dense((width, 64), None);
        self.relu();
        self.finish(64, 10)
    }

    pub(super) fn resnet18(mut self) -> Vec<u8> {
        self.normalised(Convolution::new(64, 7, 2), 1.0);
        self.relu();
        self.pool(3, 2, 1);
        for (channels, stride) in [(64, 1), (128, 2), (256, 2), (512, 2)] {
            self.basic_block(channels, stride);
            self.basic_block(channels, 1);
        }
        self.global_average();
        self.finish(512, CLASSES)
    }

    pub(super) fn mobilenetv2(mut self) -> Vec<u8> {
        self.normalised(Convolution::new(32, 3, 2), 1.0);
        self.relu6();
        let stages = [
            (1, 16, 1, 1),
            (6, 24, 2, 2),
            (6, 32, 3, 2),
            (6, 64, 4, 2),
            (6, 96, 3, 1),
            (6, 160, 3, 2),
            (6, 320, 1, 1),
        ];
        for (expansion, channels, repeats, stride) in stages {
            for index in 0..repeats {
                self.inverted_block(expansion, channels, if index == 0 { stride } else { 1 });
            }
        }
        self.normalised(Convolution::new(1280, 1, 1), 1.0);
        self.relu6();
        self.global_average();
        self.finish(1280, CLASSES)
    }

    /// Two convolutions beside a shortcut.
    fn basic_block(&mut self, channels: usize, stride: usize) {
        let entry = (self.tensor.clone(), self.channels, self.side);
        self.normalised(Convolution::new(channels, 3, stride), 1.0);
        self.relu();
        self.normalised(Convolution::new(channels, 3, 1), 0.5);
        let body = (self.tensor.clone(), self.channels, self.side);
        (self.tensor, self.channels, self.side) = entry;
        if stride != 1 || self.channels != channels {
            self.normalised(Convolution::new(channels, 1, stride), 1.0);
        }
        self.add(&body.0);
        (self.channels, self.side) = (body.1, body.2);
        self.relu();
    }

    /// A depthwise convolution between two of one position.
    fn inverted_block(&mut self, expansion: usize, channels: usize, stride: usize) {
        let (entry, inputs) = (self.tensor.clone(), self.channels);
        let hidden = inputs * expansion;
        if expansion != 1 {
            self.normalised(Convolution::new(hidden, 1, 1), 1.0);
            self.relu6();
        }
        let depthwise = Convolution {
            depthwise: true,
            ..Convolution::new(hidden, 3, stride)
        };
        self.normalised(depthwise, 1.0);
        self.relu6();
        self.normalised(Convolution::new(channels, 1, 1), 0.7);
        if stride == 1 && inputs == channels {
            self.add(&entry);
        }
    }

    /// A convolution without bias, padded to keep its extent but for the stride, then batch normalisation with scales near `gain`.
    fn normalised(&mut self, convolution: Convolution, gain: f32) {
        let Convolution {
            out,
            kernel,
            stride,
            depthwise,
        } = convolution;
        let inputs = if depthwise { 1 } else { self.channels };
        let count = out * inputs * kernel * kernel;
        let weights = self.weights(count, inputs * kernel * kernel);
        let shape = [out, inputs, kernel, kernel].map(|length| length as i64);
        let weights = self.writer.constant(&shape, &weights);
        let (kernel_size, pad) = (kernel as i64, (kernel / 2) as i64);
        let groups = if depthwise { out as i64 } else { 1 };
        let attributes = [
            Attribute::Ints("kernel_shape", &[kernel_size; 2]),
            Attribute::Ints("strides", &[stride as i64; 2]),
            Attribute::Ints("pads", &[pad; 4]),
            Attribute::Int("group", groups),
        ];
        let made = self
            .writer
            .node("Conv", &[&self.tensor, &weights], &attributes);
        let vector = |network: &mut Self, middle: f32, spread: f32| {
            let values: Vec<f32> = (0..out)
                .map(|_| middle + spread * network.numbers.next())
                .collect();
            network.writer.constant(&[out as i64], &values)
        };
        let scale = vector(self, gain, 0.2 * gain);
        let bias = vector(self, 0.0, 0.1);
        let mean = vector(self, 0.0, 0.1);
        let variance = vector(self, 1.0, 0.2);
        let inputs = [made.as_str(), &scale, &bias, &mean, &variance];
        self.tensor = self.writer.node("BatchNormalization", &inputs, &[]);
        self.channels = out;
        self.side = (self.side + 2 * (kernel / 2) - kernel) / stride + 1;
    }

    /// Weights that keep the size of activations behind a Relu.
    fn weights(&mut self, count: usize, fan_in: usize) -> Vec<f32> {
        let largest = libm::sqrtf(6.0 / fan_in as f32);
        (0..count).map(|_| largest * self.numbers.next()).collect()
    }

    fn relu(&mut self) {
        self.tensor = self.writer.node("Relu", &[&self.tensor], &[]);
    }

    fn relu6(&mut self) {
        let (low, high) = (
            self.writer.constant(&[], &[0.0]),
            self.writer.constant(&[], &[6.0]),
        );
        self.tensor = self.writer.node("Clip", &[&self.tensor, &low, &high], &[]);
    }

    fn add(&mut self, other: &str) {
        self.tensor = self.writer.node("Add", &[&self.tensor, other], &[]);
    }

    fn pool(&mut self, kernel: usize, stride: usize, pad: usize) {
        let attributes = [
            Attribute::Ints("kernel_shape", &[kernel as i64; 2]),
            Attribute::Ints("strides", &[stride as i64; 2]),
            Attribute::Ints("pads", &[pad as i64; 4]),
        ];
        self.tensor = self.writer.node("MaxPool", &[&self.tensor], &attributes);
        self.side = (self.side + 2 * pad - kernel) / stride + 1;
    }

    fn global_average(&mut self) {
        self.tensor = self.writer.node("GlobalAveragePool", &[&self.tensor], &[]);
        self.flatten();
    }

    fn flatten(&mut self) {
        self.tensor = self
            .writer
            .node("Flatten", &[&self.tensor], &[Attribute::Int("axis", 1)]);
    }

    /// A dense layer, under a name where it is the last.
    fn dense(&mut self, (inputs, outputs): (usize, usize), name: Option<&str>) {
        let weights = self.weights(outputs * inputs, inputs);
        let weights = self
            .writer
            .constant(&[outputs as i64, inputs as i64], &weights);
        let bias: Vec<f32> = (0..outputs).map(|_| 0.1 * self.numbers.next()).collect();
        let bias = self.writer.constant(&[outputs as i64], &bias);
        let operands = [self.tensor.as_str(), &weights, &bias];
        let attributes = [Attribute::Int("transB", 1)];
        match name {
            Some(name) => self.writer.named("Gemm", &operands, (name, &attributes)),
            None => self.tensor = self.writer.node("Gemm", &operands, &attributes),
        }
    }

    fn finish(mut self, inputs: usize, classes: usize) -> Vec<u8> {
        self.dense((inputs, classes), Some("y"));
        self.finished(classes)
    }

    fn finished(self, outputs: usize) -> Vec<u8> {
        self.writer.finish(&self.inputs, &[1, outputs as i64])
    }
}
