//! The prover's kernels in a browser.

use js_sys::Function;
use tensorseal_protocol::backend::{Backend, Stage};
use tensorseal_protocol::curve::{Fr, G1Affine, G1Projective};
use tensorseal_protocol::msm::Sum;
use tensorseal_radix29::Radix29Adder;
use wasm_bindgen::JsValue;

use crate::crew::{Crew, shared_sum};

/// The backend, which tells a function what it is about to do and shares large sums with a crew.
pub(crate) struct Light<'a> {
    pub(crate) told: &'a Function,
    pub(crate) crew: Option<Crew>,
}

impl Backend for Light<'_> {
    fn stage(&self, stage: Stage) {
        // Whoever listens cannot stop a proof: that is what ending the worker is for.
        let _ = self.told.call1(&JsValue::UNDEFINED, &stage.name().into());
    }

    fn msm(&self, bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
        shared_sum(self.crew.as_ref(), bases, scalars)
    }

    fn msm_small(&self, bases: &[G1Affine], scalars: &[i64]) -> G1Projective {
        Sum::<Radix29Adder>::of_integers(bases, scalars).whole()
    }
}
