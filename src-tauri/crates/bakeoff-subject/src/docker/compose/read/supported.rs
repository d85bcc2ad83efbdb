//! Which keys of a Compose file mean something here, and where in it something is wrong.

use super::Reader;
use docker_compose_types as dct;
use serde_json::{Map, Value};

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

impl Reader {
    /// The file without what is not supported, so that every such key is named and the rest is still read.
    pub(super) fn only_supported(&mut self, file: &Map<String, Value>) -> Map<String, Value> {
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
    pub(super) fn explain(&self, file: &Map<String, Value>, error: &serde_json::Error) -> String {
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
}
