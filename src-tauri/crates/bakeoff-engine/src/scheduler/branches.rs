//! Branches of a trial: items of a workflow's parallel edge, each with calls and permits of its own. The trial itself
//! makes no call meanwhile; money is set aside for the trial as a whole.

use super::Scheduler;
use super::flight::{LineState, Stage};
use crate::message::Line;

impl Scheduler {
    /// A branch asks for the first time. The trial lets go of its permit, even one that has to rest after it: with few
    /// permits its branches would else wait for it for ever.
    pub(super) fn branch_off(&mut self, line: Line) {
        let trial = Line::of(line.trial);
        self.disengage(trial);
        let (Some(flight), Some(branch)) = (self.flights.get_mut(&line.trial), line.branch) else { return };
        let Some(state) = self.lines.get_mut(&trial) else { return };
        flight.branches.push(branch);
        state.stage = Stage::Joining;
        let endpoint = state.endpoint;
        if std::mem::take(&mut state.permit_held) {
            self.occupied -= 1;
        }
        self.lines.insert(line, LineState::branch(endpoint));
    }

    /// A branch has ended or was given up. After the last one the trial goes on, with the permit that it may still
    /// have to rest.
    pub(super) fn branch_ended(&mut self, line: Line) {
        let permit_held = self.drop_line(line);
        let Some(flight) = self.flights.get_mut(&line.trial) else { return };
        flight.branches.retain(|branch| Some(*branch) != line.branch);
        let is_last = flight.branches.is_empty();
        let trial = self.lines.get_mut(&Line::of(line.trial));
        if let Some(trial) = trial.filter(|trial| is_last && matches!(trial.stage, Stage::Joining)) {
            trial.stage = Stage::Finishing;
            if !trial.permit_held {
                trial.permit_held = permit_held;
                return;
            }
        }
        self.occupied -= usize::from(permit_held);
    }
}
