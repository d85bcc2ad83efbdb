//! Campaigns: loading everything that one needs, and saying what launching it would mean.

use crate::atomic;
use crate::dto::{
    CampaignRow, DatasetPreview, DatasetRow, FileKind, PlanPreview, PlanVariant, RunRow, ServiceError,
};
use crate::error::Result;
use crate::estimate;
use crate::service::Service;
use crate::workspace::{has_extension, stem};
use bakeoff_core::campaign::{self, Campaign, Surroundings};
use bakeoff_core::dataset::{self, Case};
use bakeoff_core::diagnostic::{Diagnostic, nearest};
use bakeoff_core::variant::{self, Variant};
use bakeoff_core::{plan, yaml};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Case ids that a preview carries for the drawn matrix.
const SHOWN_CASES: usize = 200;
/// Trials that a preview shows in the order of starting.
const SHOWN_TRIALS: usize = 10;

/// Rows whose fields are taken for the data set's.
const ROWS_FOR_FIELDS: usize = 1_000;

/// A campaign as it was read.
pub(crate) struct CampaignText {
    /// The file's name without extension.
    pub name: String,
    /// The file as people see it.
    pub file: String,
    /// The whole file.
    pub text: String,
}

/// A campaign with everything it names.
pub(crate) struct Loaded {
    /// Absent when the campaign file has errors.
    pub campaign: Option<Campaign>,
    /// The campaign file.
    pub text: String,
    /// The variants that could be loaded, in the campaign's order.
    pub variants: Vec<LoadedVariant>,
    /// The cases after sampling.
    pub cases: Arc<[Case]>,
    /// Everything found in all of these files.
    pub diagnostics: Vec<Diagnostic>,
}

/// A variant with its file's text.
pub(crate) struct LoadedVariant {
    pub variant: Variant,
    pub text: String,
}

impl Service {
    /// The campaigns of the workspace, and those of which only runs are left.
    pub fn list_campaigns(&self) -> Result<Vec<CampaignRow>> {
        let mut rows = Vec::new();
        let mut names = BTreeSet::new();
        let runs = self.runs_by_campaign()?;
        for path in self.files().files(FileKind::Campaign)? {
            let (name, shown) = (stem(&path), self.files().display(&path));
            let checked = match atomic::read_text(&path) {
                Ok((text, _)) => campaign::check(&name, &text),
                Err(error) => unreadable(error),
            };
            let diagnostics =
                checked.diagnostics.into_iter().map(|finding| finding.in_file(&*shown)).collect();
            let (last_run, count) = runs.get(&name).cloned().unwrap_or((None, 0));
            names.insert(name.clone());
            rows.push(CampaignRow {
                name,
                path: Some(shown),
                campaign: checked.value,
                diagnostics,
                last_run,
                runs: count,
            });
        }
        for (name, (last_run, count)) in runs {
            if !names.contains(&name) && !self.is_listed_elsewhere(last_run.as_ref())? {
                rows.push(CampaignRow {
                    name,
                    path: None,
                    campaign: None,
                    diagnostics: Vec::new(),
                    last_run,
                    runs: count,
                });
            }
        }
        Ok(rows)
    }

    /// Whether a run was launched from a workflow file, or made by a request for a triage test: its experiment is listed
    /// there, and is no campaign whose file is gone.
    fn is_listed_elsewhere(&self, run: Option<&RunRow>) -> Result<bool> {
        let Some(run) = run else { return Ok(false) };
        if run.is_triage {
            return Ok(true);
        }
        Ok(self.store().definition(run.id)?.campaign.workflow.is_some())
    }

    /// The data sets of the workspace.
    pub fn list_datasets(&self) -> Result<Vec<DatasetRow>> {
        let files = self.files().files(FileKind::Dataset)?;
        let row = |path: PathBuf| DatasetRow {
            path: self.files().display(&path),
            size: std::fs::metadata(&path).map(|metadata| metadata.len()).unwrap_or(0),
        };
        Ok(files.into_iter().map(row).collect())
    }

    /// The first rows of a data set.
    pub fn preview_dataset(&self, path: &str) -> Result<DatasetPreview> {
        let (cases, diagnostics) = self.load_dataset(path)?;
        let sample: Vec<serde_json::Value> =
            cases.iter().take(20).map(|case| serde_json::Value::Object(case.fields())).collect();
        let mut fields: Vec<String> = Vec::new();
        for key in sample.iter().filter_map(|row| row.as_object()).flat_map(|row| row.keys()) {
            if !fields.contains(key) {
                fields.push(key.clone());
            }
        }
        Ok(DatasetPreview { path: path.to_owned(), rows: cases.len() as u32, fields, sample, diagnostics })
    }

    /// What launching this campaign would do, from the text as it stands in the editor. Spends nothing.
    pub fn preview_campaign(&self, name: &str, text: &str) -> Result<PlanPreview> {
        let path = self.files().find(FileKind::Campaign, name);
        let file = path.map_or_else(|| format!("campaigns/{name}.yaml"), |path| self.files().display(&path));
        let source = CampaignText { name: name.to_owned(), file, text: text.to_owned() };
        self.preview_loaded(self.load_campaign(&source)?)
    }

