//! Reading one document with the places of its values.

use super::lines::Lines;
use super::lookup::{Found, lookup};
use super::tree::{Problem, Tree};
use super::{MAX_BYTES, Span, Step, value};
use crate::diagnostic::Diagnostic;
use serde_json::Value;

/// A YAML document with the place of every value.
#[derive(Debug, Clone)]
pub struct Document {
    /// The value. Mapping keys are strings, in the order of the file; merge keys (`<<`) are applied, and what comes
    /// from them stands last.
    pub value: Value,
    text: String,
    lines: Lines,
    tree: Tree,
    base: usize,
}

impl Document {
    /// Where the value at a path stands, without anchor and tag. What comes from an alias or a merge key stands
    /// where it is written out. A value that is left empty has an empty span behind its key.
    pub fn span(&self, path: &[Step]) -> Option<Span> {
        let node = &self.tree.nodes[self.find(path)?.node];
        Some(self.lines.span(&self.text, self.base, node.start, node.end))
    }

    /// Where the key of the value at a path stands; `None` for the whole document and for items of lists.
    pub fn key_span(&self, path: &[Step]) -> Option<Span> {
        let node = &self.tree.nodes[self.find(path)?.key?];
        Some(self.lines.span(&self.text, self.base, node.start, node.end))
    }

    /// The path that a JSON pointer (`/scorers/1/type`, as schema validators give it) means in this document.
    pub fn steps(&self, pointer: &str) -> Vec<Step> {
        let mut value = Some(&self.value);
        let parts = pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"));
        parts
            .map(|part| {
                let index = part.parse().ok().filter(|_| value.is_some_and(Value::is_array));
                value = match index {
                    Some(index) => value.and_then(|list| list.get::<usize>(index)),
                    None => value.and_then(|map| map.get(&part)),
                };
                index.map_or(Step::Key(part), Step::Index)
            })
            .collect()
    }

    fn find(&self, path: &[Step]) -> Option<Found> {
        let root = self.tree.documents.first()?.root?;
        lookup(&self.tree, root, path)
    }
}

/// Reads a text with one document after checking size, depth and alias expansion. An empty text is null.
///
/// # Errors
/// The first syntax error or passed limit; otherwise all duplicate keys, keys that are no text, tags, infinite and
/// too large numbers.
pub fn read(text: &str) -> Result<Document, Vec<Diagnostic>> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    check_size(text)?;
    let lines = Lines::new(body);
    let tree = Tree::read(body).map_err(|problem| vec![diagnostic(body, &lines, problem)])?;
    if let Some(second) = tree.documents.get(1) {
        let at = lines.position(body, second.start);
        let message = format!("the file has {} documents; the second one begins here", tree.documents.len());
        let hint = "keep one document in a file: remove the “---” or move the rest to another file";
        return Err(vec![Diagnostic::error("several-documents", "", message).at(at, at).hint(hint)]);
    }
    let root = tree.documents.first().and_then(|document| document.root);
    let value = root.map_or(Ok(Value::Null), |root| value::convert(body, &lines, &tree, root))?;
    Ok(Document { value, text: body.to_owned(), lines, tree, base: text.len() - body.len() })
}

fn check_size(text: &str) -> Result<(), Vec<Diagnostic>> {
    if text.len() <= MAX_BYTES {
        return Ok(());
    }
    let size = text.len() as f64 / f64::from(1 << 20);
    let message = format!("the file has {size:.1} MiB; a YAML file may have {} MiB", MAX_BYTES >> 20);
    let hint = "split it, or use JSON Lines or CSV for data";
    Err(vec![Diagnostic::error("too-large", "", message).hint(hint)])
}

fn diagnostic(text: &str, lines: &Lines, problem: Problem) -> Diagnostic {
    let (from, to) = (lines.position(text, problem.place.start), lines.position(text, problem.place.end));
    Diagnostic::error(problem.code, "", problem.message).at(from, to).hint(problem.hint)
}
