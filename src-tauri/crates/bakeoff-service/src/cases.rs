//! Cases of a comparison: the matrix, the answers beside each other, success by class or by a metadata field.

use crate::compare::options;
use crate::diff;
use crate::dto::{
    Breakdown, CaseAnswers, CaseCell, CaseRow, CompareRequest, Page, ServiceError, VariantAnswer,
};
use crate::error::Result;
use crate::pool::{Pool, PooledCase};
use crate::service::Service;
use bakeoff_core::analysis::{self, LabelPair, TrialNumbers};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::{Step, TrialKey};
use bakeoff_store::TrialDetail;
use serde_json::Value;
use std::collections::HashMap;

/// Values of a field that are told apart; the most frequent ones.
const MOST_VALUES: usize = 50;
/// Cases that are looked at to find metadata fields.
const LOOKED_AT: usize = 50;
/// More classes than this are no classes.
const MOST_CLASSES: usize = 40;

impl Service {
    /// A page of the case matrix.
    pub fn list_cases(
        &self,
        request: &CompareRequest,
        only_different: bool,
        search: Option<&str>,
        offset: u32,
        limit: u32,
    ) -> Result<Page<CaseRow>> {
        let pool = self.pool(request)?;
        let by_case = trials_by_case(&pool);
        let mut wanted: Vec<u32> = (0..pool.cases.len() as u32).collect();
        if only_different {
            wanted.retain(|case| differs(&pool, by_case.get(*case as usize).map_or(&[][..], Vec::as_slice)));
        }
        if let Some(search) = search.filter(|search| !search.is_empty()) {
            let matching = self.matching_cases(&pool, search)?;
            wanted.retain(|case| matching.get(*case as usize).copied().unwrap_or(false));
        }
        let total = wanted.len() as u32;
        let rows = wanted
            .into_iter()
            .skip(offset as usize)
            .take(limit as usize)
            .map(|case| self.case_row(&pool, case, by_case.get(case as usize).map_or(&[][..], Vec::as_slice)))
            .collect::<Result<Vec<_>>>()?;
        Ok(Page { rows, total, offset })
    }

    /// The outputs of one case beside each other.
    pub fn case_answers(&self, request: &CompareRequest, case: u32) -> Result<CaseAnswers> {
        let pool = self.pool(request)?;
        let place = place(&pool, case)?;
        let stored = self.store().case(place.run, place.index)?.ok_or_else(|| no_case(case))?;
        let baseline = options(&pool, request)?.baseline;
        let details = (0..pool.variants.len() as u16)
            .map(|variant| self.first_trial(&pool, case, variant))
            .collect::<Result<Vec<_>>>()?;
        let reference =
            details.get(usize::from(baseline)).and_then(Option::as_ref).and_then(|d| d.answer.clone());
        let answers = details.into_iter().enumerate().map(|(index, detail)| {
            let answer = detail.as_ref().and_then(|detail| detail.answer.clone());
            let diff = match (&reference, &answer) {
                (Some(reference), Some(answer)) if index != usize::from(baseline) => {
                    diff::words(reference, answer)
                }
                _ => Vec::new(),
            };
            VariantAnswer {
                variant: index as u16,
                name: pool.variants.get(index).map(|variant| variant.name.clone()).unwrap_or_default(),
                outcome: detail.as_ref().map(|detail| detail.row.outcome),
                error: detail.and_then(|detail| detail.error),
                answer,
                diff,
            }
        });
        let trials: Vec<TrialNumbers> =
            pool.trials.iter().filter(|trial| trial.key.case == case).copied().collect();
        Ok(CaseAnswers {
            answers: answers.collect(),
            row: self.case_row(&pool, case, &trials)?,
            input: serde_json::from_str(&stored.json).unwrap_or(Value::Null),
        })
    }

    /// The nodes that the first trial of each variant ran on a case.
    pub(crate) fn first_steps(&self, request: &CompareRequest, case: u32) -> Result<Vec<Vec<Step>>> {
        let pool = self.pool(request)?;
        (0..pool.variants.len() as u16)
            .map(|variant| {
                Ok(self.first_trial(&pool, case, variant)?.map_or_else(Vec::new, |trial| trial.steps))
            })
            .collect()
    }

