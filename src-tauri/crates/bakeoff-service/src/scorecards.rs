//! Variants beside each other on one fault, over all campaigns, without a winner.

use crate::dto::{LeftOut, Scorecard, ServiceError};
use crate::error::Result;
use crate::fault_pool::FaultPool;
use crate::service::Service;
use bakeoff_core::analysis::{self, AnalysisOptions, Scope, TrialNumbers};
use bakeoff_core::diagnostic::nearest;
use bakeoff_core::fault::{Fault, FaultKind};
use bakeoff_core::lab::FaultCase;
use bakeoff_core::trial::TrialKey;
use bakeoff_store::RunState;
use std::collections::{BTreeSet, HashMap};

impl Service {
    /// The variants that were tried on a fault of a subject, over all finished runs of all campaigns, without a winner. A fault
    /// without parameters stands for all of its kind.
    ///
    /// # Errors
    /// When nothing was tried on it; the hint names what was.
    pub fn compare_variants(&self, subject: &str, fault: &str, variants: &[String]) -> Result<Scorecard> {
        let kind = FaultKind::named(fault.split(':').next().unwrap_or_default().trim());
        let kind = kind.map_err(ServiceError::bad_input)?;
        let exact: Option<Fault> = match fault.contains(':') {
            true => Some(fault.parse().map_err(ServiceError::bad_input)?),
            false => None,
        };
        let is_meant = |case: &FaultCase| {
            case.subject == subject
                && case.fault.kind == kind
                && exact.as_ref().is_none_or(|exact| case.fault == *exact)
        };
        let (mut runs, mut left_out, mut tried) = (Vec::new(), Vec::new(), BTreeSet::new());
        self.each_fault_run(|run, cases| {
            tried.extend(cases.iter().map(|case| format!("{} {}", case.subject, case.fault.kind.name())));
            if cases.iter().any(is_meant) {
                match run.state {
                    RunState::Finished => runs.push(run.id),
                    state => left_out.push(LeftOut {
                        run: run.id,
                        reason: format!("it is {}", state.name().replace('_', " ")),
                    }),
                }
            }
            Ok(true)
        })?;
        if runs.is_empty() {
            let hint = match tried.is_empty() {
                true => "run a fault campaign first: bakeoff run repairs".to_owned(),
                false => format!("there are runs of {}", tried.into_iter().collect::<Vec<_>>().join(", ")),
            };
            return Err(ServiceError::not_found(format!("no finished run tried {fault} on {subject}"))
                .with_hint(hint));
        }
        let request = crate::dto::CompareRequest { runs: runs.clone(), ..Default::default() };
        let found = self.fault_pool_of(subject.to_owned(), &request)?;
        let found = found.ok_or_else(|| ServiceError::not_found("there is no fault campaign"))?;
        let cases: Vec<Option<u32>> = found
            .cases
            .iter()
            .enumerate()
            .map(|(index, case)| is_meant(case).then_some(index as u32))
            .collect();
        let mut cautions = mixed(&found, &cases);
        cautions.extend(found.pool.caution.clone());
        let summaries = pooled_summaries(&found, &cases, variants, &mut cautions)?;
        Ok(Scorecard {
            subject: subject.to_owned(),
            fault: exact.map_or_else(|| kind.name().to_owned(), |exact| exact.label()),
            runs,
            left_out,
            variants: summaries,
            cautions,
        })
    }
}

/// What of a scorecard is not of one kind.
fn mixed(found: &FaultPool, cases: &[Option<u32>]) -> Vec<String> {
    let meant = || found.cases.iter().zip(cases).filter(|(_, case)| case.is_some()).map(|(case, _)| case);
    let labels: BTreeSet<String> = meant().map(|case| case.fault.label()).collect();
    let mut cautions = Vec::new();
    if labels.len() > 1 {
        let labels: Vec<String> = labels.into_iter().collect();
        cautions.push(format!("faults with different parameters are in it: {}", labels.join(", ")));
    }
    let mut definitions = meant().map(|case| &case.definition);
    let first = definitions.next();
    if definitions.any(|other| Some(other) != first) {
        cautions.push("the subject was changed between the runs".to_owned());
    }
    cautions
}

/// The scorecards of the agents on some cases, sorted by name.
fn pooled_summaries(
    found: &FaultPool,
    cases: &[Option<u32>],
    wanted: &[String],
    cautions: &mut Vec<String>,
) -> Result<Vec<analysis::VariantSummary>> {
    let is_meant = |trial: &&TrialNumbers| cases.get(trial.key.case as usize).copied().flatten().is_some();
    let meant: Vec<TrialNumbers> = found.pool.trials.iter().filter(is_meant).copied().collect();
    let mut names: Vec<(String, u16)> = (0..found.pool.variants.len() as u16)
        .filter(|variant| Some(*variant) != found.nobody())
        .filter(|variant| meant.iter().any(|trial| trial.key.variant == *variant))
        .map(|variant| (found.name(variant).to_owned(), variant))
        .collect();
    names.sort();
    for name in wanted {
        if !names.iter().any(|(known, variant)| known == name || plain_name(found, *variant) == name) {
            let known: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
            let hint = nearest(name, known.iter().copied()).map_or_else(
                || format!("there are {}", known.join(", ")),
                |near| format!("did you mean {near}?"),
            );
            return Err(ServiceError::not_found(format!("{name:?} was not tried on it")).with_hint(hint));
        }
    }
    if !wanted.is_empty() {
        names.retain(|(name, variant)| {
            wanted.iter().any(|wanted| wanted == name || plain_name(found, *variant) == wanted)
        });
    }
    if names.is_empty() {
        return Err(ServiceError::not_found("it was only tried without an agent")
            .with_hint("run it with --variant NAME"));
    }
    let place: HashMap<u16, u16> = (0..).zip(&names).map(|(place, (_, variant))| (*variant, place)).collect();
    let trials: Vec<TrialNumbers> = meant
        .iter()
        .filter_map(|trial| {
            let variant = *place.get(&trial.key.variant)?;
            Some(TrialNumbers { key: TrialKey { variant, ..trial.key }, ..*trial })
        })
        .collect();
    let options = AnalysisOptions {
        baseline: 0,
        scope: Scope::TheseCases,
        ..crate::compare::options_of_campaign(
            &found.pool.campaign,
            names.into_iter().map(|(name, _)| name).collect(),
            found.cases.len() as u32,
        )
    };
    let comparison = analysis::compare(&trials, &options);
    cautions.extend(comparison.warnings);
    Ok(comparison.variants)
}

/// A variant's name without the run that tells it from another of the same name.
fn plain_name(found: &FaultPool, variant: u16) -> &str {
    found.pool.variants.get(usize::from(variant)).map_or("", |variant| variant.variant.name.as_str())
}
