//! Making a triage test of what a form, the API or the command line says: the campaign that a file would have.

use crate::campaigns::{CampaignText, Loaded};
use crate::dto::{
    ErrorCode, LaunchOptions, Notice, ServiceError, TriagePreview, TriageRequest, TriageRow, TriageVariant,
};
use crate::error::Result;
use crate::estimate;
use crate::launch::{count, new_case};
use crate::service::Service;
use bakeoff_core::campaign::Campaign;
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::hash::sha256_hex;
use bakeoff_store::{NewRun, NewVariant};
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::sync::Arc;

/// What stands for the file of a test that has none.
const REQUEST: &str = "request";
/// Variants that a comparison needs.
const FEWEST_VARIANTS: usize = 2;

impl Service {
    /// What a triage test would take. Nothing is called and nothing is kept.
    ///
    /// # Errors
    /// Triage tests are off. What is wrong with the request is in the preview.
    pub fn preview_triage(&self, request: &TriageRequest) -> Result<TriagePreview> {
        self.require_triage()?;
        let mut loaded = self.load_triage_request(request)?;
        let nothing = || estimate::unknown("the request has errors");
        let Some(campaign) = &loaded.campaign else {
            return Ok(TriagePreview {
                selection: None,
                trials: 0,
                cost_usd: nothing(),
                spends_money: false,
                diagnostics: loaded.diagnostics,
            });
        };
        let estimated = self.estimate_plan(campaign, &loaded.variants, &loaded.cases)?;
        loaded.diagnostics.extend(estimated.diagnostics);
        let selection = campaign.triage.as_ref().and_then(|triage| triage.selection.clone());
        Ok(TriagePreview {
            selection,
            trials: u32::try_from(loaded.cases.len() * loaded.variants.len()).unwrap_or(u32::MAX),
            cost_usd: estimated.cost_usd,
            spends_money: estimated.spends_money,
            diagnostics: loaded.diagnostics,
        })
    }

    /// Takes the candidates, keeps them whole, and puts the test into the queue.
    ///
    /// # Errors
    /// Triage tests are off, or with everything that is wrong with the request: nothing is kept then.
    pub fn create_triage(&self, request: &TriageRequest) -> Result<TriageRow> {
        self.require_triage()?;
        let loaded = self.load_triage_request(request)?;
        let run = self.enqueue(loaded, &LaunchOptions::default(), "the test")?;
        self.triage_row_of(run)
    }

    /// Puts what was loaded into the queue; its run's number.
    pub(crate) fn enqueue(&self, mut loaded: Loaded, options: &LaunchOptions, name: &str) -> Result<u32> {
        self.require_triage()?;
        loaded.diagnostics.extend(self.missing_keys(&loaded.variants, loaded.campaign.as_ref()));
        let errors: Vec<Diagnostic> = loaded.diagnostics.iter().filter(|f| f.is_error()).cloned().collect();
        let Some(campaign) = loaded.campaign.take().filter(|_| errors.is_empty()) else {
            let things = count(errors.len(), "thing");
            return Err(ServiceError::bad_input(format!("{name} can't be run: {things} to mend"))
                .with_diagnostics(errors));
        };
        let campaign = self.with_options(campaign, options)?;
        let cases = Arc::clone(&loaded.cases);
        let stored = (0..cases.len()).filter_map(move |index| cases.get(index).map(new_case));
        let variants =
            loaded.variants.into_iter().map(|one| NewVariant { variant: one.variant, text: one.text });
        let run = self.wait(self.store().enqueue_run(NewRun {
            definition_hash: sha256_hex(loaded.text.as_bytes()),
            definition: loaded.text,
            seed: campaign.seed,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            created_at: self.now(),
            variants: variants.collect(),
            cases: Box::new(stored),
            campaign,
        }))?;
        self.log_event(run, "queued", "waits for its turn")?;
        self.notify(Notice::Queue);
        self.notify(Notice::Runs);
        Ok(run)
    }

    /// The request as the campaign that it means, with everything that is wrong; paths are those of the request.
    fn load_triage_request(&self, request: &TriageRequest) -> Result<Loaded> {
        let topic = match self.topic(&request.topic) {
            Ok(topic) => topic.name,
            Err(error) if error.code == ErrorCode::NotFound => request.topic.clone(),
            Err(error) => return Err(error),
        };
        let source =
            CampaignText { name: name_of(&topic), file: REQUEST.to_owned(), text: text_of(request, &topic) };
        let mut loaded = self.load_campaign(&source)?;
        if request.variants.len() < FEWEST_VARIANTS {
            let message =
                format!("{} named: a comparison needs two", count(request.variants.len(), "variant"));
            let told = Diagnostic::error("too-few", "variants", message);
            loaded.diagnostics.push(told.in_file(REQUEST).hint("add another variant"));
        }
        for found in &mut loaded.diagnostics {
            if found.file.as_deref() == Some(REQUEST) {
                (found.start, found.end) = (None, None);
                found.path = path_of_request(&found.path);
            }
        }
        Ok(loaded)
    }
}

/// The name under which the tests of a topic are listed.
fn name_of(topic: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') { c } else { '-' };
    format!("triage-{}", topic.chars().map(plain).collect::<String>())
}

/// A path of the campaign as the one in the request that it came from.
fn path_of_request(path: &str) -> String {
    match path {
        "window.start" => "window_start".to_owned(),
        "window.end" | "window" => "window_end".to_owned(),
        "sample.max_items" | "sample" => "max_items".to_owned(),
        other => other.to_owned(),
    }
}

/// The campaign as a file would have it. JSON is YAML, so every text is in quotes.
fn text_of(request: &TriageRequest, topic: &str) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    let mut text = "# made of a request\n".to_owned();
    let _ = writeln!(text, "topic: {}", quoted(topic));
    let (start, end) = (quoted(&request.window_start), quoted(&request.window_end));
    let _ = writeln!(text, "window: {{start: {start}, end: {end}}}");
    let max_items = request.max_items.unwrap_or(bakeoff_core::campaign::TRIAGE_ITEMS);
    let seed = request.seed.unwrap_or(42);
    let _ = writeln!(text, "sample: {{max_items: {max_items}, seed: {seed}}}\nseed: {seed}\nvariants:");
    for variant in &request.variants {
        let _ = writeln!(text, "  - {}", entry_of(variant));
    }
    if let Some(budget) = request.budget_usd {
        let _ = writeln!(text, "budget_usd: {budget}");
    }
    text
}

/// A variant as a campaign's list has it: a file's name, or the variant itself.
fn entry_of(variant: &TriageVariant) -> Value {
    let TriageVariant { name, provider, model, reasoning_effort, max_output_tokens, base_url, system_prompt } =
        variant;
    let fields = [
        ("provider", json!(provider)),
        ("model", json!(model)),
        ("reasoning_effort", json!(reasoning_effort)),
        ("max_output_tokens", json!(max_output_tokens)),
        ("base_url", json!(base_url)),
        ("system_prompt", json!(system_prompt)),
    ];
    let given = fields.into_iter().filter(|(_, value)| !value.is_null());
    let mut entry = given.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>();
    if entry.is_empty() {
        return name.as_str().into();
    }
    entry.insert("name".to_owned(), json!(name));
    Value::Object(entry)
}

/// Whether a campaign's runs wait in the queue.
pub(crate) fn is_queued(campaign: Option<&Campaign>) -> bool {
    campaign.is_some_and(|campaign| campaign.triage.is_some())
}