    /// Success by class (`expected`) or by a metadata field, and confusion matrices for classes.
    pub fn breakdown(&self, request: &CompareRequest, field: &str) -> Result<Breakdown> {
        let pool = self.pool(request)?;
        let values = self.field_values(&pool, field)?;
        let mut counts: HashMap<&str, u32> = HashMap::new();
        for value in values.iter().flatten() {
            *counts.entry(value).or_insert(0) += 1;
        }
        let mut names: Vec<(&str, u32)> = counts.into_iter().collect();
        names.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        names.truncate(MOST_VALUES);
        names.sort_unstable();
        let names: Vec<String> = names.into_iter().map(|(name, _)| name.to_owned()).collect();
        let index: HashMap<&str, u32> =
            names.iter().enumerate().map(|(index, name)| (name.as_str(), index as u32)).collect();
        let value_of: Vec<Option<u32>> =
            values.iter().map(|value| value.as_deref().and_then(|value| index.get(value).copied())).collect();
        let slices = analysis::slices(&pool.trials, &value_of, &names, &options(&pool, request)?);
        let confusion = if field == "expected" { self.confusion(&pool)? } else { Vec::new() };
        Ok(Breakdown { field: field.to_owned(), slices, confusion })
    }

    /// Fields by which success can be sliced: those of `metadata` with several values, and `expected` for classes.
    pub(crate) fn slice_fields(&self, pool: &Pool) -> Result<Vec<String>> {
        let mut fields: Vec<String> = Vec::new();
        for place in pool.cases.iter().take(LOOKED_AT) {
            let Some(stored) = self.store().case(place.run, place.index)? else { continue };
            let row: Value = serde_json::from_str(&stored.json).unwrap_or(Value::Null);
            if row.get("expected").is_some_and(is_label) && !fields.iter().any(|field| field == "expected") {
                fields.insert(0, "expected".to_owned());
            }
            for (key, value) in row.get("metadata").and_then(Value::as_object).into_iter().flatten() {
                let field = format!("metadata.{key}");
                if is_label(value) && !fields.contains(&field) {
                    fields.push(field);
                }
            }
        }
        Ok(fields)
    }

    fn case_row(&self, pool: &Pool, case: u32, trials: &[TrialNumbers]) -> Result<CaseRow> {
        let place = place(pool, case)?;
        let stored = self.store().case(place.run, place.index)?.ok_or_else(|| no_case(case))?;
        let cells = (0..pool.variants.len() as u16).map(|variant| cell(trials, variant)).collect();
        Ok(CaseRow {
            case,
            case_id: stored.head.case_id,
            preview: stored.head.preview,
            expected: stored.head.expected,
            cells,
        })
    }

    /// For each case of the pool, whether its id or input contains the text.
    fn matching_cases(&self, pool: &Pool, search: &str) -> Result<Vec<bool>> {
        let mut matching = vec![false; pool.cases.len()];
        for run in &pool.runs {
            let (heads, _) = self.store().find_cases(*run, Some(search), 0, u32::MAX)?;
            for head in heads {
                let key = TrialKey { case: head.index, variant: 0, repetition: 0 };
                if let Some(slot) = pool.case_of(*run, key).and_then(|case| matching.get_mut(case as usize)) {
                    *slot = true;
                }
            }
        }
        Ok(matching)
    }

    /// The first trial of a case and variant, from the oldest run that has one.
    fn first_trial(&self, pool: &Pool, case: u32, variant: u16) -> Result<Option<TrialDetail>> {
        for run in &pool.runs {
            let (Some(case), Some(variant)) =
                (pool.case_in_run(*run, case), pool.variant_in_run(*run, variant))
            else {
                continue;
            };
            let key = TrialKey { case, variant, repetition: 0 };
            if let Some(detail) = self.store().trial_detail(*run, key)? {
                return Ok(Some(detail));
            }
        }
        Ok(None)
    }

