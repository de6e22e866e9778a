//! Float graphs made by hand, and the check that lowering keeps their meaning.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::graph::{
    Activation, Binary, Convolution, ElementType, FloatGraph, Gemm, Node, Operand, Operation,
    Output, Tensor, TensorType, WindowAxis,
};
use crate::layered::LayeredGraph;
use crate::lower::LowerError;

/// A graph under construction; values are numbers.
pub(super) struct Net {
    graph: FloatGraph,
    seed: u64,
}

impl Net {
    pub(super) fn new(shapes: &[&[usize]]) -> Self {
        let values = shapes.iter().enumerate().map(|(i, shape)| TensorType {
            name: format!("x{i}"),
            shape: shape.to_vec(),
            element_type: ElementType::Float32,
        });
        Self {
            graph: FloatGraph {
                values: values.collect(),
                inputs: (0..shapes.len()).collect(),
                outputs: vec![],
                nodes: vec![],
                dynamic_batch: false,
                post_processing: vec![],
            },
            seed: 1,
        }
    }

    /// Numbers between -1 and 1.
    pub(super) fn random(&mut self, count: usize) -> Vec<f32> {
        (0..count)
            .map(|_| {
                self.seed = self
                    .seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (self.seed >> 40) as f32 / (1u64 << 23) as f32 - 1.0
            })
            .collect()
    }

    pub(super) fn constant(&mut self, shape: &[usize]) -> Operand {
        let values = self.random(shape.iter().product());
        Self::given(shape, values)
    }

    pub(super) fn given(shape: &[usize], values: Vec<f32>) -> Operand {
        Operand::Constant(Arc::new(Tensor::floats(shape.to_vec(), values).unwrap()))
    }

    pub(super) fn ints(shape: &[usize], values: Vec<i64>) -> Operand {
        Operand::Constant(Arc::new(
            Tensor::list(values).reshaped(shape.to_vec()).unwrap(),
        ))
    }

    pub(super) fn shape(&self, value: usize) -> &[usize] {
        &self.graph.values[value].shape
    }

    /// Makes an input one of integers.
    pub(super) fn integers(&mut self, input: usize) {
        self.graph.values[input].element_type = ElementType::Int64;
    }

    /// A node, and the values it makes.
    pub(super) fn nodes(&mut self, operation: Operation, inputs: Vec<Operand>) -> Vec<usize> {
        let shapes: Vec<&[usize]> = inputs.iter().map(|input| self.graph.shape(input)).collect();
        let made = operation.output_shapes(&shapes).expect("shapes fit");
        let types: Vec<ElementType> = (inputs.iter())
            .map(|input| match input {
                Operand::Value(value) => self.graph.values[*value].element_type,
                Operand::Constant(tensor) => tensor.element_type(),
            })
            .collect();
        // A shape that no type fits is for what the lowering refuses.
        let element_type = operation.output_type(&types);
        let element_type = element_type.unwrap_or(ElementType::Float32);
        let first = self.graph.values.len();
        let number = self.graph.nodes.len();
        let operator: String = format!("{operation:?}")
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        for (i, shape) in made.into_iter().enumerate() {
            self.graph.values.push(TensorType {
                name: format!("v{number}_{i}"),
                shape,
                element_type,
            });
        }
        let outputs: Vec<usize> = (first..self.graph.values.len()).collect();
        self.graph.nodes.push(Node {
            name: format!("n{number}"),
            operator,
            inputs,
            outputs: outputs.clone(),
            operation,
        });
        outputs
    }

    pub(super) fn node(&mut self, operation: Operation, inputs: Vec<Operand>) -> usize {
        self.nodes(operation, inputs)[0]
    }

    /// A node with one operand.
    pub(super) fn unary(&mut self, operation: Operation, x: usize) -> usize {
        self.node(operation, vec![Operand::Value(x)])
    }

    pub(super) fn relu(&mut self, x: usize) -> usize {
        self.unary(Operation::Activation(Activation::Relu), x)
    }

    pub(super) fn binary(&mut self, binary: Binary, a: usize, b: usize) -> usize {
        let operands = vec![Operand::Value(a), Operand::Value(b)];
        self.node(Operation::Binary(binary), operands)
    }

    pub(super) fn with_constant(&mut self, binary: Binary, x: usize, shape: &[usize]) -> usize {
        let constant = self.constant(shape);
        self.node(Operation::Binary(binary), vec![Operand::Value(x), constant])
    }

    pub(super) fn reshape(&mut self, x: usize, shape: &[usize]) -> usize {
        let shape = shape.to_vec();
        self.unary(Operation::Reshape { shape }, x)
    }

    pub(super) fn gemm(&mut self, x: usize, outputs: usize) -> usize {
        let inputs = self.shape(x)[1];
        let operands = vec![
            Operand::Value(x),
            self.constant(&[outputs, inputs]),
            self.constant(&[outputs]),
        ];
        let gemm = Gemm {
            alpha: 1.0,
            beta: 1.0,
            transpose_a: false,
            transpose_b: true,
        };
        self.node(Operation::Gemm(gemm), operands)
    }

