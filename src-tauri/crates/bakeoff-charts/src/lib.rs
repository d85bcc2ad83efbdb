//! Draws chart descriptions: [`bakeoff_core::chart::ChartSpec`] to SVG with the places for values on hover, and SVG to PNG.
//!
//! The SVG is made by plotters; it keeps texts as text, has a title and a description for people who can't see it, and
//! neither scripts nor style attributes, so that it may be inlined under a strict content security policy.

mod axis;
mod canvas;
mod chart;
mod ecdf;
mod heading;
mod intervals;
mod palette;
mod png;
mod rows;
mod stacked;
mod survival;
mod text;
mod thin;
mod timeline;

pub use canvas::ChartError;
pub use chart::{Drawn, draw};
pub use palette::{background, series_colour};
pub use png::png;
pub use timeline::draw_timeline;
