//! The engine against a scripted model and a log in memory, in paused time: hours of waiting take no time at all.

mod common;

mod budget;
mod judges;
mod limits;
mod outcomes;
mod properties;
mod retries;
mod steering;
