//! Looking at runs and trials.

use crate::dto::{
    Matrix, MatrixCell, Page, RunDetail, RunEvent, RunFaults, RunRow, RunState, ServiceError, TrialDetail,
    TrialFilter, TrialRow, VariantBar,
};
use crate::error::Result;
use crate::service::Service;
use bakeoff_core::analysis::Estimate;
use bakeoff_core::campaign::Campaign;
use bakeoff_core::fault::Fault;
use bakeoff_core::gate;
use bakeoff_core::outcome::{Outcome, success};
use bakeoff_core::stats;
use bakeoff_core::trial::TrialKey;
use bakeoff_store::{RunSummary, VariantCounts};
use std::collections::BTreeMap;

/// The most rows of one page.
const MOST_ROWS: u32 = 5_000;

impl Service {
    /// A page of runs, newest first.
    pub fn list_runs(&self, campaign: Option<&str>, offset: u32, limit: u32) -> Result<Page<RunRow>> {
        self.wait(self.store().recover(self.now()))?;
        let (runs, total) = self.store().list_runs(campaign, offset, limit.min(MOST_ROWS))?;
        let rows = runs.into_iter().map(|run| self.run_row(run)).collect::<Result<_>>()?;
        Ok(Page { rows, total, offset })
    }

    /// The head of a run's view.
    pub fn run_detail(&self, run: u32) -> Result<RunDetail> {
        let summary = self.store().run(run)?;
        let definition = self.store().definition(run)?;
        let variants = self.store().run_variants(run)?;
        Ok(RunDetail {
            cases: summary.cases,
            repetitions: summary.repetitions,
            variants: variants.into_iter().map(|variant| variant.variant.name).collect(),
            definition: definition.definition,
            seed: definition.seed,
            app_version: definition.app_version,
            primary_metric: definition.campaign.primary_metric.id().to_owned(),
            budget_usd: definition.campaign.budget_usd,
            gates: self.gates_of(run)?,
            workflow: definition.campaign.workflow,
            row: self.run_row(summary)?,
        })
    }

    /// A page of the heat map.
    pub fn run_matrix(&self, run: u32, offset: u32, limit: u32) -> Result<Matrix> {
        let summary = self.store().run(run)?;
        let limit = limit.min(MOST_ROWS);
        let (heads, _) = self.store().find_cases(run, None, offset, limit)?;
        let cells = self.store().matrix(run, offset, limit)?;
        Ok(Matrix {
            case_ids: heads.into_iter().map(|head| head.case_id).collect(),
            offset,
            cases: summary.cases,
            repetitions: summary.repetitions,
            cells: cells.into_iter().map(matrix_cell).collect(),
        })
    }

    /// A page of a run's trials in the order in which they ended.
    pub fn list_trials(
        &self,
        run: u32,
        filter: &TrialFilter,
        offset: u32,
        limit: u32,
    ) -> Result<Page<TrialRow>> {
        let filter = bakeoff_store::TrialFilter {
            outcomes: filter.outcomes.clone(),
            variant: filter.variant,
            case: filter.case,
            search: filter.search.clone().filter(|search| !search.is_empty()),
        };
        let (rows, total) = self.store().trials_page(run, &filter, offset, limit.min(MOST_ROWS))?;
        Ok(Page { rows: rows.into_iter().map(trial_row).collect(), total, offset })
    }

    /// Everything about one trial.
    pub fn trial_detail(&self, run: u32, key: TrialKey) -> Result<TrialDetail> {
        let detail = self
            .store()
            .trial_detail(run, key)?
            .ok_or_else(|| ServiceError::not_found(format!("this trial of run #{run} has not ended yet")))?;
        let fault = match detail.fault {
            Some(trial) => Some(Box::new(self.fault_detail(run, key, *trial, &detail.case_json)?)),
            None => None,
        };
        Ok(TrialDetail {
            run,
            fault,
            ended_at: detail.row.ended_at,
            row: trial_row(detail.row),
            case: serde_json::from_str(&detail.case_json).unwrap_or(serde_json::Value::Null),
            sent: detail.sent,
            answer: detail.answer,
            error: detail.error,
            stop_reason: detail.stop_reason,
            model_answered: detail.model_answered,
            usage: detail.usage,
            wait_ms: detail.wait_ms,
            paced: detail.paced,
            started_at: detail.started_at,
            scores: detail.scores,
            attempts: detail.attempts,
            steps: detail.steps,
        })
    }

    /// Everything about one trial, by its number within the run.
    pub fn trial_by_number(&self, run: u32, number: u32) -> Result<TrialDetail> {
        let key = self.store().trial_key(run, number)?.ok_or_else(|| {
            ServiceError::not_found(format!("run #{run} has no trial {number}"))
                .with_hint(format!("bakeoff show {run} --trials 20 lists them"))
        })?;
        self.trial_detail(run, key)
    }

