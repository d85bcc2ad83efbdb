//! What works on this machine, what is missing, and how to mend it.

use crate::dto::{Check, CheckState, ErrorCode, FaultOffer, LocalServer, ServiceError, SubjectRow};
use crate::error::Result;
use crate::service::{Service, ServiceOptions};
use crate::settings;
use bakeoff_core::variant::Provider;
use bakeoff_model::{KeySource, Keys, variables};
use bakeoff_subject::Need;

impl Service {
    /// Looks at everything a campaign may need. Costs nothing and calls no provider on the network.
    pub fn doctor(&self) -> Result<Vec<Check>> {
        let root = self.files().root().display().to_string();
        let mut checks = vec![ok("Workspace", root)];
        checks.push(match self.store().list_runs(None, 0, 1) {
            Ok((_, total)) => ok("Database", format!("{} ({total} runs)", self.files().database().display())),
            Err(error) => broken("Database", error.to_string(), error.hint()),
        });
        let findings = self.validate(&[])?;
        let bad: Vec<&str> = findings
            .iter()
            .filter(|file| file.diagnostics.iter().any(|finding| finding.is_error()))
            .map(|file| file.path.as_str())
            .collect();
        checks.push(match bad.is_empty() {
            true => ok("Files", format!("{} files, all good", findings.len())),
            false => broken(
                "Files",
                format!("errors in {}", bad.join(", ")),
                "run `bakeoff validate` and mend them",
            ),
        });
        checks.push(settings_check(self.config_folder()));
        checks.extend(key_checks(self.keys()));
        checks.push(local_check(&self.local_servers()?));
        checks.extend(machine_checks(self.handle().block_on(self.subjects().machine())));
        checks.extend(self.list_subjects()?.iter().filter_map(subject_check));
        Ok(checks)
    }
}

/// The checks that need no workspace, and why there is none: none was found, or it can't be opened.
pub fn without_workspace(options: &ServiceOptions, error: &ServiceError) -> Vec<Check> {
    let hint = error.hint.as_deref().unwrap_or("mend the cause and try again");
    let mut checks = vec![match error.code {
        ErrorCode::NotFound => {
            missing("Workspace", "there is none here".to_owned(), "make one: bakeoff init DIR")
        }
        _ => broken("Workspace", error.message.clone(), hint),
    }];
    checks.push(settings_check(&options.config_folder));
    checks.extend(key_checks(&Keys::of_this_system()));
    checks
}

fn settings_check(folder: &std::path::Path) -> Check {
    let path = settings::path_in(folder).display().to_string();
    match settings::load(folder) {
        Ok(_) => ok("Settings", path),
        Err(error) => broken("Settings", error.message, &error.hint.unwrap_or_default()),
    }
}

fn key_checks(keys: &Keys) -> Vec<Check> {
    let mut checks = vec![ok("Built-in model", "lexical-1, needs nothing".to_owned())];
    checks.push(match keys.keychain_problem() {
        None => ok("Keychain", "works".to_owned()),
        Some(problem) => {
            missing("Keychain", problem, "keys can come from environment variables all the same")
        }
    });
    for provider in Provider::ALL {
        let Some(variable) = variables(provider).first() else { continue };
        let name = format!("Key for {}", provider.name());
        checks.push(match keys.source(provider) {
            KeySource::Keychain => ok(&name, "in the keychain".to_owned()),
            KeySource::Environment => ok(&name, format!("in the environment ({variable})")),
            KeySource::Session => ok(&name, "typed in, until the program ends".to_owned()),
            KeySource::NotNeeded => {
                ok(&name, format!("none set; only needed if your server asks for one ({variable})"))
            }
            KeySource::Missing => {
                missing(&name, "there is none".to_owned(), &format!("give it in Settings, or set {variable}"))
            }
        });
    }
    checks
}

fn local_check(servers: &[LocalServer]) -> Check {
    let found = servers.iter().map(|server| format!("{} with {} models", server.name, server.models.len()));
    match servers.is_empty() {
        true => missing(
            "Model servers on this machine",
            "none found".to_owned(),
            "start Ollama or LM Studio to run models here; nothing else needs them",
        ),
        false => ok("Model servers on this machine", found.collect::<Vec<_>>().join(", ")),
    }
}

/// What this machine offers to fault campaigns. Only Docker can be missing; nothing else needs it.
fn machine_checks(needs: Vec<Need>) -> Vec<Check> {
    let check = |need: Need| match need.is_met {
        true => ok(&need.name, need.detail),
        false => missing(&need.name, need.detail, "only subjects of kind docker need it"),
    };
    needs.into_iter().map(check).collect()
}

/// Whether a subject can be run here, and which faults can be done to it. A file with errors is told by `Files`.
fn subject_check(row: &SubjectRow) -> Option<Check> {
    row.subject.as_ref()?;
    let name = format!("Subject {}", row.name);
    let unmet = row.requirements.iter().filter(|requirement| !requirement.is_met);
    let unmet: Vec<String> =
        unmet.map(|requirement| format!("{}: {}", requirement.name, requirement.detail)).collect();
    if !unmet.is_empty() {
        let advice = "do that to run its campaigns; the embedded cluster needs nothing";
        return Some(missing(&name, unmet.join("; "), advice));
    }
    let told = |offer: &FaultOffer| match (&offer.mechanism, &offer.reason) {
        (Some(mechanism), _) => format!("{} by {mechanism}", offer.kind.name()),
        (None, reason) => {
            format!("no {} ({})", offer.kind.name(), reason.as_deref().unwrap_or("unknown why"))
        }
    };
    let faults: Vec<String> = row.faults.iter().map(told).collect();
    let found = format!("can be run; {}", faults.join(", "));
    Some(match row.faults.iter().all(|offer| offer.mechanism.is_some()) {
        true => ok(&name, found),
        false => missing(&name, found, "campaigns without these faults can be run"),
    })
}

fn ok(name: &str, found: String) -> Check {
    Check { name: name.to_owned(), state: CheckState::Ok, found, mend: None }
}

fn missing(name: &str, found: String, mend: &str) -> Check {
    Check { name: name.to_owned(), state: CheckState::Missing, found, mend: Some(mend.to_owned()) }
}

fn broken(name: &str, found: String, mend: &str) -> Check {
    Check { name: name.to_owned(), state: CheckState::Broken, found, mend: Some(mend.to_owned()) }
}
