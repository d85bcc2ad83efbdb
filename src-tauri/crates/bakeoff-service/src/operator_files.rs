//! Operator's `eval.db` in and out. A campaign of it becomes a run that is finished; nothing of it can be run again.

use crate::dto::{CampaignImport, ErrorCode, EvalExport, EvalImport, ImportedCampaign, Notice, ServiceError};
use crate::error::Result;
use crate::export::line;
use crate::launch::new_case;
use crate::service::Service;
use bakeoff_core::dataset::Case;
use bakeoff_core::hash::sha256_hex;
use bakeoff_operator::{
    Converted, EvalDb, FileError, LiveOperator, NewTrial, OldCampaign, OperatorDb, Zone, convert, sweep,
    write,
};
use bakeoff_store::{ImportSource, ImportedTrial, NewRun, NewVariant};
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Service {
    /// Takes every campaign of an `eval.db` in as a finished run; `operator_db` adds its tickets, agents and models.
    /// `time_zone` is that of the machine on which Operator ran; `None`: this one's. The files are never changed. A
    /// campaign that is here already is not taken twice; one of which a part can't be read is not taken at all.
    pub fn import_eval_db(
        &self,
        path: &Path,
        operator_db: Option<&Path>,
        time_zone: Option<&str>,
    ) -> Result<EvalImport> {
        let zone = Zone::named(time_zone).map_err(ServiceError::bad_input)?;
        let file = EvalDb::read(path, &zone)?;
        let operator = operator_db.map(|path| OperatorDb::read(path, &zone)).transpose()?;
        let mut campaigns = Vec::with_capacity(file.campaigns.len());
        for old in &file.campaigns {
            campaigns.push(self.import_campaign(&file, old, operator.as_ref())?);
        }
        self.notify(Notice::Runs);
        let problems = file.problems.iter().map(FileError::to_string).collect();
        Ok(EvalImport { file: file.file, campaigns, problems })
    }

    fn import_campaign(
        &self,
        file: &EvalDb,
        old: &OldCampaign,
        operator: Option<&OperatorDb>,
    ) -> Result<ImportedCampaign> {
        let row = |state, run, notes| ImportedCampaign {
            campaign: old.id,
            subject: old.subject.clone(),
            faults: old.chaos_type.clone(),
            variant: old.variant_name.clone(),
            trials: (old.trials.len() + old.problems.len()) as u32,
            state,
            run,
            notes,
        };
        if let Some(known) = self.store().imported_by_key(&old.key)? {
            let again = format!("To take it in again, delete run #{} first.", known.run);
            return Ok(match known.source.content == old.content {
                true => row(CampaignImport::AlreadyImported, Some(known.run), vec![again]),
                false => row(
                    CampaignImport::Changed,
                    Some(known.run),
                    vec![format!("The file has other trials than when it was imported. {again}")],
                ),
            });
        }
        match convert(file, old, operator) {
            Ok(converted) => {
                let notes = converted.notes.clone();
                let run = self.keep_imported(file, old, converted)?;
                Ok(row(CampaignImport::Imported, Some(run), notes))
            }
            Err(problems) => {
                let notes = problems.iter().map(FileError::to_string).collect();
                Ok(row(CampaignImport::LeftOut, None, notes))
            }
        }
    }

    fn keep_imported(&self, file: &EvalDb, old: &OldCampaign, converted: Converted) -> Result<u32> {
        let source = ImportSource {
            file: file.file.clone(),
            campaign: old.id,
            key: old.key.clone(),
            content: old.content.clone(),
        };
        let Converted {
            campaign, definition, variants, cases, trials, planned, created_at, ended_at, ..
        } = converted;
        let new = NewRun {
            definition_hash: sha256_hex(definition.as_bytes()),
            definition,
            seed: campaign.seed,
            campaign,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            created_at,
            variants: variants.into_iter().map(|(variant, text)| NewVariant { variant, text }).collect(),
            cases: Box::new(cases.into_iter().map(|case| new_case(&case))),
        };
        let trials = trials.into_iter().map(|one| ImportedTrial { record: one.record, audit: one.audit });
        let trials = trials.collect();
        let run = self.wait(self.store().import_run(new, source, planned, ended_at, trials, self.now()))?;
        let message = format!("campaign {} of {}", old.id, file.file);
        self.wait(self.store().append_event(run, self.now(), "imported", &message))?;
        Ok(run)
    }

    /// Writes a fault campaign's run into a new `eval.db`, as Operator's own viewer reads it.
    pub fn export_eval_db(&self, run: u32, path: &Path) -> Result<EvalExport> {
        let definition = self.store().definition(run)?;
        if definition.campaign.lab.is_none() {
            return Err(ServiceError::bad_input(format!("run #{run} is no fault campaign"))
                .with_hint("an eval.db has only those; use --format csv, json or html"));
        }
        let created_at = self.store().run(run)?.created_at;
        let cases: Vec<Case> = self.store().load_cases(run)?;
        let variants = self.store().run_variants(run)?;
        let campaign: Arc<str> = definition.campaign.name.into();
        let mut records = Vec::new();
        self.store().each_trial(run, |detail| records.push(line(run, &campaign, detail).record))?;
        let mut trials = Vec::with_capacity(records.len());
        for record in records {
            let key = record.key;
            let case = cases.get(key.case as usize).cloned();
            let variant = variants.get(usize::from(key.variant)).map(|stored| stored.variant.clone());
            let Some((case, variant)) = case.zip(variant) else { continue };
            let audit = self.store().trial_audit(run, key)?;
            trials.push(NewTrial { record, case, variant, audit });
        }
        let written = write(path, created_at, &trials)?;
        Ok(EvalExport {
            written: path.display().to_string(),
            campaigns: written.campaigns,
            trials: written.trials,
            left_out: written.left_out,
        })
    }

    /// Binds tickets in Operator's files.
    pub(crate) fn operator(&self) -> LiveOperator {
        LiveOperator::new(self.files().root(), self.operator_marks())
    }

    /// Takes away what killed programs left bound there.
    pub(crate) fn sweep_operator(&self) {
        sweep(&self.operator_marks());
    }

    fn operator_marks(&self) -> PathBuf {
        self.files().data_folder().join("operator")
    }

    /// Refuses what would go on with a run of another program.
    pub(crate) fn require_own(&self, run: u32) -> Result<()> {
        match self.store().imported_run(run)? {
            None => Ok(()),
            Some(imported) => Err(ServiceError::conflict(format!(
                "run #{run} was imported from {}, so it can't be gone on with here",
                imported.source.file
            ))
            .with_hint("make a campaign with its subjects and faults, and launch that")),
        }
    }
}

impl From<FileError> for ServiceError {
    fn from(error: FileError) -> Self {
        Self::new(ErrorCode::BadInput, error.to_string())
            .with_hint("nothing was changed; mend the file, or name another")
    }
}
