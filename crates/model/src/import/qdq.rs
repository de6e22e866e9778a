//! Quantised groups: `DequantizeLinear`, then `Conv`, `Gemm`, `MatMul`, `Add`, `Concat` or `GlobalAveragePool`, then `QuantizeLinear`, become
//! the one operator on integers that onnxruntime executes in their place.
//!
//! The two forms differ by a rounding now and then; the fused one is what a model quantised by onnxruntime means.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::graph::{
    Binary, ElementType, Elements, FloatGraph, Node, Operand, Operation, QuantizedAxis, Reduction,
    Tensor,
};

/// How far a bias's scale may be from the product of the others, relatively.
const TOLERANCE: f32 = 1e-3;

/// Replaces the groups. What they leave unread is pruned later.
pub(super) fn fuse(graph: &mut FloatGraph) {
    let groups = Groups::new(graph);
    let fused: Vec<(usize, Node)> = (0..graph.nodes.len())
        .filter_map(|index| Some((index, groups.fused(index)?)))
        .collect();
    for (index, node) in fused {
        graph.nodes[index] = node;
    }
}

struct Groups<'g> {
    graph: &'g FloatGraph,
    makers: BTreeMap<usize, usize>,
    /// How often each value is read, by nodes or as an output.
    uses: Vec<usize>,
}

/// A tensor before its `DequantizeLinear`.
struct Quantised<'g> {
    operands: [Operand; 3],
    axis: &'g QuantizedAxis,
}

impl<'g> Groups<'g> {
    fn new(graph: &'g FloatGraph) -> Self {
        let mut uses = vec![0; graph.values.len()];
        let reads = graph.nodes.iter().flat_map(|node| &node.inputs);
        let reads = reads.filter_map(Operand::value);
        for value in reads.chain(graph.outputs.iter().map(|output| output.value)) {
            uses[value] += 1;
        }
        let nodes = graph.nodes.iter().enumerate();
        let makers = nodes.flat_map(|(index, node)| node.outputs.iter().map(move |&v| (v, index)));
        Self {
            graph,
            makers: makers.collect(),
            uses,
        }
    }

