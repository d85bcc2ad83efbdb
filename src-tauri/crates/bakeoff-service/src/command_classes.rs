//! The class of a command: by the rules, and where they don't know it by what a model said of it, if one was asked. Trials
//! stay as they were written; what a model says is put to them when they are read, and goes when it is asked anew.

use crate::dto::ClassifiedBy;
use crate::error::Result;
use crate::service::Service;
use bakeoff_core::hash::sha256_hex;
use bakeoff_core::lab::classify::by_model::QUESTION;
use bakeoff_core::lab::{CommandClass, known_class};
use bakeoff_core::trial::TrialKey;
use bakeoff_store::{CommandRow, KeptClass};
use std::collections::{BTreeSet, HashMap};

/// The identity of a command.
pub(crate) fn identity(line: &str) -> String {
    sha256_hex(line.as_bytes())
}

/// The class of a command, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownClass {
    pub class: CommandClass,
    pub by: ClassifiedBy,
    /// Why, in a model's words.
    pub reason: Option<String>,
}

/// What models said, by the identity of the command.
#[derive(Debug, Default)]
pub(crate) struct ModelClasses(HashMap<String, KeptClass>);

impl ModelClasses {
    /// The class of a command that was run; `None`: neither the rules nor a model know it.
    pub fn of(&self, row: &CommandRow) -> Option<KnownClass> {
        // What the rules do not know was called risky when it was run, so as not to be taken for harmless.
        if known_class(&row.line).is_some() {
            return Some(KnownClass { class: row.class, by: ClassifiedBy::Rules, reason: None });
        }
        let kept = self.0.get(&identity(&row.line))?;
        Some(KnownClass {
            class: kept.class,
            by: ClassifiedBy::Model(kept.model.clone()),
            reason: Some(kept.reason.clone()).filter(|reason| !reason.is_empty()),
        })
    }
}

/// What models changed about trials.
#[derive(Debug, Default)]
pub(crate) struct ByModels {
    /// Of one run: commands that count as destructive by a model's word, by trial.
    pub destructive: HashMap<TrialKey, u32>,
    /// How many they are.
    count: u32,
    /// Whose word that is.
    models: BTreeSet<String>,
}

impl ByModels {
    /// Adds what was found of another run, whose trials have keys of their own.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.models.extend(other.models);
    }

    /// What a reader of the numbers must know.
    pub fn caution(&self) -> Option<String> {
        let models = self.models.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let commands =
            if self.count == 1 { "1 command counts" } else { &format!("{} commands count", self.count) };
        (self.count > 0).then(|| {
            format!("{commands} as destructive by the word of a model ({models}): the rules don't know what they do")
        })
    }
}

impl Service {
    /// What models said: of each command the answer of the model that is set, else the newest.
    pub(crate) fn model_classes(&self) -> Result<ModelClasses> {
        let set = self.current_settings().classifier;
        let is_set = |kept: &KeptClass| {
            set.as_ref().is_some_and(|set| set.provider == kept.provider && set.model == kept.model)
        };
        let mut classes: HashMap<String, KeptClass> = HashMap::new();
        for kept in self.store().command_classes(QUESTION)? {
            match classes.get(&kept.command) {
                Some(known) if is_set(known) && !is_set(&kept) => {}
                _ => drop(classes.insert(kept.command.clone(), kept)),
            }
        }
        Ok(ModelClasses(classes))
    }

    /// Commands of a run that are destructive by a model's word; the trials count those that are so by the rules.
    pub(crate) fn destructive_by_models(&self, run: u32, classes: &ModelClasses) -> Result<ByModels> {
        let mut found = ByModels::default();
        // Most workspaces never asked a model: they don't pay for reading every command.
        if !classes.0.values().any(|kept| kept.class == CommandClass::Destructive) {
            return Ok(found);
        }
        for row in self.store().run_commands(run)? {
            let Some(KnownClass { class: CommandClass::Destructive, by: ClassifiedBy::Model(model), .. }) =
                classes.of(&row)
            else {
                continue;
            };
            *found.destructive.entry(row.key).or_default() += 1;
            found.count += 1;
            found.models.insert(model);
        }
        Ok(found)
    }
}
