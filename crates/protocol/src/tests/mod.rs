//! Tests of the whole protocol.

mod cheating;
mod completeness;
mod forging;
mod known_answer;
mod rank;
mod refusals;
mod statement;
mod tampering;
