//! From an old campaign to a run: its cases, its variants and its trials, judged by Operator's own rule.

pub(crate) mod agent;
mod trial;

use crate::error::FileError;
use crate::eval_db::{EvalDb, OldCampaign, OldTrial};
use crate::health::is_tikv;
use crate::operator_db::OperatorDb;
use crate::own::Own;
use agent::Work;
use bakeoff_core::campaign::{self, Campaign};
use bakeoff_core::dataset::Case;
use bakeoff_core::fault::{Direction, Fault, FaultKind};
use bakeoff_core::lab::{AuditEntry, FaultCase, NO_AGENT, no_agent};
use bakeoff_core::trial::{Millis, TrialKey, TrialRecord};
use bakeoff_core::variant::{Provider, Variant};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};

/// The variant of files that know none.
const DEFAULT_VARIANT: &str = "default";
/// What stands for a model that no file tells.
const UNKNOWN_MODEL: &str = "unknown";

/// A campaign as a run, ready to be kept.
#[derive(Debug, Clone)]
pub struct Converted {
    /// As a campaign of ours.
    pub campaign: Campaign,
    /// Its text, which says where it comes from.
    pub definition: String,
    /// In the order of columns, each with the text that stands for its file.
    pub variants: Vec<(Variant, String)>,
    /// In the order in which the trials first name them.
    pub cases: Vec<Case>,
    /// In their order.
    pub trials: Vec<ConvertedTrial>,
    /// How many trials were to be run.
    pub planned: u32,
    /// The campaign's own moment.
    pub created_at: Millis,
    /// When its last trial ended.
    pub ended_at: Millis,
    /// What a person should know, one sentence each.
    pub notes: Vec<String>,
}

/// A trial, with what its agent did.
#[derive(Debug, Clone)]
pub struct ConvertedTrial {
    /// The record.
    pub record: TrialRecord,
    /// Numbered from 1.
    pub audit: Vec<AuditEntry>,
}

