//! What stands around a command: `sudo`, `timeout 5`, `VAR=value`, `xargs`.

/// What is left of a command once `sudo`, `timeout 5`, `VAR=value`, `if`, `[` and the like are taken off.
pub(super) fn without_wrappers(words: &[String]) -> &[String] {
    let mut words = words;
    loop {
        let Some((first, rest)) = words.split_first() else { return words };
        let takes_value: &[&str] = match first.as_str() {
            "sudo" => &["-u", "-g"],
            "timeout" => &["-k", "-s", "--signal", "--kill-after"],
            "nice" => &["-n"],
            "ionice" => &["-c", "-n"],
            "watch" => &["-n"],
            "env" => &["-u"],
            "time" | "nohup" | "stdbuf" | "setsid" | "exec" | "builtin" | "then" | "do" | "else" | "if"
            | "elif" | "while" | "until" | "!" | "{" => &[],
            "}" | "fi" | "done" | "[" | "[[" | "for" | "case" | "esac" | "in" | "]" => return &[],
            assignment if is_assignment(assignment) => {
                words = rest;
                continue;
            }
            _ => return words,
        };
        let mut rest = rest;
        while let [option, after @ ..] = rest
            && (option.starts_with('-') || (first == "env" && is_assignment(option)))
        {
            rest = if takes_value.contains(&option.as_str()) {
                after.get(1..).unwrap_or_default()
            } else {
                after
            };
        }
        if first == "timeout" {
            rest = rest.get(1..).unwrap_or_default();
        }
        words = rest;
    }
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// The command that `xargs` runs, with a word in the place of those that come from its input.
pub(super) fn xargs(words: &[&str]) -> Vec<String> {
    let mut rest = words;
    while let [option, after @ ..] = rest
        && option.starts_with('-')
    {
        let takes_value = ["-n", "-I", "-L", "-P", "-d"].contains(option);
        rest = if takes_value { after.get(1..).unwrap_or_default() } else { after };
    }
    // Removing whatever comes is not removing one known file.
    let stand_in = if rest.first().is_some_and(|program| program.ends_with("rm")) { "*" } else { "x" };
    rest.iter().copied().chain([stand_in]).map(str::to_owned).collect()
}
