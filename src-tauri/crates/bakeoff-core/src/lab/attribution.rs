//! By what a system came back: the agent's commands beside the moment at which it was whole.

use super::shell;
use super::{Attribution, CommandClass, LabCommand};
use crate::fault::{FaultKind, PlannedFault};
use crate::trial::Millis;

/// One command that the agent ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Executed {
    /// When it began.
    pub began_at: Millis,
    /// When it ended.
    pub ended_at: Millis,
    /// As typed; what went through `labctl` as `LabCommand` writes itself.
    pub line: String,
    /// By its words.
    pub class: CommandClass,
    /// 0 for success.
    pub exit_code: i32,
}

/// By what the system was restored at `restored_at` after `planned` had landed. `None`: it was not restored, or commands
/// changed something and none of them is known to have undone this fault.
///
/// Of the commands begun before the restoration that could have done it, the strongest counts: a node made anew, then the
/// fault itself removed (a restart may have to follow), then a restart. A command that failed did nothing.
pub fn attribute(
    planned: &PlannedFault,
    executed: &[Executed],
    restored_at: Option<Millis>,
    lease_expired: bool,
) -> Option<Attribution> {
    if lease_expired {
        return Some(Attribution::LeaseExpired);
    }
    let restored_at = restored_at?;
    let before = executed.iter().filter(|one| one.began_at <= restored_at && one.class != CommandClass::Read);
    let before: Vec<&Executed> = before.collect();
    let node = planned.node.as_deref();
    let worked = before.iter().filter(|one| one.exit_code == 0);
    let simple: Vec<shell::Simple> = worked.flat_map(|one| shell::commands(&one.line)).collect();
    let did: Vec<Attribution> =
        simple.iter().filter_map(|simple| by_command(planned.fault.kind, node, &simple.words)).collect();
    let strongest = [Attribution::Rebuilt, Attribution::Targeted, Attribution::Restart];
    let found = strongest.into_iter().find(|one| did.contains(one));
    found.or_else(|| before.is_empty().then_some(Attribution::SelfHealed))
}

