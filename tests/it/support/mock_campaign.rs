//! A campaign named `calls` against a mock server: each request tells which trial it is, and the good answer to it.

use super::{Place, count};
use bakeoff_testkit::{MockServer, RecordedRequest};
use serde_json::{Value, json};

/// How the campaign is made.
pub struct MockCampaign<'a> {
    pub server: &'a MockServer,
    pub cases: usize,
    pub variants: &'a [&'a str],
    /// Further lines of the campaign file.
    pub more: &'a str,
}

impl MockCampaign<'_> {
    /// Writes its files into a place.
    pub fn write(&self, place: &Place) {
        for name in self.variants {
            let text = format!(
                "provider: openai-compatible\nmodel: mock-small\nbase_url: {}\n\
                 prompt: \"<{{{{ id }}}} {name}> [[answer:{{{{ expected }}}}]]\"\n",
                self.server.openai_url()
            );
            place.write(&format!("variants/{name}.yaml"), text);
        }
        self.write_cases(place);
        place.write(
            "campaigns/calls.yaml",
            format!(
                "dataset: datasets/calls.jsonl\nvariants: [{}]\nbaseline_variant: {}\n\
                 scorers: [{{type: exact, value: \"{{{{ expected }}}}\"}}]\n{}",
                self.variants.join(", "),
                self.variants[0],
                self.more
            ),
        );
    }

    /// Writes only its data set.
    pub fn write_cases(&self, place: &Place) {
        let rows = (0..self.cases).map(|number| {
            let row = json!({
                "id": format!("c{number}"), "input": format!("question {number}"),
                "expected": format!("answer {number}"),
            });
            format!("{row}\n")
        });
        place.write("datasets/calls.jsonl", rows.collect::<String>());
    }

    /// Trials in its plan, with one repetition.
    pub fn planned(&self) -> usize {
        self.cases * self.variants.len()
    }
}

/// Which trial a request belongs to, as `case variant`.
pub fn trial_of(request: &RecordedRequest) -> String {
    let body = request.text();
    let inside = body.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(trial, _)| trial.to_owned()).unwrap_or_else(|| panic!("no trial in {body}"))
}

impl Place {
    /// The trials of a run that are recorded: `case variant` and outcome.
    pub fn trials(&self, run: u32) -> Vec<(String, String)> {
        let shown = self.json(&["show", &run.to_string(), "--trials", "5000"]);
        let rows = super::list(&shown, "/trials");
        let row = |row: &Value| {
            let trial = format!("{} {}", super::text(row, "/case_id"), super::text(row, "/variant"));
            (trial, super::text(row, "/outcome").to_owned())
        };
        rows.iter().map(row).collect()
    }

    /// The newest run as `list` shows it.
    pub fn newest_run(&self) -> Value {
        let runs = self.json(&["list"]);
        assert!(count(&runs, "/total") > 0, "there is a run");
        super::list(&runs, "/rows")[0].clone()
    }
}
