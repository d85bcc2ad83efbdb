//! The local HTTP API over real sockets: most of it served by this process, so that limits can be small; starting and
//! ending it is tested with the real program.

mod access;
mod answers;
mod events;
mod limits;
mod load;
mod schemathesis;
mod serve;
mod support;
mod triage;
