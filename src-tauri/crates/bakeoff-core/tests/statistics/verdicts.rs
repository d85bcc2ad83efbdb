//! What a difference means, and how it is said.

use crate::trials::{options, passed, table, trial};
use bakeoff_core::analysis::{Difference, Verdict, best, compare, rank};
use bakeoff_core::metric::{Aggregate, Metric};
use bakeoff_core::outcome::Outcome;

/// The success difference of a table of two variants.
fn judged(
    table_of: (u32, u32, u32, u32),
    change: impl Fn(&mut bakeoff_core::analysis::AnalysisOptions),
) -> Difference {
    let trials = table(table_of.0, table_of.1, table_of.2, table_of.3);
    let mut options = options(&["default", "careful"], trials.len() as u32 / 2);
    change(&mut options);
    compare(&trials, &options).differences.swap_remove(0)
}

#[test]
fn better_in_plain_words() {
    let difference = judged((70, 38, 4, 8), |_| {});
    assert_eq!(difference.verdict, Verdict::Better);
    assert_eq!((difference.only_variant_passes, difference.only_baseline_passes), (Some(38), Some(4)));
    assert_eq!(difference.p_adjusted, difference.p_value, "one comparison needs no adjustment");
    assert_eq!(
        difference.sentence,
        "careful passes 28.3 points more often than default (95 % interval 19.1 to 37.8, 120 cases)."
    );
}

#[test]
fn worse_turns_the_interval_around() {
    let difference = judged((70, 4, 38, 8), |_| {});
    assert_eq!(difference.verdict, Verdict::Worse);
    assert_eq!(
        difference.sentence,
        "careful passes 28.3 points less often than default (95 % interval 19.1 to 37.8, 120 cases)."
    );
}

#[test]
fn a_small_difference_cannot_be_told_and_says_what_could() {
    let difference = judged((60, 12, 10, 18), |_| {});
    assert_eq!(difference.verdict, Verdict::CannotTell);
    let detectable = difference.detectable.unwrap();
    assert!(detectable > 0.1 && detectable < 0.2, "2.8 standard errors of 4.7 points: {detectable}");
    assert!(
        difference
            .sentence
            .starts_with("Cannot tell whether careful is better than default: it passes 2.0 points")
    );
    assert!(difference.sentence.ends_with("points would probably have shown."), "{}", difference.sentence);
}

#[test]
fn many_equal_cases_are_no_difference() {
    let difference = judged((900, 5, 5, 90), |_| {});
    assert_eq!(difference.verdict, Verdict::NoDifference);
    assert!(difference.sentence.contains("don't differ by more than the margin of 2.0 points"));
    let strict = judged((900, 5, 5, 90), |options| options.margin = 0.001);
    assert_eq!(strict.verdict, Verdict::CannotTell, "the interval is wider than a tenth of a point");
}

#[test]
fn a_tiny_but_certain_difference_is_better_and_below_the_margin() {
    let difference = judged((4000, 40, 0, 960), |_| {});
    assert_eq!(difference.verdict, Verdict::Better);
    assert!(
        difference.sentence.ends_with("This is less than the margin of 2.0 points."),
        "{}",
        difference.sentence
    );
}

#[test]
fn no_verdict_while_it_runs() {
    let difference = judged((70, 38, 4, 8), |options| options.complete = false);
    assert_eq!(difference.verdict, Verdict::StillRunning);
    assert!(
        difference.sentence.starts_with("Still running: so far careful passes"),
        "{}",
        difference.sentence
    );
    assert!(difference.difference.interval.is_some(), "estimates are shown all the same");
}

/// 12 against 3 discordant cases have p = 0.022 alone and 0.043 among three: Holm lets it pass only where it is alone.
#[test]
fn holm_takes_away_a_lucky_verdict() {
    let names = ["default", "a", "b", "c"];
    let mut trials = Vec::new();
    for case in 0..100_u32 {
        let first = case < 53;
        trials.push(trial(0, case, 0, passed(first)));
        // a: 12 cases more, 3 fewer; b and c: as the baseline but for one case each way.
        trials.push(trial(1, case, 0, passed((3..65).contains(&case))));
        trials.push(trial(2, case, 0, passed((1..54).contains(&case))));
        trials.push(trial(3, case, 0, passed((1..54).contains(&case))));
    }
    let comparison = compare(&trials, &options(&names, 100));
    let of = |variant: u16| {
        let mut found = comparison.differences.iter().filter(|difference| difference.variant == variant);
        found.find(|difference| difference.metric == Metric::SuccessRate).unwrap()
    };
    let (p, adjusted) = (of(1).p_value.unwrap(), of(1).p_adjusted.unwrap());
    assert!(p < 0.05 && (adjusted - 3.0 * p).abs() < 1e-12, "{p} {adjusted}");
    assert_eq!(of(1).verdict, Verdict::CannotTell, "p {p} is {adjusted} after Holm");
    assert!(of(2).p_adjusted.unwrap() >= adjusted, "Holm keeps the order");
    let score = comparison.differences.iter().find(|difference| difference.metric == Metric::Score).unwrap();
    assert_eq!(score.p_adjusted, None, "other metrics are exploratory");
}

