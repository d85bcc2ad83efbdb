//! Compose's maps → [`Blueprint`].

use super::units;
use super::{Blueprint, Condition, Dependency, HealthCheck, Mount, Service, Volume};
use docker_compose_types as dct;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The keys of a service that mean something here.
const SERVICE_KEYS: [&str; 23] = [
    "cap_add",
    "cap_drop",
    "command",
    "depends_on",
    "deploy",
    "entrypoint",
    "environment",
    "expose",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "mem_limit",
    "networks",
    "ports",
    "restart",
    "stop_grace_period",
    "stop_signal",
    "tmpfs",
    "ulimits",
    "user",
    "volumes",
    "working_dir",
];
/// The keys of the file.
const TOP_KEYS: [&str; 5] = ["name", "networks", "services", "version", "volumes"];

/// What a file means, and what it says that has no meaning here.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    /// As much as could be read.
    pub blueprint: Blueprint,
    /// One message a key that is not supported, `services.db.privileged: not supported (…)`.
    pub unsupported: Vec<String>,
    /// What is wrong: it can't be started like this.
    pub errors: Vec<String>,
}

/// Reads a Compose file.
pub fn read_text(text: &str) -> Findings {
    match bakeoff_core::yaml::read(text) {
        Ok(document) => read(&document.value),
        Err(diagnostics) => {
            let errors = diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect();
            Findings { errors, ..Findings::default() }
        }
    }
}

/// Reads the maps of a Compose file: `services`, `networks`, `volumes`.
pub fn read(file: &Value) -> Findings {
    let mut reader = Reader::default();
    let Some(file) = file.as_object() else {
        reader.findings.errors.push("a Compose file is a map with the key services".to_owned());
        return reader.findings;
    };
    let supported = reader.only_supported(file);
    match serde_json::from_value::<dct::Compose>(Value::Object(supported)) {
        Ok(compose) => reader.compose(compose),
        Err(error) => reader.findings.errors.push(reader.explain(file, &error)),
    }
    reader.findings
}

#[derive(Default)]
struct Reader {
    findings: Findings,
}

impl Reader {
    /// The file without what is not supported, so that every such key is named and the rest is still read.
    fn only_supported(&mut self, file: &Map<String, Value>) -> Map<String, Value> {
        let mut kept = Map::new();
        for (key, value) in file {
            if key.starts_with("x-") {
                continue;
            }
            if !TOP_KEYS.contains(&key.as_str()) {
                self.unsupported(key, "");
            } else if key == "services" {
                let services = value.as_object().into_iter().flatten();
                let services =
                    services.map(|(name, service)| (name.clone(), self.supported_service(name, service)));
                kept.insert(key.clone(), Value::Object(services.collect()));
            } else if key != "version" {
                kept.insert(key.clone(), value.clone());
            }
        }
        kept
    }

    fn supported_service(&mut self, name: &str, service: &Value) -> Value {
        let Some(keys) = service.as_object() else { return service.clone() };
        let mut kept = Map::new();
        for (key, value) in keys {
            if key.starts_with("x-") {
                continue;
            }
            if SERVICE_KEYS.contains(&key.as_str()) {
                kept.insert(key.clone(), value.clone());
            } else {
                let why = match key.as_str() {
                    "container_name" => "names are made for each trial",
                    "build" => "build the image beforehand and name it in image",
                    "privileged" | "network_mode" | "pid" | "ipc" | "devices" => {
                        "it would reach out of the project"
                    }
                    _ => "",
                };
                self.unsupported(&format!("services.{name}.{key}"), why);
            }
        }
        Value::Object(kept)
    }

    /// serde does not say where in an untagged map something is wrong: each service is tried by itself.
    fn explain(&self, file: &Map<String, Value>, error: &serde_json::Error) -> String {
        let services = file.get("services").and_then(Value::as_object).into_iter().flatten();
        for (name, service) in services {
            let Some(keys) = service.as_object() else { return format!("services.{name}: a map is needed") };
            for (key, value) in keys.iter().filter(|(key, _)| SERVICE_KEYS.contains(&key.as_str())) {
                let alone = Value::Object(Map::from_iter([(key.clone(), value.clone())]));
                if let Err(error) = serde_json::from_value::<dct::Service>(alone) {
                    return format!("services.{name}.{key}: {error}");
                }
            }
        }
        format!("the Compose file can't be read: {error}")
    }

    fn unsupported(&mut self, path: &str, why: &str) {
        let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
        self.findings.unsupported.push(format!("{path}: not supported{why}"));
    }

