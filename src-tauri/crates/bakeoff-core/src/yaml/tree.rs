//! A YAML text as a graph of nodes with their places, read from libyaml's events within limits that hold before
//! anything is expanded.

use super::block::Block;
use super::events::{Event, EventKind, Events, Properties, ScalarStyle};
use super::lines::line_start;
use super::syntax;
use super::{MAX_ALIAS_BYTES, MAX_DEPTH, MAX_VALUES};
use std::collections::HashMap;
use std::ops::Range;

/// A node's place in [`Tree::nodes`].
pub(super) type NodeId = usize;

/// The nodes of all documents of a text.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub nodes: Vec<Node>,
    pub documents: Vec<DocumentStart>,
    /// Names of anchors that are given to more than one value of a document.
    pub anchors_given_twice: Vec<Box<str>>,
}

/// One document of a text.
#[derive(Debug, Clone)]
pub(super) struct DocumentStart {
    pub start: usize,
    pub root: Option<NodeId>,
}

/// A value or a key.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// First byte, with anchor and tag.
    pub outer: usize,
    /// First byte after anchor and tag.
    pub start: usize,
    /// Just past the last byte of the value; a block ends with its last value.
    pub end: usize,
    /// Inside `[…]` or `{…}`.
    pub in_flow: bool,
    /// Column (from 0, in bytes) of the block collection around it.
    pub parent_column: usize,
    pub anchor: Option<Box<str>>,
    pub tag: Option<Box<str>>,
    pub kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Scalar { style: ScalarStyle, value: Box<str>, block: Option<Box<Block>> },
    Sequence { flow: bool, items: Vec<NodeId> },
    Mapping { flow: bool, entries: Vec<(NodeId, NodeId)> },
    Alias { target: NodeId },
}

/// What is wrong with a text as a whole, with the bytes it is about.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub code: &'static str,
    pub place: Range<usize>,
    pub message: String,
    pub hint: String,
}

impl Tree {
    /// Reads all documents of a text without a byte order mark.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let mut builder = Builder {
            text,
            tree: Tree::default(),
            open: Vec::new(),
            anchors: HashMap::new(),
            alias_bytes: 0,
        };
        for event in Events::new(text) {
            let event = event.map_err(|error| syntax::problem(text, &error))?;
            builder.take(event)?;
        }
        Ok(builder.tree)
    }

    /// The node itself, or the one that it is an alias of.
    pub fn target(&self, node: NodeId) -> NodeId {
        match self.nodes[node].kind {
            Kind::Alias { target } => target,
            _ => node,
        }
    }

    /// The text of a scalar (or of what it is an alias of) as libyaml decoded it.
    pub fn scalar_text(&self, node: NodeId) -> Option<&str> {
        match &self.nodes[self.target(node)].kind {
            Kind::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }
}

/// Sizes that decide whether a document may be expanded.
#[derive(Debug, Clone, Copy, Default)]
struct Measure {
    /// Bytes added by the aliases inside.
    alias_bytes: usize,
    height: usize,
}

struct OpenNode {
    id: NodeId,
    key: Option<NodeId>,
    column: usize,
    flow: bool,
    measure: Measure,
}

/// What an anchor stands for: nothing while its value is still being read.
struct Anchor {
    node: NodeId,
    finished: Option<(usize, Measure)>,
}

struct Builder<'t> {
    text: &'t str,
    tree: Tree,
    open: Vec<OpenNode>,
    anchors: HashMap<Box<str>, Anchor>,
    alias_bytes: usize,
}

