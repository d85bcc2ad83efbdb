//! Where commands can't be shut off there is no shell: only `labctl`, and `curl` to the nodes' own addresses.

use super::{Labctl, execute};
use crate::error::refused;
use bakeoff_core::ports::BoxFuture;
use bakeoff_core::ports::lab::{Shell, ShellOutput, SubjectError};
use reqwest::Method;
use std::time::Duration;
use tokio::time::timeout;

/// Of a command that there is not, as a shell has it.
const NOT_FOUND: i32 = 127;
/// The most of an answer that is shown, in bytes.
const LONGEST: usize = 32 << 10;

/// Knows two commands, one a line.
pub(super) struct CommandsShell {
    labctl: Labctl,
    urls: Vec<String>,
    client: reqwest::Client,
}

impl CommandsShell {
    pub fn new(labctl: Labctl, urls: Vec<String>) -> Result<Self, SubjectError> {
        let client = reqwest::Client::builder().no_proxy().build().map_err(refused)?;
        Ok(Self { labctl, urls, client })
    }

    async fn line(&self, line: &str) -> ShellOutput {
        let Some(words) = shlex::split(line) else {
            return told(2, "a quote is not closed\n");
        };
        match words.split_first() {
            None => ShellOutput::default(),
            Some((first, rest)) if first == "labctl" => {
                let reply = execute(&self.labctl, rest).await;
                ShellOutput { exit_code: reply.exit_code, output: reply.stdout + &reply.stderr }
            }
            Some((first, rest)) if first == "curl" => self.curl(rest).await,
            Some((first, _)) => told(
                NOT_FOUND,
                format!(
                    "{first}: there is only `labctl …` and `curl [-s] [-X METHOD] [-d DATA] URL` here, one a line\n"
                ),
            ),
        }
    }

    async fn curl(&self, words: &[String]) -> ShellOutput {
        let (mut method, mut data, mut url) = (None, None, None);
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word {
                "-X" | "--request" => method = words.next(),
                "-d" | "--data" => data = words.next(),
                "-m" | "--max-time" => drop(words.next()),
                _ if word.starts_with('-') => {}
                _ => url = Some(word),
            }
        }
        let Some(url) = url else { return told(2, "curl: no URL\n") };
        if !self.urls.iter().any(|known| url.strip_prefix(known.as_str()).is_some_and(is_path)) {
            return told(7, format!("curl: {url} is none of the nodes' addresses\n"));
        }
        let method = method.unwrap_or(if data.is_some() { "POST" } else { "GET" });
        let Ok(method) = Method::from_bytes(method.as_bytes()) else {
            return told(2, format!("curl: {method} is no method\n"));
        };
        let request = self.client.request(method, url).body(data.unwrap_or_default().to_owned());
        match request.send().await {
            Ok(answer) => {
                let text = answer.text().await.unwrap_or_default();
                let cut = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
                told(0, text.get(..cut).unwrap_or_default())
            }
            Err(error) if error.is_connect() => told(7, "curl: the connection was refused\n"),
            Err(error) => told(28, format!("curl: {}\n", error.without_url())),
        }
    }
}

/// What may follow an address, so that `http://127.0.0.1:40` does not open `http://127.0.0.1:4000`.
fn is_path(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['/', '?'])
}

fn told(exit_code: i32, output: impl Into<String>) -> ShellOutput {
    ShellOutput { exit_code, output: output.into() }
}

impl Shell for CommandsShell {
    fn tier(&self) -> &str {
        "commands only"
    }

    fn run<'a>(
        &'a self,
        command: &'a str,
        limit: Duration,
    ) -> BoxFuture<'a, Result<ShellOutput, SubjectError>> {
        Box::pin(async move {
            let mut all = ShellOutput::default();
            let work = async {
                for line in command.lines().map(str::trim).filter(|line| !line.is_empty()) {
                    let ShellOutput { exit_code, output } = self.line(line).await;
                    all.exit_code = exit_code;
                    all.output.push_str(&output);
                }
            };
            if timeout(limit, work).await.is_err() {
                all.exit_code = 124;
                all.output.push_str(&format!("\n[ended after {} s]\n", limit.as_secs_f64()));
            }
            Ok(all)
        })
    }
}
