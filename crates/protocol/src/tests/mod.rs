//! Tests of the whole protocol.

mod completeness;
