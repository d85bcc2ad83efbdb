//! From a variant's text to a checked variant, with everything that is wrong in it.

use super::raw::RawVariant;
use super::{Provider, ReasoningEffort, Variant};
use crate::check::{self, Findings, Schema, item, key};
use crate::diagnostic::Checked;
use crate::lab::NO_AGENT;
use crate::template::Template;
use std::sync::LazyLock;

/// The built-in model's name.
pub const BUILTIN_MODEL: &str = "lexical-1";

/// Every model of the built-in provider: the one that sorts texts, and of fault campaigns nobody and the scripted agents.
pub const BUILTIN_MODELS: [&str; 6] =
    [BUILTIN_MODEL, NO_AGENT, "noop", "always-restart", "runbook-1", "vandal"];

/// The built-in model that a name in a file means.
fn builtin_model(name: &str) -> Option<&'static str> {
    match name {
        "runbook" => Some("runbook-1"),
        _ if name == Provider::Builtin.name() => Some(BUILTIN_MODEL),
        _ => BUILTIN_MODELS.into_iter().find(|known| *known == name),
    }
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::of::<RawVariant>("Bakeoff variant"));

/// The JSON Schema of a variant file.
pub fn schema() -> serde_json::Value {
    SCHEMA.value.clone()
}

/// Checks a variant's text. `name` is the file's name without extension; it becomes the variant's name.
pub fn check(name: &str, text: &str) -> Checked<Variant> {
    read(name, text, true)
}

/// The same for a variant that may leave its prompts to whoever uses it.
pub fn check_without_prompt(name: &str, text: &str) -> Checked<Variant> {
    read(name, text, false)
}

fn read(name: &str, text: &str, needs_prompt: bool) -> Checked<Variant> {
    let (raw, mut findings) = match check::read::<RawVariant>(text, &SCHEMA, check::no_special_keys) {
        Ok(read) => read,
        Err(diagnostics) => return Checked { value: None, diagnostics },
    };
    inner_name(name, &raw, &mut findings);
    prompts(&raw, needs_prompt, &mut findings);
    empty_texts(&raw, &mut findings);
    let target = model(&raw, &mut findings);
    if let Some((provider, _)) = &target {
        only_for(*provider, &raw, &mut findings);
        reasoning(*provider, &raw, &mut findings);
    }
    base_url(target.as_ref().map(|(provider, _)| *provider), &raw, &mut findings);
    let value = target.map(|(provider, model)| Variant {
        name: name.to_owned(),
        description: raw.description,
        provider,
        model,
        base_url: raw.base_url,
        system_prompt: raw.system_prompt,
        prompt: raw.prompt,
        reasoning_effort: raw.reasoning_effort,
        temperature: raw.temperature,
        top_p: raw.top_p,
        max_output_tokens: raw.max_output_tokens,
        stop: raw.stop.unwrap_or_default().into_iter().flatten().collect(),
        tools_config: raw.tools_config.unwrap_or_default(),
        config_overrides: raw.config_overrides.unwrap_or_default(),
        tags: raw.tags.unwrap_or_default().into_iter().flatten().collect(),
        pace_ms: raw.pace_ms,
        workflow: None,
    });
    findings.finish(value)
}

fn inner_name(name: &str, raw: &RawVariant, findings: &mut Findings) {
    if let Some(inner) = raw.name.as_deref().filter(|inner| *inner != name) {
        let message = format!("the file says `name: {inner}`, but its file name makes it `{name}`");
        let finding = findings.warning("name-differs", &key("name"), message);
        finding.hint = Some(format!("write `name: {name}`, or rename the file to {inner}.yaml"));
    }
}

fn prompts(raw: &RawVariant, needs_prompt: bool, findings: &mut Findings) {
    let mut any = false;
    for (name, prompt) in [("system_prompt", &raw.system_prompt), ("prompt", &raw.prompt)] {
        let path = key(name);
        any |= prompt.is_some() || findings.is_wrong(&path);
        let Some(prompt) = prompt else { continue };
        if prompt.trim().is_empty() {
            let hint = format!("write the prompt, or remove `{name}`");
            findings.error("empty", &path, format!("`{name}` is empty")).hint = Some(hint);
        } else if let Err(error) = Template::compile(prompt) {
            findings.inner_error("template", &path, prompt, &error);
        }
    }
    if !any && needs_prompt {
        let hint = "write what the model should do under `system_prompt`, or under `prompt` with `{{ input }}` in it";
        let finding = findings.error("missing", &[], "the variant has neither `system_prompt` nor `prompt`");
        finding.hint = Some(hint.to_owned());
    }
}

fn empty_texts(raw: &RawVariant, findings: &mut Findings) {
    for (index, stop) in raw.stop.iter().flatten().enumerate() {
        if stop.as_deref() == Some("") {
            let finding = findings.error("empty", &item("stop", index), "a stop text is empty");
            finding.hint = Some("remove it".to_owned());
        }
    }
}

