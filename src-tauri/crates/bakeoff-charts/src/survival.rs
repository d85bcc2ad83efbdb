//! Survival curves: the share that is not restored yet, with its band, marks where trials are censored, and how many are at risk.

use crate::axis::{Axis, Tick};
use crate::canvas::{Align, Canvas, ChartError, LayerStyle, Point};
use crate::chart::Sheet;
use crate::ecdf::legend;
use crate::rows::{caption, captioned};
use crate::{palette, text};
use bakeoff_core::chart::{Mark, SurvivalSeries, format};
use bakeoff_core::metric::Metric;

/// How much of a series' colour its band has.
const BAND: f64 = 0.14;
/// The plot is never lower than this many pixels for the sake of the numbers at risk.
const LOWEST: f64 = 90.0;

struct Frame {
    x: Axis,
    y: Axis,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    /// Where the numbers at risk begin; `None`: there is no room for them.
    risk: Option<f64>,
}

pub(crate) fn draw(
    canvas: &mut Canvas,
    sheet: &Sheet<'_>,
    series: &[SurvivalSeries],
    top: f64,
) -> Result<Vec<Mark>, ChartError> {
    let heads: Vec<_> = series.iter().map(|one| (&one.series, one.n == 0)).collect();
    let top = legend(canvas, sheet, &heads, top)?;
    let frame = frame(sheet, series, top);
    let ticks = frame.x.ticks(sheet.spec.metric, 72.0 * sheet.unit);
    draw_grid(canvas, sheet, &frame, &ticks)?;
    for one in series.iter().filter(|one| one.n > 0) {
        let style = LayerStyle { series: Some(one.series.colour), ..LayerStyle::default() };
        let colour = sheet.palette.series(one.series.colour);
        canvas.layer(&style, |layer| layer.area(&band(one, &frame), colour, BAND))?;
    }
    for one in series.iter().filter(|one| one.n > 0) {
        draw_curve(canvas, sheet, one, &frame)?;
    }
    if let Some(risk) = frame.risk {
        draw_at_risk(canvas, sheet, series, &frame, &ticks, risk)?;
    }
    Ok(series.iter().flat_map(|one| marks(one, &frame)).collect())
}

fn frame(sheet: &Sheet<'_>, series: &[SurvivalSeries], top: f64) -> Frame {
    let (small, padding) = (sheet.small(), sheet.padding());
    let rows = series.iter().filter(|one| one.n > 0).count() as f64;
    let left = padding + text::width("100 %", small) + 8.0 * sheet.unit;
    let right = sheet.width - padding - 8.0 * sheet.unit;
    let caption = if captioned(sheet) { small * 1.5 } else { 0.0 };
    let plain = sheet.height - padding * 0.6 - small * 1.7 - caption;
    let table = (rows + 1.0) * small * 1.35;
    let has_room = plain - table - top >= LOWEST * sheet.unit;
    let bottom = if has_room { plain - table } else { plain };
    let x = Axis::around(series.iter().map(SurvivalSeries::end), sheet.spec.scale, left, right);
    let risk = has_room.then_some(bottom + small * 1.7 + caption + small * 0.8);
    Frame { x, y: Axis::unit_interval(bottom, top), left, right, top, bottom, risk }
}

