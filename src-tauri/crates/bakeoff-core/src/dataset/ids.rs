//! Ids of rows: the author's own where there is one, else a stable hash of the row.

use super::in_line;
use crate::diagnostic::Diagnostic;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Hexadecimal digits of a generated id.
const DIGITS: usize = 12;

/// Which ids are taken, and by which line.
#[derive(Default)]
pub(super) struct Ids {
    taken: HashMap<Arc<str>, Taken>,
}

struct Taken {
    line: u32,
    /// How many rows had this generated id.
    copies: u32,
}

impl Ids {
    /// The id of a row: its own (twice the same is an error), or one made from its text. Identical rows get `-2`,
    /// `-3` and so on behind it.
    pub(super) fn give(
        &mut self,
        line: u32,
        explicit: Option<&str>,
        row: &str,
    ) -> Result<Arc<str>, Box<Diagnostic>> {
        match explicit {
            Some(id) => self.explicit(line, id),
            None => {
                let hash = crate::hash::sha256_hex(row.as_bytes());
                Ok(self.generated(line, &format!("row-{}", hash.get(..DIGITS).unwrap_or(&hash))))
            }
        }
    }

    fn explicit(&mut self, line: u32, id: &str) -> Result<Arc<str>, Box<Diagnostic>> {
        let id: Arc<str> = id.into();
        match self.taken.entry(Arc::clone(&id)) {
            Entry::Vacant(free) => {
                free.insert(Taken { line, copies: 1 });
                Ok(id)
            }
            Entry::Occupied(taken) => {
                let message =
                    format!("the id `{id}` of line {line} is already that of line {}", taken.get().line);
                let diagnostic = Diagnostic::error("duplicate-id", "id", message)
                    .hint("give each row an id of its own, or leave `id` out: it is then made from the row");
                Err(Box::new(in_line(diagnostic, line, 1, 1)))
            }
        }
    }

    fn generated(&mut self, line: u32, base: &str) -> Arc<str> {
        let mut number = match self.taken.get_mut(base) {
            None => return self.take(line, base.into()),
            Some(taken) => {
                taken.copies += 1;
                taken.copies
            }
        };
        loop {
            let id: Arc<str> = format!("{base}-{number}").into();
            if !self.taken.contains_key(&id) {
                return self.take(line, id);
            }
            number += 1;
        }
    }

    fn take(&mut self, line: u32, id: Arc<str>) -> Arc<str> {
        self.taken.insert(Arc::clone(&id), Taken { line, copies: 1 });
        id
    }
}
