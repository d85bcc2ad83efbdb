//! Title and subtitle.

use crate::canvas::{Canvas, ChartError, LayerStyle};
use crate::chart::Sheet;
use crate::text;

/// Draws them and gives the height below which the body may begin.
pub(crate) fn draw(canvas: &mut Canvas, sheet: &Sheet<'_>) -> Result<f64, ChartError> {
    let padding = sheet.padding();
    let (size, small) = (14.5 * sheet.unit, sheet.small());
    let room = sheet.width - 2.0 * padding;
    let middle = padding * 0.7 + size * 0.6;
    canvas.layer(&LayerStyle { semibold: true, ..LayerStyle::default() }, |layer| {
        layer.label(
            &text::elide(&sheet.spec.title, size * 1.06, room),
            (padding, middle),
            size,
            sheet.palette.text,
        )
    })?;
    let below = middle + size * 0.6 + small * 0.95;
    canvas.layer(&LayerStyle::default(), |layer| {
        layer.label(
            &text::elide(&sheet.spec.subtitle, small, room),
            (padding, below),
            small,
            sheet.palette.muted,
        )
    })?;
    Ok(below + small * 1.5)
}
