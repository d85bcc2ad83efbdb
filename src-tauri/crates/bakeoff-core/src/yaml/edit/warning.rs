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

/// Says so when comments inside a list or mapping go with it.
pub(super) fn lost_comments(state: &State, site: &Site, operation: &Operation) -> Option<String> {
    let Site::Value { node, .. } = site else { return None };
    let kind = match state.tree.nodes[*node].kind {
        Kind::Sequence { .. } => "list",
        Kind::Mapping { .. } => "mapping",
        _ => return None,
    };
    let shown = path_text(operation.path());
    has_comments(state, *node).then(|| format!("{shown}: the comments inside the {kind} are gone with it"))
}

/// Whether comments stand between the scalars of a list or mapping, or behind the header of a block scalar.
fn has_comments(state: &State, collection: NodeId) -> bool {
    let nodes = &state.tree.nodes;
    let end = nodes[collection].end;
    let mut gaps = Vec::new();
    let mut from = nodes[collection].start;
    for node in nodes[collection + 1..].iter().take_while(|node| node.outer < end) {
        if let Kind::Sequence { .. } | Kind::Mapping { .. } = node.kind {
            continue;
        }
        gaps.push(from..node.outer.max(from));
        if let Kind::Scalar { block: Some(block), .. } = &node.kind {
            gaps.push(block.header.end..block.content.start);
        }
        from = node.end.max(from);
    }
    gaps.push(from..end.max(from));
    gaps.into_iter().any(|gap| state.text[gap].contains('#'))
}
