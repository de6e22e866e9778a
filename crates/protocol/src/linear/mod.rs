//! All linear claims of a proof: the layers, the public tensors, the balance of the lookups (PROTOCOL §5).
//!
//! A claim says Σ_x Σ_c u_c(x)·column_c(x) − Σ_j g_j·(Σ_x Σ_c G_{j,c}(x)·column_c(x) + K_j) = v. The known part u is a list of
//! [`functional::Functional`]s; the part with the weights' remainder g is a list of [`kappa::RunGroup`]s. Both sides build the
//! same lists from the challenges; the prover writes them out, the verifier evaluates them at the sumcheck's point.

mod axis_sums;
pub(crate) mod claims;
mod dense;
pub(crate) mod functional;
pub(crate) mod kappa;
pub mod quotients;
pub mod weights;
