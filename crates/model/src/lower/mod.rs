//! Lowering: every operator of a float graph as layers.
//!
//! A [`Value`](value::Value) of the float graph is a linear [`Expression`](expression::Expression) of tensors that are already layers,
//! and a [`Layout`](layout::Layout) that says where its elements lie. Reshapes, slices, concatenations, padding, sums and averages only
//! change these two; a layer is made where a function is applied, where a value with weights of its own is read in several places, and
//! where no map along each axis can read what the next operator needs.
//!
//! | module | what it lowers |
//! |---|---|
//! | `linear` | `Gemm`, `MatMul`, and data that moves between positions and channels |
//! | `multiply` | products of two activations |
//! | `convolution` | convolutions, transposed, grouped and depthwise ones |
//! | `maximum` | maxima and minima of windows, axes and tensors |
//! | `average` | average pools, sums and means over axes |
//! | `quantised` | operators on the integers of networks that are quantised already |
//! | `gather` | rows of constant tables, chosen by the integers of an input |
//! | `quantised_sum` | sums, means and concatenations of such integers |
//! | `elementwise` | arithmetic, normalisation, `PRelu` |
//! | `structural` | slices, concatenations, padding, gathering |
//! | `turn` | data that moves from one axis to another |
//! | `codes`, `layout`, `hint`, `compose`, `expression`, `builder` | the means |

mod average;
mod broadcast;
mod builder;
mod codes;
mod compose;
mod convolution;
mod elementwise;
mod error;
mod expression;
mod gather;
mod hint;
mod layout;
mod linear;
mod maximum;
mod multiply;
mod quantised;
mod quantised_sum;
mod structural;
#[cfg(test)]
mod tests;
mod turn;
mod value;

use alloc::vec;
use alloc::vec::Vec;

pub use error::{LowerError, Problem};

use crate::graph::{Activation, FloatGraph, Node, Operand, Operation, Reduction, Unary};
use crate::layered::{LayeredGraph, Port, PortCodes};
use builder::Builder;
use codes::Codes;
use expression::{Coefficients, Expression, Kernel};
use hint::wish;
use layout::Layout;
use value::Value;

/// The state of lowering one graph.
struct Lowering<'a> {
    graph: &'a FloatGraph,
    builder: Builder,
    values: Vec<Option<Value>>,
    /// How often each value is still to be read.
    uses: Vec<usize>,
    /// What the integers of each value mean, in a network that is quantised already.
    codes: Vec<Option<Codes>>,
    /// The same of each input.
    input_codes: Vec<Option<PortCodes>>,
}

impl LayeredGraph {
    /// Lowers a float graph. Nodes that no output depends on are dropped.
    ///
    /// # Errors
    ///
    /// A [`LowerError`] that names the node for what has no form as a layer.
    pub fn lower(graph: &FloatGraph) -> Result<Self, LowerError> {
        let (live, uses) = uses(graph);
        let layouts: Vec<Layout> = graph
            .inputs
            .iter()
            .map(|&input| input_layout(graph, input))
            .collect();
        let lengths: Vec<Vec<usize>> = layouts.iter().map(Layout::lengths).collect();
        let mut lowering = Lowering {
            graph,
            builder: Builder::new(&lengths),
            values: vec![None; graph.values.len()],
            uses,
            codes: vec![None; graph.values.len()],
            input_codes: vec![None; graph.inputs.len()],
        };
        for (tensor, (&input, layout)) in graph.inputs.iter().zip(&layouts).enumerate() {
            if !graph.values[input].element_type.is_float() {
                lowering.builder.hold_rows(tensor);
            }
            lowering.values[input] = Some(Value {
                layout: layout.clone(),
                expression: Expression::tensor(tensor, lengths[tensor].clone()),
            });
        }
        for (node, _) in graph.nodes.iter().zip(live).filter(|(_, live)| *live) {
            lowering.node(node)?;
        }
        lowering.finish(&layouts)
    }
}

