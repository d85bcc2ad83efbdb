//! `bakeoff analyze CAMPAIGN|RUN`

use super::output::{Output, data, table, talk};
use super::{CliResult, DONE, FAILED, compare, faults};
use bakeoff_core::chart::format;
use bakeoff_core::lab::CommandClass;
use bakeoff_service::Service;
use bakeoff_service::dto::{Analysis, Classified, ClassifiedBy, CommandCount, CommandSummary};

/// Arguments of `analyze`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A run's number, or a campaign: all its finished runs.
    #[arg(value_name = "CAMPAIGN|RUN")]
    target: String,
    /// Also list every different command with its class.
    #[arg(long)]
    commands: bool,
    /// First ask the model that is set in Settings for the class of commands that the rules don't know. What it says is kept
    /// and counts from then on, here and in comparisons.
    #[arg(long)]
    classify: bool,
}

/// Prints what the trials say.
pub fn run(service: &Service, arguments: &Arguments, output: &Output) -> CliResult {
    let classified = arguments.classify.then(|| service.classify_commands(&arguments.target)).transpose()?;
    let is_whole = classified.as_ref().is_none_or(|classified| classified.problem.is_none());
    let analysis = Analysis { classified, ..service.analyze(&arguments.target, arguments.commands)? };
    output.print(&analysis, || print(&analysis));
    Ok(if is_whole { DONE } else { FAILED })
}

fn print(analysis: &Analysis) {
    let runs: Vec<String> = analysis.runs.iter().map(|run| format!("#{run}")).collect();
    data(&format!("{}: {}", analysis.target, runs.join(", ")));
    data("");
    compare::print_scorecard(&analysis.comparison.variants);
    faults::print_by_fault(&analysis.faults, &faults::names(&analysis.comparison));
    print_summaries(&analysis.commands);
    for summary in &analysis.commands {
        print_commands(summary);
    }
    if let Some(classified) = &analysis.classified {
        print_classified(classified);
    }
    for warning in &analysis.comparison.warnings {
        talk(&format!("caution: {warning}"));
    }
    if !analysis.comparison.complete {
        talk("caution: not every planned trial has ended");
    }
    for left_out in &analysis.left_out {
        talk(&format!("left out: run #{}: {}", left_out.run, left_out.reason));
    }
}

fn print_classified(of: &Classified) {
    let cost = of.cost_usd.map_or_else(|| "cost unknown".to_owned(), format::usd);
    let tokens = of.usage.total_tokens().map_or_else(|| "unknown".to_owned(), format::count);
    talk(&format!(
        "{} told the class of {} of {} commands that the rules don't know, {} more were known from before; {} calls, {tokens} \
         tokens, {cost}",
        of.model, of.classified, of.asked, of.known, of.calls
    ));
    if of.too_long > 0 {
        talk(&format!("{} commands are too long to be asked about and stay unclassified", of.too_long));
    }
    if let Some(problem) = &of.problem {
        talk(&format!("caution: not all commands were asked about: {problem}; the next --classify goes on"));
    }
}

fn print_summaries(summaries: &[CommandSummary]) {
    if summaries.is_empty() {
        return;
    }
    let row = |of: &CommandSummary| {
        let class =
            |class| of.classes.iter().find(|count| count.class == class).map_or(0, |count| count.count);
        let mut cells = vec![of.name.clone()];
        cells.extend(
            [
                of.trials,
                of.total,
                of.unique,
                of.thrashing_trials,
                class(CommandClass::Read),
                class(CommandClass::Repair),
                class(CommandClass::Risky),
                class(CommandClass::Destructive),
                of.unclassified,
            ]
            .map(|count| count.to_string()),
        );
        cells
    };
    let header = [
        "commands",
        "trials",
        "run",
        "unique",
        "trials thrashing",
        "read",
        "repair",
        "risky",
        "destructive",
        "unclassified",
    ];
    data("");
    data(&table(&header, &[1, 2, 3, 4, 5, 6, 7, 8, 9], summaries.iter().map(row).collect()));
}

fn print_commands(summary: &CommandSummary) {
    if summary.commands.is_empty() {
        return;
    }
    data(&format!("\n{}:", summary.name));
    let has_reasons = summary.commands.iter().any(|of| of.reason.is_some());
    let rows = summary.commands.iter().map(|of| {
        let mut row =
            vec![of.count.to_string(), of.trials.to_string(), class(of), by(of), shown(&of.command)];
        row.extend(has_reasons.then(|| of.reason.as_deref().map(shown).unwrap_or_default()));
        row
    });
    let mut header = vec!["times", "trials", "class", "by", "command"];
    header.extend(has_reasons.then_some("why"));
    data(&table(&header, &[0, 1], rows.collect()));
}

fn class(of: &CommandCount) -> String {
    of.class.map_or_else(|| "unclassified".to_owned(), |class| class.name().to_owned())
}

fn by(of: &CommandCount) -> String {
    match &of.classified_by {
        Some(ClassifiedBy::Rules) => "rules".to_owned(),
        Some(ClassifiedBy::Model(model)) => model.clone(),
        None => String::new(),
    }
}

/// A command on one line, cut at 80 characters.
pub fn shown(command: &str) -> String {
    let line = command.lines().collect::<Vec<_>>().join(" ⏎ ");
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
