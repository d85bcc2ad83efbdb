//! The table of figures, each beside its target.

use comfy_table::{CellAlignment, Table, presets};
use std::fmt;

/// The figures so far.
#[derive(Default)]
pub struct Report(Vec<Figure>);

struct Figure {
    what: String,
    measured: String,
    target: String,
    verdict: &'static str,
}

/// What a figure should be.
#[derive(Clone, Copy)]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Report {
    /// A figure with a target in the same unit.
    pub fn judge(&mut self, what: impl Into<String>, value: f64, unit: &str, target: Target) {
        let (sign, bound, met) = match target {
            Target::AtLeast(bound) => ("≥", bound, value >= bound),
            Target::AtMost(bound) => ("≤", bound, value <= bound),
        };
        self.0.push(Figure {
            what: what.into(),
            measured: number(value, unit),
            target: format!("{sign} {}", number(bound, unit)),
            verdict: if met { "ok" } else { "miss" },
        });
    }

    /// A figure that explains another.
    pub fn note(&mut self, what: impl Into<String>, value: f64, unit: &str) {
        let measured = number(value, unit);
        self.0.push(Figure {
            what: format!("  {}", what.into()),
            measured,
            target: String::new(),
            verdict: "",
        });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(["figure", "measured", "target", ""]);
        for figure in &self.0 {
            table.add_row([&*figure.what, &*figure.measured, &*figure.target, figure.verdict]);
        }
        for column in [1, 2] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        write!(formatter, "{table}")
    }
}

fn number(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        0.0..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}").trim_end().to_owned()
}

/// The middle of some values; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
