//! The words of `docker` that an agent may use for its nodes, as the commands of `labctl` that they mean.

use super::LabCommand;
use super::command::{LOG_LINES, MOST_LOG_LINES, log_lines, name, one_name, owned, unknown, usage};

const DOCKER: [&str; 8] = ["ps", "logs", "inspect", "start", "stop", "restart", "unpause", "exec"];

impl LabCommand {
    /// Reads the words after `docker`, as far as they mean the same.
    ///
    /// # Errors
    /// What is wrong with them or not available here, as one line for stderr.
    pub fn from_docker<S: AsRef<str>>(words: &[S]) -> Result<Self, String> {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        let (verb, rest) = match words.as_slice() {
            [] | ["help" | "--help" | "-h", ..] => return Ok(LabCommand::Help),
            ["container", "ls" | "list", rest @ ..] => ("ps", rest),
            ["container", verb, rest @ ..] | [verb, rest @ ..] => (*verb, rest),
        };
        match verb {
            "ps" => Ok(LabCommand::NodeList),
            "logs" => docker_logs(rest),
            "exec" => docker_exec(rest),
            "inspect" => docker_node(verb, rest, &["-f", "--format", "--type"])
                .map(|node| LabCommand::NodeInspect { node }),
            "start" => docker_node(verb, rest, &[]).map(|node| LabCommand::NodeStart { node }),
            "stop" => docker_node(verb, rest, STOP_OPTIONS).map(|node| LabCommand::NodeStop { node }),
            "restart" => docker_node(verb, rest, STOP_OPTIONS).map(|node| LabCommand::NodeRestart { node }),
            "unpause" => docker_node(verb, rest, &[]).map(|node| LabCommand::NodeContinue { node }),
            _ => Err(unknown("docker", verb, &DOCKER)),
        }
    }
}

const STOP_OPTIONS: &[&str] = &["-t", "--time", "--timeout", "-s", "--signal"];

/// The one container of a docker command. Options change nothing here; those in `with_value` have a word of their own.
fn docker_node(verb: &str, words: &[&str], with_value: &[&str]) -> Result<String, String> {
    let (names, _) = options(words, with_value);
    one_name(&names, &format!("docker {verb} CONTAINER"))
}

fn docker_logs(words: &[&str]) -> Result<LabCommand, String> {
    let (names, values) = options(words, &["-n", "--tail", "--since", "--until"]);
    if let Some((option, _)) = values.iter().find(|(option, _)| ["--since", "--until"].contains(option)) {
        return Err(format!("docker logs: {option} is not available here; use --tail LINES"));
    }
    let node = one_name(&names, "docker logs [--tail LINES] CONTAINER")?;
    let lines = match values.last() {
        Some((_, "all")) => MOST_LOG_LINES,
        Some((_, lines)) => log_lines(lines)?,
        None => LOG_LINES,
    };
    Ok(LabCommand::NodeLogs { node, lines })
}

fn docker_exec(words: &[&str]) -> Result<LabCommand, String> {
    const WITH_VALUE: [&str; 7] = ["-u", "--user", "-w", "--workdir", "-e", "--env", "--env-file"];
    const USAGE: &str = "docker exec CONTAINER COMMAND...";
    let mut rest = words;
    while let [option, after @ ..] = rest
        && option.starts_with('-')
    {
        let name = option.split('=').next().unwrap_or(option);
        if WITH_VALUE.contains(&name) {
            return Err(format!("docker exec: {name} is not available here; {USAGE}"));
        }
        rest = after;
    }
    match rest {
        [node, command @ ..] if !command.is_empty() => {
            Ok(LabCommand::NodeExec { node: name(node)?, command: owned(command) })
        }
        _ => Err(usage(USAGE, rest)),
    }
}

/// Words that are no options, and options with their values, written `-n 5`, `-n5` or `--tail=5`.
fn options<'a>(words: &[&'a str], with_value: &[&str]) -> (Vec<&'a str>, Vec<(&'a str, &'a str)>) {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.starts_with('-') || *word == "-" {
            names.push(*word);
        } else if let Some((option, value)) = word.split_once('=') {
            values.extend(with_value.contains(&option).then_some((option, value)));
        } else if with_value.contains(word) {
            values.extend(words.next().map(|value| (*word, *value)));
        } else if let Some((option, value)) = word.split_at_checked(2)
            && with_value.contains(&option)
        {
            values.push((option, value));
        }
    }
    (names, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labctl(line: &str) -> Result<LabCommand, String> {
        LabCommand::parse(&line.split_whitespace().collect::<Vec<_>>())
    }

    fn docker(line: &str) -> Result<LabCommand, String> {
        LabCommand::from_docker(&line.split_whitespace().collect::<Vec<_>>())
    }

    #[test]
    fn docker_words_mean_the_same() {
        let check =
            |line: &str, wanted: &str| assert_eq!(docker(line).unwrap(), labctl(wanted).unwrap(), "{line}");
        check("ps -a --format {{.Names}}", "node list");
        check("container ls", "node list");
        check("logs --tail 20 n1", "node logs n1 20");
        check("logs --tail=20 -f n1", "node logs n1 20");
        check("logs -n5 n1", "node logs n1 5");
        check("logs n1", "node logs n1");
        check("inspect -f {{.State}} n1", "node inspect n1");
        check("start n1", "node start n1");
        check("stop -t 5 n1", "node stop n1");
        check("container restart --time=3 n1", "node restart n1");
        check("unpause n1", "node cont n1");
        check("exec -it n1 sh -c ls", "node exec n1 -- sh -c ls");
    }

    #[test]
    fn what_docker_can_do_but_this_cannot_is_said() {
        let check = |line: &str, wanted: &str| assert_eq!(docker(line).unwrap_err(), wanted);
        check(
            "rm -f n1",
            "docker: there is no `rm` here; there are ps, logs, inspect, start, stop, restart, unpause, exec",
        );
        check(
            "network ls",
            "docker: there is no `network` here; there are ps, logs, inspect, start, stop, restart, unpause, exec",
        );
        check(
            "exec -u root n1 id",
            "docker exec: -u is not available here; docker exec CONTAINER COMMAND...",
        );
        check("logs --since 5m n1", "docker logs: --since is not available here; use --tail LINES");
        check("start n1 n2", "\"n1 n2\" does not fit; usage: docker start CONTAINER");
    }
}
