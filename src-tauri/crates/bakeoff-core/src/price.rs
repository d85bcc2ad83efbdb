//! What a call costs. The table is data; an unknown price stays unknown.

use crate::trial::Usage;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// USD for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS, schemars::JsonSchema)]
#[ts(export)]
pub struct Price {
    /// USD per million prompt tokens.
    pub input: f64,
    /// USD per million prompt tokens read from the cache; `None`: as `input`.
    pub cached_input: Option<f64>,
    /// USD per million completion tokens.
    pub output: f64,
}

impl Price {
    /// USD of one call; `None` when the tokens are unknown.
    pub fn cost_usd(&self, usage: &Usage) -> Option<f64> {
        let (input, output) = (usage.input_tokens?, usage.output_tokens?);
        let cached = usage.cached_input_tokens.unwrap_or(0).min(input);
        let cached_price = self.cached_input.unwrap_or(self.input);
        let total =
            (input - cached) as f64 * self.input + cached as f64 * cached_price + output as f64 * self.output;
        Some(total / 1e6)
    }
}
