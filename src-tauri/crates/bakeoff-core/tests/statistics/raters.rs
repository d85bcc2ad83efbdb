//! Agreement of raters, against statsmodels 0.15.0, scipy 1.17.1 and krippendorff 0.9.0. Each block names the call.

use bakeoff_core::stats::kappa::cohens_kappa;
use bakeoff_core::stats::krippendorff::{Level, alpha, alpha_interval};
use bakeoff_core::stats::spearman::{spearman, spearman_interval};
use proptest::prelude::*;

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{found} instead of {expected}");
}

/// `statsmodels.stats.inter_rater.cohens_kappa(table)`: `.kappa`, `.std_kappa`, `.kappa_low`, `.kappa_upp`.
#[test]
fn cohens_kappa_is_that_of_statsmodels() {
    for (counts, kappa, error, low, high) in [
        ([[20, 5], [10, 15]], 0.3999999999999999, 0.12699606293110033, 0.151092290476661, 0.6489077095233389),
        (
            [[45, 15], [25, 15]],
            0.13043478260869554,
            0.0986615376234396,
            -0.06293827779258965,
            0.3238078430099807,
        ),
        ([[1, 2], [3, 4]], -0.08695652173913052, 0.3018661516573027, -0.6786033071391498, 0.5046902636608889),
        ([[88, 2], [1, 9]], 0.8404255319148934, 0.08994544839630508, 0.6641356924848295, 1.0167153713449575),
        ([[0, 7], [6, 0]], -0.988235294117647, 0.08408757303370147, -1.1530439088110833, -0.8234266794242107),
    ] {
        let found = cohens_kappa(counts).unwrap();
        assert_near(found.kappa, kappa);
        assert_near(found.standard_error, error);
        let (found_low, found_high) = found.interval(0.95).unwrap().bounds().unwrap();
        assert_near(found_low, low);
        assert_near(found_high, high);
    }
    let full = cohens_kappa([[30, 0], [0, 12]]).unwrap();
    assert_eq!((full.kappa, full.interval(0.95)), (1.0, None), "no error can be estimated, so no interval");
    for counts in [[[0, 0], [0, 0]], [[7, 0], [0, 0]], [[0, 0], [0, 7]]] {
        assert_eq!(cohens_kappa(counts), None, "chance agrees always: {counts:?}");
    }
    let constant = cohens_kappa([[10, 0], [5, 0]]).unwrap();
    assert_eq!(constant.kappa, 0.0, "one rater says one thing only");
}

/// `scipy.stats.spearmanr(a, b).statistic`; the interval from it by `z = norm.ppf(.5 + c / 2)` and
/// `np.tanh(np.arctanh(r) ± z * np.sqrt((1 + r*r/2) / (n - 3)))`.
#[test]
fn spearman_is_that_of_scipy() {
    let shuffled = [2., 1., 4., 3., 7., 5., 8., 10., 6., 9.];
    let rising = [1., 2., 3., 4., 5., 6., 7., 8., 9., 10.];
    let tied = [10., 20., 20., 20., 55., 55., 80., 90.];
    let other = [15., 15., 40., 35., 35., 60., 60., 95.];
    let digits = [3., 1., 4., 1., 5., 9., 2., 6.];
    let negative = [-2., -7., -1., -8., -2., -8., -1., -8.];
    for (a, b, confidence, r, low, high) in [
        (&rising[..], &shuffled[..], 0.95, 0.8545454545454544, 0.38611789905036253, 0.9726010393315833),
        (&tied, &other, 0.9, 0.8500664140329959, 0.37834739982801435, 0.9712931612218783),
        (&digits, &negative, 0.95, -0.19885368120992467, -0.795664622183862, 0.5938589377849911),
    ] {
        let pairs: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).collect();
        let found = spearman(&pairs).unwrap();
        assert_near(found, r);
        let interval = spearman_interval(found, pairs.len(), confidence).unwrap();
        let (found_low, found_high) = interval.bounds().unwrap();
        assert_near(found_low, low);
        assert_near(found_high, high);
    }
    assert_eq!(spearman(&[(1., 2.), (1., 3.)]), None, "one side has one value only");
    assert_eq!((spearman(&[]), spearman(&[(1., 1.)])), (None, None));
    assert_eq!(spearman(&[(1., 5.), (2., 7.), (3., 7.5), (4., 9.)]), Some(1.0));
    assert_eq!(spearman_interval(1.0, 50, 0.95), None, "Fisher's z of 1 is infinite");
    assert_eq!(spearman_interval(0.5, 3, 0.95), None);
}

