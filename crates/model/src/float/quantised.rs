//! Operators on quantised tensors, in onnxruntime's arithmetic: exact integer sums, one multiplication in `f32`, one rounding to
//! the nearest, the even one of two.

use alloc::vec::Vec;

use super::ApplyError;
use super::convolution::{Operands, add_bias, convolve};
use super::index::{broadcast_indices, strides};
use super::{moves, product};
use crate::graph::{Convolution, ElementType, Elements, Gemm, QuantizedAxis, Tensor};

fn ints(tensor: &Tensor) -> Result<&[i64], ApplyError> {
    tensor.as_ints().ok_or(ApplyError::Operands)
}

fn floats(tensor: &Tensor) -> Result<&[f32], ApplyError> {
    tensor.as_floats().ok_or(ApplyError::Operands)
}

fn single<T: Copy>(values: &[T]) -> Result<T, ApplyError> {
    match *values {
        [value] => Ok(value),
        _ => Err(ApplyError::Operands),
    }
}

/// The index of an element's parameter, of `count` along an axis.
fn parameter(shape: &[usize], axis: usize, count: usize) -> impl Fn(usize) -> usize + use<> {
    let stride = strides(shape).get(axis).copied().unwrap_or(1).max(1);
    move |element| {
        if count == 1 {
            0
        } else {
            element / stride % count
        }
    }
}

/// Rounds to the nearest integer, adds the zero point, and stays in the type's range.
fn saturated(value: f32, zero: i64, element_type: ElementType) -> i64 {
    let (least, most) = element_type.range().unwrap_or((i64::MIN, i64::MAX));
    (libm::rintf(value) as i64)
        .saturating_add(zero)
        .clamp(least, most)
}

/// `QuantizeLinear`.
pub(super) fn quantize(
    quantized: &QuantizedAxis,
    x: &Tensor,
    (scale, zero): (&Tensor, &Tensor),
) -> Result<Elements, ApplyError> {
    let (scales, zeros) = (floats(scale)?, ints(zero)?);
    let index = parameter(x.shape(), quantized.axis.unwrap_or(0), scales.len());
    let quantise = |(i, value): (usize, f32)| {
        let at = index(i);
        saturated(value / scales[at], zeros[at], quantized.element_type)
    };
    let values: Vec<i64> = match x.elements() {
        Elements::Floats(values) => values.iter().copied().enumerate().map(quantise).collect(),
        Elements::Ints(values) => {
            let values = values.iter().map(|&value| value as f32);
            values.enumerate().map(quantise).collect()
        }
    };
    Ok(Elements::Ints(values))
}

/// `DequantizeLinear`.
pub(super) fn dequantize(
    quantized: &QuantizedAxis,
    x: &Tensor,
    (scale, zero): (&Tensor, &Tensor),
) -> Result<Elements, ApplyError> {
    let (scales, zeros) = (floats(scale)?, ints(zero)?);
    let index = parameter(x.shape(), quantized.axis.unwrap_or(0), scales.len());
    let values = ints(x)?.iter().enumerate().map(|(i, &value)| {
        let at = index(i);
        (value - zeros[at]) as f32 * scales[at]
    });
    Ok(Elements::Floats(values.collect()))
}

/// The integers less their zero points, which are one or as many as `axis` is long.
fn centred(x: &Tensor, zero: &Tensor, axis: usize) -> Result<Vec<i64>, ApplyError> {
    let zeros = ints(zero)?;
    if zeros.len() != 1 && x.shape().get(axis) != Some(&zeros.len()) {
        return Err(ApplyError::Operands);
    }
    let index = parameter(x.shape(), axis, zeros.len());
    let values = ints(x)?.iter().enumerate();
    Ok(values.map(|(i, &value)| value - zeros[index(i)]).collect())
}

