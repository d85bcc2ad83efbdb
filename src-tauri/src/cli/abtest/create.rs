//! `bakeoff abtest create`: making a triage test, or saying what it would take.

use super::watch;
use crate::cli::output::{Output, data, moment, table, talk};
use crate::cli::{BAD_INPUT, CliResult, DONE};
use bakeoff_core::analysis::Estimate;
use bakeoff_core::chart::format;
use bakeoff_service::Service;
use bakeoff_service::dto::{ServiceError, TriageRequest, TriageVariant};
use std::path::PathBuf;

/// Arguments of `abtest create`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The topic, by the name of its file in topics/ or by its id.
    #[arg(long)]
    topic: Option<String>,
    /// The window's start, such as 2026-11-16 or 2026-11-16T08:00:00Z.
    #[arg(long)]
    start: Option<String>,
    /// The window's end, which doesn't belong to it.
    #[arg(long)]
    end: Option<String>,
    /// A variant: the name of a file in variants/, or NAME=PROVIDER/MODEL with `,effort=low` and `,max=800` behind it.
    /// Repeat it.
    #[arg(long = "variant", value_name = "VARIANT", value_parser = variant)]
    variants: Vec<TriageVariant>,
    /// At most this many items [default: 50].
    #[arg(long)]
    max_items: Option<u32>,
    /// Of the sample.
    #[arg(long)]
    seed: Option<u64>,
    /// No call is made that would pass this many USD.
    #[arg(long)]
    budget: Option<f64>,
    /// The request as JSON, instead of all of these; `-` reads it from standard input.
    #[arg(long, conflicts_with_all = ["topic", "start", "end", "variants"])]
    file: Option<PathBuf>,
    /// Only say what it would take.
    #[arg(long)]
    dry_run: bool,
    /// Follow it to its end.
    #[arg(long)]
    watch: bool,
}

/// Makes a test.
pub fn run(service: &Service, given: &Arguments, output: &Output) -> CliResult {
    let request = request(given)?;
    if given.dry_run {
        let preview = service.preview_triage(&request)?;
        output.findings(&preview.diagnostics);
        output.print(&preview, || {
            if let Some(selection) = &preview.selection {
                data(&format!("{} of {} candidates", selection.chosen, selection.eligible));
                let rows = selection.strata.iter().map(|stratum| {
                    vec![
                        stratum.source_type.clone(),
                        stratum.source_id.clone(),
                        moment(stratum.start),
                        format!("{} of {}", stratum.chosen, stratum.candidates),
                    ]
                });
                data(&table(&["type", "source", "from", "taken"], &[3], rows.collect()));
            }
            data(&format!("{} trials, {}", preview.trials, cost(&preview.cost_usd)));
        });
        return Ok(if preview.diagnostics.iter().any(|found| found.is_error()) { BAD_INPUT } else { DONE });
    }
    let row = service.create_triage(&request)?;
    if given.watch {
        return watch(service, row.run, output);
    }
    output.print(&row, || {
        data(&format!(
            "#{} waits in the queue: {} items × {} variants",
            row.run,
            row.items,
            row.variants.len()
        ));
    });
    talk(&format!(
        "  follow it with `bakeoff abtest watch {}`; `bakeoff serve` and the window work on it too",
        row.run
    ));
    Ok(DONE)
}

fn request(given: &Arguments) -> Result<TriageRequest, ServiceError> {
    if let Some(path) = &given.file {
        let text = match path.as_os_str() == "-" {
            true => std::io::read_to_string(std::io::stdin()),
            false => std::fs::read_to_string(path),
        };
        let text = text.map_err(|error| ServiceError::io("read", path, &error))?;
        return serde_json::from_str(&text).map_err(|error| {
            ServiceError::bad_input(format!(
                "{}:{}:{}: {error}",
                path.display(),
                error.line(),
                error.column()
            ))
            .with_hint("write {\"topic\": …, \"window_start\": …, \"window_end\": …, \"variants\": […]}")
        });
    }
    let needed = |value: &Option<String>, name: &str| {
        value.clone().ok_or_else(|| {
            ServiceError::bad_input(format!("--{name} is missing")).with_hint(
                "such as: --topic news --start 2026-11-16 --end 2026-11-23 --variant a --variant b",
            )
        })
    };
    Ok(TriageRequest {
        topic: needed(&given.topic, "topic")?,
        window_start: needed(&given.start, "start")?,
        window_end: needed(&given.end, "end")?,
        variants: given.variants.clone(),
        max_items: given.max_items,
        seed: given.seed,
        budget_usd: given.budget,
    })
}

/// Reads `careful`, or `mini=openai/gpt-5-mini,effort=low,max=800`.
fn variant(text: &str) -> Result<TriageVariant, String> {
    let (name, rest) = text.split_once('=').map_or((text, None), |(name, rest)| (name, Some(rest)));
    let mut variant = TriageVariant {
        name: name.trim().to_owned(),
        provider: None,
        model: None,
        reasoning_effort: None,
        max_output_tokens: None,
        system_prompt: None,
        base_url: None,
    };
    let Some(rest) = rest else { return Ok(variant) };
    let mut parts = rest.split(',').map(str::trim);
    let place = parts.next().unwrap_or_default();
    let (provider, model) = place
        .split_once('/')
        .ok_or_else(|| format!("{place:?} is not PROVIDER/MODEL, such as openai/gpt-5-mini"))?;
    (variant.provider, variant.model) = (Some(provider.to_owned()), Some(model.to_owned()));
    for part in parts {
        match part.split_once('=') {
            Some(("effort", effort)) => {
                let value = serde_json::Value::from(effort);
                variant.reasoning_effort = Some(serde_json::from_value(value).map_err(|_| {
                    format!("effort is {effort:?}; allowed are none, minimal, low, medium, high")
                })?);
            }
            Some(("max", tokens)) => {
                let most = tokens.parse().ok().filter(|most| *most > 0);
                variant.max_output_tokens =
                    Some(most.ok_or_else(|| format!("max is {tokens:?}; write 1 or more"))?);
            }
            Some(("url", url)) => variant.base_url = Some(url.to_owned()),
            _ => return Err(format!("{part:?} is not effort=…, max=… or url=…")),
        }
    }
    Ok(variant)
}

fn cost(estimate: &Estimate) -> String {
    estimate.value.map_or_else(
        || format!("cost unknown: {}", estimate.note.as_deref().unwrap_or("no price")),
        |usd| format!("about {}", format::usd(usd)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use bakeoff_core::variant::ReasoningEffort;

    #[test]
    fn a_variant_is_a_name_or_a_model_with_its_settings() {
        let file = variant("careful").unwrap();
        assert_eq!((file.name.as_str(), file.provider), ("careful", None));
        let mini = variant("mini=openai/gpt-5-mini,effort=low,max=800").unwrap();
        assert_eq!(mini.provider.as_deref(), Some("openai"));
        assert_eq!(mini.model.as_deref(), Some("gpt-5-mini"));
        assert_eq!((mini.reasoning_effort, mini.max_output_tokens), (Some(ReasoningEffort::Low), Some(800)));
        let local = variant("l=ollama/library/llama3").unwrap();
        assert_eq!(local.model.as_deref(), Some("library/llama3"), "a model's name may have a slash");
        for wrong in ["x=openai", "x=openai/m,effort=huge", "x=openai/m,max=0", "x=openai/m,temperature=1"] {
            assert!(variant(wrong).is_err(), "{wrong}");
        }
    }
}
