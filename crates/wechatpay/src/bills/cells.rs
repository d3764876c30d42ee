//! The kinds of values in a bill, each read exactly or refused with its line and column.
//!
//! Amounts are yuan with a point and become fen digit by digit; times are Beijing's, without an
//! offset. Never quotes a value.

use domain::bill::{BillDay, Fee};
use domain::ports::MalformedBill;
use domain::{Fen, Timestamp};

use super::sheet::{Cells, Column};

/// The most characters of a number; WeChat Pay's own have at most 64.
const NUMBER_MAX: usize = 64;

impl<'a> Cells<'a> {
    /// A mistake in `column` of this line.
    pub(super) fn wrong(&self, column: Column, why: &'static str) -> MalformedBill {
        MalformedBill { line: self.line, column: column.name, why }
    }

    /// A text, perhaps empty, of a column that the bill must have.
    pub(super) fn text(&self, column: Column) -> Result<&'a str, MalformedBill> {
        self.value(column).ok_or(self.wrong(column, "the bill has no such column"))
    }

    /// A text that says something.
    pub(super) fn text_if_any(&self, column: Column) -> Option<&'a str> {
        self.value(column).filter(|text| !text.is_empty())
    }

    /// A number of something: of WeChat Pay's, or of whoever made it.
    pub(super) fn number(&self, column: Column) -> Result<&'a str, MalformedBill> {
        let text = self.text(column)?;
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if !(1..=NUMBER_MAX).contains(&text.len()) || !visible {
            return Err(self.wrong(column, "is no number of anything"));
        }
        Ok(text)
    }

    /// A number that may be missing, empty, or `0`, as bills write "none".
    pub(super) fn number_if_any(&self, column: Column) -> Result<Option<&'a str>, MalformedBill> {
        match self.value(column) {
            None | Some("" | "0") => Ok(None),
            Some(_) => self.number(column).map(Some),
        }
    }

    /// An amount.
    pub(super) fn amount(&self, column: Column) -> Result<Fen, MalformedBill> {
        Fen::from_yuan(self.text(column)?).ok_or(self.wrong(column, "is not an amount"))
    }

    /// An amount that may be missing or empty.
    pub(super) fn amount_if_any(&self, column: Column) -> Result<Option<Fen>, MalformedBill> {
        match self.text_if_any(column) {
            Some(_) => self.amount(column).map(Some),
            None => Ok(None),
        }
    }

    /// An amount that may be below nothing, as a balance may.
    pub(super) fn balance(&self, column: Column) -> Result<Fen, MalformedBill> {
        let text = self.text(column)?;
        let amount = match text.strip_prefix('-') {
            Some(below) => Fen::from_yuan(below).and_then(|amount| Fen::ZERO.minus(amount)),
            None => Fen::from_yuan(text),
        };
        amount.ok_or(self.wrong(column, "is not an amount"))
    }

    /// A fee.
    pub(super) fn fee(&self, column: Column) -> Result<Fee, MalformedBill> {
        Fee::from_yuan(self.text(column)?).ok_or(self.wrong(column, "is not a fee"))
    }

    /// A count.
    pub(super) fn count(&self, column: Column) -> Result<usize, MalformedBill> {
        let text = self.text(column)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let count = text.parse().ok().filter(|_| digits);
        count.ok_or(self.wrong(column, "is not a count"))
    }

    /// A time.
    pub(super) fn time(&self, column: Column) -> Result<Timestamp, MalformedBill> {
        beijing(self.text(column)?).ok_or(self.wrong(column, "is not a time"))
    }

    /// A time that may be missing or empty.
    pub(super) fn time_if_any(&self, column: Column) -> Result<Option<Timestamp>, MalformedBill> {
        match self.text_if_any(column) {
            Some(_) => self.time(column).map(Some),
            None => Ok(None),
        }
    }
}

