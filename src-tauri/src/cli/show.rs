//! `bakeoff show ID [--trial N]`

use super::output::{Output, data, moment, table};
use super::{CliResult, DONE, compare, list, show_fault};
use bakeoff_core::chart::format;
use bakeoff_core::trial::Step;
use bakeoff_service::Service;
use bakeoff_service::dto::{CompareRequest, RunDetail, TrialDetail, TrialFilter};

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The run's number.
    #[arg(value_parser = super::run_number)]
    run: u32,
    /// One trial, by its number in the run.
    #[arg(short, long)]
    trial: Option<u32>,
    /// Also list this many of the run's trials.
    #[arg(long, default_value_t = 0, value_name = "N")]
    trials: u32,
}

/// Shows a run or a trial.
pub fn run(service: &Service, arguments: &Arguments, output: &Output) -> CliResult {
    if let Some(number) = arguments.trial {
        let trial = service.trial_by_number(arguments.run, number)?;
        output.print(&trial, || print_trial(&trial));
        return Ok(DONE);
    }
    let detail = service.run_detail(arguments.run)?;
    let request = CompareRequest { runs: vec![arguments.run], ..CompareRequest::default() };
    let view = if detail.row.done > 0 { Some(service.compare(&request)?) } else { None };
    let trials = service.list_trials(arguments.run, &TrialFilter::default(), 0, arguments.trials)?;
    output.print(&serde_json::json!({ "run": detail, "comparison": view, "trials": trials.rows }), || {
        print_run(&detail);
        if let Some(view) = &view {
            data("");
            compare::print(view);
        }
        if !trials.rows.is_empty() {
            let rows = trials.rows.iter().map(|trial| {
                vec![
                    trial.number.to_string(),
                    trial.case_id.clone(),
                    trial.variant.clone(),
                    trial.outcome.name().to_owned(),
                    trial.latency_ms.map_or_else(|| "—".to_owned(), format::milliseconds),
                    trial.preview.chars().take(60).collect(),
                ]
            });
            data("");
            let header = ["trial", "case", "variant", "outcome", "latency", "answer"];
            data(&table(&header, &[0, 4], rows.collect()));
        }
    });
    Ok(DONE)
}

fn print_run(detail: &RunDetail) {
    let row = &detail.row;
    data(&format!("run #{}  {}  {}", row.id, row.campaign, list::state(row.state)));
    if let Some(reason) = &row.reason {
        data(&format!("  {reason}"));
    }
    data(&format!(
        "{} of {} trials: {} cases × {} variants × {} repetitions, seed {}",
        row.done,
        row.planned,
        detail.cases,
        detail.variants.len(),
        detail.repetitions,
        detail.seed
    ));
    data(&format!("started {}, bakeoff {}", moment(row.created_at), detail.app_version));
}

fn print_trial(trial: &TrialDetail) {
    let row = &trial.row;
    data(&format!("trial {} of run #{}: {} × {}", row.number, trial.run, row.case_id, row.variant));
    let score = row.score.map_or_else(|| "—".to_owned(), |score| format!("{score:.3}"));
    let latency = row.latency_ms.map_or_else(|| "—".to_owned(), format::milliseconds);
    let cost = row.cost_usd.map_or_else(|| "—".to_owned(), format::usd);
    let paced = if trial.paced { " (paced)" } else { "" };
    data(&format!("outcome {}  score {score}  latency {latency}{paced}  cost {cost}", row.outcome.name()));
    let section = |title: &str, text: &str| {
        data(&format!("\n{title}:"));
        for line in text.lines() {
            data(format!("  {line}").trim_end());
        }
    };
    if let Some(system) = &trial.sent.system {
        section("system prompt", system);
    }
    if !trial.sent.user.is_empty() {
        section("user turn", &trial.sent.user);
    }
    if let Some(answer) = &trial.answer {
        section("answer", answer);
    }
    if let Some(error) = &trial.error {
        section("error", error);
    }
    for score in &trial.scores {
        let passed = if score.passed { "pass" } else { "fail" };
        data(&format!(
            "\n{} {passed} {:.3} (weight {}): {}",
            score.metric, score.score, score.weight, score.reason
        ));
    }
    print_steps(&trial.steps);
    if let Some(fault) = &trial.fault {
        show_fault::print(fault);
    }
    for attempt in &trial.attempts {
        let took = format::milliseconds((attempt.ended_at - attempt.started_at) as f64);
        let status = attempt.status.map_or_else(String::new, |status| format!(" {status}"));
        let error = attempt.error.as_deref().map_or_else(String::new, |error| format!(": {error}"));
        data(&format!(
            "attempt {}: {} {}{status}, {took}{error}",
            attempt.number, attempt.provider, attempt.model
        ));
    }
}

/// The nodes of a workflow as they ran.
fn print_steps(steps: &[Step]) {
    if steps.is_empty() {
        return;
    }
    data("");
    let rows = steps.iter().map(|step| {
        let item = step.item.map_or_else(String::new, |item| format!(", item {item}"));
        let again = if step.iteration > 1 { format!(", time {}", step.iteration) } else { String::new() };
        let outputs = serde_json::to_string(&step.outputs).unwrap_or_default();
        vec![
            format!("{}{again}{item}", step.node),
            step.latency_ms.map_or_else(|| "—".to_owned(), format::milliseconds),
            step.usage.total_tokens().map_or_else(|| "—".to_owned(), |tokens| tokens.to_string()),
            step.cost_usd.map_or_else(|| "—".to_owned(), format::usd),
            step.error.clone().unwrap_or(outputs),
        ]
    });
    data(&table(&["step", "latency", "tokens", "cost", "outputs"], &[1, 2, 3], rows.collect()));
    for step in steps.iter().filter(|step| step.node == "runner") {
        for line in step.answer.iter().flat_map(|text| text.lines()) {
            data(&format!("  stderr: {line}"));
        }
    }
}
