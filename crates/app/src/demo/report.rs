//! Verdicts and the final table.
//!
//! Pure: what it is given is what it says.

use anyhow::{Result, bail};
use std::time::Duration;

/// How one story, or the comparison of the books, ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The story's number; nothing for the books.
    pub(super) number: Option<u8>,
    /// What it was about.
    pub(super) title: String,
    /// How long it took.
    pub(super) took: Duration,
    /// How it ended.
    pub(super) verdict: Verdict,
}

/// Right or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// With the outcome.
    Right(String),
    /// With the reason.
    Wrong(String),
}

impl Row {
    /// The verdict in one line.
    pub(super) fn line(&self) -> String {
        let took = seconds(self.took);
        match &self.verdict {
            Verdict::Right(outcome) => format!("right in {took}: {outcome}"),
            Verdict::Wrong(reason) => format!("WRONG after {took}: {}", one_line(reason)),
        }
    }

    fn name(&self) -> String {
        self.number.map_or_else(|| self.title.clone(), |number| format!("story {number}"))
    }
}

/// Story → outcome.
pub(super) fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.title.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        let number = row.number.map(|number| number.to_string()).unwrap_or_default();
        let padding = " ".repeat(width.saturating_sub(row.title.chars().count()));
        let (title, took) = (&row.title, seconds(row.took));
        let outcome = match &row.verdict {
            Verdict::Right(outcome) => format!("right  {outcome}"),
            Verdict::Wrong(reason) => format!("WRONG  {}", one_line(reason)),
        };
        text.push_str(&format!("  {number:>2}  {title}{padding}  {took:>7}  {outcome}\n"));
    }
    text
}

/// Good only if everything ended right; otherwise says what did not, and why.
pub(super) fn judge(rows: &[Row]) -> Result<()> {
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|row| match &row.verdict {
            Verdict::Right(_) => None,
            Verdict::Wrong(reason) => Some(format!("{}: {}", row.name(), one_line(reason))),
        })
        .collect();
    if rows.is_empty() {
        bail!("nothing was played");
    }
    if !wrong.is_empty() {
        bail!("{} of {} ended wrong: {}", wrong.len(), rows.len(), wrong.join("; "));
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn seconds(took: Duration) -> String {
    format!("{}.{} s", took.as_secs(), took.subsec_millis() / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u8, title: &str, verdict: Verdict) -> Row {
        let took = Duration::from_millis(1_250);
        Row { number: Some(number), title: title.to_owned(), took, verdict }
    }

    fn right() -> Verdict {
        Verdict::Right("paid once".to_owned())
    }

    #[test]
    fn the_table_names_every_story_with_its_outcome() {
        let wrong = Verdict::Wrong("2 orders\n  are paid".to_owned());
        let rows = [row(1, "a purchase", right()), row(12, "last item, two buyers", wrong)];
        let expected = "   1  a purchase               1.2 s  right  paid once\n  \
                        12  last item, two buyers    1.2 s  WRONG  2 orders are paid\n";
        assert_eq!(table(&rows), expected);
    }

    #[test]
    fn all_right_is_good() {
        assert!(judge(&[row(1, "a", right()), row(2, "b", right())]).is_ok());
    }

    #[test]
    fn one_wrong_story_is_an_error_that_names_it_and_its_reason() {
        let wrong = Verdict::Wrong("order P1 is still unpaid".to_owned());
        let books = Row { number: None, ..row(0, "the books", wrong.clone()) };
        let error = judge(&[row(1, "a", right()), row(2, "b", wrong), books]).unwrap_err();
        let said = "2 of 3 ended wrong: story 2: order P1 is still unpaid; \
                    the books: order P1 is still unpaid";
        assert_eq!(error.to_string(), said);
    }

    #[test]
    fn nothing_played_is_not_good() {
        assert!(judge(&[]).is_err());
    }
}
