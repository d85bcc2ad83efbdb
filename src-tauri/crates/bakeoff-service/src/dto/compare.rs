//! Comparing.

use bakeoff_core::analysis::{Comparison, Confusion, Distribution, FaultSlice, Slice};
use bakeoff_core::chart::{ChartKind, ChartTheme, Mark};
use bakeoff_core::gate::GateResult;
use bakeoff_core::metric::Metric;
use bakeoff_core::outcome::Outcome;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What to compare. Either runs, or all finished runs of a campaign.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CompareRequest {
    /// Runs to pool; empty with `experiment`.
    #[serde(default)]
    pub runs: Vec<u32>,
    /// A campaign's name: all its finished runs.
    #[serde(default)]
    pub experiment: Option<String>,
    /// Only these variants, in this order; empty: all.
    #[serde(default)]
    pub variants: Vec<String>,
    /// The variant to compare with; absent: the campaign's.
    #[serde(default)]
    pub baseline: Option<String>,
    /// The metric that decides; absent: the campaign's.
    #[serde(default)]
    pub metric: Option<String>,
    /// Also the intervals that need resampling.
    #[serde(default)]
    pub resampling: bool,
    /// The experiment is read from this MLflow store (`http://…`, `sqlite:///…` or a folder) instead of from here.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub mlflow_uri: Option<String>,
}

/// The compare view. When the same variant name has other content in another run it appears as `name #12`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CompareView {
    /// Scorecards and differences.
    pub comparison: Comparison,
    /// Runs that are in it.
    pub runs: Vec<u32>,
    /// Runs that were left out, and why.
    pub left_out: Vec<LeftOut>,
    /// Names of the campaigns in it.
    pub campaigns: Vec<String>,
    /// Number of cases.
    pub cases: u32,
    /// The variant that Apply best prompt would choose by the primary metric, and why.
    pub best: Option<Best>,
    /// Metadata fields by which success can be sliced (`metadata.team`), and `expected`.
    pub slice_fields: Vec<String>,
    /// The gates of the newest run's definition, checked on these numbers.
    pub gates: Vec<GateResult>,
    /// Of fault campaigns: the same fault by fault.
    #[serde(default)]
    pub faults: Vec<FaultSlice>,
}

/// A run that was not pooled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LeftOut {
    /// The run.
    pub run: u32,
    /// Why.
    pub reason: String,
}

/// The best variant by a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Best {
    /// Index of the variant in the comparison.
    pub variant: u16,
    /// Its name.
    pub name: String,
    /// The metric's identifier.
    pub metric: String,
    /// Such as `success rate 92.5 % [86.4 %, 96.0 %], n = 120; default 61.7 %; better (p < 0.001)`.
    pub evidence: String,
    /// It may be applied, but the evidence is weak: why.
    pub caution: Option<String>,
}

/// A chart, drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DrawnChart {
    /// Which chart.
    pub kind: ChartKind,
    /// Its heading.
    pub title: String,
    /// For people who can't see it.
    pub description: String,
    /// The SVG, with title and description in it.
    pub svg: String,
    /// Pixels of the view box.
    pub width: f64,
    /// Pixels of the view box.
    pub height: f64,
    /// For values on hover.
    pub marks: Vec<Mark>,
}

/// Which charts to draw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ChartRequest {
    /// Of which comparison.
    pub compare: CompareRequest,
    /// Which charts.
    pub kinds: Vec<ChartKind>,
    /// Light or dark.
    pub theme: ChartTheme,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// One row of the case matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CaseRow {
    /// Index in the comparison.
    pub case: u32,
    /// The case's id.
    pub case_id: String,
    /// Beginning of its input.
    pub preview: String,
    /// The class it expects.
    pub expected: Option<String>,
    /// One a variant, in the comparison's order.
    pub cells: Vec<CaseCell>,
}

/// One case with one variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CaseCell {
    /// Trials that ended.
    pub trials: u32,
    /// Passes.
    pub passes: u32,
    /// Of the only trial, or the most frequent one.
    pub outcome: Option<Outcome>,
    /// Mean score.
    pub score: Option<f64>,
}

/// The outputs of one case beside each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CaseAnswers {
    /// The row of the matrix.
    pub row: CaseRow,
    /// The case as a JSON object.
    #[ts(type = "Record<string, unknown>")]
    pub input: serde_json::Value,
    /// One a variant.
    pub answers: Vec<VariantAnswer>,
}

/// One variant's answer (of its first trial) to a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct VariantAnswer {
    /// Index of the variant.
    pub variant: u16,
    /// Its name.
    pub name: String,
    /// How the trial ended.
    pub outcome: Option<Outcome>,
    /// What came back.
    pub answer: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// Word diff against the baseline's answer: (` `, `+` or `-`, text).
    pub diff: Vec<(String, String)>,
}

/// Success by class or by a metadata field, and confusion matrices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Breakdown {
    /// The field.
    pub field: String,
    /// One a value (at most 50, the most frequent).
    pub slices: Vec<Slice>,
    /// One a variant, when the field is `expected` and expected values are labels.
    pub confusion: Vec<Confusion>,
}

/// How to write results for other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ExportFormat {
    /// One line a trial.
    Csv,
    /// Everything.
    Json,
    /// A self-contained report.
    Html,
}

/// Variants ranked by one metric, for `evaluate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Evaluation {
    /// The campaign.
    pub experiment: String,
    /// Which metric.
    pub metric: Metric,
    /// The metric as it was asked for, such as `latency_ms_p95`.
    pub asked: String,
    /// Its name for people, such as `Latency p95`.
    pub label: String,
    /// Best first; variants without the number or with too few trials come last.
    pub ranking: Vec<RankedVariant>,
    /// What to be careful about.
    pub caution: Option<String>,
    /// Runs behind it.
    pub runs: Vec<u32>,
}

/// One variant in a ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RankedVariant {
    /// Its name.
    pub name: String,
    /// Usable trials.
    pub trials: u32,
    /// The number.
    pub value: Option<f64>,
    /// Smallest of a trial.
    pub min: Option<f64>,
    /// Largest of a trial.
    pub max: Option<f64>,
    /// Its mean and percentiles, by our own definition and by nearest rank; absent for metrics that no single trial has.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub distribution: Option<Distribution>,
    /// It is the best.
    pub best: bool,
}
