//! What is taken and what is left out, by examples and by properties.

use super::*;
use proptest::prelude::*;
use serde_json::Map;
use std::collections::{BTreeMap, BTreeSet};

const HOUR: i64 = 3_600_000;

fn candidate(id: &str) -> Candidate {
    Candidate {
        id: id.to_owned(),
        title: Some(format!("Title of {id}")),
        url: None,
        author: None,
        source_type: "rss".to_owned(),
        source_id: "one".to_owned(),
        published_at: Some(0),
        body: None,
        cluster_id: None,
        score: None,
        more: Map::new(),
    }
}

fn with(id: &str, change: impl FnOnce(&mut Candidate)) -> Candidate {
    let mut candidate = candidate(id);
    change(&mut candidate);
    candidate
}

fn ids(chosen: &[Candidate]) -> Vec<&str> {
    chosen.iter().map(|candidate| candidate.id.as_str()).collect()
}

#[test]
fn nothing_is_taken_twice() {
    let at = |id: &str, url: &str| with(id, |one| one.url = Some(url.to_owned()));
    let rows = vec![
        at("a", "https://news.example/1"),
        at("b", "https://news.example/1/"),
        at("c", "https://news.example/1#comments"),
        // The same id under another address joins the two.
        at("c", "https://news.example/2"),
        at("d", "https://news.example/2/#top"),
        at("e", "https://news.example/3?page=2"),
        at("f", "https://news.example/3"),
        // Seen through two sources.
        with("g", |one| one.source_id = "two".to_owned()),
        candidate("g"),
        at("h", "#"),
        at("i", "/"),
    ];
    let (chosen, selection) = select(rows, None, 100, 1);
    assert_eq!(ids(&chosen), ["a", "e", "f", "g", "h", "i"]);
    assert_eq!((selection.read, selection.duplicates, selection.chosen), (11, 5, 6));
}

#[test]
fn a_duplicate_in_the_window_is_preferred() {
    let rows = vec![
        with("a", |one| one.published_at = None),
        with("a", |one| (one.published_at, one.body) = (Some(500), Some("long text".to_owned()))),
        with("a", |one| one.published_at = Some(50)),
    ];
    let (chosen, selection) = select(rows, Some(Window { start: 0, end: 100 }), 10, 1);
    assert_eq!((chosen[0].published_at, selection.duplicates, selection.outside), (Some(50), 2, 0));
}

#[test]
fn the_window_has_its_start_and_not_its_end() {
    let at = |id: &str, published| with(id, |one| one.published_at = published);
    let rows = vec![
        at("before", Some(99)),
        at("first", Some(100)),
        at("last", Some(199)),
        at("end", Some(200)),
        at("undated", None),
    ];
    let (chosen, selection) = select(rows.clone(), Some(Window { start: 100, end: 200 }), 10, 1);
    assert_eq!(ids(&chosen), ["last", "first"]);
    assert_eq!((selection.outside, selection.undated, selection.eligible), (2, 1, 2));
    let (chosen, selection) = select(rows, None, 10, 1);
    assert_eq!(ids(&chosen), ["end", "last", "first", "before"]);
    assert_eq!(selection.window, Window { start: 99, end: 201 });
    assert_eq!(selection.undated, 1);
}

#[test]
fn nothing_comes_of_nothing() {
    let (chosen, selection) = select(Vec::new(), None, 50, 1);
    assert!(chosen.is_empty() && selection.strata.is_empty());
    assert!(selection.window.start < selection.window.end);
    let (chosen, selection) = select(vec![candidate("a")], None, 0, 1);
    assert!(chosen.is_empty() && selection.eligible == 1);
    let backwards = Window { start: 10, end: 0 };
    assert_eq!(select(vec![candidate("a")], Some(backwards), 5, 1).1.outside, 1);
    let endless = Window { start: i64::MIN, end: i64::MAX };
    let (chosen, selection) = select(vec![candidate("a")], Some(endless), 5, 1);
    assert_eq!((chosen.len(), selection.buckets, selection.strata[0].bucket), (1, 12, 6));
}

/// The best representative of one cluster comes last; each is better than the one before by one rule.
#[test]
fn one_of_a_cluster_stands_for_it() {
    let address = |one: &mut Candidate| one.url = Some(format!("https://news.example/{}", one.id));
    let post = |one: &mut Candidate| one.source_type = SHORT_POSTS.to_owned();
    let body = |one: &mut Candidate, body: &str| one.body = Some(body.to_owned());
    let rising = [
        with("z", |one| (one.title, one.published_at) = (None, Some(9))),
        with("y", |one| (address(one), post(one), one.title = None).2),
        with("x", |one| (address(one), one.title = None).1),
        with("w", |one| one.published_at = Some(1)),
        with("v", |one| one.published_at = Some(2)),
        with("u", |one| (address(one), post(one)).1),
        with("t", |one| body(one, "ünïcödé")),
        with("s", |one| body(one, "12345678")),
        with("r", |one| (address(one), post(one), body(one, "a much longer body")).2),
        with("q", address),
        with("p", address),
        with("o", |one| (address(one), body(one, "text")).1),
    ];
    for (at, pair) in rising.windows(2).enumerate() {
        for order in [[0, 1], [1, 0]] {
            let rows = order.map(|index: usize| {
                let mut one = pair[index].clone();
                one.cluster_id = Some("story".to_owned());
                one
            });
            let (chosen, selection) = select(rows.to_vec(), Some(Window { start: 0, end: 100 }), 10, 1);
            assert_eq!(ids(&chosen), [pair[1].id.as_str()], "pair {at}");
            assert_eq!((selection.represented, selection.eligible), (1, 1));
        }
    }
}

