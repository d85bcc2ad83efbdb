//! Finding a number in what a model wrote.

/// The first number in a text; commas may part thousands.
pub(super) fn number(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let is_digit = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_digit);
    let mut start = bytes.iter().position(u8::is_ascii_digit)?;
    let mut end = start;
    while is_digit(end) || (bytes.get(end) == Some(&b',') && thousands(bytes, end)) {
        end += 1;
    }
    if bytes.get(end) == Some(&b'.') && is_digit(end + 1) {
        end += 1;
        while is_digit(end) {
            end += 1;
        }
    }
    let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
    if matches!(bytes.get(end), Some(b'e' | b'E')) && is_digit(end + 1 + sign) {
        end += 1 + sign;
        while is_digit(end) {
            end += 1;
        }
    }
    if start > 0 && bytes.get(start - 1) == Some(&b'.') {
        start -= 1;
    }
    if start > 0 && bytes.get(start - 1) == Some(&b'-') {
        start -= 1;
    }
    text.get(start..end)?.replace(',', "").parse().ok().filter(|number: &f64| number.is_finite())
}

/// Whether the comma parts thousands: three digits follow, and no fourth.
fn thousands(bytes: &[u8], comma: usize) -> bool {
    let digits =
        bytes.get(comma + 1..).unwrap_or_default().iter().take(4).take_while(|byte| byte.is_ascii_digit());
    digits.count() == 3
}
