//! Final operators, which stay outside a proof, and what is left of the graph without them.

use alloc::vec;
use alloc::vec::Vec;

use crate::graph::{FloatGraph, Node, Operand, Operation};
use crate::integer::PostProcessing;

/// Splits `Softmax`, `LogSoftmax` and `ArgMax` off the end of a graph with a single output, where they are over all its elements.
pub(super) fn split_off_final(graph: &mut FloatGraph) {
    let [output] = graph.outputs.as_slice() else {
        return;
    };
    let mut value = output.value;
    let mut steps = Vec::new();
    while let Some((node, step)) = final_step(graph, value) {
        // After an ArgMax a second one would be of a single index.
        let Some(logits) = node.inputs.first().and_then(Operand::value) else {
            break;
        };
        if step != PostProcessing::ArgMax && !steps.iter().all(|s| *s == PostProcessing::ArgMax) {
            break;
        }
        if step == PostProcessing::ArgMax && !steps.is_empty() {
            break;
        }
        steps.push(step);
        value = logits;
    }
    if steps.is_empty() {
        return;
    }
    steps.reverse();
    graph.outputs[0].name.clone_from(&graph.values[value].name);
    graph.outputs[0].value = value;
    graph.post_processing = steps;
}

/// The node that makes a value, when it is a final operator over all elements.
fn final_step(graph: &FloatGraph, value: usize) -> Option<(&Node, PostProcessing)> {
    let node = graph
        .nodes
        .iter()
        .find(|node| node.outputs.contains(&value))?;
    let shape = graph.shape(node.inputs.first()?);
    let count: usize = shape.iter().product();
    let step = match &node.operation {
        Operation::Softmax(softmax) => {
            let normalised: usize = shape[softmax.first..softmax.end].iter().product();
            let step = if softmax.logarithm {
                PostProcessing::LogSoftmax
            } else {
                PostProcessing::Softmax
            };
            (normalised == count).then_some(step)
        }
        Operation::ArgMax(arg_max) => {
            (shape[arg_max.axis] == count && !arg_max.last).then_some(PostProcessing::ArgMax)
        }
        _ => None,
    };
    step.map(|step| (node, step))
}

/// Drops nodes that no output depends on, and values that nothing reads or makes. Inputs stay.
pub(super) fn prune(graph: &mut FloatGraph) {
    let mut wanted = vec![false; graph.values.len()];
    for output in &graph.outputs {
        wanted[output.value] = true;
    }
    let mut nodes: Vec<Node> = Vec::new();
    for node in core::mem::take(&mut graph.nodes).into_iter().rev() {
        if node.outputs.iter().any(|&value| wanted[value]) {
            for value in node.inputs.iter().filter_map(Operand::value) {
                wanted[value] = true;
            }
            for &value in &node.outputs {
                wanted[value] = true;
            }
            nodes.push(node);
        }
    }
    nodes.reverse();
    graph.nodes = nodes;
    for &input in &graph.inputs {
        wanted[input] = true;
    }
    renumber(graph, &wanted);
}

fn renumber(graph: &mut FloatGraph, wanted: &[bool]) {
    let mut count = 0;
    let numbers: Vec<usize> = wanted
        .iter()
        .map(|&wanted| {
            let number = count;
            count += usize::from(wanted);
            number
        })
        .collect();
    let mut keep = wanted.iter().copied();
    graph.values.retain(|_| keep.next().unwrap_or(false));
    for input in &mut graph.inputs {
        *input = numbers[*input];
    }
    for output in &mut graph.outputs {
        output.value = numbers[output.value];
    }
    for node in &mut graph.nodes {
        for value in &mut node.outputs {
            *value = numbers[*value];
        }
        for operand in &mut node.inputs {
            if let Operand::Value(value) = operand {
                *value = numbers[*value];
            }
        }
    }
}
