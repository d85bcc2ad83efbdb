//! `bakeoff abtest`: triage tests from the shell.

use super::output::{Output, data, moment, table, talk};
use super::run::accompany;
use super::{CliResult, DONE, FAILED, run_number};
use bakeoff_core::analysis::Estimate;
use bakeoff_core::chart::format;
use bakeoff_service::Service;
use bakeoff_service::dto::{
    JobState, ServiceError, TriageDetail, TriageItem, TriageOrder, TriageRequest, TriageRow, TriageVariant,
};
use std::path::PathBuf;

/// The verbs of `bakeoff abtest`.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Take candidates of a topic and put a test of two or more variants on them into the queue.
    Create(CreateArguments),
    /// List triage tests, newest first.
    List(ListArguments),
    /// Show a test: what each variant says, how far they agree, the items on which they differ most.
    Show(ShowArguments),
    /// Follow a test to its end; works on the queue while nobody else does.
    Watch(OneArguments),
    /// Show the queue, or steer it: pause, continue, drain (drop all that wait), stop (at once, everywhere), clear (the stop).
    Queue(QueueArguments),
    /// Cancel a test that waits, or stop one that runs. What it has answered is kept.
    Cancel(OneArguments),
}

/// Arguments of `abtest create`.
#[derive(Debug, clap::Args)]
pub struct CreateArguments {
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

/// Arguments of `abtest list`.
#[derive(Debug, clap::Args)]
pub struct ListArguments {
    /// At most this many.
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: u32,
}

/// Arguments of `abtest show`.
#[derive(Debug, clap::Args)]
pub struct ShowArguments {
    /// The test's number.
    #[arg(value_parser = run_number)]
    run: u32,
    /// How many items to show.
    #[arg(long, default_value_t = 10)]
    items: u32,
    /// List every call instead.
    #[arg(long)]
    calls: bool,
}

/// Arguments of `abtest queue`.
#[derive(Debug, clap::Args)]
pub struct QueueArguments {
    /// What to do; without it the queue is only shown.
    #[arg(value_enum)]
    action: Option<QueueAction>,
}

/// What can be done to the queue.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum QueueAction {
    /// Start nothing further; what runs goes on.
    Pause,
    /// Go on after a pause.
    Continue,
    /// Drop everything that waits.
    Drain,
    /// Stop everything that runs, in every program, and start nothing until it is cleared.
    Stop,
    /// Let tests start again after a stop.
    Clear,
}

/// A test by its number.
#[derive(Debug, clap::Args)]
pub struct OneArguments {
    /// The test's number.
    #[arg(value_parser = run_number)]
    run: u32,
}

/// Runs a verb.
pub fn run(service: &Service, verb: &Verb, output: &Output) -> CliResult {
    match verb {
        Verb::Create(given) => create(service, given, output),
        Verb::List(given) => list(service, given, output),
        Verb::Show(given) => show(service, given, output),
        Verb::Watch(given) => watch(service, given.run, output),
        Verb::Queue(given) => queue(service, given.action, output),
        Verb::Cancel(given) => cancel(service, given.run, output),
    }
}

fn create(service: &Service, given: &CreateArguments, output: &Output) -> CliResult {
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
        return Ok(if preview.diagnostics.iter().any(|found| found.is_error()) { super::BAD_INPUT } else { DONE });
    }
    let row = service.create_triage(&request)?;
    if given.watch {
        return watch(service, row.run, output);
    }
    output.print(&row, || {
        data(&format!("#{} waits in the queue: {} items × {} variants", row.run, row.items, row.variants.len()));
    });
    talk(&format!("  follow it with `bakeoff abtest watch {}`; `bakeoff serve` and the window work on it too", row.run));
    Ok(DONE)
}

