//! A topic as its file writes it. The doc comments here are the help that the editor shows.

use super::Mapping;
use schemars::JsonSchema;
use serde::Deserialize;

/// Candidates and how they are asked about. The file's name is the topic's name.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTopic {
    /// The topic's name; the file's name counts, so leave it out or keep both the same.
    pub name: Option<String>,
    /// What other programs call it (`topicId`). Default: the file's name.
    #[schemars(length(min = 1))]
    pub id: Option<String>,
    /// What it is about, in a few words.
    pub description: Option<String>,
    /// Where its candidates are.
    #[schemars(required)]
    pub source: Option<RawSource>,
    /// How the source's columns are called, where they differ from the fields of a candidate.
    pub mapping: Option<RawMapping>,
    /// The most time that a query may take, in seconds. Default 30.
    #[schemars(range(min = 0.1, max = 3600.0))]
    pub timeout_seconds: Option<f64>,
    /// The system prompt for variants that have none. Default: the one that Bakeoff brings along.
    pub system_prompt: Option<String>,
    /// The user turn for variants that have none; `{{ title }}`, `{{ body }}` and the other fields put in the candidate's.
    pub prompt: Option<String>,
}

/// Where candidates are: one of a file, a SQLite query and a PostgreSQL query.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSource {
    /// A .jsonl, .csv or .yaml file, relative to the workspace.
    #[schemars(length(min = 1))]
    pub file: Option<String>,
    /// A SQLite database, relative to the workspace; needs `query`. It is opened for reading only.
    #[schemars(length(min = 1))]
    pub sqlite: Option<String>,
    /// The name of the environment variable with the address of a PostgreSQL database, such as NEWS_DATABASE_URL; needs
    /// `query`. It is asked in a transaction that can only read.
    #[schemars(length(min = 1))]
    pub postgres: Option<String>,
    /// One SELECT, of `sqlite` and `postgres`.
    #[schemars(length(min = 1))]
    pub query: Option<String>,
}

/// The name of a column, for each field of a candidate.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMapping {
    /// The column with the id.
    pub id: Option<String>,
    /// The column with the headline.
    pub title: Option<String>,
    /// The column with the address.
    pub url: Option<String>,
    /// The column with the author.
    pub author: Option<String>,
    /// The column with the kind of source, such as rss.
    pub source_type: Option<String>,
    /// The column with the source.
    pub source_id: Option<String>,
    /// The column with the date.
    pub published_at: Option<String>,
    /// The column with the text.
    pub body: Option<String>,
    /// The column with what tells apart clusters of items that tell the same.
    pub cluster_id: Option<String>,
    /// The column with likes, ups or points.
    pub score: Option<String>,
}

impl From<RawMapping> for Mapping {
    fn from(raw: RawMapping) -> Self {
        let RawMapping {
            id,
            title,
            url,
            author,
            source_type,
            source_id,
            published_at,
            body,
            cluster_id,
            score,
        } = raw;
        Self { id, title, url, author, source_type, source_id, published_at, body, cluster_id, score }
    }
}