    fn error(&mut self, path: &str, what: impl std::fmt::Display) {
        self.findings.errors.push(format!("{path}: {what}"));
    }

    fn compose(&mut self, compose: dct::Compose) {
        for (name, network) in compose.networks.0 {
            let network: Option<dct::NetworkSettings> = network.into();
            let driver = network.as_ref().and_then(|network| network.driver.as_deref()).unwrap_or("bridge");
            if driver != "bridge" {
                self.unsupported(&format!("networks.{name}.driver: {driver}"), "bridge is");
            }
            if network.is_some_and(|network| network.external.is_some()) {
                self.unsupported(&format!("networks.{name}.external"), "every trial has networks of its own");
            }
        }
        for (name, volume) in compose.volumes.0 {
            let volume = self.volume(&name, volume.into());
            self.findings.blueprint.volumes.insert(name, volume);
        }
        if compose.services.0.is_empty() {
            self.error("services", "at least one service is needed");
        }
        for (name, service) in compose.services.0 {
            match service {
                Some(service) => {
                    let service = self.service(&name, service);
                    self.findings.blueprint.services.push(service);
                }
                None => self.error(&format!("services.{name}"), "a map is needed"),
            }
        }
        self.check_dependencies();
    }

    fn volume(&mut self, name: &str, volume: Option<dct::ComposeVolume>) -> Volume {
        let Some(volume) = volume else { return Volume::Disk };
        let path = format!("volumes.{name}");
        if volume.external.is_some() {
            self.unsupported(&format!("{path}.external"), "every trial has volumes of its own");
        }
        if let Some(driver) = volume.driver.filter(|driver| driver != "local") {
            self.unsupported(&format!("{path}.driver: {driver}"), "local is");
        }
        let option =
            |key: &str| volume.driver_opts.get(key).cloned().flatten().map(|value| value.to_string());
        match option("type").as_deref() {
            None => Volume::Disk,
            Some("tmpfs") => {
                let options = option("o").unwrap_or_default();
                let size = options
                    .split(',')
                    .find_map(|part| part.trim().strip_prefix("size=").and_then(units::bytes));
                match size {
                    Some(size_bytes) => Volume::Memory { size_bytes },
                    None => {
                        self.error(
                            &format!("{path}.driver_opts.o"),
                            "a tmpfs needs its size, for example size=200m",
                        );
                        Volume::Disk
                    }
                }
            }
            Some(other) => {
                self.unsupported(&format!("{path}.driver_opts.type: {other}"), "tmpfs is");
                Volume::Disk
            }
        }
    }

    fn service(&mut self, name: &str, service: dct::Service) -> Service {
        let path = format!("services.{name}");
        if service.image().is_empty() {
            self.error(&format!("{path}.image"), "an image is needed");
        }
        let restart = service.restart.clone().unwrap_or_else(|| "no".to_owned());
        if let Err(error) = crate::docker::container::restart_policy(&restart) {
            self.error(&format!("{path}.restart"), error);
        }
        if service.hostname.as_deref().is_some_and(|hostname| hostname != name) {
            self.unsupported(&format!("{path}.hostname"), "the host name is the service's name");
        }
        let limits =
            service.deploy.clone().and_then(|deploy| deploy.resources).and_then(|resources| resources.limits);
        let memory =
            service.mem_limit.clone().or_else(|| limits.as_ref().and_then(|limits| limits.memory.clone()));
        let cpus = limits.and_then(|limits| limits.cpus);
        Service {
            name: name.to_owned(),
            image: service.image().to_owned(),
            entrypoint: service.entrypoint.clone().map(|entrypoint| match entrypoint {
                dct::Entrypoint::Simple(line) => words(&line),
                dct::Entrypoint::List(list) => list,
            }),
            command: service.command.clone().map(|command| match command {
                dct::Command::Simple(line) => words(&line),
                dct::Command::Args(list) => list,
            }),
            environment: environment(service.environment.clone()),
            healthcheck: service.healthcheck.clone().and_then(|check| self.healthcheck(&path, check)),
            cap_add: service.cap_add.clone(),
            cap_drop: service.cap_drop.clone(),
            depends_on: self.depends_on(&path, service.depends_on.clone()),
            volumes: self.mounts(&path, service.volumes.clone()),
            tmpfs: tmpfs(service.tmpfs.clone()),
            ports: self.ports(&path, &service),
            restart,
            user: service.user.clone(),
            working_dir: service.working_dir.clone(),
            memory_bytes: memory.and_then(|text| {
                let bytes = units::bytes(&text).and_then(|bytes| i64::try_from(bytes).ok());
                bytes.or_else(|| {
                    self.error(
                        &format!("{path}.mem_limit"),
                        format!("{text:?} is no size, for example 512m"),
                    );
                    None
                })
            }),
            nano_cpus: cpus.and_then(|text| match text.parse::<f64>() {
                Ok(cpus) if cpus > 0.0 && cpus < 1e6 => Some((cpus * 1e9) as i64),
                _ => {
                    self.error(
                        &format!("{path}.deploy.resources.limits.cpus"),
                        format!("{text:?} is no number above 0"),
                    );
                    None
                }
            }),
            stop_signal: service.stop_signal.clone(),
            ulimits: self.ulimits(&path, service.ulimits),
        }
    }