/// `yyyy-MM-dd HH:mm:ss` of Beijing.
fn beijing(text: &str) -> Option<Timestamp> {
    let (date, clock) = text.split_once(' ')?;
    let mut parts = clock.split(':').map(|part| {
        let two = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<i64>().ok().filter(|_| two)
    });
    let hour = parts.next()?.filter(|hour| *hour < 24)?;
    let minute = parts.next()?.filter(|minute| *minute < 60)?;
    let second = parts.next()?.filter(|second| *second < 60)?;
    if parts.next().is_some() {
        return None;
    }
    Some(BillDay::parse(date)?.begins_at().plus_seconds((hour * 60 + minute) * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bills::sheet::Sheet;
    use proptest::prelude::*;

    /// What `read` makes of one value.
    fn one<T>(
        value: &str,
        read: impl FnOnce(&Cells<'_>, Column) -> Result<T, MalformedBill>,
    ) -> Result<T, MalformedBill> {
        let text = format!("甲\n`{value}\n总数\n`1\n");
        let sheet = Sheet::read(text.as_bytes(), "总数").unwrap();
        let cells = sheet.detail.cells(sheet.detail.rows[0]).unwrap();
        read(&cells, sheet.detail.column("甲").unwrap())
    }

    fn mistake<T>(why: &'static str) -> Result<T, MalformedBill> {
        Err(MalformedBill { line: 2, column: "甲", why })
    }

    #[test]
    fn times_are_beijings() {
        for (text, at) in [
            ("2026-11-21 00:00:00", "2026-11-20T16:00:00Z"),
            ("2026-11-21 23:59:59", "2026-11-21T15:59:59Z"),
            ("2028-02-29 08:00:00", "2028-02-29T00:00:00Z"),
        ] {
            assert_eq!(one(text, |c, at| c.time(at)).ok(), Timestamp::parse_rfc3339(at), "{text}");
        }
        for text in [
            "",
            "2026-11-21",
            "2026-11-21T10:00:00",
            "2026-11-21 24:00:00",
            "2026-11-21 10:60:00",
            "2026-11-21 10:00:60",
            "2026-11-21 10:00",
            "2026-11-21 10:00:00:00",
            "2026-11-21 1:00:00",
            "2026-11-21 +1:00:00",
            "2026-11-21 10:00:00.5",
            "2026-11-21 10:00:00 ",
            " 2026-11-21 10:00:00",
            "2026/11/21 10:00:00",
            "2026-02-29 10:00:00",
        ] {
            assert_eq!(one(text, |c, at| c.time(at)), mistake("is not a time"), "{text:?}");
        }
        assert_eq!(one("", |c, at| c.time_if_any(at)), Ok(None));
        assert_eq!(one("soon", |c, at| c.time_if_any(at)), mistake("is not a time"));
    }

    #[test]
    fn amounts_are_exact_or_refused() {
        assert_eq!(one("19.99", |c, at| c.amount(at)), Ok(Fen::new(1_999)));
        for text in ["", "0.001", "-1.00", "1,000.00", "`1.00", "1.00 "] {
            assert_eq!(one(text, |c, at| c.amount(at)), mistake("is not an amount"), "{text:?}");
        }
        assert_eq!(one("", |c, at| c.amount_if_any(at)), Ok(None));
        assert_eq!(one("x", |c, at| c.amount_if_any(at)), mistake("is not an amount"));
        assert_eq!(one("-0.05", |c, at| c.balance(at)), Ok(Fen::new(-5)));
        assert_eq!(one("0.05", |c, at| c.balance(at)), Ok(Fen::new(5)));
        assert_eq!(one("--0.05", |c, at| c.balance(at)), mistake("is not an amount"));
        assert_eq!(one("-0.05940", |c, at| c.fee(at)), Ok(Fee::new(-5_940)));
        assert_eq!(one("0.60%", |c, at| c.fee(at)), mistake("is not a fee"));
    }

    #[test]
    fn counts_and_numbers_are_what_they_look_like() {
        assert_eq!(one("0", |c, at| c.count(at)), Ok(0));
        for text in ["", "-1", "+1", "1.0", "99999999999999999999"] {
            assert_eq!(one(text, |c, at| c.count(at)), mistake("is not a count"), "{text:?}");
        }
        let number = |text: &str| one(text, |c, column| c.number(column).map(str::to_owned));
        assert_eq!(number("A|b*1@-_"), Ok("A|b*1@-_".to_owned()));
        for text in ["", "a b", "店", &"1".repeat(65)] {
            assert_eq!(number(text), mistake("is no number of anything"), "{text:?}");
        }
        let perhaps =
            |text: &str| one(text, |c, column| c.number_if_any(column).map(|n| n.is_some()));
        assert_eq!((perhaps(""), perhaps("0"), perhaps("50")), (Ok(false), Ok(false), Ok(true)));
        assert_eq!(perhaps("5 0"), mistake("is no number of anything"));
    }

    proptest! {
        #[test]
        fn a_time_that_is_written_is_read_again(seconds in 0..4_000_000_000_i64) {
            let at = Timestamp::from_seconds(seconds);
            let text = at.to_beijing_rfc3339().replace('T', " ").replace("+08:00", "");
            prop_assert_eq!(one(&text, |c, at| c.time(at)), Ok(at));
        }
    }
}
