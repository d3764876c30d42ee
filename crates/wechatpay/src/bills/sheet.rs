//! The shape that all bills share: a header, lines, a header of the summary, one line of summary.
//!
//! Comma separated without quoting; every value, and no header, begins with a backtick. So values
//! are parted at `` ,` `` and not at commas alone: WeChat Pay replaces commas in texts, and one that
//! it forgot would do no harm. Columns are found by name, wherever they stand. Holds no meaning.

use domain::ports::MalformedBill;

/// A bill, in its parts.
#[derive(Debug)]
pub(super) struct Sheet<'a> {
    /// The lines.
    pub(super) detail: Part<'a>,
    /// The summary, with exactly one line.
    pub(super) summary: Part<'a>,
}

/// A header and what stands below it.
#[derive(Debug)]
pub(super) struct Part<'a> {
    line: u32,
    names: Vec<String>,
    /// The rows below.
    pub(super) rows: Vec<Row<'a>>,
}

/// One line of values, not parted yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    line: u32,
    text: &'a str,
}

/// Where a column stands, if the bill has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Its documented name.
    pub(super) name: &'static str,
    /// Its place, from 0.
    pub(super) at: Option<usize>,
}

/// The values of one line.
pub(super) struct Cells<'a> {
    /// The line of the file, from 1.
    pub(super) line: u32,
    values: Vec<&'a str>,
}

impl<'a> Sheet<'a> {
    /// Reads a bill whose summary has this column.
    pub(super) fn read(
        bytes: &'a [u8],
        of_summary: &'static str,
    ) -> Result<Sheet<'a>, MalformedBill> {
        let text = text(bytes)?;
        let numbered = (1_u32..).zip(text.split('\n'));
        let bare = numbered.map(|(line, text)| (line, text.strip_suffix('\r').unwrap_or(text)));
        let mut lines = bare.filter(|(_, text)| !text.is_empty()).peekable();
        let Some(mut detail) = lines.next().map(Part::headed_by) else {
            return Err(about(1, "the bill is empty"));
        };
        detail.take_rows(&mut lines);
        let end = detail.rows.last().map_or(detail.line, |row| row.line);
        let Some(mut summary) = lines.next().map(Part::headed_by) else {
            return Err(about(end, "the bill ends here, without a summary"));
        };
        if summary.column(of_summary)?.at.is_none() {
            return Err(about(summary.line, "is neither a line of the bill nor its summary"));
        }
        summary.take_rows(&mut lines);
        match (&summary.rows[..], lines.next()) {
            ([_], None) => Ok(Sheet { detail, summary }),
            ([_, second, ..], _) => Err(about(second.line, "is a second line of summary")),
            (_, Some((line, _))) => Err(about(line, "follows the summary")),
            ([], None) => Err(about(summary.line, "the summary is empty")),
        }
    }
}

impl<'a> Part<'a> {
    fn headed_by((line, text): (u32, &str)) -> Part<'a> {
        Part { line, names: text.split(',').map(plain_name).collect(), rows: Vec::new() }
    }

    fn take_rows(
        &mut self,
        lines: &mut core::iter::Peekable<impl Iterator<Item = (u32, &'a str)>>,
    ) {
        while let Some((line, text)) = lines.next_if(|(_, text)| text.starts_with('`')) {
            self.rows.push(Row { line, text });
        }
    }

    /// Where the column of that name stands.
    pub(super) fn column(&self, name: &'static str) -> Result<Column, MalformedBill> {
        let mut places = (0..).zip(&self.names).filter(|(_, other)| *other == name);
        let at = places.next().map(|(at, _)| at);
        if places.next().is_some() {
            return Err(MalformedBill { line: self.line, column: name, why: "stands there twice" });
        }
        Ok(Column { name, at })
    }

    /// The values of a row of this part, one for each name.
    pub(super) fn cells(&self, row: Row<'a>) -> Result<Cells<'a>, MalformedBill> {
        let values: Vec<&str> =
            row.text.strip_prefix('`').unwrap_or(row.text).split(",`").collect();
        if values.len() != self.names.len() {
            return Err(about(row.line, "has not as many values as the header has names"));
        }
        Ok(Cells { line: row.line, values })
    }
}

impl<'a> Cells<'a> {
    /// What stands in `column`; `None` when the bill has no such column.
    pub(super) fn value(&self, column: Column) -> Option<&'a str> {
        self.values.get(column.at?).copied()
    }
}

/// A mistake of a line as a whole.
fn about(line: u32, why: &'static str) -> MalformedBill {
    MalformedBill { line, column: "", why }
}

