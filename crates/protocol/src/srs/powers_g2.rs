//! Powers of τ in G2: what commits to the columns of large tables on the side of G2.

use ark_ec::VariableBaseMSM;

use super::powers::Weights;
use super::{PowersError, Srs};
use crate::curve::{
    Fr, G1Projective, G2Affine, G2Prepared, G2Projective, encode_g2, g1_generator, g2_generator,
};
use crate::digest::Hasher;
use crate::pairing::product_is_one;

impl Srs {
    /// Checks that the powers in G2 are those of the setup's τ: the first is G₂ and
    ///
    /// ```text
    /// e(G₁, Σᵢ ρᵢ·[τ^(i+1)]₂) = e([τ]₁, Σᵢ ρᵢ·[τⁱ]₂)        for random ρᵢ.
    /// ```
    ///
    /// # Errors
    ///
    /// [`PowersError`] when they are not.
    ///
    /// # Soundness
    ///
    /// As [`Srs::check_powers`]: 2⁻¹²⁸ for each attempt at choosing the points.
    pub(super) fn check_powers_g2(&self) -> Result<(), PowersError> {
        let Some((first, ahead)) = self.powers_g2.split_first() else {
            return Ok(());
        };
        if *first != g2_generator() {
            return Err(PowersError::FirstPower);
        }
        let hasher =
            Hasher::new("tensorseal setup powers in G2").part(&encode_g2(&self.setup.tau_g2));
        let points = self.powers_g2.iter();
        let seed = points
            .fold(hasher, |hasher, point| hasher.part(&encode_g2(point)))
            .finish();
        let mut weights = Weights::new(seed);
        let scalars: alloc::vec::Vec<Fr> = ahead
            .iter()
            .flat_map(|_| weights.scalars().into_iter().take(1))
            .collect();
        // Both lists are cut to the number of weights.
        let sum = |points: &[G2Affine]| -> G2Prepared {
            let count = points.len().min(scalars.len());
            let (points, scalars) = (points.get(..count), scalars.get(..count));
            let sum = G2Projective::msm_unchecked(points.unwrap_or(&[]), scalars.unwrap_or(&[]));
            G2Prepared::from(sum)
        };
        let left = [
            g1_generator().into(),
            -G1Projective::from(self.setup.tau_g1),
        ];
        if product_is_one(&left, alloc::vec![sum(ahead), sum(&self.powers_g2)]) {
            Ok(())
        } else {
            Err(PowersError::Ratio)
        }
    }
}
