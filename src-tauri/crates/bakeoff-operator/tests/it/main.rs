//! Operator's files, made as Operator makes them.

mod importing;
mod live;
mod support;
mod writing;
