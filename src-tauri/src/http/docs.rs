//! The documentation: the OpenAPI document, and a page made from it that needs no script and loads nothing from elsewhere.

use super::routes;
use axum::Json;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use serde_json::Value;
use std::fmt::Write;
use std::sync::{Arc, OnceLock};

/// The document and the page, made once.
pub(crate) struct Documentation {
    document: Value,
    page: String,
}

/// The documentation of everything that is served.
pub(crate) fn documentation() -> Arc<Documentation> {
    static MADE: OnceLock<Arc<Documentation>> = OnceLock::new();
    let make = || {
        let document = serde_json::to_value(routes::document()).unwrap_or_default();
        Arc::new(Documentation { page: page_of(&document), document })
    };
    Arc::clone(MADE.get_or_init(make))
}

/// This API as an OpenAPI document
#[utoipa::path(get, path = "/openapi.json", tag = "service", security(()),
    responses((status = 200, description = "The document", body = Object)))]
pub(crate) async fn openapi_json() -> Json<Value> {
    Json(documentation().document.clone())
}

/// This page
#[utoipa::path(get, path = "/docs", tag = "service", security(()),
    responses((status = 200, description = "The page", content_type = "text/html", body = String)))]
pub(crate) async fn page() -> Html<String> {
    Html(documentation().page.clone())
}

/// How this page looks
#[utoipa::path(get, path = "/docs/style.css", tag = "service", security(()),
    responses((status = 200, description = "The style sheet", content_type = "text/css", body = String)))]
pub(crate) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("docs.css"))
}

fn page_of(document: &Value) -> String {
    let text = |pointer: &str| escaped(document.pointer(pointer).and_then(Value::as_str).unwrap_or_default());
    let (title, version) = (text("/info/title"), text("/info/version"));
    let mut body = format!("<h1>{title} <small>{version}</small></h1>\n");
    for paragraph in text("/info/description").split("\n\n") {
        let _ = writeln!(body, "<p>{}</p>", marked(paragraph));
    }
    body.push_str(
        "<p>Every call but the ones marked <em>open</em> needs the token that <code>bakeoff serve</code> shows once: \
         <code>Authorization: Bearer TOKEN</code> or <code>X-API-Key: TOKEN</code>. For programs there is the \
         <a href=\"openapi.json\">OpenAPI document</a>.</p>\n",
    );
    for tag in document["tags"].as_array().into_iter().flatten() {
        let name = tag["name"].as_str().unwrap_or_default();
        let heading = escaped(tag["description"].as_str().unwrap_or(name));
        let calls = calls_of(document, name);
        if !calls.is_empty() {
            let _ = writeln!(body, "<section><h2>{heading}</h2>\n{calls}</section>");
        }
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} API</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"docs/style.css\">\
         </head><body><main>\n{body}</main></body></html>\n"
    )
}

/// The calls with this tag.
fn calls_of(document: &Value, tag: &str) -> String {
    let mut calls = String::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let tags = operation["tags"].as_array().into_iter().flatten();
            if tags.filter_map(Value::as_str).any(|of| of == tag) {
                calls.push_str(&call(document, path, method, operation));
            }
        }
    }
    calls
}

