//! Small layered graphs with weights from a seed, one for each kind of layer.

use tensorseal_model::graph::{Activation, ElementType, TensorType};
use tensorseal_model::layered::{
    AxisMap, Extent, FloatLayer, FloatTerm, Gathered, LayeredGraph, Port, PortLayout, ScaleRule,
    Weights,
};
use tensorseal_model::quantise::Sample;

/// Numbers in [-1, 1) from a seed.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 40) as f32 / (1 << 23) as f32) - 1.0
    }

    pub(crate) fn take(&mut self, count: usize, largest: f32) -> Vec<f32> {
        (0..count).map(|_| self.next() * largest).collect()
    }
}

/// A layered graph under construction; all tensors have two position axes.
pub(crate) struct Builder {
    pub(crate) graph: LayeredGraph,
    pub(crate) numbers: Numbers,
}

pub(crate) const UNIT: AxisMap = AxisMap::IDENTITY;

pub(crate) fn extent(positions: [usize; 2], channels: usize) -> Extent {
    Extent {
        positions: positions.to_vec(),
        channels,
    }
}

/// A window of `taps`, padded by `pad`.
pub(crate) fn window(taps: usize, stride: usize, pad: i64) -> AxisMap {
    AxisMap {
        taps,
        stride,
        pad,
        ..UNIT
    }
}

impl Builder {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            graph: LayeredGraph {
                inputs: vec![],
                layers: vec![],
                outputs: vec![],
            },
            numbers: Numbers::new(seed),
        }
    }

    fn port(&self, name: &str, tensor: usize, own: &Extent) -> Port {
        let shape = vec![1, own.channels, own.positions[0], own.positions[1]];
        Port {
            tensor,
            onnx: TensorType {
                name: name.into(),
                shape,
                element_type: ElementType::Float32,
            },
            layout: PortLayout {
                positions: vec![Some(2), Some(3)],
                channels: vec![0, 1],
                split: vec![],
            },
            codes: None,
            rows: None,
        }
    }

    pub(crate) fn input(&mut self, own: &Extent) -> usize {
        let tensor = self.graph.inputs.len();
        let port = self.port(&format!("x{tensor}"), tensor, own);
        self.graph.inputs.push(port);
        tensor
    }

    /// An input of row numbers, one for each position.
    pub(crate) fn rows_input(&mut self, positions: [usize; 2], rows: usize) -> usize {
        let tensor = self.input(&extent(positions, 1));
        self.graph.inputs[tensor].rows = Some(rows);
        tensor
    }

    /// The rows of a table of `width` columns that an input chooses, at every position that `maps` reads.
    pub(crate) fn gather(
        &mut self,
        (source, maps): (usize, [AxisMap; 2]),
        positions: [usize; 2],
        (rows, width): (usize, usize),
    ) -> usize {
        let channels = AxisMap { stride: 0, ..UNIT };
        let terms = vec![structural(source, maps, channels, 1.0)];
        let tensor = self.layer(extent(positions, width), terms, None, ScaleRule::Free);
        let table = self.numbers.take(rows * width, 1.5);
        let layer = self.graph.layers.last_mut().unwrap();
        layer.bias.fill(0.0);
        layer.gathered = Some(Gathered { rows, table });
        tensor
    }

    pub(crate) fn output(&mut self, tensor: usize) {
        let port = self.port(&format!("y{tensor}"), tensor, &self.graph.extent(tensor));
        self.graph.outputs.push(port);
    }

    pub(crate) fn layer(
        &mut self,
        own: Extent,
        terms: Vec<FloatTerm>,
        activation: Option<Activation>,
        scale: ScaleRule,
    ) -> usize {
        let bias = match scale {
            ScaleRule::Free => self.numbers.take(own.channels, 0.2),
            _ => vec![0.0; own.channels],
        };
        let tensor = self.graph.inputs.len() + self.graph.layers.len();
        self.graph.layers.push(FloatLayer {
            name: format!("layer{tensor}"),
            operators: vec!["Test".into()],
            extent: own,
            terms,
            bias,
            activation,
            gathered: None,
            scale,
        });
        tensor
    }

    pub(crate) fn dense(&mut self, source: usize, maps: [AxisMap; 2], out: usize) -> FloatTerm {
        let count = maps[0].taps * maps[1].taps * self.graph.extent(source).channels;
        let largest = 1.0 / (count as f32).sqrt();
        FloatTerm {
            source,
            maps: maps.to_vec(),
            weights: Weights::Dense(self.numbers.take(count * out, largest)),
        }
    }

    pub(crate) fn diagonal(&mut self, source: usize, maps: [AxisMap; 2]) -> FloatTerm {
        let count = maps[0].taps * maps[1].taps * self.graph.extent(source).channels;
        FloatTerm {
            source,
            maps: maps.to_vec(),
            weights: Weights::Diagonal(self.numbers.take(count, 0.8)),
        }
    }

    /// The larger of every two neighbours along the last axis, as the layers of a maximum.
    pub(crate) fn pairwise_maximum(&mut self, source: usize) -> usize {
        let own = self.graph.extent(source);
        let half = extent([own.positions[0], own.positions[1] / 2], own.channels);
        let first = window(1, 2, 0);
        let second = AxisMap { pad: -1, ..first };
        let terms = vec![
            structural(source, [UNIT, first], UNIT, 1.0),
            structural(source, [UNIT, second], UNIT, -1.0),
        ];
        let follows = ScaleRule::Follows(source);
        let difference = self.layer(half.clone(), terms, Some(Activation::Relu), follows.clone());
        let terms = vec![
            structural(source, [UNIT, second], UNIT, 1.0),
            structural(difference, [UNIT, UNIT], UNIT, 1.0),
        ];
        self.layer(half, terms, None, follows)
    }

    pub(crate) fn samples(&mut self, count: usize) -> Vec<Sample> {
        let inputs: Vec<(usize, Option<usize>)> = (self.graph.inputs.iter())
            .map(|port| (port.extent().cells(), port.rows))
            .collect();
        let sample = |_| {
            let inputs = inputs.iter();
            inputs
                .map(|(cells, rows)| {
                    let values = self.numbers.take(*cells, 1.0).into_iter();
                    let row =
                        |x: f32| rows.map_or(x, |rows| ((x + 1.0) / 2.0 * rows as f32).floor());
                    values.map(row).collect()
                })
                .collect()
        };
        (0..count).map(sample).collect()
    }
}

