//! The built-in model, `lexical-1`: small, deterministic, offline, and no language model. It reads labels, definitions
//! and worked examples out of the prompt, compares the asked text with them by TF-IDF cosine, and answers in the form
//! that the prompt asks for. A workflow's schema it fills with labels, parts of the text and similarities, and a triage
//! answer by the words that the prompt lists. A pure function
//! of the two turns: no clock, no randomness, no network. Beside it stand the scripted agents of fault campaigns: [`agent`].

pub mod agent;
mod answer;
mod extract;
mod fields;
mod form;
mod lines;
mod parts;
mod reading;
mod similarity;
mod subject;
mod triage;
mod words;

pub use answer::{Answer, answer};
pub use words::{count_tokens, first_tokens};

/// The name to write as `model:` in a variant file.
pub const MODEL_NAME: &str = "lexical-1";
