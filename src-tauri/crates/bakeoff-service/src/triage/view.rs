//! What triage tests say: the list, one test, its items side by side, its calls.

use crate::dto::{
    JobState, Page, ProviderCall, ServiceError, TriageDetail, TriageItem, TriageOrder, TriageResult,
    TriageRow, TriageVariantRow,
};
use crate::error::Result;
use crate::runs::state;
use crate::service::Service;
use bakeoff_core::triage::{
    Candidate, Triage, TriageAgreement, TriageAnswer, TriageSettings, TriageSummary, TriageTrial, agreement,
    disagreement, prompt_id, summarize,
};
use bakeoff_store::{ProviderCallRow, QueueJob, TriageTrialRow};
use std::cmp::Ordering;
use std::sync::{Mutex, PoisonError};

/// The most rows of one page.
const MOST_ROWS: u32 = 5_000;

/// What the answers of the test that was looked at last say: the intervals rest on thousands of resamples, and a page
/// that is looked at asks again and again.
#[derive(Default)]
pub(crate) struct KeptAnswers(Mutex<Option<(Answered, Answers)>>);

/// Which answers: the run, the number of the trial that ended last, and how many there are. A retried trial gets a new
/// number.
type Answered = (u32, u32, usize);
type Answers = (Vec<TriageSummary>, TriageAgreement);

impl KeptAnswers {
    /// Those that are kept, or what `make` gives, which is kept then.
    fn of(&self, answered: Answered, make: impl FnOnce() -> Answers) -> Answers {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, answers)) = kept.filter(|(key, _)| *key == answered) {
            return answers;
        }
        let made = make();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((answered, made.clone()));
        made
    }
}

impl Service {
    /// A page of triage tests, newest first.
    ///
    /// # Errors
    /// Triage tests are off.
    pub fn list_triage(&self, offset: u32, limit: u32) -> Result<Page<TriageRow>> {
        self.require_triage()?;
        self.settle_queue()?;
        let (jobs, total) = self.store().jobs(offset, limit.min(MOST_ROWS))?;
        let rows = jobs.into_iter().map(|job| self.triage_row(job)).collect::<Result<_>>()?;
        Ok(Page { rows, total, offset })
    }

    /// Everything above the items of a triage test.
    ///
    /// # Errors
    /// Triage tests are off, or there is no such test.
    pub fn triage_detail(&self, run: u32) -> Result<TriageDetail> {
        self.require_triage()?;
        self.settle_queue()?;
        let row = self.triage_row_of(run)?;
        let variants = self.store().run_variants(run)?;
        let confidence = self.store().definition(run)?.campaign.confidence;
        let rows = self.store().triage_trials(run)?;
        let answered = (run, rows.last().map_or(0, |last| last.number), rows.len());
        let (summaries, agreement) = self.kept_answers.of(answered, || {
            let trials: Vec<TriageTrial> = rows.into_iter().map(numbers).collect();
            (summarize(&row.variants, &trials, confidence), agreement(&row.variants, &trials, confidence))
        });
        let variants = variants.into_iter().map(|stored| TriageVariantRow {
            prompt_id: prompt_id(&stored.variant),
            name: stored.variant.name,
            provider: stored.variant.provider,
            model: stored.variant.model,
            reasoning_effort: stored.variant.reasoning_effort,
            max_output_tokens: stored.variant.max_output_tokens,
        });
        Ok(TriageDetail {
            selection: self.triage_settings(run)?.selection,
            summaries,
            agreement,
            variants: variants.collect(),
            row,
        })
    }

