//! Operator's own agent: its tickets are bound before the fault is done, and what comes of them is followed until it ends.

use super::super::draft::Draft;
use super::super::{Context, Verdict};
use super::context::Mode;
use super::protocol::{Repair, Times};
use super::rig::Rig;
use super::{LabContext, Lookout, PROBE_LIMIT, within};
use bakeoff_core::campaign::Agent;
use bakeoff_core::lab::{Claim, Ticket};
use bakeoff_core::ports::operator::{Binding, OperatorEnd, OperatorLook};
use bakeoff_core::trial::{Millis, SentPrompt};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks into the file.
const LOOK: Duration = Duration::from_millis(200);
/// Tickets of before are waited for this long, until Operator has closed them.
const BIND_LIMIT: Duration = Duration::from_secs(15);
/// Between two tries to bind.
const BIND_EVERY: Duration = Duration::from_millis(500);
/// An agent's last words are waited for this long after its end.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Looks in a row that may fail.
const MOST_FAILURES: u32 = 5;

/// Binds the trial's tickets: to its variant, or in a baseline trial to nobody. Nothing where the agent is another.
pub(super) async fn bind(context: &Context, lab: &LabContext, rig: &mut Rig) -> Result<(), Verdict> {
    let Agent::OperatorDb(path) = &lab.settings().agent else { return Ok(()) };
    let binding = match rig.mode {
        Mode::Baseline => Binding::Nobody,
        _ => {
            let variant = context.prepared.variant(rig.key.variant);
            let tools = variant.tools_config.clone().into_iter();
            Binding::Variant {
                name: variant.name.clone(),
                model: variant.model.clone(),
                system_prompt: variant.system_prompt.clone(),
                tools_config: tools.collect(),
            }
        }
    };
    let port =
        lab.operator().ok_or_else(|| Verdict::infra("This program can't open operator.db.".to_owned()))?;
    let deadline = Instant::now() + BIND_LIMIT;
    loop {
        let bound = port.bind(PathBuf::from(path), binding.clone());
        match within(PROBE_LIMIT, "Binding its tickets", bound).await {
            Ok(operator) => {
                rig.operator = Some(operator);
                return Ok(());
            }
            Err(error) if error.is_unavailable || Instant::now() >= deadline => {
                return Err(Verdict::infra(format!("agent.operator_db: {}", error.message)));
            }
            Err(_) => tokio::time::sleep(BIND_EVERY).await,
        }
    }
}

/// Follows this trial's ticket until its agent has ended or the time is up. Without a ticket: until nothing was wrong for
/// long enough.
pub(super) async fn follow(
    context: &Context,
    rig: &mut Rig,
    lookout: &Lookout,
    draft: &mut Draft,
    times: Times,
    deadline: Millis,
) -> Result<Repair, Verdict> {
    let mut repair = Repair { claim: Claim::None, failure: None, is_overtaken: false, deadline };
    let mut failures = 0;
    let mut is_told = false;
    loop {
        let Some(operator) = rig.operator.as_mut() else {
            return Err(Verdict::infra("operator.db is not open.".to_owned()));
        };
        let look = match within(PROBE_LIMIT, "Reading operator.db", operator.look()).await {
            Ok(look) => look,
            Err(error) if failures >= MOST_FAILURES => return Err(Verdict::infra(error.message)),
            Err(_) => {
                failures += 1;
                OperatorLook::default()
            }
        };
        if let Some(why) = look.misbound {
            return Err(Verdict::infra(why));
        }
        if let Some(ticket) = look.ticket {
            failures = 0;
            if !is_told {
                is_told = true;
                draft.record.sent.user.clone_from(&ticket.message);
                prove(context, rig, draft, &ticket);
            }
            lookout.adopt(ticket);
        }
        if look.is_taken && rig.trial.clocks.agent_at.is_none() {
            rig.trial.clocks.agent_at = Some(rig.clock.now());
        }
        look.news.into_iter().for_each(|entry| rig.audit.append(entry));
        let (claim, said) = match look.end {
            Some(OperatorEnd::Resolved(said)) => (Claim::Resolved, said),
            Some(OperatorEnd::Escalated(said)) => (Claim::GaveUp, said),
            None => {
                if Instant::now() >= times.limit {
                    rig.audit.note("The time limit was reached while Operator was at work.");
                    return Ok(repair);
                }
                if !look.is_taken && times.is_quiet(&lookout.seen(), rig.clock.now()) {
                    return Ok(repair);
                }
                tokio::time::sleep_until((Instant::now() + LOOK).min(times.limit)).await;
                continue;
            }
        };
        if claim == Claim::Resolved {
            rig.trial.clocks.resolved_at = Some(rig.clock.now());
        }
        let said = last_words(rig, said, times.limit).await;
        draft.record.answer = Some(said).filter(|said| !said.is_empty());
        repair.claim = claim;
        return Ok(repair);
    }
}

/// What the agent says at its end. Operator resolves the ticket and closes the session one after the other, so that the words
/// may come after the end; nothing hangs on them but the record.
async fn last_words(rig: &mut Rig, mut said: String, limit: Instant) -> String {
    let until = (Instant::now() + LAST_WORDS).min(limit);
    while said.is_empty() && Instant::now() < until {
        tokio::time::sleep_until((Instant::now() + LOOK).min(until)).await;
        let Some(operator) = rig.operator.as_mut() else { break };
        let look = within(PROBE_LIMIT, "Reading operator.db", operator.look()).await.unwrap_or_default();
        look.news.into_iter().for_each(|entry| rig.audit.append(entry));
        if let Some(OperatorEnd::Resolved(words) | OperatorEnd::Escalated(words)) = look.end {
            said = words;
        }
    }
    said
}

/// Keeps what the ticket carried when it was first seen. That it is the variant has been looked at.
fn prove(context: &Context, rig: &mut Rig, draft: &mut Draft, ticket: &Ticket) {
    let variant = context.prepared.variant(rig.key.variant);
    draft.record.sent = SentPrompt { system: variant.system_prompt.clone(), user: ticket.message.clone() };
    let tools = variant.tools_config.get("enabled_tools").and_then(Value::as_array);
    let names = tools.into_iter().flatten().filter_map(Value::as_str);
    rig.trial.tools = names.map(str::to_owned).collect();
    let carried = json!({
        "variant_model": variant.model,
        "variant_system_prompt": variant.system_prompt,
        "variant_tools_config": variant.tools_config,
    });
    rig.audit.note(&format!("The ticket {} of operator.db was read back with {carried}", ticket.key));
}