/// How sums of products become integers, or numbers.
struct Requantisation<'a> {
    /// `alpha * x_scale`.
    left: f32,
    /// One per index of an axis of the result, or one for all.
    right: &'a [f32],
    /// Scale and zero point of the result, `None` for a real one.
    target: Option<(f32, &'a Tensor)>,
    /// Shape of the result and the axis of the scales.
    shape: &'a [usize],
    axis: usize,
}

impl Requantisation<'_> {
    fn apply(&self, sums: &[i64]) -> Result<Elements, ApplyError> {
        if self.right.len() != 1 && self.shape.get(self.axis) != Some(&self.right.len()) {
            return Err(ApplyError::Operands);
        }
        let index = parameter(self.shape, self.axis, self.right.len());
        let scale = |i: usize| self.left * self.right[index(i)];
        let sums = sums.iter().enumerate();
        Ok(match self.target {
            None => Elements::Floats(sums.map(|(i, &sum)| sum as f32 * scale(i)).collect()),
            Some((y_scale, zero)) => {
                let (element_type, zero) = (zero.element_type(), single(ints(zero)?)?);
                let requantise =
                    |(i, &sum)| saturated(sum as f32 * (scale(i) / y_scale), zero, element_type);
                Elements::Ints(sums.map(requantise).collect())
            }
        })
    }
}

/// `QLinearConv`, with operands as of [`crate::graph::Operation::QLinearConv`].
pub(super) fn convolution(
    convolution: &Convolution,
    operands: &[&Tensor],
    shape: &[usize],
) -> Result<Elements, ApplyError> {
    let [
        x,
        x_scale,
        x_zero,
        w,
        w_scale,
        w_zero,
        y_scale,
        y_zero,
        bias @ ..,
    ] = operands
    else {
        return Err(ApplyError::Operands);
    };
    // Padding is the zero point, which is 0 here.
    let mut sums = convolve(
        convolution,
        Operands {
            x: &centred(x, x_zero, 0).and_then(|values| scalar(x_zero, values))?,
            x_shape: x.shape(),
            weights: &centred(w, w_zero, 0)?,
            weights_shape: w.shape(),
        },
    );
    if let [bias] = bias {
        add_bias(&mut sums, ints(bias)?, shape);
    }
    Requantisation {
        left: single(floats(x_scale)?)?,
        right: floats(w_scale)?,
        target: Some((single(floats(y_scale)?)?, y_zero)),
        shape,
        axis: 1,
    }
    .apply(&sums)
}

/// The values, when the zero point is a single one.
fn scalar(zero: &Tensor, values: Vec<i64>) -> Result<Vec<i64>, ApplyError> {
    single(ints(zero)?).map(|_| values)
}

/// `QLinearMatMul`, with operands as of [`crate::graph::Operation::QLinearMatMul`].
pub(super) fn linear_matmul(operands: &[&Tensor], shape: &[usize]) -> Result<Elements, ApplyError> {
    let [a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero] = operands else {
        return Err(ApplyError::Operands);
    };
    let sums = integer_matmul((a, a_zero), (b, b_zero))?;
    Requantisation {
        left: single(floats(a_scale)?)?,
        right: floats(b_scale)?,
        target: Some((single(floats(y_scale)?)?, y_zero)),
        shape,
        axis: shape.len().saturating_sub(1),
    }
    .apply(&sums)
}

/// `QGemm`, with operands as of [`crate::graph::Operation::QGemm`].
pub(super) fn gemm(
    attributes: &Gemm,
    operands: &[&Tensor],
    shape: &[usize],
) -> Result<Elements, ApplyError> {
    let [a, a_scale, a_zero, b, b_scale, b_zero, bias, target @ ..] = operands else {
        return Err(ApplyError::Operands);
    };
    let output_axis = usize::from(!attributes.transpose_b);
    let left = centred(a, a_zero, 0).and_then(|values| scalar(a_zero, values))?;
    let right = centred(b, b_zero, output_axis)?;
    let mut sums = product::gemm(attributes, (&left, a.shape()), (&right, b.shape()));
    let terms = ints(bias)?;
    for (sum, at) in sums.iter_mut().zip(broadcast_indices(shape, bias.shape())) {
        *sum += terms[at];
    }
    let target = match target {
        [scale, zero] => Some((single(floats(scale)?)?, *zero)),
        _ => None,
    };
    Requantisation {
        left: attributes.alpha * single(floats(a_scale)?)?,
        right: floats(b_scale)?,
        target,
        shape,
        axis: 1,
    }
    .apply(&sums)
}

