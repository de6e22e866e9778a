//! Functions of the elements of one, two or three tensors.

use alloc::vec::Vec;

use super::ApplyError;
use super::index::broadcast_indices;
use crate::graph::{Activation, Binary, Comparison, ElementType, Elements, Logic, Tensor, Unary};

pub(super) fn activation(activation: Activation, x: &Tensor) -> Result<Elements, ApplyError> {
    /// Integers up to here are exact as `f64`.
    const EXACT: i64 = 1 << 53;
    match x.elements() {
        Elements::Floats(values) => Ok(Elements::Floats(
            values
                .iter()
                .map(|&x| activation.apply(f64::from(x)) as f32)
                .collect(),
        )),
        Elements::Ints(values) => {
            let apply = |&x: &i64| {
                (-EXACT..=EXACT)
                    .contains(&x)
                    .then(|| activation.apply(x as f64) as i64)
            };
            let values = values.iter().map(apply).collect::<Option<_>>();
            values.map(Elements::Ints).ok_or(ApplyError::Arithmetic)
        }
    }
}

pub(super) fn unary(unary: Unary, x: &Tensor) -> Result<Elements, ApplyError> {
    match (unary, x.elements()) {
        (Unary::Neg, Elements::Ints(values)) => ints(values, |&x| x.checked_neg()),
        (Unary::Not, Elements::Ints(values)) => ints(values, |&x| Some(i64::from(x == 0))),
        (Unary::Neg, Elements::Floats(values)) => Ok(floats(values, |x| -x)),
        (Unary::Sqrt, Elements::Floats(values)) => Ok(floats(values, libm::sqrtf)),
        (Unary::Reciprocal, Elements::Floats(values)) => Ok(floats(values, |x| 1.0 / x)),
        (Unary::Log, Elements::Floats(values)) => {
            Ok(floats(values, |x| libm::log(f64::from(x)) as f32))
        }
        _ => Err(ApplyError::Operands),
    }
}

pub(super) fn binary(
    binary: Binary,
    (a, b): (&Tensor, &Tensor),
    shape: &[usize],
) -> Result<Elements, ApplyError> {
    match (a.elements(), b.elements()) {
        (Elements::Floats(x), Elements::Floats(y)) => {
            let pairs = Pairs::new(shape, (a, x), (b, y));
            Ok(Elements::Floats(pairs.map(|a, b| on_floats(binary, a, b))))
        }
        (Elements::Ints(x), Elements::Ints(y)) => {
            let pairs = Pairs::new(shape, (a, x), (b, y));
            let values: Vec<_> = pairs.map(|a, b| on_ints(binary, a, b));
            let values = values.into_iter().collect::<Option<_>>();
            values.map(Elements::Ints).ok_or(ApplyError::Arithmetic)
        }
        // Only a power may mix the types; the result has the base's.
        (Elements::Floats(x), Elements::Ints(y)) => {
            let pairs = Pairs::new(shape, (a, x), (b, y));
            Ok(Elements::Floats(
                pairs.map(|a, b| libm::pow(f64::from(a), b as f64) as f32),
            ))
        }
        (Elements::Ints(x), Elements::Floats(y)) => {
            let pairs = Pairs::new(shape, (a, x), (b, y));
            Ok(Elements::Ints(
                pairs.map(|a, b| libm::pow(a as f64, f64::from(b)) as i64),
            ))
        }
    }
}

fn on_floats(binary: Binary, a: f32, b: f32) -> f32 {
    match binary {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Max => a.max(b),
        Binary::Min => a.min(b),
        Binary::Pow => libm::pow(f64::from(a), f64::from(b)) as f32,
        Binary::Mod => a - b * libm::floorf(a / b),
        Binary::Remainder => libm::fmodf(a, b),
    }
}

fn on_ints(binary: Binary, a: i64, b: i64) -> Option<i64> {
    match binary {
        Binary::Add => a.checked_add(b),
        Binary::Sub => a.checked_sub(b),
        Binary::Mul => a.checked_mul(b),
        Binary::Div => a.checked_div(b),
        Binary::Max => Some(a.max(b)),
        Binary::Min => Some(a.min(b)),
        Binary::Pow => a.checked_pow(u32::try_from(b).ok()?),
        Binary::Mod => {
            let remainder = a.checked_rem(b)?;
            let other_side = remainder != 0 && (remainder < 0) != (b < 0);
            Some(if other_side { remainder + b } else { remainder })
        }
        Binary::Remainder => a.checked_rem(b),
    }
}

