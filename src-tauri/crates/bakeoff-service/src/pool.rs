//! Pooling runs: the trials of one or several runs with common indices of variants and cases.

use crate::command_classes::{ByModels, ModelClasses};
use crate::dto::{ClassifierSettings, CompareRequest, LeftOut, ServiceError};
use crate::error::Result;
use crate::service::Service;
use bakeoff_core::analysis::TrialNumbers;
use bakeoff_core::campaign::Campaign;
use bakeoff_core::trial::TrialKey;
use bakeoff_core::variant::Variant;
use bakeoff_store::{RunState, RunVariant};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A variant of a pool.
#[derive(Debug, Clone)]
pub(crate) struct PooledVariant {
    /// Its name; `name #12` when the same name has other content in another run.
    pub name: String,
    /// The variant as it ran.
    pub variant: Variant,
    hash: String,
}

/// Where a case of a pool can be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PooledCase {
    /// A run that has it.
    pub run: u32,
    /// Its index there.
    pub index: u32,
}

/// Trials of several runs as if they were of one.
pub(crate) struct Pool {
    pub trials: Vec<TrialNumbers>,
    pub variants: Vec<PooledVariant>,
    pub cases: Vec<PooledCase>,
    pub runs: Vec<u32>,
    pub left_out: Vec<LeftOut>,
    pub campaigns: Vec<String>,
    /// Of the newest run; baseline, metric, confidence and margin are taken from it.
    pub campaign: Campaign,
    /// Every run in it is finished.
    pub complete: bool,
    /// What a reader must know of its numbers.
    pub caution: Option<String>,
    maps: Vec<RunMap>,
}

/// How one run's indices become the pool's.
struct RunMap {
    run: u32,
    /// By the run's variant index; `None`: not asked for.
    variants: Vec<Option<u16>>,
    /// By the run's case index; empty: unchanged.
    cases: Vec<u32>,
}

impl PooledVariant {
    /// A variant whose runs are not in this store.
    pub fn new(name: String, variant: Variant) -> Self {
        Self { name, hash: variant.content_hash(), variant }
    }
}

impl Pool {
    /// Trials whose runs and cases are not in this store.
    pub fn of_elsewhere(trials: Vec<TrialNumbers>, variants: Vec<PooledVariant>, campaign: Campaign) -> Self {
        Self {
            trials,
            variants,
            cases: Vec::new(),
            runs: Vec::new(),
            left_out: Vec::new(),
            campaigns: vec![campaign.name.clone()],
            campaign,
            complete: true,
            caution: None,
            maps: Vec::new(),
        }
    }

    /// How many cases it has.
    pub fn case_count(&self) -> u32 {
        let of_trials = || self.trials.iter().map(|trial| trial.key.case + 1).max().unwrap_or(0);
        if self.cases.is_empty() { of_trials() } else { self.cases.len() as u32 }
    }

    /// The pool's keys of a run's trials: variant and case; `None` for a variant that was not asked for.
    pub fn place(&self, run: u32, key: TrialKey) -> Option<(u32, u16)> {
        let map = self.maps.iter().find(|map| map.run == run)?;
        Some((map.case(key.case), (*map.variants.get(usize::from(key.variant))?)?))
    }

    /// The pool's index of a run's case.
    pub fn case_of(&self, run: u32, key: TrialKey) -> Option<u32> {
        self.maps.iter().find(|map| map.run == run).map(|map| map.case(key.case))
    }

    /// A run's own key of a variant of this pool.
    pub fn variant_in_run(&self, run: u32, variant: u16) -> Option<u16> {
        let map = self.maps.iter().find(|map| map.run == run)?;
        map.variants.iter().position(|mapped| *mapped == Some(variant)).map(|index| index as u16)
    }

    /// A run's own index of a case of this pool.
    pub fn case_in_run(&self, run: u32, case: u32) -> Option<u32> {
        let map = self.maps.iter().find(|map| map.run == run)?;
        if map.cases.is_empty() {
            return ((case as usize) < self.cases.len()).then_some(case);
        }
        map.cases.iter().position(|mapped| *mapped == case).map(|index| index as u32)
    }
}

impl RunMap {
    fn case(&self, index: u32) -> u32 {
        self.cases.get(index as usize).copied().unwrap_or(index)
    }
}

/// The pool that was made last, as long as its runs have no new trials: a view asks for it many times.
#[derive(Default)]
pub(crate) struct PoolCache(Mutex<Option<(PoolKey, Arc<Pool>)>>);

