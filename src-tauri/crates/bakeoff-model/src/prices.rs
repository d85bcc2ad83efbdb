//! What models cost: a shipped table with its date, and the user's own prices before it.

use bakeoff_core::price::Price;
use bakeoff_core::variant::Provider;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shipped {
    date: String,
    note: String,
    prices: BTreeMap<String, Price>,
}

static SHIPPED: LazyLock<Shipped> = LazyLock::new(|| {
    serde_json::from_str(include_str!("prices.json")).expect("a test reads the shipped price table")
});

/// The shipped prices by model.
pub fn shipped_prices() -> &'static BTreeMap<String, Price> {
    &SHIPPED.prices
}

/// Prices by model: the user's own, then the shipped ones.
#[derive(Debug, Clone, Default)]
pub struct PriceTable {
    overrides: BTreeMap<String, Price>,
}

impl PriceTable {
    /// The shipped table with these prices in front, by exact model name.
    pub fn new(overrides: BTreeMap<String, Price>) -> Self {
        Self { overrides }
    }

    /// The shipped table's date, such as `2025-10-15`.
    pub fn date() -> &'static str {
        &SHIPPED.date
    }

    /// Where the shipped prices come from.
    pub fn note() -> &'static str {
        &SHIPPED.note
    }

    /// The price of a model: an override by exact name; nothing for models that run on this machine; a shipped price by
    /// exact name, else by the name without its date (`claude-sonnet-4-5-20250929` is `claude-sonnet-4-5`). `None`
    /// when unknown, which is not 0. A server behind `openai-compatible` may ask any price: only an override counts.
    pub fn price(&self, provider: Provider, model: &str) -> Option<Price> {
        let free = Price { input: 0.0, cached_input: None, output: 0.0 };
        if let Some(price) = self.overrides.get(model) {
            return Some(*price);
        }
        match provider {
            Provider::Builtin | Provider::Ollama => Some(free),
            Provider::OpenaiCompatible => None,
            Provider::Anthropic | Provider::Openai | Provider::Gemini => {
                let shipped = |name: &str| SHIPPED.prices.get(name).copied();
                shipped(model).or_else(|| shipped(without_date(model)?))
            }
        }
    }
}

/// The name without `-20250929`, `-2025-09-29` or `-latest` at its end.
fn without_date(model: &str) -> Option<&str> {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(name) = model.strip_suffix("-latest") {
        return Some(name);
    }
    let (before, last) = model.rsplit_once('-')?;
    if digits(last, 8) {
        return Some(before);
    }
    let (before, month) = before.rsplit_once('-')?;
    let (before, year) = before.rsplit_once('-')?;
    (digits(last, 2) && digits(month, 2) && digits(year, 4)).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_is_sound() {
        assert!(SHIPPED.prices.len() >= 20);
        assert!(PriceTable::date().parse::<String>().is_ok_and(|date| date.len() == 10));
        assert!(PriceTable::note().len() > 20);
        for (model, price) in shipped_prices() {
            assert!(price.input > 0.0 && price.output >= price.input, "{model}");
            assert!(price.cached_input.is_none_or(|cached| cached < price.input), "{model}");
        }
    }

    #[test]
    fn names_are_looked_up_exactly_then_without_their_date() {
        let table = PriceTable::default();
        let base = table.price(Provider::Anthropic, "claude-sonnet-4-5");
        assert!(base.is_some());
        assert_eq!(table.price(Provider::Anthropic, "claude-sonnet-4-5-20250929"), base);
        assert_eq!(
            table.price(Provider::Openai, "gpt-4o-mini-2024-07-18"),
            table.price(Provider::Openai, "gpt-4o-mini")
        );
        assert_eq!(table.price(Provider::Openai, "gpt-4o-mini-x"), None);
        assert_eq!(table.price(Provider::Openai, "gpt-99"), None);
    }

    #[test]
    fn local_models_are_free_and_unknown_ones_unknown() {
        let table = PriceTable::default();
        assert_eq!(table.price(Provider::Ollama, "llama3").map(|price| price.output), Some(0.0));
        assert_eq!(table.price(Provider::OpenaiCompatible, "gpt-4o-mini"), None);
        let own = Price { input: 1.0, cached_input: None, output: 2.0 };
        let table = PriceTable::new([("gpt-4o-mini".to_owned(), own)].into());
        assert_eq!(table.price(Provider::OpenaiCompatible, "gpt-4o-mini"), Some(own));
        assert_eq!(table.price(Provider::Openai, "gpt-4o-mini"), Some(own));
    }
}
