//! Draws every kind of chart with made-up but realistic data, light and dark and in several sizes, as PNG and SVG files
//! into a folder (the first argument, else `bakeoff-gallery` in the folder for temporary files), and prints how long
//! 100,000 points take.

use bakeoff_charts::{draw, png};
use bakeoff_core::analysis::SurvivalStep;
use bakeoff_core::chart::{
    ChartBody, ChartSpec, ChartTheme, EcdfSeries, PointWithInterval, Scale, SeriesHead, StackedBar,
    SurvivalSeries,
};
use bakeoff_core::metric::Metric;
use bakeoff_core::stats::kaplan_meier::{Observed, Step, kaplan_meier};
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

const NAMES: [&str; 8] = [
    "default",
    "definitions",
    "definitions-and-examples",
    "careful",
    "a-very-long-variant-name-that-nobody-should-have-chosen",
    "日本語 <&\"🙂",
    "terse",
    "chain-of-thought",
];

fn head(index: usize) -> SeriesHead {
    SeriesHead { name: NAMES[index % 8].into(), colour: index as u16 }
}

fn spec(title: &str, subtitle: &str, metric: Metric, body: ChartBody) -> ChartSpec {
    ChartSpec {
        title: title.into(),
        subtitle: subtitle.into(),
        description: format!("{title}, made-up data."),
        metric,
        axis: title.into(),
        unit_interval: metric == Metric::SuccessRate,
        scale: Scale::Linear,
        baseline: Some(0),
        body,
    }
}

fn success(variants: usize) -> ChartSpec {
    let rates = [0.617, 0.842, 0.917, 0.883, 0.75, 0.968, 0.508, 0.9];
    let point = |index: usize| {
        let rate: f64 = rates[index % 8];
        let spread = 1.96 * (rate * (1.0 - rate) / 120.0).sqrt();
        let known = index != 6;
        PointWithInterval {
            series: head(index),
            value: known.then_some(rate),
            low: known.then_some(rate - spread),
            high: known.then_some((rate + spread).min(1.0)),
            n: if known { 120 } else { 0 },
            note: (!known).then(|| "no usable trial yet".into()),
            ticks: Vec::new(),
        }
    };
    let points = (0..variants).map(point).collect();
    spec(
        "Success rate",
        "passed ÷ usable trials, 95 % intervals",
        Metric::SuccessRate,
        ChartBody::Intervals(points),
    )
}

fn latency(variants: usize) -> ChartSpec {
    let point = |index: usize| {
        let mean = 620.0 + 310.0 * (index % 5) as f64;
        PointWithInterval {
            series: head(index),
            value: Some(mean),
            low: Some(mean * 0.93),
            high: Some(mean * 1.07),
            n: 120,
            note: None,
            ticks: vec![("p50".into(), mean * 0.86), ("p95".into(), mean * 1.9)],
        }
    };
    let body = ChartBody::Intervals((0..variants).map(point).collect());
    spec("Latency", "mean with 95 % interval; ticks: p50 and p95", Metric::LatencyMs, body)
}

fn cost() -> ChartSpec {
    let point = |index: usize| {
        let known = index != 2;
        let mean = 0.00042 * (1.0 + index as f64);
        PointWithInterval {
            series: head(index),
            value: known.then_some(mean),
            low: known.then_some(mean * 0.97),
            high: known.then_some(mean * 1.03),
            n: if known { 120 } else { 0 },
            note: (!known).then(|| "the price of llama3.2 is not known".into()),
            ticks: Vec::new(),
        }
    };
    let body = ChartBody::Intervals((0..4).map(point).collect());
    spec("Cost per trial", "mean with 95 % interval", Metric::CostUsd, body)
}

fn tokens() -> ChartSpec {
    let bar = |index: usize| StackedBar {
        series: head(index),
        parts: vec![
            ("input".into(), 180.0 + 310.5 * index as f64),
            ("output".into(), 12.4 + 40.0 * index as f64),
        ],
        n: 120,
        note: None,
    };
    let body = ChartBody::Stacked((0..3).map(bar).collect());
    spec("Tokens per trial", "mean, input and output", Metric::TotalTokens, body)
}

