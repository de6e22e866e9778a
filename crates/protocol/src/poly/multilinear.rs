//! Multilinear tables and eq.

use alloc::vec;
use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use crate::curve::Fr;

/// eq(point, i) for every i below 2^len, little endian.
pub fn eq_table(point: &[Fr]) -> Vec<Fr> {
    let mut table = vec![Fr::ONE];
    for coordinate in point {
        let high: Vec<Fr> = table.iter().map(|low| *low * coordinate).collect();
        for (low, high) in table.iter_mut().zip(&high) {
            *low -= high;
        }
        table.extend(high);
    }
    table
}

/// The multilinear extension of `values`, padded with zeros to 2^len entries, at a point. Coordinates that are zero or one, as the number
/// of a block has them, cost nothing.
pub fn extension_at(values: &[Fr], point: &[Fr]) -> Fr {
    let mut table = values.to_vec();
    for (bit, coordinate) in point.iter().enumerate().rev() {
        let half = 1usize << bit;
        let high = table.split_off(half.min(table.len()));
        if *coordinate == Fr::ONE {
            table = high;
        } else if *coordinate != Fr::ZERO {
            table.resize(table.len().max(high.len()), Fr::ZERO);
            let keep = Fr::ONE - coordinate;
            let (both, alone) = table.split_at_mut(high.len());
            for (low, high) in both.iter_mut().zip(&high) {
                *low += *coordinate * (*high - *low);
            }
            for low in alone {
                *low *= keep;
            }
        }
    }
    table.first().copied().unwrap_or(Fr::ZERO)
}

/// eq(a, b) = Π (a_k b_k + (1 − a_k)(1 − b_k)).
pub fn eq(a: &[Fr], b: &[Fr]) -> Fr {
    a.iter()
        .zip(b)
        .map(|(a, b)| {
            let both = *a * b;
            Fr::ONE - a - b + both + both
        })
        .product()
}

/// eq(point, bits): the weight of one vertex, whose bits are those of `index`, lowest first.
pub fn eq_index(point: &[Fr], index: u64) -> Fr {
    point
        .iter()
        .enumerate()
        .map(|(bit, coordinate)| {
            if index
                .checked_shr(u32::try_from(bit).unwrap_or(u32::MAX))
                .unwrap_or(0)
                & 1
                == 1
            {
                *coordinate
            } else {
                Fr::ONE - coordinate
            }
        })
        .product()
}

/// Σ_i eq(point, i) xⁱ over all 2^len vertices, as a product.
pub fn eq_at_powers(point: &[Fr], x: Fr) -> Fr {
    let mut power = x;
    let mut value = Fr::ONE;
    for coordinate in point {
        value *= Fr::ONE - coordinate + *coordinate * power;
        power.square_in_place();
    }
    value
}

/// ⟨a, b⟩ over the shorter of the two.
pub fn inner_product(a: &[Fr], b: &[Fr]) -> Fr {
    a.iter().zip(b).map(|(a, b)| *a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::scalars;

    #[test]
    fn extensions_are_inner_products_with_eq() {
        let point = scalars(4, 1);
        for length in [0, 1, 3, 7, 8, 11, 16] {
            let values = scalars(length, 2);
            for changed in 0..16u32 {
                // Every subset of the coordinates is zero or one.
                let mut point = point.clone();
                for (bit, coordinate) in point.iter_mut().enumerate() {
                    if changed >> bit & 1 == 1 {
                        *coordinate = Fr::from(bit as u64 % 2);
                    }
                }
                let expected = inner_product(&values, &eq_table(&point));
                assert_eq!(extension_at(&values, &point), expected);
            }
        }
    }

    #[test]
    fn eq_has_one_meaning_in_all_its_forms() {
        let (a, b) = (scalars(5, 1), scalars(5, 2));
        let table = eq_table(&a);
        assert_eq!(inner_product(&table, &eq_table(&b)), eq(&a, &b));
        for (i, value) in table.iter().enumerate() {
            assert_eq!(*value, eq_index(&a, i as u64));
        }
        let x = b[0];
        let powers: Vec<Fr> = (0..32u64).map(|i| x.pow([i])).collect();
        assert_eq!(inner_product(&table, &powers), eq_at_powers(&a, x));
    }
}
