//! How wide a text is about, and how it is cut. Nobody knows the reader's system font, so widths are those of
//! Inter, which is wider than most.

/// Widths of the printable ASCII characters in thousandths of the font size.
const ASCII: [u16; 95] = [
    281, 278, 403, 631, 638, 812, 639, 222, 362, 362, 500, 659, 280, 460, 276, 357, 648, 648, 648, 648, 648,
    648, 648, 648, 648, 648, 276, 280, 659, 659, 659, 507, 936, 676, 651, 727, 719, 598, 587, 743, 740, 264,
    543, 652, 562, 889, 753, 761, 635, 761, 639, 638, 642, 741, 676, 949, 642, 665, 625, 362, 357, 362, 469,
    452, 497, 564, 621, 558, 621, 582, 361, 609, 591, 237, 237, 544, 237, 869, 585, 597, 609, 609, 372, 523,
    364, 581, 557, 812, 540, 557, 541, 362, 327, 362, 659,
];

/// Width in pixels of a text in a font of `size` pixels, about.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|character| f64::from(thousandths(character))).sum::<f64>() * size / 1000.0
}

fn thousandths(character: char) -> u16 {
    match character as u32 {
        code @ 0x20..=0x7e => ASCII[(code - 0x20) as usize],
        0x2009 | 0x202f => 182,
        0x2026 | 0x2014 => 900,
        0x300..=0x36f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100.. if !matches!(character as u32, 0x1e00..=0x2bff) => 1050,
        _ => 640,
    }
}

/// The text, cut with `…` where it is wider than `room` pixels.
pub(crate) fn elide(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let room = room - width("…", size);
    let mut used = 0.0;
    let kept: String = text
        .chars()
        .take_while(|&character| {
            used += f64::from(thousandths(character)) * size / 1000.0;
            used <= room
        })
        .collect();
    format!("{}…", kept.trim_end())
}

/// The text without the characters that XML can't hold, on one line.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\t' | '\n' | '\r' => ' ',
            '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
            control if control.is_control() => '\u{fffd}',
            other => other,
        })
        .collect()
}

/// The text for use between XML tags or in an attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_fits_and_says_that_it_was_cut() {
        let long = "triage-with-definitions-and-examples-v2";
        let cut = elide(long, 12.0, 100.0);
        assert!(cut.ends_with('…') && width(&cut, 12.0) <= 100.0, "{cut}");
        assert_eq!(elide("short", 12.0, 100.0), "short");
        assert!(width("日本語", 12.0) >= 36.0, "a CJK character is as wide as the font is high");
    }

    #[test]
    fn what_xml_can_not_hold_is_replaced() {
        assert_eq!(escape("a<b>&\"c\"\u{0}\n"), "a&lt;b&gt;&amp;&quot;c&quot;\u{fffd} ");
    }
}