fn call(document: &Value, path: &str, method: &str, operation: &Value) -> String {
    let text = |name: &str| operation[name].as_str().unwrap_or_default();
    let open = if operation["security"].is_array() { " <em>open</em>" } else { "" };
    let mut call = format!(
        "<details><summary><b class=\"{method}\">{}</b> <code>{}</code> {}{open}</summary>\n",
        method.to_uppercase(),
        escaped(path),
        escaped(text("summary"))
    );
    if !text("description").is_empty() {
        let _ = writeln!(call, "<p>{}</p>", marked(&escaped(text("description"))));
    }
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    if !parameters.is_empty() {
        let row = |parameter: &Value| {
            let of = |name: &str| parameter[name].as_str().unwrap_or_default();
            let needed = if parameter["required"] == true { ", needed" } else { "" };
            row_of(of("name"), &format!("{}{needed}", of("in")), of("description"))
        };
        call.push_str(&table("Parameters", &parameters.iter().map(row).collect::<String>()));
    }
    if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
        call.push_str(&table("Body (JSON)", &fields_of(document, schema, "")));
    }
    let mut answers = String::new();
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let description = response["description"].as_str().unwrap_or_default();
        answers.push_str(&row_of(status, "", description));
    }
    call.push_str(&table("Answers", &answers));
    if let Some(schema) = success_schema(operation) {
        let fields = fields_of(document, schema, "");
        if !fields.is_empty() {
            call.push_str(&table("Fields of the answer", &fields));
        }
    }
    call + "</details>\n"
}

fn success_schema(operation: &Value) -> Option<&Value> {
    ["200", "201"]
        .iter()
        .find_map(|status| operation["responses"][status].pointer("/content/application~1json/schema"))
}

/// The fields of a schema as rows, those of inner objects below theirs.
fn fields_of(document: &Value, schema: &Value, prefix: &str) -> String {
    let schema = resolved(document, schema);
    let needed: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut rows = String::new();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let inner = inner_of(document, field);
        let is_list = resolved(document, field)["type"] == "array";
        let path = format!("{prefix}{name}{}", if is_list { "[]" } else { "" });
        let is_needed = if needed.contains(&name.as_str()) { ", needed" } else { "" };
        let kind = format!("{}{is_needed}", kind_of(document, field));
        let about = field["description"].as_str().or_else(|| inner["description"].as_str());
        rows.push_str(&row_of(&path, &kind, about.unwrap_or_default()));
        if prefix.matches('.').count() < 3 {
            rows.push_str(&fields_of(document, inner, &format!("{path}.")));
        }
    }
    rows
}

/// The object within a list or beside `null`, or the schema itself.
fn inner_of<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let schema = resolved(document, schema);
    if !schema["items"].is_null() {
        return resolved(document, &schema["items"]);
    }
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    choices.map(|choice| resolved(document, choice)).find(|choice| choice["type"] != "null").unwrap_or(schema)
}

fn kind_of(document: &Value, field: &Value) -> String {
    let of = resolved(document, field);
    let kinds = match &of["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => inner_of(document, of)["type"].as_str().unwrap_or("any").to_owned(),
    };
    let choices = inner_of(document, of)["enum"].as_array().cloned().unwrap_or_default();
    if choices.is_empty() {
        return kinds;
    }
    choices.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ")
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

fn row_of(name: &str, kind: &str, about: &str) -> String {
    format!(
        "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td></tr>\n",
        escaped(name),
        escaped(kind),
        marked(&escaped(about))
    )
}

fn table(caption: &str, rows: &str) -> String {
    format!("<table><caption>{caption}</caption>\n{rows}</table>\n")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What stands between backticks as code.
fn marked(escaped: &str) -> String {
    let parts = escaped.split('`').enumerate();
    parts.map(|(n, part)| if n % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_every_call_of_the_document_and_runs_nothing() {
        let made = documentation();
        let paths = made.document["paths"].as_object().expect("there are paths");
        assert!(paths.contains_key("/health") && paths.contains_key("/api/events"), "{:?}", paths.keys());
        for path in paths.keys() {
            assert!(made.page.contains(&format!("<code>{path}</code>")), "{path} is on the page");
        }
        assert!(!made.page.contains("<script") && !made.page.contains("http://"), "{}", made.page);
        assert_eq!(made.page.matches("<details>").count(), made.page.matches("</details>").count());
    }

    #[test]
    fn texts_can_not_become_tags() {
        assert_eq!(
            marked(&escaped("a <b> \"c\" & `d<e>`")),
            "a &lt;b&gt; &quot;c&quot; &amp; <code>d&lt;e&gt;</code>"
        );
    }
}
