//! From a topic's text to a checked topic, with everything that is wrong in it.

use super::topic_raw::{RawSource, RawTopic};
use super::{CandidateSource, Topic};
use crate::check::{self, Findings, Schema, key, under};
use crate::dataset::Format;
use crate::diagnostic::Checked;
use crate::template::Template;
use crate::yaml::Step;
use std::sync::LazyLock;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::of::<RawTopic>("Bakeoff topic"));

/// Seconds that a query may take when the file says nothing.
pub(crate) const QUERY_SECONDS: f64 = 30.0;

/// The JSON Schema of a topic file.
pub fn topic_schema() -> serde_json::Value {
    SCHEMA.value.clone()
}

/// Checks a topic's text. `name` is the file's name without extension; it becomes the topic's name. Whether its source is
/// there is not known here.
pub fn check_topic(name: &str, text: &str) -> Checked<Topic> {
    let (raw, mut findings) = match check::read::<RawTopic>(text, &SCHEMA, check::no_special_keys) {
        Ok(read) => read,
        Err(diagnostics) => return Checked { value: None, diagnostics },
    };
    if let Some(inner) = raw.name.as_deref().filter(|inner| *inner != name) {
        let message = format!("the file says `name: {inner}`, but its file name makes it `{name}`");
        findings.warning("name-differs", &key("name"), message).hint =
            Some(format!("write `name: {name}`, or rename the file to {inner}.yaml"));
    }
    for (field, prompt) in [("system_prompt", &raw.system_prompt), ("prompt", &raw.prompt)] {
        template(field, prompt.as_deref(), &mut findings);
    }
    let source = raw.source.as_ref().and_then(|source| source_of(source, &key("source"), &mut findings));
    let value = source.map(|source| Topic {
        name: name.to_owned(),
        id: raw.id.unwrap_or_else(|| name.to_owned()),
        description: raw.description,
        source,
        mapping: raw.mapping.unwrap_or_default().into(),
        timeout_seconds: raw.timeout_seconds.unwrap_or(QUERY_SECONDS),
        system_prompt: raw.system_prompt,
        prompt: raw.prompt,
    });
    findings.finish(value)
}

fn template(field: &str, prompt: Option<&str>, findings: &mut Findings) {
    let Some(prompt) = prompt else { return };
    if prompt.trim().is_empty() {
        findings.error("empty", &key(field), format!("`{field}` is empty")).hint =
            Some(format!("write the prompt, or remove `{field}`: Bakeoff has one"));
    } else if let Err(error) = Template::compile(prompt) {
        findings.inner_error("template", &key(field), prompt, &error);
    }
}

/// The source that is written at a path, if it is one.
pub(crate) fn source_of(raw: &RawSource, path: &[Step], findings: &mut Findings) -> Option<CandidateSource> {
    let named: Vec<&str> = [("file", &raw.file), ("sqlite", &raw.sqlite), ("postgres", &raw.postgres)]
        .into_iter()
        .filter_map(|(name, value)| value.as_ref().map(|_| name))
        .collect();
    let [kind] = named.as_slice() else {
        let message = match named.as_slice() {
            [] => "the source names no file and no database".to_owned(),
            names => format!("the source names {}: it can be only one", names.join(" and ")),
        };
        findings.error("one-source", path, message).hint =
            Some("write one of `file:`, `sqlite:` with `query:`, and `postgres:` with `query:`".to_owned());
        return None;
    };
    let query = raw.query.as_deref().map(str::trim).filter(|query| !query.is_empty());
    if *kind != "file" && query.is_none() {
        findings.error("missing", path, format!("`{kind}` needs a `query`")).hint = Some(
            "add a line such as `query: SELECT id, title, url, published_at, body FROM items`".to_owned(),
        );
        return None;
    }
    if *kind == "file" && raw.query.is_some() {
        findings.error("not-for-kind", &under(path, "query"), "`query` is of no use for a file").hint =
            Some("remove it".to_owned());
    }
    let query = query.unwrap_or_default().to_owned();
    if let Some(file) = &raw.file {
        if Format::from_path(file).is_none() {
            let message = format!("\"{file}\" is no file of candidates");
            findings.error("unknown-format", &under(path, "file"), message).hint =
                Some("name a .jsonl, .csv or .yaml file, such as `datasets/news.jsonl`".to_owned());
        }
        return Some(CandidateSource::File(file.trim().to_owned()));
    }
    if let Some(database) = &raw.sqlite {
        return Some(CandidateSource::Sqlite { path: database.trim().to_owned(), query });
    }
    let variable = raw.postgres.as_deref()?.trim();
    if !is_variable(variable) {
        let message = "`postgres` is not the name of an environment variable";
        findings.error("not-a-variable", &under(path, "postgres"), message).hint = Some(
            "put the database's address into an environment variable, so that no file has its password, and write \
             the variable's name, such as `postgres: NEWS_DATABASE_URL`"
                .to_owned(),
        );
        return None;
    }
    Some(CandidateSource::Postgres { variable: variable.to_owned(), query })
}

fn is_variable(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        check_topic("news", text).diagnostics.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_topic_has_one_source() {
        let topic = check_topic("news", "source: {file: datasets/news.jsonl}\n").value.unwrap();
        assert_eq!(topic.source, CandidateSource::File("datasets/news.jsonl".to_owned()));
        assert_eq!((topic.id.as_str(), topic.timeout_seconds), ("news", QUERY_SECONDS));
        let text = "id: 7\nsource: {postgres: NEWS_URL, query: SELECT 1}\n";
        assert_eq!(messages(text).len(), 1, "an id is a text: {:?}", messages(text));
        let both = "source: {file: a.csv, sqlite: b.db}\n";
        assert_eq!(messages(both), ["the source names file and sqlite: it can be only one"]);
        assert_eq!(messages("source: {}\n"), ["the source names no file and no database"]);
        assert_eq!(messages("source: {sqlite: b.db}\n"), ["`sqlite` needs a `query`"]);
    }

    #[test]
    fn an_address_with_a_password_is_no_variable() {
        let text = "source: {postgres: \"postgres://me:secret@host/db\", query: SELECT 1}\n";
        let found = messages(text);
        assert_eq!(found, ["`postgres` is not the name of an environment variable"]);
        assert!(!format!("{:?}", check_topic("news", text).diagnostics).contains("secret"));
    }
}