#[test]
fn lower_latency_is_better() {
    let trials: Vec<_> = (0..40)
        .flat_map(|case| {
            let mut fast = trial(1, case, 0, Outcome::Pass);
            fast.latency_ms = Some(500.0 + f64::from(case % 5));
            [trial(0, case, 0, Outcome::Pass), fast]
        })
        .collect();
    let mut options = options(&["default", "quick"], 40);
    options.primary_metric = Metric::LatencyMs;
    let comparison = compare(&trials, &options);
    let first = &comparison.differences[0];
    assert_eq!(
        (first.metric, first.verdict),
        (Metric::LatencyMs, Verdict::Better),
        "the primary metric comes first"
    );
    assert!(first.sentence.starts_with("quick is 3"), "{}", first.sentence);
    assert!(first.sentence.contains("ms faster than default"), "{}", first.sentence);

    let best = best(&comparison, Metric::LatencyMs, Aggregate::P95, 1).unwrap();
    assert_eq!(best.name, "quick");
    assert!(best.caution.unwrap().contains("Only the means were tested"));
    let ranks = rank(&comparison, Metric::LatencyMs, Aggregate::Avg, 41);
    assert_eq!(ranks, [(0, None), (1, None)], "40 trials are fewer than 41");
}

#[test]
fn best_says_how_sure_it_is() {
    let trials = table(70, 38, 4, 8);
    let comparison = compare(&trials, &options(&["default", "careful"], 120));
    let chosen = best(&comparison, Metric::SuccessRate, Aggregate::Avg, 1).unwrap();
    assert_eq!((chosen.variant, chosen.caution), (1, None));
    assert_eq!(
        chosen.evidence,
        "success rate 90.0 % [83.3 %, 94.2 %], n = 120; default 61.7 %; better (p < 0.001)"
    );
}

#[test]
fn best_is_cautious_with_weak_evidence() {
    let running = |complete| {
        let mut options = options(&["default", "careful"], 100);
        options.complete = complete;
        let comparison = compare(&table(60, 12, 10, 18), &options);
        best(&comparison, Metric::SuccessRate, Aggregate::Avg, 1).unwrap().caution.unwrap()
    };
    assert_eq!(running(true), "careful is not shown to be better than default at 95 % confidence.");
    assert!(running(false).contains("still going on"));
    let worse = compare(&table(60, 10, 12, 18), &options(&["default", "careful"], 100));
    let baseline = best(&worse, Metric::SuccessRate, Aggregate::Avg, 1).unwrap();
    assert!(baseline.caution.unwrap().contains("default is the baseline itself"));
}

#[test]
fn ties_go_to_the_cheaper_then_the_earlier() {
    let mut trials = Vec::new();
    for case in 0..20 {
        for variant in 0..3 {
            let mut trial = trial(variant, case, 0, Outcome::Pass);
            trial.cost_usd = Some(if variant == 0 { 0.002 } else { 0.001 });
            trials.push(trial);
        }
    }
    let comparison = compare(&trials, &options(&["dear", "cheap", "cheap too"], 20));
    let ranks = rank(&comparison, Metric::SuccessRate, Aggregate::Avg, 1);
    assert_eq!(ranks.iter().map(|(variant, _)| *variant).collect::<Vec<_>>(), [1, 2, 0]);
}

#[test]
fn nothing_is_best_without_results() {
    let comparison = compare(&[], &options(&["default", "careful"], 10));
    assert_eq!(best(&comparison, Metric::SuccessRate, Aggregate::Avg, 0), None);
    let sentence = &comparison.differences[0].sentence;
    assert!(sentence.starts_with("careful and default can't be compared by success rate"), "{sentence}");
}
