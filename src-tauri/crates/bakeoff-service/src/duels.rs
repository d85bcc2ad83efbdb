//! Two campaigns or runs against each other, and agents against nobody.

use crate::dto::{Duel, Duels, ServiceError, Side};
use crate::error::Result;
use crate::fault_pool::{FaultPool, fault_case, fault_name};
use crate::service::Service;
use bakeoff_core::analysis::{self, AnalysisOptions, FaultName, Scope, TrialNumbers};
use bakeoff_core::lab::{FaultCase, NO_AGENT};
use bakeoff_core::metric::Metric;
use bakeoff_core::trial::TrialKey;
use bakeoff_store::{RunState, RunSummary};
use std::collections::{BTreeSet, HashMap};

/// Runs that are read at once.
const PAGE: u32 = 200;

impl Service {
    /// Two campaigns or runs (`12`, `#12` or a campaign's name) against each other on the faults that both have. Their only
    /// agents are compared, or the variants of the same name; `variants` names one, or that of A and that of B.
    ///
    /// # Errors
    /// When they have no fault of a subject in common, and when it can't be told which variants are meant.
    pub fn compare_campaigns(&self, a: &str, b: &str, variants: &[String]) -> Result<Duels> {
        let sides = [self.fault_pool(a)?, self.fault_pool(b)?];
        let pairs = pairs(&sides, variants)?;
        let common = Common::of(&sides)?;
        let duels = pairs.iter().map(|pair| duel(&sides, *pair, &common)).collect();
        Ok(Duels { duels, cautions: common.cautions })
    }

    /// Each agent of a campaign or run against nobody: its own trials without an agent, else those of `baseline`, else those
    /// of the newest finished run that tried the same faults without one. Differences are agent − nobody.
    ///
    /// # Errors
    /// When nothing was tried without an agent.
    pub fn compare_baseline(&self, target: &str, baseline: Option<&str>) -> Result<Duels> {
        let agents = self.fault_pool(target)?;
        let nobody = match baseline {
            Some(baseline) => self.fault_pool(baseline)?,
            None if agents.nobody().is_some() => self.fault_pool(target)?,
            None => self.find_baseline(&agents)?,
        };
        let Some(without) = nobody.nobody() else {
            let names = nobody.names_of(&nobody.agents());
            return Err(ServiceError::bad_input(format!("{} has no trials without an agent", nobody.label))
                .with_hint(format!("it has {names}; name a run that has {NO_AGENT}")));
        };
        let of_agents: Vec<u16> =
            agents.agents().into_iter().filter(|agent| Some(*agent) != agents.nobody()).collect();
        if of_agents.is_empty() {
            return Err(ServiceError::bad_input(format!(
                "{} has only trials without an agent",
                agents.label
            ))
            .with_hint("name a campaign or run in which an agent repairs"));
        }
        let sides = [nobody, agents];
        let common = Common::of(&sides)?;
        let duels = of_agents.iter().map(|agent| duel(&sides, [without, *agent], &common)).collect();
        Ok(Duels { duels, cautions: common.cautions })
    }

    /// The newest finished run with trials without an agent on all of the faults, else on some.
    fn find_baseline(&self, agents: &FaultPool) -> Result<FaultPool> {
        let wanted = agents.names();
        let (mut all, mut some) = (None, None);
        self.each_fault_run(|run, cases| {
            let is_tried = run.counts.iter().any(|counts| counts.name == NO_AGENT);
            if run.state == RunState::Finished && is_tried {
                let has = |name: &&FaultName| cases.iter().any(|case| fault_name(case) == **name);
                match wanted.iter().filter(has).count() {
                    0 => {}
                    found if found == wanted.len() => all = Some(run.id),
                    _ => some = some.or(Some(run.id)),
                }
            }
            Ok(all.is_none())
        })?;
        match all.or(some) {
            Some(run) => self.fault_pool(&run.to_string()),
            None => {
                let first = wanted.first().map_or_else(String::new, |name| {
                    let fault = name.fault.split('(').next().unwrap_or_default();
                    format!(" --subject {} --chaos {fault}", name.subject)
                });
                Err(ServiceError::not_found(format!(
                    "nothing of {} was tried without an agent",
                    agents.label
                ))
                .with_hint(format!("run that first: bakeoff run{first} --baseline")))
            }
        }
    }