fn request(given: &CreateArguments) -> Result<TriageRequest, ServiceError> {
    if let Some(path) = &given.file {
        let text = match path.as_os_str() == "-" {
            true => std::io::read_to_string(std::io::stdin()),
            false => std::fs::read_to_string(path),
        };
        let text = text.map_err(|error| ServiceError::io("read", path, &error))?;
        return serde_json::from_str(&text).map_err(|error| {
            ServiceError::bad_input(format!("{}:{}:{}: {error}", path.display(), error.line(), error.column()))
                .with_hint("write {\"topic\": …, \"window_start\": …, \"window_end\": …, \"variants\": […]}")
        });
    }
    let needed = |value: &Option<String>, name: &str| {
        value.clone().ok_or_else(|| {
            ServiceError::bad_input(format!("--{name} is missing"))
                .with_hint("such as: --topic news --start 2026-11-16 --end 2026-11-23 --variant a --variant b")
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
        base_url: None,
    };
    let Some(rest) = rest else { return Ok(variant) };
    let mut parts = rest.split(',').map(str::trim);
    let place = parts.next().unwrap_or_default();
    let (provider, model) =
        place.split_once('/').ok_or_else(|| format!("{place:?} is not PROVIDER/MODEL, such as openai/gpt-5-mini"))?;
    (variant.provider, variant.model) = (Some(provider.to_owned()), Some(model.to_owned()));
    for part in parts {
        match part.split_once('=') {
            Some(("effort", effort)) => {
                let value = serde_json::Value::from(effort);
                variant.reasoning_effort = Some(
                    serde_json::from_value(value)
                        .map_err(|_| format!("effort is {effort:?}; allowed are none, minimal, low, medium, high"))?,
                );
            }
            Some(("max", tokens)) => {
                let most = tokens.parse().ok().filter(|most| *most > 0);
                variant.max_output_tokens = Some(most.ok_or_else(|| format!("max is {tokens:?}; write 1 or more"))?);
            }
            Some(("url", url)) => variant.base_url = Some(url.to_owned()),
            _ => return Err(format!("{part:?} is not effort=…, max=… or url=…")),
        }
    }
    Ok(variant)
}

fn list(service: &Service, given: &ListArguments, output: &Output) -> CliResult {
    let page = service.list_triage(0, given.limit)?;
    output.print(&page, || {
        if page.rows.is_empty() {
            talk("There are no triage tests yet. Make one with: bakeoff abtest create --help");
            return;
        }
        let cells = |row: &TriageRow| {
            vec![
                format!("#{}", row.run),
                row.topic.clone(),
                state(row.state).to_owned(),
                row.variants.join(", "),
                format!("{} of {}", row.items, row.max_items),
                format!("{}/{}", row.done, row.planned),
                row.cost_usd.map_or_else(|| "—".to_owned(), format::usd),
                moment(row.created_at),
            ]
        };
        let header = ["test", "topic", "state", "variants", "items", "trials", "cost", "when"];
        data(&table(&header, &[0, 4, 5, 6], page.rows.iter().map(cells).collect()));
    });
    Ok(DONE)
}

fn show(service: &Service, given: &ShowArguments, output: &Output) -> CliResult {
    if given.calls {
        let calls = service.triage_calls(given.run, 0, u32::MAX)?;
        output.print(&calls, || {
            let cells = |call: &bakeoff_service::dto::ProviderCall| {
                vec![
                    call.item.clone(),
                    call.variant.clone(),
                    format!("{}/{}", call.provider, call.model),
                    tokens(call.input_tokens, call.output_tokens),
                    call.cost_usd.map_or_else(|| "—".to_owned(), format::usd),
                    format::milliseconds((call.ended_at - call.started_at) as f64),
                    call.error.clone().unwrap_or_else(|| "ok".to_owned()),
                ]
            };
            let header = ["item", "variant", "model", "tokens", "cost", "took", "status"];
            data(&table(&header, &[3, 4, 5], calls.rows.iter().map(cells).collect()));
        });
        return Ok(DONE);
    }
    let detail = service.triage_detail(given.run)?;
    let items = service.triage_items(given.run, TriageOrder::Differences, None, 0, given.items)?;
    output.print(&serde_json::json!({"test": detail, "items": items}), || {
        head(&detail);
        summaries(&detail);
        agreement(&detail);
        if !items.rows.is_empty() {
            data("\nItems on which the variants differ most:");
            side_by_side(&detail, &items.rows);
        }
    });
    Ok(DONE)
}

fn head(detail: &TriageDetail) {
    let row = &detail.row;
    let why = row.error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
    data(&format!("#{} {}, {}{why}", row.run, row.topic, state(row.state)));
    data(&format!(
        "{} to {}, {} of {} items, {} of {} trials",
        moment(row.window.start),
        moment(row.window.end),
        row.items,
        row.max_items,
        row.done,
        row.planned
    ));
}

fn summaries(detail: &TriageDetail) {
    let header =
        ["variant", "items", "score", "relevant", "novel", "deep", "errors", "tokens", "latency", "cost"];
    let rows = detail.summaries.iter().map(|one| {
        vec![
            one.variant.clone(),
            one.items.to_string(),
            with_interval(&one.score, |value| format!("{value:.1}")),
            with_interval(&one.relevant, format::percent),
            with_interval(&one.novel, format::percent),
            with_interval(&one.deep, format::percent),
            with_interval(&one.error_rate, format::percent),
            with_interval(&one.tokens, |value| format!("{value:.0}")),
            with_interval(&one.latency_ms, format::milliseconds),
            one.cost_sum_usd.map_or_else(|| "—".to_owned(), format::usd),
        ]
    });
    data(&table(&header, &[1, 2, 3, 4, 5, 6, 7, 8, 9], rows.collect()));
}

fn agreement(detail: &TriageDetail) {
    let name = |variant: u16| detail.row.variants.get(usize::from(variant)).cloned().unwrap_or_default();
    let rows: Vec<Vec<String>> = detail
        .agreement
        .pairs
        .iter()
        .map(|pair| {
            vec![
                format!("{} / {}", name(pair.first), name(pair.second)),
                with_interval(&pair.relevant, format::percent),
                with_interval(&pair.kappa, |value| format!("{value:.2}")),
                with_interval(&pair.rank_correlation, |value| format!("{value:.2}")),
                with_interval(&pair.score_difference, |value| format!("{value:+.1}")),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let header = ["pair", "agree on relevance", "Cohen's kappa", "rank correlation", "score difference"];
        data(&table(&header, &[1, 2, 3, 4], rows));
    }
    for (what, alpha) in
        [("relevance", &detail.agreement.alpha_relevant), ("scores", &detail.agreement.alpha_score)]
    {
        if let Some(value) = alpha.as_ref().and_then(|alpha| alpha.value) {
            data(&format!("Krippendorff's alpha of {what}: {value:.2}"));
        }
    }
}

fn side_by_side(detail: &TriageDetail, items: &[TriageItem]) {
    let mut header = vec!["item"];
    header.extend(detail.row.variants.iter().map(String::as_str));
    let rows = items.iter().map(|item| {
        let title = item.title.clone().unwrap_or_else(|| item.id.clone());
        let mut cells = vec![title.chars().take(50).collect()];
        cells.extend(item.results.iter().map(|result| match result {
            None => "…".to_owned(),
            Some(result) => match &result.triage {
                Some(triage) => {
                    let flag = |is: bool, letter: &str| if is { letter.to_owned() } else { "·".to_owned() };
                    let answer = &triage.answer;
                    format!(
                        "{:.0} {}{}{}",
                        answer.ai_score,
                        flag(answer.is_relevant, "R"),
                        flag(answer.is_novel, "N"),
                        flag(answer.should_deep_summarize, "D")
                    )
                }
                None => "error".to_owned(),
            },
        }));
        cells
    });
    data(&table(&header, &[], rows.collect()));
    talk("R relevant, N novel, D worth a long summary");
}

fn watch(service: &Service, run: u32, output: &Output) -> CliResult {
    // A test that is over has nothing to be followed.
    service.triage_detail(run)?;
    let row = service.run_detail(run)?.row;
    let code = accompany(service, row, None, output)?;
    let detail = service.triage_detail(run)?;
    if !output.json {
        summaries(&detail);
        agreement(&detail);
    }
    Ok(if detail.row.state == JobState::Failed { FAILED } else { code })
}

fn queue(service: &Service, action: Option<QueueAction>, output: &Output) -> CliResult {
    let view = match action {
        None => service.queue_view()?,
        Some(QueueAction::Pause) => service.pause_queue()?,
        Some(QueueAction::Continue) => service.continue_queue()?,
        Some(QueueAction::Drain) => service.drain_queue()?,
        Some(QueueAction::Stop) => service.emergency_stop()?,
        Some(QueueAction::Clear) => service.clear_emergency_stop()?,
    };
    output.print(&view, || {
        let stands = match (view.emergency_stop, view.paused, view.is_worked_on) {
            (true, ..) => "stopped in an emergency; `bakeoff abtest queue clear` lets tests start again",
            (false, true, _) => "paused; `bakeoff abtest queue continue` goes on",
            (false, false, true) => "worked on",
            (false, false, false) => {
                "nobody works on it: start `bakeoff serve` or the window, or watch a test"
            }
        };
        data(&format!("queue: {stands}"));
        for job in &view.jobs {
            data(&format!("#{} {}, {}, {}/{}", job.run, job.topic, state(job.state), job.done, job.planned));
        }
        data(&format!("{} completed, {} failed, {} cancelled", view.completed, view.failed, view.cancelled));
    });
    Ok(DONE)
}

fn cancel(service: &Service, run: u32, output: &Output) -> CliResult {
    let row = service.cancel_triage(run)?;
    output.print(&row, || match row.state {
        JobState::Running => data(&format!("#{run} is being stopped by the program that runs it")),
        state_now => data(&format!("#{run} is {}", state(state_now))),
    });
    Ok(DONE)
}

fn state(state: JobState) -> &'static str {
    match state {
        JobState::Queued => "queued",
        JobState::Running => "running",
        JobState::Completed => "completed",
        JobState::Failed => "failed",
        JobState::Cancelled => "cancelled",
    }
}

fn with_interval(estimate: &Estimate, words: impl Fn(f64) -> String) -> String {
    let Some(value) = estimate.value else { return "—".to_owned() };
    let bounds = estimate.interval.as_ref().and_then(|interval| interval.low.zip(interval.high));
    match bounds {
        Some((low, high)) => format!("{} [{}, {}]", words(value), words(low), words(high)),
        None => words(value),
    }
}

fn cost(estimate: &Estimate) -> String {
    estimate.value.map_or_else(
        || format!("cost unknown: {}", estimate.note.as_deref().unwrap_or("no price")),
        |usd| format!("about {}", format::usd(usd)),
    )
}

fn tokens(input: Option<u32>, output: Option<u32>) -> String {
    match (input, output) {
        (Some(input), Some(output)) => format!("{input} + {output}"),
        _ => "—".to_owned(),
    }
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