    fn healthcheck(&mut self, path: &str, check: dct::Healthcheck) -> Option<HealthCheck> {
        if check.disable {
            return None;
        }
        let test = match check.test {
            None => return None,
            Some(dct::HealthcheckTest::Single(line)) => vec!["CMD-SHELL".to_owned(), line],
            Some(dct::HealthcheckTest::Multiple(list)) => list,
        };
        match test.first().map(String::as_str) {
            Some("NONE") => return None,
            Some("CMD" | "CMD-SHELL") => {}
            _ => {
                self.error(&format!("{path}.healthcheck.test"), "the list starts with CMD, CMD-SHELL or NONE")
            }
        }
        let mut time = |key: &str, text: Option<String>| -> Option<Duration> {
            let text = text?;
            let value = units::duration(&text);
            if value.is_none() {
                self.error(
                    &format!("{path}.healthcheck.{key}"),
                    format!("{text:?} is no duration, for example 5s"),
                );
            }
            value
        };
        Some(HealthCheck {
            interval: time("interval", check.interval),
            timeout: time("timeout", check.timeout),
            start_period: time("start_period", check.start_period),
            retries: (check.retries > 0).then_some(check.retries),
            test,
        })
    }

    fn depends_on(&mut self, path: &str, depends_on: dct::DependsOnOptions) -> Vec<Dependency> {
        match depends_on {
            dct::DependsOnOptions::Simple(names) => names
                .into_iter()
                .map(|service| Dependency { service, condition: Condition::Started })
                .collect(),
            dct::DependsOnOptions::Conditional(map) => {
                let dependency = |(service, depends): (String, dct::DependsCondition)| {
                    let condition = match depends.condition.as_str() {
                        "service_started" => Condition::Started,
                        "service_healthy" => Condition::Healthy,
                        other => {
                            let path = format!("{path}.depends_on.{service}.condition: {other}");
                            self.unsupported(&path, "service_started and service_healthy are");
                            Condition::Started
                        }
                    };
                    Dependency { service, condition }
                };
                map.into_iter().map(dependency).collect()
            }
        }
    }

    fn mounts(&mut self, path: &str, volumes: Vec<dct::Volumes>) -> Vec<Mount> {
        let mut mounts = Vec::new();
        for (index, volume) in volumes.into_iter().enumerate() {
            let path = format!("{path}.volumes[{index}]");
            let (kind, source, target, read_only) = match volume {
                dct::Volumes::Simple(text) => {
                    let mut parts = text.splitn(3, ':').map(str::to_owned);
                    let (first, second, mode) =
                        (parts.next().unwrap_or_default(), parts.next(), parts.next());
                    let (source, target) =
                        second.map_or((None, first.clone()), |target| (Some(first), target));
                    let read_only = mode.is_some_and(|mode| mode.split(',').any(|word| word == "ro"));
                    let is_path = source.as_deref().is_some_and(|source| source.starts_with(['.', '/', '~']));
                    (if is_path { "bind" } else { "volume" }.to_owned(), source, target, read_only)
                }
                dct::Volumes::Advanced(volume) => {
                    (volume._type, volume.source, volume.target, volume.read_only)
                }
            };
            match (kind.as_str(), source) {
                ("volume", Some(volume)) if self.findings.blueprint.volumes.contains_key(&volume) => {
                    mounts.push(Mount { volume, path: target, read_only });
                }
                ("volume", Some(volume)) => {
                    self.error(&path, format!("there is no volume {volume:?} in volumes"))
                }
                ("volume", None) => self.unsupported(&path, "a volume needs a name"),
                ("bind", _) => self.unsupported(&path, "a folder of the host would reach out of the project"),
                (other, _) => self.unsupported(&format!("{path}.type: {other}"), "volume is"),
            }
        }
        mounts
    }

