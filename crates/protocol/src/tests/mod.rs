//! Tests of the whole protocol.

mod batch;
mod batched;
mod bundle;
mod cached_points;
mod cheating;
mod committed;
mod completeness;
mod convolutional;
mod convolutional_programs;
mod forging;
mod hidden_tables;
mod hostile_large_keys;
mod known_answer;
mod large_table_keys;
mod large_tables;
mod masked;
mod messages;
mod programs;
mod rank;
mod reference;
mod refusals;
mod shapes;
mod statement;
mod tampering;