    /// The same for a campaign named on the command line: by its name or its file.
    pub fn preview_campaign_file(&self, campaign: &str) -> Result<PlanPreview> {
        let source = self.campaign_text(campaign)?;
        self.preview_loaded(self.load_campaign(&source)?)
    }

    /// The text of a campaign given by its name or its file.
    pub(crate) fn campaign_text(&self, campaign: &str) -> Result<CampaignText> {
        let path = if has_extension(Path::new(campaign), &["yaml", "yml"]) {
            let in_workspace = self.files().root().join(campaign);
            if in_workspace.is_file() { in_workspace } else { PathBuf::from(campaign) }
        } else {
            self.files().find(FileKind::Campaign, campaign).ok_or_else(|| self.no_such_campaign(campaign))?
        };
        let (text, _) = atomic::read_text(&path)?;
        Ok(CampaignText { name: stem(&path), file: self.files().display(&path), text })
    }

    /// An error with the nearest name when there is neither a file nor a run of a campaign.
    pub fn check_campaign(&self, name: &str) -> Result<()> {
        let has_runs = || Ok::<_, ServiceError>(!self.store().campaign_runs(name)?.is_empty());
        if self.files().find(FileKind::Campaign, name).is_some() || has_runs()? {
            return Ok(());
        }
        Err(self.no_such_campaign(name))
    }

    fn no_such_campaign(&self, name: &str) -> ServiceError {
        let files = self.files().files(FileKind::Campaign).unwrap_or_default();
        let names: Vec<String> = files.iter().map(|path| stem(path)).collect();
        let meant = nearest(name, names.iter().map(String::as_str));
        let hint = match (meant, names.is_empty()) {
            (Some(meant), _) => format!("did you mean {meant}?"),
            (None, false) => format!("there are {}", names.join(", ")),
            (None, true) => "put a YAML file into campaigns/".to_owned(),
        };
        ServiceError::not_found(format!("there is no campaign {name:?}")).with_hint(hint)
    }

    pub(crate) fn preview_loaded(&self, mut loaded: Loaded) -> Result<PlanPreview> {
        let Some(campaign) = loaded.campaign.clone() else {
            return Ok(PlanPreview {
                campaign: None,
                cases: 0,
                case_ids: Vec::new(),
                variants: Vec::new(),
                trials: 0,
                first_trials: Vec::new(),
                cost_usd: estimate::unknown("the campaign file has errors"),
                seconds: estimate::unknown("the campaign file has errors"),
                spends_money: false,
                diagnostics: loaded.diagnostics,
            });
        };
        let cases = loaded.cases.len() as u32;
        let repetitions = campaign.trials_per_combination;
        let trials_each = cases * u32::from(repetitions);
        let estimated = self.estimate_plan(&campaign, &loaded.variants, &loaded.cases)?;
        loaded.diagnostics.extend(estimated.diagnostics);
        let variants: Vec<PlanVariant> = loaded
            .variants
            .iter()
            .zip(&estimated.cost_by_variant)
            .map(|(loaded, cost_usd)| PlanVariant {
                name: loaded.variant.name.clone(),
                model: loaded.variant.model.clone(),
                trials: trials_each,
                cost_usd: *cost_usd,
            })
            .collect();
        let order = plan::build(cases, variants.len() as u16, repetitions, campaign.seed);
        let first_trials = order
            .trials
            .iter()
            .take(SHOWN_TRIALS)
            .filter_map(|key| {
                let case = loaded.cases.get(key.case as usize)?;
                let variant = variants.get(usize::from(key.variant))?;
                Some((case.id.to_string(), variant.name.clone(), key.repetition + 1))
            })
            .collect();
        Ok(PlanPreview {
            cases,
            case_ids: loaded.cases.iter().take(SHOWN_CASES).map(|case| case.id.to_string()).collect(),
            trials: order.trials.len() as u32,
            variants,
            first_trials,
            cost_usd: estimated.cost_usd,
            seconds: estimated.seconds,
            spends_money: estimated.spends_money,
            diagnostics: loaded.diagnostics,
            campaign: Some(campaign),
        })
    }

