//! Compiling templates and scorers once per run, and making a request out of a case.

use crate::spec::RunSpec;
use bakeoff_core::ports::ModelRequest;
use bakeoff_core::scorer::{self, CompiledScorer};
use bakeoff_core::template::{Template, TemplateError};
use bakeoff_core::trial::SentPrompt;
use bakeoff_core::variant::Variant;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// Why a run can't start. Checking the files finds all of these before; here they end the launch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.join("\n"))]
pub struct StartError {
    /// Everything that is wrong, for people.
    pub problems: Vec<String>,
}

/// What all trials share.
pub(crate) struct Prepared {
    variants: Arc<[Variant]>,
    /// By variant; `None` for a workflow, whose nodes have prompts of their own.
    templates: Vec<Option<Templates>>,
    pub scorers: Vec<CompiledScorer>,
}

struct Templates {
    system: Option<Template>,
    user: Template,
}

impl Prepared {
    /// Compiles everything and checks that every trial has its variant.
    pub(crate) fn new(spec: &RunSpec) -> Result<Self, StartError> {
        let mut problems = Vec::new();
        let mut templates = Vec::with_capacity(spec.variants.len());
        for variant in spec.variants.iter() {
            let compiled = if variant.workflow.is_none() { compile(variant).map(Some) } else { Ok(None) };
            match compiled {
                Ok(compiled) => templates.push(compiled),
                Err(problem) => problems.push(problem),
            }
        }
        let scorers = scorer::compile(&spec.scorers).unwrap_or_else(|found| {
            let words = found.into_iter().map(|problem| {
                let (place, field) = (problem.index + 1, problem.field);
                format!("Scorer {place}, {field}: {}", with_hint(problem.message, problem.hint))
            });
            problems.extend(words);
            Vec::new()
        });
        let unknown = |variant: u16| usize::from(variant) >= spec.variants.len();
        if let Some(key) = spec.trials.iter().find(|key| unknown(key.variant)) {
            problems.push(format!(
                "The plan names variant {}, but there are only {}.",
                key.variant,
                spec.variants.len()
            ));
        }
        if !problems.is_empty() {
            return Err(StartError { problems });
        }
        Ok(Self { variants: Arc::clone(&spec.variants), templates, scorers })
    }

    /// A variant of the plan.
    pub(crate) fn variant(&self, variant: u16) -> &Variant {
        &self.variants[usize::from(variant)]
    }

    /// Whether a variant's prompt says itself where the input belongs; one without a prompt of its own does.
    pub(crate) fn places_input(&self, variant: u16) -> bool {
        let templates = self.templates.get(usize::from(variant)).and_then(Option::as_ref);
        templates.is_none_or(|templates| templates.user.fields().contains("input"))
    }

    /// The request of a variant for a case, or why a prompt can't be rendered: then the case lacks something, which is
    /// no result of the variant.
    pub(crate) fn request(
        &self,
        variant: u16,
        fields: &Map<String, Value>,
    ) -> Result<(SentPrompt, ModelRequest), String> {
        let templates = &self.templates[usize::from(variant)];
        let variant = self.variant(variant);
        let Some(templates) = templates else {
            return Err(format!("{} is a workflow and not one call", variant.name));
        };
        let failed = |part: &str, error: TemplateError| {
            let name = &variant.name;
            format!("The {part} of {name} can't be filled in: {}", with_hint(error.message, error.hint))
        };
        let system = match &templates.system {
            Some(template) => Some(template.render(fields).map_err(|error| failed("system prompt", error))?),
            None => None,
        };
        let user = templates.user.render(fields).map_err(|error| failed("prompt", error))?;
        let request = ModelRequest {
            provider: variant.provider,
            model: variant.model.clone(),
            base_url: variant.base_url.clone(),
            system: system.clone(),
            user: user.clone(),
            reasoning_effort: variant.reasoning_effort,
            temperature: variant.temperature,
            top_p: variant.top_p,
            max_output_tokens: variant.max_output_tokens,
            stop: variant.stop.clone(),
            pace: variant.pace_ms.map(Duration::from_millis),
            answer_schema: None,
            tools: Arc::default(),
            tool_choice: None,
            turns: Vec::new(),
        };
        Ok((SentPrompt { system, user }, request))
    }
}

fn compile(variant: &Variant) -> Result<Templates, String> {
    let failed = |part: &str, error: TemplateError| {
        format!("The {part} of {} is not valid: {}", variant.name, with_hint(error.message, error.hint))
    };
    let system = variant.system_prompt.as_deref().map(Template::compile).transpose();
    let system = system.map_err(|error| failed("system prompt", error))?;
    let user = Template::compile(variant.prompt_template()).map_err(|error| failed("prompt", error))?;
    Ok(Templates { system, user })
}

fn with_hint(message: String, hint: Option<String>) -> String {
    match hint {
        Some(hint) => format!("{message} ({hint})"),
        None => message,
    }
}
