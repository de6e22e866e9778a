//! Tests of the whole protocol.

mod cheating;
mod completeness;
mod forging;
mod refusals;
mod statement;
mod tampering;
