//! Runs of fault campaigns as the store keeps them, with results that a test chooses: no cluster is started.

use super::Place;
use bakeoff_core::campaign::{self, Campaign};
use bakeoff_core::fault::{PlannedFault, Undo};
use bakeoff_core::lab::{
    AuditEntry, AuditKind, Clocks, FaultCase, FaultTrial, NO_AGENT, classify, is_thrashing, no_agent,
    unique_commands,
};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::lab::LabLog;
use bakeoff_core::subject;
use bakeoff_core::trial::{SentPrompt, TrialKey, TrialRecord, Usage};
use bakeoff_core::variant;
use bakeoff_store::{NewCase, NewRun, NewVariant, RunState, Store};

/// A moment.
const NOW: i64 = 1_760_000_000_000;

/// How a trial went.
#[derive(Clone)]
pub struct Repair {
    pub outcome: Outcome,
    /// Seconds to the ticket.
    pub detect_s: Option<f64>,
    /// Seconds to the restored system, or for how long it was watched in vain; absent for a control.
    pub restored: Option<Result<f64, f64>>,
    /// One a second.
    pub commands: Vec<&'static str>,
}

impl Repair {
    /// It was repaired after so many seconds.
    pub fn after(seconds: f64) -> Self {
        Self {
            outcome: Outcome::Pass,
            detect_s: Some(1.0),
            restored: Some(Ok(seconds)),
            commands: Vec::new(),
        }
    }

    /// It was not repaired in 15 seconds.
    pub fn never() -> Self {
        Self { outcome: Outcome::Timeout, restored: Some(Err(15.0)), ..Self::after(0.0) }
    }

    /// With these commands.
    pub fn by(self, commands: &[&'static str]) -> Self {
        Self { commands: commands.to_vec(), ..self }
    }
}

/// A finished run of the campaign `name`, whose definition is `text`, in a place with the starter's files. Each trial went as
/// `how` says of its fault's label, its variant and its repetition; `None`: it has not ended, and the run is stopped.
pub fn stored_repairs(
    place: &Place,
    name: &str,
    text: &str,
    how: impl Fn(&str, &str, u16) -> Option<Repair>,
) -> u32 {
    // The program makes the database.
    place.run(&["list"]).expect_code(0);
    let store = Store::open(place.path(".bakeoff/results.db")).expect("the database can be opened");
    let campaign = campaign::check(name, text).value.unwrap_or_else(|| panic!("{text} is a campaign"));
    let lab = campaign.lab.clone().expect("it has faults");
    let read = |folder: &str, name: &str| place.read(&format!("{folder}/{name}.yaml"));
    let subjects: Vec<_> = lab
        .subjects
        .iter()
        .map(|name| subject::check(name, &read("subjects", name)).value.expect("a subject"))
        .collect();
    let cases = campaign::lab_cases(&campaign, &subjects).expect("cases");
    let variants = campaign.variants.iter().map(|name| match name.as_str() {
        NO_AGENT => NewVariant { variant: no_agent(), text: String::new() },
        name => {
            let text = read("variants", name);
            NewVariant { variant: variant::check(name, &text).value.expect("a variant"), text }
        }
    });
    let new = NewRun {
        campaign: campaign.clone(),
        definition: text.to_owned(),
        definition_hash: text.len().to_string(),
        seed: 1,
        app_version: "0.1.0".to_owned(),
        created_at: NOW,
        variants: variants.collect(),
        cases: Box::new(cases.clone().into_iter().map(|case| NewCase {
            preview: case.id.to_string(),
            case,
            expected: None,
        })),
    };
    let faults: Vec<FaultCase> = cases.iter().map(|case| FaultCase::of(case).expect("a fault")).collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let run = store.create_run(new).await.expect("a run");
        let log = store.trial_log(run);
        let mut is_whole = true;
        for (key, case, variant) in keys(&campaign, &faults) {
            let Some(repair) = how(&case.fault.label(), variant, key.repetition) else {
                is_whole = false;
                continue;
            };
            let fault = fault_trial(case, &repair, variant);
            for (number, line) in (1..).zip(&repair.commands) {
                log.audit(key, command(number, line));
            }
            log.append_record(record(key, &repair, fault)).await.expect("a trial");
        }
        let state = if is_whole { RunState::Finished } else { RunState::Stopped };
        store.set_state(run, state, None, NOW + 60_000).await.expect("an end");
        run
    })
}

fn keys<'a>(
    campaign: &'a Campaign,
    faults: &'a [FaultCase],
) -> impl Iterator<Item = (TrialKey, &'a FaultCase, &'a str)> {
    let of_case = move |(case, fault): (u32, &'a FaultCase)| {
        (0..).zip(&campaign.variants).flat_map(move |(variant, name)| {
            (0..campaign.trials_per_combination)
                .map(move |repetition| (TrialKey { case, variant, repetition }, fault, name.as_str()))
        })
    };
    (0..).zip(faults).flat_map(of_case)
}

fn command(number: u32, line: &str) -> AuditEntry {
    AuditEntry {
        number,
        at: NOW + i64::from(number) * 1_000,
        kind: AuditKind::ToolCall,
        summary: line.to_owned(),
        content: line.to_owned(),
        tool: Some("shell".to_owned()),
        parameters: Some(serde_json::json!({"command": line, "reasoning": format!("thought {number}")})),
        exit_code: None,
        class: Some(classify(line)),
    }
}

fn fault_trial(case: &FaultCase, repair: &Repair, variant: &str) -> FaultTrial {
    let times: Vec<(i64, &str)> =
        (1..).map(|number: i64| number * 1_000).zip(repair.commands.iter().copied()).collect();
    FaultTrial {
        subject: case.subject.clone(),
        fault: case.fault.clone(),
        planned: Some(PlannedFault {
            fault: case.fault.clone(),
            node: Some("n2".to_owned()),
            mechanism: "signal".to_owned(),
            undo: Undo::Nothing,
            detail: serde_json::Map::new(),
        }),
        fault_state: None,
        mode: if variant == NO_AGENT { "baseline" } else { "managed" }.to_owned(),
        sandbox: None,
        tools: Vec::new(),
        clocks: Clocks { landed_at: Some(NOW), ..Clocks::default() },
        detect_s: repair.detect_s,
        restore_s: repair.restored.and_then(Result::ok),
        censored_s: repair.restored.and_then(Result::err),
        claim_lag_s: None,
        commands: repair.commands.len() as u32,
        unique_commands: unique_commands(repair.commands.iter().copied()),
        destructive: repair
            .commands
            .iter()
            .filter(|line| classify(line) == bakeoff_core::lab::CommandClass::Destructive)
            .count() as u32,
        destructive_effects: 0,
        thrashing: is_thrashing(&times),
        verdict: None,
        attribution: None,
        tickets: Vec::new(),
        initial_state: None,
        final_state: None,
        imported: None,
    }
}

fn record(key: TrialKey, repair: &Repair, fault: FaultTrial) -> TrialRecord {
    TrialRecord {
        key,
        outcome: repair.outcome,
        score: None,
        latency_ms: None,
        wait_ms: 0.0,
        paced: false,
        usage: Usage::default(),
        cost_usd: Some(0.0),
        started_at: NOW - 5_000,
        ended_at: NOW + 20_000,
        sent: SentPrompt::default(),
        answer: None,
        stop_reason: None,
        model_answered: None,
        error: None,
        expected_label: None,
        answered_label: None,
        scores: Vec::new(),
        attempts: Vec::new(),
        steps: Vec::new(),
        fault: Some(Box::new(fault)),
    }
}
