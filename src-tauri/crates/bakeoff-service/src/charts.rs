//! Charts of a comparison, drawn by the charts room.

use crate::atomic;
use crate::compare::options;
use crate::dto::{ChartRequest, CompareRequest, DrawnChart, ErrorCode, ServiceError};
use crate::error::Result;
use crate::service::Service;
use crate::workspace::has_extension;
use bakeoff_charts::{Drawn, draw, png};
use bakeoff_core::analysis;
use bakeoff_core::chart::{self, ChartKind, ChartSpec, ChartTheme};
use std::path::Path;

/// Every chart, in the order of the compare view; that of fault campaigns is left out for others.
pub(crate) const ALL_CHARTS: [ChartKind; 6] = [
    ChartKind::Success,
    ChartKind::Survival,
    ChartKind::LatencyEcdf,
    ChartKind::Latency,
    ChartKind::Cost,
    ChartKind::Tokens,
];
/// Pixels of a PNG for each of the SVG's.
const PNG_SCALE: f32 = 2.0;

impl Service {
    /// The charts that were asked for, as SVG with marks; of campaigns without faults the survival chart is left out.
    pub fn draw_charts(&self, request: &ChartRequest) -> Result<Vec<DrawnChart>> {
        let specs = self.chart_specs(&request.compare, &request.kinds)?;
        specs
            .into_iter()
            .map(|(kind, spec)| {
                let drawn = drawn(&spec, request.theme, request.width, request.height)?;
                Ok(DrawnChart {
                    kind,
                    title: spec.title,
                    description: spec.description,
                    svg: drawn.svg,
                    width: drawn.width,
                    height: drawn.height,
                    marks: drawn.marks,
                })
            })
            .collect()
    }

    /// Saves one chart as SVG or PNG, by the extension of `path`. Not found: the survival chart of a campaign without faults.
    pub fn save_chart(&self, request: &ChartRequest, kind: ChartKind, path: &str) -> Result<()> {
        let path = Path::new(path);
        let spec = self.chart_specs(&request.compare, &[kind])?.into_iter().next();
        let (_, spec) = spec.ok_or_else(|| {
            ServiceError::not_found("there is no survival chart: nothing of this was a trial with a fault")
                .with_hint("choose a run of a fault campaign")
        })?;
        let drawn = drawn(&spec, request.theme, request.width, request.height)?;
        if has_extension(path, &["svg"]) {
            return atomic::write(path, drawn.svg.as_bytes());
        }
        if has_extension(path, &["png"]) {
            let image =
                png(&drawn.svg, request.width, request.height, PNG_SCALE, request.theme).map_err(failed)?;
            return atomic::write(path, &image);
        }
        Err(ServiceError::bad_input(format!("{} is no picture", path.display()))
            .with_hint("use .svg or .png"))
    }

    /// Descriptions of charts; of campaigns without faults that of survival is left out.
    pub(crate) fn chart_specs(
        &self,
        request: &CompareRequest,
        kinds: &[ChartKind],
    ) -> Result<Vec<(ChartKind, ChartSpec)>> {
        let pool = self.pool(request)?;
        let comparison = analysis::compare(&pool.trials, &options(&pool, request)?);
        let mut latencies = vec![Vec::new(); pool.variants.len()];
        if kinds.contains(&ChartKind::LatencyEcdf) {
            for trial in &pool.trials {
                if let (Some(latency), Some(values)) =
                    (trial.latency_ms, latencies.get_mut(usize::from(trial.key.variant)))
                {
                    values.push(latency);
                }
            }
            for values in &mut latencies {
                values.sort_by(f64::total_cmp);
            }
        }
        let has_faults = comparison.variants.iter().any(|variant| variant.faults.is_some());
        let kinds = kinds.iter().filter(|kind| **kind != ChartKind::Survival || has_faults);
        Ok(kinds.map(|kind| (*kind, chart::build(*kind, &comparison, &latencies))).collect())
    }
}

/// Draws one chart.
pub(crate) fn drawn(spec: &ChartSpec, theme: ChartTheme, width: u32, height: u32) -> Result<Drawn> {
    draw(spec, theme, width.clamp(240, 4000), height.clamp(160, 4000)).map_err(failed)
}

pub(crate) fn failed(error: bakeoff_charts::ChartError) -> ServiceError {
    ServiceError::new(ErrorCode::Internal, format!("the chart can't be drawn: {error}"))
}
