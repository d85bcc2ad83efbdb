//! The simple commands of a shell line: enough of the POSIX grammar to tell what an agent's command does, not to run it.

/// One command between `;`, `&&`, `|`, parentheses and the like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Simple {
    /// Program and arguments, without quotes.
    pub words: Vec<String>,
    /// Files that its output goes to, by `>`, `>>` or `>|`.
    pub writes: Vec<String>,
}

/// Every simple command of a line in its order, those in `$(…)` and backquotes too. Variables are not put in.
pub fn commands(line: &str) -> Vec<Simple> {
    let mut reader = Reader { chars: line.chars().collect(), at: 0, depth: 0, done: Vec::new() };
    reader.list(None);
    reader.done
}

/// Commands within commands deeper than this are read as one: nobody writes such, and the stack has an end.
const DEEPEST: usize = 50;

struct Reader {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    done: Vec<Simple>,
}

/// What is being put together.
#[derive(Default)]
struct Current {
    simple: Simple,
    word: Option<String>,
    /// The next word is the file of a redirection: `true` of one that writes.
    redirection: Option<bool>,
}

impl Current {
    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        match self.redirection.take() {
            Some(true) => self.simple.writes.push(word),
            Some(false) => {}
            None => self.simple.words.push(word),
        }
    }
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    /// Commands up to `end` (a closing parenthesis or backquote) or the end of the line.
    fn list(&mut self, end: Option<char>) {
        let mut current = Current::default();
        while let Some(c) = self.next() {
            if Some(c) == end {
                break;
            }
            match c {
                '\'' => self.single_quoted(&mut current),
                '"' => self.double_quoted(&mut current),
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(escaped) => current.push(escaped),
                },
                '$' if self.peek() == Some('(') => {
                    self.at += 1;
                    current.word.get_or_insert_default();
                    self.inner(')');
                }
                '`' => {
                    current.word.get_or_insert_default();
                    self.inner('`');
                }
                ' ' | '\t' => current.end_word(),
                '#' if current.word.is_none() => self.comment(),
                '>' | '<' => self.redirection(c, &mut current),
                '&' if self.peek() == Some('>') => {
                    self.at += 1;
                    self.redirection('>', &mut current);
                }
                ';' | '&' | '|' | '\n' | '\r' | '(' | ')' => self.end_command(&mut current),
                other => current.push(other),
            }
        }
        self.end_command(&mut current);
    }

    fn inner(&mut self, end: char) {
        if self.depth < DEEPEST {
            self.depth += 1;
            self.list(Some(end));
            self.depth -= 1;
        }
    }

    fn end_command(&mut self, current: &mut Current) {
        current.end_word();
        let simple = std::mem::take(current).simple;
        if simple != Simple::default() {
            self.done.push(simple);
        }
    }

    fn comment(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.at += 1;
        }
    }

    fn single_quoted(&mut self, current: &mut Current) {
        current.word.get_or_insert_default();
        while let Some(c) = self.next().filter(|c| *c != '\'') {
            current.push(c);
        }
    }

    fn double_quoted(&mut self, current: &mut Current) {
        current.word.get_or_insert_default();
        while let Some(c) = self.next().filter(|c| *c != '"') {
            match c {
                '\\' => current.word.get_or_insert_default().extend(self.next()),
                '$' if self.peek() == Some('(') => {
                    self.at += 1;
                    self.inner(')');
                }
                '`' => self.inner('`'),
                other => current.push(other),
            }
        }
    }

    fn redirection(&mut self, first: char, current: &mut Current) {
        // `2>` is no argument "2".
        if current
            .word
            .as_ref()
            .is_some_and(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_digit()))
        {
            current.word = None;
        }
        current.end_word();
        while self.peek().is_some_and(|c| c == '>' || c == '<' || c == '|') {
            self.at += 1;
        }
        if self.peek() == Some('&') {
            // `>&1` and `>&-` are no files.
            self.at += 1;
            while self.peek().is_some_and(|c| c.is_ascii_digit() || c == '-') {
                self.at += 1;
            }
            return;
        }
        current.redirection = Some(first == '>');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(line: &str, wanted: &[&str]) {
        let found: Vec<String> = commands(line)
            .into_iter()
            .map(|one| {
                let writes = one.writes.iter().map(|file| format!(" >{file}")).collect::<String>();
                format!("{}{writes}", one.words.join("␣"))
            })
            .collect();
        assert_eq!(found, wanted, "{line}");
    }

    #[test]
    fn lines_fall_apart_at_operators_and_not_in_quotes() {
        check("a b  c", &["a␣b␣c"]);
        check("a && b || c ; d & e | f\ng", &["a", "b", "c", "d", "e", "f", "g"]);
        check("echo 'a; b' \"c && d\" e\\;f", &["echo␣a; b␣c && d␣e;f"]);
        check("(cd /x; rm y)", &["cd␣/x", "rm␣y"]);
        check("a # rm -rf /", &["a"]);
        check("echo a#b", &["echo␣a#b"]);
        check("a ''", &["a␣"]);
        check("a \\\n b", &["a␣b"]);
    }

    #[test]
    fn commands_within_words_count() {
        check("echo $(rm a) \"`rm b`\"", &["rm␣a", "rm␣b", "echo␣␣"]);
        check("kill $(pidof x)", &["pidof␣x", "kill␣"]);
    }

    #[test]
    fn redirections_are_no_arguments() {
        check("a 2>/dev/null >> out < in b", &["a␣b >/dev/null >out"]);
        check("a 2>&1 | b", &["a", "b"]);
        check("a &> all", &["a >all"]);
        check("a >&- b", &["a␣b"]);
    }

    #[test]
    fn endless_nesting_is_read_without_end_of_stack() {
        assert!(commands(&"$(".repeat(100_000)).len() <= DEEPEST + 1);
        assert_eq!(commands(&"echo $(".repeat(100_000)).len(), DEEPEST + 1);
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in "[a-z '\"\\\\$()`;|&<>#\n]{0,60}") {
            for simple in commands(&line) {
                prop_assert!(simple != Simple::default());
            }
        }
    }
}