    /// A page of items, each with what every variant said of it. `search`: only those whose id, title or source has it.
    ///
    /// # Errors
    /// Triage tests are off, or there is no such test.
    pub fn triage_items(
        &self,
        run: u32,
        order: TriageOrder,
        search: Option<&str>,
        offset: u32,
        limit: u32,
    ) -> Result<Page<TriageItem>> {
        self.require_triage()?;
        self.triage_settings(run)?;
        let variants = self.store().run_variants(run)?.len();
        let cases = self.store().load_cases(run)?;
        let mut items: Vec<Ranked> = (0..)
            .zip(&cases)
            .map(|(index, case)| Ranked::new(index, Candidate::from_case(&case.fields()), variants))
            .collect();
        for trial in self.store().triage_trials(run)? {
            let (item, variant) = (trial.key.case as usize, usize::from(trial.key.variant));
            if let Some(slot) = items.get_mut(item).and_then(|ranked| ranked.item.results.get_mut(variant)) {
                *slot = Some(result(trial));
            }
        }
        let wanted = search.map(str::trim).filter(|search| !search.is_empty()).map(str::to_lowercase);
        items.retain(|ranked| wanted.as_deref().is_none_or(|wanted| ranked.has(wanted)));
        items.iter_mut().for_each(Ranked::judge);
        items.sort_by(|a, b| a.before(b, order));
        let total = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let page = items.into_iter().skip(offset as usize).take(limit.min(MOST_ROWS) as usize);
        Ok(Page { rows: page.map(|ranked| ranked.item).collect(), total, offset })
    }

    /// A page of the calls of a triage test, in the order in which they went out.
    ///
    /// # Errors
    /// Triage tests are off, or there is no such test.
    pub fn triage_calls(&self, run: u32, offset: u32, limit: u32) -> Result<Page<ProviderCall>> {
        self.require_triage()?;
        self.triage_settings(run)?;
        let (calls, total) = self.store().provider_calls(run, offset, limit.min(MOST_ROWS))?;
        Ok(Page { rows: calls.into_iter().map(|call| provider_call(run, call)).collect(), total, offset })
    }

    /// One row of the list.
    pub(crate) fn triage_row_of(&self, run: u32) -> Result<TriageRow> {
        let job = self.store().job(run)?.ok_or_else(|| no_test(run))?;
        self.triage_row(job)
    }

    pub(crate) fn triage_row(&self, job: QueueJob) -> Result<TriageRow> {
        let run = self.store().run(job.run)?;
        let settings = self.triage_settings(job.run)?;
        let topic = settings.candidates.as_ref();
        Ok(TriageRow {
            run: job.run,
            campaign: run.campaign.clone(),
            topic: topic.map(|topic| topic.name.clone()).unwrap_or_default(),
            topic_id: topic.map(|topic| topic.id.clone()).unwrap_or_default(),
            window: settings
                .selection
                .as_ref()
                .map(|selection| selection.window)
                .or(settings.window)
                .unwrap_or(bakeoff_core::triage::Window { start: run.created_at, end: run.created_at }),
            state: job_state(job.state),
            run_state: state(run.state),
            error: job.error,
            variants: run.counts.iter().map(|counts| counts.name.clone()).collect(),
            max_items: settings.max_items,
            items: run.cases,
            done: run.done(),
            planned: run.planned,
            cost_usd: (run.cost.unknown_trials == 0).then_some(run.cost.known_usd),
            created_at: run.created_at,
            started_at: job.started_at,
            ended_at: job.ended_at,
        })
    }

    /// What a run's campaign says of triage.
    fn triage_settings(&self, run: u32) -> Result<TriageSettings> {
        let campaign = self.store().definition(run)?.campaign;
        campaign.triage.map(|settings| *settings).ok_or_else(|| no_test(run))
    }
}

/// An item with what its place in the list rests on.
struct Ranked {
    item: TriageItem,
    disagreement: bakeoff_core::triage::Disagreement,
    mean_score: f64,
}

impl Ranked {
    fn new(index: u32, candidate: Candidate, variants: usize) -> Self {
        let item = TriageItem {
            index,
            id: candidate.id,
            title: candidate.title,
            url: candidate.url,
            author: candidate.author,
            source_type: candidate.source_type,
            source_id: candidate.source_id,
            cluster_id: candidate.cluster_id,
            published_at: candidate.published_at,
            score_spread: None,
            flags_differ: false,
            results: vec![None; variants],
        };
        Self { item, disagreement: disagreement(&[]), mean_score: f64::NEG_INFINITY }
    }