pub(super) fn compare(
    comparison: Comparison,
    (a, b): (&Tensor, &Tensor),
    shape: &[usize],
) -> Result<Elements, ApplyError> {
    let values = match (a.elements(), b.elements()) {
        (Elements::Floats(x), Elements::Floats(y)) => {
            Pairs::new(shape, (a, x), (b, y)).map(|a, b| holds(comparison, a, b))
        }
        (Elements::Ints(x), Elements::Ints(y)) => {
            Pairs::new(shape, (a, x), (b, y)).map(|a, b| holds(comparison, a, b))
        }
        _ => return Err(ApplyError::Operands),
    };
    Ok(Elements::Ints(values))
}

fn holds<T: Copy + PartialOrd>(comparison: Comparison, a: T, b: T) -> i64 {
    i64::from(match comparison {
        Comparison::Equal => a == b,
        Comparison::Less => a < b,
        Comparison::LessOrEqual => a <= b,
        Comparison::Greater => a > b,
        Comparison::GreaterOrEqual => a >= b,
    })
}

pub(super) fn logic(
    logic: Logic,
    (a, b): (&Tensor, &Tensor),
    shape: &[usize],
) -> Result<Elements, ApplyError> {
    let (Elements::Ints(x), Elements::Ints(y)) = (a.elements(), b.elements()) else {
        return Err(ApplyError::Operands);
    };
    let pairs = Pairs::new(shape, (a, x), (b, y));
    Ok(Elements::Ints(pairs.map(|a, b| match logic {
        Logic::And => a & b,
        Logic::Or => a | b,
        Logic::Xor => a ^ b,
    })))
}

pub(super) fn prelu(x: &Tensor, slope: &Tensor) -> Result<Elements, ApplyError> {
    let (Elements::Floats(values), Elements::Floats(slopes)) = (x.elements(), slope.elements())
    else {
        return Err(ApplyError::Operands);
    };
    let pairs = Pairs::new(x.shape(), (x, values), (slope, slopes));
    Ok(Elements::Floats(
        pairs.map(|x, slope| if x < 0.0 { slope * x } else { x }),
    ))
}

/// `Where`: the elements of `a` or `b`.
pub(super) fn select(
    condition: &Tensor,
    (a, b): (&Tensor, &Tensor),
    shape: &[usize],
) -> Result<Elements, ApplyError> {
    let chosen = condition.as_ints().ok_or(ApplyError::Operands)?;
    let chosen = broadcast_indices(shape, condition.shape())
        .into_iter()
        .map(|index| chosen[index] != 0);
    match (a.elements(), b.elements()) {
        (Elements::Floats(x), Elements::Floats(y)) => {
            let pairs: Vec<(f32, f32)> = Pairs::new(shape, (a, x), (b, y)).map(|a, b| (a, b));
            let picked = chosen.zip(pairs);
            Ok(Elements::Floats(
                picked
                    .map(|(first, (a, b))| if first { a } else { b })
                    .collect(),
            ))
        }
        (Elements::Ints(x), Elements::Ints(y)) => {
            let pairs: Vec<(i64, i64)> = Pairs::new(shape, (a, x), (b, y)).map(|a, b| (a, b));
            let picked = chosen.zip(pairs);
            Ok(Elements::Ints(
                picked
                    .map(|(first, (a, b))| if first { a } else { b })
                    .collect(),
            ))
        }
        _ => Err(ApplyError::Operands),
    }
}

/// A cast truncates floats, as ONNX says, and saturates where ONNX leaves the result open; integers wrap.
pub(super) fn cast(to: ElementType, x: &Tensor) -> Elements {
    match (x.elements(), to.range()) {
        (Elements::Floats(values), None) => Elements::Floats(values.clone()),
        (Elements::Ints(values), None) => {
            Elements::Floats(values.iter().map(|&value| value as f32).collect())
        }
        (Elements::Floats(values), Some(_)) if to == ElementType::Bool => {
            Elements::Ints(values.iter().map(|&x| i64::from(x != 0.0)).collect())
        }
        (Elements::Ints(values), Some(_)) if to == ElementType::Bool => {
            Elements::Ints(values.iter().map(|&x| i64::from(x != 0)).collect())
        }
        (Elements::Floats(values), Some((least, most))) => Elements::Ints(
            values
                .iter()
                .map(|&value| (value as i64).clamp(least, most))
                .collect(),
        ),
        (Elements::Ints(values), Some((least, most))) => Elements::Ints(
            values
                .iter()
                .map(|&value| wrapped(value, least, most))
                .collect(),
        ),
    }
}

