//! TF-IDF vectors and the cosine between them. Sums are made in a fixed order, so that the same texts always give the
//! same number.

use super::words;
use std::collections::HashMap;

/// What is known about one class: weighted texts.
pub struct Class<'a> {
    /// The label's own name.
    pub name: &'a str,
    /// What the prompt says about it.
    pub definition: &'a str,
    /// Worked examples.
    pub examples: Vec<&'a str>,
}

/// How much a class's description as a whole counts, and how much its nearest example.
const WHOLE_WEIGHT: f64 = 1.0;
const NEAREST_WEIGHT: f64 = 0.6;
/// The label's own name counts as much as so many words of its definition.
const NAME_COUNT: f64 = 2.0;

type Counts = HashMap<u32, f64>;
type Vector = Vec<(u32, f64)>;

/// Terms as numbers, in the order of their first appearance.
#[derive(Default)]
struct Vocabulary {
    numbers: HashMap<String, u32>,
}

impl Vocabulary {
    fn count(&mut self, text: &str, weight: f64, counts: &mut Counts) {
        for term in words::terms(text) {
            let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
            let number = *self.numbers.entry(term).or_insert(next);
            *counts.entry(number).or_insert(0.0) += weight;
        }
    }

    /// Terms that no class uses are left out: they can't tell classes apart.
    fn count_known(&self, text: &str) -> Counts {
        let mut counts = Counts::new();
        for number in words::terms(text).iter().filter_map(|term| self.numbers.get(term)) {
            *counts.entry(*number).or_insert(0.0) += 1.0;
        }
        counts
    }
}

/// How much `text` resembles each class, from 0; in the classes' order.
pub fn scores(text: &str, classes: &[Class<'_>]) -> Vec<f64> {
    let mut vocabulary = Vocabulary::default();
    let mut wholes = Vec::with_capacity(classes.len());
    let mut examples: Vec<Vec<Counts>> = Vec::with_capacity(classes.len());
    for class in classes {
        let mut whole = Counts::new();
        vocabulary.count(class.name, NAME_COUNT, &mut whole);
        vocabulary.count(class.definition, 1.0, &mut whole);
        let mut singles = Vec::with_capacity(class.examples.len());
        for example in &class.examples {
            let mut single = Counts::new();
            vocabulary.count(example, 1.0, &mut single);
            for (term, count) in &single {
                *whole.entry(*term).or_insert(0.0) += count;
            }
            singles.push(single);
        }
        wholes.push(whole);
        examples.push(singles);
    }
    let weights = term_weights(vocabulary.numbers.len(), &wholes);
    let question = vector(&vocabulary.count_known(text), &weights);
    let cosine_to = |counts: &Counts| cosine(&question, &vector(counts, &weights));
    wholes
        .iter()
        .zip(&examples)
        .map(|(whole, singles)| {
            let nearest = singles.iter().map(cosine_to).fold(0.0, f64::max);
            WHOLE_WEIGHT * cosine_to(whole) + NEAREST_WEIGHT * nearest
        })
        .collect()
}

/// Inverse class frequency: a term that every class uses counts next to nothing.
fn term_weights(terms: usize, wholes: &[Counts]) -> Vec<f64> {
    let mut classes_with = vec![0_u32; terms];
    for whole in wholes {
        for term in whole.keys() {
            classes_with[*term as usize] += 1;
        }
    }
    let classes = wholes.len() as f64;
    classes_with.into_iter().map(|with| ((classes + 1.0) / (f64::from(with) + 0.5)).ln()).collect()
}

fn vector(counts: &Counts, weights: &[f64]) -> Vector {
    let mut vector: Vector = counts
        .iter()
        .map(|(term, count)| (*term, (1.0 + count.ln().max(0.0)) * weights[*term as usize]))
        .collect();
    vector.sort_unstable_by_key(|(term, _)| *term);
    let length = vector.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|(_, weight)| *weight /= length);
    }
    vector
}

/// Cosine of two vectors of length 1, sorted by term.
fn cosine(a: &Vector, b: &Vector) -> f64 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while i < a.len() && j < b.len() {
        match a[i].0.cmp(&b[j].0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += a[i].1 * b[j].1;
                i += 1;
                j += 1;
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class<'a>(name: &'a str, definition: &'a str, examples: &[&'a str]) -> Class<'a> {
        Class { name, definition, examples: examples.to_vec() }
    }

    #[test]
    fn the_nearer_class_scores_higher() {
        let classes = [
            class("storage", "disks and volumes that fill up", &[]),
            class("network", "packets, routes, DNS", &[]),
        ];
        let scores = scores("the disk of the mail server is full", &classes);
        assert!(scores[0] > 0.0 && scores[1] == 0.0, "{scores:?}");
    }

    #[test]
    fn a_word_that_every_class_uses_decides_nothing() {
        let classes = [class("a", "server disk", &[]), class("b", "server route", &[])];
        let scores = scores("server route", &classes);
        assert!(scores[1] > 3.0 * scores[0], "{scores:?}");
    }

    #[test]
    fn an_example_pulls_texts_like_it() {
        let bare = [class("a", "", &[]), class("b", "", &[])];
        assert_eq!(scores("pods crash after the release", &bare), [0.0, 0.0]);
        let taught = [class("a", "", &[]), class("b", "", &["the new release makes pods crash"])];
        let scores = scores("pods crash after the release", &taught);
        assert!(scores[1] > scores[0], "{scores:?}");
    }
}