    /// Whether a text in lower case stands in what tells the item apart.
    fn has(&self, wanted: &str) -> bool {
        let item = &self.item;
        [
            Some(&item.id),
            item.title.as_ref(),
            Some(&item.source_id),
            Some(&item.source_type),
            item.author.as_ref(),
        ]
        .into_iter()
        .flatten()
        .any(|text| text.to_lowercase().contains(wanted))
    }

    /// Compares what the variants said.
    fn judge(&mut self) {
        let there = self.item.results.iter().flatten();
        let answers: Vec<Option<&TriageAnswer>> =
            there.map(|result| result.triage.as_ref().map(|triage| &triage.answer)).collect();
        self.disagreement = disagreement(&answers);
        let scores: Vec<f64> = answers.iter().flatten().map(|answer| answer.ai_score).collect();
        if !scores.is_empty() {
            self.mean_score = scores.iter().sum::<f64>() / scores.len() as f64;
        }
        self.item.score_spread = self.disagreement.score_spread;
        let differ = &self.disagreement;
        self.item.flags_differ = differ.relevant_differ || differ.novel_differ || differ.deep_differ;
    }

    fn before(&self, other: &Self, order: TriageOrder) -> Ordering {
        let first = match order {
            TriageOrder::Differences => other.disagreement.cmp(&self.disagreement),
            TriageOrder::Score => other.mean_score.total_cmp(&self.mean_score),
            TriageOrder::Newest => other.item.published_at.cmp(&self.item.published_at),
        };
        first.then(self.item.index.cmp(&other.item.index))
    }
}

fn no_test(run: u32) -> ServiceError {
    ServiceError::not_found(format!("there is no triage test #{run}"))
        .with_hint("`bakeoff abtest list` shows them")
}

/// The edge's name of a job's state.
pub(crate) fn job_state(state: bakeoff_store::JobState) -> JobState {
    match state {
        bakeoff_store::JobState::Queued => JobState::Queued,
        bakeoff_store::JobState::Running => JobState::Running,
        bakeoff_store::JobState::Completed => JobState::Completed,
        bakeoff_store::JobState::Failed => JobState::Failed,
        bakeoff_store::JobState::Cancelled => JobState::Cancelled,
    }
}

/// The answer that is kept of a trial, where there is a readable one.
fn triage_of(row: &TriageTrialRow) -> Option<Triage> {
    let answer = row.answer.as_deref().filter(|_| row.error.is_none())?;
    serde_json::from_str(answer).ok()
}

fn numbers(row: TriageTrialRow) -> TriageTrial {
    TriageTrial {
        item: row.key.case,
        variant: row.key.variant,
        answer: triage_of(&row).map(|triage| triage.answer),
        input_tokens: row.input_tokens,
        output_tokens: row.output_tokens,
        latency_ms: row.latency_ms,
        cost_usd: row.cost_usd,
    }
}

fn result(row: TriageTrialRow) -> TriageResult {
    TriageResult {
        trial: row.number,
        outcome: row.outcome,
        triage: triage_of(&row),
        error: row.error,
        input_tokens: row.input_tokens,
        output_tokens: row.output_tokens,
        latency_ms: row.latency_ms,
        cost_usd: row.cost_usd,
        ended_at: row.ended_at,
    }
}

fn provider_call(run: u32, call: ProviderCallRow) -> ProviderCall {
    ProviderCall {
        purpose: call.purpose,
        run,
        variant: call.variant,
        item: call.item,
        number: call.number,
        provider: call.provider,
        model: call.model,
        input_tokens: call.input_tokens,
        output_tokens: call.output_tokens,
        credits: call.credits,
        cost_usd: call.cost_usd,
        started_at: call.started_at,
        ended_at: call.ended_at,
        status: call.status,
        error: call.error,
    }
}
