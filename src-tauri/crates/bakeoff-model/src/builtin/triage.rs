//! Triage: whether an item matters to the readers that the prompt describes. It is word matching and no understanding:
//! what the prompt lists is looked for in the item's title and text, and the answer says what was found.

use super::parts::sentences;
use super::words;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Lines that say what readers want, such as `Readers care about: kubernetes, backups`.
const WANTED: &[&str] =
    &["readers care about", "readers want", "relevant", "interests", "interested in", "care about", "topics"];
/// Lines that say what they don't want.
const UNWANTED: &[&str] =
    &["not relevant", "irrelevant", "not interested in", "readers don't care about", "exclude", "ignore"];
/// What is looked for when the prompt doesn't say what readers want: what news are usually about.
const USUAL: &[&str] = &[
    "outage",
    "incident",
    "failure",
    "vulnerability",
    "security",
    "release",
    "launch",
    "study",
    "report",
    "price",
    "law",
    "data",
];
/// Words of things that have just happened.
const NEW: &[&str] = &[
    "new",
    "first",
    "release",
    "announce",
    "launch",
    "publish",
    "discover",
    "find",
    "found",
    "introduce",
    "fix",
    "patch",
    "reveal",
    "confirm",
    "today",
    "yesterday",
    "postmortem",
];

/// Points of a listed word in the title; in the text it is one.
const IN_TITLE: u32 = 3;
/// At so many points the score is half of what is possible.
const HALF: f64 = 4.0;
/// From so many points on an item is relevant: a word in its title, or two in its text.
const RELEVANT_FROM: u32 = 2;
/// Texts of fewer words say little.
const THIN: usize = 25;
/// What being new adds to a score, and what a thin text takes away.
const EXTRA: f64 = 10.0;
/// From this score on a relevant item is worth a long summary.
const DEEP_FROM: f64 = 65.0;
/// The most categories.
const MOST_CATEGORIES: usize = 5;

/// Whether a schema is that of a triage answer.
pub fn is_asked(schema: &Value) -> bool {
    schema.get("properties").and_then(|properties| properties.get("ai_score")).is_some()
}

/// Answers about the item in the user turn.
pub fn answer(system: &str, user: &str) -> Value {
    let item = Item::read(user);
    let wanted = listed(system, WANTED);
    let (is_told, wanted) = match wanted {
        Some(wanted) => (true, wanted),
        None => (false, USUAL.iter().map(|word| (*word).to_owned()).collect()),
    };
    let liked = Found::of(&wanted, &item);
    let unwanted = listed(system, UNWANTED).unwrap_or_default();
    let disliked = Found::of(&unwanted, &item);
    let is_relevant = liked.points >= RELEVANT_FROM && liked.points > disliked.points;
    let is_novel = NEW.iter().any(|word| item.has(word).is_some());
    let score = score(&item, liked.points, disliked.points, is_novel);
    let mut categories: Vec<&str> = liked.all().take(MOST_CATEGORIES).collect();
    if categories.is_empty() {
        categories.push(disliked.all().next().unwrap_or("other"));
    }
    json!({
        "ai_score": score,
        "reason": reason(&liked, &disliked, is_told),
        "is_relevant": is_relevant,
        "is_novel": is_novel,
        "should_deep_summarize": is_relevant && score >= DEEP_FROM,
        "theme": categories[0],
        "one_liner": item.one_liner(),
        "categories": categories,
    })
}

/// 0 to 100: half of it at [`HALF`] points, and less by as many times as more is unwanted.
fn score(item: &Item<'_>, liked: u32, disliked: u32, is_novel: bool) -> f64 {
    if liked == 0 {
        return 0.0;
    }
    let liked = f64::from(liked);
    let share = 100.0 * liked / (liked + HALF);
    let extra = if is_novel { EXTRA } else { 0.0 };
    let thin = if item.text.split_whitespace().count() < THIN { EXTRA } else { 0.0 };
    ((share + extra - thin) / (1.0 + f64::from(disliked))).round().clamp(0.0, 100.0)
}

