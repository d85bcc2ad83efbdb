//! Drawing a distribution of many points.

use crate::Error;
use crate::machine::milliseconds;
use crate::place::VARIANTS;
use crate::report::{Report, Target, median};
use crate::synthetic::spread;
use bakeoff_charts::draw;
use bakeoff_core::chart::{ChartBody, ChartSpec, ChartTheme, EcdfSeries, Scale, SeriesHead};
use bakeoff_core::metric::Metric;
use std::time::Instant;

const POINTS: u32 = 100_000;
const REPEATS: usize = 5;

/// The latency chart of a large run.
pub fn ecdf(report: &mut Report) -> Result<(), Error> {
    let spec = spec();
    let mut times = Vec::new();
    let mut bytes = 0;
    for _ in 0..REPEATS {
        let start = Instant::now();
        bytes = draw(&spec, ChartTheme::Light, 960, 540)?.svg.len();
        times.push(milliseconds(start));
    }
    let what = format!("chart: distribution (ECDF) of {POINTS} points");
    report.judge(what, median(times), "ms", Target::AtMost(100.0));
    report.note("size of its SVG", bytes as f64 / 1000.0, "kB");
    Ok(())
}

fn spec() -> ChartSpec {
    ChartSpec {
        title: "Latency".to_owned(),
        subtitle: "share of trials that were at least as fast".to_owned(),
        description: "Latency of four variants".to_owned(),
        metric: Metric::LatencyMs,
        axis: "latency".to_owned(),
        unit_interval: false,
        scale: Scale::Linear,
        baseline: Some(0),
        body: ChartBody::Ecdf((0..).zip(VARIANTS).map(|(index, name)| series(index, name)).collect()),
    }
}

fn series(index: u16, name: &str) -> EcdfSeries {
    let share = POINTS / VARIANTS.len() as u32;
    let value = |number| 200.0 + (spread(number) >> 8) as f64 / 72_057_594_037_927_936.0 * 2_000.0;
    let mut values: Vec<f64> = (0..share).map(|number| value(u32::from(index) * share + number)).collect();
    values.sort_by(f64::total_cmp);
    let percentiles = vec![("p50".to_owned(), values[values.len() / 2])];
    EcdfSeries { series: SeriesHead { name: name.to_owned(), colour: index }, values, percentiles }
}
