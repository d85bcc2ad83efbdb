//! Statistics: closed forms and resampling, with the reference numbers of scipy and statsmodels as tests.
//!
//! Everything here is about plain numbers; what a trial, a variant or a verdict is lives in [`crate::analysis`].

pub mod binomial;
pub mod bootstrap;
pub mod clustered;
pub mod distributions;
pub mod fisher;
pub mod holm;
pub mod independent;
pub mod interval;
pub mod kaplan_meier;
pub mod kappa;
pub mod krippendorff;
pub mod mcnemar;
pub mod paired;
pub mod percentile;
pub mod power;
pub mod sign_flip;
pub mod spearman;
pub mod tango;
pub mod wilson;

pub use interval::Interval;
