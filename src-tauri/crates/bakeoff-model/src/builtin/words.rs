//! Text into terms: words in lower case without endings, pairs of neighbours, and an estimate of token counts.

/// Words that say nothing about a topic.
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "could", "did", "do", "does", "for", "from", "get", "had", "has", "have", "he", "her", "him",
    "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "me", "my", "of", "on", "or", "our",
    "she", "since", "so", "some", "than", "that", "the", "their", "them", "then", "there", "these", "they",
    "this", "those", "to", "up", "us", "was", "we", "were", "what", "when", "which", "while", "who", "will",
    "with", "would", "you", "your",
];

/// Endings that are cut, longest first, and what stands in their place. A stem keeps at least three characters.
const ENDINGS: &[(&str, &str)] = &[
    ("izations", "iz"),
    ("ization", "iz"),
    ("ations", ""),
    ("ation", ""),
    ("ments", ""),
    ("ment", ""),
    ("ating", ""),
    ("ated", ""),
    ("ates", ""),
    ("ions", ""),
    ("ings", ""),
    ("ies", "y"),
    ("ied", "y"),
    ("ion", ""),
    ("ing", ""),
    ("ate", ""),
    ("ers", ""),
    ("er", ""),
    ("ed", ""),
    ("es", ""),
    ("e", ""),
    ("s", ""),
];

/// The terms of a text: stems, then pairs of neighbouring stems joined by a space. Numbers and stop words are left
/// out; scripts written without spaces give pairs of characters.
pub fn terms(text: &str) -> Vec<String> {
    let stems = stems(text);
    let pairs = stems.windows(2).map(|pair| format!("{} {}", pair[0], pair[1]));
    let mut all: Vec<String> = Vec::with_capacity(stems.len() * 2);
    all.extend(stems.iter().cloned());
    all.extend(pairs);
    all
}

/// The stems of a text in their order.
pub fn stems(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        if word.chars().any(is_unspaced) {
            let characters: Vec<char> = word.chars().collect();
            found.extend(characters.windows(2).map(|pair| pair.iter().collect::<String>()));
        } else if !word.chars().all(|c| c.is_ascii_digit()) && !STOP_WORDS.contains(&word.as_str()) {
            found.push(stem(&word));
        }
    }
    found
}

/// Chinese, Japanese, Thai: written without spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

/// A word (in lower case) without its ending: `deployments`, `deployed` and `deploying` are all `deploy`.
pub fn stem(word: &str) -> String {
    let keeps_ss = word.ends_with("ss");
    for (ending, instead) in ENDINGS {
        if keeps_ss && *ending == "s" {
            continue;
        }
        if let Some(rest) = word.strip_suffix(ending).filter(|rest| rest.chars().count() >= 3) {
            return undouble(rest) + instead;
        }
    }
    word.to_owned()
}

/// `dropp` is `drop`; `full` and `access` stay.
fn undouble(stem: &str) -> String {
    let mut reversed = stem.chars().rev();
    match (reversed.next(), reversed.next()) {
        (Some(last), Some(before))
            if last == before && !matches!(last, 'l' | 's' | 'z') && stem.len() > 3 =>
        {
            stem[..stem.len() - last.len_utf8()].to_owned()
        }
        _ => stem.to_owned(),
    }
}

/// Roughly how many tokens a text has: one for each started six characters of a word, one for each other sign.
pub fn count_tokens(text: &str) -> u64 {
    token_starts(text).count() as u64
}

/// The text up to where its token number `limit` (from 0) would begin.
pub fn first_tokens(text: &str, limit: u64) -> &str {
    let end = usize::try_from(limit).ok().and_then(|limit| token_starts(text).nth(limit));
    &text[..end.unwrap_or(text.len())]
}

/// Where tokens begin.
fn token_starts(text: &str) -> impl Iterator<Item = usize> {
    let mut run = 0_u64;
    text.char_indices().filter_map(move |(at, c)| {
        let starts = if c.is_alphanumeric() {
            run += 1;
            run % 6 == 1
        } else {
            run = 0;
            !c.is_whitespace()
        };
        starts.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_meet_in_one_stem() {
        for (words, expected) in [
            (&["deploy", "deploys", "deployed", "deploying", "deployment", "deployments"][..], "deploy"),
            (&["replicate", "replicated", "replication", "replicating"][..], "replic"),
            (&["query", "queries"][..], "query"),
            (&["drop", "drops", "dropped", "dropping"][..], "drop"),
            (&["access", "accessing", "accessed"][..], "access"),
        ] {
            for word in words {
                assert_eq!(stem(word), expected, "stem of {word}");
            }
        }
    }

    #[test]
    fn terms_are_stems_and_pairs_without_stop_words_and_numbers() {
        assert_eq!(terms("The disk is at 97 % full"), ["disk", "full", "disk full"]);
        assert_eq!(terms("磁盘已满"), ["磁盘", "盘已", "已满", "磁盘 盘已", "盘已 已满"]);
        assert!(terms("  … !? ").is_empty());
    }

    #[test]
    fn tokens_grow_with_the_text() {
        assert_eq!(count_tokens(""), 0);
        assert_eq!(count_tokens("disk full"), 2);
        assert_eq!(count_tokens("authentication!"), 4);
    }
}
