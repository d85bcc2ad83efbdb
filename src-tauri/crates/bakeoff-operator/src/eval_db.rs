//! Reading `eval.db`, with and without the column `variant_name`.

use crate::error::FileError;
use crate::snapshot::{Record, Snapshot};
use crate::time::{Zone, moment};
use bakeoff_core::hash::sha256_hex;
use bakeoff_core::trial::Millis;
use serde_json::{Map, Value};
use std::path::Path;

const CAMPAIGNS: &str = "campaigns";
const TRIALS: &str = "trials";

/// What a campaign's row must have.
const CAMPAIGN_COLUMNS: [&str; 5] = ["subject_name", "chaos_type", "trial_count", "baseline", "created_at"];
const VARIANT_NAME: &str = "variant_name";
/// What a trial's row must have.
const TRIAL_COLUMNS: [&str; 10] = [
    "campaign_id",
    "started_at",
    "chaos_injected_at",
    "ticket_created_at",
    "resolved_at",
    "ended_at",
    "initial_state",
    "final_state",
    "chaos_metadata",
    "commands_json",
];

/// Everything in a file.
#[derive(Debug, Clone)]
pub struct EvalDb {
    /// The file, as it was named.
    pub file: String,
    /// In the order of their ids.
    pub campaigns: Vec<OldCampaign>,
    /// What belongs to no campaign that could be read.
    pub problems: Vec<FileError>,
}

/// A campaign as the file has it.
#[derive(Debug, Clone)]
pub struct OldCampaign {
    /// Its row.
    pub id: i64,
    /// Of several, joined by commas.
    pub subject: String,
    /// Of several, joined by commas; a trial's own is in its metadata.
    pub chaos_type: String,
    /// How many were to be run.
    pub trial_count: u32,
    /// Nobody was to repair.
    pub baseline: bool,
    /// `None` in files of the first version.
    pub variant_name: Option<String>,
    /// When.
    pub created_at: Millis,
    /// Those that were kept, in order.
    pub trials: Vec<OldTrial>,
    /// Why it can't be taken as it is: a part of it can't be read.
    pub problems: Vec<FileError>,
    /// SHA-256 of the campaign's own row: which campaign it is.
    pub key: String,
    /// SHA-256 of it and all its trials.
    pub content: String,
}

/// A trial as the file has it.
#[derive(Debug, Clone)]
pub struct OldTrial {
    /// Its row.
    pub id: i64,
    /// When it began.
    pub started_at: Millis,
    /// Stamped just before the fault was done.
    pub injected_at: Millis,
    /// The ticket that the harness saw.
    pub ticket_at: Option<Millis>,
    /// When that ticket was resolved.
    pub resolved_at: Option<Millis>,
    /// When it ended.
    pub ended_at: Millis,
    /// JSON.
    pub initial_state: Value,
    /// JSON.
    pub final_state: Value,
    /// What the fault's injection told.
    pub metadata: Map<String, Value>,
    /// The agent's tool calls.
    pub commands: Vec<OldCommand>,
}

/// One element of `commands_json`.
#[derive(Debug, Clone, PartialEq)]
pub struct OldCommand {
    /// The tool.
    pub tool: String,
    /// Its parameters; a text that is no JSON as it is.
    pub parameters: Value,
    /// Always absent in files that Operator wrote.
    pub exit_code: Option<i32>,
    /// When.
    pub at: Option<Millis>,
}

impl EvalDb {
    /// Reads a file. `zone` is that of the Operator that wrote it: moments that came from its `operator.db` have no
    /// offset.
    ///
    /// # Errors
    /// What makes the file unreadable as a whole. Rows that can't be read are in the problems.
    pub fn read(path: &Path, zone: &Zone) -> Result<Self, FileError> {
        let snapshot = Snapshot::open(path)?;
        let known = snapshot.columns(CAMPAIGNS, &CAMPAIGN_COLUMNS)?;
        snapshot.columns(TRIALS, &TRIAL_COLUMNS)?;
        let mut columns = CAMPAIGN_COLUMNS.to_vec();
        if known.contains(VARIANT_NAME) {
            columns.push(VARIANT_NAME);
        }
        let mut campaigns: Vec<OldCampaign> = Vec::new();
        let mut problems = Vec::new();
        snapshot.rows(CAMPAIGNS, &columns, |record| match campaign(record) {
            Ok(campaign) => campaigns.push(campaign),
            Err(why) => problems.push(snapshot.wrong(CAMPAIGNS, Some(record.id), why)),
        })?;
        snapshot.rows(TRIALS, &TRIAL_COLUMNS, |record| {
            let wrong = |why: String| snapshot.wrong(TRIALS, Some(record.id), why);
            let owner = match record.integer("campaign_id") {
                Ok(owner) => owner,
                Err(why) => return problems.push(wrong(why)),
            };
            let Some(campaign) = campaigns.iter_mut().find(|campaign| campaign.id == owner) else {
                return problems.push(wrong(format!("it belongs to campaign {owner}, which can't be read")));
            };
            campaign.content.push_str(&raw(record, &TRIAL_COLUMNS));
            match trial(record, zone) {
                Ok(trial) => campaign.trials.push(trial),
                Err(why) => campaign.problems.push(wrong(why)),
            }
        })?;
        for campaign in &mut campaigns {
            campaign.content = sha256_hex(campaign.content.as_bytes());
        }
        Ok(Self { file: path.display().to_string(), campaigns, problems })
    }
}

