//! Compose's maps → [`Blueprint`].

mod service;
mod supported;

use super::units;
use super::{Blueprint, Volume};
use docker_compose_types as dct;
use serde_json::Value;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::compose::{Condition, Mount};
    use std::time::Duration;

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