/// Provider and model, from each other where one is left out.
fn model(raw: &RawVariant, findings: &mut Findings) -> Option<(Provider, String)> {
    let (provider_path, model_path) = (key("provider"), key("model"));
    if findings.is_wrong(&provider_path) || findings.is_wrong(&model_path) {
        return None;
    }
    let known = raw.model.as_deref().and_then(builtin_model);
    match (raw.provider, raw.model.as_deref()) {
        (Some(Provider::Builtin), None) => Some((Provider::Builtin, BUILTIN_MODEL.to_owned())),
        (None | Some(Provider::Builtin), Some(_)) if known.is_some() => {
            Some((Provider::Builtin, known?.to_owned()))
        }
        (Some(Provider::Builtin), Some(model)) => {
            let names = BUILTIN_MODELS.join(", ");
            let message = format!("the built-in provider has no model `{model}`; it has {names}");
            let finding = findings.error("unknown-model", &model_path, message);
            finding.hint = Some(format!("write `model: {BUILTIN_MODEL}`, or name the provider that has it"));
            None
        }
        (Some(provider), Some(model)) => Some((provider, model.to_owned())),
        (None, Some(model)) => {
            let provider = Provider::from_model(model);
            if provider.is_none() {
                let message = format!("it can't be told from the model `{model}` where it runs");
                let finding = findings.error("no-provider", &model_path, message);
                let names = Provider::ALL.map(Provider::name).join(", ");
                finding.hint = Some(format!("add `provider:` with one of {names}"));
            }
            Some((provider?, model.to_owned()))
        }
        (provider, None) => {
            let finding = findings.error("missing", &[], "`model` is missing");
            let example = match provider {
                Some(Provider::Anthropic) => "`model: claude-sonnet-4-5`",
                Some(Provider::Gemini) => "`model: gemini-2.5-flash`",
                Some(Provider::Ollama) => "`model:` with a name from `ollama list`",
                Some(Provider::OpenaiCompatible) => "`model:` with a name that the server knows",
                _ => "`model: gpt-5-mini`",
            };
            finding.hint = Some(format!("add a line such as {example}"));
            None
        }
    }
}

fn only_for(provider: Provider, raw: &RawVariant, findings: &mut Findings) {
    if raw.pace_ms.is_some() && provider != Provider::Builtin {
        let message = format!("`pace_ms` is only for the built-in model, not for {}", provider.name());
        findings.error("not-for-provider", &key("pace_ms"), message).hint = Some("remove it".to_owned());
    }
    if raw.base_url.is_some() && provider == Provider::Builtin {
        let finding =
            findings.warning("no-effect", &key("base_url"), "the built-in model needs no `base_url`");
        finding.hint = Some("remove it".to_owned());
    }
}

fn reasoning(provider: Provider, raw: &RawVariant, findings: &mut Findings) {
    let path = key("reasoning_effort");
    match (raw.reasoning_effort, provider) {
        (Some(_), Provider::Builtin) => {
            let finding =
                findings.warning("no-effect", &path, "the built-in model doesn't reason: this has no effect");
            finding.hint = Some("remove it".to_owned());
        }
        // Anthropic has `thinking: disabled`, OpenAI the effort `none`, Gemini a thinking budget of 0, Ollama
        // `think: false`. For the many servers that copy OpenAI's API there is no such promise.
        (Some(ReasoningEffort::None), Provider::OpenaiCompatible) => {
            let message = "`reasoning_effort: none` is sent as written, but not every OpenAI-compatible server knows it";
            let finding = findings.warning("maybe-unsupported", &path, message);
            finding.hint =
                Some("remove it if the server refuses the request: nothing is sent then".to_owned());
        }
        _ => {}
    }
}

fn base_url(provider: Option<Provider>, raw: &RawVariant, findings: &mut Findings) {
    let path = key("base_url");
    match raw.base_url.as_deref() {
        None if provider == Some(Provider::OpenaiCompatible) && !findings.is_wrong(&path) => {
            let finding = findings.error("missing", &[], "`base_url` is missing: openai-compatible needs it");
            finding.hint = Some("add a line such as `base_url: http://localhost:8000/v1`".to_owned());
        }
        Some(url) if !is_http(url) => {
            let message = format!("`base_url` is \"{url}\", which is not an http or https address");
            let finding = findings.error("not-a-url", &path, message);
            finding.hint = Some("write it such as `http://localhost:8000/v1`".to_owned());
        }
        _ => {}
    }
}

/// Whether a text is an http or https address with a host.
pub(crate) fn is_http(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or("");
        !host.is_empty() && !url.chars().any(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model_of(text: &str) -> Option<(Provider, String)> {
        let text = format!("system_prompt: Repair it.\n{text}");
        check("agent", &text).value.map(|variant| (variant.provider, variant.model))
    }

    #[test]
    fn every_built_in_model_is_known_with_and_without_its_provider() {
        for model in BUILTIN_MODELS {
            let expected = Some((Provider::Builtin, model.to_owned()));
            assert_eq!(model_of(&format!("model: {model}\n")), expected, "{model}");
            assert_eq!(model_of(&format!("provider: builtin\nmodel: {model}\n")), expected, "{model}");
        }
        let runbook = Some((Provider::Builtin, "runbook-1".to_owned()));
        assert_eq!(model_of("model: runbook\n"), runbook, "the short name is the same model");
        let lexical = Some((Provider::Builtin, BUILTIN_MODEL.to_owned()));
        assert_eq!(model_of("model: builtin\n"), lexical);
        assert_eq!(
            model_of("provider: openai\nmodel: vandal\n"),
            Some((Provider::Openai, "vandal".to_owned()))
        );
    }
}
