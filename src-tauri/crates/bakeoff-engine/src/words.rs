//! Putting others' messages into sentences.

/// A message as a sentence, so that another can follow it.
pub(crate) fn sentence(message: &str) -> String {
    let message = message.trim_end();
    let end = if message.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    format!("{message}{end}")
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn one_full_stop_ends_a_sentence() {
        assert_eq!(sentence("no such model"), "no such model.");
        assert_eq!(sentence("Slow down.\n"), "Slow down.");
        assert_eq!(sentence("What?"), "What?");
    }
}
