//! The cluster through real processes.

mod basics;
mod disks;
mod ends;
mod links;
mod members;
mod nodes;
mod support;