    /// Loads a campaign with its variants and cases; every problem of every file is in the diagnostics.
    pub(crate) fn load_campaign(&self, source: &CampaignText) -> Result<Loaded> {
        let CampaignText { name, file, text } = source;
        let checked = campaign::check(name, text);
        let mut diagnostics: Vec<Diagnostic> =
            checked.diagnostics.into_iter().map(|finding| finding.in_file(file)).collect();
        let mut loaded = Loaded {
            campaign: checked.value,
            text: text.clone(),
            variants: Vec::new(),
            cases: Arc::from(Vec::new()),
            diagnostics: Vec::new(),
        };
        if loaded.campaign.as_ref().is_some_and(|campaign| campaign.workflow.is_some()) {
            loaded.diagnostics = diagnostics;
            return self.load_workflow_campaign(source, loaded);
        }
        if loaded.campaign.as_ref().is_some_and(|campaign| campaign.lab.is_some()) {
            loaded.diagnostics = diagnostics;
            return self.load_fault_campaign(source, loaded);
        }
        if loaded.campaign.as_ref().is_some_and(|campaign| campaign.triage.is_some()) {
            loaded.diagnostics = diagnostics;
            return self.load_triage_campaign(source, loaded);
        }
        if let Some(campaign) = &loaded.campaign {
            for name in &campaign.variants {
                let Some(path) = self.files().find(FileKind::Variant, name) else { continue };
                let (variant, findings) = self.load_variant(&path)?;
                diagnostics.extend(findings);
                loaded.variants.extend(variant);
            }
            let mut fields = None;
            match self.load_dataset(&campaign.dataset) {
                Ok((cases, findings)) => {
                    diagnostics.extend(findings);
                    fields = (!cases.is_empty()).then(|| field_names(&cases));
                    loaded.cases = match &campaign.sample {
                        Some(sample) => dataset::sample(cases.to_vec(), sample).into(),
                        None => cases,
                    };
                }
                Err(error) => diagnostics.push(no_dataset(text, error).in_file(file)),
            }
            let known = self.files().files(FileKind::Variant)?;
            let known: Vec<String> = known.iter().map(|path| stem(path)).collect();
            let fields: Option<Vec<&str>> =
                fields.as_ref().map(|fields| fields.iter().map(String::as_str).collect());
            let around = Surroundings {
                known_variants: &known.iter().map(String::as_str).collect::<Vec<_>>(),
                variants: &loaded.variants.iter().map(|loaded| &loaded.variant).collect::<Vec<_>>(),
                case_fields: fields.as_deref(),
            };
            let findings = campaign::check_against(text, campaign, &around);
            diagnostics.extend(findings.into_iter().map(|finding| finding.in_file(file)));
        }
        loaded.diagnostics = diagnostics;
        Ok(loaded)
    }

    pub(crate) fn load_variant(&self, path: &Path) -> Result<(Option<LoadedVariant>, Vec<Diagnostic>)> {
        let (text, _) = atomic::read_text(path)?;
        let checked = variant::check(&stem(path), &text);
        let shown = self.files().display(path);
        let findings = checked.diagnostics.into_iter().map(|finding| finding.in_file(&*shown)).collect();
        Ok((checked.value.map(|variant| LoadedVariant { variant, text }), findings))
    }

    /// The rows of a data set and what was found in it.
    pub(crate) fn load_dataset(&self, path: &str) -> Result<(Arc<[Case]>, Vec<Diagnostic>)> {
        let absolute = self.files().resolve(path)?;
        let format = dataset::Format::from_path(path).ok_or_else(|| {
            ServiceError::bad_input(format!("{path} is not a data set"))
                .with_hint("use .jsonl, .csv or .yaml")
        })?;
        let file = std::fs::File::open(&absolute).map_err(|error| {
            let names: Vec<String> =
                self.list_datasets().unwrap_or_default().into_iter().map(|row| row.path).collect();
            let hint = match nearest(path, names.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("there are {}", names.join(", ")),
            };
            match error.kind() {
                std::io::ErrorKind::NotFound => {
                    ServiceError::not_found(format!("there is no data set {path}")).with_hint(hint)
                }
                _ => ServiceError::io("read", &absolute, &error),
            }
        })?;
        let checked = dataset::read(format, std::io::BufReader::new(file));
        let findings = checked.diagnostics.into_iter().map(|finding| finding.in_file(path)).collect();
        Ok((checked.value.unwrap_or_default().into(), findings))
    }
}

pub(crate) fn unreadable<T>(error: ServiceError) -> bakeoff_core::diagnostic::Checked<T> {
    let finding = Diagnostic::error("unreadable", "", error.message).hint(error.hint.unwrap_or_default());
    bakeoff_core::diagnostic::Checked { value: None, diagnostics: vec![finding] }
}

/// The finding that a campaign's data set can't be read, at its place in the campaign's file.
fn no_dataset(text: &str, error: ServiceError) -> Diagnostic {
    let finding =
        Diagnostic::error("no-such-dataset", "dataset", error.message).hint(error.hint.unwrap_or_default());
    let span = yaml::read(text).ok().and_then(|document| document.span(&yaml::parse_path("dataset")));
    match span {
        Some(span) => finding.at(span.from, span.to),
        None => finding,
    }
}

/// The fields that any of the first rows has.
fn field_names(cases: &[Case]) -> Vec<String> {
    let names: BTreeSet<String> = cases
        .iter()
        .take(ROWS_FOR_FIELDS)
        .flat_map(|case| case.fields().into_iter().map(|(name, _)| name))
        .collect();
    names.into_iter().collect()
}
