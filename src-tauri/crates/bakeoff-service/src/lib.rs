//! The application service: one method per use case. The only place that composes store, engine, models, charts
//! and reports; the window and the command line are thin shells over it.

pub mod dto;
