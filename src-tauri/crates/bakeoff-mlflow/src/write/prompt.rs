//! Which prompt of a variant is under test.

use super::names::{LONGEST_PARAM, cut, parts};
use super::{key, pair};
use bakeoff_core::hash::sha256_hex;
use bakeoff_core::variant::Variant;

/// The most parts of a prompt that are kept in tags; a prompt beyond it is only there cut.
const MOST_PARTS: usize = 60;

/// The prompt that a variant is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptUnderTest<'a> {
    /// Its text.
    pub text: &'a str,
    /// The field that it is: `prompt`, or `system_prompt` of a variant that has no other.
    pub field: &'static str,
    /// The system prompt beside it.
    pub system: Option<&'a str>,
}

/// The prompt under test: of a workflow that of its node under test, else the user turn, else the system prompt.
pub fn prompt_under_test(variant: &Variant) -> PromptUnderTest<'_> {
    let node = variant
        .workflow
        .as_ref()
        .and_then(|workflow| workflow.program.nodes.iter().find(|node| node.id == workflow.node));
    if let Some(node) = node {
        return PromptUnderTest {
            text: &node.prompt,
            field: "prompt",
            system: node.system_prompt.as_deref(),
        };
    }
    let system = variant.system_prompt.as_deref();
    match (&variant.prompt, system) {
        (None, Some(system)) => {
            PromptUnderTest { text: system, field: "system_prompt", system: Some(system) }
        }
        _ => PromptUnderTest { text: variant.prompt_template(), field: "prompt", system },
    }
}

/// The first 16 hexadecimal digits of the prompt's SHA-256, as S3 writes them.
pub fn prompt_hash(prompt: &str) -> String {
    sha256_hex(prompt.as_bytes()).chars().take(16).collect()
}

impl PromptUnderTest<'_> {
    /// Its parameters.
    pub(super) fn params(&self) -> Vec<(String, String)> {
        let mut params =
            vec![pair("prompt", cut(self.text, LONGEST_PARAM)), pair("prompt_hash", prompt_hash(self.text))];
        if let Some(system) = self.system {
            params.push(pair("system_prompt", cut(system, LONGEST_PARAM)));
        }
        params
    }

    /// Tags that keep what the parameters can't.
    pub(super) fn more_tags(&self) -> Vec<(String, String)> {
        let mut tags = Vec::new();
        if self.field != "prompt" {
            tags.push(pair(key::PROMPT_FIELD, self.field));
        }
        if self.text.chars().count() > LONGEST_PARAM {
            let parts = parts(self.text);
            if parts.len() <= MOST_PARTS {
                let numbered = parts.into_iter().zip(1..);
                tags.extend(
                    numbered.map(|(part, number)| pair(&format!("{}{number}", key::PROMPT_PART), part)),
                );
            }
        }
        tags
    }
}
