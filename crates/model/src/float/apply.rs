//! An operation on tensors.

use alloc::vec;
use alloc::vec::Vec;

use super::convolution::{Operands, add_bias, convolve, convolve_transposed};
use super::index::broadcast_indices;
use super::{ApplyError, elementwise, moves, normalise, pool, product, quantised, reduce};
use crate::graph::{Elements, Gemm, Operation, Tensor, WindowAxis};

/// Floats that the operation was checked to have.
fn floats(tensor: &Tensor) -> &[f32] {
    tensor.as_floats().unwrap_or_default()
}

fn narrowed(sums: &[f64]) -> Elements {
    Elements::Floats(sums.iter().map(|&sum| sum as f32).collect())
}

impl Operation {
    /// The results for these operands.
    ///
    /// # Errors
    /// When the operation does not take operands of these shapes and types, integers overflow, or an index is out of range.
    pub fn apply(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, ApplyError> {
        let types: Vec<_> = operands
            .iter()
            .map(|tensor| tensor.element_type())
            .collect();
        let element_type = self.output_type(&types).ok_or(ApplyError::Operands)?;
        let shapes: Vec<&[usize]> = operands.iter().map(|tensor| tensor.shape()).collect();
        let shapes = self.output_shapes(&shapes).ok_or(ApplyError::Operands)?;
        if let (Self::Split { axis, sizes }, [x]) = (self, operands) {
            return moves::split(*axis, sizes, x);
        }
        let shape = shapes.first().ok_or(ApplyError::Operands)?;
        if let Some(moved) = self.moved(operands, shape)? {
            return Ok(vec![moved]);
        }
        let elements = match self.computed(operands, shape)? {
            Some(elements) => elements,
            None => self.on_integers(operands, shape)?,
        };
        let tensor = Tensor::new(element_type, shape.clone(), elements);
        tensor
            .map(|tensor| vec![tensor])
            .ok_or(ApplyError::Arithmetic)
    }

    /// Number of multiplications, or of elements compared or added, in one result; 0 for operations that touch each element once.
    #[must_use]
    pub fn work_per_element(&self, shapes: &[&[usize]]) -> usize {
        let product = |lengths: &[usize]| {
            lengths
                .iter()
                .fold(1usize, |product, &length| product.saturating_mul(length))
        };
        let taps = |axes: &[WindowAxis]| {
            axes.iter()
                .fold(1usize, |taps, axis| taps.saturating_mul(axis.kernel))
        };
        match (self, shapes) {
            (
                Self::Convolution(_) | Self::ConvolutionTranspose(_) | Self::ConvInteger(_),
                [_, w, ..],
            )
            | (Self::QLinearConv(_), [_, _, _, w, ..]) => product(w),
            (Self::Gemm(_) | Self::QGemm(_), [a, ..]) => product(a),
            (Self::MatMul | Self::QLinearMatMul | Self::MatMulInteger, [a, ..]) => {
                a.last().copied().unwrap_or(1)
            }
            (Self::MaxPool { axes } | Self::AveragePool { axes, .. }, _) => taps(axes),
            (Self::LocalResponse(lrn), [x]) => lrn.size.min(product(x)),
            (Self::Reduce { .. }, [x]) | (Self::QLinearGlobalAveragePool, [x, ..]) => product(x),
            _ => 0,
        }
    }

    /// Operations whose result has the operands' elements.
    fn moved(&self, operands: &[&Tensor], shape: &[usize]) -> Result<Option<Tensor>, ApplyError> {
        let moved = match (self, operands) {
            (Self::Concat { axis }, _) => return moves::concat(*axis, operands, shape).map(Some),
            (Self::Slice { axes }, [x]) => return moves::slice(axes, x).map(Some),
            (Self::Gather { axis }, [data, indices]) => {
                return moves::gather(*axis, (data, indices), shape).map(Some);
            }
            (Self::Transpose { permutation }, [x]) => moves::transpose(permutation, x, shape),
            (Self::Reshape { .. }, [x]) => x.reshaped(shape.to_vec()),
            (Self::Expand { .. }, [x]) => moves::expand(x, shape),
            (Self::Tile { .. }, [x]) => moves::tile(x, shape),
            _ => return Ok(None),
        };
        moved.map(Some).ok_or(ApplyError::Operands)
    }

    /// Operations on real numbers, and those on any elements.
    fn computed(
        &self,
        operands: &[&Tensor],
        shape: &[usize],
    ) -> Result<Option<Elements>, ApplyError> {
        let elements = match (self, operands) {
            (Self::Activation(activation), [x]) => elementwise::activation(*activation, x)?,
            (Self::Unary(unary), [x]) => elementwise::unary(*unary, x)?,
            (Self::Binary(binary), [a, b]) => elementwise::binary(*binary, (a, b), shape)?,
            (Self::PRelu, [x, slope]) => elementwise::prelu(x, slope)?,
            (Self::Compare(compare), [a, b]) => elementwise::compare(*compare, (a, b), shape)?,
            (Self::Logic(logic), [a, b]) => elementwise::logic(*logic, (a, b), shape)?,
            (Self::Where, [condition, a, b]) => elementwise::select(condition, (a, b), shape)?,
            (Self::Cast { to }, [x]) => elementwise::cast(*to, x),
            (Self::Pad { pads, value }, [x]) => moves::pad(pads, *value, x, shape)?,
            (Self::Convolution(attributes), [x, w, bias @ ..]) => {
                let sums = convolve(attributes, real(x, w));
                with_bias(sums, bias, shape)
            }
            (Self::ConvolutionTranspose(attributes), [x, w, bias @ ..]) => {
                let sums = convolve_transposed(attributes, real(x, w));
                with_bias(sums, bias, shape)
            }
            (Self::Gemm(attributes), [a, b, c @ ..]) => gemm(attributes, (a, b), c, shape),
            (Self::MatMul, [a, b]) => narrowed(&product::matmul(
                (floats(a), a.shape()),
                (floats(b), b.shape()),
            )),
            (Self::BatchNormalization { epsilon }, [x, scale, bias, mean, variance]) => {
                let parameters = [scale, bias, mean, variance].map(|tensor| floats(tensor));
                let x = (floats(x), x.shape());
                Elements::Floats(normalise::batch_normalization(*epsilon, x, parameters))
            }
            (Self::LocalResponse(lrn), [x]) => {
                Elements::Floats(normalise::local_response(lrn, (floats(x), x.shape())))
            }
            (Self::MaxPool { axes }, [x]) => pool::max_pool(axes, x),
            (
                Self::AveragePool {
                    axes,
                    count_include_pad,
                },
                [x],
            ) => Elements::Floats(pool::average_pool(axes, *count_include_pad, floats(x))),
            (
                Self::Reduce {
                    reduction, axes, ..
                },
                [x],
            ) => reduce::reduce(*reduction, axes, x)?,
            (Self::Softmax(softmax), [x]) => {
                Elements::Floats(normalise::softmax(softmax, (floats(x), x.shape())))
            }
            _ => return Ok(None),
        };
        Ok(Some(elements))
    }

    /// Operations with integers as operands or as results.
    fn on_integers(&self, operands: &[&Tensor], shape: &[usize]) -> Result<Elements, ApplyError> {
        match (self, operands) {
            (Self::ArgMax(arg_max), [x]) => Ok(Elements::Ints(match x.elements() {
                Elements::Floats(values) => normalise::arg_max(arg_max, (values, x.shape())),
                Elements::Ints(values) => normalise::arg_max(arg_max, (values, x.shape())),
            })),
            (Self::QuantizeLinear(axis), [x, s, z]) => quantised::quantize(axis, x, (s, z)),
            (Self::DequantizeLinear(axis), [x, s, z]) => quantised::dequantize(axis, x, (s, z)),
            (Self::QLinearConv(attributes), _) => {
                quantised::convolution(attributes, operands, shape)
            }
            (Self::QLinearMatMul, _) => quantised::linear_matmul(operands, shape),
            (Self::QLinearAdd, _) => quantised::sum(operands, shape),
            (Self::QLinearConcat { axis }, _) => quantised::concat(*axis, operands, shape),
            (Self::QLinearGlobalAveragePool, _) => quantised::mean(operands, shape),
            (Self::QGemm(attributes), _) => quantised::gemm(attributes, operands, shape),
            (Self::ConvInteger(attributes), _) => {
                quantised::integer_convolution(attributes, operands)
            }
            (Self::MatMulInteger, [a, b, a_zero, b_zero]) => {
                quantised::integer_matmul((a, a_zero), (b, b_zero)).map(Elements::Ints)
            }
            _ => Err(ApplyError::Operands),
        }
    }
}

fn real<'a>(x: &'a Tensor, weights: &'a Tensor) -> Operands<'a, f32> {
    Operands {
        x: floats(x),
        x_shape: x.shape(),
        weights: floats(weights),
        weights_shape: weights.shape(),
    }
}

fn with_bias(mut sums: Vec<f64>, bias: &[&Tensor], shape: &[usize]) -> Elements {
    if let [bias] = bias {
        add_bias(&mut sums, floats(bias), shape);
    }
    narrowed(&sums)
}

fn gemm(attributes: &Gemm, (a, b): (&Tensor, &Tensor), c: &[&Tensor], shape: &[usize]) -> Elements {
    let (alpha, beta) = (f64::from(attributes.alpha), f64::from(attributes.beta));
    let mut sums = product::gemm(attributes, (floats(a), a.shape()), (floats(b), b.shape()));
    sums.iter_mut().for_each(|sum| *sum *= alpha);
    if let [c] = c {
        let terms = floats(c);
        for (sum, at) in sums.iter_mut().zip(broadcast_indices(shape, c.shape())) {
            *sum += beta * f64::from(terms[at]);
        }
    }
    narrowed(&sums)
}