    /// The container's side of `ports` and `expose`. The host's side is always loopback, at a port of Docker's choice.
    fn ports(&mut self, path: &str, service: &dct::Service) -> Vec<u16> {
        let mut ports = BTreeSet::new();
        let mut take = |text: &str| {
            let (port, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
            let port = port.rsplit(':').next().unwrap_or(port);
            match port.parse::<u16>() {
                Ok(port) if protocol == "tcp" => drop(ports.insert(port)),
                _ => self.unsupported(&format!("{path}.ports: {text}"), "a single TCP port is"),
            }
        };
        match &service.ports {
            dct::Ports::Short(list) => list.iter().for_each(|text| take(text)),
            dct::Ports::Long(list) => list.iter().for_each(|port| {
                take(&format!("{}/{}", port.target, port.protocol.as_deref().unwrap_or("tcp")));
            }),
        }
        service.expose.iter().for_each(|text| take(text));
        ports.into_iter().collect()
    }

    fn ulimits(&mut self, path: &str, ulimits: dct::Ulimits) -> BTreeMap<String, (i64, i64)> {
        let number = |value: &dct::StringOrUnsigned| value.to_string().parse::<i64>().ok();
        let mut read = BTreeMap::new();
        for (name, limit) in ulimits.0 {
            let pair = match &limit {
                dct::Ulimit::Single(both) => number(both).map(|both| (both, both)),
                dct::Ulimit::SoftHard { soft, hard } => number(soft).zip(number(hard)),
            };
            match pair {
                Some(pair) => drop(read.insert(name, pair)),
                None => self.error(&format!("{path}.ulimits.{name}"), "a number is needed"),
            }
        }
        read
    }

    fn check_dependencies(&mut self) {
        let services = self.findings.blueprint.services.clone();
        for service in &services {
            for dependency in &service.depends_on {
                if !services.iter().any(|other| other.name == dependency.service) {
                    let what = format!("there is no service {:?}", dependency.service);
                    self.error(&format!("services.{}.depends_on", service.name), what);
                }
            }
        }
        let order = self.findings.blueprint.in_start_order();
        let place = |name: &str| order.iter().position(|service| service.name == name);
        let circle = order.iter().find(|service| {
            service.depends_on.iter().any(|dependency| place(&dependency.service) > place(&service.name))
        });
        if let Some(service) = circle {
            let path = format!("services.{}.depends_on", service.name);
            self.error(&path, "the services depend on each other in a circle");
        }
    }
}

fn environment(environment: dct::Environment) -> Vec<String> {
    match environment {
        dct::Environment::List(list) => list,
        dct::Environment::KvPair(map) => map
            .into_iter()
            .map(|(name, value)| {
                format!("{name}={}", value.map(|value| value.to_string()).unwrap_or_default())
            })
            .collect(),
    }
}

fn tmpfs(tmpfs: Option<dct::Tmpfs>) -> BTreeMap<String, String> {
    let list = match tmpfs {
        None => Vec::new(),
        Some(dct::Tmpfs::Simple(one)) => vec![one],
        Some(dct::Tmpfs::List(list)) => list,
    };
    let pair = |text: String| {
        let (path, options) = text.split_once(':').unwrap_or((&text, ""));
        (path.to_owned(), options.to_owned())
    };
    list.into_iter().map(pair).collect()
}

/// Splits a line into words as a shell does with quotes and backslashes, without variables or patterns.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => word.get_or_insert_default().extend(characters.next()),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
version: "3.8"
services:
  n1: &node
    image: bakeoff-lab/etcd:3.4
    command: etcd --name n1 --data-dir "/data/n 1"
    environment: {ETCDCTL_API: 3, DEBUG: "false"}
    healthcheck: {test: "curl -f localhost:2379/health", interval: 500ms, timeout: 1s, retries: 5, start_period: 1m}
    cap_add: [NET_ADMIN]
    ports: ["2379:2379", "127.0.0.1:9000:20160/tcp"]
    expose: ["2380"]
    volumes: ["n1:/data", {type: volume, source: n2, target: /spare, read_only: true}]
    restart: on-failure
    deploy: {resources: {limits: {memory: 512M, cpus: "0.5"}}}
    ulimits: {nofile: {soft: 1000, hard: 2000}, nproc: 50}
  n2:
    <<: *node
    command: [etcd, --name, n2]
    depends_on: {n1: {condition: service_healthy}}
volumes:
  n1: {driver_opts: {type: tmpfs, device: tmpfs, o: "mode=0700,size=200m"}}
  n2:
"#;

