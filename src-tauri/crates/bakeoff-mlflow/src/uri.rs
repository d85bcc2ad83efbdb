//! Where runs are: MLflow's tracking URIs.

use crate::client::Credentials;
use crate::error::{MlflowError, Result};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use std::fmt;
use std::path::{Path, PathBuf};

/// A tracking URI. A password in it is kept apart from what is shown.
#[derive(Clone, PartialEq, Eq)]
pub enum TrackingUri {
    /// A tracking server.
    Http(Url),
    /// A SQLite file that MLflow writes.
    Sqlite(PathBuf),
    /// An `mlruns` folder.
    Folder(PathBuf),
}

impl TrackingUri {
    /// Reads a tracking URI. Relative paths are relative to `base`.
    ///
    /// # Errors
    /// Another scheme, or nothing.
    pub fn parse(text: &str, base: &Path) -> Result<Self> {
        let text = text.trim();
        let wrong = |why: &str| {
            Err(MlflowError::Address { uri: without_password(text), why: format!("{why}. {ALLOWED}") })
        };
        let Some((scheme, rest)) = text.split_once(':') else {
            return match text {
                "" => wrong("it is empty"),
                "databricks" => wrong("Databricks needs its own log-in, which is not built in"),
                path => Ok(Self::Folder(base.join(path))),
            };
        };
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => match Url::parse(text) {
                Ok(url) if url.host_str().is_some_and(|host| !host.is_empty()) => Ok(Self::Http(url)),
                Ok(_) => wrong("it names no server"),
                Err(error) => wrong(&format!("{error}")),
            },
            "file" => Ok(Self::Folder(base.join(decoded(rest.strip_prefix("//").unwrap_or(rest))))),
            scheme if scheme == "sqlite" || scheme.starts_with("sqlite+") => {
                let path = rest.split('?').next().unwrap_or_default();
                match path.strip_prefix("///") {
                    Some(path) if !path.is_empty() && path != ":memory:" => Ok(Self::Sqlite(base.join(path))),
                    _ => wrong(
                        "a SQLite store is written sqlite:///relative/path.db or sqlite:////absolute/path.db",
                    ),
                }
            }
            "databricks" => wrong("Databricks needs its own log-in, which is not built in"),
            // A Windows path such as C:\runs.
            drive if drive.len() == 1 => Ok(Self::Folder(PathBuf::from(text))),
            other if rest.starts_with("//") => wrong(&format!(
                "there is no reader for “{other}” here; give the address of its MLflow server"
            )),
            _ => Ok(Self::Folder(base.join(text))),
        }
    }

    /// A tracking URI as it may be kept and shown, and the user and password that were in it. Only addresses of
    /// servers have some; text that is no tracking URI comes back without what looks like a password.
    pub fn split_credentials(text: &str) -> (String, Credentials) {
        let text = text.trim();
        let none = |text: &str| (text.to_owned(), Credentials::default());
        let scheme = text.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let Some(start) = text.find("://").map(|at| at + 3) else { return none(text) };
        if scheme == "file" || scheme.starts_with("sqlite") {
            return none(text);
        }
        let authority = text[start..].split(['/', '?', '#']).next().unwrap_or_default();
        let Some((user, _)) = authority.rsplit_once('@') else {
            // A password with an unescaped slash in it ends the authority too early, and makes it no address.
            let broken = scheme.starts_with("http") && Url::parse(text).is_err();
            return if broken { none(&without_password(text)) } else { none(text) };
        };
        let (username, password) = match user.split_once(':') {
            Some((username, password)) => (username, Some(decoded(password))),
            None => (user, None),
        };
        let shown = format!("{}{}", &text[..start], &text[start + user.len() + 1..]);
        (shown, Credentials { token: None, username: Some(decoded(username)), password })
    }

    /// Whether a server must be started to write there.
    pub fn needs_a_server(&self) -> bool {
        !matches!(self, Self::Http(_))
    }
}

const ALLOWED: &str = "Allowed are http://…, https://…, sqlite:///…, and the path of an mlruns folder";

