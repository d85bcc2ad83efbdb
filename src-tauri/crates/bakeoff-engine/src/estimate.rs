//! What a call will probably take, told before it is made and corrected by what calls really took.

use crate::spec::PriceSource;
use bakeoff_core::ports::ModelRequest;
use bakeoff_core::price::Price;
use bakeoff_core::trial::Usage;
use bakeoff_core::variant::Provider;

/// Bytes of text to a token; a rule of thumb for English that is too low rather than too high for other scripts.
const BYTES_PER_TOKEN: f64 = 4.0;
/// Bytes of text to a token of a model that has not answered yet: fewer than in any common script.
const FIRST_BYTES_PER_TOKEN: f64 = 2.0;
/// Input tokens that a chat's frame (roles, separators) adds to the text.
const FRAME: f64 = 16.0;
/// Output tokens of a model that has not answered yet and has no limit.
const FIRST_OUTPUT: f64 = 1_000.0;
/// Output tokens at most, of a model that has not answered yet and has no limit.
const MOST_OUTPUT: f64 = 16_384.0;
/// USD that no budget holds.
const ANY_COST: f64 = 1e12;

/// What is set aside for a call.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Estimate {
    /// Input plus output, as is usual for this model (for tokens-per-minute caps).
    pub tokens: f64,
    /// USD, rather too much than too little; 0 when the price is unknown.
    pub cost: f64,
    /// USD by which the call may pass `cost` at worst (a token for each byte, the longest answer); 0 once the model has
    /// answered.
    pub doubt: f64,
}

/// What is known of one model of one provider.
#[derive(Debug)]
struct Figures {
    provider: Provider,
    model: String,
    price: Option<Price>,
    /// The largest ratio of real to estimated input tokens so far.
    input_ratio: f64,
    largest_output: f64,
    outputs: f64,
    answers: f64,
}

/// What is known of all models of a run.
pub(crate) struct Estimator {
    prices: PriceSource,
    models: Vec<Figures>,
    programs: Vec<ProgramFigures>,
    /// Those that have not been told yet.
    unpriced: Vec<Unpriced>,
}

/// What is known of a variant's own program.
#[derive(Debug)]
struct ProgramFigures {
    variant: u16,
    /// USD of its most expensive run; `None` when it does not tell.
    largest_cost: Option<f64>,
}

/// Something whose calls can't count against the budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unpriced {
    /// A model with its provider.
    Model(String),
    /// A user's own program that doesn't say what it costs.
    Program,
}

impl Unpriced {
    /// For the user, with the budget in USD.
    pub(crate) fn in_words(&self, limit: f64) -> String {
        match self {
            Self::Model(model) => format!(
                "The price of {model} is not known, so its calls don't count against the budget of {limit} USD. Enter \
                 its price in Settings to include it."
            ),
            Self::Program => format!(
                "The runner's program does not write cost_usd, so its runs don't count against the budget of {limit} \
                 USD. Let it write cost_usd beside outputs to include them."
            ),
        }
    }
}

impl Estimator {
    pub(crate) fn new(prices: PriceSource) -> Self {
        Self { prices, models: Vec::new(), programs: Vec::new(), unpriced: Vec::new() }
    }

    /// Of a request as it will be sent.
    pub(crate) fn of(&mut self, request: &ModelRequest) -> Estimate {
        let bytes = size(request);
        self.of_text(request.provider, &request.model, bytes, request.max_output_tokens)
    }

    /// Of a text of `bytes` bytes.
    pub(crate) fn of_text(
        &mut self,
        provider: Provider,
        model: &str,
        bytes: usize,
        max_output: Option<u32>,
    ) -> Estimate {
        let figures = self.figures(provider, model);
        let bytes = bytes as f64;
        let input = (bytes / BYTES_PER_TOKEN).ceil() * figures.input_ratio;
        let known = figures.answers > 0.0;
        let careful = if known { input } else { (bytes / FIRST_BYTES_PER_TOKEN).ceil() + FRAME };
        let most = max_output.map(f64::from);
        let usual = if known { figures.outputs / figures.answers } else { FIRST_OUTPUT };
        let largest = if known { figures.largest_output } else { FIRST_OUTPUT };
        let price = figures.price.unwrap_or(Price { input: 0.0, cached_input: None, output: 0.0 });
        let usd = |input: f64, output: f64| (input * price.input + output * price.output) / 1e6;
        let cost = usd(careful, most.unwrap_or(largest));
        let worst = if known { cost } else { usd(bytes + FRAME, most.unwrap_or(MOST_OUTPUT)) };
        Estimate {
            tokens: input + most.map_or(usual, |most| most.min(usual)),
            cost,
            doubt: (worst - cost).max(0.0),
        }
    }

    /// Learns from an answered call.
    pub(crate) fn learn(&mut self, request: &ModelRequest, usage: &Usage) {
        let bytes = size(request);
        let figures = self.figures(request.provider, &request.model);
        if let Some(input) = usage.input_tokens {
            let guessed = (bytes as f64 / BYTES_PER_TOKEN).ceil().max(1.0);
            figures.input_ratio = figures.input_ratio.max(input as f64 / guessed);
        }
        if let Some(output) = usage.output_tokens {
            figures.largest_output = figures.largest_output.max(output as f64);
            figures.outputs += output as f64;
            figures.answers += 1.0;
        }
    }

