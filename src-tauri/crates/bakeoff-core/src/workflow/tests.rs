//! What the tests of this module build on.

use super::{END, Edge, FieldType, Next, Node, NodeModel, Output, Program, START, StateField};
use crate::variant::Provider;

pub(super) fn node(id: &str, prompt: &str, outputs: &[(&str, &str)]) -> Node {
    let output = |(name, kind): &(&str, &str)| Output {
        name: (*name).to_owned(),
        kind: FieldType::parse(kind).expect(kind),
        description: None,
    };
    Node {
        id: id.to_owned(),
        description: None,
        prompt: prompt.to_owned(),
        system_prompt: None,
        inputs: [].into(),
        outputs: outputs.iter().map(output).collect(),
        llm: NodeModel {
            provider: Provider::Builtin,
            model: "lexical-1".to_owned(),
            base_url: None,
            temperature: None,
            max_output_tokens: None,
            pace_ms: None,
        },
        timeout_seconds: None,
        retries: None,
    }
}

pub(super) fn field(name: &str, kind: &str, required: bool) -> StateField {
    StateField {
        name: name.to_owned(),
        kind: FieldType::parse(kind).expect(kind),
        required,
        default: None,
        description: None,
    }
}

/// One node, `first`.
pub(super) fn program() -> Program {
    let edge = |from: &str, to: &str| Edge { from: from.to_owned(), next: Next::To(to.to_owned()) };
    Program {
        state: vec![field("topic", "str", true), field("text", "str", false)],
        nodes: vec![node("first", "{topic}", &[("text", "str")])],
        edges: vec![edge(START, "first"), edge("first", END)],
        runner: None,
    }
}