/// UTF-8, with or without a byte order mark.
fn text(bytes: &[u8]) -> Result<&str, MalformedBill> {
    let text = core::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let breaks = before.iter().filter(|byte| **byte == b'\n').count();
        about(u32::try_from(breaks).map_or(u32::MAX, |n| n.saturating_add(1)), "is not UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// A name of a column without what differs between vintages: brackets of either width, and the unit
/// in them.
fn plain_name(text: &str) -> String {
    let narrow = text.trim().replace('（', "(").replace('）', ")");
    narrow.strip_suffix("(元)").unwrap_or(&narrow).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Sheet<'_>, MalformedBill> {
        Sheet::read(text.as_bytes(), "总数")
    }

    fn values(text: &str) -> Vec<(u32, Vec<String>)> {
        let sheet = read(text).unwrap();
        let owned = |cells: Cells<'_>| {
            (cells.line, cells.values.iter().map(|value| (*value).to_owned()).collect())
        };
        let rows = sheet.detail.rows.iter().map(|row| owned(sheet.detail.cells(*row).unwrap()));
        let summary = sheet.summary.rows[0];
        rows.chain([owned(sheet.summary.cells(summary).unwrap())]).collect()
    }

    fn row(line: u32, texts: &[&str]) -> (u32, Vec<String>) {
        (line, texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn a_bill_is_read_with_either_line_ending_and_with_or_without_a_mark() {
        let text = "甲,乙\n`1,`2\n`3,`\n总数,和\n`2,`4\n";
        let said = [row(2, &["1", "2"]), row(3, &["3", ""]), row(5, &["2", "4"])];
        assert_eq!(values(text), said);
        assert_eq!(values(&format!("\u{feff}{text}").replace('\n', "\r\n")), said);
        assert_eq!(values(text.trim_end()), said);
        let spaced = text.replace("总", "\n\r\n总");
        assert_eq!(values(&spaced), [row(2, &["1", "2"]), row(3, &["3", ""]), row(7, &["2", "4"])]);
        assert_eq!(values("甲,乙\n总数\n`0\n"), [row(3, &["0"])]);
    }

    #[test]
    fn a_comma_or_a_backtick_in_a_text_is_part_of_it() {
        assert_eq!(values("甲,乙\n`a,b,`c`d\n总数\n`1")[0], row(2, &["a,b", "c`d"]));
    }

    #[test]
    fn what_has_another_shape_is_refused_with_its_line() {
        for (text, line, why) in [
            ("", 1, "the bill is empty"),
            ("\u{feff}\r\n\n", 1, "the bill is empty"),
            ("甲", 1, "the bill ends here, without a summary"),
            ("甲\n`1\n`2\n", 3, "the bill ends here, without a summary"),
            ("甲\n`1\nothers\n`2", 3, "is neither a line of the bill nor its summary"),
            ("甲\n`1\n总数\n", 3, "the summary is empty"),
            ("甲\n`1\n总数\n`1\n`1", 5, "is a second line of summary"),
            ("甲\n`1\n总数\n`1\n\nmore", 6, "follows the summary"),
            ("甲\n`1\n总数\nmore\n`1", 4, "follows the summary"),
        ] {
            assert_eq!(read(text).unwrap_err(), about(line, why), "{text:?}");
        }
        let not_text = b"\xe7\x94\xb2\n`1\n`\xff\n";
        assert_eq!(Sheet::read(not_text, "总数").unwrap_err(), about(3, "is not UTF-8"));
    }

    #[test]
    fn a_line_has_a_value_for_each_name() {
        for line in ["`1", "`1,`2,`3", "`1,2", "`"] {
            let text = format!("甲,乙\n{line}\n总数\n`1");
            let sheet = read(&text).unwrap();
            let error = sheet.detail.cells(sheet.detail.rows[0]).err();
            let why = "has not as many values as the header has names";
            assert_eq!(error, Some(about(2, why)), "{line}");
        }
    }

    #[test]
    fn a_column_is_found_by_its_name_in_any_vintage_and_only_once() {
        let text = "乙,金额（元）, 余额(元) ,乙\n总数\n`1";
        let sheet = read(text).unwrap();
        let at = |name| sheet.detail.column(name).map(|column| column.at);
        assert_eq!((at("金额"), at("余额"), at("丙")), (Ok(Some(1)), Ok(Some(2)), Ok(None)));
        let twice = MalformedBill { line: 1, column: "乙", why: "stands there twice" };
        assert_eq!(at("乙"), Err(twice));
    }

    proptest! {
        #[test]
        fn any_text_is_a_sheet_or_is_refused(text in "[甲总数,`\r\n0-9\u{feff}]{0,60}") {
            if let Ok(sheet) = read(&text) {
                for row in &sheet.detail.rows {
                    if let Ok(cells) = sheet.detail.cells(*row) {
                        prop_assert_eq!(&row.text[1..], cells.values.join(",`"));
                    }
                }
            }
        }
    }
}
