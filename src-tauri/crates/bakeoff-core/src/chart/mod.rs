//! What a chart shows, without saying how it is drawn.

mod build;
pub mod format;
mod survival;
mod timeline;

pub use build::build;
pub use survival::SurvivalSeries;
pub use timeline::{Health, Moment, NodeLane, TimelineCommand, TimelineSpec, timeline};

use crate::metric::Metric;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ChartTheme {
    /// Dark on light.
    #[default]
    Light,
    /// Light on dark.
    Dark,
}

/// Which chart of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ChartKind {
    /// Success rate of each variant with its interval.
    Success,
    /// Distribution of latency (ECDF) with p50, p95 and p99 marked.
    LatencyEcdf,
    /// Latency of each variant: mean with interval, p50 and p95.
    Latency,
    /// Cost of each variant with interval.
    Cost,
    /// Input and output tokens of each variant.
    Tokens,
    /// Of fault campaigns: the share that is not restored yet, over time (Kaplan–Meier).
    Survival,
}

/// One series or bar group: a variant.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesHead {
    /// The variant's name.
    pub name: String,
    /// Index into the eight-colour palette and the eight marker shapes.
    pub colour: u16,
}

/// A value with an interval, or the reason why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct PointWithInterval {
    /// Whose.
    pub series: SeriesHead,
    /// The value; `None` draws `—` with the note.
    pub value: Option<f64>,
    /// Lower bound.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Trials or cases behind it.
    pub n: u32,
    /// Why something is missing.
    pub note: Option<String>,
    /// Further values drawn as small ticks, such as `p95`.
    pub ticks: Vec<(String, f64)>,
}

/// The values of one series of an ECDF, sorted ascending, with the percentiles to mark.
#[derive(Debug, Clone, PartialEq)]
pub struct EcdfSeries {
    /// Whose.
    pub series: SeriesHead,
    /// Sorted values.
    pub values: Vec<f64>,
    /// Named percentiles (`p50`, 812.0).
    pub percentiles: Vec<(String, f64)>,
}

/// What the body of a chart shows.
#[derive(Debug, Clone, PartialEq)]
pub enum ChartBody {
    /// One dot with an interval a variant, names on the vertical axis.
    Intervals(Vec<PointWithInterval>),
    /// Step curves.
    Ecdf(Vec<EcdfSeries>),
    /// Stacked bars, names on the vertical axis.
    Stacked(Vec<StackedBar>),
    /// Falling step curves with bands.
    Survival(Vec<SurvivalSeries>),
}

impl ChartBody {
    /// Whether there is nothing to draw: no variant has a value.
    pub fn is_empty(&self) -> bool {
        match self {
            ChartBody::Intervals(points) => points.iter().all(|point| point.value.is_none()),
            ChartBody::Ecdf(series) => series.iter().all(|series| series.values.is_empty()),
            ChartBody::Stacked(bars) => bars.iter().all(|bar| bar.parts.is_empty()),
            ChartBody::Survival(series) => series.iter().all(|one| one.n == 0),
        }
    }
}

/// A bar made of parts.
#[derive(Debug, Clone, PartialEq)]
pub struct StackedBar {
    /// Whose.
    pub series: SeriesHead,
    /// From the axis outwards: (`input`, 310.0), (`output`, 12.0). Empty draws `—` with the note.
    pub parts: Vec<(String, f64)>,
    /// Trials or cases behind it.
    pub n: u32,
    /// Why something is missing.
    pub note: Option<String>,
}

/// How the value axis is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Equal steps; starts at 0.
    #[default]
    Linear,
    /// Equal factors, for values that differ by orders of magnitude. All values are positive.
    Logarithmic,
}

/// A whole chart.
#[derive(Debug, Clone, PartialEq)]
pub struct ChartSpec {
    /// The heading.
    pub title: String,
    /// What the marks mean, in a few words under the heading.
    pub subtitle: String,
    /// The same in one or two sentences with the numbers, for people who can't see it.
    pub description: String,
    /// The metric on the value axis, which decides its unit and format.
    pub metric: Metric,
    /// The caption of the value axis.
    pub axis: String,
    /// The value axis always spans 0 to 1 (rates).
    pub unit_interval: bool,
    /// How the value axis is divided.
    pub scale: Scale,
    /// The palette index of the baseline, which is marked.
    pub baseline: Option<u16>,
    /// The body.
    pub body: ChartBody,
}

/// A place in the drawn chart where a value can be shown on hover. Pixels of the SVG's view box.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Mark {
    /// Centre, from the left.
    pub x: f64,
    /// Centre, from the top.
    pub y: f64,
    /// Index of the variant.
    pub series: u16,
    /// What to show, such as `careful: 91.7 % [85.2 %, 95.5 %], n = 120`.
    pub text: String,
}
