//! Which runs are trials: one run for each.

use super::variant_name;
use crate::run::{Run, RunStatus};
use crate::write::key;
use std::collections::{HashMap, HashSet};

/// Indices of the runs that are trials of their own. `runs` are newest first.
pub(super) fn trials(runs: &[Run]) -> Vec<usize> {
    let ended = runs.iter().enumerate().filter(|(_, run)| run.status.has_ended());
    let ended: Vec<(usize, &Run)> =
        ended.filter(|(_, run)| run.tag(key::SUMMARY).is_none() && run.tag(key::NODE).is_none()).collect();
    let left_out: HashSet<usize> = superseded(&ended).into_iter().chain(companions(&ended)).collect();
    ended.into_iter().map(|(index, _)| index).filter(|index| !left_out.contains(index)).collect()
}

/// Of our own runs: the companions of failed ones, and all but the newest of a trial that was run again.
fn superseded(ended: &[(usize, &Run)]) -> Vec<usize> {
    let keys: HashSet<&str> = ended.iter().filter_map(|(_, run)| run.tag(key::KEY)).collect();
    let mut seen: HashSet<(&str, &str, &str)> = HashSet::new();
    let mut left_out = Vec::new();
    for (index, run) in ended {
        let (Some(of_run), Some(trial)) = (run.tag(key::RUN), run.tag(key::TRIAL)) else { continue };
        let is_companion = run.tag(key::TWIN_OF).is_some_and(|main| keys.contains(main));
        if is_companion || !seen.insert((of_run, trial, variant_name(run))) {
            left_out.push(*index);
        }
    }
    left_out
}

/// S3 writes a failed run twice: as `{variant}_run{n}_{time}`, without `success`, and as `{variant}_run{n}_failed` with
/// `success` 0. The second is left out when the first is there.
fn companions(ended: &[(usize, &Run)]) -> Vec<usize> {
    let mut waiting: HashMap<(&str, &str), Vec<&Run>> = HashMap::new();
    let mut left_out = Vec::new();
    // Oldest first: the companion comes right after the run itself.
    for (index, run) in ended.iter().rev().filter(|(_, run)| run.tag(key::RUN).is_none()) {
        let variant = variant_name(run);
        if let Some(base) = run.name.strip_suffix("_failed").filter(|base| is_numbered(base)) {
            if waiting.get_mut(&(variant, base)).and_then(Vec::pop).is_some() {
                left_out.push(*index);
            }
        } else if let Some(base) = without_time(&run.name).filter(|base| is_numbered(base))
            && run.status == RunStatus::Failed
            && run.metric("success").is_none()
        {
            waiting.entry((variant, base)).or_default().push(run);
        }
    }
    left_out
}

/// Whether a name ends with `_run` and a number.
fn is_numbered(name: &str) -> bool {
    let number = name.rsplit_once("_run").map(|(_, number)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The name without `_YYYYmmdd_HHMMSS`.
fn without_time(name: &str) -> Option<&str> {
    let (rest, time) = name.rsplit_once('_')?;
    let (base, day) = rest.rsplit_once('_')?;
    let digits = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(day, 8) && digits(time, 6)).then_some(base)
}
