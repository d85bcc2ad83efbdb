//! Tickets of fault trials, and what people say about them.

use crate::dto::{DrawnTimeline, FaultDetail, Page, ServiceError, TicketRow};
use crate::error::Result;
use crate::service::Service;
use bakeoff_charts::draw_timeline;
use bakeoff_core::chart::{self, ChartTheme, TimelineSpec};
use bakeoff_core::lab::{AuditEntry, FaultTrial, TicketChange};
use bakeoff_core::trial::TrialKey;
use bakeoff_store::TicketFilter;
use std::time::{Duration, Instant};

/// A program that runs a trial answers within this time.
const ANSWER: Duration = Duration::from_secs(5);
/// Between two looks for its answer.
const LOOK: Duration = Duration::from_millis(50);
/// Pixels of a drawn timeline.
const TIMELINE_WIDTH: u32 = 760;

impl Service {
    /// A page of tickets, newest first; of one run, or of all; all, or only those that are not resolved.
    pub fn list_tickets(
        &self,
        run: Option<u32>,
        unresolved: bool,
        offset: u32,
        limit: u32,
    ) -> Result<Page<TicketRow>> {
        let filter = TicketFilter { run, unresolved, ..TicketFilter::default() };
        let (rows, total) = self.store().tickets(filter, offset, limit)?;
        Ok(Page { rows: rows.into_iter().map(row).collect(), total, offset })
    }

    /// One ticket by its number.
    pub fn ticket(&self, id: u32) -> Result<TicketRow> {
        Ok(row(self.store().ticket(id)?))
    }

    /// A person closes a ticket.
    pub fn resolve_ticket(&self, id: u32) -> Result<TicketRow> {
        self.change_ticket(id, TicketChange::Resolve)
    }

    /// A person keeps a ticket from being resolved by itself, or lets it.
    pub fn hold_ticket(&self, id: u32, held: bool) -> Result<TicketRow> {
        self.change_ticket(id, if held { TicketChange::Hold } else { TicketChange::Unhold })
    }

    /// Changes a ticket in the trial that it belongs to, which this program or another one runs. The ticket of a trial
    /// that has ended is a part of its result, and stays as it is.
    fn change_ticket(&self, id: u32, change: TicketChange) -> Result<TicketRow> {
        let found = self.store().ticket(id)?;
        if let Some(active) = self.active.get(found.run) {
            let changed = active.change_ticket(found.key, found.ticket.number, change);
            let ticket = changed.map_err(|error| refused(id, found.run, &error.to_string()))?;
            return Ok(row(bakeoff_store::TicketRow { ticket, ..found }));
        }
        let owner = self.store().run(found.run)?.owner.filter(|owner| !owner.is_gone);
        let Some(owner) = owner else {
            return Err(refused(id, found.run, "no trial of that run is going on"));
        };
        let asked = self.wait(self.store().ask_ticket_change(id, change, self.now()))?;
        match self.answer_to(asked)? {
            Some(Ok(())) => Ok(row(self.store().ticket(id)?)),
            Some(Err(refusal)) => Err(refused(id, found.run, &refusal)),
            None => {
                let why = format!("process {} did not answer", owner.process);
                // So that it is not done later, when nobody expects it any more.
                self.wait(self.store().answer_ticket_change(asked, self.now(), Some(why.clone())))?;
                Err(ServiceError::unavailable(format!("ticket {id} was not changed: {why}"))
                    .with_hint("it runs the trial; see whether it is still at work, and try again"))
            }
        }
    }

    /// What the program that runs a trial said to a request; `None`: nothing in time.
    fn answer_to(&self, asked: i64) -> Result<Option<std::result::Result<(), String>>> {
        let until = Instant::now() + ANSWER;
        loop {
            let answer = self.store().ticket_change_answer(asked)?;
            if answer.is_some() || Instant::now() > until {
                return Ok(answer);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// What a fault trial has beside other trials, with its timeline drawn.
    pub(crate) fn fault_detail(
        &self,
        run: u32,
        key: TrialKey,
        trial: FaultTrial,
        case_json: &str,
    ) -> Result<FaultDetail> {
        let samples = self.store().trial_samples(run, key)?;
        let audit = self.store().trial_audit(run, key)?;
        let case = serde_json::from_str::<serde_json::Value>(case_json).unwrap_or_default();
        let bound_ms = case["subject"]["service_level"]["latency_ms"].as_f64().unwrap_or(f64::NAN);
        let spec = chart::timeline(&trial, &samples, &audit, bound_ms);
        let timeline = spec.map(|spec| drawn_timeline(&spec)).transpose()?;
        Ok(FaultDetail { trial, samples, audit, timeline })
    }

    /// What a trial's agent did, oldest first; of a trial that is going on, so far.
    pub fn trial_audit(&self, run: u32, key: TrialKey) -> Result<Vec<AuditEntry>> {
        Ok(self.store().trial_audit(run, key)?)
    }
}

fn refused(id: u32, run: u32, why: &str) -> ServiceError {
    ServiceError::conflict(format!("ticket {id} of run #{run} was not changed: {why}"))
        .with_hint("only tickets of trials that are going on can be changed; bakeoff tickets list shows them")
}

fn drawn_timeline(spec: &TimelineSpec) -> Result<DrawnTimeline> {
    let drawn = draw_timeline(spec, ChartTheme::Light, TIMELINE_WIDTH).map_err(crate::charts::failed)?;
    Ok(DrawnTimeline {
        description: spec.description.clone(),
        svg: drawn.svg,
        width: drawn.width,
        height: drawn.height,
    })
}

fn row(row: bakeoff_store::TicketRow) -> TicketRow {
    TicketRow {
        id: row.id,
        run: row.run,
        key: row.key,
        case_id: row.case_id,
        variant: row.variant,
        ticket: row.ticket,
    }
}