/// What one simple command does about a fault of this kind at this node.
fn by_command(kind: FaultKind, node: Option<&str>, words: &[String]) -> Option<Attribution> {
    let (program, rest) = words.split_first()?;
    let is_link_fault =
        matches!(kind, FaultKind::Latency | FaultKind::PacketLoss | FaultKind::NetworkPartition);
    let command = match program.rsplit('/').next().unwrap_or(program) {
        "labctl" => LabCommand::parse(rest).ok()?,
        "docker" => LabCommand::from_docker(rest).ok()?,
        "sh" | "bash" => {
            let line = rest.iter().skip_while(|word| word.as_str() != "-c").nth(1)?;
            return shell::commands(line)
                .iter()
                .rev()
                .find_map(|simple| by_command(kind, node, &simple.words));
        }
        "tc" | "iptables" if is_link_fault => {
            return rest
                .iter()
                .any(|word| ["del", "-D", "-F", "--delete", "--flush"].contains(&word.as_str()))
                .then_some(Attribution::Targeted);
        }
        "kill" if kind == FaultKind::NodePause => {
            return rest.iter().any(|word| word.contains("CONT")).then_some(Attribution::Targeted);
        }
        "rm" if kind == FaultKind::DiskPressure => return Some(Attribution::Targeted),
        "etcdctl" => {
            let is_member_change = rest.windows(2).any(|pair| pair[0] == "member" && pair[1] == "add");
            return is_member_change.then_some(Attribution::Rebuilt);
        }
        _ => return None,
    };
    let is_target = command.node().is_some() && command.node() == node;
    match command {
        LabCommand::NodeDelete { .. } if is_target => Some(Attribution::Rebuilt),
        // Starting is what undoes a kill. After any other fault it is the second half of a stop and a start.
        LabCommand::NodeStart { .. } if is_target => match kind {
            FaultKind::NodeKill | FaultKind::ProcessRestart => Some(Attribution::Targeted),
            _ => Some(Attribution::Restart),
        },
        LabCommand::NodeRestart { .. } if is_target => Some(Attribution::Restart),
        LabCommand::NodeContinue { .. } if is_target && kind == FaultKind::NodePause => {
            Some(Attribution::Targeted)
        }
        LabCommand::LinkClear { from, to }
            if is_link_fault && node.is_some_and(|node| node == from || node == to) =>
        {
            Some(Attribution::Targeted)
        }
        LabCommand::DiskRemove { .. } if is_target && kind == FaultKind::DiskPressure => {
            Some(Attribution::Targeted)
        }
        LabCommand::NodeExec { command, .. } if is_target => by_command(kind, node, &command),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Undo;
    use crate::lab::classify::classify;

    fn check(kind: FaultKind, lines: &[&str], wanted: Option<Attribution>) {
        let planned = PlannedFault {
            fault: kind.with_defaults(),
            node: Some("n2".to_owned()),
            mechanism: "signal".to_owned(),
            undo: Undo::Nothing,
            detail: serde_json::Map::new(),
        };
        let executed: Vec<Executed> = (0..)
            .zip(lines)
            .map(|(index, line)| Executed {
                began_at: index * 1_000,
                ended_at: index * 1_000 + 100,
                line: line.trim_end_matches(" #failed").to_owned(),
                class: classify(line),
                exit_code: i32::from(line.ends_with("#failed")),
            })
            .collect();
        assert_eq!(attribute(&planned, &executed, Some(10_000), false), wanted, "{lines:?}");
        assert_eq!(attribute(&planned, &executed, None, false), None);
        assert_eq!(attribute(&planned, &executed, None, true), Some(Attribution::LeaseExpired));
    }

    #[test]
    fn the_strongest_fitting_command_before_the_restoration_counts() {
        use Attribution::{Rebuilt, Restart, SelfHealed, Targeted};
        let kill = FaultKind::NodeKill;
        check(kill, &["labctl node list", "labctl node start n2"], Some(Targeted));
        check(kill, &["docker restart n2"], Some(Restart));
        check(kill, &["labctl node list", "curl http://n2/health"], Some(SelfHealed));
        check(kill, &["labctl node start n1"], None);
        check(kill, &["labctl node start n2 #failed", "labctl node restart n2"], Some(Restart));
        check(kill, &["python3 fix.py"], None);
        check(kill, &["labctl node delete n2"], Some(Rebuilt));
        check(FaultKind::NodePause, &["labctl node cont n2"], Some(Targeted));
        check(FaultKind::NodePause, &["labctl node stop n2 && labctl node start n2"], Some(Restart));
        check(FaultKind::Latency, &["labctl link clear n1 n2", "labctl node list"], Some(Targeted));
        check(FaultKind::Latency, &["labctl link clear n1 n3"], None);
        check(FaultKind::NetworkPartition, &["docker exec n2 iptables -D INPUT -j DROP"], Some(Targeted));
        check(
            FaultKind::DiskPressure,
            &["labctl disk rm n2 dump.tmp", "labctl node start n2"],
            Some(Targeted),
        );
        check(FaultKind::DiskPressure, &["sh -c 'rm /data/dump.tmp'"], Some(Targeted));
    }

    #[test]
    fn what_came_after_the_restoration_did_nothing() {
        let planned = PlannedFault {
            fault: FaultKind::NodeKill.with_defaults(),
            node: Some("n2".to_owned()),
            mechanism: "signal".to_owned(),
            undo: Undo::Nothing,
            detail: serde_json::Map::new(),
        };
        let late = Executed {
            began_at: 5_000,
            ended_at: 5_100,
            line: "labctl node start n2".to_owned(),
            class: CommandClass::Repair,
            exit_code: 0,
        };
        assert_eq!(attribute(&planned, &[late], Some(4_000), false), Some(Attribution::SelfHealed));
    }
}
