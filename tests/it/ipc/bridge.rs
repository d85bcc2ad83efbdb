//! The app on Tauri's mock runtime, and its page's calls.

use bakeoff_service::dto::{ErrorCode, ServiceError};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use tauri::ipc::{CallbackFn, InvokeBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{App, Manager, WebviewWindow};

/// What answers without an open workspace.
const WITHOUT_WORKSPACE: [&str; 4] = ["open_workspace", "watch", "http_state", "stop_http"];

/// Commands with the names of their arguments.
pub type Calls = BTreeMap<String, BTreeSet<String>>;

/// Two windows' pages: one in which workspaces are opened, and one in which none ever is.
pub struct Bridge {
    open: App<MockRuntime>,
    closed: App<MockRuntime>,
    called: RefCell<Calls>,
}

impl Bridge {
    /// Sets both apps up as the program does.
    pub fn new() -> Self {
        Self { open: app(), closed: app(), called: RefCell::default() }
    }

    /// The app in which workspaces are opened.
    pub fn app(&self) -> &App<MockRuntime> {
        &self.open
    }

    /// Everything that was called.
    pub fn called(&self) -> Calls {
        self.called.borrow().clone()
    }

    /// Calls a command that must answer with a `T`. Without a workspace it must refuse in the agreed form.
    #[track_caller]
    pub fn call<T: DeserializeOwned>(&self, command: &str, arguments: Value) -> T {
        if !WITHOUT_WORKSPACE.contains(&command) {
            let error = refusal(command, invoke(&self.closed, command, &arguments));
            assert_eq!((error.code, error.message.as_str()), (ErrorCode::NotFound, "no workspace is open"));
            assert!(error.hint.is_some(), "{command} tells what to do");
        }
        self.note(command, &arguments);
        let answer = invoke(&self.open, command, &arguments)
            .unwrap_or_else(|error| panic!("{command} {arguments}: {error:#}"));
        serde_json::from_value(answer.clone())
            .unwrap_or_else(|error| panic!("{command} answered what its type is not ({error}): {answer:#}"))
    }

    /// Calls a command that must fail, and with a `ServiceError`.
    #[track_caller]
    pub fn fail(&self, command: &str, arguments: Value) -> ServiceError {
        self.note(command, &arguments);
        refusal(command, invoke(&self.open, command, &arguments))
    }

    /// Calls a command that Tauri must turn away before it is reached. Returns its words.
    #[track_caller]
    pub fn turned_away(&self, command: &str, arguments: Value) -> String {
        match invoke(&self.open, command, &arguments) {
            Err(Value::String(words)) => words,
            other => panic!("{command} was not turned away: {other:?}"),
        }
    }

    fn note(&self, command: &str, arguments: &Value) {
        let names = arguments.as_object().into_iter().flat_map(|object| object.keys().cloned());
        self.called.borrow_mut().insert(command.to_owned(), names.collect());
    }
}

#[track_caller]
fn refusal(command: &str, answer: Result<Value, Value>) -> ServiceError {
    let error = match answer {
        Ok(answer) => panic!("{command} did not fail: {answer:#}"),
        Err(error) => error,
    };
    serde_json::from_value(error.clone())
        .unwrap_or_else(|problem| panic!("{command} failed with no ServiceError ({problem}): {error:#}"))
}

#[expect(deprecated, reason = "one turn runs the set-up; nothing loops here")]
fn app() -> App<MockRuntime> {
    let mut app = bakeoff::app::builder(mock_builder(), None)
        .build(bakeoff::app::context())
        .expect("the app can be built on the mock runtime");
    app.run_iteration(|_, _| {});
    app
}

fn window(app: &App<MockRuntime>) -> WebviewWindow<MockRuntime> {
    app.get_webview_window("main").expect("setting up opens the window")
}

fn invoke(app: &App<MockRuntime>, command: &str, arguments: &Value) -> Result<Value, Value> {
    let origin = if cfg!(windows) { "http://tauri.localhost" } else { "tauri://localhost" };
    let request = InvokeRequest {
        cmd: command.to_owned(),
        callback: CallbackFn(0),
        error: CallbackFn(1),
        url: origin.parse().expect("an address"),
        body: InvokeBody::Json(arguments.clone()),
        headers: tauri::http::HeaderMap::default(),
        invoke_key: INVOKE_KEY.to_owned(),
    };
    get_ipc_response(&window(app), request).map(|body| body.deserialize().expect("an answer is JSON"))
}