#[test]
fn the_window_is_cut_by_its_length() {
    for (hours, buckets) in [(0, 3), (1, 3), (6, 3), (7, 4), (8, 4), (9, 5), (23, 12), (24, 12), (168, 12)] {
        let window = Window { start: 0, end: hours * HOUR };
        assert_eq!(strata::buckets(window), buckets, "{hours} hours");
    }
}

#[test]
fn small_sources_are_not_crowded_out() {
    let mut rows: Vec<Candidate> =
        (0..100).map(|n| with(&format!("big-{n}"), |one| one.score = Some(1_000.0))).collect();
    rows.extend((0..3).map(|n| with(&format!("small-{n}"), |one| one.source_id = "two".to_owned())));
    let (chosen, selection) = select(rows, Some(Window { start: 0, end: 6 * HOUR }), 4, 1);
    let small = ids(&chosen).iter().filter(|id| id.starts_with("small")).count();
    assert_eq!((chosen.len(), small), (4, 2), "half for each of the two groups");
    let counts: Vec<(u32, u32)> =
        selection.strata.iter().map(|stratum| (stratum.candidates, stratum.chosen)).collect();
    assert_eq!(counts, [(100, 2), (3, 2)]);
}

#[test]
fn the_best_of_a_group_are_taken() {
    let rising = [
        with("f", |one| (one.title, one.score) = (Some("Short".to_owned()), Some(1_000.0))),
        candidate("e"),
        with("d", |one| one.published_at = Some(5)),
        with("c", |one| one.score = Some(-1.0)),
        with("b", |one| one.score = Some(0.0)),
        with("a", |one| one.score = Some(7.5)),
    ];
    for most in 1..rising.len() {
        let (chosen, _) = select(rising.to_vec(), Some(Window { start: 0, end: 100 }), most as u32, 1);
        let chosen: BTreeSet<&str> = ids(&chosen).into_iter().collect();
        let best = rising[rising.len() - most..].iter().map(|one| one.id.as_str()).collect();
        assert_eq!(chosen, best, "the best {most}");
    }
}

#[test]
fn another_seed_draws_another_sample_of_equals() {
    let rows: Vec<Candidate> = (0..50).map(|n| candidate(&format!("item-{n}"))).collect();
    let of_seed = |seed| select(rows.clone(), None, 5, seed).0;
    assert_ne!(of_seed(1), of_seed(2));
    assert_eq!(of_seed(1), of_seed(1));
}

/// Few values of everything, so that much is equal.
fn any_candidate() -> impl Strategy<Value = Candidate> {
    let small = || prop::option::of(0..6_u8);
    let words = (small(), small(), small(), small());
    let source = (prop_oneof![Just("rss"), Just(SHORT_POSTS), Just("reddit")], 0..4_u8);
    let moment = prop::option::weighted(0.9, prop_oneof![0..48 * HOUR, Just(-1), any::<i64>()]);
    let score = prop::option::of(prop_oneof![Just(f64::NAN), Just(1.0), -5.0..500.0]);
    (0..80_u8, words, source, moment, score).prop_map(
        |(id, (title, url, body, cluster), source, moment, score)| {
            let text =
                |name: &'static str| move |number: u8| format!("{name} {}", "·".repeat(usize::from(number)));
            Candidate {
                id: format!("id-{id}"),
                title: title.map(text("T")),
                url: url.map(|number| format!("https://news.example/{id}/{number}")),
                author: None,
                source_type: source.0.to_owned(),
                source_id: source.1.to_string(),
                published_at: moment,
                body: body.map(text("B")),
                cluster_id: cluster.map(text("C")),
                score,
                more: Map::new(),
            }
        },
    )
}

fn any_window() -> impl Strategy<Value = Option<Window>> {
    prop::option::of(
        (0..24 * HOUR, 1..48 * HOUR).prop_map(|(start, length)| Window { start, end: start + length }),
    )
}

/// Source type, source, part of the window: as [`Selection::strata`] tells it.
fn group_of(candidate: &Candidate, selection: &Selection) -> (String, String, u32) {
    let published = candidate.published_at.expect("what is chosen has a date");
    let matches = |stratum: &&crate::triage::Stratum| {
        (&stratum.source_type, &stratum.source_id) == (&candidate.source_type, &candidate.source_id)
            && (stratum.start..stratum.end).contains(&published)
    };
    let mut strata = selection.strata.iter().filter(matches);
    let stratum = strata.next().expect("every chosen candidate is in a stratum");
    assert!(strata.next().is_none(), "and in no other");
    (stratum.source_type.clone(), stratum.source_id.clone(), stratum.bucket)
}

