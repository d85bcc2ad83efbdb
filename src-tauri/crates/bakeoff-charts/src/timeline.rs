//! The timeline of a fault trial: a lane of health for each node, the slowest answer below, then commands and moments,
//! all on one axis of seconds.

use crate::canvas::{Align, Canvas, ChartError, Layer, LayerStyle};
use crate::chart::Drawn;
use crate::palette::Palette;
use crate::text;
use bakeoff_core::chart::{ChartTheme, Health, Mark, Moment, TimelineCommand, TimelineSpec};
use bakeoff_core::lab::CommandClass;
use plotters::style::RGBColor;

const PADDING: f64 = 12.0;
const SMALL: f64 = 11.0;
/// Of one node's lane.
const LANE: f64 = 16.0;
/// Of the curve of the slowest answer.
const CURVE: f64 = 64.0;
/// Of the lane of commands.
const COMMANDS: f64 = 24.0;
/// Of one row of the moments' names.
const ROW: f64 = 15.0;
/// Rows for the moments' names.
const ROWS: usize = 4;
/// Left of the axis, for names.
const NAMES: f64 = 64.0;
/// Between two ticks, at least.
const TICK_ROOM: f64 = 56.0;
/// Steps of the ticks in seconds.
const STEPS: [f64; 12] = [1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

/// What all parts of the drawing share.
struct Plan<'a> {
    spec: &'a TimelineSpec,
    palette: Palette,
    left: f64,
    right: f64,
}

impl Plan<'_> {
    /// The pixel of a second.
    fn x(&self, second: f64) -> f64 {
        let (first, last) = self.spec.span;
        let share = ((second - first) / (last - first)).clamp(0.0, 1.0);
        self.left + share * (self.right - self.left)
    }

    fn state(&self, health: Health) -> RGBColor {
        let [good, poor, bad] = self.palette.states;
        match health {
            Health::Good => good,
            Health::Poor => poor,
            Health::Bad => bad,
        }
    }
}

/// Draws a timeline `width` pixels wide, as high as it needs to be. Marks carry the commands' words; their `series` is 0.
///
/// # Errors
/// When the width is below 320 or above 8192 pixels.
pub fn draw_timeline(spec: &TimelineSpec, theme: ChartTheme, width: u32) -> Result<Drawn, ChartError> {
    let lanes = spec.lanes.len() as f64 * (LANE + 4.0);
    let needed = PADDING * 2.0 + lanes + CURVE + 18.0 + COMMANDS + ROW * ROWS as f64 + 34.0;
    let height = needed.ceil() as u32;
    if !(320..=8192).contains(&width) || height > 8192 {
        return Err(ChartError::Size { width, height });
    }
    let mut canvas = Canvas::new(width, height);
    let plan = Plan {
        spec,
        palette: Palette::of(theme),
        left: PADDING + NAMES,
        right: f64::from(width) - PADDING - 8.0,
    };
    let lanes_top = PADDING;
    let curve_top = lanes_top + lanes + 10.0;
    let commands_top = curve_top + CURVE + 8.0;
    let axis = commands_top + COMMANDS;
    grid(&mut canvas, &plan, lanes_top, axis)?;
    lanes_of(&mut canvas, &plan, lanes_top)?;
    curve(&mut canvas, &plan, curve_top)?;
    moments(&mut canvas, &plan, lanes_top, axis)?;
    let marks = commands(&mut canvas, &plan, commands_top + COMMANDS / 2.0)?;
    let svg = canvas.finish(&spec.title, &spec.description);
    Ok(Drawn { svg, marks, width: f64::from(width), height: f64::from(height) })
}

/// The axis with its ticks.
fn grid(canvas: &mut Canvas, plan: &Plan<'_>, top: f64, axis: f64) -> Result<(), ChartError> {
    let (first, last) = plan.spec.span;
    let most = ((plan.right - plan.left) / TICK_ROOM).max(1.0);
    let step = STEPS.into_iter().find(|step| (last - first) / step <= most).unwrap_or(last - first);
    let palette = &plan.palette;
    canvas.layer(&LayerStyle::default(), |layer| {
        let mut second = (first / step).ceil() * step;
        while second <= last {
            let x = plan.x(second);
            layer.line((x, top), (x, axis), palette.hairline, 1.0)?;
            let caption = if second == 0.0 { "0 s".to_owned() } else { format!("{second:+.0}") };
            layer.text(&caption.replace('-', "−"), (x, axis + 10.0), Align::Center, SMALL, palette.muted)?;
            second += step;
        }
        layer.line((plan.left, axis), (plan.right, axis), palette.axis, 1.0)
    })
}

