//! A whole chart: heading, body or "No data yet", title and description.

use crate::canvas::{Align, Canvas, ChartError, LayerStyle};
use crate::heading;
use crate::palette::Palette;
use crate::{ecdf, intervals, stacked, survival};
use bakeoff_core::chart::{ChartBody, ChartSpec, ChartTheme, Mark};

/// A chart, drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The SVG, on a transparent ground, with title and description in it.
    pub svg: String,
    /// For values on hover; pixels of the view box.
    pub marks: Vec<Mark>,
    /// Pixels of the view box.
    pub width: f64,
    /// Pixels of the view box.
    pub height: f64,
}

/// What all parts of a chart need to know.
pub(crate) struct Sheet<'a> {
    pub spec: &'a ChartSpec,
    pub palette: Palette,
    pub width: f64,
    pub height: f64,
    /// Fonts and markers grow and shrink with the picture by this factor.
    pub unit: f64,
}

impl Sheet<'_> {
    /// The size of captions and notes, in pixels.
    pub fn small(&self) -> f64 {
        11.0 * self.unit
    }

    /// The size of names and values, in pixels.
    pub fn normal(&self) -> f64 {
        12.5 * self.unit
    }

    /// The distance from the edges, in pixels.
    pub fn padding(&self) -> f64 {
        12.0 * self.unit
    }

    pub fn is_baseline(&self, colour: u16) -> bool {
        self.spec.baseline == Some(colour)
    }
}

/// Draws a chart. Made for 320 × 200 to 1600 × 900 pixels.
///
/// # Errors
/// When the size is below 160 × 120 or above 8192 × 8192 pixels.
pub fn draw(spec: &ChartSpec, theme: ChartTheme, width: u32, height: u32) -> Result<Drawn, ChartError> {
    if !(160..=8192).contains(&width) || !(120..=8192).contains(&height) {
        return Err(ChartError::Size { width, height });
    }
    let mut canvas = Canvas::new(width, height);
    let (width, height) = (f64::from(width), f64::from(height));
    let unit = (width * height / (640.0 * 360.0)).sqrt().clamp(0.86, 1.3);
    let sheet = Sheet { spec, palette: Palette::of(theme), width, height, unit };
    let top = heading::draw(&mut canvas, &sheet)?;
    let marks = match &spec.body {
        body if body.is_empty() => no_data(&mut canvas, &sheet, top)?,
        ChartBody::Intervals(points) => intervals::draw(&mut canvas, &sheet, points, top)?,
        ChartBody::Ecdf(series) => ecdf::draw(&mut canvas, &sheet, series, top)?,
        ChartBody::Stacked(bars) => stacked::draw(&mut canvas, &sheet, bars, top)?,
        ChartBody::Survival(series) => survival::draw(&mut canvas, &sheet, series, top)?,
    };
    Ok(Drawn { svg: canvas.finish(&spec.title, &spec.description), marks, width, height })
}

/// Says so, and why where that is known: the first note of each variant.
fn no_data(canvas: &mut Canvas, sheet: &Sheet<'_>, top: f64) -> Result<Vec<Mark>, ChartError> {
    let notes: Vec<(&str, &str)> = match &sheet.spec.body {
        ChartBody::Intervals(points) => {
            points.iter().filter_map(|point| Some((&*point.series.name, point.note.as_deref()?))).collect()
        }
        ChartBody::Stacked(bars) => {
            bars.iter().filter_map(|bar| Some((&*bar.series.name, bar.note.as_deref()?))).collect()
        }
        ChartBody::Ecdf(_) | ChartBody::Survival(_) => Vec::new(),
    };
    let middle = (sheet.width / 2.0, (top + sheet.height - sheet.padding()) / 2.0);
    let (normal, small) = (sheet.normal(), sheet.small());
    canvas.layer(&LayerStyle::default(), |layer| {
        layer.text("No data yet", middle, Align::Center, normal * 1.1, sheet.palette.muted)?;
        let room = (((sheet.height - middle.1) / (small * 1.6)) as usize).saturating_sub(1);
        for (index, (name, note)) in notes.iter().take(room).enumerate() {
            let text =
                crate::text::elide(&format!("{name}: {note}"), small, sheet.width - 2.0 * sheet.padding());
            let at = (middle.0, middle.1 + (index as f64 + 1.4) * small * 1.6);
            layer.text(&text, at, Align::Center, small, sheet.palette.muted)?;
        }
        Ok(())
    })?;
    Ok(Vec::new())
}
