//! Tickets of fault trials, and what people say about them.

use crate::dto::{DrawnTimeline, FaultDetail, Page, TicketRow};
use crate::error::Result;
use crate::service::Service;
use bakeoff_charts::draw_timeline;
use bakeoff_core::chart::{self, ChartTheme, TimelineSpec};
use bakeoff_core::lab::{AuditEntry, FaultTrial};
use bakeoff_core::trial::TrialKey;
use bakeoff_store::TicketFilter;

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
        Ok(row(self.wait(self.store().resolve_ticket(id, self.now()))?))
    }

    /// A person keeps a ticket from being resolved by itself, or lets it.
    pub fn hold_ticket(&self, id: u32, held: bool) -> Result<TicketRow> {
        Ok(row(match held {
            true => self.wait(self.store().hold_ticket(id))?,
            false => self.wait(self.store().unhold_ticket(id))?,
        }))
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