fn campaign(record: &Record<'_>) -> Result<OldCampaign, String> {
    let row =
        raw(record, &["subject_name", "chaos_type", "trial_count", "baseline", "created_at", VARIANT_NAME]);
    let trial_count = record.integer("trial_count")?;
    Ok(OldCampaign {
        id: record.id,
        subject: record.text("subject_name")?,
        chaos_type: record.text("chaos_type")?,
        trial_count: u32::try_from(trial_count)
            .map_err(|_| format!("trial_count is {trial_count}, which is no number of trials"))?,
        baseline: record.integer("baseline")? != 0,
        variant_name: record.optional_text(VARIANT_NAME)?.filter(|name| !name.trim().is_empty()),
        created_at: read_moment("created_at", &record.text("created_at")?, &Zone::utc())?,
        trials: Vec::new(),
        problems: Vec::new(),
        key: sha256_hex(row.as_bytes()),
        content: row,
    })
}

fn trial(record: &Record<'_>, zone: &Zone) -> Result<OldTrial, String> {
    let utc = Zone::utc();
    let stamp = |column: &str| read_moment(column, &record.text(column)?, &utc);
    // These two were copied from operator.db, which has no offsets.
    let copied = |column: &str| {
        let text = record.optional_text(column)?.filter(|text| !text.is_empty());
        text.map(|text| read_moment(column, &text, zone)).transpose()
    };
    Ok(OldTrial {
        id: record.id,
        started_at: stamp("started_at")?,
        injected_at: stamp("chaos_injected_at")?,
        ticket_at: copied("ticket_created_at")?,
        resolved_at: copied("resolved_at")?,
        ended_at: stamp("ended_at")?,
        initial_state: json(record, "initial_state")?,
        final_state: json(record, "final_state")?,
        metadata: match json(record, "chaos_metadata")? {
            Value::Object(metadata) => metadata,
            other => return Err(format!("chaos_metadata is no JSON object but {other}")),
        },
        commands: commands(json(record, "commands_json")?, zone)?,
    })
}

fn read_moment(column: &str, text: &str, zone: &Zone) -> Result<Millis, String> {
    moment(text, zone).ok_or_else(|| format!("{column} is {text:?}, which is no moment"))
}

fn json(record: &Record<'_>, column: &str) -> Result<Value, String> {
    serde_json::from_str(&record.text(column)?).map_err(|error| format!("{column} is no JSON: {error}"))
}

fn commands(value: Value, zone: &Zone) -> Result<Vec<OldCommand>, String> {
    let Value::Array(elements) = value else {
        return Err("commands_json is no JSON list".to_owned());
    };
    let mut commands = Vec::with_capacity(elements.len());
    for element in elements {
        let Value::Object(element) = element else {
            return Err(format!("commands_json has an element that is no JSON object: {element}"));
        };
        let text = |name: &str| element.get(name).and_then(Value::as_str);
        commands.push(OldCommand {
            tool: text("tool_name").unwrap_or("shell").to_owned(),
            parameters: parameters(element.get("tool_params")),
            exit_code: element.get("exit_code").and_then(Value::as_i64).and_then(|code| code.try_into().ok()),
            at: text("timestamp").and_then(|text| moment(text, zone)),
        });
    }
    Ok(commands)
}

/// Parameters are JSON within a text.
pub(crate) fn parameters(value: Option<&Value>) -> Value {
    match value {
        Some(Value::String(text)) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
        }
        Some(other) => other.clone(),
        None => Value::Null,
    }
}

/// All values of a row, told apart, for a hash.
fn raw(record: &Record<'_>, columns: &[&str]) -> String {
    let values = columns.iter().map(|column| record.optional_text(column).unwrap_or_else(Some));
    let values: Vec<Option<String>> = values.collect();
    format!("{}:{values:?}\n", record.id)
}
