//! Element types of results, from those of operands.

use super::{Activation, Binary, ElementType, Operation, Reduction, Unary};

impl Operation {
    /// The results' element type for operands of these types, `None` when the operation does not take them.
    #[must_use]
    pub fn output_type(&self, inputs: &[ElementType]) -> Option<ElementType> {
        use ElementType::{Bool, Float32, Int32, Int64};
        let numbers = |t: &ElementType| *t != Bool;
        let floats = inputs.iter().all(|t| t.is_float());
        match (self, inputs) {
            (Self::Activation(activation), [x]) => {
                let integral = on_integers(*activation) && *x != Bool;
                (floats || integral).then_some(*x)
            }
            (Self::Unary(unary), [x]) => match unary {
                Unary::Neg => numbers(x).then_some(*x),
                Unary::Not => (*x == Bool).then_some(Bool),
                Unary::Sqrt | Unary::Reciprocal | Unary::Log => x.is_float().then_some(*x),
            },
            (Self::Binary(Binary::Pow), [a, b]) => (numbers(a) && numbers(b)).then_some(*a),
            (Self::Binary(_), [a, b]) => (a == b && numbers(a)).then_some(*a),
            (Self::Compare(_), [a, b]) => (a == b).then_some(Bool),
            (Self::Logic(_), [Bool, Bool]) => Some(Bool),
            (Self::Where, [Bool, a, b]) => (a == b).then_some(*a),
            (Self::Cast { to }, [_]) => Some(*to),
            (Self::MaxPool { .. }, [x]) => numbers(x).then_some(*x),
            (Self::Reduce { reduction, .. }, [x]) => {
                let any = matches!(reduction, Reduction::Max | Reduction::Min);
                (any || numbers(x)).then_some(*x)
            }
            (Self::ArgMax(_), [x]) => numbers(x).then_some(Int64),
            (Self::Concat { .. }, [first, rest @ ..]) => {
                rest.iter().all(|t| t == first).then_some(*first)
            }
            (
                Self::Split { .. }
                | Self::Slice { .. }
                | Self::Pad { .. }
                | Self::Transpose { .. }
                | Self::Reshape { .. }
                | Self::Expand { .. }
                | Self::Tile { .. }
                | Self::Gather { .. },
                [x, indices @ ..],
            ) => indices
                .iter()
                .all(|t| matches!(t, Int32 | Int64))
                .then_some(*x),
            (
                Self::PRelu
                | Self::Convolution(_)
                | Self::ConvolutionTranspose(_)
                | Self::Gemm(_)
                | Self::MatMul
                | Self::BatchNormalization { .. }
                | Self::LocalResponse(_)
                | Self::AveragePool { .. }
                | Self::Softmax(_),
                _,
            ) => floats.then_some(Float32),
            _ => self.quantised_type(inputs),
        }
    }

    fn quantised_type(&self, inputs: &[ElementType]) -> Option<ElementType> {
        use ElementType::{Float32, Int8, Int16, Int32, Uint8, Uint16};
        let byte = |t: &ElementType| matches!(t, Int8 | Uint8);
        match (self, inputs) {
            (Self::QuantizeLinear(axis), [Float32 | Int32, Float32, zero]) => {
                let narrow = matches!(zero, Int8 | Uint8 | Int16 | Uint16);
                (narrow && *zero == axis.element_type).then_some(*zero)
            }
            (Self::DequantizeLinear(axis), [x, Float32, zero]) => {
                let integer = matches!(x, Int8 | Uint8 | Int16 | Uint16 | Int32);
                (integer && x == zero && *x == axis.element_type).then_some(Float32)
            }
            (Self::QLinearConv(_), [x, Float32, xz, w, Float32, wz, Float32, y, bias @ ..]) => {
                let fits = byte(x) && x == xz && byte(w) && w == wz && byte(y);
                (fits && matches!(bias, [] | [Int32])).then_some(*y)
            }
            (Self::QLinearGlobalAveragePool, [x, Float32, xz, Float32, y]) => {
                (byte(x) && x == xz && x == y).then_some(*y)
            }
            (Self::QLinearConcat { .. }, [Float32, y, parts @ ..]) => {
                let part =
                    |part: &[ElementType]| matches!(part, [x, Float32, z] if x == y && z == y);
                (byte(y) && parts.chunks(3).all(part)).then_some(*y)
            }
            (Self::QLinearAdd, [a, Float32, az, b, Float32, bz, Float32, y]) => {
                (byte(a) && [az, b, bz, y].iter().all(|t| *t == a)).then_some(*y)
            }
            (Self::QLinearMatMul, [a, Float32, az, b, Float32, bz, Float32, y]) => {
                (byte(a) && a == az && byte(b) && b == bz && byte(y)).then_some(*y)
            }
            (Self::QGemm(_), [a, Float32, az, b, Float32, bz, Int32, target @ ..]) => {
                let fits = byte(a) && a == az && byte(b) && b == bz;
                let result = match target {
                    [] => Some(Float32),
                    [Float32, y] if byte(y) => Some(*y),
                    _ => None,
                };
                result.filter(|_| fits)
            }
            (Self::ConvInteger(_) | Self::MatMulInteger, [a, b, az, bz]) => {
                (byte(a) && a == az && byte(b) && b == bz).then_some(Int32)
            }
            _ => None,
        }
    }
}

/// Whether an activation maps integers to integers and ONNX allows it on them.
fn on_integers(activation: Activation) -> bool {
    matches!(
        activation,
        Activation::Relu | Activation::Abs | Activation::Sign
    )
}

#[cfg(test)]
mod tests {
    use super::ElementType::{Bool, Float32, Int8, Int64};
    use super::*;

    #[test]
    fn operands_must_agree() {
        let add = Operation::Binary(Binary::Add);
        assert_eq!(add.output_type(&[Int64, Int64]), Some(Int64));
        assert_eq!(add.output_type(&[Int64, Float32]), None);
        assert_eq!(add.output_type(&[Bool, Bool]), None);
        let power = Operation::Binary(Binary::Pow);
        assert_eq!(power.output_type(&[Int64, Float32]), Some(Int64));
        let tanh = Operation::Activation(Activation::Tanh);
        assert_eq!(tanh.output_type(&[Int8]), None);
        assert_eq!(
            Operation::Where.output_type(&[Bool, Int8, Int8]),
            Some(Int8)
        );
        assert_eq!(Operation::MatMul.output_type(&[Float32, Int8]), None);
    }
}
