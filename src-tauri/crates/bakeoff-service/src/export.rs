//! Exports: CSV, JSON and the HTML report, streamed.

use crate::charts::{ALL_CHARTS, drawn};
use crate::diff::shortened;
use crate::dto::{CompareRequest, ErrorCode, ExportFormat, ServiceError};
use crate::error::Result;
use crate::service::Service;
use bakeoff_core::chart::ChartTheme;
use bakeoff_core::dataset::Case;
use bakeoff_core::trial::TrialRecord;
use bakeoff_interop::html::{Report, ReportChart};
use bakeoff_interop::{
    DifferingCase, DifferingCell, ExportError, NodeUse, RunHead, TrialLine, VariantText, add_steps, csv,
    html, json,
};
use bakeoff_store::{StoreError, TrialDetail};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Items that a reading thread may be ahead of the writer.
const AHEAD: usize = 64;
/// Differing cases that a report is offered; it counts those that it does not show.
const MOST_DIFFERING: u32 = 5_000;
/// Characters of an answer in the report.
const ANSWER: usize = 300;
/// Pixels of a chart in the report.
const CHART: (u32, u32) = (640, 320);

impl Service {
    /// Writes a run's results into a file; the file appears when it is whole.
    pub fn export_run(&self, run: u32, format: ExportFormat, path: &str) -> Result<()> {
        let path = Path::new(path);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let fail = |error: &std::io::Error| ServiceError::io("write", path, error);
        let mut file =
            tempfile::Builder::new().prefix(".bakeoff-").tempfile_in(folder).map_err(|e| fail(&e))?;
        self.export_to(run, format, &mut file)?;
        file.as_file().sync_all().map_err(|error| fail(&error))?;
        crate::atomic::make_readable(file.path()).map_err(|error| fail(&error))?;
        file.persist(path).map_err(|error| fail(&error.error))?;
        Ok(())
    }

    /// Writes a run's results anywhere.
    pub fn export_to(&self, run: u32, format: ExportFormat, writer: &mut dyn Write) -> Result<()> {
        let mut writer = BufWriter::new(writer);
        match format {
            ExportFormat::Csv => self.export_csv(run, &mut writer),
            ExportFormat::Json => self.export_json(run, &mut writer),
            ExportFormat::Html => self.export_html(run, &mut writer),
        }?;
        writer.flush().map_err(|error| failed(ExportError::Write(error)))
    }

    /// Writes the charts (SVG) and the HTML report of a run into a folder. Returns the paths.
    pub fn write_report(&self, run: u32, folder: &Path) -> Result<Vec<String>> {
        std::fs::create_dir_all(folder).map_err(|error| ServiceError::io("make", folder, &error))?;
        let request = CompareRequest { runs: vec![run], resampling: true, ..CompareRequest::default() };
        let mut written = Vec::new();
        for (kind, spec) in self.chart_specs(&request, &ALL_CHARTS)? {
            let name = serde_json::to_value(kind).unwrap_or_default();
            let path = folder.join(format!("{}.svg", name.as_str().unwrap_or("chart")));
            let chart = drawn(&spec, ChartTheme::Light, CHART.0, CHART.1)?;
            crate::atomic::write(&path, chart.svg.as_bytes())?;
            written.push(path.display().to_string());
        }
        let report = folder.join("report.html");
        self.export_run(run, ExportFormat::Html, &report.display().to_string())?;
        written.push(report.display().to_string());
        Ok(written)
    }

    fn export_csv(&self, run: u32, writer: &mut dyn Write) -> Result<()> {
        let campaign = self.store().definition(run)?.campaign;
        let mut metrics: Vec<String> = Vec::new();
        for scorer in campaign.scorers {
            if !metrics.contains(&scorer.metric) {
                metrics.push(scorer.metric);
            }
        }
        self.with_trials(run, |trials| csv::write_trials(writer, &metrics, trials).map_err(failed))?;
        Ok(())
    }

    fn export_json(&self, run: u32, writer: &mut dyn Write) -> Result<()> {
        let head = self.export_head(run)?;
        let variants = self.export_variants(run)?;
        let request = CompareRequest { runs: vec![run], resampling: true, ..CompareRequest::default() };
        let comparison = if head.done > 0 { Some(self.compare(&request)?.comparison) } else { None };
        let cases = self.store().load_cases(run)?;
        let cases = cases.into_iter().map(Ok::<Case, StoreError>);
        self.with_trials(run, |trials| {
            json::write(writer, self.now(), &head, &variants, comparison.as_ref(), cases, trials)
                .map_err(failed)
        })?;
        Ok(())
    }

