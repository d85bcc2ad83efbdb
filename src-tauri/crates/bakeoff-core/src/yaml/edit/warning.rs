//! What a person should know about a change that was made.

use super::Operation;
use super::site::Site;
use super::state::State;
use super::verify::places;
use crate::yaml::lookup::lookup;
use crate::yaml::tree::{Kind, NodeId};
use crate::yaml::{Step, path_text};

/// How many other places a warning names.
const NAMED_PLACES: usize = 5;

/// Says which other places change, because the value or something around it is anchored.
pub(super) fn other_places(
    state: &State,
    document: usize,
    site: &Site,
    operation: &Operation,
) -> Option<String> {
    let node = site.changed_node()?;
    let root = state.root(document)?;
    let asked = match site {
        Site::Value { .. } => operation.path(),
        _ => operation.path().split_last().map_or(&[][..], |(_, parents)| parents),
    };
    let shows = |steps: &[Step]| {
        lookup(&state.tree, root, steps)
            .is_some_and(|found| found.node == node || state.tree.target(found.node) == node)
    };
    let mut others: Vec<String> = Vec::new();
    for place in places(state, document, node) {
        let name = path_text(&place.steps);
        if !same(&place.steps, asked) && shows(&place.steps) && !others.contains(&name) {
            others.push(name);
        }
    }
    if others.is_empty() {
        return None;
    }
    let count = others.len();
    let more =
        if count > NAMED_PLACES { format!(" and {} more", count - NAMED_PLACES) } else { String::new() };
    others.truncate(NAMED_PLACES);
    let places = if count == 1 { "1 more place" } else { &format!("{count} more places") };
    let anchor = anchor(state, root, asked).unwrap_or_default();
    let shown = path_text(operation.path());
    Some(format!(
        "{shown}: the value is anchored as &{anchor}: it changes in {places}: {}{more}",
        others.join(", ")
    ))
}

fn same(one: &[Step], other: &[Step]) -> bool {
    let text = |step: &Step| match step {
        Step::Key(key) => key.clone(),
        Step::Index(index) => index.to_string(),
    };
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| text(one) == text(other))
}

/// The innermost anchor on the way to a value.
fn anchor(state: &State, root: NodeId, path: &[Step]) -> Option<String> {
    (0..=path.len()).rev().find_map(|length| {
        let found = lookup(&state.tree, root, &path[..length])?;
        state.tree.nodes[state.tree.target(found.node)].anchor.as_deref().map(str::to_owned)
    })
}

/// Says so when comments between the items of a list go with it.
pub(super) fn lost_comments(state: &State, site: &Site, operation: &Operation) -> Option<String> {
    let Site::Value { node, .. } = site else { return None };
    let Kind::Sequence { items, .. } = &state.tree.nodes[*node].kind else { return None };
    let ends = items.iter().map(|&item| state.tree.nodes[item].end);
    let starts = items.iter().skip(1).map(|&item| state.tree.nodes[item].outer);
    let list_end = state.tree.nodes[*node].end;
    let gaps = ends.zip(starts.chain([list_end]));
    let comments = gaps.filter(|(from, to)| state.text[*from..*to.max(from)].contains('#')).count();
    let shown = path_text(operation.path());
    (comments > 0).then(|| format!("{shown}: the comments inside the list are gone with its items"))
}