pub(crate) fn structural(
    source: usize,
    maps: [AxisMap; 2],
    channels: AxisMap,
    coefficient: f32,
) -> FloatTerm {
    FloatTerm {
        source,
        maps: maps.to_vec(),
        weights: Weights::Structural {
            channels,
            coefficient,
        },
    }
}

/// A convolution with stride, padding and dilation, then a maximum pool, an average pool and a dense layer over what is left.
pub(crate) fn convolutional(seed: u64) -> Builder {
    let mut net = Builder::new(seed);
    let x = net.input(&extent([7, 8], 3));
    let maps = [
        window(3, 2, 1),
        AxisMap {
            dilation: 2,
            ..window(3, 1, 2)
        },
    ];
    let term = net.dense(x, maps, 5);
    let conv = net.layer(
        extent([4, 8], 5),
        vec![term],
        Some(Activation::Relu),
        ScaleRule::Free,
    );
    let pooled = net.pairwise_maximum(conv);
    let again = net.pairwise_maximum(pooled);
    let term = structural(again, [window(2, 2, 0), UNIT], UNIT, 0.5);
    let average = net.layer(
        extent([2, 2], 5),
        vec![term],
        None,
        ScaleRule::Follows(again),
    );
    let term = net.dense(average, [window(2, 1, 0), window(2, 1, 0)], 4);
    let last = net.layer(extent([1, 1], 4), vec![term], None, ScaleRule::Free);
    net.output(last);
    net
}

/// Two inputs; a depthwise convolution, a residual with another scale, a sigmoid gate read back by slices; two outputs.
pub(crate) fn residual(seed: u64) -> Builder {
    let mut net = Builder::new(seed);
    let x = net.input(&extent([4, 4], 6));
    let y = net.input(&extent([2, 2], 6));
    let term = net.diagonal(x, [window(3, 1, 1), window(3, 1, 1)]);
    let depthwise = net.layer(
        extent([4, 4], 6),
        vec![term],
        Some(Activation::Relu),
        ScaleRule::Free,
    );
    let spread = AxisMap { divisor: 2, ..UNIT };
    let terms = vec![
        net.dense(depthwise, [UNIT, UNIT], 6),
        structural(x, [UNIT, UNIT], UNIT, 1.0),
        structural(y, [spread, spread], UNIT, -2.0),
    ];
    let leaky = Some(Activation::LeakyRelu { alpha: 0.1 });
    let sum = net.layer(extent([4, 4], 6), terms, leaky, ScaleRule::Free);
    let channels = AxisMap { pad: -2, ..UNIT };
    let term = structural(sum, [window(1, 1, -1), UNIT], channels, 1.0);
    let slice = net.layer(extent([3, 4], 4), vec![term], None, ScaleRule::Follows(sum));
    let moved = structural(x, [UNIT, UNIT], AxisMap { stride: 2, ..UNIT }, 0.5);
    let terms = vec![net.dense(slice, [window(1, 1, 0), UNIT], 3), moved];
    let gate = net.layer(
        extent([3, 4], 3),
        terms,
        Some(Activation::Sigmoid),
        ScaleRule::Free,
    );
    net.output(gate);
    net.output(slice);
    net
}

/// Maxima of values that may be negative, of a layer without activation, three times over.
pub(crate) fn maxima(seed: u64) -> Builder {
    let mut net = Builder::new(seed);
    let x = net.input(&extent([2, 8], 2));
    let term = net.dense(x, [UNIT, UNIT], 3);
    let mut last = net.layer(extent([2, 8], 3), vec![term], None, ScaleRule::Free);
    for _ in 0..3 {
        last = net.pairwise_maximum(last);
    }
    let term = net.dense(last, [window(2, 1, 0), UNIT], 2);
    let last = net.layer(extent([1, 1], 2), vec![term], None, ScaleRule::Free);
    net.output(last);
    net
}

/// Two tables of different widths and sizes, one read at every position and one at every other, and dense layers over real numbers and
/// both.
pub(crate) fn embeddings(seed: u64) -> Builder {
    let mut net = Builder::new(seed);
    let ids = net.rows_input([2, 4], 60);
    let x = net.input(&extent([2, 4], 3));
    let whole = net.gather((ids, [UNIT, UNIT]), [2, 4], (60, 13));
    let halves = net.gather((ids, [UNIT, window(1, 2, -1)]), [2, 2], (60, 1));
    let terms = vec![
        net.dense(whole, [UNIT, UNIT], 6),
        net.dense(x, [UNIT, UNIT], 6),
    ];
    let hidden = net.layer(
        extent([2, 4], 6),
        terms,
        Some(Activation::Relu),
        ScaleRule::Free,
    );
    let all = [window(2, 2, 0), window(4, 4, 0)];
    let terms = vec![
        net.dense(hidden, all, 3),
        net.dense(halves, [window(2, 2, 0), window(2, 2, 0)], 3),
    ];
    let y = net.layer(extent([1, 1], 3), terms, None, ScaleRule::Free);
    net.output(y);
    net
}