fn draw_grid(
    canvas: &mut Canvas,
    sheet: &Sheet<'_>,
    frame: &Frame,
    ticks: &[Tick],
) -> Result<(), ChartError> {
    let (small, palette) = (sheet.small(), sheet.palette);
    let y_ticks = frame.y.ticks(Metric::SuccessRate, 34.0 * sheet.unit);
    canvas.layer(&LayerStyle::default(), |layer| {
        for tick in &y_ticks {
            layer.line((frame.left, tick.at), (frame.right, tick.at), palette.hairline, 1.0)?;
            let beside = (frame.left - 7.0 * sheet.unit, tick.at);
            layer.text(&tick.caption, beside, Align::Right, small, palette.muted)?;
        }
        for tick in ticks {
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

/// The corners of a step curve: from 1 at the beginning, by every step, to the last moment of all.
fn corners(one: &SurvivalSeries, frame: &Frame) -> Vec<Point> {
    let mut at = frame.y.at(1.0);
    let mut corners = vec![(frame.x.at(0.0), at)];
    for step in &one.steps {
        let x = frame.x.at(step.at_s);
        corners.push((x, at));
        at = frame.y.at(step.unrestored);
        corners.push((x, at));
    }
    corners.push((frame.x.at(one.end()), at));
    corners
}

/// The outline of the pointwise intervals. Before the first step, and where nothing is left, there is none.
fn band(one: &SurvivalSeries, frame: &Frame) -> Vec<Point> {
    let (mut lower, mut upper) = (Vec::new(), Vec::new());
    for (index, step) in one.steps.iter().enumerate() {
        let (Some(low), Some(high)) = (step.low, step.high) else { break };
        let from = frame.x.at(step.at_s);
        let to = frame.x.at(one.steps.get(index + 1).map_or(one.end(), |next| next.at_s));
        lower.extend([(from, frame.y.at(low)), (to, frame.y.at(low))]);
        upper.extend([(from, frame.y.at(high)), (to, frame.y.at(high))]);
    }
    upper.into_iter().chain(lower.into_iter().rev()).collect()
}

fn draw_curve(
    canvas: &mut Canvas,
    sheet: &Sheet<'_>,
    one: &SurvivalSeries,
    frame: &Frame,
) -> Result<(), ChartError> {
    let number = one.series.colour;
    let colour = sheet.palette.series(number);
    let style = LayerStyle { dashes: palette::dashes(number), series: Some(number), ..LayerStyle::default() };
    canvas.layer(&style, |layer| layer.path(&corners(one, frame), colour, 1.8 * sheet.unit))?;
    // Marks are never dashed.
    let plain = LayerStyle { series: Some(number), ..LayerStyle::default() };
    let half = 4.5 * sheet.unit;
    canvas.layer(&plain, |layer| {
        one.censored_places().into_iter().try_for_each(|(at, share, _)| {
            let (x, y) = (frame.x.at(at), frame.y.at(share));
            layer.line((x, y - half), (x, y + half), colour, 1.6 * sheet.unit)
        })?;
        // Where curves lie on each other, their shapes still tell them apart.
        match one.steps.last() {
            Some(last) => layer.marker(
                (frame.x.at(last.at_s), frame.y.at(last.unrestored)),
                3.6 * sheet.unit,
                palette::marker(number),
                (colour, sheet.palette.page),
            ),
            None => Ok(()),
        }
    })
}

fn draw_at_risk(
    canvas: &mut Canvas,
    sheet: &Sheet<'_>,
    series: &[SurvivalSeries],
    frame: &Frame,
    ticks: &[Tick],
    top: f64,
) -> Result<(), ChartError> {
    let (small, palette) = (sheet.small(), sheet.palette);
    canvas.layer(&LayerStyle::default(), |layer| {
        layer.label("Number at risk", (frame.left, top), small, palette.muted)
    })?;
    for (row, one) in series.iter().filter(|one| one.n > 0).enumerate() {
        let y = top + (row as f64 + 1.0) * small * 1.35;
        let colour = one.series.colour;
        let style =
            LayerStyle { title: Some(&one.series.name), series: Some(colour), ..LayerStyle::default() };
        canvas.layer(&style, |layer| {
            let ink = (palette.series(colour), palette.page);
            let beside = (frame.left - 18.0 * sheet.unit, y);
            layer.marker(beside, 3.6 * sheet.unit, crate::palette::marker(colour), ink)?;
            ticks.iter().try_for_each(|tick| {
                let at_risk = one.at_risk(tick.value);
                layer.text(&at_risk.to_string(), (tick.at, y), Align::Center, small, palette.text)
            })
        })?;
    }
    Ok(())
}

fn marks(one: &SurvivalSeries, frame: &Frame) -> Vec<Mark> {
    let name = &one.series.name;
    let mark = |at: f64, share: f64, text: String| Mark {
        x: frame.x.at(at),
        y: frame.y.at(share),
        series: one.series.colour,
        text,
    };
    let seconds = |at: f64| format::milliseconds(at * 1_000.0);
    let steps = one.steps.iter().map(|step| {
        let interval = match (step.low, step.high) {
            (Some(low), Some(high)) => format!(" [{}, {}]", format::percent(low), format::percent(high)),
            _ => String::new(),
        };
        let text = format!(
            "{name}: {}{interval} not restored after {}; {} of {} at risk",
            format::percent(step.unrestored),
            seconds(step.at_s),
            step.at_risk,
            one.n
        );
        mark(step.at_s, step.unrestored, text)
    });
    let censored = one.censored_places().into_iter().map(|(at, share, count)| {
        mark(at, share, format!("{name}: {count} of {} not restored, censored at {}", one.n, seconds(at)))
    });
    steps.chain(censored).collect()
}