/// Log-normal latencies from evenly spaced quantiles (a logistic approximation of the normal quantile).
fn ecdf(variants: usize, points: usize, tail: f64) -> ChartSpec {
    let series = |index: usize| {
        let value = |rank: usize| {
            let share = (rank as f64 + 0.5) / points as f64;
            let z = (share / (1.0 - share)).ln() / 1.702;
            (450.0 + 160.0 * index as f64) * (z * tail).exp()
        };
        let values: Vec<f64> = (0..points).map(value).collect();
        let at = |share: f64| values[((points - 1) as f64 * share) as usize];
        let percentiles = vec![("p50".into(), at(0.5)), ("p95".into(), at(0.95)), ("p99".into(), at(0.99))];
        EcdfSeries { series: head(index), values, percentiles }
    };
    let body = ChartBody::Ecdf((0..variants).map(series).collect());
    let mut spec = spec(
        "Latency, distribution",
        "share of trials answered within a time; marked: p50, p95, p99",
        Metric::LatencyMs,
        body,
    );
    spec.axis = "Latency".into();
    if tail > 0.6 {
        spec.scale = Scale::Logarithmic;
    }
    spec
}

/// Weeks of remission in Freireich's leukaemia data (1963), and whether it ended, as the program itself makes a curve of them.
fn remission(name: &str, colour: u16, observed: &[(f64, bool)]) -> SurvivalSeries {
    let times: Vec<_> = observed.iter().map(|&(time, event)| Observed { time, event }).collect();
    let steps = kaplan_meier(&times, 0.95).into_iter().flat_map(|curve| curve.steps);
    let step = |step: Step| SurvivalStep {
        at_s: step.at,
        unrestored: step.survival,
        low: step.interval.low,
        high: step.interval.high,
        at_risk: step.at_risk,
        restored: step.events,
    };
    SurvivalSeries {
        series: SeriesHead { name: name.to_owned(), colour },
        n: observed.len() as u32,
        steps: steps.map(step).collect(),
        censored: observed.iter().filter(|(_, event)| !event).map(|(time, _)| *time).collect(),
    }
}

/// Remission under 6-MP and under placebo, beside one where nothing ever ends.
fn survival() -> ChartSpec {
    let ended = [6, 6, 6, 7, 10, 13, 16, 22, 23].map(|week| (f64::from(week), true));
    let watched = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(|week| (f64::from(week), false));
    let placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23];
    let body = ChartBody::Survival(vec![
        remission("no-agent", 0, &[(35.0, false); 21]),
        remission("treated", 1, &[&ended[..], &watched].concat()),
        remission("placebo", 2, &placebo.map(|week| (f64::from(week), true))),
    ]);
    ChartSpec {
        title: "Not restored yet".to_owned(),
        subtitle: "Kaplan–Meier with pointwise 95 % band; | censored".to_owned(),
        metric: Metric::RestoreS,
        axis: "Seconds since the fault".to_owned(),
        unit_interval: false,
        body,
        ..success(2)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder =
        std::env::args().nth(1).map_or_else(|| std::env::temp_dir().join("bakeoff-gallery"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let mut empty = success(2);
    empty.body = ChartBody::Intervals(Vec::new());
    let charts = [
        ("success", success(4), 640, 360),
        ("success8", success(8), 720, 460),
        ("success-small", success(3), 320, 200),
        ("success8-small", success(8), 320, 200),
        ("success-large", success(3), 1600, 900),
        ("latency", latency(4), 640, 360),
        ("latency8", latency(8), 480, 300),
        ("cost", cost(), 640, 360),
        ("tokens", tokens(), 640, 360),
        ("ecdf", ecdf(3, 120, 0.4), 640, 360),
        ("ecdf8", ecdf(8, 400, 0.5), 900, 560),
        ("ecdf-log", ecdf(4, 1000, 0.9), 640, 360),
        ("ecdf-small", ecdf(4, 120, 0.4), 320, 200),
        ("ecdf-many", ecdf(3, 33_000, 0.7), 900, 560),
        ("survival", survival(), 640, 360),
        ("survival-small", survival(), 420, 260),
        ("empty", empty, 480, 280),
    ];
    for (name, spec, width, height) in &charts {
        for (suffix, theme) in [("light", ChartTheme::Light), ("dark", ChartTheme::Dark)] {
            let drawn = draw(spec, theme, *width, *height)?;
            std::fs::write(folder.join(format!("{name}-{suffix}.svg")), &drawn.svg)?;
            let picture = png(&drawn.svg, *width, *height, 1.5, theme)?;
            std::fs::write(folder.join(format!("{name}-{suffix}.png")), picture)?;
        }
    }
    let many = ecdf(3, 33_334, 0.7);
    let start = Instant::now();
    let drawn = draw(&many, ChartTheme::Light, 900, 560)?;
    let time = start.elapsed();
    println!("{} points: SVG of {} kB in {:.2?}", 3 * 33_334, drawn.svg.len() / 1000, time);
    let start = Instant::now();
    let picture = png(&drawn.svg, 900, 560, 2.0, ChartTheme::Light)?;
    println!("PNG of {} kB at twice the size in {:.2?}", picture.len() / 1000, start.elapsed());
    println!("{} charts in two themes are in {}", charts.len(), folder.display());
    Ok(())
}