/// Which nodes an output depends on, and how often each value is read by those and as an output.
fn uses(graph: &FloatGraph) -> (Vec<bool>, Vec<usize>) {
    let mut uses = vec![0; graph.values.len()];
    for output in &graph.outputs {
        uses[output.value] += 1;
    }
    let mut live = vec![false; graph.nodes.len()];
    for (node, live) in graph.nodes.iter().zip(&mut live).rev() {
        *live = node.outputs.iter().any(|output| uses[*output] > 0);
        if *live {
            for value in node.inputs.iter().filter_map(Operand::value) {
                uses[value] += 1;
            }
        }
    }
    (live, uses)
}

/// As the first operator that cares wishes; where none does, all axes are channels. All axes of row numbers are positions.
fn input_layout(graph: &FloatGraph, input: usize) -> Layout {
    if !graph.values[input].element_type.is_float() {
        return gather::index_layout(&graph.values[input].shape);
    }
    wish(graph, input).unwrap_or_else(|| {
        let shape = &graph.values[input].shape;
        Layout::placed(shape, &vec![0; shape.len()])
    })
}

/// The error of a node.
fn problem(node: &Node, problem: Problem) -> LowerError {
    LowerError::Node {
        node: node.name.clone(),
        operator: node.operator.clone(),
        problem,
    }
}

impl<'a> Lowering<'a> {
    fn node(&mut self, node: &'a Node) -> Result<(), LowerError> {
        let values = node
            .inputs
            .iter()
            .filter_map(Operand::value)
            .chain(node.outputs.iter().copied());
        if values
            .into_iter()
            .any(|value| self.graph.values[value].elements() == 0)
        {
            return Err(problem(node, Problem::Empty));
        }
        let indices = self.reads_rows(node);
        if indices && !gather::moves(&node.operation) {
            return Err(problem(node, Problem::Indices));
        }
        if let Some(value) = self.quantised(node)? {
            return self.made(node, node.outputs[0], value);
        }
        if let Operation::Split { axis, sizes } = &node.operation {
            let parts = self.split(node, *axis, sizes)?;
            for (&output, part) in node.outputs.iter().zip(parts) {
                self.made(node, output, part)?;
            }
            return Ok(());
        }
        let value = self.single(node)?;
        debug_assert_eq!(
            value.shape(),
            self.graph.values[node.outputs[0]].shape,
            "{}",
            node.operator
        );
        self.made(node, node.outputs[0], value)
    }

    /// The value of a node that makes one.
    fn single(&mut self, node: &'a Node) -> Result<Value, LowerError> {
        match &node.operation {
            Operation::Activation(activation) => {
                let x = self.operand(node, 0)?;
                self.activated(node, x, *activation)
            }
            Operation::Unary(Unary::Neg) => {
                let x = self.operand(node, 0)?.noted(node);
                let expression = x.expression.negated();
                Ok(Value { expression, ..x })
            }
            Operation::Binary(binary) => self.binary(node, *binary),
            Operation::PRelu => self.parametric_relu(node),
            Operation::Convolution(convolution) => self.convolution(node, convolution, false),
            Operation::ConvolutionTranspose(convolution) => {
                self.convolution(node, convolution, true)
            }
            Operation::Gemm(gemm) => self.gemm(node, *gemm),
            Operation::MatMul => self.matmul(node),
            Operation::BatchNormalization { epsilon } => self.batch_normalisation(node, *epsilon),
            Operation::MaxPool { axes } => self.max_pool(node, axes),
            Operation::AveragePool {
                axes,
                count_include_pad,
            } => self.average_pool(node, axes, *count_include_pad),
            Operation::Reduce {
                reduction,
                axes,
                keep_dims: _,
            } => match reduction {
                Reduction::Sum | Reduction::Mean => self.reduce(node, axes, *reduction),
                Reduction::Max => self.reduce_maximum(node, axes, false),
                Reduction::Min => self.reduce_maximum(node, axes, true),
            },
            _ => self.structural(node),
        }
    }

    /// Stores what a node makes. What several nodes read becomes cells once, unless reading it twice costs nothing.
    fn made(&mut self, node: &Node, output: usize, mut value: Value) -> Result<(), LowerError> {
        let rows = self.builder.reads_rows(&value.expression);
        if rows && !self.builder.copies_rows(&value.expression) {
            return Err(problem(node, Problem::Indices));
        }
        if self.uses[output] > 1 && !rows && !value.expression.is_view() {
            self.settle(node, &mut value)?;
        }
        self.values[output] = Some(value);
        Ok(())
    }

