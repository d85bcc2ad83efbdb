//! Agreement of variants over small runs.

use super::*;

fn trial(item: u32, variant: u16, answer: Option<(f64, bool)>) -> TriageTrial {
    let answer = answer.map(|(score, is_relevant)| TriageAnswer {
        ai_score: score,
        reason: "it is so".to_owned(),
        is_relevant,
        is_novel: true,
        categories: Vec::new(),
        should_deep_summarize: false,
        theme: None,
        one_liner: None,
    });
    TriageTrial {
        item,
        variant,
        answer,
        input_tokens: None,
        output_tokens: None,
        latency_ms: None,
        cost_usd: None,
    }
}

/// What each variant said of each item, one list a variant.
fn of(variants: &[Vec<Option<(f64, bool)>>]) -> TriageAgreement {
    let names: Vec<String> = (0..variants.len()).map(|index| format!("v{index}")).collect();
    let trials: Vec<TriageTrial> = (0..)
        .zip(variants)
        .flat_map(|(variant, answers)| {
            (0..).zip(answers).map(move |(item, answer)| trial(item, variant, *answer))
        })
        .collect();
    agreement(&names, &trials, 0.95)
}

#[test]
fn pairs_are_compared_over_what_both_answered() {
    // Relevance as in the table [[20, 5], [10, 15]], and one item that only the first answered.
    let table = [(20, false, false), (5, false, true), (10, true, false), (15, true, true)];
    let spread = |which: fn(&(usize, bool, bool)) -> bool| -> Vec<Option<(f64, bool)>> {
        let flags = table.iter().flat_map(|row| std::iter::repeat_n(which(row), row.0));
        flags.enumerate().map(|(at, flag)| Some(((at * 7 % 50) as f64, flag))).collect()
    };
    let (mut first, mut second) = (spread(|row| row.1), spread(|row| row.2));
    second.iter_mut().flatten().for_each(|answer| answer.0 = answer.0 / 2.0 + 1.0);
    first.push(Some((99.0, true)));
    second.push(None);
    let found = of(&[first, second]);
    let pair = &found.pairs[0];
    assert_eq!((found.pairs.len(), pair.first, pair.second), (1, 0, 1));
    assert_eq!((pair.relevant.value, pair.relevant.n, pair.kappa.n), (Some(0.7), 50, 50));
    // statsmodels.stats.inter_rater.cohens_kappa([[20, 5], [10, 15]]).
    let (kappa, interval) = (pair.kappa.value.expect("it varies"), pair.kappa.interval.expect("it varies"));
    assert!((kappa - 0.4).abs() < 1e-12 && (interval.low.expect("both") - 0.151092290476661).abs() < 1e-9);
    assert_eq!(pair.rank_correlation.value, Some(1.0), "the same order");
    assert!(pair.rank_correlation.interval.is_none() && pair.rank_correlation.note.is_some());
    assert!((pair.score_difference.value.expect("fifty") + 11.25).abs() < 1e-9, "second minus first");
    assert!(pair.score_difference.interval.is_some());
    let alpha = found.alpha_relevant.expect("two variants");
    assert!(
        alpha.n == 50
            && alpha.interval.is_some_and(|interval| interval.contains(alpha.value.expect("it varies")))
    );
    assert_eq!(found.alpha_score.expect("two variants").n, 50);
}

#[test]
fn what_cannot_be_known_is_said() {
    let same = vec![Some((50.0, true)); 12];
    let found = of(&[same.clone(), same.clone()]);
    let pair = &found.pairs[0];
    assert_eq!((pair.relevant.value, pair.kappa.value), (Some(1.0), None));
    assert!(pair.kappa.note.as_deref().is_some_and(|note| note.contains("chance")));
    assert!(pair.rank_correlation.note.as_deref().is_some_and(|note| note.contains("no order")));
    assert_eq!((pair.score_difference.value, pair.score_difference.interval), (Some(0.0), None));
    assert!(found.alpha_score.is_some_and(|alpha| alpha.value.is_none() && alpha.note.is_some()));

    let mixed: Vec<_> = (0..12).map(|at| Some((f64::from(at), at % 2 == 0))).collect();
    let constant = of(&[same, mixed.clone()]).pairs.remove(0).kappa;
    assert_eq!((constant.value, constant.interval), (Some(0.0), None));
    assert!(constant.note.is_some_and(|note| note.contains("same answer")));
    let equal = of(&[mixed.clone(), mixed.clone()]).pairs.remove(0).kappa;
    assert_eq!((equal.value, equal.interval), (Some(1.0), None));
    assert!(equal.note.is_some_and(|note| note.contains("every item")));

    let nothing = of(&[vec![Some((1.0, true)), None], vec![None, Some((1.0, true))]]);
    let pair = &nothing.pairs[0];
    for estimate in [&pair.relevant, &pair.kappa, &pair.rank_correlation, &pair.score_difference] {
        assert_eq!((estimate.value, estimate.note.as_deref()), (None, Some(NOTHING_IN_COMMON)));
    }
    assert_eq!(nothing.alpha_relevant.and_then(|alpha| alpha.value), None);
    let few = of(&[mixed[..5].to_vec(), mixed[1..6].to_vec()]);
    assert!(few.alpha_score.is_some_and(|alpha| alpha.note.is_some_and(|note| note.contains("at least 10"))));
}

#[test]
fn every_pair_is_there_and_one_variant_has_none() {
    let answers = vec![Some((1.0, true)); 3];
    let found = of(&vec![answers.clone(); 4]);
    let pairs: Vec<(u16, u16)> = found.pairs.iter().map(|pair| (pair.first, pair.second)).collect();
    assert_eq!(pairs, [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]);
    assert_eq!(of(&[answers]), TriageAgreement::default());
    assert_eq!(of(&[]), TriageAgreement::default());
}
