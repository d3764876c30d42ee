//! Tapes as files: a head, then one choice a line.
//!
//! ```text
//! # a remark
//! seed 4711
//! world no-notifications
//! mistake close-means-closed
//! breaks I9
//! call 3 0 2
//! ```
//! `mistake` is there when the promise is broken only while production makes it on purpose. The last
//! line: the first (0) choice of stream `call` of actor 3 is 2.

use super::{Choices, Kind, Place, Stream};
use crate::mistakes::Mistake;

/// Why a tape cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct TapeError {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// A tape as it stands in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Makes ids and numbers.
    pub seed: u64,
    /// Which world it was played in.
    pub world: String,
    /// The mistake that production made on purpose, where it made one.
    pub mistake: Option<Mistake>,
    /// The promise that was broken, by its id; empty when that is not known.
    pub breaks: String,
    /// Its choices.
    pub choices: Choices,
}

impl Written {
    /// Reads a file.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn parse(text: &str) -> Result<Written, TapeError> {
        let mut written = Written { world: "whole".to_owned(), ..Written::default() };
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                let wrong = |what: &str| TapeError {
                    line: index.saturating_add(1),
                    what: format!("{what}: {line}"),
                };
                written.read(line).map_err(wrong)?;
            }
        }
        Ok(written)
    }

    fn read(&mut self, line: &str) -> Result<(), &'static str> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["seed", seed] => self.seed = seed.parse().ok().ok_or("not a seed")?,
            ["world", world] => (*world).clone_into(&mut self.world),
            ["mistake", name] => {
                self.mistake = Some(Mistake::parse(name).ok_or("no such mistake")?)
            }
            ["breaks", promise] => (*promise).clone_into(&mut self.breaks),
            [kind, whose, count, value] => {
                let kind = Kind::ALL.into_iter().find(|known| known.name() == *kind);
                let kind = kind.ok_or("no such stream")?;
                let number = |text: &str| text.parse::<u32>().ok().ok_or("not a number");
                let stream = Stream { kind, whose: number(whose)? };
                let place = Place { stream, count: number(count)? };
                self.choices.insert(place, number(value)?);
            }
            _ => return Err("not a choice"),
        }
        Ok(())
    }

    /// The file, with remarks at its head.
    #[must_use]
    pub fn text(&self, remarks: &[String]) -> String {
        let mut text = String::new();
        for remark in remarks {
            text.push_str(&format!("# {remark}\n"));
        }
        text.push_str(&format!("seed {}\nworld {}\n", self.seed, self.world));
        if let Some(mistake) = self.mistake {
            text.push_str(&format!("mistake {}\n", mistake.name()));
        }
        if !self.breaks.is_empty() {
            text.push_str(&format!("breaks {}\n", self.breaks));
        }
        for (Place { stream, count }, value) in &self.choices {
            text.push_str(&format!("{} {} {count} {value}\n", stream.kind.name(), stream.whose));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tape_is_read_as_it_was_written() {
        let stream = Stream { kind: Kind::Call, whose: 3 };
        let choices = Choices::from([(Place { stream, count: 0 }, 2)]);
        let (mistake, breaks) = (Some(Mistake::CloseMeansClosed), "I9".to_owned());
        let written = Written { seed: 4711, world: "whole".to_owned(), mistake, breaks, choices };
        let text = written.text(&["found on a Tuesday".to_owned()]);
        assert_eq!(Written::parse(&text), Ok(written));
    }

    #[test]
    fn what_is_no_choice_is_named_by_its_line() {
        assert_eq!(Written::parse("seed 1\n\nwhisper 1 2 3\n").unwrap_err().line, 3);
    }
}
