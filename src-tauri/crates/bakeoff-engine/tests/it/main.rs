//! The engine against a scripted model and a log in memory, in paused time: hours of waiting take no time at all.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should panic, helpers included")]

mod common;

mod branches;
mod budget;
mod flows;
mod judges;
mod lab;
mod limits;
mod outcomes;
mod programs;
mod properties;
mod retries;
mod steering;
mod triage;
mod workflows;
