//! The sheet on which charts are drawn: plotters' SVG backend with finer coordinates, in groups.
//!
//! plotters counts whole pixels and knows neither dashes nor round joins. So everything is drawn ten times as large
//! inside a group that is scaled down, and each layer is a group of its own that may carry such attributes.

use crate::text;
use bakeoff_core::hash::sha256_hex;
use plotters::coord::Shift;
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{DrawingArea, IntoDrawingArea, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, RGBColor, ShapeStyle, TextStyle};
use std::fmt::Write;

/// Coordinates are this much finer than pixels.
const FINE: f64 = 10.0;
/// plotters divides font sizes by this.
const FONT: f64 = 1.24;
const FAMILY: &str = "system-ui, sans-serif";

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// The size asked for can't be drawn.
    #[error(
        "a chart of {width} × {height} pixels can't be drawn; choose a size from 160 × 120 to 8192 × 8192"
    )]
    Size {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// plotters failed.
    #[error("failed to draw the chart: {0}")]
    Draw(String),
    /// The SVG could not be read back or written as PNG.
    #[error("failed to turn the chart into a PNG: {0}")]
    Png(String),
}

/// A point in pixels.
pub(crate) type Point = (f64, f64);

/// Where a text stands relative to its point; always centred vertically.
pub(crate) use plotters::style::text_anchor::HPos as Align;

/// The SVG so far.
pub(crate) struct Canvas {
    body: String,
    width: u32,
    height: u32,
}

/// What applies to a whole layer.
#[derive(Default)]
pub(crate) struct LayerStyle<'a> {
    /// Dashes in pixels.
    pub dashes: &'a [f64],
    /// Headings and values.
    pub semibold: bool,
    /// Shown by browsers on hover.
    pub title: Option<&'a str>,
    /// Whose marks these are, for highlighting.
    pub series: Option<u16>,
}

impl Canvas {
    pub fn new(width: u32, height: u32) -> Self {
        Self { body: String::new(), width, height }
    }

    /// Draws a group.
    pub fn layer(
        &mut self,
        style: &LayerStyle<'_>,
        paint: impl FnOnce(&Layer<'_>) -> Result<(), ChartError>,
    ) -> Result<(), ChartError> {
        let mut svg = String::new();
        // plotters moves what lies outside of its area to the edge, so the area is as fine as the coordinates.
        let size = (self.width * FINE as u32, self.height * FINE as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let layer = Layer { area };
        paint(&layer)?;
        layer.area.present().map_err(failed)?;
        drop(layer);
        let marks = svg
            .split_once(">\n")
            .and_then(|(_, rest)| rest.rsplit_once("</svg>"))
            .map_or("", |(marks, _)| marks);
        self.body.push_str("<g");
        if !style.dashes.is_empty() {
            let dashes: Vec<String> = style.dashes.iter().map(|dash| (dash * FINE).to_string()).collect();
            let _ = write!(self.body, " stroke-dasharray=\"{}\"", dashes.join(" "));
        }
        if style.semibold {
            self.body.push_str(" font-weight=\"600\"");
        }
        if let Some(series) = style.series {
            let _ = write!(self.body, " data-series=\"{series}\"");
        }
        self.body.push_str(">\n");
        if let Some(title) = style.title {
            let _ = writeln!(self.body, "<title>{}</title>", text::escape(title));
        }
        self.body.push_str(marks);
        self.body.push_str("</g>\n");
        Ok(())
    }

    /// The whole SVG. Its ids come from its content, so that several charts can stand in one page.
    pub fn finish(self, title: &str, description: &str) -> String {
        let id = format!("chart-{}", &sha256_hex(self.body.as_bytes())[..12]);
        let (width, height) = (self.width, self.height);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" aria-labelledby=\"{id}-title {id}-description\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-description\">{}</desc>\n\
             <g transform=\"scale({})\" font-family=\"{FAMILY}\" font-variant=\"tabular-nums\" \
             stroke-linecap=\"round\" stroke-linejoin=\"round\">\n{}</g>\n</svg>\n",
            text::escape(title),
            text::escape(description),
            1.0 / FINE,
            self.body
        )
    }
}

/// One group while it is drawn.
pub(crate) struct Layer<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

impl Layer<'_> {
    pub fn path(&self, points: &[Point], colour: RGBColor, width: f64) -> Result<(), ChartError> {
        let fine_points: Vec<_> = points.iter().copied().map(fine).collect();
        self.area.draw(&PathElement::new(fine_points, stroke(colour, width))).map_err(failed)
    }

    pub fn line(&self, from: Point, to: Point, colour: RGBColor, width: f64) -> Result<(), ChartError> {
        self.path(&[from, to], colour, width)
    }

    /// A filled outline through which what lies below can be seen; `opacity` is 0 to 1.
    pub fn area(&self, outline: &[Point], colour: RGBColor, opacity: f64) -> Result<(), ChartError> {
        let fine_points: Vec<_> = outline.iter().copied().map(fine).collect();
        if fine_points.len() < 3 {
            return Ok(());
        }
        self.area.draw(&Polygon::new(fine_points, colour.mix(opacity).filled())).map_err(failed)
    }

    pub fn rectangle(&self, from: Point, to: Point, colour: RGBColor) -> Result<(), ChartError> {
        self.area.draw(&Rectangle::new([fine(from), fine(to)], colour.filled())).map_err(failed)
    }

    /// A marker with a rim in the page's colour, which keeps it apart from what lies below.
    pub fn marker(
        &self,
        at: Point,
        radius: f64,
        corners: Option<Vec<Point>>,
        colours: (RGBColor, RGBColor),
    ) -> Result<(), ChartError> {
        let (colour, rim) = colours;
        match corners {
            None => {
                let circle = |radius: f64, colour: RGBColor| {
                    self.area.draw(&Circle::new(fine(at), (radius * FINE) as i32, colour.filled()))
                };
                circle(radius + 1.25, rim).and_then(|()| circle(radius, colour)).map_err(failed)
            }
            Some(corners) => {
                let place = |(x, y): Point| fine((at.0 + x * radius, at.1 + y * radius));
                let shape: Vec<_> = corners.into_iter().map(place).collect();
                let outline: Vec<_> = shape.iter().chain(shape.first()).copied().collect();
                self.area.draw(&PathElement::new(outline, stroke(rim, 2.5))).map_err(failed)?;
                self.area.draw(&Polygon::new(shape, colour.filled())).map_err(failed)
            }
        }
    }

    /// A text, centred vertically on its point.
    pub fn text(
        &self,
        text: &str,
        at: Point,
        align: Align,
        size: f64,
        colour: RGBColor,
    ) -> Result<(), ChartError> {
        let anchor = Pos::new(align, VPos::Center);
        let style = TextStyle::from((FAMILY, size * FINE * FONT).into_font()).color(&colour).pos(anchor);
        self.area.draw(&Text::new(text::clean(text), fine(at), style)).map_err(failed)
    }

    /// A text from the left.
    pub fn label(&self, text: &str, at: Point, size: f64, colour: RGBColor) -> Result<(), ChartError> {
        self.text(text, at, HPos::Left, size, colour)
    }
}

fn fine((x, y): Point) -> (i32, i32) {
    ((x * FINE).round() as i32, (y * FINE).round() as i32)
}

fn stroke(colour: RGBColor, width: f64) -> ShapeStyle {
    colour.stroke_width((width * FINE).round() as u32)
}

fn failed(error: impl std::fmt::Display) -> ChartError {
    ChartError::Draw(error.to_string())
}