#[derive(PartialEq)]
struct PoolKey {
    runs: Vec<u32>,
    variants: Vec<String>,
    /// State and trials ended (with retried ones) of each run.
    progress: Vec<(RunState, u32, u64)>,
    left_out: usize,
    /// What models said of commands, and whose word counts.
    classes: (i64, Option<ClassifierSettings>),
}

impl Service {
    /// The pool of a request, from the cache where nothing changed.
    pub(crate) fn pool(&self, request: &CompareRequest) -> Result<Arc<Pool>> {
        if let Some(uri) = &request.mlflow_uri {
            return Ok(Arc::new(self.mlflow_pool(uri, request)?));
        }
        let (mut runs, left_out) = self.runs_to_pool(request)?;
        runs.sort_unstable();
        runs.dedup();
        let summaries =
            runs.iter().map(|run| self.store().run(*run)).collect::<std::result::Result<Vec<_>, _>>()?;
        let key = PoolKey {
            runs: runs.clone(),
            variants: request.variants.clone(),
            progress: summaries
                .iter()
                .map(|run| (run.state, run.count(|_| true), run.cost.known_usd.to_bits()))
                .collect(),
            left_out: left_out.len(),
            classes: (self.store().command_classes_revision()?, self.current_settings().classifier),
        };
        if let Some((known, pool)) = &*self.pools.0.lock().unwrap_or_else(PoisonError::into_inner)
            && *known == key
        {
            return Ok(Arc::clone(pool));
        }
        let mut pool = self.make_pool(&runs, &request.variants)?;
        pool.left_out = left_out;
        pool.complete = summaries.iter().all(|run| run.state == RunState::Finished);
        for summary in &summaries {
            if !pool.campaigns.contains(&summary.campaign) {
                pool.campaigns.push(summary.campaign.clone());
            }
        }
        let pool = Arc::new(pool);
        *self.pools.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((key, Arc::clone(&pool)));
        Ok(pool)
    }

    /// The runs that a request names, or all finished runs of an experiment that ran the same variants and cases.
    fn runs_to_pool(&self, request: &CompareRequest) -> Result<(Vec<u32>, Vec<LeftOut>)> {
        let Some(experiment) = &request.experiment else {
            if request.runs.is_empty() {
                return Err(ServiceError::bad_input("nothing to compare").with_hint("name at least one run"));
            }
            return Ok((request.runs.clone(), Vec::new()));
        };
        let mut runs = self.store().campaign_runs(experiment)?;
        runs.sort_by_key(|(run, _)| std::cmp::Reverse(*run));
        if runs.is_empty() {
            let known: Vec<String> =
                self.store().campaigns()?.into_iter().map(|campaign| campaign.name).collect();
            let hint = match known.is_empty() {
                true => "run one first: bakeoff run CAMPAIGN".to_owned(),
                false => format!("there are runs of {}", known.join(", ")),
            };
            return Err(
                ServiceError::not_found(format!("there are no runs of {experiment:?}")).with_hint(hint)
            );
        }
        let mut pooled: Vec<u32> = Vec::new();
        let mut left_out = Vec::new();
        let mut reference = None;
        for (run, state) in runs {
            let identity = (self.variant_hashes(run)?, self.store().case_contents(run)?);
            let reason = match (&reference, state) {
                (_, state) if state != RunState::Finished => {
                    Some(format!("it is {}", state.name().replace('_', " ")))
                }
                (None, _) => None,
                (Some((_, newest)), _) if *newest == identity => None,
                (Some((first, (variants, _))), _) if *variants != identity.0 => {
                    Some(format!("its variants are not those of run #{first}"))
                }
                (Some((first, _)), _) => Some(format!("its cases are not those of run #{first}")),
            };
            match reason {
                Some(reason) => left_out.push(LeftOut { run, reason }),
                None => {
                    reference.get_or_insert((run, identity));
                    pooled.push(run);
                }
            }
        }
        if pooled.is_empty() {
            return Err(ServiceError::not_found(format!("no run of {experiment:?} is finished"))
                .with_hint("let one finish, or go on with a stopped one: bakeoff run CAMPAIGN --resume"));
        }
        Ok((pooled, left_out))
    }

    fn variant_hashes(&self, run: u32) -> Result<Vec<(String, String)>> {
        let variants = self.store().run_variants(run)?;
        let mut hashes: Vec<_> = variants.into_iter().map(|v| (v.variant.name, v.hash)).collect();
        hashes.sort();
        Ok(hashes)
    }

