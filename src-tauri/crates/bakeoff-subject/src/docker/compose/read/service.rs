//! One service of a Compose file.

use super::Reader;
use crate::docker::compose::{Condition, Dependency, HealthCheck, Mount, Service, units};
use docker_compose_types as dct;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

impl Reader {
    pub(super) fn service(&mut self, name: &str, service: dct::Service) -> Service {
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
