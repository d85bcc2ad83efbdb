//! SVG to PNG through resvg, with the bundled font.

use crate::canvas::ChartError;
use crate::palette::Palette;
use bakeoff_core::chart::ChartTheme;
use resvg::usvg::fontdb::Database;
use resvg::{tiny_skia, usvg};
use std::sync::{Arc, OnceLock};

const REGULAR: &[u8] = include_bytes!("../fonts/Inter-Regular.otf");
const SEMIBOLD: &[u8] = include_bytes!("../fonts/Inter-SemiBold.otf");
const FAMILY: &str = "Inter";

/// No picture is larger than this on a side: 16384² pixels of 4 bytes are a gigabyte.
const MOST_PIXELS: f32 = 16_384.0;

/// Turns a chart's SVG into a PNG of `width` × `height` pixels times `scale`, on the opaque page of the theme.
///
/// Latin, Greek and Cyrillic texts look the same on every machine; other scripts need one of the machine's fonts.
///
/// # Errors
/// When the SVG can't be read, or the picture would be empty or larger than 16384 pixels on a side.
pub fn png(svg: &str, width: u32, height: u32, scale: f32, theme: ChartTheme) -> Result<Vec<u8>, ChartError> {
    let (wide, high) = (width as f32 * scale, height as f32 * scale);
    let fits = |side: f32| (1.0..=MOST_PIXELS).contains(&side);
    if !fits(wide) || !fits(high) {
        let size = format!("{width} × {height} times {scale}");
        return Err(ChartError::Png(format!(
            "{size} is no size for a picture; choose 1 to 16384 pixels a side"
        )));
    }
    let tree = usvg::Tree::from_str(svg, &options(svg)).map_err(failed)?;
    let mut picture = tiny_skia::Pixmap::new(wide.round() as u32, high.round() as u32)
        .ok_or_else(|| ChartError::Png("there is not enough memory for the picture".into()))?;
    let page = Palette::of(theme).page;
    picture.fill(tiny_skia::Color::from_rgba8(page.0, page.1, page.2, 255));
    let transform = tiny_skia::Transform::from_scale(wide / tree.size().width(), high / tree.size().height());
    resvg::render(&tree, transform, &mut picture.as_mut());
    picture.encode_png().map_err(failed)
}

fn options(svg: &str) -> usvg::Options<'static> {
    let fontdb = if svg.chars().all(is_bundled) { bundled() } else { with_system_fonts() };
    usvg::Options { fontdb: Arc::clone(fontdb), font_family: FAMILY.to_owned(), ..usvg::Options::default() }
}

/// Whether the bundled font has this character (its subset: Latin, Greek, Cyrillic, punctuation, some symbols).
fn is_bundled(character: char) -> bool {
    matches!(
        character as u32,
        0..=0x17f | 0x370..=0x3ff | 0x400..=0x45f | 0x2000..=0x206f | 0x20ac | 0x2122 | 0x2190..=0x2193 | 0x2212
            | 0x2248 | 0x2260 | 0x2264 | 0x2265
    )
}

fn bundled() -> &'static Arc<Database> {
    static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
    FONTS.get_or_init(|| Arc::new(load_bundled()))
}

/// For characters that the bundled font lacks. Reading the machine's fonts takes some milliseconds, so only then.
fn with_system_fonts() -> &'static Arc<Database> {
    static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
    FONTS.get_or_init(|| {
        let mut fonts = load_bundled();
        fonts.load_system_fonts();
        // The machine's configuration has just named its own family for sans-serif.
        fonts.set_sans_serif_family(FAMILY);
        Arc::new(fonts)
    })
}

fn load_bundled() -> Database {
    let mut fonts = Database::new();
    fonts.load_font_data(REGULAR.to_vec());
    fonts.load_font_data(SEMIBOLD.to_vec());
    // resvg drops a text silently when no face answers to its family.
    fonts.set_sans_serif_family(FAMILY);
    fonts
}

fn failed(error: impl std::fmt::Display) -> ChartError {
    ChartError::Png(error.to_string())
}
