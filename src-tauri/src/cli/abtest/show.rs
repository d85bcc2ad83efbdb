//! `bakeoff abtest show`: what the variants of a triage test say, and every call they made.

use super::state;
use crate::cli::output::{Output, data, moment, table, talk};
use crate::cli::{CliResult, DONE, run_number};
use bakeoff_core::analysis::Estimate;
use bakeoff_core::chart::format;
use bakeoff_service::Service;
use bakeoff_service::dto::{TriageDetail, TriageItem, TriageOrder};

/// Arguments of `abtest show`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
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

/// Shows a test.
pub fn run(service: &Service, given: &Arguments, output: &Output) -> CliResult {
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

/// A line for each variant.
pub fn summaries(detail: &TriageDetail) {
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

/// How far they agree.
pub fn agreement(detail: &TriageDetail) {
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

fn with_interval(estimate: &Estimate, words: impl Fn(f64) -> String) -> String {
    let Some(value) = estimate.value else { return "—".to_owned() };
    let bounds = estimate.interval.as_ref().and_then(|interval| interval.low.zip(interval.high));
    match bounds {
        Some((low, high)) => format!("{} [{}, {}]", words(value), words(low), words(high)),
        None => words(value),
    }
}

fn tokens(input: Option<u32>, output: Option<u32>) -> String {
    match (input, output) {
        (Some(input), Some(output)) => format!("{input} + {output}"),
        _ => "—".to_owned(),
    }
}