    fn make_pool(&self, runs: &[u32], wanted: &[String]) -> Result<Pool> {
        let newest = runs.last().copied().unwrap_or_default();
        let campaign = self.store().definition(newest)?.campaign;
        let by_run = runs
            .iter()
            .map(|run| Ok((*run, self.store().run_variants(*run)?)))
            .collect::<Result<Vec<(u32, Vec<RunVariant>)>>>()?;
        let variants = pooled_variants(&by_run, wanted)?;
        let mut pool = Pool {
            trials: Vec::new(),
            variants,
            cases: Vec::new(),
            runs: runs.to_vec(),
            left_out: Vec::new(),
            campaigns: Vec::new(),
            campaign,
            complete: false,
            caution: None,
            maps: Vec::new(),
        };
        let mut contents: HashMap<i64, u32> = HashMap::new();
        let mut repetitions: HashMap<(u32, u16), u16> = HashMap::new();
        let classes =
            if pool.campaign.lab.is_some() { self.model_classes()? } else { ModelClasses::default() };
        let mut by_models = (classes, ByModels::default());
        for (run, variants) in &by_run {
            let map = self.map_run(*run, variants, &mut pool, &mut contents, runs.len() == 1)?;
            self.add_trials(&mut pool, &map, &mut repetitions, runs.len() == 1, &mut by_models)?;
            pool.maps.push(map);
        }
        pool.caution = by_models.1.caution();
        Ok(pool)
    }

    fn map_run(
        &self,
        run: u32,
        variants: &[RunVariant],
        pool: &mut Pool,
        contents: &mut HashMap<i64, u32>,
        alone: bool,
    ) -> Result<RunMap> {
        let place = |of: &RunVariant| {
            let found = pool
                .variants
                .iter()
                .position(|pooled| pooled.hash == of.hash && pooled.variant.name == of.variant.name);
            found.map(|index| index as u16)
        };
        let mut map = RunMap { run, variants: variants.iter().map(place).collect(), cases: Vec::new() };
        if alone {
            let cases = self.store().run(run)?.cases;
            pool.cases = (0..cases).map(|index| PooledCase { run, index }).collect();
            return Ok(map);
        }
        for (index, content) in self.store().case_contents(run)?.into_iter().enumerate() {
            let next = pool.cases.len() as u32;
            let case = *contents.entry(content).or_insert(next);
            if case == next {
                pool.cases.push(PooledCase { run, index: index as u32 });
            }
            map.cases.push(case);
        }
        Ok(map)
    }

    fn add_trials(
        &self,
        pool: &mut Pool,
        map: &RunMap,
        repetitions: &mut HashMap<(u32, u16), u16>,
        alone: bool,
        by_models: &mut (ModelClasses, ByModels),
    ) -> Result<()> {
        let mut numbers = self.store().numbers(map.run)?;
        if pool.campaign.lab.is_some() {
            let (classes, sum) = by_models;
            sum.add(self.add_fault_numbers(map.run, &mut numbers, classes)?);
        }
        let unchanged =
            alone && map.variants.iter().enumerate().all(|(index, mapped)| *mapped == Some(index as u16));
        if unchanged {
            pool.trials = numbers;
            return Ok(());
        }
        for mut trial in numbers {
            let Some(variant) = map.variants.get(usize::from(trial.key.variant)).copied().flatten() else {
                continue;
            };
            let case = map.case(trial.key.case);
            let next = repetitions.entry((case, variant)).or_insert(0);
            trial.key = TrialKey { case, variant, repetition: *next };
            *next += 1;
            pool.trials.push(trial);
        }
        Ok(())
    }
}

/// The distinct variants of some runs, or those that are asked for in the order asked for.
fn pooled_variants(by_run: &[(u32, Vec<RunVariant>)], wanted: &[String]) -> Result<Vec<PooledVariant>> {
    let mut pooled: Vec<PooledVariant> = Vec::new();
    for (run, variants) in by_run {
        for of in variants {
            let name = &of.variant.name;
            if pooled.iter().any(|known| known.hash == of.hash && known.variant.name == *name) {
                continue;
            }
            let taken = pooled.iter().any(|known| known.variant.name == *name);
            pooled.push(PooledVariant {
                name: if taken { format!("{name} #{run}") } else { name.clone() },
                variant: of.variant.clone(),
                hash: of.hash.clone(),
            });
        }
    }
    if wanted.is_empty() {
        return Ok(pooled);
    }
    let names: Vec<String> = pooled.iter().map(|variant| variant.name.clone()).collect();
    wanted
        .iter()
        .map(|name| {
            pooled.iter().find(|variant| variant.name == *name).cloned().ok_or_else(|| {
                ServiceError::not_found(format!("{name:?} is not in these runs"))
                    .with_hint(format!("choose among {}", names.join(", ")))
            })
        })
        .collect()
}
