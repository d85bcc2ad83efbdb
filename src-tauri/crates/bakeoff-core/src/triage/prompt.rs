//! What a model is asked about a candidate.

use super::Topic;
use crate::hash::sha256_hex;
use crate::variant::Variant;
use serde_json::{Map, Value};

/// The system prompt of variants and topics that have none.
pub const SHIPPED_SYSTEM_PROMPT: &str = include_str!("prompt/system.md");
/// The user turn of variants and topics that have none.
pub const SHIPPED_USER_PROMPT: &str = include_str!("prompt/user.md");
/// What the shipped prompt is called. A changed text gets a new name.
pub const SHIPPED_PROMPT_ID: &str = "bakeoff_triage_1";

/// Characters of a title that are sent.
pub const TITLE_CHARACTERS: usize = 240;
/// Characters of a body that are sent.
pub const BODY_CHARACTERS: usize = 4_000;

/// Fields of a candidate that prompts may use whether its row has them or not.
const ALWAYS: [&str; 8] =
    ["title", "url", "author", "source_type", "source_id", "published_at", "body", "score"];

/// A candidate's fields as prompts see them: title and body cut, and what is missing empty.
pub fn prompt_fields(mut fields: Map<String, Value>) -> Map<String, Value> {
    for (name, most) in [("title", TITLE_CHARACTERS), ("body", BODY_CHARACTERS)] {
        if let Some(Value::String(text)) = fields.get_mut(name)
            && let Some((at, _)) = text.char_indices().nth(most)
        {
            text.truncate(at);
        }
    }
    for name in ALWAYS {
        let field = fields.entry(name).or_insert(Value::Null);
        if field.is_null() {
            *field = "".into();
        }
    }
    fields
}

/// The variant with the prompts that it is asked with: its own, else the topic's, else the shipped ones.
pub fn with_prompts(mut variant: Variant, topic: Option<&Topic>) -> Variant {
    let of_topic = |prompt: fn(&Topic) -> &Option<String>| topic.and_then(|topic| prompt(topic).clone());
    let system =
        || of_topic(|topic| &topic.system_prompt).unwrap_or_else(|| SHIPPED_SYSTEM_PROMPT.to_owned());
    let user = || of_topic(|topic| &topic.prompt).unwrap_or_else(|| SHIPPED_USER_PROMPT.to_owned());
    variant.system_prompt.get_or_insert_with(system);
    variant.prompt.get_or_insert_with(user);
    variant
}

/// Names the prompt of a variant that has both its parts: the shipped one's name, or `custom_` with twelve
/// hexadecimal digits of the hash of its texts.
pub fn prompt_id(variant: &Variant) -> String {
    let (system, user) = (variant.system_prompt.as_deref().unwrap_or_default(), variant.prompt_template());
    if system == SHIPPED_SYSTEM_PROMPT && user == SHIPPED_USER_PROMPT {
        return SHIPPED_PROMPT_ID.to_owned();
    }
    let hash = sha256_hex(format!("{system}\0{user}").as_bytes());
    format!("custom_{}", hash.get(..12).unwrap_or(&hash))
}
