//! Colours, marker shapes and dashes. Eight colours after Okabe and Ito, told apart by most colour-blind eyes, each
//! darkened or lightened where it must be to stand out 3:1 from the page; shapes and dashes repeat what colour says.

use bakeoff_core::chart::ChartTheme;
use plotters::style::RGBColor;

const LIGHT: [u32; 8] = [0x0072b2, 0xb97f00, 0x009169, 0xc0649a, 0xd55e00, 0x2f93cc, 0x8f8500, 0x4a4a4a];
const DARK: [u32; 8] = [0x3d9bd6, 0xe69f00, 0x1fb98c, 0xd68fb6, 0xe8742a, 0x7cc6f2, 0xf0e442, 0xb8bcc2];

/// Dash patterns of curves, in pixels; the first is solid.
const DASHES: [&[f64]; 8] = [
    &[],
    &[7.0, 3.5],
    &[2.0, 3.5],
    &[9.0, 3.5, 2.0, 3.5],
    &[14.0, 4.0],
    &[4.5, 2.5],
    &[9.0, 3.0, 2.0, 3.0, 2.0, 3.0],
    &[1.0, 2.5],
];

/// The colours of one theme besides the series'.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    pub theme: ChartTheme,
    /// Headings and values.
    pub text: RGBColor,
    /// Captions, ticks, notes.
    pub muted: RGBColor,
    /// Grid.
    pub hairline: RGBColor,
    /// The line on which values start.
    pub axis: RGBColor,
    /// The page.
    pub page: RGBColor,
    /// What is as it should be, what is not quite, and what is broken.
    pub states: [RGBColor; 3],
}

impl Palette {
    pub fn of(theme: ChartTheme) -> Self {
        let [text, muted, hairline, axis, page] = match theme {
            ChartTheme::Light => [0x1b1d21, 0x596069, 0xe3e5e9, 0x8a9099, 0xffffff],
            ChartTheme::Dark => [0xe6e8eb, 0xa2a9b3, 0x2e333a, 0x6c747f, 0x191c20],
        }
        .map(rgb);
        let states = match theme {
            ChartTheme::Light => [0xa9d3bf, 0xe3a72f, 0xc73e1d],
            ChartTheme::Dark => [0x2f6b52, 0xd49a2a, 0xef6a4c],
        }
        .map(rgb);
        Self { theme, text, muted, hairline, axis, page, states }
    }

    pub fn series(&self, colour: u16) -> RGBColor {
        let index = usize::from(colour) % 8;
        rgb(match self.theme {
            ChartTheme::Light => LIGHT[index],
            ChartTheme::Dark => DARK[index],
        })
    }
}

/// The colour of a series as `#rrggbb`, for legends outside of charts.
pub fn series_colour(theme: ChartTheme, colour: u16) -> String {
    hex(Palette::of(theme).series(colour))
}

/// The page on which the charts of a theme are meant to stand, as `#rrggbb`.
pub fn background(theme: ChartTheme) -> String {
    hex(Palette::of(theme).page)
}

pub(crate) fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

const fn rgb(colour: u32) -> RGBColor {
    let [_, red, green, blue] = colour.to_be_bytes();
    RGBColor(red, green, blue)
}

/// The dash pattern of a series' curve; empty for a solid line.
pub(crate) fn dashes(colour: u16) -> &'static [f64] {
    DASHES[usize::from(colour) % 8]
}

/// The corners of a marker of radius 1 around (0, 0); `None` is a circle.
pub(crate) fn marker(colour: u16) -> Option<Vec<(f64, f64)>> {
    let regular = |corners: u32, turn: f64, size: f64| {
        let angle = move |corner: u32| (turn + f64::from(corner) * 360.0 / f64::from(corners)).to_radians();
        Some((0..corners).map(|corner| (size * angle(corner).cos(), size * angle(corner).sin())).collect())
    };
    match colour % 8 {
        1 => regular(4, 45.0, 1.25),
        2 => regular(3, -90.0, 1.4),
        3 => regular(4, 0.0, 1.35),
        4 => regular(3, 90.0, 1.4),
        5 => regular(6, 0.0, 1.2),
        6 => Some(cross()),
        7 => Some(star()),
        _ => None,
    }
}

/// A plus of thick arms.
fn cross() -> Vec<(f64, f64)> {
    let (arm, half) = (1.25, 0.45);
    let quarter = [(half, -half), (arm, -half), (arm, half)];
    (0..4)
        .flat_map(|turn| {
            quarter.map(|(x, y)| match turn {
                0 => (x, y),
                1 => (-y, x),
                2 => (-x, -y),
                _ => (y, -x),
            })
        })
        .collect()
}

/// A star of five points.
fn star() -> Vec<(f64, f64)> {
    (0..10)
        .map(|corner| {
            let angle = (-90.0 + f64::from(corner) * 36.0_f64).to_radians();
            let size = if corner % 2 == 0 { 1.5 } else { 0.68 };
            (size * angle.cos(), size * angle.sin())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance after WCAG 2.
    fn luminance(RGBColor(red, green, blue): RGBColor) -> f64 {
        let linear = |channel: u8| match f64::from(channel) / 255.0 {
            low if low <= 0.03928 => low / 12.92,
            high => ((high + 0.055) / 1.055).powf(2.4),
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    fn contrast(one: RGBColor, other: RGBColor) -> f64 {
        let (a, b) = (luminance(one), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn series_stand_out_from_the_page_and_texts_can_be_read() {
        for theme in [ChartTheme::Light, ChartTheme::Dark] {
            let palette = Palette::of(theme);
            for colour in 0..8 {
                let ratio = contrast(palette.series(colour), palette.page);
                assert!(ratio >= 3.0, "{theme:?}: {} has {ratio:.2}:1", series_colour(theme, colour));
            }
            assert!(contrast(palette.text, palette.page) >= 4.5, "{theme:?}: text");
            assert!(contrast(palette.muted, palette.page) >= 4.5, "{theme:?}: captions");
        }
    }

    #[test]
    fn no_two_series_share_a_shape_or_dashes() {
        for one in 0..8 {
            for other in 0..one {
                assert_ne!(marker(one), marker(other), "markers of {one} and {other}");
                assert_ne!(dashes(one), dashes(other), "dashes of {one} and {other}");
            }
        }
    }
}
