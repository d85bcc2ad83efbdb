//! Loading a triage campaign: its topic, its candidates, the sample of them, and its variants with their prompts.

use crate::campaigns::{CampaignText, Loaded, LoadedVariant};
use crate::dto::{FileKind, ServiceError};
use crate::error::Result;
use crate::service::Service;
use crate::workspace::stem;
use bakeoff_candidates::{Limits, read_postgres, read_sqlite};
use bakeoff_core::campaign::{self, Campaign, Surroundings};
use bakeoff_core::dataset::{self, Case};
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::triage::{
    Candidate, CandidateSource, Topic, TriageSettings, candidates, prompt_fields, select, with_prompts,
};
use bakeoff_core::yaml;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::io::BufReader;
use std::time::Duration;

/// Rows of a source, before they are candidates.
type Rows = Vec<Map<String, Value>>;

/// Items whose fields are taken for all.
const ITEMS_FOR_FIELDS: usize = 1_000;

impl Service {
    /// The rest of a checked campaign that has a topic or candidates.
    pub(crate) fn load_triage_campaign(&self, source: &CampaignText, mut loaded: Loaded) -> Result<Loaded> {
        let Some(mut campaign) = loaded.campaign.take() else { return Ok(loaded) };
        let Some(mut settings) = campaign.triage.take() else { return Ok(loaded) };
        let mut findings = Vec::new();
        settings.max_items = self.capped(settings.max_items, &source.text, &mut findings);
        let topic = self.topic_of(&settings, &source.text, &mut findings);
        self.load_triage_variants(&campaign, &settings, topic.as_ref(), &mut loaded)?;
        if let Some(topic) = &topic {
            match self.rows(topic) {
                Ok((rows, found)) => {
                    loaded.diagnostics.extend(found);
                    self.choose(rows, topic, &campaign, &mut settings, &mut loaded, &mut findings);
                }
                Err(error) => {
                    findings.push(finding("no-candidates", source_key(&settings), &source.text, error))
                }
            }
        }
        let known = self.files().files(FileKind::Variant)?;
        let mut known: Vec<String> = known.iter().map(|path| stem(path)).collect();
        known.extend(settings.variants.iter().map(|variant| variant.name.clone()));
        let fields = fields(&loaded.cases);
        let fields: Option<Vec<&str>> =
            fields.as_ref().map(|fields| fields.iter().map(String::as_str).collect());
        let around = Surroundings {
            known_variants: &known.iter().map(String::as_str).collect::<Vec<_>>(),
            variants: &loaded.variants.iter().map(|loaded| &loaded.variant).collect::<Vec<_>>(),
            case_fields: fields.as_deref(),
        };
        settings.candidates = topic;
        campaign.triage = Some(settings);
        findings.extend(campaign::check_against(&source.text, &campaign, &around));
        loaded.diagnostics.extend(findings.into_iter().map(|finding| finding.in_file(&source.file)));
        loaded.campaign = Some(campaign);
        Ok(loaded)
    }

    fn capped(&self, wanted: u32, text: &str, findings: &mut Vec<Diagnostic>) -> u32 {
        let most = self.most_triage_items();
        if wanted > most {
            let message = format!("{wanted} items are more than Settings allow: {most} are taken");
            let told = Diagnostic::warning("capped", "sample.max_items", message);
            findings.push(placed(told, text).hint("raise the limit in Settings, or write a smaller number"));
        }
        wanted.min(most)
    }

    fn topic_of(
        &self,
        settings: &TriageSettings,
        text: &str,
        findings: &mut Vec<Diagnostic>,
    ) -> Option<Topic> {
        let Some(name) = &settings.topic else { return settings.candidates.clone() };
        match self.topic(name) {
            Ok(topic) => Some(topic),
            Err(error) => {
                findings.extend(error.diagnostics.clone());
                findings.push(finding("no-such-topic", "topic", text, error));
                None
            }
        }
    }

    /// The variants in the campaign's order: its own, or files; each with the prompts that it will be asked with.
    fn load_triage_variants(
        &self,
        campaign: &Campaign,
        settings: &TriageSettings,
        topic: Option<&Topic>,
        loaded: &mut Loaded,
    ) -> Result<()> {
        for name in &campaign.variants {
            let found = match settings.variants.iter().find(|own| own.name == *name) {
                Some(own) => {
                    let text = serde_json::to_string_pretty(own).unwrap_or_default();
                    Some(LoadedVariant { variant: own.clone(), text })
                }
                None => match self.files().find(FileKind::Variant, name) {
                    Some(path) => {
                        let (variant, found) = self.load_variant(&path)?;
                        loaded.diagnostics.extend(found);
                        variant
                    }
                    None => None,
                },
            };
            loaded.variants.extend(found.map(|LoadedVariant { variant, text }| LoadedVariant {
                variant: with_prompts(variant, topic),
                text,
            }));
        }
        Ok(())
    }

