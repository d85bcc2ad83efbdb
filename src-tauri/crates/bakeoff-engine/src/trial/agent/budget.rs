//! What one trial's agent may use: steps, tokens, money. Its time is the trial's.

use super::super::draft::Draft;
use bakeoff_core::campaign::LabSettings;

pub(super) struct Budget {
    steps: u32,
    max_steps: u32,
    max_tokens: Option<u64>,
    max_cost_usd: Option<f64>,
}

impl Budget {
    pub(super) fn of(settings: &LabSettings) -> Self {
        Self {
            steps: 0,
            max_steps: settings.max_steps,
            max_tokens: settings.max_tokens,
            max_cost_usd: settings.max_cost_usd,
        }
    }

    /// A model call was answered.
    pub(super) fn step(&mut self) {
        self.steps += 1;
    }

    /// Why no further call may be made, in words. Tokens and money that a provider doesn't tell don't count.
    pub(super) fn used_up(&self, draft: &Draft) -> Option<String> {
        let attempts = &draft.strand.attempts;
        if self.steps >= self.max_steps {
            return Some(words(&format!("{} model calls", self.steps), &format!("{}", self.max_steps)));
        }
        let tokens: u64 = attempts
            .iter()
            .map(|one| one.usage.input_tokens.unwrap_or(0) + one.usage.output_tokens.unwrap_or(0))
            .sum();
        if let Some(most) = self.max_tokens.filter(|most| tokens >= *most) {
            return Some(words(&format!("{tokens} tokens"), &format!("{most}")));
        }
        let cost: f64 = attempts.iter().filter_map(|one| one.cost_usd).sum();
        let most = self.max_cost_usd.filter(|most| cost >= *most)?;
        Some(words(&format!("{cost:.4} USD"), &format!("{most} USD")))
    }
}

fn words(used: &str, most: &str) -> String {
    format!("The budget of the trial is used up: {used} of at most {most}.")
}
