//! Quality gates of a run: checked once when it ends, stored with it, and looked at again on any comparison.

use crate::dto::{CompareRequest, ServiceError};
use crate::error::Result;
use crate::pool::Pool;
use crate::service::Service;
use bakeoff_core::analysis::{AnalysisOptions, Comparison};
use bakeoff_core::gate::{self, Gate, GateAction, GateNumbers, GateResult, GateVerdict, Measures};
use bakeoff_core::metric::Metric;
use bakeoff_core::trial::TrialKey;
use bakeoff_store::{GateCheck, NewDeployBlock};
use std::sync::PoisonError;

/// Trials that are read at once for their measures.
const PAGE: u32 = 1_000;

impl Service {
    /// The gates of a run as they were when it ended; of a run that is going on, or that was stopped: none. A run whose
    /// program died between its end and the check is checked now.
    pub fn gates_of(&self, run: u32) -> Result<Vec<GateResult>> {
        if let Some(check) = self.store().gate_results(run)? {
            return Ok(check.results);
        }
        let definition = self.store().definition(run)?;
        let is_over = self.store().run(run)?.state == bakeoff_store::RunState::Finished;
        if definition.campaign.gates.is_empty() || !is_over || self.active.get(run).is_some() {
            return Ok(Vec::new());
        }
        let _one_at_a_time = self.gate_check.lock().unwrap_or_else(PoisonError::into_inner);
        match self.store().gate_results(run)? {
            Some(check) => Ok(check.results),
            None => self.check_gates(run),
        }
    }

    /// Checks the gates of a run that has ended, stores what came of it, and blocks deploying where a gate says so.
    pub(crate) fn check_gates(&self, run: u32) -> Result<Vec<GateResult>> {
        let request = CompareRequest { runs: vec![run], ..CompareRequest::default() };
        let view = self.compare(&request)?;
        let campaign = self.store().definition(run)?.campaign;
        self.wait(
            self.store().set_gate_results(run, GateCheck { results: view.gates.clone(), at: self.now() }),
        )?;
        let blocking: Vec<GateResult> = view
            .gates
            .iter()
            .filter(|result| {
                result.verdict == GateVerdict::Fail && result.gate.action == GateAction::BlockDeploy
            })
            .cloned()
            .collect();
        if let (false, Some(workflow)) = (blocking.is_empty(), campaign.workflow) {
            self.wait(self.store().insert_deploy_block(NewDeployBlock {
                workflow,
                run,
                at: self.now(),
                failed_gates: blocking,
            }))?;
        }
        Ok(view.gates)
    }

    /// Checks finished runs of a workflow whose gates were never checked.
    pub(crate) fn check_unchecked_runs(&self, workflow: &str) -> Result<()> {
        for campaign in self.store().campaigns()? {
            for (run, state) in self.store().campaign_runs(&campaign.name)? {
                let is_its_own = || {
                    Ok::<_, ServiceError>(
                        self.store().definition(run)?.campaign.workflow.as_deref() == Some(workflow),
                    )
                };
                if state == bakeoff_store::RunState::Finished && is_its_own()? {
                    self.gates_of(run)?;
                }
            }
        }
        Ok(())
    }

    /// The gates of a definition, on the numbers of a comparison.
    pub(crate) fn evaluate_gates(
        &self,
        comparison: &Comparison,
        options: &AnalysisOptions,
        pool: &Pool,
    ) -> Result<Vec<GateResult>> {
        let gates = &pool.campaign.gates;
        if gates.is_empty() {
            return Ok(Vec::new());
        }
        let mut measures = Measures::default();
        if gates.iter().any(is_about_a_measure) {
            for run in &pool.runs {
                self.add_measures(&mut measures, *run, pool)?;
            }
        }
        let measures = measures.into_list();
        let numbers = GateNumbers { comparison, options, trials: &pool.trials, measures: &measures };
        Ok(gate::evaluate(gates, &numbers))
    }

    /// Scorers' metrics and numbers among the outputs of one run's trials, under the pool's keys.
    fn add_measures(&self, measures: &mut Measures, run: u32, pool: &Pool) -> Result<()> {
        let mut after = 0;
        loop {
            let page = self.store().exported_trials(run, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.row.number;
            for trial in &page {
                if let Some((case, variant)) = pool.place(run, trial.row.key) {
                    let key = TrialKey { case, variant, ..trial.row.key };
                    measures.add(key, &trial.scores, trial.answer.as_deref());
                }
            }
        }
    }
}

/// Whether a gate's metric is none of the contract's.
fn is_about_a_measure(gate: &Gate) -> bool {
    Metric::parse(&gate.metric).is_none()
}
