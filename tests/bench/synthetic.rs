//! A finished run with made-up results, written through the store.

use crate::Error;
use crate::place::{LABELS, Place, VARIANTS, campaign_text, row, variant_text};
use bakeoff_core::campaign;
use bakeoff_core::dataset::Case;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::{Attempt, AttemptPurpose, Score, SentPrompt, TrialKey, TrialRecord, Usage};
use bakeoff_core::variant;
use bakeoff_store::{NewCase, NewRun, NewVariant, RunState, Store};
use serde_json::value::RawValue;

/// Some moment: milliseconds since 1970.
const THEN: i64 = 1_760_000_000_000;
/// Records that wait for the writer at the same time.
const BATCH: u32 = 10_000;

/// Writes a run of so many trials into the place's database; returns its number.
pub fn finished_run(place: &Place, trials: u32) -> Result<u32, Error> {
    let database = place.open()?.workspace()?.database;
    let store = Store::open(database)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(fill(&store, trials))
}

async fn fill(store: &Store, trials: u32) -> Result<u32, Error> {
    let variants = VARIANTS.len() as u32;
    let run = store.create_run(new_run(trials / variants)?).await?;
    let log = store.trial_log(run);
    for start in (0..trials).step_by(BATCH as usize) {
        let queued: Vec<_> =
            (start..trials.min(start + BATCH)).map(|number| log.append_record(record(number))).collect();
        for written in queued {
            written.await?;
        }
    }
    store.set_state(run, RunState::Finished, None, THEN).await?;
    Ok(run)
}

fn new_run(cases: u32) -> Result<NewRun, Error> {
    let text = campaign_text(16);
    let campaign = campaign::check("bench", &text).value.ok_or("the campaign of the benches has an error")?;
    let variants = VARIANTS.iter().map(|name| {
        let text = variant_text(name, "provider: builtin\nmodel: lexical-1");
        let variant = variant::check(name, &text).value.ok_or("a variant of the benches has an error")?;
        Ok::<_, Error>(NewVariant { variant, text })
    });
    let cases = (0..cases).filter_map(|number| {
        let json = RawValue::from_string(row(number as usize).to_string()).ok()?;
        let case = Case { id: format!("ticket-{number}").into(), json };
        Some(NewCase { case, expected: Some(label(number).to_owned()), preview: format!("Ticket {number}") })
    });
    Ok(NewRun {
        seed: campaign.seed,
        campaign,
        definition_hash: bakeoff_core::hash::sha256_hex(text.as_bytes()),
        definition: text,
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: THEN,
        variants: variants.collect::<Result<_, _>>()?,
        cases: Box::new(cases),
    })
}

fn label(number: u32) -> &'static str {
    LABELS[number as usize % LABELS.len()]
}

/// Trials of a case follow each other; four of five pass, and latencies are spread over an order of magnitude.
fn record(number: u32) -> TrialRecord {
    let variants = VARIANTS.len() as u32;
    let key = TrialKey { case: number / variants, variant: (number % variants) as u16, repetition: 0 };
    let spread = spread(number);
    let passed = !spread.is_multiple_of(5);
    let latency = 200 + (spread >> 8) % 2_000;
    let ended_at = THEN + i64::from(number) + latency as i64;
    let usage = Usage {
        input_tokens: Some(40 + (spread >> 20) % 20),
        cached_input_tokens: Some(0),
        output_tokens: Some(1 + (spread >> 30) % 8),
    };
    let expected = label(key.case);
    let answer = if passed { expected } else { "none of these" };
    TrialRecord {
        key,
        outcome: if passed { Outcome::Pass } else { Outcome::Fail },
        score: Some(f64::from(u8::from(passed))),
        latency_ms: Some(latency as f64),
        wait_ms: 0.0,
        paced: false,
        usage,
        cost_usd: Some(latency as f64 * 1e-6),
        started_at: THEN + i64::from(number),
        ended_at,
        sent: SentPrompt { system: Some("Choose a label.".to_owned()), user: format!("Ticket {}", key.case) },
        answer: Some(answer.to_owned()),
        stop_reason: Some("stop".to_owned()),
        model_answered: Some("made-up".to_owned()),
        error: None,
        expected_label: Some(expected.to_owned()),
        answered_label: Some(answer.to_owned()),
        scores: vec![score(passed)],
        attempts: vec![attempt(THEN + i64::from(number), ended_at, usage)],
        steps: Vec::new(),
        fault: None,
    }
}

fn score(passed: bool) -> Score {
    Score {
        scorer: "exact".to_owned(),
        metric: "exact".to_owned(),
        score: f64::from(u8::from(passed)),
        weight: 1.0,
        passed,
        reason: "compared".to_owned(),
    }
}

fn attempt(started_at: i64, ended_at: i64, usage: Usage) -> Attempt {
    Attempt {
        number: 1,
        purpose: AttemptPurpose::Answer,
        provider: "builtin".to_owned(),
        model: "lexical-1".to_owned(),
        started_at,
        ended_at,
        status: Some(200),
        usage,
        cost_usd: Some(0.0),
        error: None,
    }
}

/// Bits that look random but are the same each time (SplitMix64).
pub fn spread(number: u32) -> u64 {
    let mut bits = u64::from(number).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
