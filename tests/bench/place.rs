//! A workspace of its own on the disk of the build folder, with one campaign named `bench`.

use crate::Error;
use bakeoff_service::{Service, ServiceOptions};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use tempfile::TempDir;

/// The variants of every bench.
pub const VARIANTS: [&str; 4] = ["first", "second", "third", "fourth"];

/// What cases expect.
pub const LABELS: [&str; 5] = ["storage", "network", "database", "deployment", "access"];

/// A workspace, removed when dropped.
pub struct Place(TempDir);

impl Place {
    /// An empty one.
    pub fn new() -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        for name in ["config", "workspace/variants", "workspace/campaigns", "workspace/datasets"] {
            std::fs::create_dir_all(folder.path().join(name))?;
        }
        Ok(Self(folder))
    }

    /// The workspace.
    pub fn workspace(&self) -> PathBuf {
        self.0.path().join("workspace")
    }

    /// The user's settings.
    pub fn config(&self) -> PathBuf {
        self.0.path().join("config")
    }

    /// The service, opened on it.
    pub fn open(&self) -> Result<Service, Error> {
        Ok(Service::open(
            &self.workspace(),
            ServiceOptions { config_folder: self.config(), ..ServiceOptions::default() },
        )?)
    }

    /// Writes the campaign, its variants (`model` says which model they use) and its cases.
    pub fn write_campaign(&self, model: &str, cases: usize, parallel: usize) -> Result<(), Error> {
        let workspace = self.workspace();
        for name in VARIANTS {
            std::fs::write(workspace.join(format!("variants/{name}.yaml")), variant_text(name, model))?;
        }
        std::fs::write(workspace.join("campaigns/bench.yaml"), campaign_text(parallel))?;
        write_rows(&workspace.join("datasets/bench.jsonl"), cases)
    }
}

/// A variant's file.
pub fn variant_text(name: &str, model: &str) -> String {
    format!(
        "{model}\nsystem_prompt: \"{name}: choose one of {}. Answer with the label only.\"\n\
         prompt: \"{{{{ input }}}} [[answer:{{{{ expected }}}}]]\"\n",
        LABELS.join(", ")
    )
}

/// The campaign's file.
pub fn campaign_text(parallel: usize) -> String {
    format!(
        "dataset: datasets/bench.jsonl\nvariants: [{}]\nbaseline_variant: {}\nparallel: {parallel}\n\
         scorers: [{{type: exact, value: \"{{{{ expected }}}}\"}}]\n",
        VARIANTS.join(", "),
        VARIANTS[0]
    )
}

/// A data set of tickets.
pub fn write_rows(path: &std::path::Path, cases: usize) -> Result<(), Error> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    for number in 0..cases {
        writeln!(file, "{}", row(number))?;
    }
    Ok(file.flush()?)
}

/// One case as JSON.
pub fn row(number: usize) -> serde_json::Value {
    json!({
        "id": format!("ticket-{number}"),
        "input": format!("Ticket {number}: writes to /var fail since 09:{:02}; the disk is at {} %.", number % 60, number % 100),
        "expected": LABELS[number % LABELS.len()],
    })
}
