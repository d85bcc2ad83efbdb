//! Parts of a text: sentences, items, numbers.

use super::{lines, words};

/// The most parts that are looked at.
const MOST: usize = 500;
/// How many words a number may be away from the word that it belongs to.
const NEAR: usize = 3;
/// Numbers that people write as words.
const WORDS: [&str; 9] = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/// The sentences of a text, in order; an empty text has one, which is empty.
pub fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut start = 0;
        for (at, mark) in line.match_indices(['.', '!', '?', ';']) {
            let after = &line[at + mark.len()..];
            // `3.5` and `db.example` are one word.
            if after.is_empty() || after.starts_with(char::is_whitespace) {
                found.push(line[start..at + mark.len()].trim());
                start = at + mark.len();
            }
        }
        found.push(line[start..].trim());
    }
    found.retain(|sentence| sentence.chars().any(char::is_alphanumeric));
    found.truncate(MOST);
    if found.is_empty() { vec![text.trim()] } else { found }
}

/// The items of a text: its lines where there are several, else what commas part, else its sentences.
pub fn parts(text: &str) -> Vec<&str> {
    let items: Vec<&str> = text.lines().map(|line| lines::without_bullet(line).0).collect();
    let items: Vec<&str> = items.into_iter().filter(|item| !item.is_empty()).take(MOST).collect();
    if items.len() > 1 {
        return items;
    }
    let sentences = sentences(text);
    let by_comma: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    if sentences.len() == 1 && by_comma.len() > 2 { by_comma } else { sentences }
}

/// The first number that stands near one of these stems.
pub fn numbers(text: &str, stems: &[String]) -> Option<f64> {
    let all: Vec<&str> = text.split_whitespace().take(100_000).collect();
    let number = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_digit() && c != '-');
        word.replace(',', "").parse::<f64>().ok().filter(|number| number.is_finite())
    };
    let is_known = |word: &&str| words::stems(word).iter().any(|stem| stems.contains(stem));
    all.iter().enumerate().find_map(|(at, word)| {
        let found = number(word)?;
        let near = &all[at.saturating_sub(NEAR)..(at + NEAR + 1).min(all.len())];
        near.iter().any(is_known).then_some(found)
    })
}

/// The scale that a description names: `0 to 1`, `1-5`, `between 0 and 100`.
pub fn range(description: &str) -> Option<(f64, f64)> {
    let spaced = description.replace(['-', '–', '—'], " - ").replace("..", " - ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let number = |word: &str| word.trim_matches(|c: char| !c.is_ascii_digit()).parse::<f64>().ok();
    words.windows(3).find_map(|three| {
        let &[low, between, high] = three else { return None };
        let joins = matches!(between, "to" | "-" | "and");
        let (low, high) = (number(low)?, number(high)?);
        (joins && low < high).then_some((low, high))
    })
}

/// The first number from 1 to 20 in a description, such as in `at most three questions`.
pub fn small_number(description: &str) -> Option<usize> {
    let lower = description.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    words.find_map(|word| {
        let by_word = WORDS.iter().position(|known| *known == word).map(|at| at + 2);
        by_word.or_else(|| word.parse().ok().filter(|number| (1..=20).contains(number)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_and_items() {
        assert_eq!(
            sentences("Disk is at 3.5 GB. Why? \n\n See db.example!"),
            ["Disk is at 3.5 GB.", "Why?", "See db.example!"]
        );
        assert_eq!(sentences(" "), [""]);
        assert_eq!(parts("- disk\n\n2. network"), ["disk", "network"]);
        assert_eq!(parts("disk, network, and access"), ["disk", "network", "and access"]);
        assert_eq!(parts("One thing. Another, too."), ["One thing.", "Another, too."]);
    }

    #[test]
    fn numbers_scales_and_limits() {
        let stems = words::stems("replica count");
        assert_eq!(numbers("In 2024 we ran the service with 1,200 replicas", &stems), Some(1200.0));
        assert_eq!(numbers("In 2024 nothing", &stems), None);
        assert_eq!(range("how good it is, 1-5"), Some((1.0, 5.0)));
        assert_eq!(range("between 0 and 100 percent"), Some((0.0, 100.0)));
        assert_eq!(range("0 to 1"), Some((0.0, 1.0)));
        assert_eq!(range("in 2 parts"), None);
        assert_eq!(small_number("at most Three questions"), Some(3));
        assert_eq!(small_number("5 items"), Some(5));
        assert_eq!(small_number("some of 2024"), None);
    }
}
