//! What a plan will probably cost and take.

use crate::campaigns::LoadedVariant;
use crate::error::Result;
use crate::service::Service;
use bakeoff_core::analysis::{self, Estimate};
use bakeoff_core::campaign::{Agent, Campaign};
use bakeoff_core::dataset::Case;
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::scorer::ScorerKind;
use bakeoff_core::template::Template;
use bakeoff_core::trial::Usage;
use bakeoff_core::variant::{Provider, Variant};
use bakeoff_core::workflow::Node;
use std::collections::BTreeMap;

/// Characters that are taken for a token.
const CHARACTERS_A_TOKEN: usize = 4;
/// Tokens of an answer when nothing is known of it.
const USUAL_ANSWER: u64 = 200;
/// Cases that are rendered; more are scaled up.
const SAMPLED: usize = 200;

/// An estimated plan.
pub(crate) struct Estimated {
    /// USD for each variant.
    pub cost_by_variant: Vec<Option<f64>>,
    /// USD for the whole plan.
    pub cost_usd: Estimate,
    /// Seconds for the whole plan.
    pub seconds: Estimate,
    /// Some provider charges for its calls.
    pub spends_money: bool,
    /// What should be known before.
    pub diagnostics: Vec<Diagnostic>,
}

/// What earlier trials of a variant used, on average.
#[derive(Clone, Copy, Default)]
struct Earlier {
    output_tokens: Option<f64>,
    latency_ms: Option<f64>,
}

impl Service {
    /// Estimates cost and time of a plan.
    pub(crate) fn estimate_plan(
        &self,
        campaign: &Campaign,
        variants: &[LoadedVariant],
        cases: &[Case],
    ) -> Result<Estimated> {
        let earlier = self.earlier_numbers(campaign)?;
        let prices = self.price_list();
        let repetitions = f64::from(campaign.trials_per_combination);
        let mut diagnostics = self.missing_keys(variants, Some(campaign));
        let mut costs = Vec::new();
        let mut unknown_prices = Vec::new();
        let mut milliseconds = Some(0.0);
        for LoadedVariant { variant, .. } in variants {
            let known = earlier.get(&variant.name).copied().unwrap_or_default();
            let calls = calls(variant, cases, known);
            let mut one_trial = calls.is_some().then_some(0.0);
            for call in calls.iter().flatten() {
                let price = prices.price(call.provider, &call.model);
                if price.is_none() {
                    unknown_prices.push(format!("{} ({})", call.model, variant.name));
                }
                let cost = price.and_then(|price| price.cost_usd(&call.usage));
                one_trial = one_trial.zip(cost).map(|(sum, cost)| sum + cost);
            }
            let trials = cases.len() as f64 * repetitions;
            costs.push(one_trial.map(|cost| cost * trials));
            let latency = known.latency_ms.or(variant.pace_ms.map(|pace| pace as f64));
            milliseconds = milliseconds.zip(latency).map(|(sum, latency)| sum + latency * trials);
        }
        let judges = campaign.scorers.iter().any(|scorer| matches!(scorer.kind, ScorerKind::Rubric { .. }));
        diagnostics.extend(budget_warning(campaign, &unknown_prices));
        let spends_money = variants
            .iter()
            .flat_map(|loaded| providers(&loaded.variant))
            .chain(judge_providers(campaign))
            .any(is_charged);
        let total = costs.iter().copied().sum::<Option<f64>>().filter(|_| !judges);
        let trials = (cases.len() * variants.len()) as u32 * u32::from(campaign.trials_per_combination);
        let total = total.filter(|_| trials > 0);
        let runs_a_program = variants.iter().any(|loaded| has_runner(&loaded.variant));
        let is_workflow = campaign.workflow.is_some();
        let cost_note = match (total, judges) {
            _ if trials == 0 => "there is nothing to run yet".to_owned(),
            _ if runs_a_program => "what your own program costs is not known".to_owned(),
            (_, true) => "judges are not estimated".to_owned(),
            (Some(0.0), _) => "these models are free".to_owned(),
            (Some(_), _) if is_workflow => "each node once; tokens estimated as characters ÷ 4".to_owned(),
            (Some(_), _) => "tokens estimated as characters ÷ 4".to_owned(),
            (None, _) => format!("the price of {} is unknown; set it in Settings", unknown_prices.join(", ")),
        };
        let parallel = f64::from(campaign.parallel).min(f64::from(trials)).max(1.0);
        let seconds = milliseconds.map(|sum| sum / 1_000.0 / parallel);
        let time_note = match seconds {
            Some(_) => "from the latency of earlier runs or the pace",
            None => "no earlier run of these variants to go by",
        };
        Ok(Estimated {
            cost_by_variant: costs,
            cost_usd: rough(total, trials, cost_note),
            seconds: rough(seconds, trials, time_note.to_owned()),
            spends_money,
            diagnostics,
        })
    }

    /// Variants (and judges) whose provider has no key.
    pub(crate) fn missing_keys(
        &self,
        variants: &[LoadedVariant],
        campaign: Option<&Campaign>,
    ) -> Vec<Diagnostic> {
        let lab = campaign.and_then(|campaign| campaign.lab.as_ref());
        // An agent that is not ours calls its model itself.
        let calls = lab.is_none_or(|lab| lab.agent == Agent::Managed);
        let mut providers: Vec<Provider> = match calls {
            true => variants.iter().flat_map(|loaded| providers(&loaded.variant)).collect(),
            false => Vec::new(),
        };
        providers.extend(campaign.into_iter().flat_map(judge_providers));
        providers.sort_unstable();
        providers.dedup();
        providers.into_iter().filter_map(|provider| self.missing_key(provider)).collect()
    }