    /// The run's log after a sequence number.
    pub fn run_events(&self, run: u32, after: i64) -> Result<Vec<RunEvent>> {
        let events = self.store().events(run, after)?;
        let event = |event: bakeoff_store::RunEvent| RunEvent {
            sequence: event.sequence,
            at: event.at,
            kind: event.kind,
            message: event.message,
        };
        Ok(events.into_iter().map(event).collect())
    }

    /// Deletes a run with everything that belongs to it. Refuses while it is running.
    pub fn delete_run(&self, run: u32) -> Result<()> {
        self.wait(self.store().delete_run(run, self.now()))?;
        self.notify(crate::dto::Notice::Runs);
        Ok(())
    }

    /// The newest run and the number of runs of each campaign that has any.
    pub(crate) fn runs_by_campaign(&self) -> Result<BTreeMap<String, (Option<RunRow>, u32)>> {
        self.wait(self.store().recover(self.now()))?;
        let campaigns = self.store().campaigns()?;
        campaigns
            .into_iter()
            .map(|campaign| {
                let last = self.run_row(self.store().run(campaign.last_run)?)?;
                Ok((campaign.name, (Some(last), campaign.runs)))
            })
            .collect()
    }

    /// One row of a list of runs.
    pub(crate) fn run_row(&self, run: RunSummary) -> Result<RunRow> {
        let definition = self.store().definition(run.id)?.campaign;
        let bars = run
            .counts
            .iter()
            .map(|counts| VariantBar {
                variant: counts.variant,
                name: counts.name.clone(),
                success_rate: success_rate(counts, &definition),
            })
            .collect();
        // A run whose gates can't be checked is listed all the same; opening it tells why.
        let gates = if definition.gates.is_empty() {
            None
        } else {
            self.gates_of(run.id).ok().and_then(|results| gate::state(&results))
        };
        let faults = definition.lab.as_ref().map(|lab| RunFaults {
            subjects: lab.subjects.clone(),
            faults: lab.faults.iter().map(Fault::label).collect(),
        });
        Ok(RunRow {
            gates,
            faults,
            is_triage: definition.triage.is_some(),
            id: run.id,
            state: state(run.state),
            done: run.done(),
            retriable: run.retriable(),
            cost_usd: (run.cost.unknown_trials == 0).then_some(run.cost.known_usd),
            owned_by: run
                .owner
                .as_ref()
                .filter(|owner| !owner.is_this && !owner.is_gone)
                .map(|owner| owner.process),
            campaign: run.campaign,
            reason: run.reason,
            planned: run.planned,
            bars,
            created_at: run.created_at,
            ended_at: run.ended_at,
        })
    }
}

/// The success rate of counted outcomes: with its Wilson interval where every trial is of another case; repetitions of
/// a case are no new evidence, and Compare has their interval.
pub(crate) fn success_rate(counts: &VariantCounts, campaign: &Campaign) -> Estimate {
    let passes = counts.count(|outcome| outcome == Outcome::Pass);
    let usable = counts.count(|outcome| success(outcome, campaign.timeout_counts_as).is_some());
    let repeated = campaign.trials_per_combination > 1;
    let note = match (usable, repeated) {
        (0, _) => Some("no trial with a usable result yet".to_owned()),
        (_, true) => Some("Compare shows the interval".to_owned()),
        (_, false) => None,
    };
    Estimate {
        value: (usable > 0).then(|| f64::from(passes) / f64::from(usable)),
        interval: stats::wilson::wilson(passes.into(), usable.into(), campaign.confidence)
            .filter(|_| !repeated),
        n: usable,
        method: "Wilson".to_owned(),
        note,
    }
}

/// The edge's name of a state.
pub(crate) fn state(state: bakeoff_store::RunState) -> RunState {
    match state {
        bakeoff_store::RunState::Queued => RunState::Queued,
        bakeoff_store::RunState::Running => RunState::Running,
        bakeoff_store::RunState::Paused => RunState::Paused,
        bakeoff_store::RunState::Finished => RunState::Finished,
        bakeoff_store::RunState::Stopped => RunState::Stopped,
        bakeoff_store::RunState::OutOfBudget => RunState::OutOfBudget,
        bakeoff_store::RunState::Interrupted => RunState::Interrupted,
        bakeoff_store::RunState::Failed => RunState::Failed,
    }
}

/// The edge's form of a cell.
pub(crate) fn matrix_cell(cell: bakeoff_store::MatrixCell) -> MatrixCell {
    MatrixCell {
        case: cell.case,
        variant: cell.variant,
        done: cell.done,
        passes: cell.passes,
        fails: cell.fails,
        unusable: cell.unusable,
    }
}

fn trial_row(row: bakeoff_store::TrialRow) -> TrialRow {
    TrialRow {
        number: row.number,
        key: row.key,
        case_id: row.case_id,
        variant: row.variant,
        outcome: row.outcome,
        score: row.score,
        latency_ms: row.latency_ms,
        total_tokens: row.total_tokens,
        cost_usd: row.cost_usd,
        preview: row.preview,
        ended_at: row.ended_at,
    }
}
