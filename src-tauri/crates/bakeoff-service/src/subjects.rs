//! Subjects: what there is, what each needs, and the faults that may still be in force.

use crate::atomic;
use crate::dto::{FaultOffer, FaultRow, FileKind, Requirement, ServiceError, SubjectRow, SweepReport};
use crate::error::Result;
use crate::service::Service;
use crate::workspace::stem;
use bakeoff_core::diagnostic::{Diagnostic, nearest};
use bakeoff_core::ports::lab::JournalId;
use bakeoff_core::subject::{self, Subject};
use bakeoff_store::{Closing, JournalRow, JournalRows};
use std::path::Path;

impl Service {
    /// The subjects of the workspace, with what each needs from this machine.
    pub fn list_subjects(&self) -> Result<Vec<SubjectRow>> {
        let campaigns = self.list_campaigns()?;
        let mut rows = Vec::new();
        for path in self.files().files(FileKind::Subject)? {
            let (name, file) = (stem(&path), self.files().display(&path));
            let (subject, diagnostics) = self.load_subject(&path)?;
            let uses = campaigns.iter().filter(|row| {
                let lab = row.campaign.as_ref().and_then(|campaign| campaign.lab.as_ref());
                lab.is_some_and(|lab| lab.subjects.contains(&name))
            });
            let (requirements, faults) = match &subject {
                Some(subject) => (self.requirements(subject), self.offers(subject)),
                None => (Vec::new(), Vec::new()),
            };
            rows.push(SubjectRow {
                is_ready: subject.is_some() && requirements.iter().all(|requirement| requirement.is_met),
                campaigns: uses.map(|row| row.name.clone()).collect(),
                name,
                path: file,
                subject,
                diagnostics,
                requirements,
                faults,
            });
        }
        Ok(rows)
    }

    /// A subject's file, checked, with what was found in it.
    pub(crate) fn load_subject(&self, path: &Path) -> Result<(Option<Subject>, Vec<Diagnostic>)> {
        let shown = self.files().display(path);
        let checked = match atomic::read_text(path) {
            Ok((text, _)) => subject::check(&stem(path), &text),
            Err(error) => crate::campaigns::unreadable(error),
        };
        let findings = checked.diagnostics.into_iter().map(|finding| finding.in_file(&*shown)).collect();
        Ok((checked.value, findings))
    }

    /// A subject by its name, without errors.
    pub(crate) fn subject(&self, name: &str) -> Result<Subject> {
        let path = self.files().find(FileKind::Subject, name).ok_or_else(|| self.no_such_subject(name))?;
        let (subject, diagnostics) = self.load_subject(&path)?;
        subject.ok_or_else(|| {
            ServiceError::bad_input(format!("the subject {name} has errors")).with_diagnostics(diagnostics)
        })
    }

    pub(crate) fn no_such_subject(&self, name: &str) -> ServiceError {
        let files = self.files().files(FileKind::Subject).unwrap_or_default();
        let names: Vec<String> = files.iter().map(|path| stem(path)).collect();
        let hint = match nearest(name, names.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean {meant}?"),
            None if names.is_empty() => "put a YAML file into subjects/".to_owned(),
            None => format!("there are {}", names.join(", ")),
        };
        ServiceError::not_found(format!("there is no subject {name:?}")).with_hint(hint)
    }

    fn requirements(&self, subject: &Subject) -> Vec<Requirement> {
        let needs = self.handle().block_on(self.subjects().needs(subject));
        let requirement = |need: bakeoff_subject::Need| Requirement {
            name: need.name,
            is_met: need.is_met,
            detail: need.detail,
        };
        needs.into_iter().map(requirement).collect()
    }

    fn offers(&self, subject: &Subject) -> Vec<FaultOffer> {
        let offers = self.handle().block_on(self.subjects().offers(subject));
        let offer = |(kind, mechanism): (_, std::result::Result<String, String>)| FaultOffer {
            kind,
            mechanism: mechanism.as_ref().ok().cloned(),
            reason: mechanism.err(),
        };
        offers.into_iter().map(offer).collect()
    }

    /// Faults of the journal that may still be in force.
    pub fn list_faults(&self) -> Result<Vec<FaultRow>> {
        let open = self.store().open_faults()?;
        Ok(open.into_iter().map(fault_row).collect())
    }

    /// Undoes a fault of the journal whose program is gone, by removing its instance: instances are for one trial, and
    /// nothing of them is kept. Returns what is still open.
    pub fn revert_fault(&self, id: i64) -> Result<Vec<FaultRow>> {
        let open = self.list_faults()?;
        let Some(row) = open.iter().find(|row| row.id == id) else {
            return Err(ServiceError::not_found(format!("no fault #{id} is in force"))
                .with_hint("bakeoff faults list shows those that are"));
        };
        if row.is_owned {
            return Err(ServiceError::conflict(format!(
                "the fault #{id} belongs to a trial of run #{} that is going on",
                row.run
            ))
            .with_hint("stop the run: it undoes its faults"));
        }
        self.sweep()?;
        self.list_faults()
    }

    /// Sweeps when the journal has faults of programs that are gone. What can't be swept now is listed as in force.
    pub(crate) fn sweep_after_crash(&self) -> Result<()> {
        if self.list_faults()?.iter().any(|row| !row.is_owned) {
            self.sweep()?;
        }
        Ok(())
    }

    /// Removes what crashed programs left behind, and closes their faults in the journal.
    pub fn sweep(&self) -> Result<SweepReport> {
        let swept = self.handle().block_on(self.subjects().sweep());
        let mut report = SweepReport { removed: swept.removed, problems: swept.problems };
        for row in self.list_faults()?.into_iter().filter(|row| !row.is_owned) {
            if report.problems.is_empty() {
                let rows = JournalRows::Ids(vec![JournalId(row.id)]);
                let note = Some("its instance was removed by a sweep".to_owned());
                self.wait(self.store().close_faults(rows, Closing::Lost, self.now(), note))?;
                let node = row.planned.node.as_deref().unwrap_or("no node");
                let kind = row.planned.fault.kind.name();
                report.removed.push(format!("fault #{}: {kind} on {node} of run #{}", row.id, row.run));
            }
        }
        Ok(report)
    }
}

fn fault_row(row: JournalRow) -> FaultRow {
    FaultRow {
        id: row.id.0,
        run: row.run,
        key: row.entry.key,
        planned: row.entry.planned,
        place: row.entry.place,
        state: row.state,
        planned_at: row.planned_at,
        expires_at: row.entry.expires_at,
        is_owned: !row.owner.is_gone,
        note: row.note,
    }
}