    fn earlier_numbers(&self, campaign: &Campaign) -> Result<BTreeMap<String, Earlier>> {
        let Some((run, _)) =
            self.store().campaign_runs(&campaign.name)?.into_iter().max_by_key(|(run, _)| *run)
        else {
            return Ok(BTreeMap::new());
        };
        let names: Vec<String> =
            self.store().run_variants(run)?.into_iter().map(|v| v.variant.name).collect();
        let mut sums: BTreeMap<String, [(f64, u32); 2]> = BTreeMap::new();
        for trial in self.store().numbers(run)? {
            let Some(name) = names.get(usize::from(trial.key.variant)) else { continue };
            let sums = sums.entry(name.clone()).or_default();
            let values = [trial.output_tokens.map(f64::from), trial.latency_ms];
            for (sum, value) in sums.iter_mut().zip(values) {
                if let Some(value) = value {
                    *sum = (sum.0 + value, sum.1 + 1);
                }
            }
        }
        let mean = |(sum, n): (f64, u32)| (n > 0).then(|| sum / f64::from(n));
        let earlier = |[tokens, latency]: [(f64, u32); 2]| Earlier {
            output_tokens: mean(tokens),
            latency_ms: mean(latency),
        };
        Ok(sums.into_iter().map(|(name, sums)| (name, earlier(sums))).collect())
    }
}

/// An estimate without a value.
pub(crate) fn unknown(note: &str) -> Estimate {
    rough(None, 0, note.to_owned())
}

fn rough(value: Option<f64>, n: u32, note: String) -> Estimate {
    analysis::Estimate { value, interval: None, n, method: "rough estimate".to_owned(), note: Some(note) }
}

/// One call of a trial.
struct Call {
    provider: Provider,
    model: String,
    usage: Usage,
}

/// The calls of a usual trial: of a workflow, every node once. `None` for a program of the user's own.
fn calls(variant: &Variant, cases: &[Case], earlier: Earlier) -> Option<Vec<Call>> {
    let Some(part) = &variant.workflow else {
        let usage = usage(variant, cases, earlier);
        return Some(vec![Call { provider: variant.provider, model: variant.model.clone(), usage }]);
    };
    if has_runner(variant) {
        return None;
    }
    let nodes = &part.program.nodes;
    let step = (cases.len() / SAMPLED).max(1);
    let looked_at: Vec<usize> = cases.iter().step_by(step).map(|case| case.json.get().len()).collect();
    let of_case = looked_at.iter().sum::<usize>().checked_div(looked_at.len()).unwrap_or(0);
    let output =
        earlier.output_tokens.map_or(USUAL_ANSWER as f64, |tokens| tokens / nodes.len().max(1) as f64);
    let call = |node: &Node| {
        let own = node.prompt.len() + node.system_prompt.as_ref().map_or(0, String::len);
        let limit = u64::from(node.llm.max_output_tokens.unwrap_or(u32::MAX));
        let usage = Usage {
            input_tokens: Some((own + of_case).div_ceil(CHARACTERS_A_TOKEN) as u64),
            cached_input_tokens: None,
            output_tokens: Some((output.round() as u64).min(limit)),
        };
        Call { provider: node.llm.provider, model: node.llm.model.clone(), usage }
    };
    Some(nodes.iter().map(call).collect())
}

/// Where a variant's models run: of a workflow, those of every node.
fn providers(variant: &Variant) -> Vec<Provider> {
    match &variant.workflow {
        Some(_) if has_runner(variant) => Vec::new(),
        Some(part) => part.program.nodes.iter().map(|node| node.llm.provider).collect(),
        None => vec![variant.provider],
    }
}

fn has_runner(variant: &Variant) -> bool {
    variant.workflow.as_ref().is_some_and(|part| part.program.runner.is_some())
}

/// The tokens of a usual call.
fn usage(variant: &Variant, cases: &[Case], earlier: Earlier) -> Usage {
    let templates = [variant.system_prompt.as_deref(), Some(variant.prompt_template())];
    let templates: Vec<Template> =
        templates.into_iter().flatten().filter_map(|text| Template::compile(text).ok()).collect();
    let step = (cases.len() / SAMPLED).max(1);
    let (mut characters, mut looked_at) = (0, 0);
    for case in cases.iter().step_by(step) {
        let fields = case.fields();
        characters += templates
            .iter()
            .filter_map(|template| template.render(&fields).ok())
            .map(|text| text.chars().count())
            .sum::<usize>();
        looked_at += 1;
    }
    let input = characters.checked_div(looked_at).unwrap_or(0).div_ceil(CHARACTERS_A_TOKEN);
    let limit = u64::from(variant.max_output_tokens.unwrap_or(u32::MAX));
    let output = earlier.output_tokens.map_or(USUAL_ANSWER, |tokens| tokens.round() as u64).min(limit);
    Usage { input_tokens: Some(input as u64), cached_input_tokens: None, output_tokens: Some(output) }
}

fn judge_providers(campaign: &Campaign) -> impl Iterator<Item = Provider> + '_ {
    campaign.scorers.iter().filter_map(|scorer| match scorer.kind {
        ScorerKind::Rubric { provider, .. } => Some(provider),
        _ => None,
    })
}

fn is_charged(provider: Provider) -> bool {
    !matches!(provider, Provider::Builtin | Provider::Ollama)
}

/// A budget that can't be kept must be told before anything is spent.
fn budget_warning(campaign: &Campaign, unknown: &[String]) -> Option<Diagnostic> {
    campaign.budget_usd?;
    let message = format!("the budget can't count calls to {}: their price is unknown", unknown.join(", "));
    let finding = Diagnostic::warning("unknown-price", "budget_usd", message);
    (!unknown.is_empty()).then(|| finding.hint("set the price in Settings, so that the budget holds"))
}
