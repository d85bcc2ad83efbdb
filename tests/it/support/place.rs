//! A place: a home folder, a configuration folder and a workspace of its own, and the program run in it.

use super::process::{Ran, Running};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Folders of one test. Nothing of the user's machine is read or written.
pub struct Place {
    root: PathBuf,
    variables: Vec<(String, String)>,
    /// Removes the folders; `None` for a shared place, which is made anew by the next test run.
    _folder: Option<TempDir>,
}

impl Place {
    /// With an empty workspace.
    pub fn empty() -> Self {
        let folder =
            tempfile::Builder::new().prefix("bakeoff-it-").tempdir().expect("a temporary folder can be made");
        Self::at(folder.path().to_owned(), Some(folder))
    }

    /// With the starter files.
    pub fn starter() -> Self {
        let place = Self::empty();
        place.run(&["init", "."]).expect_code(0);
        place
    }

    /// A place that several tests read, in the build folder.
    pub fn shared(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("it-{name}"));
        if root.exists() {
            std::fs::remove_dir_all(&root).expect("the folder of the last test run can be removed");
        }
        Self::at(root, None)
    }

    fn at(root: PathBuf, folder: Option<TempDir>) -> Self {
        let place = Self { root, variables: Vec::new(), _folder: folder };
        for folder in ["home", "config", "workspace"] {
            std::fs::create_dir_all(place.root.join(folder)).expect("a folder can be made");
        }
        place
    }

    /// The folder that holds all others.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path in the workspace.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join("workspace").join(relative)
    }

    /// Sets an environment variable for every later start of the program.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Writes the user's settings.
    pub fn write_settings(&self, settings: &Value) {
        let path = self.root.join("config/settings.json");
        std::fs::write(path, settings.to_string()).expect("the settings can be written");
    }

    /// Writes a file of the workspace.
    pub fn write(&self, relative: &str, text: impl AsRef<[u8]>) {
        let path = self.path(relative);
        let folder = path.parent().expect("a file is in a folder");
        std::fs::create_dir_all(folder).expect("a folder can be made");
        std::fs::write(&path, text).expect("a file of the workspace can be written");
    }

    /// The bytes of a file of the workspace, as text.
    pub fn read(&self, relative: &str) -> String {
        let path = self.path(relative);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The program with arguments, in the workspace, with an environment of its own.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_bakeoff")), arguments)
    }

    /// Another program, in the same surroundings.
    pub fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.root.join("workspace"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.root.join("home"))
            .env("TMPDIR", std::env::temp_dir())
            .env("BAKEOFF_CONFIG_DIR", self.root.join("config"))
            .env("TZ", "UTC")
            // No keychain: a key of the user's must not get into a test.
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the program.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).wait()
    }

    /// What the program prints with `--json`, when all goes well.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let mut with_json = arguments.to_vec();
        with_json.push("--json");
        self.run(&with_json).expect_code(0).json()
    }
}