/// `QLinearAdd`, with operands as of [`crate::graph::Operation::QLinearAdd`]: all in `f32`, the zero points in one number.
pub(super) fn sum(operands: &[&Tensor], shape: &[usize]) -> Result<Elements, ApplyError> {
    let [a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero] = operands else {
        return Err(ApplyError::Operands);
    };
    let scale = |scale: &Tensor| single(floats(scale)?);
    let zero = |zero: &Tensor| single(ints(zero)?);
    let (left, right) = (
        scale(a_scale)? / scale(y_scale)?,
        scale(b_scale)? / scale(y_scale)?,
    );
    let zeros = left * zero(a_zero)? as f32 + right * zero(b_zero)? as f32;
    let fixed = zero(y_zero)? as f32 - zeros;
    let (a_values, b_values) = (ints(a)?, ints(b)?);
    let at = broadcast_indices(shape, a.shape());
    let pairs = at.into_iter().zip(broadcast_indices(shape, b.shape()));
    let value = |(a, b): (usize, usize)| {
        let sum = b_values[b] as f32 * right + (a_values[a] as f32 * left + fixed);
        saturated(sum, 0, y_zero.element_type())
    };
    Ok(Elements::Ints(pairs.map(value).collect()))
}

/// `QLinearConcat`, with operands as of [`crate::graph::Operation::QLinearConcat`]: each part dequantised and quantised again.
pub(super) fn concat(
    axis: usize,
    operands: &[&Tensor],
    shape: &[usize],
) -> Result<Elements, ApplyError> {
    let [y_scale, y_zero, parts @ ..] = operands else {
        return Err(ApplyError::Operands);
    };
    let element_type = y_zero.element_type();
    let tensor = QuantizedAxis {
        axis: None,
        element_type,
    };
    let made = |part: &[&Tensor]| {
        let [x, scale, zero] = part else {
            return Err(ApplyError::Operands);
        };
        let remade = |elements| Tensor::new(element_type, x.shape().to_vec(), elements);
        if (scale, zero) == (y_scale, y_zero) {
            return Ok((*x).clone());
        }
        let real = dequantize(&tensor, x, (scale, zero))?;
        let real = match real {
            Elements::Floats(values) => Tensor::floats(x.shape().to_vec(), values),
            Elements::Ints(_) => None,
        };
        let real = real.ok_or(ApplyError::Operands)?;
        remade(quantize(&tensor, &real, (y_scale, y_zero))?).ok_or(ApplyError::Operands)
    };
    let parts: Vec<Tensor> = parts.chunks(3).map(made).collect::<Result<_, _>>()?;
    let parts: Vec<&Tensor> = parts.iter().collect();
    Ok(moves::concat(axis, &parts, shape)?.elements().clone())
}

/// `QLinearGlobalAveragePool`, with operands as of [`crate::graph::Operation::QLinearGlobalAveragePool`].
pub(super) fn mean(operands: &[&Tensor], shape: &[usize]) -> Result<Elements, ApplyError> {
    let [x, x_scale, x_zero, y_scale, y_zero] = operands else {
        return Err(ApplyError::Operands);
    };
    let count: usize = x.shape().iter().skip(2).product();
    let values = centred(x, x_zero, 0).and_then(|values| scalar(x_zero, values))?;
    let sums: Vec<i64> = values
        .chunks(count.max(1))
        .map(|own| own.iter().sum())
        .collect();
    Requantisation {
        left: single(floats(x_scale)?)?,
        right: &[1.0],
        target: Some((single(floats(y_scale)?)? * count as f32, y_zero)),
        shape,
        axis: 1,
    }
    .apply(&sums)
}

