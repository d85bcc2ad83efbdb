//! Draws the PNG files of the app icon from `icons/icon.svg`. Run it in the repository's root after editing the SVG.

use resvg::{tiny_skia, usvg};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let svg = std::fs::read_to_string("icons/icon.svg")?;
    let tree = usvg::Tree::from_str(&svg, &usvg::Options::default())?;
    for (name, size) in [("32x32.png", 32), ("128x128.png", 128), ("icon.png", 256)] {
        let mut image = tiny_skia::Pixmap::new(size, size).ok_or("no memory for the picture")?;
        let scale = size as f32 / tree.size().width();
        resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut image.as_mut());
        std::fs::write(format!("icons/{name}"), image.encode_png()?)?;
    }
    Ok(())
}
