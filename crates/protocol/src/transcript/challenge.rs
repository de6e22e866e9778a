//! One type for each challenge, so that none can stand in for another.

use core::ops::Deref;

use crate::curve::Fr;

/// A scalar drawn from the transcript under its own name.
pub trait Challenge: Sized {
    /// The name that is hashed when the challenge is drawn.
    const NAME: &'static str;

    /// Wraps the scalar that was drawn.
    fn from_scalar(scalar: Fr) -> Self;
}

macro_rules! challenges {
    ($($(#[$doc:meta])* $type:ident = $name:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $type(pub Fr);

        impl Challenge for $type {
            const NAME: &'static str = $name;

            fn from_scalar(scalar: Fr) -> Self {
                Self(scalar)
            }
        }

        impl Deref for $type {
            type Target = Fr;

            fn deref(&self) -> &Fr {
                &self.0
            }
        }
    )*};
}

challenges! {
    /// λ: the point of the logarithmic derivative.
    Lambda = "lambda";
    /// θ: compresses the columns of a table row.
    Theta = "theta";
    /// α: folds the outputs of a layer and the rows of the weight matrix.
    Alpha = "alpha";
    /// A coordinate of the point of the zerocheck.
    EqPoint = "eq point";
    /// η: separates the row constraints.
    Eta = "eta";
    /// γ: the weight of one layer's claim.
    Gamma = "gamma";
    /// A coordinate of r_pos: folds the positions of a layer.
    PositionPoint = "position point";
    /// A coordinate of r_io: the point at which public tensors are compared.
    PublicPoint = "public point";
    /// δ: separates the linear claims.
    Delta = "delta";
    /// A round's challenge of the sumcheck.
    Round = "round";
    /// ξ: combines all columns into one.
    Xi = "xi";
    /// α′: the point of Mercury's division.
    AlphaPrime = "alpha prime";
    /// ψ: separates the degree checks.
    Psi = "psi";
    /// The weight of Mercury's second inner product.
    Ga = "g_a";
    /// The weight of the weights' inner product.
    Gb = "g_b";
    /// c₁: the weight of the degree checks in the Laurent identity.
    C1 = "c_1";
    /// z: the point of the openings.
    Z = "z";
    /// A coordinate of the point at which an opened inference is compared.
    InferencePoint = "inference point";
    /// ρ: adds the tags of a large table to its values.
    Rho = "rho";
    /// The weight of one pairing equation.
    EquationWeight = "equation weight";
}
