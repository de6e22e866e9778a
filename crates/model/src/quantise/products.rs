//! Sums of products of two activations: the scale of a sum whose terms are the quarter squares of codes.
//!
//! With operands of scales `s_a` and `s_b`, a product of codes counts `s_a s_b`, which is small beside the scale of the sum: of 8-bit codes,
//! one in a hundred or less. The weight of a product, `2^shift * s_a s_b / scale`, is therefore a small integer, and rounding it would
//! change all products alike. So the weight is chosen first and the scale made to fit it, and a sum of many products gets a larger shift.

/// The largest sum of codes that is squared, so that a quarter of its square has 30 bits.
pub(super) const MAX_SUM: i64 = 1 << 16;
/// The largest weight of a product: enough for a product that is one step of codes, and far from overflowing a sum.
const MAX_WEIGHT: f64 = 1_048_576.0;
/// Bits of the shift beyond those of the activations and of the number of products. With two, a product of the largest codes in a sum of like
/// ones has a weight of 10, and one of 1.6 at the least where both operands are layers without a function, which have 2.5 times as many codes:
/// never less than one, which would make the scale finer than its table is long.
const SHIFT_BEYOND_PRODUCTS: u32 = 2;

/// The shift of a sum of so many products of codes of `bits` bits, at least that of the graph: the more products, the smaller the part that each
/// has.
pub(super) fn shift(shift: u32, bits: u32, count: usize) -> u32 {
    let doublings = usize::BITS - count.saturating_sub(1).leading_zeros();
    shift.max(bits + SHIFT_BEYOND_PRODUCTS + doublings)
}

/// The scale of a sum, no finer than `scale`, in which a product counts a whole number of times; a scale of `unit` would be that of a weight 1.
pub(super) fn scale(unit: f64, scale: f64) -> f64 {
    unit / libm::floor(unit / scale).clamp(1.0, MAX_WEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_of_a_product_is_a_whole_number() {
        for scale in [1e-9, 0.013, 0.3, 1.0, 7.5] {
            let made = super::scale(2.0, scale);
            let weight = 2.0 / made;
            assert!(
                (weight - libm::floor(weight + 0.5)).abs() < 1e-9,
                "{scale} {made}"
            );
            assert!(made >= scale || scale > 2.0);
        }
    }

    #[test]
    fn sums_of_many_products_divide_by_more() {
        let shifts = [1, 2, 3, 4, 5, 32, 1000].map(|count| shift(10, 8, count));
        assert_eq!(shifts, [10, 11, 12, 12, 13, 15, 20]);
        assert_eq!((shift(16, 8, 32), shift(9, 12, 1)), (16, 14));
    }
}
