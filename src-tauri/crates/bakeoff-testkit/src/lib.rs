//! For tests and benches: a model server that can misbehave in every known way, in-memory twins of core's ports,
//! and a clock that stands still until told otherwise. Nothing here is part of the program that people get.

mod bare_client;
mod clock;
mod fake_model;
mod fake_runner;
mod fake_subjects;
mod memory_lab_log;
mod memory_log;
mod server;

pub use bare_client::bare_client;
pub use clock::{ManualClock, TokioClock};
pub use fake_model::{FakeAnswer, FakeModel};
pub use fake_runner::{FakeRun, FakeRunner};
pub use fake_subjects::{FakeInstance, FakeLab, FakeSubjects, fake_subject};
pub use memory_lab_log::{JournalRow, MemoryLabLog, Trace};
pub use memory_log::MemoryLog;
pub use server::{MockOptions, MockServer, RecordedRequest, Reply};
