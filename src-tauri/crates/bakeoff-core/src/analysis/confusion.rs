//! Expected class against answered class.

use super::Confusion;
use std::collections::{BTreeSet, HashMap};

/// The classes of one judged trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelPair<'a> {
    /// Index of the variant.
    pub variant: u16,
    /// The class that the case expects.
    pub expected: &'a str,
    /// The class that the answer gave, if it gave any.
    pub answered: Option<&'a str>,
}

/// One matrix for each of the `variants`, all with the same rows and columns. Its last two columns are `other` (a
/// class that no case expects) and `none` (no class). Pairs of further variants are left out. Empty without pairs.
pub fn confusion<'a>(pairs: impl IntoIterator<Item = LabelPair<'a>>, variants: usize) -> Vec<Confusion> {
    let pairs: Vec<LabelPair<'a>> =
        pairs.into_iter().filter(|pair| usize::from(pair.variant) < variants).collect();
    let expected: Vec<&str> =
        pairs.iter().map(|pair| pair.expected).collect::<BTreeSet<_>>().into_iter().collect();
    if expected.is_empty() {
        return Vec::new();
    }
    let index: HashMap<&str, usize> =
        expected.iter().enumerate().map(|(index, class)| (*class, index)).collect();
    let (other, none) = (expected.len(), expected.len() + 1);
    let empty = vec![vec![0_u32; expected.len() + 2]; expected.len()];
    let mut counts = vec![empty; variants];
    for pair in &pairs {
        let column = pair.answered.map_or(none, |answered| index.get(answered).copied().unwrap_or(other));
        counts[usize::from(pair.variant)][index[pair.expected]][column] += 1;
    }
    let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
    let answered: Vec<String> =
        expected.iter().cloned().chain(["other".to_owned(), "none".to_owned()]).collect();
    counts
        .into_iter()
        .enumerate()
        .map(|(variant, counts)| Confusion {
            variant: variant as u16,
            expected: expected.clone(),
            answered: answered.clone(),
            counts,
        })
        .collect()
}