impl fmt::Display for TrackingUri {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(url) => write!(to, "{}", shown(url)),
            Self::Sqlite(path) => write!(to, "sqlite:///{}", path.display()),
            Self::Folder(path) => write!(to, "{}", path.display()),
        }
    }
}

impl fmt::Debug for TrackingUri {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "TrackingUri({self})")
    }
}

/// An address without user, password and final slash.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both only fail for addresses without a host, which `parse` refuses.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.as_str().trim_end_matches('/').to_owned()
}

/// Percent-decodes a part of a URI.
fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// The text with everything between `//` and `@` left out.
fn without_password(text: &str) -> String {
    match (text.find("//"), text.rfind('@')) {
        (Some(start), Some(end)) if start < end => format!("{}//…{}", &text[..start], &text[end..]),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::TrackingUri;
    use std::path::{Path, PathBuf};

    fn parse(text: &str) -> Result<TrackingUri, String> {
        TrackingUri::parse(text, Path::new("/work space")).map_err(|error| error.to_string())
    }

    #[test]
    fn stores_on_this_machine() {
        let folder = |path: &str| Ok(TrackingUri::Folder(PathBuf::from(path)));
        let sqlite = |path: &str| Ok(TrackingUri::Sqlite(PathBuf::from(path)));
        assert_eq!(parse("./mlruns"), folder("/work space/./mlruns"));
        assert_eq!(parse("file://./mlruns"), folder("/work space/./mlruns"));
        assert_eq!(parse("file:mlruns"), folder("/work space/mlruns"));
        assert_eq!(parse("file:///data/my%20runs"), folder("/data/my runs"));
        assert_eq!(parse("/data/mlruns"), folder("/data/mlruns"));
        assert_eq!(parse("sqlite:///mlflow.db"), sqlite("/work space/mlflow.db"));
        assert_eq!(parse("sqlite:////data/mlflow.db?timeout=5"), sqlite("/data/mlflow.db"));
        assert_eq!(parse("sqlite+pysqlite:////data/mlflow.db"), sqlite("/data/mlflow.db"));
    }

    #[test]
    fn a_password_is_never_shown() {
        let uri = parse("https://me:secret@mlflow.example.org/prefix/").expect("a server");
        assert_eq!(uri.to_string(), "https://mlflow.example.org/prefix");
        assert!(!format!("{uri:?}").contains("secret"));
        let refused = parse("postgresql://me:secret@host/db").expect_err("no reader");
        assert!(!refused.contains("secret") && refused.contains("postgresql"), "{refused}");
    }

    #[test]
    fn user_and_password_are_split_off() {
        let split = |text: &str| {
            let (shown, credentials) = TrackingUri::split_credentials(text);
            (shown, credentials.username, credentials.password)
        };
        let some = |text: &str| Some(text.to_owned());
        let server = "https://mlflow.example.org:5000/prefix?a=b".to_owned();
        assert_eq!(
            split(" https://me:se%40c:ret@mlflow.example.org:5000/prefix?a=b"),
            (server.clone(), some("me"), some("se@c:ret"))
        );
        assert_eq!(
            split("https://me@mlflow.example.org:5000/prefix?a=b"),
            (server.clone(), some("me"), None)
        );
        for unchanged in
            [server.as_str(), "sqlite:////data/a@b/mlflow.db", "./runs@home", "http://host/a@b", "databricks"]
        {
            assert_eq!(split(unchanged), (unchanged.to_owned(), None, None));
        }
        for odd in ["http://me:pa/ss-secret@host", "postgresql://me:secret@host/db"] {
            assert!(!split(odd).0.contains("secret"), "{odd}");
        }
    }

    #[test]
    fn what_can_not_be_read_says_what_can() {
        for wrong in
            ["", "sqlite://", "sqlite:///", "sqlite:///:memory:", "databricks", "http://", "mysql://h/d"]
        {
            let error = parse(wrong).expect_err(wrong);
            assert!(error.contains("Allowed are http"), "{wrong}: {error}");
        }
    }
}