fn reason(liked: &Found<'_>, disliked: &Found<'_>, is_told: bool) -> String {
    let mut said = Vec::new();
    for (place, words) in [
        ("words in the title", &liked.in_title),
        ("words in the text", &liked.in_text),
        ("unwanted words in the title", &disliked.in_title),
        ("unwanted words in the text", &disliked.in_text),
    ] {
        if !words.is_empty() {
            said.push(format!("{place}: {}", words.join(", ")));
        }
    }
    if said.is_empty() {
        said.push("no listed word is in it".to_owned());
    }
    let usual = if is_told { "" } else { ", by its usual words since the prompt lists none" };
    format!("{} (lexical-1 compares words{usual})", said.join("; "))
}

/// The listed words that an item has, in the order of the list.
struct Found<'a> {
    in_title: Vec<&'a str>,
    in_text: Vec<&'a str>,
    points: u32,
}

impl<'a> Found<'a> {
    fn of(listed: &'a [String], item: &Item<'_>) -> Self {
        let mut found = Self { in_title: Vec::new(), in_text: Vec::new(), points: 0 };
        for words in listed {
            match item.has(words) {
                Some(Place::Title) => {
                    found.in_title.push(words);
                    found.points += IN_TITLE;
                }
                Some(Place::Text) => {
                    found.in_text.push(words);
                    found.points += 1;
                }
                None => {}
            }
        }
        found
    }

    fn all(&self) -> impl Iterator<Item = &'a str> {
        self.in_title.iter().chain(&self.in_text).copied()
    }
}

enum Place {
    Title,
    Text,
}

/// What is asked about.
struct Item<'a> {
    title: &'a str,
    text: &'a str,
    title_stems: HashSet<String>,
    text_stems: HashSet<String>,
}

impl<'a> Item<'a> {
    /// The title is what stands after `Title:`, else the first line; the text is what stands below the first empty line,
    /// else below the title.
    fn read(user: &'a str) -> Self {
        let user = user.trim();
        let first = user.lines().next().unwrap_or_default();
        let titled = user.lines().find_map(|line| after(line, &["title", "headline"]));
        let text = match user.split_once("\n\n") {
            Some((_, text)) => text,
            None => user.strip_prefix(first).unwrap_or_default(),
        };
        let title = titled.unwrap_or(first);
        let stems = |text: &str| words::stems(text).into_iter().collect();
        Self { title, text: text.trim(), title_stems: stems(title), text_stems: stems(text) }
    }

    /// Where it has all these words.
    fn has(&self, wanted: &str) -> Option<Place> {
        let stems = words::stems(wanted);
        let all_in = |known: &HashSet<String>| stems.iter().all(|stem| known.contains(stem));
        if stems.is_empty() {
            return None;
        }
        if all_in(&self.title_stems) {
            return Some(Place::Title);
        }
        all_in(&self.text_stems).then_some(Place::Text)
    }

    fn one_liner(&self) -> &'a str {
        if self.title.is_empty() {
            sentences(self.text).first().copied().unwrap_or_default()
        } else {
            self.title
        }
    }
}

/// The words that lines such as `key: a, b` list; none without such a line.
fn listed(prompt: &str, keys: &[&str]) -> Option<Vec<String>> {
    let lists: Vec<&str> = prompt.lines().filter_map(|line| after(line, keys)).collect();
    let words =
        lists.iter().flat_map(|list| list.split([',', ';'])).map(|word| word.trim().trim_end_matches('.'));
    let mut known = HashSet::new();
    let words: Vec<String> =
        words.filter(|word| !word.is_empty() && known.insert(*word)).map(str::to_owned).collect();
    (!words.is_empty()).then_some(words)
}

/// What stands after `key:` in a line that begins so; bullets and stars around the key don't matter.
fn after<'a>(line: &'a str, keys: &[&str]) -> Option<&'a str> {
    let (key, rest) = line.split_once(':')?;
    let key = key.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '*' | '#' | '_' | '•'));
    let is_key = keys.iter().any(|known| known.eq_ignore_ascii_case(key));
    is_key.then(|| rest.trim_start_matches('*').trim())
}

#[cfg(test)]
#[path = "triage_tests.rs"]
mod tests;