/// What several raters said, one list a rater, as the items' lists without what is missing.
fn by_item(raters: &[Vec<Option<f64>>]) -> Vec<Vec<f64>> {
    let items = raters.first().map_or(0, Vec::len);
    (0..items).map(|item| raters.iter().filter_map(|rater| rater[item]).collect()).collect()
}

/// Digits and `.` for what is missing.
fn ratings(text: &str) -> Vec<Option<f64>> {
    text.chars().map(|c| c.to_digit(10).map(f64::from)).collect()
}

/// `krippendorff.alpha(reliability_data=[…one list a rater, nan where missing…], level_of_measurement=…)`; the first
/// one is the example in Krippendorff (2011).
#[test]
fn alpha_is_that_of_the_python_package() {
    let published = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."].map(ratings);
    let published = by_item(&published);
    assert_near(alpha(&published, Level::Nominal).unwrap(), 0.743421052631579);
    assert_near(alpha(&published, Level::Interval).unwrap(), 0.8491071428571428);
    let flags = by_item(&["10110.10", "10010111", ".0111100"].map(ratings));
    assert_near(alpha(&flags, Level::Nominal).unwrap(), 0.28205128205128205);
    assert_near(alpha(&flags, Level::Interval).unwrap(), 0.28205128205128205);
    let scores = by_item(&[
        vec![Some(80.), Some(20.), Some(55.), Some(90.5), None, Some(10.)],
        vec![Some(75.), Some(35.), Some(50.), Some(88.), Some(60.), None],
        vec![Some(60.), Some(22.), Some(70.), Some(95.), Some(42.5), Some(5.)],
    ]);
    assert_near(alpha(&scores, Level::Interval).unwrap(), 0.9096564273987776);
    for nothing in [vec![], vec![vec![1.0]], vec![vec![1.0, 1.0], vec![1.0, 1.0]], vec![vec![], vec![0.3; 7]]]
    {
        for level in [Level::Nominal, Level::Interval] {
            assert_eq!(alpha(&nothing, level), None, "{nothing:?}");
            assert_eq!(alpha_interval(&nothing, level, 50, 1, 0.95), None, "{nothing:?}");
        }
    }
}

proptest! {
    #[test]
    fn agreement_stays_in_its_range(
        items in prop::collection::vec(prop::collection::vec(prop_oneof![Just(0.0), Just(50.0), 0.0..100.0], 0..5), 0..40),
        seed in any::<u64>(),
    ) {
        for level in [Level::Nominal, Level::Interval] {
            let Some(found) = alpha(&items, level) else { continue };
            prop_assert!((-1.0 - 1e-12..=1.0 + 1e-12).contains(&found), "{found}");
            let mut reversed = items.clone();
            reversed.reverse();
            reversed.iter_mut().for_each(|ratings| ratings.reverse());
            prop_assert!((alpha(&reversed, level).unwrap() - found).abs() < 1e-9, "no order matters");
            if let Some(interval) = alpha_interval(&items, level, 200, seed, 0.95) {
                let (low, high) = interval.bounds().unwrap();
                prop_assert!(low < high && high <= 1.0 + 1e-12, "{interval:?}");
                prop_assert_eq!(Some(interval), alpha_interval(&items, level, 200, seed, 0.95));
            }
        }
    }

    #[test]
    fn kappa_and_spearman_do_not_care_who_comes_first(
        counts in prop::array::uniform2(prop::array::uniform2(0..50_u32)),
        pairs in prop::collection::vec((0..8_u8, 0..8_u8), 0..40),
    ) {
        let [[a, b], [c, d]] = counts;
        let (one, other) = (cohens_kappa(counts), cohens_kappa([[a, c], [b, d]]));
        prop_assert_eq!(one.is_some(), other.is_some());
        if let (Some(one), Some(other)) = (one, other) {
            prop_assert!((-1.0 - 1e-12..=1.0 + 1e-12).contains(&one.kappa));
            prop_assert!((one.kappa - other.kappa).abs() < 1e-12);
            prop_assert!((one.standard_error - other.standard_error).abs() < 1e-7);
        }
        let forth: Vec<(f64, f64)> = pairs.iter().map(|(a, b)| (f64::from(*a), f64::from(*b))).collect();
        let back: Vec<(f64, f64)> = forth.iter().map(|(a, b)| (*b, *a)).collect();
        prop_assert_eq!(spearman(&forth), spearman(&back));
        if let Some(interval) = spearman(&forth).and_then(|r| spearman_interval(r, forth.len(), 0.95)) {
            let (low, high) = interval.bounds().unwrap();
            prop_assert!(-1.0 <= low && low < high && high <= 1.0);
        }
    }
}
