//! Triage: the same candidates (news items, say) through several models. What a candidate is, which ones a run takes,
//! what a model is asked about each, and what its answer means.
//!
//! ```text
//! rows ─ candidates ─▶ Candidate … ─ select (window, one a cluster, strata) ─▶ cases of a run
//! answer text ─ Triage::read ─▶ Triage ─▶ TriageSummary, TriageAgreement, Disagreement
//! ```

mod agreement;
mod answer;
mod candidate;
mod disagreement;
mod moment;
mod prompt;
mod published;
mod rows;
mod select;
mod strata;
mod summarize;
mod summary;
mod topic;
mod topic_raw;

pub use agreement::agreement;
pub use answer::{SCHEMA_VERSION, Triage, TriageAnswer, answer_schema};
pub use disagreement::{Disagreement, disagreement};
pub use moment::{moment, moment_text};
pub use prompt::{
    BODY_CHARACTERS, SHIPPED_PROMPT_ID, SHIPPED_SYSTEM_PROMPT, SHIPPED_USER_PROMPT, TITLE_CHARACTERS,
    prompt_fields, prompt_id, with_prompts,
};
pub use rows::candidates;
pub use select::select;
pub use summarize::summarize;
pub use summary::{PairAgreement, TriageAgreement, TriageSummary, TriageTrial};
pub(crate) use topic::{QUERY_SECONDS, source_of};
pub use topic::{check_topic, topic_schema};
pub(crate) use topic_raw::{RawMapping, RawSource};

use crate::trial::Millis;
use crate::variant::Variant;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

/// From which moment to which, in milliseconds since 1970 UTC: `start` belongs to it, `end` doesn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export, rename = "TriageWindow")]
pub struct Window {
    /// The first moment.
    #[ts(type = "number")]
    pub start: Millis,
    /// The first moment after it; later than `start`.
    #[ts(type = "number")]
    pub end: Millis,
}

/// Something to be triaged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Unique in a run.
    pub id: String,
    /// Its headline.
    pub title: Option<String>,
    /// Where it is.
    pub url: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// The kind of its source, such as `rss`; `unknown` when the row tells none.
    pub source_type: String,
    /// Its source, such as `heise`; `unknown` when the row tells none.
    pub source_id: String,
    /// When it was published; without it an item belongs to no window.
    pub published_at: Option<Millis>,
    /// Its text, whole.
    pub body: Option<String>,
    /// What it tells the same as others do; one of a cluster is triaged.
    pub cluster_id: Option<String>,
    /// Likes, ups, points: how much others care for it.
    pub score: Option<f64>,
    /// The other columns of its row, such as labels: scorers and templates see them.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Where candidates are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CandidateSource {
    /// A `.jsonl`, `.csv` or `.yaml` file, relative to the workspace.
    File(String),
    /// A query on a SQLite database, relative to the workspace; it is opened for reading only.
    Sqlite {
        /// The database file.
        path: String,
        /// One SELECT.
        query: String,
    },
    /// A query on a PostgreSQL database, in a transaction that can only read.
    Postgres {
        /// The environment variable with the address, such as `postgres://user@host/news`; an address in a file would
        /// have a password in it.
        variable: String,
        /// One SELECT.
        query: String,
    },
}

/// The name that a column has in the source, for each field of a candidate; absent: the field's own name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export, rename = "CandidateMapping")]
pub struct Mapping {
    /// Of `id`.
    pub id: Option<String>,
    /// Of `title`.
    pub title: Option<String>,
    /// Of `url`.
    pub url: Option<String>,
    /// Of `author`.
    pub author: Option<String>,
    /// Of `source_type`.
    pub source_type: Option<String>,
    /// Of `source_id`.
    pub source_id: Option<String>,
    /// Of `published_at`.
    pub published_at: Option<String>,
    /// Of `body`.
    pub body: Option<String>,
    /// Of `cluster_id`.
    pub cluster_id: Option<String>,
    /// Of `score`.
    pub score: Option<String>,
}

/// Candidates and how they are asked about: a file in `topics/`, or the `candidates` of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Topic {
    /// The file's name without its extension; of a campaign's own candidates, the campaign's.
    pub name: String,
    /// What other programs call it; the name when the file has none.
    pub id: String,
    /// What it is about.
    pub description: Option<String>,
    /// Where its candidates are.
    pub source: CandidateSource,
    /// How their columns are called.
    pub mapping: Mapping,
    /// The most time that a query may take, in seconds.
    pub timeout_seconds: f64,
    /// Its own system prompt, for variants that have none.
    pub system_prompt: Option<String>,
    /// Its own user turn, for variants that have none.
    pub prompt: Option<String>,
}

/// What a triage campaign has beside other campaigns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TriageSettings {
    /// The topic's name (a file in `topics/`); absent: the campaign's own candidates.
    pub topic: Option<String>,
    /// The campaign's own candidates; of a run, the topic as it was at the launch.
    pub candidates: Option<Topic>,
    /// Only candidates of this time; absent: all that have a date.
    pub window: Option<Window>,
    /// At most this many, over all strata.
    pub max_items: u32,
    /// Variants that the campaign defines itself; the others are files.
    pub variants: Vec<Variant>,
    /// Which candidates the run took; absent before a launch.
    #[serde(default)]
    pub selection: Option<Selection>,
}

/// How the candidates of a run were chosen. All counts are of items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export, rename = "TriageSelection")]
pub struct Selection {
    /// Rows of the source.
    pub read: u32,
    /// Rows that say the same as another by their id or address, left out.
    pub duplicates: u32,
    /// Without a date, left out.
    pub undated: u32,
    /// Outside of the window, left out.
    pub outside: u32,
    /// Members of clusters that another one stands for, left out.
    pub represented: u32,
    /// What was left to choose from.
    pub eligible: u32,
    /// What was chosen.
    pub chosen: u32,
    /// The window, also where the campaign has none: from the oldest candidate to the newest.
    pub window: Window,
    /// Parts of equal length that the window is cut into, 3 to 12.
    pub buckets: u32,
    /// The groups, in the order of source type, source and time.
    pub strata: Vec<Stratum>,
}

/// A group: source type × source × part of the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export, rename = "TriageStratum")]
pub struct Stratum {
    /// The kind of source.
    pub source_type: String,
    /// The source.
    pub source_id: String,
    /// Which part of the window, from 0.
    pub bucket: u32,
    /// When that part begins.
    #[ts(type = "number")]
    pub start: Millis,
    /// When it ends.
    #[ts(type = "number")]
    pub end: Millis,
    /// Candidates in it.
    pub candidates: u32,
    /// Those that were chosen.
    pub chosen: u32,
}