    pub(super) fn matmul(&mut self, x: usize, shape: &[usize]) -> usize {
        let constant = self.constant(shape);
        self.node(Operation::MatMul, vec![Operand::Value(x), constant])
    }

    /// A convolution with the same window along each axis of `x`, and a bias.
    pub(super) fn conv(
        &mut self,
        x: usize,
        outputs: usize,
        (kernel, stride, pad): (usize, usize, usize),
        groups: usize,
    ) -> usize {
        let shape = self.shape(x).to_vec();
        let axes: Vec<WindowAxis> = shape[2..]
            .iter()
            .map(|&input| window(input, (kernel, stride, 1), (pad, pad)))
            .collect();
        let mut weights = vec![outputs, shape[1] / groups];
        weights.extend(axes.iter().map(|axis| axis.kernel));
        let operands = vec![
            Operand::Value(x),
            self.constant(&weights),
            self.constant(&[outputs]),
        ];
        self.node(
            Operation::Convolution(Convolution { axes, groups }),
            operands,
        )
    }

    pub(super) fn batch_norm(&mut self, x: usize) -> usize {
        let channels = self.shape(x)[1];
        let mut operands = vec![Operand::Value(x)];
        operands.extend((0..3).map(|_| self.constant(&[channels])));
        let variance: Vec<f32> = self
            .random(channels)
            .iter()
            .map(|v| v.abs() + 0.5)
            .collect();
        operands.push(Self::given(&[channels], variance));
        self.node(Operation::BatchNormalization { epsilon: 1e-5 }, operands)
    }

    pub(super) fn max_pool(
        &mut self,
        x: usize,
        (kernel, stride, pad): (usize, usize, usize),
    ) -> usize {
        let axes = self.shape(x)[2..]
            .iter()
            .map(|&input| window(input, (kernel, stride, 1), (pad, pad)))
            .collect();
        self.unary(Operation::MaxPool { axes }, x)
    }

    pub(super) fn lower(&mut self, outputs: &[usize]) -> Result<LayeredGraph, LowerError> {
        self.graph.outputs = (outputs.iter().enumerate())
            .map(|(i, &value)| Output {
                value,
                name: format!("y{i}"),
            })
            .collect();
        LayeredGraph::lower(&self.graph)
    }

    /// Lowers to these outputs and compares both graphs on a few inputs.
    pub(super) fn check(&mut self, outputs: &[usize]) -> LayeredGraph {
        let layered = self.lower(outputs).unwrap();
        for port in layered.inputs.iter().chain(&layered.outputs) {
            assert!(port.layout.covers(&port.onnx.shape), "{port:?}");
            assert_eq!(layered.extent(port.tensor), port.extent());
        }
        for _ in 0..2 {
            let counts: Vec<usize> = (self.graph.inputs.iter())
                .map(|&input| self.graph.values[input].elements())
                .collect();
            let mut inputs: Vec<Vec<f32>> =
                counts.iter().map(|&count| self.random(count)).collect();
            for (values, port) in inputs.iter_mut().zip(&layered.inputs) {
                if let Some(rows) = port.rows {
                    let row = |x: &f32| ((x + 1.0) / 2.0 * rows as f32).floor();
                    *values = values.iter().map(row).collect();
                }
            }
            let slices: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
            let expected = self.graph.run(&slices).unwrap();
            let tensors = layered.evaluate(&inputs).unwrap();
            let made = layered.outputs(&tensors);
            assert_eq!(made.len(), expected.len());
            for (made, expected) in made.iter().zip(&expected) {
                let expected = expected.as_floats().unwrap();
                assert_eq!(made.len(), expected.len());
                let size = expected.iter().fold(1.0f32, |size, x| size.max(x.abs()));
                for (index, (a, b)) in made.iter().zip(expected).enumerate() {
                    assert!(
                        (a - b).abs() <= 2e-5 * size,
                        "element {index}: {a} for {b}\n{:?}",
                        self.graph
                    );
                }
            }
        }
        layered
    }
}

/// A window over an axis: kernel, stride and dilation, padding before and after.
pub(super) fn window(
    input: usize,
    (kernel, stride, dilation): (usize, usize, usize),
    (pad_begin, pad_end): (usize, usize),
) -> WindowAxis {
    let reach = (kernel - 1) * dilation + 1;
    WindowAxis {
        input,
        kernel,
        stride,
        dilation,
        pad_begin,
        pad_end,
        output: (input + pad_begin + pad_end - reach) / stride + 1,
    }
}

/// Cells of all layers, and the number of layers.
pub(super) fn size(graph: &LayeredGraph) -> (usize, usize) {
    let cells = graph.layers.iter().map(|layer| layer.extent.cells()).sum();
    (cells, graph.layers.len())
}