    #[test]
    fn a_whole_file_is_read() {
        let findings = read_text(WHOLE);
        assert_eq!(findings.errors, Vec::<String>::new(), "nothing is wrong");
        assert_eq!(findings.unsupported, Vec::<String>::new(), "all of it is supported");
        let blueprint = findings.blueprint;
        assert_eq!(blueprint.volumes["n1"], Volume::Memory { size_bytes: 200 << 20 }, "a volume in memory");
        assert_eq!(blueprint.volumes["n2"], Volume::Disk, "and one on the disk");
        let n1 = &blueprint.services[0];
        assert_eq!(n1.command.as_deref().unwrap().last().unwrap(), "/data/n 1", "quotes keep words together");
        assert_eq!(n1.environment, ["ETCDCTL_API=3", "DEBUG=false"], "a map of the environment");
        assert_eq!(n1.ports, [2379, 2380, 20160], "the container's side of each port");
        assert_eq!((n1.memory_bytes, n1.nano_cpus), (Some(512 << 20), Some(500_000_000)), "limits");
        assert_eq!(n1.ulimits["nofile"], (1000, 2000), "soft and hard");
        let check = n1.healthcheck.as_ref().unwrap();
        assert_eq!(check.test, ["CMD-SHELL", "curl -f localhost:2379/health"], "a line runs in a shell");
        assert_eq!(check.start_period, Some(Duration::from_secs(60)), "its times");
        assert_eq!(
            n1.volumes[1],
            Mount { volume: "n2".into(), path: "/spare".into(), read_only: true },
            "long form"
        );
        let n2 = &blueprint.services[1];
        assert_eq!(n2.depends_on[0].condition, Condition::Healthy, "what it waits for");
        assert_eq!(n2.image, n1.image, "merged maps are followed");
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let findings = read_text(
            "services:\n  db:\n    image: x\n    privileged: true\n    container_name: db\n    volumes: ['/etc:/etc', './a:/b']\n    \
             ports: ['53:53/udp']\n    x-note: fine\nsecrets: {a: {file: b}}\nnetworks: {host: {driver: macvlan}}\n",
        );
        let all = findings.unsupported.join("\n");
        for part in [
            "services.db.privileged: not supported (it would reach out of the project)",
            "services.db.container_name: not supported",
            "services.db.volumes[0]: not supported (a folder of the host",
            "services.db.volumes[1]: not supported",
            "services.db.ports: 53:53/udp: not supported",
            "secrets: not supported",
            "networks.host.driver: macvlan: not supported",
        ] {
            assert!(all.contains(part), "{part} is missing in\n{all}");
        }
        assert_eq!(findings.unsupported.len(), 7, "and nothing else: {all}");
        assert_eq!(findings.errors, Vec::<String>::new(), "the rest can be started");
        assert_eq!(findings.blueprint.services[0].image, "x", "the rest is read");
    }

    #[test]
    fn what_is_wrong_is_an_error_with_its_place() {
        let check = |text: &str, expected: &str| {
            let errors = read_text(text).errors.join("\n");
            assert!(errors.contains(expected), "{expected:?} is missing in {errors:?}");
        };
        check("services: {}", "services: at least one service is needed");
        check("services: {a: {command: x}}", "services.a.image: an image is needed");
        check(
            "services: {a: {image: x, depends_on: [b]}}",
            "services.a.depends_on: there is no service \"b\"",
        );
        check(
            "services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}",
            "the services depend on each other in a circle",
        );
        check(
            "services: {a: {image: x, volumes: ['v:/d']}}",
            "services.a.volumes[0]: there is no volume \"v\"",
        );
        check("services: {a: {image: x, restart: sometimes}}", "services.a.restart: ");
        check("services: {a: {image: x, mem_limit: lots}}", "services.a.mem_limit: \"lots\" is no size");
        check("services: {a: {image: x, healthcheck: {test: [curl]}}}", "services.a.healthcheck.test: ");
        check(
            "services: {a: {image: x, healthcheck: {test: a, interval: soon}}}",
            "healthcheck.interval: \"soon\"",
        );
        check("services: {a: {image: x, cap_add: yes}}", "services.a.cap_add: ");
        check(
            "services: {a: {image: x}}\nvolumes: {v: {driver_opts: {type: tmpfs}}}",
            "volumes.v.driver_opts.o: a tmpfs needs its size",
        );
        check("- a", "a Compose file is a map");
    }
}