    /// The value of a field for each case of the pool.
    fn field_values(&self, pool: &Pool, field: &str) -> Result<Vec<Option<String>>> {
        let pointer: Vec<&str> = field.split('.').collect();
        let mut values = vec![None; pool.cases.len()];
        for run in &pool.runs {
            self.store().each_case(*run, |stored| {
                let key = TrialKey { case: stored.head.index, variant: 0, repetition: 0 };
                let slot = pool.case_of(*run, key).and_then(|case| values.get_mut(case as usize));
                if let Some(slot @ None) = slot {
                    let row: Value = serde_json::from_str(&stored.json).unwrap_or(Value::Null);
                    let value = pointer.iter().try_fold(&row, |value, key| value.get(key));
                    *slot = value.filter(|value| is_label(value)).map(label);
                }
            })?;
        }
        Ok(values)
    }

    fn confusion(&self, pool: &Pool) -> Result<Vec<analysis::Confusion>> {
        let mut pairs: Vec<(u16, String, Option<String>)> = Vec::new();
        for run in &pool.runs {
            self.store().each_label(*run, |labels| {
                let usable = matches!(labels.outcome, Outcome::Pass | Outcome::Fail);
                if let (true, Some(expected), Some((_, variant))) =
                    (usable, labels.expected, pool.place(*run, labels.key))
                {
                    pairs.push((variant, expected, labels.answered));
                }
            })?;
        }
        let classes: std::collections::BTreeSet<&str> =
            pairs.iter().map(|(_, expected, _)| expected.as_str()).collect();
        if classes.len() > MOST_CLASSES {
            return Ok(Vec::new());
        }
        let pairs = pairs.iter().map(|(variant, expected, answered)| LabelPair {
            variant: *variant,
            expected,
            answered: answered.as_deref(),
        });
        Ok(analysis::confusion(pairs, pool.variants.len()))
    }
}

fn place(pool: &Pool, case: u32) -> Result<PooledCase> {
    pool.cases.get(case as usize).copied().ok_or_else(|| no_case(case))
}

fn no_case(case: u32) -> ServiceError {
    ServiceError::not_found(format!("there is no case {case} in this comparison"))
}

fn trials_by_case(pool: &Pool) -> Vec<Vec<TrialNumbers>> {
    let mut by_case = vec![Vec::new(); pool.cases.len()];
    for trial in &pool.trials {
        if let Some(trials) = by_case.get_mut(trial.key.case as usize) {
            trials.push(*trial);
        }
    }
    by_case
}

fn cell(trials: &[TrialNumbers], variant: u16) -> CaseCell {
    let own: Vec<&TrialNumbers> = trials.iter().filter(|trial| trial.key.variant == variant).collect();
    let scores: Vec<f64> = own.iter().filter_map(|trial| trial.score).collect();
    let most_frequent = own.iter().map(|trial| trial.outcome).max_by_key(|outcome| {
        (own.iter().filter(|trial| trial.outcome == *outcome).count(), std::cmp::Reverse(*outcome))
    });
    CaseCell {
        trials: own.len() as u32,
        passes: own.iter().filter(|trial| trial.outcome == Outcome::Pass).count() as u32,
        outcome: most_frequent,
        score: (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64),
    }
}

/// Whether the variants' share of passes on a case is not the same.
fn differs(pool: &Pool, trials: &[TrialNumbers]) -> bool {
    let mut shares = (0..pool.variants.len() as u16)
        .map(|variant| cell(trials, variant))
        .filter(|cell| cell.trials > 0)
        .map(|cell| (cell.passes, cell.trials));
    let first = shares.next();
    // Cross-multiplied, so that 1 of 2 and 2 of 4 are the same share.
    shares.any(|(passes, trials)| first.is_some_and(|(p, t)| p * trials != passes * t))
}

fn is_label(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty() && text.chars().count() <= 60 && !text.contains('\n'),
        Value::Bool(_) | Value::Number(_) => true,
        _ => false,
    }
}

fn label(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