    fn export_html(&self, run: u32, writer: &mut dyn Write) -> Result<()> {
        let head = self.export_head(run)?;
        let request = CompareRequest { runs: vec![run], resampling: true, ..CompareRequest::default() };
        let view = self.compare(&request)?;
        let gates = self.gates_of(run)?;
        let charts = self
            .chart_specs(&request, &ALL_CHARTS)?
            .into_iter()
            .map(|(_, spec)| {
                Ok(ReportChart {
                    light: drawn(&spec, ChartTheme::Light, CHART.0, CHART.1)?.svg,
                    dark: drawn(&spec, ChartTheme::Dark, CHART.0, CHART.1)?.svg,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let variants = self.export_variants(run)?;
        let nodes = self.nodes_used(run)?;
        let report = Report {
            written_at: self.now(),
            head: &head,
            variants: &variants,
            comparison: &view.comparison,
            charts: &charts,
            gates: &gates,
            nodes: &nodes,
        };
        let rows = self.list_cases(&request, true, None, 0, MOST_DIFFERING)?.rows;
        let differing = rows.into_iter().enumerate().map(|(index, row)| {
            // Answers are read only for the cases that are shown.
            let answers = if index < html::MOST_CASES as usize {
                self.case_answers(&request, row.case)?
                    .answers
                    .into_iter()
                    .map(|answer| answer.answer.or(answer.error))
                    .collect()
            } else {
                vec![None; row.cells.len()]
            };
            let mut steps = match nodes.is_empty() || index >= html::MOST_CASES as usize {
                true => Vec::new(),
                false => self.first_steps(&request, row.case)?,
            };
            steps.resize(row.cells.len(), Vec::new());
            let cells =
                row.cells.into_iter().zip(answers).zip(steps).map(|((cell, answer), steps)| DifferingCell {
                    trials: cell.trials,
                    passes: cell.passes,
                    outcome: cell.outcome,
                    answer: answer.map(|answer| shortened(&answer, ANSWER)),
                    steps,
                });
            Ok::<_, ServiceError>(DifferingCase {
                cells: cells.collect(),
                case_id: row.case_id,
                preview: row.preview,
                expected: row.expected,
            })
        });
        html::report(writer, &report, differing).map_err(failed)
    }

    /// What the nodes of a run's workflow took; empty for prompts on a data set.
    fn nodes_used(&self, run: u32) -> Result<Vec<NodeUse>> {
        let mut nodes = Vec::new();
        if self.store().definition(run)?.campaign.workflow.is_some() {
            self.store().each_trial(run, |trial| add_steps(&mut nodes, &trial.row.variant, &trial.steps))?;
        }
        Ok(nodes)
    }

    fn export_head(&self, run: u32) -> Result<RunHead> {
        let detail = self.run_detail(run)?;
        let row = detail.row;
        let state = serde_json::to_value(row.state).unwrap_or_default();
        Ok(RunHead {
            run,
            campaign: row.campaign,
            state: state.as_str().unwrap_or_default().to_owned(),
            reason: row.reason,
            created_at: row.created_at,
            ended_at: row.ended_at,
            seed: detail.seed,
            app_version: detail.app_version,
            cases: detail.cases,
            planned: row.planned,
            done: row.done,
            cost_usd: row.cost_usd,
            definition: detail.definition,
        })
    }

    fn export_variants(&self, run: u32) -> Result<Vec<VariantText>> {
        let variants = self.store().run_variants(run)?;
        let text = |stored: bakeoff_store::RunVariant| VariantText {
            name: stored.variant.name.clone(),
            content_hash: stored.hash,
            text: stored.text,
            variant: stored.variant,
        };
        Ok(variants.into_iter().map(text).collect())
    }

    /// Hands all trials of a run to `consumer`, which reads them at its own pace while a thread fetches.
    fn with_trials<T>(
        &self,
        run: u32,
        consumer: impl FnOnce(std::sync::mpsc::IntoIter<std::result::Result<TrialLine, StoreError>>) -> Result<T>,
    ) -> Result<T> {
        let campaign: Arc<str> = self.store().run(run)?.campaign.into();
        let (sender, receiver) = sync_channel(AHEAD);
        std::thread::scope(|scope| {
            scope.spawn(move || self.send_trials(run, &campaign, &sender));
            consumer(receiver.into_iter())
        })
    }

    fn send_trials(
        &self,
        run: u32,
        campaign: &Arc<str>,
        sender: &SyncSender<std::result::Result<TrialLine, StoreError>>,
    ) {
        let read = self.store().each_trial(run, |detail| {
            // A receiver that is gone has met an error of its own, which is told there.
            let _ = sender.send(Ok(line(run, campaign, detail)));
        });
        if let Err(error) = read {
            let _ = sender.send(Err(error));
        }
    }
}

pub(crate) fn line(run: u32, campaign: &Arc<str>, detail: TrialDetail) -> TrialLine {
    let row = detail.row;
    TrialLine {
        run,
        campaign: Arc::clone(campaign),
        case_id: row.case_id.into(),
        variant: row.variant.into(),
        record: TrialRecord {
            key: row.key,
            outcome: row.outcome,
            score: row.score,
            latency_ms: row.latency_ms,
            wait_ms: detail.wait_ms,
            paced: detail.paced,
            usage: detail.usage,
            cost_usd: row.cost_usd,
            started_at: detail.started_at,
            ended_at: row.ended_at,
            sent: detail.sent,
            answer: detail.answer,
            stop_reason: detail.stop_reason,
            model_answered: detail.model_answered,
            error: detail.error,
            expected_label: detail.expected_label,
            answered_label: detail.answered_label,
            scores: detail.scores,
            attempts: detail.attempts,
            steps: detail.steps,
            fault: detail.fault,
        },
    }
}

fn failed(error: ExportError) -> ServiceError {
    ServiceError::new(ErrorCode::Storage, error.to_string())
}
