//! Tests of the whole protocol.

mod batch;
mod batched;
mod bundle;
mod cheating;
mod committed;
mod completeness;
mod forging;
mod known_answer;
mod masked;
mod messages;
mod programs;
mod rank;
mod reference;
mod refusals;
mod shapes;
mod statement;
mod tampering;