impl Builder<'_> {
    fn take(&mut self, event: Event) -> Result<(), Problem> {
        let place = event.start..event.end;
        match event.kind {
            EventKind::StreamStart | EventKind::StreamEnd | EventKind::DocumentEnd => Ok(()),
            EventKind::DocumentStart => {
                self.tree.documents.push(DocumentStart { start: event.start, root: None });
                self.anchors.clear();
                self.alias_bytes = 0;
                Ok(())
            }
            EventKind::Alias(name) => self.alias(&name, place),
            EventKind::Scalar { properties, value, style } => self.scalar(properties, value, style, place),
            EventKind::SequenceStart { properties, flow } => {
                self.begin(properties, place, flow, Kind::Sequence { flow, items: Vec::new() })
            }
            EventKind::MappingStart { properties, flow } => {
                self.begin(properties, place, flow, Kind::Mapping { flow, entries: Vec::new() })
            }
            EventKind::SequenceEnd | EventKind::MappingEnd => self.finish(event.end),
        }
    }

    fn add(&mut self, properties: Properties, place: &Range<usize>, kind: Kind) -> Result<NodeId, Problem> {
        let id = self.tree.nodes.len();
        if id >= MAX_VALUES {
            return Err(Problem {
                code: "too-many-values",
                place: place.clone(),
                message: format!("the file has more than {MAX_VALUES} values"),
                hint: "split it into several files, or use JSON Lines for data".to_owned(),
            });
        }
        let in_flow = self.open.last().is_some_and(|open| open.flow);
        let parent_column = self.open.iter().rev().find(|open| !open.flow).map_or(0, |open| open.column);
        let start = past_properties(self.text, place, &properties);
        let Properties { anchor, tag } = properties;
        if let Some(name) = &anchor {
            let taken = self.anchors.insert(name.clone(), Anchor { node: id, finished: None });
            if taken.is_some() && !self.tree.anchors_given_twice.contains(name) {
                self.tree.anchors_given_twice.push(name.clone());
            }
        }
        let node =
            Node { outer: place.start, start, end: place.end, in_flow, parent_column, anchor, tag, kind };
        self.tree.nodes.push(node);
        Ok(id)
    }

    fn scalar(
        &mut self,
        properties: Properties,
        value: Box<str>,
        style: ScalarStyle,
        place: Range<usize>,
    ) -> Result<(), Problem> {
        let id = self.add(properties, &place, Kind::Scalar { style, value, block: None })?;
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            let node = &mut self.tree.nodes[id];
            let layout = Block::read(self.text, node.start, node.end, node.parent_column);
            node.end = layout.content.end;
            if let Kind::Scalar { block, .. } = &mut node.kind {
                *block = Some(Box::new(layout));
            }
        }
        self.close(id, Measure { alias_bytes: 0, height: 1 })
    }

    fn alias(&mut self, name: &str, place: Range<usize>) -> Result<(), Problem> {
        let problem = |code, message, hint: &str| Problem {
            code,
            place: place.clone(),
            message,
            hint: hint.to_owned(),
        };
        let Some(anchor) = self.anchors.get(name) else {
            let hint = format!("write &{name} before the value that *{name} shall repeat, above this line");
            return Err(problem("unknown-anchor", format!("*{name} has no anchor &{name} before it"), &hint));
        };
        let Some((bytes, measure)) = anchor.finished else {
            let message = format!("*{name} stands inside the value that it repeats, so it would never end");
            return Err(problem("endless-alias", message, "write the value out instead"));
        };
        let added = bytes.saturating_add(measure.alias_bytes);
        self.alias_bytes = self.alias_bytes.saturating_add(added);
        if self.alias_bytes > MAX_ALIAS_BYTES {
            let message =
                format!("the aliases of this file expand to more than {} MiB", MAX_ALIAS_BYTES >> 20);
            return Err(problem(
                "aliases-too-large",
                message,
                "repeat less, or write the values out in several files",
            ));
        }
        let target = anchor.node;
        let id = self.add(Properties::default(), &place, Kind::Alias { target })?;
        self.close(id, Measure { alias_bytes: added, height: measure.height })
    }

    fn begin(
        &mut self,
        properties: Properties,
        place: Range<usize>,
        flow: bool,
        kind: Kind,
    ) -> Result<(), Problem> {
        let id = self.add(properties, &place, kind)?;
        let start = self.tree.nodes[id].start;
        let column = start - line_start(self.text, start);
        self.open.push(OpenNode { id, key: None, column, flow, measure: Measure::default() });
        self.check_depth(self.open.len(), place)
    }

    fn check_depth(&self, depth: usize, place: Range<usize>) -> Result<(), Problem> {
        if depth <= MAX_DEPTH {
            return Ok(());
        }
        Err(Problem {
            code: "too-deep",
            place,
            message: format!("the values are nested more than {MAX_DEPTH} deep"),
            hint: "nest less deeply".to_owned(),
        })
    }

    fn finish(&mut self, event_end: usize) -> Result<(), Problem> {
        let Some(OpenNode { id, flow, measure, .. }) = self.open.pop() else { return Ok(()) };
        let last = match &self.tree.nodes[id].kind {
            Kind::Sequence { items, .. } => items.last(),
            Kind::Mapping { entries, .. } => entries.last().map(|(_, value)| value),
            _ => None,
        };
        let end = match last {
            Some(&last) if !flow => self.tree.nodes[last].end,
            _ => event_end,
        };
        self.tree.nodes[id].end = end;
        self.close(id, Measure { height: measure.height + 1, ..measure })
    }

    /// Puts a finished node where it belongs.
    fn close(&mut self, id: NodeId, measure: Measure) -> Result<(), Problem> {
        let node = &self.tree.nodes[id];
        let (outer, end) = (node.outer, node.end);
        if let Some(anchor) = node.anchor.as_ref().and_then(|name| self.anchors.get_mut(name))
            && anchor.node == id
        {
            anchor.finished = Some((end.saturating_sub(outer), measure));
        }
        let depth = self.open.len() + measure.height - 1;
        self.check_depth(depth, outer..end)?;
        let Some(open) = self.open.last_mut() else {
            if let Some(document) = self.tree.documents.last_mut() {
                document.root = Some(id);
            }
            return Ok(());
        };
        open.measure.alias_bytes = open.measure.alias_bytes.saturating_add(measure.alias_bytes);
        open.measure.height = open.measure.height.max(measure.height);
        match &mut self.tree.nodes[open.id].kind {
            Kind::Sequence { items, .. } => items.push(id),
            Kind::Mapping { entries, .. } => match open.key.take() {
                None => open.key = Some(id),
                Some(key) => {
                    entries.push((key, id));
                    self.place_missing_value(key, id);
                }
            },
            Kind::Scalar { .. } | Kind::Alias { .. } => {}
        }
        Ok(())
    }

    /// libyaml puts a value that is left out together with its colon where the next token is; it belongs to its key.
    fn place_missing_value(&mut self, key: NodeId, value: NodeId) {
        let key_end = self.tree.nodes[key].end;
        let node = &mut self.tree.nodes[value];
        let is_missing = node.outer == node.end && key_end <= node.outer;
        if is_missing && !self.text[key_end..node.outer].contains(':') {
            (node.outer, node.start, node.end) = (key_end, key_end, key_end);
        }
    }
}

/// Where a value begins behind its anchor and tag.
fn past_properties(text: &str, place: &Range<usize>, properties: &Properties) -> usize {
    let mut at = place.start;
    let count = usize::from(properties.anchor.is_some()) + usize::from(properties.tag.is_some());
    for _ in 0..count {
        at = past_space(text, at);
        let is_verbatim = text[at..].starts_with("!<");
        let length = text[at..].find(|c: char| {
            c.is_whitespace()
                || (is_verbatim && c == '>')
                || (!is_verbatim && matches!(c, ',' | '[' | ']' | '{' | '}'))
        });
        at = length.map_or(text.len(), |length| at + length + usize::from(is_verbatim));
    }
    let value = if count == 0 { at } else { past_space(text, at) };
    let is_collection_or_text = value < place.end || (count > 0 && place.end > at);
    if is_collection_or_text { value } else { at }
}

/// Past spaces, line breaks and comments.
pub(super) fn past_space(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        if !text[at..].starts_with('#') {
            return at;
        }
        at = super::lines::line_end(text, at);
    }
}