/// One lane a node: each sample colours the time until the next.
fn lanes_of(canvas: &mut Canvas, plan: &Plan<'_>, top: f64) -> Result<(), ChartError> {
    for (index, lane) in plan.spec.lanes.iter().enumerate() {
        let y = top + index as f64 * (LANE + 4.0);
        canvas.layer(&LayerStyle { title: Some(&lane.node), ..LayerStyle::default() }, |layer| {
            let name = text::elide(&lane.node, SMALL, NAMES - 8.0);
            layer.label(&name, (PADDING, y + LANE / 2.0), SMALL, plan.palette.text)?;
            let mut from = 0;
            while let Some((start, health)) = lane.samples.get(from).copied() {
                // Equal neighbours are one rectangle.
                let rest = lane.samples.get(from..).unwrap_or_default();
                let same = rest.iter().take_while(|(_, other)| *other == health).count();
                from += same;
                let end = lane.samples.get(from).map_or(plan.spec.span.1, |(next, _)| *next);
                bar(layer, plan, (start, end), (y, health))?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Shape repeats what colour says: what is good is thin, what is bad fills the lane.
fn bar(
    layer: &Layer<'_>,
    plan: &Plan<'_>,
    (start, end): (f64, f64),
    (y, health): (f64, Health),
) -> Result<(), ChartError> {
    let inset = match health {
        Health::Good => LANE * 0.34,
        Health::Poor => LANE * 0.17,
        Health::Bad => 0.0,
    };
    let (from, to) = (plan.x(start), plan.x(end).max(plan.x(start) + 1.0));
    layer.rectangle((from, y + inset), (to, y + LANE - inset), plan.state(health))
}

/// The slowest answer of each sample, with the bound of the service level.
fn curve(canvas: &mut Canvas, plan: &Plan<'_>, top: f64) -> Result<(), ChartError> {
    let spec = plan.spec;
    let most = spec.latency.iter().map(|(_, latency)| *latency).fold(spec.bound_ms * 1.25, f64::max);
    let y = |latency: f64| top + CURVE * (1.0 - (latency / most).clamp(0.0, 1.0));
    let palette = &plan.palette;
    canvas.layer(&LayerStyle { dashes: &[4.0, 3.0], ..LayerStyle::default() }, |layer| {
        let bound = y(spec.bound_ms);
        layer.line((plan.left, bound), (plan.right, bound), palette.axis, 1.0)
    })?;
    canvas.layer(&LayerStyle { title: Some("slowest answer"), ..LayerStyle::default() }, |layer| {
        layer.label("slowest", (PADDING, top + CURVE / 2.0 - 7.0), SMALL, palette.muted)?;
        layer.label(&format!("to {most:.0} ms"), (PADDING, top + CURVE / 2.0 + 7.0), SMALL, palette.muted)?;
        let points: Vec<_> = spec.latency.iter().map(|(at, latency)| (plan.x(*at), y(*latency))).collect();
        match points.len() {
            0 | 1 => Ok(()),
            _ => layer.path(&points, palette.series(0), 1.5),
        }
    })
}

/// A vertical line for each moment, its name below the axis. From the last to the first, each in the first row with room:
/// so the earlier of two close ones lies lower, and its line passes no other name.
fn moments(canvas: &mut Canvas, plan: &Plan<'_>, top: f64, axis: f64) -> Result<(), ChartError> {
    let mut starts = [f64::INFINITY; ROWS];
    let mut rows: Vec<(usize, f64, &Moment)> = Vec::new();
    for moment in plan.spec.moments.iter().rev() {
        let width = text::width(&caption(moment), SMALL);
        // What would stand over the right edge is moved to the left.
        let x = (plan.x(moment.at) + 3.0).min(plan.right - width);
        let row = starts.iter().position(|start| x + width + 8.0 <= *start).unwrap_or(ROWS - 1);
        if let Some(start) = starts.get_mut(row) {
            *start = x;
        }
        rows.push((row, x, moment));
    }
    for (row, x, moment) in rows {
        let y = axis + 28.0 + row as f64 * ROW;
        let [_, _, bad] = plan.palette.states;
        let colour = if moment.is_trouble { bad } else { plan.palette.text };
        let line = plan.x(moment.at);
        canvas.layer(&LayerStyle { dashes: &[2.0, 3.0], ..LayerStyle::default() }, |layer| {
            layer.line((line, top), (line, y + 4.0), colour, 1.0)
        })?;
        canvas.layer(&LayerStyle::default(), |layer| layer.label(&caption(moment), (x, y), SMALL, colour))?;
    }
    Ok(())
}

fn caption(moment: &Moment) -> String {
    format!("{} {:.1} s", moment.label, moment.at).replace('-', "−")
}

/// One marker a command: its shape and colour tell its class.
fn commands(canvas: &mut Canvas, plan: &Plan<'_>, y: f64) -> Result<Vec<Mark>, ChartError> {
    let palette = plan.palette;
    canvas
        .layer(&LayerStyle::default(), |layer| layer.label("commands", (PADDING, y), SMALL, palette.muted))?;
    let mut marks = Vec::new();
    for command in &plan.spec.commands {
        let TimelineCommand { at, class, text } = command;
        let x = plan.x(*at);
        let [_, poor, bad] = palette.states;
        let (shape, colour) = match class {
            CommandClass::Read => (0, palette.muted),
            CommandClass::Repair => (3, palette.series(0)),
            CommandClass::Risky => (2, poor),
            CommandClass::Destructive => (1, bad),
        };
        let title = format!("{at:.1} s: {text}");
        canvas.layer(&LayerStyle { title: Some(&title), ..LayerStyle::default() }, |layer| {
            layer.marker((x, y), 4.0, crate::palette::marker(shape), (colour, palette.page))
        })?;
        marks.push(Mark { x, y, series: 0, text: title });
    }
    Ok(marks)
}
