//! The files of Operator v3.2: `eval.db` (campaigns and trials) and `operator.db` (tickets, agent sessions, their logs).
//!
//! Old files are read from a copy, so that they are never changed, whatever state they are in; what is read becomes the
//! types of core. Reading, converting and writing know nothing of where runs are kept.

mod convert;
mod error;
mod eval_db;
mod health;
mod live;
mod operator_db;
mod own;
mod snapshot;
mod time;
mod write;

pub use convert::{Converted, ConvertedTrial, convert};
pub use error::FileError;
pub use eval_db::{EvalDb, OldCampaign, OldCommand, OldTrial};
pub use health::is_healthy;
pub use live::{LiveOperator, sweep};
pub use operator_db::{OperatorDb, OperatorEntry, OperatorSession, OperatorTicket};
pub use time::{Zone, moment};
pub use write::{NewTrial, Written, write};