    /// Shows every run of a fault campaign with its cases, newest first, until `each` has seen enough.
    pub(crate) fn each_fault_run(
        &self,
        mut each: impl FnMut(&RunSummary, &[FaultCase]) -> Result<bool>,
    ) -> Result<()> {
        self.wait(self.store().recover(self.now()))?;
        let mut offset = 0;
        loop {
            let (runs, total) = self.store().list_runs(None, offset, PAGE)?;
            for run in &runs {
                if self.store().definition(run.id)?.campaign.lab.is_none() {
                    continue;
                }
                let mut cases = Vec::new();
                let mut unreadable = None;
                self.store().each_case(run.id, |stored| {
                    match fault_case(&stored.head.case_id, stored.json) {
                        Ok(case) => cases.push(case),
                        Err(error) => unreadable = Some(error),
                    }
                })?;
                if let Some(error) = unreadable {
                    return Err(error);
                }
                if !each(run, &cases)? {
                    return Ok(());
                }
            }
            offset += PAGE;
            if offset >= total {
                return Ok(());
            }
        }
    }
}

/// Which variant of A is compared with which of B.
fn pairs(sides: &[FaultPool; 2], wanted: &[String]) -> Result<Vec<[u16; 2]>> {
    let [a, b] = sides;
    let named = |side: &FaultPool, name: &str| {
        let index = side.pool.variants.iter().position(|variant| variant.name == name);
        index.map(|index| index as u16).ok_or_else(|| {
            let all: Vec<u16> = (0..side.pool.variants.len() as u16).collect();
            ServiceError::not_found(format!("{} has no variant {name:?}", side.label))
                .with_hint(format!("it has {}", side.names_of(&all)))
        })
    };
    let found = match wanted {
        [one] => vec![[named(a, one)?, named(b, one)?]],
        [of_a, of_b] => vec![[named(a, of_a)?, named(b, of_b)?]],
        [] => match (a.agents().as_slice(), b.agents().as_slice()) {
            ([one], [other]) => vec![[*one, *other]],
            (of_a, of_b) => {
                let same = |of_a: &u16| {
                    let of_b = of_b.iter().find(|of_b| a.name(*of_a) == b.name(**of_b))?;
                    Some([*of_a, *of_b])
                };
                of_a.iter().filter_map(same).collect()
            }
        },
        _ => {
            return Err(ServiceError::bad_input("more than two variants are named")
                .with_hint("name that of A and that of B"));
        }
    };
    if found.is_empty() {
        return Err(ServiceError::bad_input(format!(
            "{} and {} have no variant in common",
            a.label, b.label
        ))
        .with_hint(format!(
            "say which are meant, such as --variants {},{}; {} has {}, {} has {}",
            a.name(a.agents().first().copied().unwrap_or_default()),
            b.name(b.agents().first().copied().unwrap_or_default()),
            a.label,
            a.names_of(&a.agents()),
            b.label,
            b.names_of(&b.agents())
        )));
    }
    if a.label == b.label && found.iter().any(|[of_a, of_b]| of_a == of_b) {
        return Err(ServiceError::bad_input(format!("both are {}", a.label))
            .with_hint("name two campaigns or runs, or two variants with --variants A,B"));
    }
    Ok(found)
}

/// The faults that both sides have.
struct Common {
    names: Vec<FaultName>,
    /// For each case of A and of B, its place in `names`.
    cases: [Vec<Option<u32>>; 2],
    cautions: Vec<String>,
}

