//! Writing to and reading from the real MLflow, and from servers that misbehave.

mod exporting;
mod grouping;
mod paging;
mod reading;
mod support;
mod writing;