    /// Operand number `number`, an activation.
    fn operand(&mut self, node: &Node, number: usize) -> Result<Value, LowerError> {
        let Some(index) = node.inputs[number].value() else {
            return Err(problem(node, Problem::Operator));
        };
        self.uses[index] = self.uses[index].saturating_sub(1);
        let slot = &mut self.values[index];
        let value = if self.uses[index] == 0 {
            slot.take()
        } else {
            slot.clone()
        };
        // A graph that holds together makes a value before it is read.
        value.ok_or_else(|| problem(node, Problem::Operator))
    }

    /// Operand number `number`, a constant of floats.
    fn floats(&self, node: &'a Node, number: usize) -> Result<&'a [f32], LowerError> {
        match node.inputs.get(number) {
            Some(Operand::Constant(tensor)) => tensor
                .as_floats()
                .ok_or_else(|| problem(node, Problem::Operator)),
            _ => Err(problem(node, Problem::ConstantOperand)),
        }
    }

    /// Makes a value cells, unless it is.
    fn settle(&mut self, node: &Node, value: &mut Value) -> Result<(), LowerError> {
        if value.expression.as_tensor().is_some() {
            return Ok(());
        }
        let mut expression = value.expression.clone();
        if expression.origin.operators.is_empty() {
            expression.origin.add(&node.name, &node.operator);
        }
        finite(node, &expression)?;
        value.expression = self.builder.commit(expression, None);
        Ok(())
    }

    /// A function of each element, in the layer of its argument.
    fn activated(
        &mut self,
        node: &Node,
        x: Value,
        activation: Activation,
    ) -> Result<Value, LowerError> {
        let x = x.noted(node);
        finite(node, &x.expression)?;
        let expression = self.builder.commit(x.expression, Some(activation));
        Ok(Value {
            layout: x.layout,
            expression,
        })
    }

    /// A kernel over a value, which becomes cells first where that is cheaper or needed. The caller knows the result's layout.
    fn convolved(
        &mut self,
        node: &Node,
        mut x: Value,
        kernel: &Kernel,
    ) -> Result<Value, LowerError> {
        let taps = kernel.maps[1..].iter().map(|map| map.taps).product();
        if !x.expression.is_readable(taps) {
            self.settle(node, &mut x)?;
        }
        let expression = match x.expression.convolved(kernel) {
            Some(expression) => expression,
            None => {
                self.settle(node, &mut x)?;
                let made = x.expression.convolved(kernel);
                made.ok_or_else(|| problem(node, Problem::Axes))?
            }
        };
        Ok(Value { expression, ..x }.noted(node))
    }

    /// What `read` makes of a value, which becomes cells first if it must.
    fn read(
        &mut self,
        node: &Node,
        x: &mut Value,
        read: impl Fn(&Value) -> Option<Expression>,
    ) -> Result<Expression, LowerError> {
        if let Some(expression) = read(x) {
            return Ok(expression);
        }
        self.settle(node, x)?;
        read(x).ok_or_else(|| problem(node, Problem::Axes))
    }

    fn finish(mut self, inputs: &[Layout]) -> Result<LayeredGraph, LowerError> {
        let mut made: Vec<(usize, Layout)> = Vec::with_capacity(self.graph.outputs.len());
        for index in 0..self.graph.outputs.len() {
            let output = self.output(index, &made)?;
            made.push(output);
        }
        if self.builder.layers() == 0 {
            return Err(LowerError::Empty);
        }
        let positions = self.builder.position_axes();
        let output_codes = self.port_codes()?;
        let rows = |tensor: usize| self.builder.rows(tensor);
        let port =
            |tensor: usize, onnx: crate::graph::TensorType, (layout, codes): (&Layout, _)| {
                let layout = layout.port(positions);
                let layout = layout.ok_or_else(|| LowerError::PortLayout {
                    tensor: onnx.name.clone(),
                    shape: onnx.shape.clone(),
                })?;
                Ok(Port {
                    tensor,
                    onnx,
                    layout,
                    codes,
                    rows: rows(tensor),
                })
            };
        let unused = (0..inputs.len()).find(|tensor| rows(*tensor) == Some(0));
        if let Some(tensor) = unused {
            let tensor = self.graph.input(tensor).name.clone();
            return Err(LowerError::Indices { tensor });
        }
        let inputs = (inputs.iter().zip(&self.input_codes).enumerate())
            .map(|(tensor, (layout, codes))| {
                port(tensor, self.graph.input(tensor).clone(), (layout, *codes))
            })
            .collect::<Result<_, _>>()?;
        let outputs = (made.iter().zip(output_codes).enumerate())
            .map(|(index, ((tensor, layout), codes))| {
                port(*tensor, self.graph.output(index), (layout, codes))
            })
            .collect::<Result<_, _>>()?;
        Ok(LayeredGraph {
            inputs,
            outputs,
            layers: self.builder.finish(positions),
        })
    }

    /// What the integers of each output mean; all of them and all inputs are quantised, or nothing is.
    fn port_codes(&self) -> Result<Vec<Option<PortCodes>>, LowerError> {
        let outputs = self.graph.outputs.iter();
        let codes = outputs.map(|output| self.codes[output.value].as_ref()?.port());
        let codes: Vec<Option<PortCodes>> = codes.collect();
        let quantised =
            self.builder.is_fixed() || self.input_codes.iter().chain(&codes).any(Option::is_some);
        if !quantised {
            return Ok(codes);
        }
        let input = self.input_codes.iter().position(Option::is_none);
        let output = codes.iter().position(Option::is_none);
        let names = [
            input.map(|index| self.graph.input(index).name.clone()),
            output.map(|index| self.graph.output(index).name),
        ];
        match names.into_iter().flatten().next() {
            Some(tensor) => Err(LowerError::Mixed { tensor }),
            None => Ok(codes),
        }
    }

    /// The tensor of an output, a layer's and not one of the `made` ones, with its layout.
    fn output(
        &mut self,
        index: usize,
        made: &[(usize, Layout)],
    ) -> Result<(usize, Layout), LowerError> {
        let output = &self.graph.outputs[index];
        let constant = || LowerError::ConstantOutput {
            output: output.name.clone(),
        };
        let value = self.values[output.value].clone().ok_or_else(constant)?;
        if self.builder.reads_rows(&value.expression) {
            let tensor = output.name.clone();
            return Err(LowerError::Indices { tensor });
        }
        // What an output's layer is called where no node is left to give it a name.
        let copy = Node {
            name: output.name.clone(),
            operator: "Identity".into(),
            inputs: vec![],
            outputs: vec![],
            operation: Operation::Reshape { shape: vec![] },
        };
        let mut value = if value.layout.port(value.expression.lengths.len()).is_none() {
            let shape = value.shape();
            let channels = Layout::placed(&shape, &vec![0; shape.len()]);
            self.moved(&copy, value, &channels)?
        } else {
            value
        };
        let taken = |tensor: usize| made.iter().any(|(other, _)| *other == tensor);
        let tensor = match value.expression.as_tensor() {
            Some(tensor) if !self.builder.is_input(tensor) && !taken(tensor) => tensor,
            Some(_) => {
                value.expression.origin = expression::Origin::default();
                let Value { layout, expression } = value.noted(&copy);
                let made = self.builder.commit(expression, None);
                return made
                    .as_tensor()
                    .map(|tensor| (tensor, layout))
                    .ok_or_else(constant);
            }
            None => {
                self.settle(&copy, &mut value)?;
                value.expression.as_tensor().ok_or_else(constant)?
            }
        };
        Ok((tensor, value.layout))
    }
}

fn finite(node: &Node, expression: &Expression) -> Result<(), LowerError> {
    let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
    let terms = (expression.terms.iter()).all(|term| match &term.coefficients {
        Coefficients::Uniform(value) => value.is_finite(),
        Coefficients::Diagonal(weights) | Coefficients::Dense(weights) => finite(weights),
    });
    if terms && finite(&expression.bias) {
        Ok(())
    } else {
        Err(problem(node, Problem::NotFinite))
    }
}
