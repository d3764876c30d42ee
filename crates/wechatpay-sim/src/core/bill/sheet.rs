//! How a bill is written (`v3.md` §7.8): lines of values between commas, nothing quoted, a backtick before each value.
//!
//! MAY NOT let a value end its field or its line: a comma and a line break in a text are written otherwise, so that a
//! reader may split at each of them.

use time::OffsetDateTime;

use crate::core::settings::Settings;
use crate::core::settings::bills::{BillBom, BillLineEnd};
use crate::core::wire_time::beijing_offset;

/// A bill that is being written.
pub(super) struct Sheet {
    text: String,
    line_end: &'static str,
}

impl Sheet {
    /// Without a line.
    pub(super) fn new(settings: &Settings) -> Self {
        let text = match settings.bill_bom {
            BillBom::None => String::new(),
            BillBom::Utf8 => "\u{feff}".to_owned(),
        };
        let line_end = match settings.bill_line_end {
            BillLineEnd::Crlf => "\r\n",
            BillLineEnd::Lf => "\n",
        };
        Self { text, line_end }
    }

    /// Names, which have no backtick.
    pub(super) fn header(&mut self, names: &[&str]) {
        self.text.push_str(&names.join(","));
        self.text.push_str(self.line_end);
    }

    /// Values.
    pub(super) fn line(&mut self, values: impl IntoIterator<Item = String>) {
        for (place, value) in values.into_iter().enumerate() {
            self.text.push_str(if place == 0 { "`" } else { ",`" });
            self.text.push_str(&escaped(&value));
        }
        self.text.push_str(self.line_end);
    }

    /// The bill.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }
}

/// `,` becomes `\` and a blank; a line break, however it is written, `\` and an `n`.
fn escaped(text: &str) -> String {
    text.replace(',', "\\ ").replace("\r\n", "\\n").replace(['\r', '\n'], "\\n")
}

/// `-0.05` of −5 fen.
pub(super) fn yuan(fen: i128) -> String {
    decimal(fen, 100, 2)
}

/// `-0.05940` of −5940 thousandths of a fen.
pub(super) fn yuan_of_millifen(millifen: i128) -> String {
    decimal(millifen, 100_000, 5)
}

fn decimal(amount: i128, unit: u128, places: usize) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let (whole, rest) = (amount.unsigned_abs() / unit, amount.unsigned_abs() % unit);
    format!("{sign}{whole}.{rest:0places$}")
}

/// `2026-11-21 10:00:05`, Beijing.
pub(super) fn local_time(at: OffsetDateTime) -> String {
    let local = at.to_offset(beijing_offset());
    let time = local.time();
    format!("{} {:02}:{:02}:{:02}", local.date(), time.hour(), time.minute(), time.second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn amounts_have_their_places_and_their_sign() {
        assert_eq!((yuan(0).as_str(), yuan(1).as_str()), ("0.00", "0.01"));
        assert_eq!((yuan(-990).as_str(), yuan(-5).as_str()), ("-9.90", "-0.05"));
        assert_eq!(yuan(i128::from(i64::MAX)), "92233720368547758.07");
        assert_eq!(yuan_of_millifen(-5_940), "-0.05940");
        assert_eq!(yuan_of_millifen(100_001), "1.00001");
    }

    #[test]
    fn times_are_of_beijing() {
        assert_eq!(local_time(datetime!(2026-11-21 18:00:05.9 UTC)), "2026-11-22 02:00:05");
    }

    #[test]
    fn a_text_can_end_neither_field_nor_line() {
        let settings = Settings { bill_line_end: BillLineEnd::Lf, ..Settings::default() };
        let mut sheet = Sheet::new(&settings);
        sheet.header(&["一", "二"]);
        sheet.line(["a,b".to_owned(), "c\r\nd\ne\rf`".to_owned()]);
        let text = String::from_utf8(sheet.into_bytes()).unwrap();
        assert_eq!(text, "一,二\n`a\\ b,`c\\nd\\ne\\nf`\n");
    }

    #[test]
    fn line_ends_and_a_mark_at_the_beginning_are_settings() {
        let mut sheet = Sheet::new(&Settings::default());
        sheet.line([String::new()]);
        assert_eq!(sheet.into_bytes(), b"`\r\n");
        let mut sheet = Sheet::new(&Settings { bill_bom: BillBom::Utf8, ..Settings::default() });
        sheet.header(&["a"]);
        assert_eq!(sheet.into_bytes(), b"\xef\xbb\xbfa\r\n");
    }
}
