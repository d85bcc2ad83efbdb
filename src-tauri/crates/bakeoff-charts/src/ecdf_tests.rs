//! Thinning must not be seen.

use super::*;
use crate::palette::Palette;
use crate::png::png;
use bakeoff_core::chart::{ChartBody, ChartSpec, ChartTheme, Scale, SeriesHead};
use resvg::tiny_skia::Pixmap;

fn spec(points: u32) -> ChartSpec {
    // A deterministic wiggle makes steps of very different sizes.
    let values = |seed: f64| {
        let mut values: Vec<f64> = (0..points)
            .map(|i| 300.0 + seed * 80.0 + (f64::from(i) * 12.9898 * seed).sin().abs().powi(3) * 1800.0)
            .collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let series = [1.0, 2.0].map(|seed| EcdfSeries {
        series: SeriesHead { name: format!("variant {seed}"), colour: seed as u16 },
        values: values(seed),
        percentiles: Vec::new(),
    });
    ChartSpec {
        title: "Latency".into(),
        subtitle: String::new(),
        description: String::new(),
        metric: Metric::LatencyMs,
        axis: "Latency".into(),
        unit_interval: false,
        scale: Scale::Linear,
        baseline: None,
        body: ChartBody::Ecdf(series.to_vec()),
    }
}

/// The chart's pixels at twice its size, and the length of its SVG.
fn picture(spec: &ChartSpec, columns: Option<f64>) -> (Pixmap, usize) {
    let (width, height) = (480, 300);
    let mut canvas = Canvas::new(width, height);
    let sheet =
        Sheet { spec, palette: Palette::of(ChartTheme::Light), width: 480.0, height: 300.0, unit: 0.9 };
    let ChartBody::Ecdf(series) = &spec.body else { panic!("the sample is an ECDF") };
    draw_thinned(&mut canvas, &sheet, series, 40.0, columns).unwrap();
    let svg = canvas.finish("", "");
    let bytes = png(&svg, width, height, 2.0, ChartTheme::Light).unwrap();
    (Pixmap::decode_png(&bytes).unwrap(), svg.len())
}

#[test]
fn a_thinned_curve_looks_like_the_whole_one() {
    let spec = spec(6_000);
    let (whole, whole_length) = picture(&spec, None);
    let (thinned, thinned_length) = picture(&spec, Some(COLUMNS));
    assert!(thinned_length * 3 < whole_length, "{thinned_length} bytes thinned, {whole_length} whole");
    let differs = |a: &[u8], b: &[u8]| a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > 48);
    let pairs = whole.data().chunks_exact(4).zip(thinned.data().chunks_exact(4));
    let differing = pairs.filter(|(a, b)| differs(a, b)).count();
    let share = differing as f64 / f64::from(whole.width() * whole.height());
    assert!(share < 0.005, "{:.3} % of the pixels differ visibly", share * 100.0);
    let ink = whole.data().chunks_exact(4).filter(|pixel| pixel[..3] != [255, 255, 255]).count();
    assert!(ink > 5_000, "the pictures must not be alike only because they are empty");
}