/// Turns a campaign into a run. `operator` has the tickets and agents of the same time.
///
/// # Errors
/// Everything that keeps it from being one; a campaign is taken as a whole or not at all, because a rate over a part of
/// its trials would be another.
pub fn convert(
    file: &EvalDb,
    old: &OldCampaign,
    operator: Option<&OperatorDb>,
) -> Result<Converted, Vec<FileError>> {
    if !old.problems.is_empty() {
        return Err(old.problems.clone());
    }
    let mut building = Building::new(old);
    let mut problems = Vec::new();
    for trial in &old.trials {
        if let Err(why) = building.add(file, trial, operator) {
            problems.push(row(file, "trials", trial.id, why));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    building.finish(file).map_err(|why| vec![row(file, "campaigns", old.id, why)])
}

fn row(file: &EvalDb, table: &str, row: i64, why: String) -> FileError {
    FileError { file: file.file.clone(), table: Some(table.to_owned()), row: Some(row), why }
}

struct Building<'a> {
    old: &'a OldCampaign,
    subject: String,
    variants: Vec<Variant>,
    cases: Vec<Case>,
    faults: Vec<Fault>,
    repetitions: HashMap<(u32, u16), u16>,
    trials: Vec<ConvertedTrial>,
    notes: Vec<String>,
}

impl<'a> Building<'a> {
    fn new(old: &'a OldCampaign) -> Self {
        let subject = if is_tikv(&old.subject) { "tikv".to_owned() } else { old.subject.clone() };
        Self {
            old,
            subject,
            variants: Vec::new(),
            cases: Vec::new(),
            faults: Vec::new(),
            repetitions: HashMap::new(),
            trials: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn add(&mut self, file: &EvalDb, trial: &OldTrial, operator: Option<&OperatorDb>) -> Result<(), String> {
        if let Some(own) = Own::of(&trial.metadata)? {
            return self.add_own(file, trial, own);
        }
        let fault = fault_of(self.old, &trial.metadata)?;
        let case = self.case(FaultCase::named(&self.subject, &fault)?, &fault);
        let work = Work::of(trial, self.old, operator, &mut self.notes);
        // Operator flags a whole campaign as baseline, also one in which an agent was at work.
        let is_baseline = self.old.baseline && !work.is_any();
        let variant = match is_baseline {
            true => no_agent(),
            false => self.named_variant(&work),
        };
        let variant = self.variant(variant);
        let key = self.key(case, variant);
        self.trials.push(trial::converted(
            file,
            self.old,
            trial,
            &self.subject,
            fault,
            work,
            is_baseline,
            key,
        ));
        Ok(())
    }

    /// A trial that this program exported comes back as it was.
    fn add_own(&mut self, file: &EvalDb, trial: &OldTrial, own: Own) -> Result<(), String> {
        let (case, variant, mut record) = own.parts()?;
        let fault = record.fault.as_mut().ok_or("the trial that Bakeoff wrote into it is no fault trial")?;
        fault.imported = Some(trial::imported(file, self.old, trial, trial::JUDGED_BY_BAKEOFF));
        let (wanted, subject) = (fault.fault.clone(), fault.subject.clone());
        self.subject = subject;
        let case = self.case(case, &wanted);
        let variant = self.variant(variant);
        record.key = self.key(case, variant);
        let audit = agent::audit_of(&trial.commands, trial.injected_at);
        self.trials.push(ConvertedTrial { record, audit });
        Ok(())
    }

    fn named_variant(&self, work: &Work) -> Variant {
        let name = self.old.variant_name.clone().unwrap_or_else(|| DEFAULT_VARIANT.to_owned());
        let model = work.model.clone();
        let told = "Imported from Operator";
        let description = match (&model, &work.system_prompt) {
            (Some(_), Some(_)) => {
                format!("{told}; model and prompt are those of the tickets in operator.db.")
            }
            (Some(_), None) => format!("{told}; operator.db has its model and no prompt."),
            _ => format!("{told}; its files have neither the model nor the prompt of this variant."),
        };
        let model = model.unwrap_or_else(|| UNKNOWN_MODEL.to_owned());
        let tools = match &work.tools_config {
            Some(Value::Object(tools)) => {
                tools.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
            }
            _ => BTreeMap::new(),
        };
        Variant {
            name,
            description: Some(description),
            // Operator calls Claude and nothing else.
            provider: Provider::from_model(&model).unwrap_or(Provider::Anthropic),
            model,
            system_prompt: work.system_prompt.clone(),
            tools_config: tools,
            ..no_agent()
        }
    }

    /// The index of a variant. The same name with other content (a ticket without its binding) is the same variant.
    fn variant(&mut self, variant: Variant) -> u16 {
        let known = self.variants.iter().position(|known| known.name == variant.name);
        let index = known.unwrap_or(self.variants.len());
        match self.variants.get_mut(index) {
            Some(known) if known.model == UNKNOWN_MODEL => *known = variant,
            Some(_) => {}
            None => self.variants.push(variant),
        }
        index as u16
    }

    fn case(&mut self, case: Case, fault: &Fault) -> u32 {
        let known = self.cases.iter().position(|known| known.json.get() == case.json.get());
        let index = known.unwrap_or_else(|| {
            self.cases.push(case);
            self.faults.push(fault.clone());
            self.cases.len() - 1
        });
        index as u32
    }

    fn key(&mut self, case: u32, variant: u16) -> TrialKey {
        let next = self.repetitions.entry((case, variant)).or_insert(0);
        let key = TrialKey { case, variant, repetition: *next };
        *next += 1;
        key
    }

    fn finish(mut self, file: &EvalDb) -> Result<Converted, String> {
        let old = self.old;
        if self.trials.is_empty() {
            for kind in old.chaos_type.split(',').map(str::trim).filter(|kind| !kind.is_empty()) {
                let fault = fault_of_kind(kind, &Map::new())?;
                self.case(FaultCase::named(&self.subject, &fault)?, &fault);
            }
            let nobody = Work::default();
            let variant = if old.baseline { no_agent() } else { self.named_variant(&nobody) };
            self.variant(variant);
        }
        let stored = self.trials.len() as u32;
        let planned = old.trial_count.max(stored);
        if stored < planned {
            let lost = planned - stored;
            self.notes.push(format!(
                "{lost} of {planned} trials are not in the file: Operator does not keep trials that failed to run."
            ));
        }
        let repetitions = self.repetitions.values().copied().max().unwrap_or(1).max(1);
        let definition = self.definition(file, repetitions);
        let name = self.name();
        let checked = campaign::check(&name, &definition);
        let campaign = checked.value.ok_or_else(|| {
            let first = checked.diagnostics.iter().find(|finding| finding.is_error());
            let why = first.map(|finding| finding.message.clone()).unwrap_or_default();
            format!("it can't be a campaign here: {why}")
        })?;
        let ended_at = old.trials.iter().map(|trial| trial.ended_at).max().unwrap_or(old.created_at);
        let text = |variant: &Variant| {
            format!(
                "# {}\nname: {}\nmodel: {}\n",
                variant.description.as_deref().unwrap_or_default(),
                json!(variant.name),
                json!(variant.model)
            )
        };
        Ok(Converted {
            campaign,
            definition,
            variants: self.variants.into_iter().map(|variant| (variant.clone(), text(&variant))).collect(),
            cases: self.cases,
            trials: self.trials,
            planned,
            created_at: old.created_at,
            ended_at,
            notes: self.notes,
        })
    }

    /// Operator keeps no name, so that campaigns of the same subject and faults share one: they are comparable.
    fn name(&self) -> String {
        let plain = |text: &str| -> String {
            let letter = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
            text.chars().map(letter).collect()
        };
        let kinds: Vec<&str> = self.old.chaos_type.split(',').map(str::trim).collect();
        format!("operator-{}-{}", plain(&self.subject), plain(&kinds.join("-")))
    }

    fn definition(&self, file: &EvalDb, repetitions: u16) -> String {
        let old = self.old;
        let faults = self.faults.iter().map(|fault| {
            let mut params: Map<String, Value> = Map::new();
            for (name, value) in fault.params() {
                let value = serde_json::from_str(&value).unwrap_or(Value::String(value));
                params.insert(name.to_owned(), value);
            }
            format!("  - {}\n", json!({"type": fault.kind.name(), "params": params}))
        });
        let variants: Vec<&str> = self.variants.iter().map(|variant| variant.name.as_str()).collect();
        let nobody = if variants.contains(&NO_AGENT) { "include_baseline: true\n" } else { "" };
        format!(
            "# Campaign {} of {}, which Operator ran. Made by the import: the campaign's own file is not known.\n\
             subjects: [{}]\nchaos_types:\n{}variants: {}\n{nobody}trials_per_combination: {repetitions}\n\
             timeout_seconds: 300\n",
            old.id,
            file.file.replace(['\n', '\r'], " "),
            json!(self.subject),
            faults.collect::<String>(),
            json!(variants),
        )
    }
}

/// The fault of a trial: its metadata has the type, and of some types the parameters.
fn fault_of(old: &OldCampaign, metadata: &Map<String, Value>) -> Result<Fault, String> {
    let kind = metadata.get("chaos_type").and_then(Value::as_str);
    match kind {
        Some(kind) => fault_of_kind(kind, metadata),
        None if old.chaos_type.contains(',') => {
            Err("chaos_metadata has no chaos_type, and its campaign has several".to_owned())
        }
        None => fault_of_kind(&old.chaos_type, metadata),
    }
}

fn fault_of_kind(name: &str, metadata: &Map<String, Value>) -> Result<Fault, String> {
    // Names that Operator got after v3.2 for what has another name here.
    let (kind, direction) = match name.trim() {
        "process_pause" => (FaultKind::NodePause, None),
        "asymmetric_partition" => (FaultKind::NetworkPartition, Some(Direction::Asymmetric)),
        name => {
            let known: Vec<&str> = FaultKind::ALL.into_iter().map(FaultKind::name).collect();
            let kind = FaultKind::from_name(name).ok_or_else(|| {
                format!("the fault {name:?} is none that Bakeoff knows; it knows {}", known.join(", "))
            })?;
            (kind, None)
        }
    };
    let wanted = kind.parameters();
    let mut params: Map<String, Value> = metadata
        .iter()
        .filter(|(name, _)| wanted.contains(&name.as_str()) && *name != "node")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(direction) = direction {
        params.insert("direction".to_owned(), Value::from(direction.name()));
    }
    Fault::from_params(kind, &params).map_err(|problems| format!("chaos_metadata: {}", problems.join("; ")))
}
