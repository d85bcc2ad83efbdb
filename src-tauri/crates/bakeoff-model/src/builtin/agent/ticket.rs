//! What a ticket and a list of nodes say, for scripted agents.

use regex::Regex;
use std::sync::LazyLock;

/// `Node: n2`, also as JSON.
static NODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?im)(?:^|[{,\s])"?node"?:[ \t]*"?([A-Za-z0-9][\w.-]*)"#).expect("a pattern")
});

/// The key of a violation, such as `node_down:n2`.
static KEY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b[a-z]+(?:_[a-z]+)+:([A-Za-z0-9][\w.-]*)").expect("a pattern"));

/// A line of `labctl node list`: a name, two blanks or more, a state in lower case.
static LISTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^([A-Za-z0-9][\w.-]*)(?: {2,}|\t)[a-z]+\b").expect("a pattern"));

/// The node that a ticket is about.
pub(super) fn node(ticket: &str) -> Option<String> {
    let found = NODE.captures(ticket).or_else(|| KEY.captures(ticket))?;
    Some(found[1].trim_end_matches('.').to_owned())
}

/// The nodes that a list names, in its order.
pub(super) fn nodes_in(list: &str) -> Vec<String> {
    LISTED.captures_iter(list).map(|found| found[1].to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tickets_node_is_found_in_all_its_forms() {
        for (ticket, expected) in [
            ("Ticket 1 (critical)\nViolated: node_down\nNode: n2\nMessage: n2 is down", Some("n2")),
            ("node:  tikv-0\nThe nodes are n1 and n2", Some("tikv-0")),
            (r#"{"invariant": "high_latency", "node": "n3"}"#, Some("n3")),
            ("the ticket is node_down:n2.", Some("n2")),
            ("Violated: service_level\nMessage: writes fail", None),
            ("Its nodes: n1, n2", None),
        ] {
            assert_eq!(node(ticket).as_deref(), expected, "{ticket}");
        }
    }

    #[test]
    fn nodes_are_read_from_a_list() {
        let list = "exit code: 0\nn1  running  leader   http://127.0.0.1:4001\nn2  stopped\nn3  paused\n";
        assert_eq!(nodes_in(list), ["n1", "n2", "n3"]);
        assert!(nodes_in("exit code: 1\nno such command: node").is_empty());
    }
}
