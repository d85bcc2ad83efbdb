//! The HTML report.

use crate::{FullDisk, sample};
use bakeoff_core::analysis::Comparison;
use bakeoff_core::gate::{Gate, GateAction, GateDecision, GateResult, GateScope, GateVerdict};
use bakeoff_core::trial::{SentPrompt, Step, Usage};
use bakeoff_interop::html::{MOST_CASES, Report, ReportChart, report};
use bakeoff_interop::{DifferingCase, add_steps};
use std::convert::Infallible;

fn written(comparison: &Comparison, cases: u32) -> String {
    let (head, variants) = (sample::head(), sample::variants());
    let charts = [ReportChart { light: "<svg id=\"light\"/>".into(), dark: "<svg id=\"dark\"/>".into() }];
    let what = Report {
        written_at: 0,
        head: &head,
        variants: &variants,
        comparison,
        charts: &charts,
        gates: &[],
        nodes: &[],
    };
    let mut bytes = Vec::new();
    report(&mut bytes, &what, (0..cases).map(|index| Ok::<_, Infallible>(sample::differing(index))))
        .expect("memory takes everything");
    String::from_utf8(bytes).expect("the report is UTF-8").replace(['\u{202f}', '\u{a0}'], " ")
}

#[test]
fn the_report_says_what_was_found_and_how() {
    let html = written(&sample::comparison(), 3);
    let expected = [
        "<h1>tickets <span>run #12</span></h1>",
        "<dd>360 of 360</dd>",
        "Verdict on success rate",
        "▲ better",
        "difference +24.0 pp [+14.4 pp, +33.6 pp] · p after Holm &lt; 0.001",
        "38 passed only here, 3 only by the baseline",
        "92.4 %",
        "[86.4 %, 98.4 %], n = 118",
        "an interval for p99 needs at least 473 trials",
        "the price of gpt-5-mini is not known",
        "2 infra error",
        "<svg id=\"light\"/>",
        "<svg id=\"dark\"/>",
        "✗ fail",
        "Intervals of success rates: Wilson.",
        "Intervals have a confidence of 95.0 %",
        "Seed 42; run by Bakeoff 0.1.0, report written 1970-01-01T00:00:00.000Z.",
    ];
    for text in expected {
        assert!(html.contains(text), "{text:?} is missing");
    }
}

#[test]
fn a_report_of_a_workflow_has_its_gates_nodes_and_steps() {
    let (head, variants, comparison) = (sample::head(), sample::variants(), sample::comparison());
    let gate = |verdict, on: GateScope, action| GateResult {
        gate: Gate {
            name: "cheap <enough>".into(),
            description: None,
            metric: "cost_usd".into(),
            max: Some(0.01),
            min: None,
            action,
            on,
            decide: GateDecision::Point,
        },
        variant: "definitions".into(),
        verdict,
        actual: Some(0.02),
        interval: None,
        n: 120,
        sentence: "Cost is $0.02, at most $0.01 is allowed.".into(),
    };
    let gates = [
        gate(GateVerdict::Fail, GateScope::Variant, GateAction::BlockDeploy),
        gate(GateVerdict::Pass, GateScope::Difference, GateAction::Warn),
        gate(GateVerdict::CannotTell, GateScope::Trial, GateAction::Fail),
    ];
    let step = |node: &str, latency_ms: Option<f64>, error: Option<&str>| Step {
        node: node.into(),
        iteration: 2,
        item: Some(0),
        started_at: 0,
        ended_at: 0,
        latency_ms,
        usage: Usage { input_tokens: Some(10), cached_input_tokens: None, output_tokens: Some(5) },
        cost_usd: None,
        sent: SentPrompt::default(),
        answer: None,
        outputs: serde_json::Map::from_iter([("label".to_owned(), "<disk>".into())]),
        state: serde_json::Map::new(),
        error: error.map(str::to_owned),
    };
    let steps = [
        step("sort", Some(100.0), None),
        step("sort", Some(300.0), Some("no answer")),
        step("reply", None, None),
    ];
    let mut nodes = Vec::new();
    add_steps(&mut nodes, "definitions", &steps);
    let what = Report {
        written_at: 0,
        head: &head,
        variants: &variants,
        comparison: &comparison,
        charts: &[],
        gates: &gates,
        nodes: &nodes,
    };
    let mut case = sample::differing(0);
    case.cells[0].steps = steps.to_vec();
    let mut bytes = Vec::new();
    report(&mut bytes, &what, [Ok::<_, Infallible>(case)]).expect("memory takes everything");
    let html = String::from_utf8(bytes).expect("the report is UTF-8").replace(['\u{202f}', '\u{a0}'], " ");
    for text in [
        "<th scope=\"row\">cheap &lt;enough&gt;</th><td class=\"words\">blocks deployment</td>",
        "✗ fail</span></td><td class=\"words\">Cost is $0.02, at most $0.01 is allowed.",
        "definitions<small>difference to the baseline</small>",
        "? cannot tell",
        "<th scope=\"row\">sort</th><td class=\"words\">definitions</td><td>2</td><td>1</td><td>200 ms</td><td>15</td><td>—</td>",
        "<th scope=\"row\">reply</th><td class=\"words\">definitions</td><td>1</td><td>0</td><td>—</td>",
        "<summary>3 steps</summary>",
        "<b>sort</b> time 2, item 1, 100 ms, 15 tokens<small>{&quot;label&quot;:&quot;&lt;disk&gt;&quot;}</small>",
        "<small>no answer</small>",
    ] {
        assert!(html.contains(text), "{text:?} is missing in {html}");
    }
    let plain = written(&comparison, 1);
    assert!(
        !plain.contains("<h2>Gates") && !plain.contains("<h2>Nodes") && !plain.contains("class=\"steps\"")
    );
}

