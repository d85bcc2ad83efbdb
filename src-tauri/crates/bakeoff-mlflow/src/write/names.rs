//! What MLflow allows in keys and values.

use bakeoff_core::trial::Millis;

/// The longest key, in characters.
const LONGEST_KEY: usize = 250;
/// The longest parameter, in characters.
pub(super) const LONGEST_PARAM: usize = 6_000;
/// The longest tag that every store takes, in bytes.
pub(super) const LONGEST_TAG: usize = 5_000;

/// A metric's or parameter's name with everything replaced that MLflow refuses: letters, digits, `_ - . /` and spaces
/// stay, and so does a path that is written in only one way.
pub(super) fn metric_key(name: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ');
    let mut key: String = name.chars().map(|c| if allowed(c) { c } else { '_' }).take(LONGEST_KEY).collect();
    let odd = |part: &str| part.is_empty() || part.chars().all(|c| c == '.');
    if key.split('/').any(odd) {
        key = key.split('/').map(|part| if odd(part) { "_" } else { part }).collect::<Vec<_>>().join("_");
    }
    key
}

/// A text of at most `most` characters; what is cut is said at its end.
pub(super) fn cut(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let mark = format!(" … [cut; {length} characters in all]");
    let kept: String = text.chars().take(most.saturating_sub(mark.chars().count())).collect();
    kept + &mark
}

/// A text as a tag.
pub(super) fn tag_value(text: &str) -> String {
    // A character is at most 4 bytes; the mark has one of 3.
    if text.len() <= LONGEST_TAG { text.to_owned() } else { cut(text, LONGEST_TAG / 4) }
}

/// The text in parts that fit into tags.
pub(super) fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.floor_char_boundary(LONGEST_TAG));
        parts.push(part);
        rest = after;
    }
    parts
}

/// `YYYYmmdd_HHMMSS`, in UTC.
pub(super) fn compact_time(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at).unwrap_or_default().strftime("%Y%m%d_%H%M%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::{compact_time, cut, metric_key, parts, tag_value};

    #[test]
    fn keys_are_what_mlflow_takes() {
        assert_eq!(metric_key("node_draft_cost_usd"), "node_draft_cost_usd");
        assert_eq!(metric_key("compare/1a2b/score/diff"), "compare/1a2b/score/diff");
        assert_eq!(metric_key("a:b\"c"), "a_b_c");
        for (odd, plain) in
            [("/a", "__a"), ("a//b", "a___b"), ("../a", "__a"), (".", "_"), ("", "_"), ("a/", "a__")]
        {
            assert_eq!(metric_key(odd), plain, "{odd}");
        }
    }

    #[test]
    fn long_texts_are_cut_with_a_mark_or_kept_in_parts() {
        let long = "ä".repeat(7_000);
        let short = cut(&long, 6_000);
        assert_eq!(short.chars().count(), 6_000);
        assert!(short.ends_with("ä … [cut; 7000 characters in all]"), "{short}");
        assert_eq!(cut("short", 6_000), "short");
        assert!(parts(&long).iter().all(|part| part.len() <= 5_000) && parts(&long).concat() == long);
        assert!(tag_value(&long).len() <= 5_000);
    }

    #[test]
    fn times_are_written_as_s3_does() {
        assert_eq!(compact_time(1_700_000_000_000), "20231114_221320");
    }
}
