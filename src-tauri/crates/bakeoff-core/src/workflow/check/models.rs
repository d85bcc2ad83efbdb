//! The model of a node: its own settings over the workflow's.

use crate::check::{Findings, key, under};
use crate::variant::{BUILTIN_MODEL, Provider, is_http};
use crate::workflow::NodeModel;
use crate::workflow::raw::{RawModel, RawProvider, RawWorkflow};
use crate::yaml::Step;

/// The name of the model when a user's own program runs and the file names none.
const OWN_PROGRAM: &str = "runner";

impl From<RawProvider> for Provider {
    fn from(raw: RawProvider) -> Self {
        match raw {
            RawProvider::Builtin => Provider::Builtin,
            RawProvider::Anthropic => Provider::Anthropic,
            RawProvider::Openai => Provider::Openai,
            RawProvider::Google | RawProvider::Gemini => Provider::Gemini,
            RawProvider::Ollama => Provider::Ollama,
            RawProvider::OpenaiCompatible => Provider::OpenaiCompatible,
        }
    }
}

/// Where each of a node's settings stands, for messages.
struct Places<'a> {
    node: &'a [Step],
    of_node: Vec<Step>,
    of_workflow: Vec<Step>,
    own: Option<&'a RawModel>,
}

impl Places<'_> {
    /// The place of a setting: the node's own, else the workflow's.
    fn of(&self, name: &str, is_own: impl Fn(&RawModel) -> bool) -> Vec<Step> {
        let base = if self.own.is_some_and(is_own) { &self.of_node } else { &self.of_workflow };
        under(base, name)
    }
}

/// The model of a node; `None` when that was wrong. `is_wrong`: the workflow's model has structural errors.
pub(super) fn model(
    raw: &RawWorkflow,
    is_wrong: bool,
    own: Option<&RawModel>,
    node: &[Step],
    findings: &mut Findings,
) -> Option<NodeModel> {
    let of_workflow = [key("config"), key("llm")].concat();
    let of_node = under(node, "llm");
    if is_wrong || findings.is_wrong(&of_node) {
        return None;
    }
    let common = raw.config.as_ref().and_then(|config| config.llm.clone()).unwrap_or_default();
    let places = Places { node, of_node, of_workflow, own };
    let own = own.cloned().unwrap_or_default();
    // A node that names another model without a provider has the one that its model's name gives away.
    let own_provider = own.model.as_deref().filter(|_| own.provider.is_none()).and_then(Provider::from_model);
    let written = own.provider.map(Provider::from).or(own_provider).or(common.provider.map(Provider::from));
    let name = own.model.clone().or_else(|| {
        // The workflow's model belongs to the workflow's provider.
        let other = own.provider.map(Provider::from).zip(common.provider.map(Provider::from));
        common.model.clone().filter(|_| other.is_none_or(|(own, common)| own == common))
    });
    let (provider, model) = match target(written, name, &places, findings) {
        None if raw.runner.is_some() => (Provider::Builtin, OWN_PROGRAM.to_owned()),
        target => target?,
    };
    let is_of_workflow = common.provider.map(Provider::from).is_none_or(|common| common == provider);
    let model = NodeModel {
        provider,
        model,
        base_url: own.api_base.or(common.api_base.filter(|_| is_of_workflow)),
        temperature: own.temperature.or(common.temperature),
        max_output_tokens: own.max_tokens.or(common.max_tokens),
        pace_ms: own.pace_ms.or(common.pace_ms.filter(|_| provider == Provider::Builtin)),
    };
    settings(&model, &places, findings);
    Some(model)
}

fn target(
    provider: Option<Provider>,
    model: Option<String>,
    places: &Places<'_>,
    findings: &mut Findings,
) -> Option<(Provider, String)> {
    let place = places.of("model", |own| own.model.is_some());
    let is_builtin = |model: &str| model == BUILTIN_MODEL || model == Provider::Builtin.name();
    match (provider, model) {
        (Some(Provider::Builtin), None) => Some((Provider::Builtin, BUILTIN_MODEL.to_owned())),
        (None | Some(Provider::Builtin), Some(model)) if is_builtin(&model) => {
            Some((Provider::Builtin, BUILTIN_MODEL.to_owned()))
        }
        (Some(Provider::Builtin), Some(model)) => {
            let message =
                format!("the built-in provider has no model `{model}`; its only one is `{BUILTIN_MODEL}`");
            once(findings, "unknown-model", &place, message, "name the provider that has it");
            None
        }
        (Some(provider), Some(model)) => Some((provider, model)),
        (None, Some(model)) => {
            let guessed = Provider::from_model(&model);
            if guessed.is_none() {
                let message = format!("it can't be told from the model `{model}` where it runs");
                let hint = "add `provider:` with one of builtin, anthropic, openai, google, gemini, ollama, openai-compatible";
                once(findings, "no-provider", &place, message, hint);
            }
            Some((guessed?, model))
        }
        (_, None) => {
            let hint =
                "add `llm:` with `provider:` and `model:` to it, or once for all nodes under `config:`";
            if !findings.has("runner") {
                once(findings, "missing", places.node, "the node has no model".to_owned(), hint);
            }
            None
        }
    }
}

fn settings(model: &NodeModel, places: &Places<'_>, findings: &mut Findings) {
    let base_url = places.of("api_base", |own| own.api_base.is_some());
    match model.base_url.as_deref() {
        Some(url) if !is_http(url) => {
            let message = format!("`api_base` is \"{url}\", which is not an http or https address");
            once(findings, "not-a-url", &base_url, message, "write it such as `http://localhost:8000/v1`");
        }
        None if model.provider == Provider::OpenaiCompatible => {
            let message = "`api_base` is missing: openai-compatible needs it".to_owned();
            let place = places.of("provider", |own| own.provider.is_some());
            once(
                findings,
                "missing",
                &place,
                message,
                "add a line such as `api_base: http://localhost:8000/v1`",
            );
        }
        _ => {}
    }
    if model.pace_ms.is_some() && model.provider != Provider::Builtin {
        let message = format!("`pace_ms` is only for the built-in model, not for {}", model.provider.name());
        let place = places.of("pace_ms", |own| own.pace_ms.is_some());
        once(findings, "not-for-provider", &place, message, "remove it");
    }
}

/// An error that several nodes may have by the same line of `config`, told once.
fn once(findings: &mut Findings, code: &str, place: &[Step], message: String, hint: &str) {
    if !findings.is_wrong_itself(place) {
        findings.error(code, place, message).hint = Some(hint.to_owned());
    }
}
