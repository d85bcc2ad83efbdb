//! Stacked bars, one row a variant: the first part is filled, the second outlined.

use crate::axis::Axis;
use crate::canvas::{Canvas, ChartError, LayerStyle};
use crate::chart::Sheet;
use crate::rows::{RowText, Rows};
use crate::text;
use bakeoff_core::chart::{Mark, StackedBar, format};

pub(crate) fn draw(
    canvas: &mut Canvas,
    sheet: &Sheet<'_>,
    bars: &[StackedBar],
    top: f64,
) -> Result<Vec<Mark>, ChartError> {
    let top = legend(canvas, sheet, bars, top)?;
    let texts: Vec<RowText<'_>> = bars.iter().map(|bar| row_text(sheet, bar)).collect();
    let rows = Rows::layout(sheet, &texts, top);
    let axis = Axis::around(bars.iter().map(total), sheet.spec.scale, rows.left, rows.right);
    rows.draw_grid(canvas, sheet, &axis)?;
    rows.draw_texts(canvas, sheet, &texts)?;
    let mut marks = Vec::new();
    for (index, bar) in bars.iter().enumerate().take(rows.shown) {
        let middle = rows.middle(index);
        let half = (rows.height * 0.27).min(13.0 * sheet.unit);
        let style = LayerStyle { series: Some(bar.series.colour), ..LayerStyle::default() };
        let mut from = 0.0;
        let mut spans = Vec::new();
        for (name, value) in &bar.parts {
            spans.push((axis.at(from), axis.at(from + value)));
            marks.push(Mark {
                x: (axis.at(from) + axis.at(from + value)) / 2.0,
                y: middle,
                series: bar.series.colour,
                text: format!(
                    "{}, {name}: {} tokens, n = {}",
                    bar.series.name,
                    format::tokens(*value),
                    format::count(u64::from(bar.n))
                ),
            });
            from += value;
        }
        if bar.parts.is_empty() {
            let text = texts[index].whole.clone();
            marks.push(Mark { x: rows.left + 4.0, y: middle, series: bar.series.colour, text });
        }
        canvas.layer(&style, |layer| {
            draw_bar(layer, sheet, bar.series.colour, &spans, (middle - half, middle + half))
        })?;
    }
    Ok(marks)
}

fn draw_bar(
    layer: &crate::canvas::Layer<'_>,
    sheet: &Sheet<'_>,
    colour: u16,
    spans: &[(f64, f64)],
    (top, bottom): (f64, f64),
) -> Result<(), ChartError> {
    let ink = sheet.palette.series(colour);
    for (part, &(from, to)) in spans.iter().enumerate() {
        if part == 0 {
            layer.rectangle((from, top), (to, bottom), ink)?;
        } else {
            let (left, right) = (from + 1.0, (to - 0.75).max(from + 1.0));
            let (top, bottom) = (top + 0.75, bottom - 0.75);
            let outline = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
            layer.path(&outline, ink, 1.5)?;
        }
    }
    Ok(())
}

/// What filled and outlined mean.
fn legend(canvas: &mut Canvas, sheet: &Sheet<'_>, bars: &[StackedBar], top: f64) -> Result<f64, ChartError> {
    let Some(bar) = bars.iter().find(|bar| !bar.parts.is_empty()) else { return Ok(top) };
    let small = sheet.small();
    let side = small * 0.8;
    let mut at = sheet.padding();
    canvas.layer(&LayerStyle::default(), |layer| {
        for (part, (name, _)) in bar.parts.iter().enumerate() {
            let (from, to) = ((at, top - side / 2.0), (at + side, top + side / 2.0));
            if part == 0 {
                layer.rectangle(from, to, sheet.palette.muted)?;
            } else {
                let corners = [from, (to.0, from.1), to, (from.0, to.1), from];
                layer.path(&corners, sheet.palette.muted, 1.5)?;
            }
            layer.label(name, (at + side * 1.6, top), small, sheet.palette.muted)?;
            at += side * 1.6 + text::width(name, small) + small * 1.6;
        }
        Ok(())
    })?;
    Ok(top + small * 1.3)
}

fn total(bar: &StackedBar) -> f64 {
    bar.parts.iter().map(|part| part.1).sum()
}

fn row_text<'a>(sheet: &Sheet<'_>, bar: &'a StackedBar) -> RowText<'a> {
    let known = !bar.parts.is_empty();
    let value = format::optional(sheet.spec.metric, known.then(|| total(bar)));
    let parts: Vec<String> = bar.parts.iter().map(|(_, value)| format::tokens(*value)).collect();
    let n = format::count(u64::from(bar.n));
    let reason = bar.note.as_deref().filter(|_| !known).map_or(String::new(), |note| format!(" ({note})"));
    let whole = format!("{}: {value} tokens, n = {n}{reason}", bar.series.name);
    let note = bar.note.as_deref().filter(|_| !known);
    RowText { series: &bar.series, value, detail: parts.join(" + "), whole, n: bar.n, note }
}