fn wrapped(value: i64, least: i64, most: i64) -> i64 {
    let span = i128::from(most) - i128::from(least) + 1;
    let offset = (i128::from(value) - i128::from(least)).rem_euclid(span);
    // Within the range, so it fits.
    (i128::from(least) + offset) as i64
}

fn floats(values: &[f32], function: impl Fn(f32) -> f32) -> Elements {
    Elements::Floats(values.iter().map(|&x| function(x)).collect())
}

fn ints(values: &[i64], function: impl Fn(&i64) -> Option<i64>) -> Result<Elements, ApplyError> {
    let values = values.iter().map(function).collect::<Option<_>>();
    values.map(Elements::Ints).ok_or(ApplyError::Arithmetic)
}

/// Two tensors broadcast to one shape.
struct Pairs<'a, A, B> {
    shape: &'a [usize],
    a: (&'a [usize], &'a [A]),
    b: (&'a [usize], &'a [B]),
}

impl<'a, A: Copy, B: Copy> Pairs<'a, A, B> {
    fn new(
        shape: &'a [usize],
        (a, x): (&'a Tensor, &'a [A]),
        (b, y): (&'a Tensor, &'a [B]),
    ) -> Self {
        Self {
            shape,
            a: (a.shape(), x),
            b: (b.shape(), y),
        }
    }

    fn map<T>(&self, function: impl Fn(A, B) -> T) -> Vec<T> {
        let ((a_shape, a), (b_shape, b)) = (self.a, self.b);
        if a_shape == self.shape && b_shape == self.shape {
            return a.iter().zip(b).map(|(&a, &b)| function(a, b)).collect();
        }
        let a_indices = broadcast_indices(self.shape, a_shape);
        let b_indices = broadcast_indices(self.shape, b_shape);
        let pairs = a_indices.into_iter().zip(b_indices);
        pairs.map(|(i, j)| function(a[i], b[j])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn on(operation: Binary, a: i64, b: i64) -> Result<Elements, ApplyError> {
        binary(operation, (&Tensor::int(a), &Tensor::int(b)), &[])
    }

    #[test]
    fn integer_arithmetic_is_checked() {
        assert_eq!(on(Binary::Div, -7, 2), Ok(Elements::Ints(vec![-3])));
        assert_eq!(on(Binary::Mod, -7, 3), Ok(Elements::Ints(vec![2])));
        assert_eq!(on(Binary::Mod, 7, -3), Ok(Elements::Ints(vec![-2])));
        assert_eq!(on(Binary::Remainder, -7, 3), Ok(Elements::Ints(vec![-1])));
        assert_eq!(on(Binary::Div, 1, 0), Err(ApplyError::Arithmetic));
        assert_eq!(on(Binary::Mod, i64::MIN, -1), Err(ApplyError::Arithmetic));
        assert_eq!(on(Binary::Add, i64::MAX, 1), Err(ApplyError::Arithmetic));
        assert_eq!(on(Binary::Pow, 2, -1), Err(ApplyError::Arithmetic));
    }

    #[test]
    fn casts_truncate_saturate_and_wrap() {
        let floats = Tensor::floats(vec![3], vec![-1.5, 300.0, f32::NAN]).unwrap();
        assert_eq!(
            cast(ElementType::Int8, &floats),
            Elements::Ints(vec![-1, 127, 0])
        );
        assert_eq!(
            cast(ElementType::Bool, &floats),
            Elements::Ints(vec![1, 1, 1])
        );
        let list = Tensor::list(vec![-1, 256, i64::MIN]);
        assert_eq!(
            cast(ElementType::Uint8, &list),
            Elements::Ints(vec![255, 0, 0])
        );
        assert_eq!(
            cast(ElementType::Int64, &list),
            Elements::Ints(vec![-1, 256, i64::MIN])
        );
    }

    #[test]
    fn a_condition_broadcasts_too() {
        let condition =
            Tensor::new(ElementType::Bool, vec![2, 1], Elements::Ints(vec![1, 0])).unwrap();
        let (a, b) = (Tensor::list(vec![1, 2]), Tensor::int(9));
        assert_eq!(
            select(&condition, (&a, &b), &[2, 2]),
            Ok(Elements::Ints(vec![1, 2, 9, 9]))
        );
    }
}
