//! `BatchNormalization` at inference: a factor and a term per channel of axis 1.

use alloc::vec;
use alloc::vec::Vec;

use super::ImportError;
use super::constant::broadcast_indices;
use super::importer::{Importer, Value};
use super::node_view::NodeView;
use crate::graph::{Affine, Operation};

pub(super) fn batch_normalization(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check(5..=5, &["epsilon", "momentum", "training_mode"])?;
    node.require("training_mode", 0, 0, "training_mode = 0, inference")?;
    let epsilon = node.float("epsilon", 1e-5)?;
    let input = importer.activation(node, 0)?;
    let &[1, channels, ..] = input.shape.as_slice() else {
        return Err(node.shape_error(0, &input.shape, &[1]));
    };
    let mut parameters: [Vec<f32>; 4] = Default::default();
    for (index, parameter) in (1..).zip(&mut parameters) {
        let constant = importer.known(node, index)?;
        if constant.shape != [channels] {
            return Err(node.shape_error(index, &constant.shape, &[channels]));
        }
        *parameter = constant
            .as_floats()
            .ok_or_else(|| node.constant_type(index, "a float32 vector"))?
            .to_vec();
    }
    let [gamma, beta, mean, variance] = parameters;
    importer.charge(node, input.channels().saturating_mul(2))?;
    // The vectors belong to axis 1, as if of shape [channels, 1, .., 1].
    let mut operand = vec![channels];
    operand.resize(input.shape.len() - 1, 1);
    let mut affine = Affine {
        scale: Vec::new(),
        shift: Vec::new(),
    };
    for index in broadcast_indices(&input.shape, &operand) {
        let scale =
            f64::from(gamma[index]) / libm::sqrt(f64::from(variance[index]) + f64::from(epsilon));
        affine.scale.push(scale as f32);
        affine
            .shift
            .push((f64::from(beta[index]) - f64::from(mean[index]) * scale) as f32);
    }
    if !affine.is_finite() {
        return Err(ImportError::Arithmetic {
            place: node.place(),
        });
    }
    importer.push(node, &input, input.shape.clone(), Operation::Affine(affine))
}
