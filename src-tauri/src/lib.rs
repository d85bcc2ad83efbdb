//! Bakeoff's two shells over the application service: the window and the command line.

#[cfg(feature = "desktop")]
pub mod app;
pub mod cli;
