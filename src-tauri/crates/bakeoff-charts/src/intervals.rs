//! Dots with intervals, one row a variant.

use crate::axis::Axis;
use crate::canvas::{Align, Canvas, ChartError, Layer, LayerStyle};
use crate::chart::Sheet;
use crate::palette;
use crate::rows::{RowText, Rows};
use bakeoff_core::chart::{Mark, PointWithInterval, Scale, format};

pub(crate) fn draw(
    canvas: &mut Canvas,
    sheet: &Sheet<'_>,
    points: &[PointWithInterval],
    top: f64,
) -> Result<Vec<Mark>, ChartError> {
    let texts: Vec<RowText<'_>> = points.iter().map(|point| row_text(sheet, point)).collect();
    let rows = Rows::layout(sheet, &texts, top);
    let axis = axis(sheet, points, &rows);
    rows.draw_grid(canvas, sheet, &axis)?;
    let baseline = points.iter().find(|point| sheet.is_baseline(point.series.colour));
    if let Some(value) = baseline.and_then(|point| point.value) {
        rows.draw_baseline(canvas, axis.at(value), &texts, sheet.palette.axis)?;
    }
    rows.draw_texts(canvas, sheet, &texts)?;
    let mut marks = Vec::new();
    for (index, (point, text)) in points.iter().zip(&texts).enumerate().take(rows.shown) {
        let middle = rows.middle(index);
        let style = LayerStyle { series: Some(point.series.colour), ..LayerStyle::default() };
        canvas.layer(&style, |layer| draw_point(layer, sheet, &rows, &axis, point, middle))?;
        marks.extend(marks_of(point, text, &rows, &axis, middle));
    }
    Ok(marks)
}

fn row_text<'a>(sheet: &Sheet<'_>, point: &'a PointWithInterval) -> RowText<'a> {
    let metric = sheet.spec.metric;
    let value = format::optional(metric, point.value);
    let bounded = point.low.is_some() || point.high.is_some();
    let detail = match bounded {
        true => {
            format!("[{}, {}]", format::optional(metric, point.low), format::optional(metric, point.high))
        }
        false => String::new(),
    };
    let mut whole = format!("{}: {value}", point.series.name);
    if bounded {
        whole.push_str(&format!(" {detail}"));
    }
    whole.push_str(&format!(", n = {}", format::count(u64::from(point.n))));
    if let Some(note) = &point.note {
        whole.push_str(&format!(" ({note})"));
    }
    let note = point.note.as_deref().filter(|_| point.value.is_none());
    RowText { series: &point.series, value, detail, whole, n: point.n, note }
}

fn axis(sheet: &Sheet<'_>, points: &[PointWithInterval], rows: &Rows) -> Axis {
    if sheet.spec.unit_interval {
        return Axis::unit_interval(rows.left, rows.right);
    }
    let values = points.iter().flat_map(|point| {
        // A lower bound at or below 0 has no place on a logarithmic axis; its line runs to the axis' start.
        let low = point.low.filter(|low| sheet.spec.scale == Scale::Linear || *low > 0.0);
        point.value.into_iter().chain(low).chain(point.high).chain(point.ticks.iter().map(|tick| tick.1))
    });
    Axis::around(values, sheet.spec.scale, rows.left, rows.right)
}

fn draw_point(
    layer: &Layer<'_>,
    sheet: &Sheet<'_>,
    rows: &Rows,
    axis: &Axis,
    point: &PointWithInterval,
    middle: f64,
) -> Result<(), ChartError> {
    let Some(value) = point.value else { return Ok(()) };
    let colour = sheet.palette.series(point.series.colour);
    let radius = (5.0 * sheet.unit).min(rows.height * 0.28);
    draw_ticks(layer, sheet, rows, axis, point, middle)?;
    if point.low.is_some() || point.high.is_some() {
        let from = point.low.map_or(rows.left, |low| axis.at(low));
        let to = point.high.map_or(rows.right, |high| axis.at(high));
        layer.line((from, middle), (to, middle), colour, 2.0 * sheet.unit)?;
        let caps = point.low.map(|_| from).into_iter().chain(point.high.map(|_| to));
        for cap in caps {
            layer.line((cap, middle - radius), (cap, middle + radius), colour, 2.0 * sheet.unit)?;
        }
    }
    let ink = (colour, sheet.palette.page);
    layer.marker((axis.at(value), middle), radius, palette::marker(point.series.colour), ink)
}

/// Small ticks above the interval with their names, where there is room for them.
fn draw_ticks(
    layer: &Layer<'_>,
    sheet: &Sheet<'_>,
    rows: &Rows,
    axis: &Axis,
    point: &PointWithInterval,
    middle: f64,
) -> Result<(), ChartError> {
    let size = sheet.small() * 0.88;
    let half = (7.0 * sheet.unit).min(rows.height * 0.32);
    let named = rows.height >= half * 2.0 + size * 2.4;
    let mut taken = f64::NEG_INFINITY;
    for (name, value) in &point.ticks {
        let at = axis.at(*value);
        let colour = sheet.palette.series(point.series.colour);
        layer.line((at, middle - half), (at, middle + half), colour, 1.2 * sheet.unit)?;
        if named && at - taken > size * 2.6 {
            let above = (at, middle - half - size * 0.8);
            layer.text(name, above, Align::Center, size, sheet.palette.muted)?;
            taken = at;
        }
    }
    Ok(())
}

fn marks_of(
    point: &PointWithInterval,
    text: &RowText<'_>,
    rows: &Rows,
    axis: &Axis,
    middle: f64,
) -> Vec<Mark> {
    let mark = |x: f64, text: String| Mark { x, y: middle, series: point.series.colour, text };
    let Some(value) = point.value else { return vec![mark(rows.left + 4.0, text.whole.clone())] };
    let ticks = point.ticks.iter().map(|(name, at)| {
        mark(
            axis.at(*at),
            format!(
                "{}, {name}: {}",
                point.series.name,
                format::value(bakeoff_core::metric::Metric::LatencyMs, *at)
            ),
        )
    });
    std::iter::once(mark(axis.at(value), text.whole.clone())).chain(ticks).collect()
}