    fn maker(&self, operand: &Operand) -> Option<&'g Node> {
        let index = self.makers.get(&operand.value()?)?;
        Some(&self.graph.nodes[*index])
    }

    /// The integers, scale and zero point of a dequantised tensor. Scale and zero point must be constants.
    fn quantised(&self, operand: &Operand) -> Option<Quantised<'g>> {
        let node = self.maker(operand)?;
        let Operation::DequantizeLinear(axis) = &node.operation else {
            return None;
        };
        let operands: &[Operand; 3] = node.inputs.as_slice().try_into().ok()?;
        operands[1].constant().and(operands[2].constant())?;
        let operands = operands.clone();
        Some(Quantised { operands, axis })
    }

    /// The operator that computes the result of this `QuantizeLinear` from integers, under the name of the one between the two.
    fn fused(&self, index: usize) -> Option<Node> {
        let node = &self.graph.nodes[index];
        let (Operation::QuantizeLinear(QuantizedAxis { axis: None, .. }), [real, scale, zero]) =
            (&node.operation, node.inputs.as_slice())
        else {
            return None;
        };
        scale.constant().and(zero.constant())?;
        let linear = self
            .maker(real)
            .filter(|_| self.uses[real.value().unwrap_or(0)] == 1)?;
        if let Some((operation, operands)) = self.without_weights(linear) {
            let target = vec![scale.clone(), zero.clone()];
            return Some(Node {
                name: linear.name.clone(),
                operator: linear.operator.clone(),
                inputs: match operation {
                    Operation::QLinearConcat { .. } => [target, operands].concat(),
                    _ => [operands, target].concat(),
                },
                outputs: node.outputs.clone(),
                operation,
            });
        }
        let [x, w, bias @ ..] = linear.inputs.as_slice() else {
            return None;
        };
        let (x, w) = (self.quantised(x)?, self.quantised(w)?);
        // One scale for the activation, and for the weights one or one per output channel.
        let channels = match &linear.operation {
            Operation::Convolution(_) => 0,
            Operation::Gemm(gemm) => usize::from(!gemm.transpose_b),
            Operation::MatMul => self.graph.shape(&w.operands[0]).len().checked_sub(1)?,
            _ => return None,
        };
        if x.axis.axis.is_some() || w.axis.axis.is_some_and(|axis| axis != channels) {
            return None;
        }
        let bias = match bias {
            [] => None,
            [bias] => Some(self.bias(bias, &x, &w)?),
            _ => return None,
        };
        let mut operands = [x.operands, w.operands].concat();
        let target = [scale.clone(), zero.clone()];
        let operation = match &linear.operation {
            Operation::Convolution(convolution) => {
                operands.extend(target);
                operands.extend(bias);
                Operation::QLinearConv(convolution.clone())
            }
            Operation::Gemm(gemm) if gemm.alpha == 1.0 && gemm.beta == 1.0 => {
                operands.push(match bias {
                    Some(bias) => bias,
                    None => zero_bias()?,
                });
                operands.extend(target);
                Operation::QGemm(*gemm)
            }
            Operation::MatMul => {
                operands.extend(target);
                Operation::QLinearMatMul
            }
            _ => return None,
        };
        let types = [x.axis.element_type, w.axis.element_type];
        let narrow = |t: &ElementType| matches!(t, ElementType::Int8 | ElementType::Uint8);
        // Two activations multiplied have no weights to commit to.
        let fits = types.iter().all(narrow) && operands[3].constant().is_some();
        fits.then(|| Node {
            name: linear.name.clone(),
            operator: linear.operator.clone(),
            inputs: operands,
            outputs: node.outputs.clone(),
            operation,
        })
    }

    /// The operation on integers, and its operands but for the result's scale and zero point, of a sum, a mean or a
    /// concatenation of dequantised activations.
    fn without_weights(&self, node: &Node) -> Option<(Operation, Vec<Operand>)> {
        let operation = match &node.operation {
            Operation::Binary(Binary::Add) => Operation::QLinearAdd,
            Operation::Concat { axis } => Operation::QLinearConcat { axis: *axis },
            Operation::Reduce {
                reduction: Reduction::Mean,
                axes,
                keep_dims: true,
            } => {
                let rank = self.graph.shape(node.inputs.first()?).len();
                let spatial = rank > 2 && axes.iter().copied().eq(2..rank);
                spatial.then_some(Operation::QLinearGlobalAveragePool)?
            }
            _ => return None,
        };
        let mut operands = Vec::new();
        for input in &node.inputs {
            let own = self.quantised(input)?;
            let byte = matches!(
                own.axis.element_type,
                ElementType::Int8 | ElementType::Uint8
            );
            if !byte || own.axis.axis.is_some() || own.operands[0].constant().is_some() {
                return None;
            }
            operands.extend(own.operands);
        }
        Some((operation, operands))
    }

    /// The integers of a bias whose scale is that of the sums.
    fn bias(&self, bias: &Operand, x: &Quantised<'_>, w: &Quantised<'_>) -> Option<Operand> {
        let bias = self.quantised(bias)?;
        let [integers, scale, zero] = bias.operands;
        let floats = |operand: &'_ Operand| -> Option<Vec<f32>> {
            Some(operand.constant()?.as_floats()?.to_vec())
        };
        let (scales, x_scale, w_scales) = (
            floats(&scale)?,
            floats(&x.operands[1])?,
            floats(&w.operands[1])?,
        );
        let expected = |index: usize| x_scale[0] * w_scales[index % w_scales.len()];
        let count = scales.len().max(w_scales.len());
        let fits = (0..count)
            .all(|index| (scales[index % scales.len()] / expected(index) - 1.0).abs() < TOLERANCE);
        let centred = zero.constant()?.as_ints()?.iter().all(|&zero| zero == 0);
        let wide = bias.axis.element_type == ElementType::Int32;
        (fits && centred && wide && integers.constant().is_some()).then_some(integers)
    }
}

fn zero_bias() -> Option<Operand> {
    let zero = Tensor::new(ElementType::Int32, vec![], Elements::Ints(vec![0]))?;
    Some(Operand::Constant(Arc::new(zero)))
}
