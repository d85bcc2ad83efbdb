//! `bakeoff serve`, the real program: how it begins, what it says, how it ends.

use super::support::{Answer, TOKEN, answer_of, client};
use crate::support::{Place, Running, count, text, until};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use std::process::Command;
use tokio::runtime::Runtime;

/// A program that serves, what it said first, and a client of it.
pub struct Serving {
    pub running: Running,
    pub said: Value,
    runtime: Runtime,
    client: Client,
}

impl Serving {
    /// On a free port.
    pub fn start(place: &Place, more: &[&str]) -> Self {
        let mut running = place.start(&[&["serve", "--port", "0", "--json"][..], more].concat());
        until("it says where it listens", || {
            let has_ended = running.has_ended();
            let is_said = serde_json::from_str::<Value>(&running.printed()).is_ok();
            assert!(is_said || !has_ended, "it ended: {}", running.said());
            is_said
        });
        let said = serde_json::from_str(&running.printed()).expect("it is JSON");
        Self { running, said, runtime: Runtime::new().expect("threads can be started"), client: client() }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        text(&self.said, "/url")
    }

    /// A request with the token of the tests.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url())).bearer_auth(TOKEN)
    }

    /// The answer to a request.
    pub fn answer(&self, request: RequestBuilder) -> Answer {
        self.runtime.block_on(answer_of(request))
    }

    /// A request without a body.
    pub fn send(&self, method: Method, path: &str) -> Answer {
        self.answer(self.request(method, path))
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path)
    }

    /// POST with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.answer(self.request(Method::POST, path).json(body))
    }

    fn status(&self, path: &str, token: &str) -> u16 {
        let request = self.client.get(format!("{}{path}", self.url())).bearer_auth(token);
        self.answer(request).status
    }
}

const LIST: &str = "/api/optimization/experiments";

#[test]
fn a_token_is_made_and_shown_once_and_ctrl_c_ends_it_cleanly() {
    let place = Place::starter();
    let serving = Serving::start(&place, &[]);
    let port = count(&serving.said, "/port");
    assert!(
        port > 0 && text(&serving.said, "/url").ends_with(&format!("127.0.0.1:{port}")),
        "{}",
        serving.said
    );
    let token = text(&serving.said, "/token").to_owned();
    assert!(token.starts_with("bakeoff_") && token.len() > 40, "nobody guesses it");
    assert_eq!((serving.status(LIST, &token), serving.status(LIST, "another-token-of-tests")), (200, 401));
    assert_eq!(serving.status("/health", "none"), 200);
    serving.running.interrupt();
    let ran = serving.running.wait().expect_code(0).says("no keychain").says("Ctrl-C ends it");
    assert!(!ran.err.contains(&token), "it is data, not talk");
    let other = Serving::start(&place, &[]);
    assert_ne!(text(&other.said, "/token"), token, "without a keychain it ended with its program");
}

#[test]
fn sigterm_ends_it_cleanly_too() {
    let serving = Serving::start(&Place::starter(), &[]);
    let sent = Command::new("kill").arg(serving.running.id().to_string()).status();
    assert!(sent.is_ok_and(|status| status.success()), "SIGTERM can be sent");
    serving.running.wait().expect_code(0).says("ending");
}

#[test]
fn the_token_of_the_environment_or_of_a_file_is_taken_and_never_shown() {
    let mut place = Place::starter();
    let file = place.path("token");
    let name = file.display().to_string();
    let serving = Serving::start(&place, &["--token-file", &name]);
    let made = place.read("token").trim().to_owned();
    assert!(made.starts_with("bakeoff_"), "a new one is written into the file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "only its owner reads it");
    }
    assert_eq!((serving.status(LIST, &made), &serving.said["token"]), (200, &Value::Null));
    drop(serving);
    place.set_variable("BAKEOFF_API_TOKEN", "from-the-environment");
    let from_file = Serving::start(&place, &["--token-file", &name]);
    assert_eq!((from_file.status(LIST, &made), from_file.status(LIST, "from-the-environment")), (200, 401));
    let from_environment = Serving::start(&place, &[]);
    assert_eq!(from_environment.status(LIST, "from-the-environment"), 200);
    assert_eq!(from_environment.said["token"], Value::Null);
    place.run(&["serve", "--port", "0", "--new-token"]).expect_code(3).says("BAKEOFF_API_TOKEN");
}

#[test]
fn what_can_not_be_served_is_said() {
    let mut place = Place::starter();
    let serving = Serving::start(&place, &[]);
    let port = count(&serving.said, "/port").to_string();
    place.run(&["serve", "--port", &port]).expect_code(1).says(&port).says("another port");
    place.run(&["serve", "--port", "70000"]).expect_code(3);
    place.run(&["serve", "--bind", "here"]).expect_code(3);
    place.set_variable("BAKEOFF_API_TOKEN", "short");
    place.run(&["serve", "--port", "0"]).expect_code(3).says("token").says("16");
}