    /// Of a run of a variant's own program: what its most expensive run took. Nobody can tell before the first one has
    /// ended, so under a budget the others wait for that.
    pub(crate) fn of_program(&self, variant: u16) -> Estimate {
        match self.programs.iter().find(|one| one.variant == variant) {
            Some(known) => Estimate { cost: known.largest_cost.unwrap_or(0.0), ..Estimate::default() },
            None => Estimate { doubt: ANY_COST, ..Estimate::default() },
        }
    }

    /// Learns from a run of a variant's own program.
    pub(crate) fn learn_program(&mut self, variant: u16, cost: Option<f64>) {
        match self.programs.iter_mut().find(|one| one.variant == variant) {
            Some(known) => known.largest_cost = cost.map(|cost| known.largest_cost.unwrap_or(0.0).max(cost)),
            None => {
                self.programs.push(ProgramFigures { variant, largest_cost: cost });
                if cost.is_none() && !self.unpriced.contains(&Unpriced::Program) {
                    self.unpriced.push(Unpriced::Program);
                }
            }
        }
    }

    /// Something without a price that has not been told yet.
    pub(crate) fn next_unpriced(&mut self) -> Option<Unpriced> {
        self.unpriced.pop()
    }

    fn figures(&mut self, provider: Provider, model: &str) -> &mut Figures {
        let known = self.models.iter().position(|one| one.provider == provider && one.model == model);
        let place = known.unwrap_or_else(|| {
            let price = (self.prices)(provider, model);
            if price.is_none() {
                self.unpriced.push(Unpriced::Model(format!("{model} ({})", provider.name())));
            }
            self.models.push(Figures {
                provider,
                model: model.to_owned(),
                price,
                input_ratio: 1.0,
                largest_output: 0.0,
                outputs: 0.0,
                answers: 0.0,
            });
            self.models.len() - 1
        });
        &mut self.models[place]
    }
}

/// Bytes of everything that a request says.
fn size(request: &ModelRequest) -> usize {
    let tools = request
        .tools
        .iter()
        .map(|tool| tool.name.len() + tool.description.len() + tool.parameters.to_string().len());
    let turns = request.turns.iter().map(|turn| {
        let calls = turn.calls.iter().map(|call| call.name.len() + call.parameters.to_string().len());
        let results = turn.results.iter().map(|result| result.content.len());
        turn.text.len() + calls.chain(results).sum::<usize>()
    });
    let system = request.system.as_ref().map_or(0, String::len);
    request.user.len() + system + tools.chain(turns).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn request(max_output_tokens: Option<u32>) -> ModelRequest {
        ModelRequest {
            provider: Provider::Openai,
            model: "m".to_owned(),
            base_url: None,
            system: Some("x".repeat(200)),
            user: "y".repeat(200),
            reasoning_effort: None,
            temperature: None,
            top_p: None,
            max_output_tokens,
            stop: Vec::new(),
            pace: None,
            answer_schema: None,
            tools: Arc::default(),
            tool_choice: None,
            turns: Vec::new(),
        }
    }

    fn estimator() -> Estimator {
        let price = Price { input: 1.0, cached_input: None, output: 10.0 };
        Estimator::new(Arc::new(move |_, model| (model == "m").then_some(price)))
    }

    fn check(actual: Estimate, tokens: f64, cost: f64) {
        assert!((actual.tokens - tokens).abs() < 1e-9 && (actual.cost - cost).abs() < 1e-12, "{actual:?}");
    }

    #[test]
    fn starts_with_rules_of_thumb_and_learns() {
        let mut estimator = estimator();
        check(estimator.of(&request(None)), 1100.0, (216.0 + 10_000.0) / 1e6);
        check(estimator.of(&request(Some(50))), 150.0, (216.0 + 500.0) / 1e6);
        let doubt = estimator.of(&request(Some(50))).doubt;
        assert!((doubt - 200.0 / 1e6).abs() < 1e-12, "a token for each of 400 bytes at worst: {doubt}");
        for output in [10, 30] {
            let usage =
                Usage { input_tokens: Some(150), cached_input_tokens: None, output_tokens: Some(output) };
            estimator.learn(&request(None), &usage);
        }
        check(estimator.of(&request(None)), 150.0 + 20.0, (150.0 + 300.0) / 1e6);
        assert_eq!(estimator.of(&request(None)).doubt, 0.0, "it is known now");
    }

    #[test]
    fn an_unknown_price_is_told_once() {
        let mut estimator = estimator();
        let unknown = ModelRequest { model: "secret".to_owned(), ..request(None) };
        check(estimator.of(&unknown), 1100.0, 0.0);
        estimator.of(&unknown);
        assert_eq!(estimator.next_unpriced(), Some(Unpriced::Model("secret (openai)".to_owned())));
        assert_eq!(estimator.next_unpriced(), None);
    }
}
