//! Step curves of distributions with their percentiles marked, and a legend.

use crate::axis::Axis;
use crate::canvas::{Align, Canvas, ChartError, LayerStyle};
use crate::chart::Sheet;
use crate::rows::{caption, captioned};
use crate::thin::{COLUMNS, steps};
use crate::{palette, text};
use bakeoff_core::chart::{EcdfSeries, Mark, SeriesHead, format};
use bakeoff_core::metric::Metric;

/// Places for hovering along each curve, besides the percentiles.
const PLACES: usize = 19;

struct Frame {
    x: Axis,
    y: Axis,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

pub(crate) fn draw(
    canvas: &mut Canvas,
    sheet: &Sheet<'_>,
    series: &[EcdfSeries],
    top: f64,
) -> Result<Vec<Mark>, ChartError> {
    draw_thinned(canvas, sheet, series, top, Some(COLUMNS))
}

/// The same with so many columns per pixel; `None` draws every corner.
pub(crate) fn draw_thinned(
    canvas: &mut Canvas,
    sheet: &Sheet<'_>,
    series: &[EcdfSeries],
    top: f64,
    columns: Option<f64>,
) -> Result<Vec<Mark>, ChartError> {
    let heads: Vec<_> = series.iter().map(|series| (&series.series, series.values.is_empty())).collect();
    let top = legend(canvas, sheet, &heads, top)?;
    let frame = frame(sheet, series, top);
    draw_grid(canvas, sheet, &frame)?;
    draw_percentile_lines(canvas, sheet, series, &frame)?;
    for series in series {
        let colour = sheet.palette.series(series.series.colour);
        let dashes = palette::dashes(series.series.colour);
        let style = LayerStyle { dashes, series: Some(series.series.colour), ..LayerStyle::default() };
        let curve = steps(&series.values, &frame.x, &frame.y, frame.right, columns);
        canvas.layer(&style, |layer| layer.path(&curve, colour, 1.8 * sheet.unit))?;
    }
    for series in series {
        draw_percentiles(canvas, sheet, series, &frame)?;
    }
    Ok(series.iter().flat_map(|series| marks(series, &frame)).collect())
}

fn frame(sheet: &Sheet<'_>, series: &[EcdfSeries], top: f64) -> Frame {
    let (small, padding) = (sheet.small(), sheet.padding());
    let left = padding + text::width("100 %", small) + 8.0 * sheet.unit;
    let right = sheet.width - padding - text::width("p95", small) - 6.0 * sheet.unit;
    let below = if captioned(sheet) { small * 1.5 } else { 0.0 };
    let bottom = sheet.height - padding * 0.6 - small * 1.7 - below;
    let ends = series.iter().flat_map(|series| {
        let ends = series.values.first().into_iter().chain(series.values.last());
        ends.copied().chain(series.percentiles.iter().map(|percentile| percentile.1))
    });
    let x = Axis::around(ends, sheet.spec.scale, left, right);
    Frame { x, y: Axis::unit_interval(bottom, top), left, right, top, bottom }
}

fn draw_grid(canvas: &mut Canvas, sheet: &Sheet<'_>, frame: &Frame) -> Result<(), ChartError> {
    let (small, palette) = (sheet.small(), sheet.palette);
    let x_ticks = frame.x.ticks(sheet.spec.metric, 72.0 * sheet.unit);
    let y_ticks = frame.y.ticks(Metric::SuccessRate, 34.0 * sheet.unit);
    canvas.layer(&LayerStyle::default(), |layer| {
        for tick in &y_ticks {
            layer.line((frame.left, tick.at), (frame.right, tick.at), palette.hairline, 1.0)?;
            let beside = (frame.left - 7.0 * sheet.unit, tick.at);
            layer.text(&tick.caption, beside, Align::Right, small, palette.muted)?;
        }
        for tick in &x_ticks {
            layer.line((tick.at, frame.top), (tick.at, frame.bottom), palette.hairline, 1.0)?;
            let below = (tick.at, frame.bottom + small * 1.1);
            layer.text(&tick.caption, below, Align::Center, small, palette.muted)?;
        }
        layer.line((frame.left, frame.bottom), (frame.right, frame.bottom), palette.axis, 1.0)?;
        if captioned(sheet) {
            let at = ((frame.left + frame.right) / 2.0, frame.bottom + small * 2.6);
            layer.text(&caption(sheet), at, Align::Center, small, palette.muted)?;
        }
        Ok(())
    })
}

/// A dashed line across at each percentile, named at its right end where the names don't touch.
fn draw_percentile_lines(
    canvas: &mut Canvas,
    sheet: &Sheet<'_>,
    series: &[EcdfSeries],
    frame: &Frame,
) -> Result<(), ChartError> {
    let Some(first) = series.iter().find(|series| !series.percentiles.is_empty()) else { return Ok(()) };
    let small = sheet.small();
    let lines: Vec<(&str, f64)> = first
        .percentiles
        .iter()
        .filter_map(|(name, _)| Some((name.as_str(), frame.y.at(share(name)?))))
        .collect();
    let dashed = LayerStyle { dashes: &[2.0, 4.0], ..LayerStyle::default() };
    canvas.layer(&dashed, |layer| {
        lines
            .iter()
            .try_for_each(|&(_, y)| layer.line((frame.left, y), (frame.right, y), sheet.palette.axis, 0.8))
    })?;
    let small = small * 0.92;
    canvas.layer(&LayerStyle::default(), |layer| {
        let mut free = f64::INFINITY;
        for &(name, y) in &lines {
            // p95 and p99 are close to each other; the upper name moves up into the margin if that is enough.
            let at = y.min(free - small * 1.15);
            if y - at <= small {
                layer.label(name, (frame.right + 6.0 * sheet.unit, at), small, sheet.palette.muted)?;
                free = at;
            }
        }
        Ok(())
    })
}

fn draw_percentiles(
    canvas: &mut Canvas,
    sheet: &Sheet<'_>,
    series: &EcdfSeries,
    frame: &Frame,
) -> Result<(), ChartError> {
    let colour = series.series.colour;
    let ink = (sheet.palette.series(colour), sheet.palette.page);
    let style = LayerStyle { series: Some(colour), ..LayerStyle::default() };
    canvas.layer(&style, |layer| {
        series.percentiles.iter().filter_map(|(name, value)| Some((share(name)?, value))).try_for_each(
            |(share, value)| {
                let at = (frame.x.at(*value), frame.y.at(share));
                layer.marker(at, 4.2 * sheet.unit, palette::marker(colour), ink)
            },
        )
    })
}

/// The share that a percentile's name says: `p95` is 0.95.
fn share(name: &str) -> Option<f64> {
    let percent: f64 = name.strip_prefix('p')?.parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

/// Samples of line and marker with the names and whether they are empty, in as many lines as they need; gives the height below.
pub(crate) fn legend(
    canvas: &mut Canvas,
    sheet: &Sheet<'_>,
    series: &[(&SeriesHead, bool)],
    top: f64,
) -> Result<f64, ChartError> {
    let (size, padding) = (sheet.normal() * 0.94, sheet.padding());
    let sample = 26.0 * sheet.unit;
    let gap = 16.0 * sheet.unit;
    let room = (sheet.width - 2.0 * padding).min(260.0 * sheet.unit) - sample - 6.0 * sheet.unit;
    let line_height = size * 1.5;
    let (mut x, mut y) = (padding, top + size * 0.2);
    for &(series, is_empty) in series {
        let colour = series.colour;
        let baseline = if sheet.is_baseline(colour) { " (baseline)" } else { "" };
        let empty = if is_empty { ": —" } else { "" };
        let name = format!("{}{baseline}{empty}", text::elide(&series.name, size, room * 0.72));
        let width = sample + 6.0 * sheet.unit + text::width(&name, size);
        if x > padding && x + width > sheet.width - padding {
            (x, y) = (padding, y + line_height);
        }
        let ink = sheet.palette.series(colour);
        let dashed =
            LayerStyle { dashes: palette::dashes(colour), series: Some(colour), ..LayerStyle::default() };
        canvas.layer(&dashed, |layer| layer.line((x, y), (x + sample, y), ink, 1.8 * sheet.unit))?;
        let titled = LayerStyle { title: Some(&series.name), series: Some(colour), ..LayerStyle::default() };
        canvas.layer(&titled, |layer| {
            let marker = palette::marker(colour);
            layer.marker((x + sample / 2.0, y), 4.2 * sheet.unit, marker, (ink, sheet.palette.page))?;
            layer.label(&name, (x + sample + 6.0 * sheet.unit, y), size, sheet.palette.text)
        })?;
        x += width + gap;
    }
    Ok(y + line_height * 1.05)
}

fn marks(series: &EcdfSeries, frame: &Frame) -> Vec<Mark> {
    let name = &series.series.name;
    let n = series.values.len();
    let mark = |x: f64, y: f64, text: String| Mark { x, y, series: series.series.colour, text };
    let percentiles = series.percentiles.iter().filter_map(|(percentile, value)| {
        let at = (frame.x.at(*value), frame.y.at(share(percentile)?));
        let value = format::milliseconds(*value);
        Some(mark(at.0, at.1, format!("{name}, {percentile}: {value}, n = {}", format::count(n as u64))))
    });
    let places = (1..=PLACES).filter_map(|place| {
        let rank = (place * n).div_ceil(PLACES + 1).max(1);
        let value = *series.values.get(rank - 1)?;
        let reached = rank as f64 / n as f64;
        let text = format!("{name}: {} within {}", format::percent(reached), format::milliseconds(value));
        Some(mark(frame.x.at(value), frame.y.at(reached), text))
    });
    percentiles.chain(places).collect()
}

#[cfg(test)]
#[path = "ecdf_tests.rs"]
mod tests;
