//! Subjects with real processes.
#![expect(clippy::expect_used, reason = "a test says what it expects")]

mod embedded;
mod shells;
mod support;
