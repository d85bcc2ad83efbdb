//! One row a variant: names on the left, values on the right, the plot between them over a grid.

use crate::axis::Axis;
use crate::canvas::{Align, Canvas, ChartError, LayerStyle};
use crate::chart::Sheet;
use crate::{palette, text};
use bakeoff_core::chart::{SeriesHead, format};
use plotters::style::RGBColor;

/// What a row says besides its plot.
pub(crate) struct RowText<'a> {
    pub series: &'a SeriesHead,
    /// The value, or `—`.
    pub value: String,
    /// Its interval; may be empty.
    pub detail: String,
    /// The whole in one line, for the title of the name.
    pub whole: String,
    pub n: u32,
    /// Why the value is missing.
    pub note: Option<&'a str>,
}

/// Where the rows lie, in pixels.
pub(crate) struct Rows {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    pub height: f64,
    /// Rows that fit; the others are counted below the names.
    pub shown: usize,
    /// There is room for a second line in each row.
    pub tall: bool,
}

const FEWEST_PIXELS: f64 = 15.0;

impl Rows {
    /// Divides the sheet below `top` into rows.
    pub fn layout(sheet: &Sheet<'_>, texts: &[RowText<'_>], top: f64) -> Self {
        let (normal, small, padding) = (sheet.normal(), sheet.small(), sheet.padding());
        let caption = if captioned(sheet) { small * 1.5 } else { 0.0 };
        let bottom = sheet.height - padding * 0.6 - small * 1.7 - caption;
        let shown = texts.len().min((((bottom - top) / FEWEST_PIXELS) as usize).max(1));
        let height = (bottom - top) / shown.max(1) as f64;
        let tall = height >= (normal + small) * 1.35;
        let widest = |measure: &dyn Fn(&RowText<'_>) -> f64| texts.iter().map(measure).fold(0.0, f64::max);
        let names = widest(&|row| {
            let name = text::width(&row.series.name, normal);
            name.max(if tall { text::width(&second_line(sheet, row), small) } else { 0.0 })
        });
        let values = widest(&|row| {
            let value = text::width(&row.value, normal * 1.05);
            value.max(if shows_detail(sheet, tall) { text::width(&row.detail, small) } else { 0.0 })
        });
        let gap = 14.0 * sheet.unit;
        // Some system fonts are wider than the one that was measured.
        let names = (names * 1.06).min(sheet.width * 0.3) + 1.3 * normal;
        let left = padding + names + gap;
        let right = sheet.width - padding - values.min(sheet.width * 0.3) - gap;
        Self { left, right, top, bottom, height, shown, tall }
    }

    /// The middle of a row.
    pub fn middle(&self, row: usize) -> f64 {
        self.top + (row as f64 + 0.5) * self.height
    }

    /// Grid, ticks and their captions.
    pub fn draw_grid(&self, canvas: &mut Canvas, sheet: &Sheet<'_>, axis: &Axis) -> Result<(), ChartError> {
        let small = sheet.small();
        let ticks = axis.ticks(sheet.spec.metric, 62.0 * sheet.unit);
        let palette = sheet.palette;
        canvas.layer(&LayerStyle::default(), |layer| {
            for tick in &ticks {
                layer.line((tick.at, self.top), (tick.at, self.bottom), palette.hairline, 1.0)?;
                let below = (tick.at, self.bottom + small * 1.1);
                layer.text(&tick.caption, below, Align::Center, small, palette.muted)?;
            }
            layer.line((self.left, self.top), (self.left, self.bottom), palette.axis, 1.0)?;
            if captioned(sheet) {
                let at = ((self.left + self.right) / 2.0, self.bottom + small * 2.6);
                layer.text(&caption(sheet), at, Align::Center, small, palette.muted)?;
            }
            Ok(())
        })
    }

    /// Names, values and notes.
    pub fn draw_texts(
        &self,
        canvas: &mut Canvas,
        sheet: &Sheet<'_>,
        texts: &[RowText<'_>],
    ) -> Result<(), ChartError> {
        for (index, row) in texts.iter().enumerate().take(self.shown) {
            self.draw_name(canvas, sheet, row, self.middle(index))?;
            self.draw_value(canvas, sheet, row, self.middle(index))?;
        }
        let hidden = texts.len() - self.shown;
        if hidden > 0 {
            let at = (sheet.padding(), self.bottom + sheet.small() * 1.1);
            canvas.layer(&LayerStyle::default(), |layer| {
                layer.label(&format!("… and {hidden} more"), at, sheet.small(), sheet.palette.muted)
            })?;
        }
        Ok(())
    }

    fn draw_name(
        &self,
        canvas: &mut Canvas,
        sheet: &Sheet<'_>,
        row: &RowText<'_>,
        middle: f64,
    ) -> Result<(), ChartError> {
        let size = sheet.normal().min(self.height * 0.8);
        let small = sheet.small();
        let indent = 1.3 * size;
        let from = sheet.padding();
        let room = self.left - from - indent - 8.0 * sheet.unit;
        let colour = row.series.colour;
        let style = LayerStyle { series: Some(colour), title: Some(&row.whole), ..LayerStyle::default() };
        let first = if self.tall { middle - small * 0.68 } else { middle };
        canvas.layer(&style, |layer| {
            let ink = (sheet.palette.series(colour), sheet.palette.page);
            layer.marker((from + size * 0.42, first), size * 0.32, palette::marker(colour), ink)?;
            let name = text::elide(&row.series.name, size, room);
            layer.label(&name, (from + indent, first), size, sheet.palette.text)?;
            if self.tall {
                let second = text::elide(&second_line(sheet, row), small, room);
                layer.label(&second, (from + indent, middle + small * 0.85), small, sheet.palette.muted)?;
            }
            Ok(())
        })
    }

    fn draw_value(
        &self,
        canvas: &mut Canvas,
        sheet: &Sheet<'_>,
        row: &RowText<'_>,
        middle: f64,
    ) -> Result<(), ChartError> {
        let size = sheet.normal().min(self.height * 0.8);
        let small = sheet.small();
        let edge = sheet.width - sheet.padding();
        let detail = shows_detail(sheet, self.tall) && !row.detail.is_empty();
        let first = if detail { middle - small * 0.68 } else { middle };
        canvas.layer(&LayerStyle { semibold: true, ..LayerStyle::default() }, |layer| {
            layer.text(&row.value, (edge, first), Align::Right, size, sheet.palette.text)
        })?;
        canvas.layer(&LayerStyle::default(), |layer| {
            if detail {
                let at = (edge, middle + small * 0.85);
                layer.text(&row.detail, at, Align::Right, small, sheet.palette.muted)?;
            }
            match row.note {
                Some(note) => {
                    let from = self.left + 8.0 * sheet.unit;
                    let note = text::elide(note, small, self.right - from);
                    layer.label(&note, (from, middle), small.min(size), sheet.palette.muted)
                }
                None => Ok(()),
            }
        })
    }

    /// A dashed line at the baseline's value, through all rows that have no note to be read there.
    pub fn draw_baseline(
        &self,
        canvas: &mut Canvas,
        at: f64,
        texts: &[RowText<'_>],
        colour: RGBColor,
    ) -> Result<(), ChartError> {
        let style = LayerStyle { dashes: &[3.0, 4.0], ..LayerStyle::default() };
        canvas.layer(&style, |layer| {
            let free = texts.iter().enumerate().take(self.shown).filter(|(_, row)| row.note.is_none());
            free.map(|(row, _)| self.middle(row)).try_for_each(|middle| {
                let half = self.height / 2.0;
                layer.line((at, middle - half), (at, middle + half), colour, 1.0)
            })
        })
    }
}

fn second_line(sheet: &Sheet<'_>, row: &RowText<'_>) -> String {
    let n = format!("n = {}", format::count(u64::from(row.n)));
    if sheet.is_baseline(row.series.colour) { format!("baseline, {n}") } else { n }
}

fn shows_detail(sheet: &Sheet<'_>, tall: bool) -> bool {
    tall && sheet.width >= 480.0
}

/// The caption of the value axis, which names a logarithmic scale.
pub(crate) fn caption(sheet: &Sheet<'_>) -> String {
    match sheet.spec.scale {
        bakeoff_core::chart::Scale::Linear => sheet.spec.axis.clone(),
        bakeoff_core::chart::Scale::Logarithmic => format!("{}, logarithmic scale", sheet.spec.axis),
    }
}

/// Whether there is room (or need) for a caption of the value axis.
pub(crate) fn captioned(sheet: &Sheet<'_>) -> bool {
    sheet.height >= 300.0 || sheet.spec.scale == bakeoff_core::chart::Scale::Logarithmic
}
