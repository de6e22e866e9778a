//! Lowering keeps the meaning of every operator, and costs what it should.

mod gather;
mod multiply;
mod net;
mod operators;
mod quantised;
mod refusals;
mod sizes;
