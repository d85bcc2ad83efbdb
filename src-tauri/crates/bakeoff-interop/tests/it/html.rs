//! The HTML report.

use crate::{FullDisk, sample};
use bakeoff_core::analysis::Comparison;
use bakeoff_interop::DifferingCase;
use bakeoff_interop::html::{MOST_CASES, Report, ReportChart, report};
use std::convert::Infallible;

fn written(comparison: &Comparison, cases: u32) -> String {
    let (head, variants) = (sample::head(), sample::variants());
    let charts = [ReportChart { light: "<svg id=\"light\"/>".into(), dark: "<svg id=\"dark\"/>".into() }];
    let what = Report { written_at: 0, head: &head, variants: &variants, comparison, charts: &charts };
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
    let what =
        Report { written_at: 0, head: &head, variants: &variants, comparison: &comparison, charts: &[] };
    let none: [Result<DifferingCase, Infallible>; 0] = [];
    let error = report(FullDisk(2_000), &what, none).unwrap_err();
    assert!(error.to_string().contains("failed to write the export"), "{error}");
}