impl Common {
    fn of(sides: &[FaultPool; 2]) -> Result<Self> {
        let [a, b] = sides;
        // By all parameters: a default that was written out is the same fault.
        let (of_a, of_b) = (a.names(), b.names());
        let mut names: Vec<FaultName> = Vec::new();
        for name in &of_a {
            if of_b.contains(name) && !names.contains(name) {
                names.push(name.clone());
            }
        }
        let listed = |names: &[FaultName]| {
            let told: BTreeSet<String> =
                names.iter().map(|name| format!("{} {}", name.subject, name.fault)).collect();
            told.into_iter().collect::<Vec<_>>().join(", ")
        };
        if names.is_empty() {
            return Err(ServiceError::bad_input(format!(
                "{} and {} can't be compared: they have no fault of a subject in common",
                a.label, b.label
            ))
            .with_hint(format!(
                "{} has {}; {} has {}",
                a.label,
                listed(&of_a),
                b.label,
                listed(&of_b)
            )));
        }
        let mut cautions = Vec::new();
        for (side, own) in [(a, &of_a), (b, &of_b)] {
            let alone: Vec<FaultName> = own.iter().filter(|name| !names.contains(name)).cloned().collect();
            if !alone.is_empty() {
                cautions.push(format!("only {} has {}: left out", side.label, listed(&alone)));
            }
        }
        cautions.extend(changed_subjects(a, b));
        for side in if a.label == b.label { &sides[..1] } else { &sides[..] } {
            cautions.extend(side.pool.caution.iter().map(|caution| format!("{}: {caution}", side.label)));
        }
        let limits = [a, b].map(|side| side.pool.campaign.timeout_seconds);
        if limits[0] != limits[1] {
            cautions.push(format!(
                "the time limit is {} s in {} and {} s in {}: what was repaired after the shorter one counts only in the other",
                limits[0], a.label, limits[1], b.label
            ));
        }
        if a.pool.campaign.timeout_counts_as != b.pool.campaign.timeout_counts_as {
            cautions.push(format!("time-outs count in both as {} says", b.label));
        }
        let place = |name: &FaultName| names.iter().position(|common| common == name).map(|at| at as u32);
        let cases = [of_a.iter().map(place).collect(), of_b.iter().map(place).collect()];
        Ok(Self { names, cases, cautions })
    }
}

/// Subjects whose files were changed between two sides.
fn changed_subjects(a: &FaultPool, b: &FaultPool) -> Vec<String> {
    let mut told = BTreeSet::new();
    for one in &a.cases {
        let same_name = b.cases.iter().filter(|other| other.subject == one.subject);
        if same_name.clone().any(|other| other.definition != one.definition) {
            told.insert(one.subject.clone());
        }
    }
    let told = told.into_iter();
    told.map(|subject| format!("the subject {subject} was changed between {} and {}", a.label, b.label))
        .collect()
}

fn duel(sides: &[FaultPool; 2], pair: [u16; 2], common: &Common) -> Duel {
    let [a, b] = sides;
    let mut trials = Vec::new();
    let mut repetitions: HashMap<(u32, u16), u16> = HashMap::new();
    for (side, found) in sides.iter().enumerate() {
        for trial in found.pool.trials.iter().filter(|trial| trial.key.variant == pair[side]) {
            let Some(case) = common.cases[side].get(trial.key.case as usize).copied().flatten() else {
                continue;
            };
            trials.push(moved(trial, case, side as u16, &mut repetitions));
        }
    }
    let described = [(a, pair[0]), (b, pair[1])].map(|(side, variant)| Side {
        label: format!("{} {}", side.label, side.name(variant)),
        variant: side.name(variant).to_owned(),
        runs: side.pool.runs.clone(),
        campaigns: side.pool.campaigns.clone(),
    });
    let campaign = &b.pool.campaign;
    let options = AnalysisOptions {
        baseline: 0,
        margin: if campaign.primary_metric == Metric::SuccessRate { campaign.margin } else { 0.0 },
        primary_metric: Metric::SuccessRate,
        complete: a.pool.complete && b.pool.complete,
        scope: Scope::TheseCases,
        ..crate::compare::options_of_campaign(
            campaign,
            described.iter().map(|side| side.label.clone()).collect(),
            common.names.len() as u32,
        )
    };
    let comparison = analysis::compare(&trials, &options);
    let faults = analysis::by_fault(&trials, &common.names, &options);
    let [a, b] = described;
    Duel { verdict: analysis::head_to_head(&comparison), a, b, comparison, faults }
}

/// A trial under another case and variant, with a repetition of its own.
fn moved(
    trial: &TrialNumbers,
    case: u32,
    variant: u16,
    repetitions: &mut HashMap<(u32, u16), u16>,
) -> TrialNumbers {
    let next = repetitions.entry((case, variant)).or_insert(0);
    let key = TrialKey { case, variant, repetition: *next };
    *next += 1;
    TrialNumbers { key, ..*trial }
}
