//! A server of our own: in a temporary folder, on loopback, ended with the test.

use bakeoff_candidates::{Limits, ReadError, Row, read_postgres};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Has signs that must be escaped in an address.
pub const PASSWORD: &str = "s3cret/@:word";
/// The same in an address.
const ESCAPED: &str = "s3cret%2F%40%3Aword";
/// The user whose server it is when the tests run as root, which PostgreSQL doesn't want; Debian's package makes it.
const USER_FOR_ROOT: &str = "postgres";
/// Attempts to find a port: another program may take it before the server does.
const ATTEMPTS: usize = 5;

/// A running server.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    user: Option<(u32, u32)>,
    pub port: u16,
}

/// A server; none where the test is to be skipped.
pub fn cluster_or_skip() -> Option<Cluster> {
    let needed = |name: &str, value: &str| std::env::var(name).is_ok_and(|given| given == value);
    let Some(programs) = programs() else {
        let needed = needed("CI", "true") || needed("BAKEOFF_TEST_POSTGRES", "1");
        assert!(!needed, "PostgreSQL is needed here: install the package postgresql (see .ci/packages)");
        eprintln!("skipped: no PostgreSQL");
        return None;
    };
    Some(Cluster::start(programs))
}

/// Where `initdb` and `pg_ctl` are: Debian and Ubuntu keep them out of the path.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let everywhere = found.into_iter().rev().chain(std::env::split_paths(&path));
    everywhere.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
}

/// What `id` says of the user; none for the user that we are.
fn user_for_root() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> u32 {
        let output = Command::new("id").args(arguments).output().expect("id can be started");
        let text = String::from_utf8(output.stdout).expect("it is a number");
        text.trim().parse().unwrap_or_else(|_| panic!("there is no user {USER_FOR_ROOT}"))
    };
    (id(&["-u"]) == 0).then(|| (id(&["-u", USER_FOR_ROOT]), id(&["-g", USER_FOR_ROOT])))
}

impl Cluster {
    /// Makes a server and starts it.
    fn start(programs: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let user = user_for_root();
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).expect("a new file");
        let mut cluster = Self { folder, programs, user, port: 0 };
        cluster.own(cluster.folder.path());
        cluster.own(&password);
        let data = cluster.path("data");
        cluster.run(
            "initdb",
            &[
                "--pgdata",
                &data,
                "--username=owner",
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                &format!("--pwfile={}", password.display()),
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C",
            ],
        );
        let settings =
            "fsync = off\nlisten_addresses = '127.0.0.1'\nshared_buffers = 16MB\nmax_connections = 20\n";
        let file = cluster.folder.path().join("data/postgresql.auto.conf");
        std::fs::write(&file, settings).expect("the server's folder is there");
        cluster.own(&file);
        for _ in 0..ATTEMPTS {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            cluster.port = free.local_addr().expect("it has an address").port();
            drop(free);
            let options = format!("-k {} -p {}", cluster.folder.path().display(), cluster.port);
            let log = cluster.path("log");
            // It returns when the server answers.
            let started =
                cluster.command("pg_ctl", &["start", "-w", "-D", &data, "-l", &log, "-o", &options]);
            if started.status.success() {
                return cluster;
            }
        }
        panic!(
            "the server does not start: {}",
            std::fs::read_to_string(cluster.path("log")).unwrap_or_default()
        );
    }

    /// A server that offers TLS with the certificate and key in these files; none where the test is to be skipped.
    pub fn with_tls_or_skip(certificate: &Path, key: &Path) -> Option<Self> {
        let plain = cluster_or_skip()?;
        let copy = |from: &Path, name: &str| {
            let to = plain.folder.path().join("data").join(name);
            std::fs::copy(from, &to).expect("the server's folder is there");
            let mut permissions = std::fs::metadata(&to).expect("it is there").permissions();
            std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
            std::fs::set_permissions(&to, permissions).expect("it is ours");
            plain.own(&to);
        };
        copy(certificate, "server.crt");
        copy(key, "server.key");
        plain.run_sql("ALTER SYSTEM SET ssl = on");
        plain.run("pg_ctl", &["reload", "-D", &plain.path("data")]);
        Some(plain)
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Gives a file to the server's user.
    fn own(&self, path: &Path) {
        if let Some((user, group)) = self.user {
            std::os::unix::fs::chown(path, Some(user), Some(group)).expect("root may do that");
        }
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).current_dir(self.folder.path()).env("LC_ALL", "C");
        if let Some((user, group)) = self.user {
            use std::os::unix::process::CommandExt;
            command.uid(user).gid(group);
        }
        // The server inherits what it is started with, and reading its output would wait for its end.
        if arguments.contains(&"start") {
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        }
        command.output().expect("the program can be started")
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let output = self.command(program, arguments);
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs statements as the owner.
    pub fn run_sql(&self, script: &str) {
        let port = self.port.to_string();
        let folder = self.folder.path().display().to_string();
        self.run(
            "psql",
            &[
                "-X",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                &folder,
                "-p",
                &port,
                "-U",
                "owner",
                "-d",
                "postgres",
                "-c",
                script,
            ],
        );
    }

    /// The address, with the password and further options.
    pub fn address(&self, options: &str) -> String {
        format!("postgres://owner:{ESCAPED}@127.0.0.1:{}/postgres{options}", self.port)
    }

    pub fn read(&self, query: &str) -> Result<Vec<Row>, ReadError> {
        read_postgres(&self.address(""), query, Limits::default())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.path("data");
        self.command("pg_ctl", &["stop", "-w", "-m", "immediate", "-D", &data]);
    }
}
