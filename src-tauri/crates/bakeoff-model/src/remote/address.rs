//! Where a provider listens, and how it wants the key.

use crate::keys::Secret;
use bakeoff_core::variant::Provider;
use reqwest::Url;

/// The version of Anthropic's API.
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// A provider's own address, version included; `None` for the ones that have none.
pub fn default_base_url(provider: Provider) -> Option<&'static str> {
    match provider {
        Provider::Anthropic => Some("https://api.anthropic.com/v1"),
        Provider::Openai => Some("https://api.openai.com/v1"),
        Provider::Gemini => Some("https://generativelanguage.googleapis.com/v1beta"),
        Provider::Ollama => Some("http://127.0.0.1:11434"),
        Provider::Builtin | Provider::OpenaiCompatible => None,
    }
}

/// Where to send a chat. A base that already names the chat path, as people copy it, is understood.
///
/// # Errors
/// The base is no http or https address; in plain words.
pub fn chat_url(provider: Provider, base: &str, model: &str) -> Result<Url, String> {
    let base = trimmed(provider, base);
    let path = match provider {
        Provider::Anthropic => "messages".to_owned(),
        Provider::Gemini => format!("models/{}:generateContent", in_path(model)),
        Provider::Ollama => "api/chat".to_owned(),
        Provider::Openai | Provider::OpenaiCompatible | Provider::Builtin => "chat/completions".to_owned(),
    };
    parsed(&format!("{base}/{path}"))
}

/// Where to ask for the list of models.
///
/// # Errors
/// The base is no http or https address; in plain words.
pub fn models_url(provider: Provider, base: &str) -> Result<Url, String> {
    let path = if provider == Provider::Ollama { "api/tags" } else { "models" };
    parsed(&format!("{}/{path}", trimmed(provider, base)))
}

fn trimmed(provider: Provider, base: &str) -> &str {
    let base = base.trim().trim_end_matches('/');
    let tails: &[&str] = match provider {
        Provider::Anthropic => &["/messages"],
        Provider::Ollama => &["/api/chat", "/api", "/v1"],
        _ => &["/chat/completions"],
    };
    tails.iter().find_map(|tail| base.strip_suffix(tail)).unwrap_or(base).trim_end_matches('/')
}

fn parsed(url: &str) -> Result<Url, String> {
    match Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(format!(
            "\"{url}\" is no http or https address; correct base_url, such as http://127.0.0.1:8000/v1"
        )),
    }
}

/// The model's name inside a path: only what would end the path is encoded.
fn in_path(model: &str) -> String {
    let mut path = String::with_capacity(model.len());
    for c in model.chars() {
        match c {
            '%' => path.push_str("%25"),
            '?' => path.push_str("%3F"),
            '#' => path.push_str("%23"),
            '\\' => path.push_str("%5C"),
            c => path.push(c),
        }
    }
    path
}

/// Headers that authenticate and name the API's version.
pub fn headers(provider: Provider, key: Option<&Secret>) -> Vec<(&'static str, String)> {
    let key = key.map(Secret::expose);
    let mut headers = Vec::new();
    match provider {
        Provider::Anthropic => {
            headers.extend(key.map(|key| ("x-api-key", key.to_owned())));
            headers.push(("anthropic-version", ANTHROPIC_VERSION.to_owned()));
        }
        Provider::Gemini => headers.extend(key.map(|key| ("x-goog-api-key", key.to_owned()))),
        _ => headers.extend(key.map(|key| ("authorization", format!("Bearer {key}")))),
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(provider: Provider, base: &str, model: &str) -> String {
        chat_url(provider, base, model).expect("an address").to_string()
    }

    #[test]
    fn addresses_as_people_write_them() {
        let openai = "https://h/v1/chat/completions";
        for base in ["https://h/v1", "https://h/v1/", " https://h/v1/chat/completions "] {
            assert_eq!(chat(Provider::OpenaiCompatible, base, "m"), openai);
        }
        for base in ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/api/chat"] {
            assert_eq!(chat(Provider::Ollama, base, "m"), "http://h:1/api/chat");
        }
        assert_eq!(chat(Provider::Anthropic, "https://h/v1", "m"), "https://h/v1/messages");
        assert_eq!(
            chat(Provider::Gemini, "https://h/v1beta", "ns::foo/bar-high?x"),
            "https://h/v1beta/models/ns::foo/bar-high%3Fx:generateContent"
        );
        for bad in ["", "localhost:8000", "ftp://h/v1"] {
            assert!(chat_url(Provider::Openai, bad, "m").is_err(), "{bad:?}");
        }
    }
}