    /// The rows of a topic's source, and what was found in its file.
    fn rows(&self, topic: &Topic) -> Result<(Rows, Vec<Diagnostic>)> {
        let timeout = Duration::try_from_secs_f64(topic.timeout_seconds).unwrap_or(Duration::MAX);
        let limits = Limits { timeout, ..Limits::default() };
        let failed = |error: bakeoff_candidates::ReadError| {
            ServiceError::bad_input(format!("the candidates of {} can't be read: {error}", topic.name))
                .with_hint(error.hint())
        };
        match &topic.source {
            CandidateSource::File(path) => self.file_rows(path),
            CandidateSource::Sqlite { path, query } => {
                let absolute = self.files().resolve(path)?;
                Ok((read_sqlite(&absolute, query, limits).map_err(failed)?, Vec::new()))
            }
            CandidateSource::Postgres { variable, query } => {
                let address = std::env::var(variable).map_err(|_| {
                    ServiceError::unavailable(format!("the environment has no {variable}")).with_hint(format!(
                        "set it to the database's address, such as {variable}=postgres://user@localhost/news"
                    ))
                })?;
                let rows = read_postgres(&address, query, limits).map_err(failed)?;
                Ok((rows, Vec::new()))
            }
        }
    }

    fn file_rows(&self, path: &str) -> Result<(Rows, Vec<Diagnostic>)> {
        let absolute = self.files().resolve(path)?;
        let format = dataset::Format::from_path(path).ok_or_else(|| {
            ServiceError::bad_input(format!("{path} is no file of candidates"))
                .with_hint("use .jsonl, .csv or .yaml")
        })?;
        let file =
            std::fs::File::open(&absolute).map_err(|error| ServiceError::io("read", &absolute, &error))?;
        let checked = dataset::read_rows(format, BufReader::new(file));
        let found = checked.diagnostics.into_iter().map(|finding| finding.in_file(path)).collect();
        Ok((checked.value.unwrap_or_default(), found))
    }

    /// From rows to the cases of a run.
    fn choose(
        &self,
        rows: Rows,
        topic: &Topic,
        campaign: &Campaign,
        settings: &mut TriageSettings,
        loaded: &mut Loaded,
        findings: &mut Vec<Diagnostic>,
    ) {
        let place = match &topic.source {
            CandidateSource::File(path) | CandidateSource::Sqlite { path, .. } => path.clone(),
            CandidateSource::Postgres { variable, .. } => format!("the database of {variable}"),
        };
        let checked = candidates(rows, &topic.mapping);
        loaded.diagnostics.extend(checked.diagnostics.into_iter().map(|found| found.in_file(&*place)));
        let Some(all) = checked.value else { return };
        let seed = campaign.sample.as_ref().map_or(campaign.seed, |sample| sample.seed);
        let dates = dates_of(&all);
        let (chosen, selection) = select(all, settings.window, settings.max_items, seed);
        if chosen.is_empty() {
            let message = format!(
                "no candidate is left of {} in {place}: {} outside of the window, {} without a date, {} that \
                 others stand for",
                selection.read,
                selection.outside,
                selection.undated,
                selection.duplicates + selection.represented
            );
            let told = Diagnostic::error("no-candidates", source_key(settings), message);
            let hint = match dates {
                Some((first, last)) if selection.outside > 0 => {
                    format!("choose another window: the candidates are of {first} to {last}")
                }
                _ => "choose another topic, or mend its source".to_owned(),
            };
            findings.push(told.hint(hint));
        }
        let case =
            |candidate: &Candidate| Case { id: candidate.id.as_str().into(), json: candidate.case_json() };
        loaded.cases = chosen.iter().map(case).collect();
        settings.selection = Some(selection);
    }
}

/// The days of the oldest and the newest candidate, in UTC as windows are.
fn dates_of(candidates: &[Candidate]) -> Option<(Date, Date)> {
    let dates = candidates.iter().filter_map(|one| one.published_at);
    let day = |at| Some(Timestamp::from_millisecond(at).ok()?.to_zoned(TimeZone::UTC).date());
    Some((day(dates.clone().min()?)?, day(dates.max()?)?))
}

/// The key that says where candidates are.
fn source_key(settings: &TriageSettings) -> &'static str {
    if settings.topic.is_some() { "topic" } else { "candidates" }
}

/// An error as a finding at a key of the campaign.
fn finding(code: &str, path: &str, text: &str, error: ServiceError) -> Diagnostic {
    placed(Diagnostic::error(code, path, error.message), text).hint(error.hint.unwrap_or_default())
}

/// The finding with the place of its path in the text.
fn placed(finding: Diagnostic, text: &str) -> Diagnostic {
    let path = yaml::parse_path(&finding.path);
    match yaml::read(text).ok().and_then(|document| document.span(&path)) {
        Some(span) => finding.at(span.from, span.to),
        None => finding,
    }
}

/// The fields that prompts and scorers may use; `None` when there are no cases to tell them.
fn fields(cases: &[Case]) -> Option<Vec<String>> {
    let names = |case: &Case| prompt_fields(case.fields()).into_iter().map(|(name, _)| name);
    let names: BTreeSet<String> = cases.iter().take(ITEMS_FOR_FIELDS).flat_map(names).collect();
    (!names.is_empty()).then(|| names.into_iter().collect())
}
