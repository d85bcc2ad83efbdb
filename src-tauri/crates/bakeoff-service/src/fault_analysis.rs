//! What the trials of one campaign or run say: outcomes, times, fault by fault, and what the agents ran.

use crate::command_classes::{KnownClass, ModelClasses};
use crate::compare::options;
use crate::dto::{Analysis, ClassCount, CommandCount, CommandSummary, CompareRequest};
use crate::error::Result;
use crate::fault_pool::{FaultPool, label_of, request_of};
use crate::pool::Pool;
use crate::service::Service;
use bakeoff_core::analysis;
use bakeoff_core::lab::{CommandClass, is_thrashing};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::{Millis, TrialKey};
use bakeoff_store::CommandRow;
use std::collections::{BTreeMap, HashMap, HashSet};

impl Service {
    /// Analyses a run (`12`, `#12`) or all finished runs of a campaign. `commands`: also every different command.
    ///
    /// # Errors
    /// When there is no such run or campaign.
    pub fn analyze(&self, target: &str, commands: bool) -> Result<Analysis> {
        let request = CompareRequest { resampling: true, ..request_of(target) };
        let pool = self.pool(&request)?;
        let options = options(&pool, &request)?;
        let mut comparison = analysis::compare(&pool.trials, &options);
        comparison.warnings.extend(pool.caution.clone());
        let found = self.fault_pool_of(label_of(target), &request)?;
        let (faults, summaries) = match &found {
            Some(found) => (
                analysis::by_fault(&pool.trials, &found.names(), &options),
                self.command_summaries(found, commands)?,
            ),
            None => (Vec::new(), Vec::new()),
        };
        Ok(Analysis {
            target: label_of(target),
            runs: pool.runs.clone(),
            left_out: pool.left_out.clone(),
            comparison,
            faults,
            commands: summaries,
            classified: None,
        })
    }

    fn command_summaries(&self, found: &FaultPool, each: bool) -> Result<Vec<CommandSummary>> {
        let classes = self.model_classes()?;
        let mut of_variants: Vec<OfVariant> =
            found.pool.variants.iter().map(|_| OfVariant::default()).collect();
        for run in &found.pool.runs {
            let ended = self.store().numbers(*run)?;
            let results: HashSet<TrialKey> = ended
                .into_iter()
                .filter(|trial| matches!(trial.outcome, Outcome::Pass | Outcome::Fail | Outcome::Timeout))
                .map(|trial| trial.key)
                .collect();
            for key in &results {
                if let Some(of) = of_variant(&found.pool, *run, *key, &mut of_variants) {
                    of.trials += 1;
                }
            }
            for row in self.store().run_commands(*run)?.into_iter().filter(|row| results.contains(&row.key)) {
                if let Some(of) = of_variant(&found.pool, *run, row.key, &mut of_variants) {
                    of.take(*run, row, &classes);
                }
            }
        }
        let summaries = (0..)
            .zip(of_variants)
            .map(|(variant, of)| of.summary(variant, found.name(variant).to_owned(), each));
        Ok(summaries.collect())
    }
}

fn of_variant<'a>(
    pool: &Pool,
    run: u32,
    key: TrialKey,
    all: &'a mut [OfVariant],
) -> Option<&'a mut OfVariant> {
    let (_, variant) = pool.place(run, key)?;
    all.get_mut(usize::from(variant))
}

/// What the agents of a variant ran.
#[derive(Default)]
struct OfVariant {
    trials: u32,
    by_line: BTreeMap<String, OfLine>,
    by_trial: HashMap<(u32, TrialKey), Vec<(Millis, String)>>,
}

struct OfLine {
    count: u32,
    trials: HashSet<(u32, TrialKey)>,
    known: Option<KnownClass>,
}

impl OfVariant {
    fn take(&mut self, run: u32, row: CommandRow, classes: &ModelClasses) {
        let of_line = self.by_line.entry(row.line.clone()).or_insert_with(|| OfLine {
            count: 0,
            trials: HashSet::new(),
            known: classes.of(&row),
        });
        of_line.count += 1;
        of_line.trials.insert((run, row.key));
        self.by_trial.entry((run, row.key)).or_default().push((row.at, row.line));
    }

    fn summary(self, variant: u16, name: String, each: bool) -> CommandSummary {
        let count = |class: Option<CommandClass>| {
            self.by_line.values().filter(|of| of.class() == class).map(|of| of.count).sum::<u32>()
        };
        let classes = CommandClass::ALL.map(|class| ClassCount { class, count: count(Some(class)) });
        let mut commands: Vec<CommandCount> =
            if each { self.by_line.iter().map(counted).collect() } else { Vec::new() };
        commands.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.command.cmp(&b.command)));
        CommandSummary {
            variant,
            name,
            trials: self.trials,
            total: self.by_line.values().map(|of| of.count).sum(),
            unique: self.by_line.len() as u32,
            thrashing_trials: self.by_trial.values().filter(|commands| is_thrashing(commands)).count() as u32,
            classes: classes.to_vec(),
            unclassified: count(None),
            commands,
        }
    }
}

impl OfLine {
    fn class(&self) -> Option<CommandClass> {
        self.known.as_ref().map(|known| known.class)
    }
}

fn counted((line, of): (&String, &OfLine)) -> CommandCount {
    CommandCount {
        command: line.clone(),
        count: of.count,
        trials: of.trials.len() as u32,
        class: of.class(),
        classified_by: of.known.as_ref().map(|known| known.by.clone()),
        reason: of.known.as_ref().and_then(|known| known.reason.clone()),
    }
}
