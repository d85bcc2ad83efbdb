//! Docker for the tests of the real program: whether it is there, and what a program has left in it.

use std::process::Command;

/// The image that `tests/docker/etcd-image` makes.
const IMAGE: &str = "bakeoff-lab/etcd:3.4";

/// What the `docker` command prints; the error in its words.
pub fn docker(arguments: &[&str]) -> Result<String, String> {
    let ran = Command::new("docker").args(arguments).output().map_err(|error| format!("docker: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if ran.status.success() { Ok(text(&ran.stdout)) } else { Err(text(&ran.stderr)) }
}

/// Whether Docker is here with the image. Where it must be (CI=true, BAKEOFF_TEST_DOCKER=1) its lack is a failure.
pub fn has_docker() -> bool {
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|given| given == value);
    match docker(&["image", "inspect", "--format", "{{.Id}}", IMAGE]) {
        Ok(_) => true,
        Err(reason) => {
            let is_needed = is("CI", "true") || is("BAKEOFF_TEST_DOCKER", "1");
            assert!(!is_needed, "Docker is needed here (see tests/docker/ready): {reason}");
            println!("skipped: no Docker ({reason})");
            false
        }
    }
}

/// Containers, networks and volumes that a program (by its process number) has left.
pub fn left_by(pid: u32) -> Vec<String> {
    let (filter, format) = ("label=bakeoff.app=1", "{{.Label \"bakeoff.owner\"}} {{.Name}}");
    let containers = format.replace(".Name", ".Names");
    let all = [
        docker(&["ps", "-a", "--filter", filter, "--format", &containers]),
        docker(&["network", "ls", "--filter", filter, "--format", format]),
        docker(&["volume", "ls", "--filter", filter, "--format", format]),
    ];
    let owner = format!("{pid}:");
    let lines = all.into_iter().flat_map(|text| {
        text.expect("Docker can be asked").lines().map(str::to_owned).collect::<Vec<String>>()
    });
    lines.filter(|line| line.starts_with(&owner)).collect()
}

/// The wardens of a program that still run.
pub fn wardens_of(pid: u32) -> usize {
    let owner = format!("{pid}:");
    let entries = std::fs::read_dir("/proc").expect("Linux tells of its processes");
    let is_warden = |entry: std::io::Result<std::fs::DirEntry>| {
        let command = entry.ok().and_then(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        let words = command.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let words: Vec<&str> = words.split('\0').collect();
        words.get(1) == Some(&"docker-warden") && words.get(2).is_some_and(|word| word.starts_with(&owner))
    };
    entries.map(is_warden).filter(|is_one| *is_one).count()
}