/// `ConvInteger`: operands `x`, `w`, `x_zero_point`, `w_zero_point`.
pub(super) fn integer_convolution(
    convolution: &Convolution,
    operands: &[&Tensor],
) -> Result<Elements, ApplyError> {
    let [x, w, x_zero, w_zero] = operands else {
        return Err(ApplyError::Operands);
    };
    Ok(Elements::Ints(convolve(
        convolution,
        Operands {
            x: &centred(x, x_zero, 0).and_then(|values| scalar(x_zero, values))?,
            x_shape: x.shape(),
            weights: &centred(w, w_zero, 0)?,
            weights_shape: w.shape(),
        },
    )))
}

/// `MatMulInteger`: sums of products of what is left after the zero points, one per row of `a` or one, one per column of `b` or one.
pub(super) fn integer_matmul(
    (a, a_zero): (&Tensor, &Tensor),
    (b, b_zero): (&Tensor, &Tensor),
) -> Result<Vec<i64>, ApplyError> {
    let left = centred(a, a_zero, a.shape().len().saturating_sub(2))?;
    let right = centred(b, b_zero, b.shape().len().saturating_sub(1))?;
    Ok(product::matmul((&left, a.shape()), (&right, b.shape())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn bytes(shape: &[usize], values: &[i64]) -> Tensor {
        Tensor::new(
            ElementType::Uint8,
            shape.to_vec(),
            Elements::Ints(values.to_vec()),
        )
        .unwrap()
    }

    const TENSOR: QuantizedAxis = QuantizedAxis {
        axis: None,
        element_type: ElementType::Uint8,
    };

    #[test]
    fn rounding_is_to_even_and_saturates() {
        let x = Tensor::floats(vec![5], vec![1.0, 3.0, 5.0, -1e9, 1e9]).unwrap();
        let out = quantize(&TENSOR, &x, (&Tensor::float(2.0), &bytes(&[], &[10])));
        assert_eq!(out, Ok(Elements::Ints(vec![10, 12, 12, 0, 255])));
        let back = dequantize(
            &TENSOR,
            &bytes(&[2], &[10, 12]),
            (&Tensor::float(2.0), &bytes(&[], &[10])),
        );
        assert_eq!(back, Ok(Elements::Floats(vec![0.0, 4.0])));
    }

    #[test]
    fn scales_along_an_axis() {
        let axis = QuantizedAxis {
            axis: Some(0),
            ..TENSOR
        };
        let scale = Tensor::floats(vec![2], vec![1.0, 10.0]).unwrap();
        let x = bytes(&[2, 2], &[1, 2, 3, 4]);
        let out = dequantize(&axis, &x, (&scale, &bytes(&[2], &[0, 1])));
        assert_eq!(out, Ok(Elements::Floats(vec![1.0, 2.0, 20.0, 30.0])));
    }

    #[test]
    fn a_quantised_gemm_by_hand() {
        let (one, half) = (Tensor::float(1.0), Tensor::float(0.5));
        let (a, b) = (bytes(&[1, 2], &[11, 12]), bytes(&[2, 1], &[3, 5]));
        let (ten, zero) = (bytes(&[], &[10]), bytes(&[], &[0]));
        let bias = Tensor::new(ElementType::Int32, vec![1], Elements::Ints(vec![-20])).unwrap();
        let attributes = Gemm {
            alpha: 1.0,
            beta: 1.0,
            transpose_a: false,
            transpose_b: false,
        };
        // 1 * 3 + 2 * 5 - 20 = -7, halved and rounded to even -4, plus the zero point 10.
        let operands = [&a, &half, &ten, &b, &one, &zero, &bias, &one, &ten];
        assert_eq!(
            gemm(&attributes, &operands, &[1, 1]),
            Ok(Elements::Ints(vec![6]))
        );
        assert_eq!(
            gemm(&attributes, &operands[..7], &[1, 1]),
            Ok(Elements::Floats(vec![-3.5]))
        );
    }
}
