//! The trials of fault campaigns with the names of their faults: what an analysis or a duel starts from.

use crate::command_classes::{ByModels, ModelClasses};
use crate::dto::{CompareRequest, ServiceError};
use crate::error::Result;
use crate::pool::Pool;
use crate::service::Service;
use bakeoff_core::analysis::{FaultName, LabNumbers, TrialNumbers};
use bakeoff_core::dataset::Case;
use bakeoff_core::lab::{FaultCase, NO_AGENT};
use bakeoff_core::trial::TrialKey;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Runs of fault campaigns, pooled.
pub(crate) struct FaultPool {
    /// As people call it: `#12`, or a campaign's name.
    pub label: String,
    pub pool: Arc<Pool>,
    /// The fault of each case of the pool.
    pub cases: Vec<FaultCase>,
}

impl FaultPool {
    /// The name of each case's fault.
    pub fn names(&self) -> Vec<FaultName> {
        self.cases.iter().map(fault_name).collect()
    }

    /// The variants that let an agent repair; the one without an agent where there are no others.
    pub fn agents(&self) -> Vec<u16> {
        let all = || (0..).zip(&self.pool.variants);
        let agents: Vec<u16> =
            all().filter(|(_, variant)| variant.variant.name != NO_AGENT).map(|(index, _)| index).collect();
        if agents.is_empty() { all().map(|(index, _)| index).collect() } else { agents }
    }

    /// The variant without an agent.
    pub fn nobody(&self) -> Option<u16> {
        let found = self.pool.variants.iter().position(|variant| variant.variant.name == NO_AGENT);
        found.map(|index| index as u16)
    }

    /// A variant's name.
    pub fn name(&self, variant: u16) -> &str {
        self.pool.variants.get(usize::from(variant)).map_or("", |variant| variant.name.as_str())
    }

    /// The names of some variants, for a sentence.
    pub fn names_of(&self, variants: &[u16]) -> String {
        variants.iter().map(|variant| self.name(*variant)).collect::<Vec<_>>().join(", ")
    }
}

/// What a person names: a run by its number, or all finished runs of a campaign.
pub(crate) fn request_of(target: &str) -> CompareRequest {
    match run_of(target) {
        Some(run) => CompareRequest { runs: vec![run], ..CompareRequest::default() },
        None => CompareRequest { experiment: Some(target.to_owned()), ..CompareRequest::default() },
    }
}

/// The number in `12` or `#12`.
fn run_of(target: &str) -> Option<u32> {
    target.strip_prefix('#').unwrap_or(target).parse().ok()
}

/// `#12` for a run, else the campaign's name.
pub(crate) fn label_of(target: &str) -> String {
    run_of(target).map_or_else(|| target.to_owned(), |run| format!("#{run}"))
}

/// The name of a case's fault.
pub(crate) fn fault_name(case: &FaultCase) -> FaultName {
    FaultName { subject: case.subject.clone(), fault: case.fault.label() }
}

impl Service {
    /// Whether a run (`12`, `#12`) or the runs of a campaign are of faults.
    ///
    /// # Errors
    /// When there is no such run or campaign.
    pub fn is_fault_campaign(&self, target: &str) -> Result<bool> {
        let run = match run_of(target) {
            Some(run) => Some(run),
            None => {
                self.check_campaign(target)?;
                self.store().campaign_runs(target)?.into_iter().map(|(run, _)| run).max()
            }
        };
        let Some(run) = run else { return Ok(false) };
        Ok(self.store().definition(run)?.campaign.lab.is_some())
    }

    /// The trials of a run (`12`, `#12`) or of all finished runs of a campaign.
    ///
    /// # Errors
    /// When there are none, and when it is no fault campaign.
    pub(crate) fn fault_pool(&self, target: &str) -> Result<FaultPool> {
        let found = self.fault_pool_of(label_of(target), &request_of(target))?;
        found.ok_or_else(|| {
            ServiceError::bad_input(format!("{} is no fault campaign", label_of(target)))
                .with_hint("bakeoff list shows which runs have a subject and faults")
        })
    }

    /// The same of a request; `None`: it is no fault campaign.
    pub(crate) fn fault_pool_of(&self, label: String, request: &CompareRequest) -> Result<Option<FaultPool>> {
        let pool = self.pool(request)?;
        if pool.campaign.lab.is_none() {
            return Ok(None);
        }
        let cases = pool
            .cases
            .iter()
            .map(|place| {
                let stored = self.store().case(place.run, place.index)?;
                let stored = stored.ok_or_else(|| ServiceError::not_found("a case of the run is gone"))?;
                fault_case(&stored.head.case_id, stored.json)
            })
            .collect::<Result<_>>()?;
        Ok(Some(FaultPool { label, pool, cases }))
    }

    /// Adds to the trials of a fault campaign what they have beside others. A separate read, so that other campaigns pay
    /// nothing for it.
    pub(crate) fn add_fault_numbers(
        &self,
        run: u32,
        numbers: &mut [TrialNumbers],
        classes: &ModelClasses,
    ) -> Result<ByModels> {
        let of_faults = self.store().fault_numbers(run)?;
        let by_key: HashMap<TrialKey, bakeoff_store::FaultNumbers> =
            of_faults.into_iter().map(|numbers| (numbers.key, numbers)).collect();
        let by_models = self.destructive_by_models(run, classes)?;
        for trial in numbers {
            let Some(found) = by_key.get(&trial.key) else { continue };
            let more = by_models.destructive.get(&trial.key).copied().unwrap_or_default();
            trial.lab = Some(LabNumbers {
                detect_s: found.detect_s.map(|seconds| seconds as f32),
                restore_s: found.restore_s.map(|seconds| seconds as f32),
                censored_s: found.censored_s.map(|seconds| seconds as f32),
                commands: found.commands,
                destructive: found.destructive + more,
                mechanism: mechanism_number(found.mechanism.as_deref().unwrap_or_default()),
            });
        }
        Ok(by_models)
    }
}

/// Reads a stored case back.
pub(crate) fn fault_case(id: &str, json: String) -> Result<FaultCase> {
    let json = serde_json::value::RawValue::from_string(json)
        .map_err(|error| ServiceError::bad_input(format!("the case {id} can't be read: {error}")))?;
    FaultCase::of(&Case { id: id.into(), json }).map_err(ServiceError::bad_input)
}

/// The number of a mechanism, the same for the same name as long as this program runs.
fn mechanism_number(name: &str) -> u16 {
    static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let known = names.iter().position(|known| known == name);
    let index = known.unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    });
    u16::try_from(index).unwrap_or(u16::MAX)
}