proptest! {
    #[test]
    fn the_policy_holds(
        candidates in prop::collection::vec(any_candidate(), 0..120),
        window in any_window(),
        most in 0..60_u32,
        seed in any::<u64>(),
    ) {
        let (chosen, selection) = select(candidates.clone(), window, most, seed);
        let groups = selection.strata.len() as u32;

        // The counts add up.
        prop_assert_eq!(selection.read as usize, candidates.len());
        let left_out = selection.duplicates + selection.undated + selection.outside + selection.represented;
        prop_assert_eq!(selection.read - left_out, selection.eligible);
        prop_assert_eq!(selection.chosen as usize, chosen.len());
        prop_assert_eq!(selection.strata.iter().map(|one| one.candidates).sum::<u32>(), selection.eligible);
        prop_assert_eq!(selection.strata.iter().map(|one| one.chosen).sum::<u32>(), selection.chosen);

        // Never more than asked, and all when there are no more.
        prop_assert!(selection.chosen <= most);
        if selection.eligible <= most {
            prop_assert_eq!(selection.chosen, selection.eligible);
        }

        // No id, address or cluster twice; all in the window; each is one of the rows.
        let unique: BTreeSet<&str> = ids(&chosen).into_iter().collect();
        prop_assert_eq!(unique.len(), chosen.len());
        let addresses: Vec<&str> = chosen.iter().filter_map(address).collect();
        prop_assert_eq!(addresses.iter().collect::<BTreeSet<_>>().len(), addresses.len());
        let clusters: Vec<&str> = chosen.iter().filter_map(|one| one.cluster_id.as_deref()).collect();
        prop_assert_eq!(clusters.iter().collect::<BTreeSet<_>>().len(), clusters.len());
        prop_assert!((3..=12).contains(&selection.buckets));
        let mut by_group = BTreeMap::new();
        for one in &chosen {
            prop_assert!(selection.window.contains(one.published_at.expect("it has a date")));
            let json = one.case_json();
            prop_assert!(candidates.iter().any(|row| row.case_json().get() == json.get()));
            *by_group.entry(group_of(one, &selection)).or_insert(0) += 1;
        }
        for stratum in &selection.strata {
            let group = (stratum.source_type.clone(), stratum.source_id.clone(), stratum.bucket);
            prop_assert_eq!(by_group.get(&group).copied().unwrap_or(0), stratum.chosen, "{:?}", group);
            prop_assert!(stratum.candidates > 0 && stratum.start < stratum.end);
        }

        if selection.eligible > most {
            // At most k of a group; a group is left without only when no other has two, so every group is represented
            // when there is room.
            let of_each = most.div_ceil(groups).max(1);
            prop_assert!(selection.strata.iter().all(|one| one.chosen <= of_each));
            if selection.strata.iter().any(|one| one.chosen == 0) {
                prop_assert!(selection.strata.iter().all(|one| one.chosen <= 1) && groups > most);
                prop_assert_eq!(selection.chosen, most);
            }
            // What is left is taken as far as the groups allow it.
            let allowed: u32 = selection.strata.iter().map(|one| one.candidates.min(of_each)).sum();
            prop_assert_eq!(selection.chosen, allowed.min(most));
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(
        (candidates, shuffled) in prop::collection::vec(any_candidate(), 0..60)
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        window in any_window(),
        most in 0..40_u32,
        seed in any::<u64>(),
    ) {
        let json = |chosen: &[Candidate]| -> Vec<String> {
            chosen.iter().map(|one| one.case_json().get().to_owned()).collect()
        };
        let ((one, selection), (other, of_other)) =
            (select(candidates, window, most, seed), select(shuffled, window, most, seed));
        prop_assert_eq!(json(&one), json(&other));
        prop_assert_eq!(selection, of_other);
    }

    #[test]
    fn the_trim_leaves_out_the_least(
        candidates in prop::collection::vec(any_candidate(), 1..80),
        most in 1..20_u32,
    ) {
        // In one group the chosen are the best, whatever else there is.
        let one_group = candidates.into_iter().enumerate().map(|(index, mut one)| {
            (one.id, one.cluster_id, one.url) = (index.to_string(), None, None);
            (one.source_type, one.source_id, one.published_at) = ("rss".into(), "one".into(), Some(index as i64 % 3));
            one.score = one.score.filter(|score| score.is_finite());
            one
        });
        let all: Vec<Candidate> = one_group.collect();
        let (chosen, _) = select(all.clone(), Some(Window { start: 0, end: 100 }), most, 1);
        let key = |one: &Candidate| {
            let has_title = one.title.as_deref().is_some_and(|title| title.trim().chars().count() > 5);
            (has_title, one.score.map(|score| (score * 1e6) as i64), one.published_at)
        };
        let taken: BTreeSet<&str> = ids(&chosen).into_iter().collect();
        let worst = chosen.iter().map(key).min();
        for left in all.iter().filter(|one| !taken.contains(one.id.as_str())) {
            prop_assert!(Some(key(left)) <= worst);
        }
    }
}
