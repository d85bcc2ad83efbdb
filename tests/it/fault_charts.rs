//! The survival chart, from trials in the store to the drawing: fault campaigns have it, others have none.

use crate::support::{Place, Repair, stored_repairs, tickets_run};
use bakeoff_core::chart::{ChartKind, ChartTheme};
use bakeoff_service::dto::{ChartRequest, CompareRequest, ErrorCode};
use bakeoff_service::{Service, ServiceOptions};

fn service(place: &Place) -> Service {
    let options = ServiceOptions { config_folder: place.root().join("config"), ..ServiceOptions::default() };
    Service::open(&place.path("."), options).expect("the workspace opens")
}

/// Success and survival of a run.
fn charts(run: u32) -> ChartRequest {
    ChartRequest {
        compare: CompareRequest { runs: vec![run], ..CompareRequest::default() },
        kinds: vec![ChartKind::Success, ChartKind::Survival],
        theme: ChartTheme::Light,
        width: 640,
        height: 360,
    }
}

#[test]
fn a_fault_campaign_has_a_survival_chart() {
    let place = Place::starter();
    let text = "subjects: [embedded]\nchaos_types: [{type: node_kill}]\nvariants: [no-agent, runbook]\n\
                trials_per_combination: 4\ntimeout_seconds: 15\n";
    let run = stored_repairs(&place, "repairs", text, |_, variant, repetition| {
        Some(match (variant, repetition) {
            ("runbook", 0) => Repair::after(3.0),
            ("runbook", 1 | 2) => Repair::after(6.0),
            (..) => Repair::never(),
        })
    });
    let service = service(&place);
    let drawn = service.draw_charts(&charts(run)).expect("charts");
    assert_eq!(drawn.iter().map(|chart| chart.kind).collect::<Vec<_>>(), charts(run).kinds);
    let survival = &drawn[1];
    assert!(
        survival
            .description
            .contains("no-agent (baseline): 0 of 4 restored in time, fewer than half; runbook: 3 of 4"),
        "{}",
        survival.description
    );
    let marks: Vec<&str> = survival.marks.iter().map(|mark| mark.text.as_str()).collect();
    assert_eq!(marks.len(), 4, "two steps and a censored place, and the place of the four: {marks:?}");
    for wanted in ["no-agent: 4 of 4 not restored, censored at 15", "; 4 of 4 at risk", "; 3 of 4 at risk"] {
        assert!(marks.iter().any(|mark| mark.contains(wanted)), "{wanted:?} is not in {marks:?}");
    }
    assert_eq!(at_risk(&survival.svg, "no-agent"), ["4"; 8], "every two seconds");
    assert_eq!(
        at_risk(&survival.svg, "runbook"),
        ["4", "4", "3", "3", "1", "1", "1", "1"],
        "at 6 s those two still are"
    );

    let picture = place.root().join("survival.svg");
    service.save_chart(&charts(run), ChartKind::Survival, &picture.display().to_string()).expect("saved");
    assert_eq!(std::fs::read_to_string(picture).expect("a picture"), survival.svg);
    drop(service);
    let report = place.run(&["export", "1", "--format", "html"]).expect_code(0).out;
    assert_eq!(report.matches("Number at risk").count(), 2, "in the report, light and dark");
}

/// The row of a variant in the table of numbers at risk: the group that has the variant as its title, and numbers.
fn at_risk<'a>(svg: &'a str, variant: &str) -> Vec<&'a str> {
    let (_, table) = svg.split_once("Number at risk").expect("the table is there");
    let (_, row) = table.split_once(&format!("<title>{variant}</title>")).expect("the variant has a row");
    let (row, _) = row.split_once("</g>").expect("the row ends");
    row.split(['<', '>']).map(str::trim).filter(|text| text.parse::<u32>().is_ok()).collect()
}

#[test]
fn a_campaign_without_faults_has_no_survival_chart() {
    let place = tickets_run();
    let service = service(place);
    let drawn = service.draw_charts(&charts(1)).expect("charts");
    assert_eq!(drawn.iter().map(|chart| chart.kind).collect::<Vec<_>>(), [ChartKind::Success]);
    let picture = place.root().join("survival.svg").display().to_string();
    let refused = service.save_chart(&charts(1), ChartKind::Survival, &picture).expect_err("no such chart");
    assert_eq!(refused.code, ErrorCode::NotFound, "{refused:?}");
    assert!(refused.message.contains("no survival chart"), "{refused:?}");
    drop(service);
    let report = place.run(&["export", "1", "--format", "html"]).expect_code(0).out;
    assert!(report.contains("Success rate") && !report.contains("Not restored yet"));
}
