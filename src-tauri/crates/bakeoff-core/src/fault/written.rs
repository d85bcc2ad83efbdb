//! A fault as it is written on a command line: `latency:min_ms=50,max_ms=150`.

use super::{Fault, FaultKind};
use crate::diagnostic::nearest;
use serde_json::{Map, Value};
use std::str::FromStr;

impl FaultKind {
    /// The kind of this name.
    ///
    /// # Errors
    /// There is none of this name; the message names the nearest one, or all.
    pub fn named(name: &str) -> Result<Self, String> {
        Self::from_name(name).ok_or_else(|| {
            let names = Self::ALL.map(FaultKind::name);
            let hint = match nearest(name, names) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("there are {}", names.join(", ")),
            };
            format!("there is no fault {name:?}: {hint}")
        })
    }
}

impl FromStr for Fault {
    type Err = String;

    /// Reads `KIND`, or `KIND:NAME=VALUE` with further parameters after commas or colons. What is left out has its default.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, params) = text.split_once(':').unwrap_or((text, ""));
        let kind = FaultKind::named(name.trim())?;
        let mut read = Map::new();
        for param in params.split([',', ':']).map(str::trim).filter(|param| !param.is_empty()) {
            let (name, value) = param
                .split_once('=')
                .ok_or_else(|| format!("{param:?} is not NAME=VALUE, such as {}", example(kind)))?;
            let value = value.trim();
            let value = match serde_json::from_str(value) {
                Ok(number @ Value::Number(_)) => number,
                _ => Value::String(value.to_owned()),
            };
            if read.insert(name.trim().to_owned(), value).is_some() {
                return Err(format!("`{}` is given twice", name.trim()));
            }
        }
        Fault::from_params(kind, &read).map_err(|problems| problems.join("; "))
    }
}

/// A parameter of the kind, written out.
fn example(kind: FaultKind) -> String {
    let params = kind.with_defaults().params();
    let param = params.last().or(params.first());
    let written = param.map_or_else(String::new, |(name, value)| format!(":{name}={value}"));
    format!("{}{written}", kind.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Target;

    #[test]
    fn parameters_follow_the_kind() {
        let fault: Fault = "latency:min_ms=200,max_ms=400,node=leader".parse().unwrap();
        assert_eq!((fault.min_ms, fault.max_ms, &fault.target), (Some(200), Some(400), &Target::Leader));
        assert_eq!("latency:min_ms=200:max_ms=400:node=leader".parse::<Fault>().unwrap(), fault);
        assert_eq!("node_kill".parse::<Fault>().unwrap(), FaultKind::NodeKill.with_defaults());
        assert_eq!("disk_pressure: fill_percent = 99.5".parse::<Fault>().unwrap().fill_percent, Some(99.5));
    }

    #[test]
    fn what_is_wrong_is_told_with_what_is_allowed() {
        let check =
            |text: &str, wanted: &str| assert_eq!(text.parse::<Fault>().unwrap_err(), wanted, "{text}");
        check("node_kil", "there is no fault \"node_kil\": did you mean node_kill?");
        check(
            "xyz",
            "there is no fault \"xyz\": there are none, node_kill, process_restart, node_pause, latency, packet_loss, \
             network_partition, disk_pressure",
        );
        check("latency:200", "\"200\" is not NAME=VALUE, such as latency:max_ms=150");
        check("latency:min_ms=1,min_ms=2", "`min_ms` is given twice");
        check("latency:min_ms=0", "`min_ms` is 0; allowed is 1 to 60000");
        check("node_kill:min_ms=5", "`min_ms` is no parameter of node_kill (remove it: it has node)");
    }
}
