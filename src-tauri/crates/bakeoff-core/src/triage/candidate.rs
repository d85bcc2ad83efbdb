//! A candidate as the case of a run, and back.

use super::{Candidate, moment_text, published};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// What a candidate's source is called when its row tells none.
pub(super) const UNKNOWN: &str = "unknown";

impl Candidate {
    /// The candidate as a case's JSON: an object with all its own fields, `null` where one is unknown, and then those
    /// of [`Candidate::more`]. The moment is text as in RFC 3339, in UTC.
    pub fn case_json(&self) -> Box<RawValue> {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
        let published = self.published_at.map_or(Value::Null, |moment| moment_text(moment).into());
        let mut fields = Map::new();
        for (name, value) in [
            ("id", self.id.as_str().into()),
            ("title", text(&self.title)),
            ("url", text(&self.url)),
            ("author", text(&self.author)),
            ("source_type", self.source_type.as_str().into()),
            ("source_id", self.source_id.as_str().into()),
            ("published_at", published),
            ("body", text(&self.body)),
            ("cluster_id", text(&self.cluster_id)),
            ("score", self.score.map_or(Value::Null, number)),
        ] {
            fields.insert(name.to_owned(), value);
        }
        for (name, value) in &self.more {
            fields.entry(name).or_insert_with(|| value.clone());
        }
        let json = Value::Object(fields).to_string();
        RawValue::from_string(json).expect("a JSON value's text is JSON")
    }

    /// The candidate of a case's fields, as [`Candidate::case_json`] writes them; what isn't as it writes it is taken
    /// as unknown.
    pub fn from_case(fields: &Map<String, Value>) -> Self {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            id: text("id").unwrap_or_default(),
            title: text("title"),
            url: text("url"),
            author: text("author"),
            source_type: text("source_type").unwrap_or_else(|| UNKNOWN.to_owned()),
            source_id: text("source_id").unwrap_or_else(|| UNKNOWN.to_owned()),
            published_at: fields.get("published_at").and_then(published::read),
            body: text("body"),
            cluster_id: text("cluster_id"),
            score: fields.get("score").and_then(Value::as_f64),
            more: fields.iter().filter(|(name, _)| !FIELDS.contains(&name.as_str())).map(owned).collect(),
        }
    }
}

/// A candidate's own fields.
pub(super) const FIELDS: [&str; 10] = [
    "id",
    "title",
    "url",
    "author",
    "source_type",
    "source_id",
    "published_at",
    "body",
    "cluster_id",
    "score",
];

fn owned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

/// A whole number without `.0`, as people write it; nothing for what is no number.
fn number(value: f64) -> Value {
    /// Up to here every whole number has a value of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT {
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_case_has_every_field_in_its_order() {
        let candidate = Candidate {
            id: "a".to_owned(),
            title: Some("T".to_owned()),
            url: None,
            author: None,
            source_type: "rss".to_owned(),
            source_id: "one".to_owned(),
            published_at: Some(1_794_817_800_000),
            body: None,
            cluster_id: None,
            score: Some(12.0),
            more: [("title".to_owned(), json!("other")), ("label".to_owned(), json!(true))]
                .into_iter()
                .collect(),
        };
        assert_eq!(
            candidate.case_json().get(),
            r#"{"id":"a","title":"T","url":null,"author":null,"source_type":"rss","source_id":"one","#
                .to_owned()
                + r#""published_at":"2026-11-16T08:30:00Z","body":null,"cluster_id":null,"score":12,"label":true}"#
        );
        assert_eq!(number(f64::NAN), Value::Null);
        assert_eq!(number(0.5), json!(0.5));
    }
}
