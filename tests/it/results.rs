//! Looking at results: `list`, `show`, `compare`, `evaluate`.

use crate::support::{MockCampaign, Place, Ran, count, list, text, tickets_run};
use bakeoff_testkit::{MockServer, Reply};

#[test]
fn list_and_show() {
    let place = tickets_run();
    place.run(&["list"]).expect_code(0).prints("#1").prints("450/450").prints("finished");
    let shown = place.run(&["show", "#1", "--trials", "5"]).expect_code(0);
    assert!(
        shown.out.contains("450 of 450 trials: 150 cases × 3 variants × 1 repetitions, seed 42"),
        "{}",
        shown.out
    );
    let trial = place.run(&["show", "1", "--trial", "7"]).expect_code(0);
    for part in
        ["trial 7 of run #1", "outcome", "(paced)", "user turn:", "answer:", "attempt 1: builtin lexical-1"]
    {
        assert!(trial.out.contains(part), "{part:?} is missing in\n{}", trial.out);
    }
    place.run(&["show", "1", "--trial", "99999"]).expect_code(3).says("run #1 has no trial 99999");
    place.run(&["show", "77"]).expect_code(3).says("run #77");
}

#[test]
fn compare_takes_variants_and_a_baseline() {
    let place = tickets_run();
    let view = place.json(&["compare", "1", "--variants", "examples,default", "--baseline", "examples"]);
    let names: Vec<&str> =
        list(&view, "/comparison/variants").iter().map(|variant| text(variant, "/name")).collect();
    assert_eq!(names, ["examples", "default"], "the order that was asked for");
    let differences = list(&view, "/comparison/differences");
    assert!(!differences.is_empty());
    assert_eq!(count(&view, "/comparison/baseline"), 0, "examples is the baseline");
    place
        .run(&["compare", "1", "--baseline", "nobody"])
        .expect_code(3)
        .says("choose one of default, definitions");
    place.run(&["compare", "1", "--variants", "exampels"]).expect_code(3).says("examples");
    place.run(&["compare", "1", "--metric", "latncy_ms"]).expect_code(3).says("did you mean latency_ms?");
}

/// A run in which `good` answers well always, `same` as often as `base`, and `close` once more than it.
fn three_verdicts() -> Place {
    let place = Place::empty();
    let server = MockServer::with_rule(|request| {
        let body = request.text();
        let number = body.split_once("<c").and_then(|(_, rest)| rest.split_once(' '));
        let number: u32 = number.and_then(|(digits, _)| digits.parse().ok()).expect("a case has a number");
        let right = match () {
            () if body.contains(" good>") => true,
            () if body.contains(" close>") => number.is_multiple_of(2) || number == 1,
            () => number.is_multiple_of(2),
        };
        (!right).then(|| Reply::text("wrong"))
    });
    let campaign = MockCampaign {
        server: &server,
        cases: 40,
        variants: &["base", "good", "same", "close"],
        more: "margin: 0.02\n",
    };
    campaign.write(&place);
    place.run(&["run", "calls"]).expect_code(0);
    place
}

#[test]
fn required_better_decides_the_exit_code() {
    let place = three_verdicts();
    let required = |variants: &str, baseline: &str| -> Ran {
        place.run(&["compare", "1", "--variants", variants, "--baseline", baseline, "--require", "better"])
    };
    required("base,good", "base").expect_code(0).prints("good");
    required("base,good", "good").expect_code(1);
    required("base,close", "base").expect_code(2);
}

#[test]
fn evaluate_ranks_by_any_metric_and_aggregate() {
    let place = tickets_run();
    for metric in
        ["success_rate", "latency_ms_p95", "avg_cost_usd", "latency_ms_max", "total_tokens_p50", "score"]
    {
        let evaluation = place.json(&["evaluate", "--experiment", "tickets", "--metric", metric]);
        assert_eq!(text(&evaluation, "/asked"), metric);
        let ranking = list(&evaluation, "/ranking");
        assert_eq!(ranking.len(), 3, "{metric}");
        let values: Vec<f64> =
            ranking.iter().map(|entry| entry["value"].as_f64().expect("a number")).collect();
        let higher =
            text(&evaluation, "/metric") == "success_rate" || text(&evaluation, "/metric") == "score";
        assert!(values.is_sorted_by(|a, b| if higher { a >= b } else { a <= b }), "{metric}: {values:?}");
        assert!(ranking[0]["best"].as_bool().expect("a flag"), "{metric}: the first is the best");
    }
}

#[test]
fn evaluate_shows_nearest_ranks_where_they_differ() {
    let place = tickets_run();
    let arguments = ["evaluate", "--experiment", "tickets", "--metric", "input_tokens"];
    let evaluation = place.json(&arguments);
    let distribution = &list(&evaluation, "/ranking")[0]["distribution"];
    for part in ["p50", "p95", "p99"] {
        assert!(distribution[part]["value"].is_number() && distribution["nearest_rank"][part].is_number());
    }
    place.run(&arguments).expect_code(0).prints("p50").prints("p95").prints("p99").prints("mean");
    let rates = place.run(&["evaluate", "--experiment", "tickets"]).expect_code(0);
    assert!(!rates.out.contains("p95"), "a rate has no percentiles: {}", rates.out);
    // Two trials: the median lies between them, which no trial has. In a place of its own: the other is only read.
    let place = Place::starter();
    place.write(
        "datasets/two.jsonl",
        "{\"input\": \"a\"}\n{\"input\": \"a much longer ticket than the other one is\"}\n",
    );
    place.write(
        "campaigns/two.yaml",
        "name: two\ndataset: datasets/two.jsonl\nvariants: [default]\nscorers: [{type: contains, value: x}]\n",
    );
    place.run(&["run", "two"]).expect_code(0);
    let differing =
        place.run(&["evaluate", "--experiment", "two", "--metric", "input_tokens"]).expect_code(0);
    assert!(differing.out.contains('(') && differing.err.contains("nearest rank"), "{}", differing.out);
}

#[test]
fn evaluate_says_what_there_is() {
    let place = tickets_run();
    place
        .run(&["evaluate", "--experiment", "tickets", "--metric", "sucess"])
        .expect_code(3)
        .says("there is no metric \"sucess\"")
        .says("did you mean success_rate?")
        .says("latency_ms, cost_usd")
        .says("_p95");
    place.run(&["evaluate", "--experiment", "ticket"]).expect_code(3).says("there are runs of tickets");
}