#[test]
fn no_text_of_the_user_becomes_markup() {
    let html = written(&sample::comparison(), 3);
    assert!(!html.contains("<script") && !html.contains("<b>urgent"));
    assert_eq!(
        html.matches("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;quotes&quot;").count(),
        4
    );
}

#[test]
fn the_report_needs_nothing_from_outside() {
    let html = written(&sample::comparison(), 3);
    for outside in ["http://", "https://", " src=", "<link", "url(", "@import"] {
        assert!(!html.contains(outside), "{outside:?} would be fetched");
    }
    assert!(html.contains("default-src 'none'"), "and its policy forbids it");
}

#[test]
fn a_screen_reader_finds_its_way() {
    let html = written(&sample::comparison(), 3);
    assert!(html.contains("<html lang=\"en\">") && html.contains("<main>"));
    assert_eq!(html.matches("<h1>").count(), 1);
    assert_eq!(
        html.matches("<th").count(),
        html.matches("<th scope=").count() + html.matches("<thead>").count()
    );
    for (open, close) in
        [("<section", "</section>"), ("<table", "</table>"), ("<tr>", "</tr>"), ("<td", "</td>")]
    {
        assert_eq!(html.matches(open).count(), html.matches(close).count(), "{open} without {close}");
    }
}

#[test]
fn many_differing_cases_are_counted_not_shown() {
    let html = written(&sample::comparison(), MOST_CASES + 50);
    assert!(html.contains("The first 200 of 250 cases."));
    assert_eq!(html.matches("<th scope=\"row\">t-").count(), MOST_CASES as usize);
}

#[test]
fn an_empty_run_gives_a_report_that_says_so() {
    let empty = Comparison {
        variants: Vec::new(),
        differences: Vec::new(),
        warnings: Vec::new(),
        ..sample::comparison()
    };
    let html = written(&empty, 0);
    assert!(html.contains("There is nothing to compare yet") && html.contains("There are none"));
    assert!(!html.contains("Cautions"));
}

#[test]
fn a_full_disk_is_an_error() {
    let (head, variants, comparison) = (sample::head(), sample::variants(), sample::comparison());
    let what = Report {
        written_at: 0,
        head: &head,
        variants: &variants,
        comparison: &comparison,
        charts: &[],
        gates: &[],
        nodes: &[],
    };
    let none: [Result<DifferingCase, Infallible>; 0] = [];
    let error = report(FullDisk(2_000), &what, none).unwrap_err();
    assert!(error.to_string().contains("failed to write the export"), "{error}");
}
