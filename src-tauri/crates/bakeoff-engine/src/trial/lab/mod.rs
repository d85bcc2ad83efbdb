//! A fault trial: boot → healthy → fault → landed → ticket → agent → hold → verdict → undone → closed. Whatever happens
//! in between (an error, a stop, a panic), what was begun is undone and the system under test is removed before the
//! trial ends. The verdict is taken before anything is undone.

mod audit;
mod context;
mod journal;
mod lookout;
mod open_trials;
mod operators;
mod protocol;
mod rig;
mod verdict;

pub(super) use audit::Audit;
pub(crate) use context::LabContext;
pub(super) use lookout::Lookout;
pub(crate) use open_trials::OpenTrials;
pub use open_trials::TicketChangeError;

use super::draft::Draft;
use super::{Context, Verdict, program, unless_stopped};
use crate::message::Message;
use bakeoff_core::ports::lab::SubjectError;
use bakeoff_core::trial::Millis;
use context::Planned;
use rig::Rig;
use std::time::Duration;
use tokio::time::Instant;

/// One look at the system under test takes no longer; what hangs counts as failed.
const PROBE_LIMIT: Duration = Duration::from_secs(10);

/// Runs one fault trial. Its record has everything that became known, also when it was stopped.
pub(super) async fn run(context: &Context, lab: &LabContext, draft: &mut Draft) -> Verdict {
    let key = draft.key();
    let planned = match lab.trial(context, key).await {
        Ok(planned) => planned,
        Err(verdict) => return verdict,
    };
    if context.cancel.is_cancelled() {
        return Verdict::NotRun;
    }
    let Planned { subject, fault, mode } = planned;
    let seed = u64::from(program::seed(context.seed, key));
    let clock = TrialClock::starting_at(context.clock.now());
    let mut rig = Rig::new(key, clock, seed, lab.log(), subject, fault, mode);
    rig.trial.clocks.boot_at = Some(clock.now());
    context.tell(Message::Began(key));
    let verdict = unless_stopped(context, protocol::conduct(context, lab, draft, &mut rig)).await;
    if let Verdict::Outcome(outcome, Some(why)) = &verdict {
        rig.audit.note(&format!("{}: {why}", outcome.name()));
    }
    verdict::keep(&mut rig);
    rig.take_down().await;
    draft.record.fault = Some(Box::new(rig.into_record()));
    verdict
}

/// A trial's one clock: monotonic, and tied to the wall clock once.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrialClock {
    wall: Millis,
    start: Instant,
}

impl TrialClock {
    fn starting_at(wall: Millis) -> Self {
        Self { wall, start: Instant::now() }
    }

    pub(super) fn now(&self) -> Millis {
        self.at(Instant::now())
    }

    fn at(&self, moment: Instant) -> Millis {
        self.wall.saturating_add(millis(moment.saturating_duration_since(self.start)))
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

/// Seconds of a file as a time; what can't be one is none.
pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO)
}

/// Something asked of the system under test, given up when it hangs.
async fn within<T>(
    limit: Duration,
    what: &str,
    work: impl Future<Output = Result<T, SubjectError>>,
) -> Result<T, SubjectError> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        let message = format!("{what} took longer than {} s and was given up.", limit.as_secs_f64());
        Err(SubjectError { message, is_unavailable: false })
    })
}
