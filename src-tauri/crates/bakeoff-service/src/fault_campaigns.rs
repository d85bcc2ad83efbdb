//! Loading a fault campaign: its subjects, its cases, and the baseline that nobody repairs.

use crate::campaigns::{CampaignText, Loaded, LoadedVariant};
use crate::dto::{FileKind, LaunchOptions, RunRow, ServiceError};
use crate::error::Result;
use crate::service::Service;
use crate::workspace::stem;
use bakeoff_core::campaign::{self, AdHoc, Surroundings};
use bakeoff_core::diagnostic::nearest;
use bakeoff_core::lab::{NO_AGENT, no_agent};
use bakeoff_core::subject::Subject;

/// What stands in the place of the baseline's file, which there is not.
const NO_AGENT_TEXT: &str = "# nobody repairs: what the system does by itself\n";

/// What stands for the file of a campaign that has none.
const COMMAND_LINE: &str = "command line";

impl Service {
    /// Starts a fault campaign that has no file. Its run is stored like any other, under [`AdHoc::name`].
    ///
    /// # Errors
    /// With the names that there are, when a subject or variant does not exist, and as [`Service::launch`].
    pub fn launch_faults(&self, said: &AdHoc, options: &LaunchOptions) -> Result<RunRow> {
        for name in &said.subjects {
            self.subject(name)?;
        }
        for name in said.variants.iter().filter(|name| *name != NO_AGENT) {
            if self.files().find(FileKind::Variant, name).is_none() {
                return Err(self.no_such_variant(name));
            }
        }
        if said.variants.is_empty() && !said.baseline {
            return Err(ServiceError::bad_input("nobody is named who repairs").with_hint(format!(
                "give --variant with one of {}, or --baseline to see what heals by itself",
                self.variant_names().join(", ")
            )));
        }
        let source = CampaignText { name: said.name(), file: COMMAND_LINE.to_owned(), text: said.text() };
        let loaded = self.load_campaign(&source)?;
        self.launch_loaded(&source.name, loaded, options)
    }

    fn variant_names(&self) -> Vec<String> {
        let files = self.files().files(FileKind::Variant).unwrap_or_default();
        files.iter().map(|path| stem(path)).collect()
    }

    fn no_such_variant(&self, name: &str) -> ServiceError {
        let names = self.variant_names();
        let hint = match nearest(name, names.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean {meant}?"),
            None if names.is_empty() => "put a YAML file into variants/".to_owned(),
            None => format!("there are {}", names.join(", ")),
        };
        ServiceError::not_found(format!("there is no variant {name:?}")).with_hint(hint)
    }

    /// The rest of a checked campaign that has subjects.
    pub(crate) fn load_fault_campaign(&self, source: &CampaignText, mut loaded: Loaded) -> Result<Loaded> {
        let Some(campaign) = loaded.campaign.clone() else { return Ok(loaded) };
        let Some(lab) = &campaign.lab else { return Ok(loaded) };
        let mut subjects: Vec<Subject> = Vec::new();
        for name in &lab.subjects {
            let Some(path) = self.files().find(FileKind::Subject, name) else { continue };
            let (subject, findings) = self.load_subject(&path)?;
            loaded.diagnostics.extend(findings);
            subjects.extend(subject);
        }
        for name in &campaign.variants {
            if name == NO_AGENT {
                loaded.variants.push(LoadedVariant { variant: no_agent(), text: NO_AGENT_TEXT.to_owned() });
                continue;
            }
            let Some(path) = self.files().find(FileKind::Variant, name) else { continue };
            let (variant, findings) = self.load_variant(&path)?;
            loaded.diagnostics.extend(findings);
            loaded.variants.extend(variant);
        }
        let stems = |kind| -> Result<Vec<String>> {
            Ok(self.files().files(kind)?.iter().map(|path| stem(path)).collect())
        };
        let (variants, known_subjects) = (stems(FileKind::Variant)?, stems(FileKind::Subject)?);
        let mut known: Vec<&str> = variants.iter().map(String::as_str).collect();
        known.push(NO_AGENT);
        let around = Surroundings {
            known_variants: &known,
            variants: &loaded.variants.iter().map(|loaded| &loaded.variant).collect::<Vec<_>>(),
            case_fields: None,
        };
        let known_subjects: Vec<&str> = known_subjects.iter().map(String::as_str).collect();
        let mut findings = campaign::check_against(&source.text, &campaign, &around);
        findings.extend(campaign::check_against_subjects(
            &source.text,
            &campaign,
            &known_subjects,
            &subjects.iter().collect::<Vec<_>>(),
        ));
        loaded.diagnostics.extend(findings.into_iter().map(|finding| finding.in_file(&source.file)));
        let has_errors = loaded.diagnostics.iter().any(|finding| finding.is_error());
        if !has_errors {
            loaded.cases = campaign::lab_cases(&campaign, &subjects).map_err(ServiceError::bad_input)?.into();
        }
        Ok(loaded)
    }
}
