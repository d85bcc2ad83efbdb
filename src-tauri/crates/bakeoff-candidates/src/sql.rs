//! What can be told of a query before a database sees it: that it is one SELECT. The database is asked to make sure of
//! the rest.

use crate::error::ReadError;

/// Whose SQL it is; they differ in what quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// The query without a semicolon at its end, if it is one statement that begins with SELECT or WITH.
pub(crate) fn one_select(query: &str, dialect: Dialect) -> Result<&str, ReadError> {
    let refuse = |why: String| Err(ReadError::NotOneSelect { why });
    let mut scanner = Scanner { text: query, at: 0, dialect };
    let mut first = None;
    let mut end = None;
    while let Some((start, token)) = scanner.next() {
        match token {
            Token::Semicolon if end.is_none() => end = Some(start),
            Token::Semicolon => {}
            Token::Other if end.is_some() => return refuse("is more than one statement".to_owned()),
            Token::Other => {
                first.get_or_insert(start);
            }
        }
    }
    let Some(first) = first else { return refuse("is empty".to_owned()) };
    let word: String = query[first..].chars().take_while(|c| c.is_ascii_alphabetic()).collect();
    match word.to_ascii_uppercase().as_str() {
        "SELECT" | "WITH" => Ok(&query[..end.unwrap_or(query.len())]),
        "" => refuse("does not begin with SELECT".to_owned()),
        other => refuse(format!("begins with {}", other.chars().take(20).collect::<String>())),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Semicolon,
    /// A word, a sign, or something in quotes.
    Other,
}

/// Walks over a query; spaces and comments are passed over.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    dialect: Dialect,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Where the next token starts, and what it is.
    fn next(&mut self) -> Option<(usize, Token)> {
        loop {
            let rest = self.rest();
            let first = rest.chars().next()?;
            if first.is_whitespace() {
                self.at += first.len_utf8();
            } else if rest.starts_with("--") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += self.comment();
            } else {
                break;
            }
        }
        let (start, rest) = (self.at, self.rest());
        let first = rest.chars().next()?;
        self.at += match first {
            '\'' | '"' | '`' => quoted(rest, first, self.has_escapes()),
            '[' if self.dialect == Dialect::Sqlite => quoted(rest, ']', false),
            '$' if self.dialect == Dialect::Postgres => dollar_quoted(rest),
            _ => first.len_utf8(),
        };
        Some((start, if first == ';' { Token::Semicolon } else { Token::Other }))
    }

    /// The length of the comment that starts here. PostgreSQL's may stand in one another.
    fn comment(&self) -> usize {
        let rest = self.rest();
        let mut depth = 0_usize;
        let mut at = 0;
        while let Some(found) = rest.get(at..).filter(|rest| !rest.is_empty()) {
            if found.starts_with("/*") && (depth == 0 || self.dialect == Dialect::Postgres) {
                depth += 1;
                at += 2;
            } else if found.starts_with("*/") {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    break;
                }
            } else {
                at += found.chars().next().map_or(1, char::len_utf8);
            }
        }
        at
    }

    /// Whether the text that starts here is written as `E'…'`, where a backslash escapes.
    fn has_escapes(&self) -> bool {
        let mut before = self.text.get(..self.at).unwrap_or_default().chars().rev();
        self.dialect == Dialect::Postgres
            && before.next().is_some_and(|c| c.eq_ignore_ascii_case(&'e'))
            && before.next().is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '$')
    }
}

/// The length of what is quoted from here to `end`; to the end of the text if it never ends. A doubled quote is seen as
/// the end of one and the begin of another, which comes to the same.
fn quoted(text: &str, end: char, has_escapes: bool) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        if c == '\\' && has_escapes {
            characters.next();
        } else if c == end {
            return at + c.len_utf8();
        }
    }
    text.len()
}

/// The length of `$tag$…$tag$`; of the sign alone where it is none.
fn dollar_quoted(text: &str) -> usize {
    let tag_end = text.get(1..).and_then(|rest| rest.find(|c: char| !c.is_alphanumeric() && c != '_'));
    let Some(tag) = tag_end.and_then(|end| text.get(..end + 2)).filter(|tag| tag.ends_with('$')) else {
        return 1;
    };
    // `$1` is a parameter and no tag.
    if tag.chars().nth(1).is_some_and(|c| c.is_ascii_digit()) {
        return 1;
    }
    let body = text.get(tag.len()..).unwrap_or_default();
    body.find(tag).map_or(text.len(), |end| tag.len() + end + tag.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, dialect: Dialect) -> Result<&str, String> {
        one_select(query, dialect).map_err(|error| match error {
            ReadError::NotOneSelect { why } => why,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn one_select_is_taken_without_its_semicolon() {
        for (query, expected) in [
            ("SELECT 1", "SELECT 1"),
            (" select 1 ; ", " select 1 "),
            ("-- why\n/* and ; what */ With a AS (SELECT 1) SELECT * FROM a;;\n-- end", ""),
            ("SELECT ';', \"a;b\", 'it''s; so' FROM t", ""),
            ("SELECT 1 -- ; DELETE FROM t", ""),
            ("SELECT 1 /* ; DELETE", ""),
            ("SELECT(1)", ""),
        ] {
            for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                let found = check(query, dialect).unwrap_or_else(|why| panic!("{query}: {why}"));
                let expected = if expected.is_empty() { found } else { expected };
                assert_eq!(found, expected, "{query}");
            }
        }
        assert!(check("SELECT [a;b], `c;d` FROM t", Dialect::Sqlite).is_ok());
        assert!(check("SELECT $$a;b$$, $x$;$y$;$x$, E'\\';', a[1] FROM t", Dialect::Postgres).is_ok());
        assert!(check("SELECT /* a /* b ; */ c ; */ 1", Dialect::Postgres).is_ok());
    }

    #[test]
    fn anything_else_is_refused() {
        for (query, why) in [
            ("", "is empty"),
            (" -- nothing\n ; ", "is empty"),
            ("DELETE FROM t", "begins with DELETE"),
            ("drop table t", "begins with DROP"),
            ("PRAGMA query_only = 0", "begins with PRAGMA"),
            ("SELECTED", "begins with SELECTED"),
            ("(SELECT 1)", "does not begin with SELECT"),
            ("SELECT 1; DELETE FROM t", "is more than one statement"),
            ("SELECT 1; -- and\n DELETE FROM t", "is more than one statement"),
            ("SELECT 'a'; SELECT 'b'", "is more than one statement"),
            ("SELECT 'a'';'; DELETE FROM t", "is more than one statement"),
            ("SELECT 'ü'; DELETE FROM t", "is more than one statement"),
        ] {
            for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                assert_eq!(check(query, dialect), Err(why.to_owned()), "{query}");
            }
        }
        let after = check("SELECT $1; SELECT $$;$$; DELETE FROM t", Dialect::Postgres);
        assert_eq!(after, Err("is more than one statement".to_owned()));
        assert!(check("SELECT 'a\\'; DELETE FROM t; --'", Dialect::Postgres).is_err(), "no escape without E");
    }

    #[test]
    fn a_long_query_is_read_in_linear_time() {
        for part in ["'", "$a$", "/*", "--\n", "[", "ü;"] {
            let query = format!("SELECT {}", part.repeat(500_000));
            let _ = check(&query, Dialect::Postgres);
            let _ = check(&query, Dialect::Sqlite);
        }
    }
}
