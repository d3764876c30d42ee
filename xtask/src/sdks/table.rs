//! What the SDKs showed, as a table; and what is missing in it.
//!
//! A thing that a script shows is `MODE/CAPABILITY`. May not take silence for consent: what is not shown is missing.

use crate::course::Shown;

/// What every SDK has to be able to do, in each mode.
const CAPABILITIES: [&str; 19] = [
    "certificates",
    "prepay-jsapi",
    "sign",
    "prepay-native",
    "prepay-h5",
    "prepay-app",
    "query",
    "close",
    "refund",
    "query-refund",
    "abnormal-refund",
    "errors",
    "forged-answer",
    "payment-notice",
    "refund-notice",
    "tampered-notice",
    "keys",
    "rotation",
    "bill",
];
/// Which key WeChat Pay signs with, and the letter of it in the table.
const MODES: [(&str, char); 3] = [("certificate", 'c'), ("public_key", 'p'), ("mixed", 'm')];

/// Of all SDKs.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: &'static str,
    cannot: &'static [&'static str],
    shown: Shown,
}

impl Column {
    fn cell(&self, capability: &str) -> String {
        if self.cannot.contains(&capability) {
            return "has no means".to_owned();
        }
        let letter = |(mode, letter): (&str, char)| {
            let is_shown = self.shown.things.contains(&thing(mode, capability));
            if is_shown { letter } else { '-' }
        };
        MODES.map(letter).map(String::from).join(" ")
    }

    /// What failed; or else what was not shown.
    fn wrong(&self) -> impl Iterator<Item = String> {
        let expected = CAPABILITIES.iter().filter(|one| !self.cannot.contains(one));
        let things = expected.flat_map(|one| MODES.map(|(mode, _)| thing(mode, one)));
        self.shown.wrong(things).into_iter().map(|what| format!("{}: {what}", self.name))
    }
}

fn thing(mode: &str, capability: &str) -> String {
    format!("{mode}/{capability}")
}

impl Table {
    /// `cannot` names the capabilities that the SDK has no means for.
    pub(super) fn add(
        &mut self,
        name: &'static str,
        cannot: &'static [&'static str],
        shown: Shown,
    ) {
        self.columns.push(Column { name, cannot, shown });
    }

    /// How many things were shown.
    pub(super) fn count(&self) -> usize {
        self.columns.iter().map(|column| column.shown.things.len()).sum()
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let row = |title: &str, cell: &dyn Fn(&Column) -> String| {
            let cells = self.columns.iter().map(|column| format!("{:<25}", cell(column)));
            format!("{title:<17}{}", cells.collect::<String>())
        };
        let mut lines = vec![row("", &|column| column.name.to_owned())];
        lines.extend(CAPABILITIES.map(|one| row(one, &|column| column.cell(one))));
        lines.push("\nc with platform certificates · p with the public key · m mixed".to_owned());
        for column in &self.columns {
            let using = column.shown.using.as_deref().unwrap_or("of an unknown version");
            lines.push(format!("{}: {using}", column.name));
        }
        lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    /// What failed, and what was not shown.
    pub(super) fn wrong(&self) -> Vec<String> {
        self.columns.iter().flat_map(Column::wrong).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: usize = CAPABILITIES.len() * MODES.len();

    fn everything() -> Shown {
        let mut shown = Shown::default();
        shown.note("using 1.0, Node 20");
        for (mode, _) in MODES {
            for capability in CAPABILITIES {
                shown.note(&format!("ok {mode}/{capability}: as it should be"));
            }
        }
        shown
    }

    #[test]
    fn everything_shown_is_well() {
        let mut table = Table::default();
        table.add("x", &[], everything());
        assert_eq!(table.wrong(), Vec::<String>::new());
        assert_eq!(table.count(), ALL);
        let text = table.text();
        assert!(text.contains("\nquery            c p m\n"), "{text}");
        assert!(text.ends_with("\nx: 1.0, Node 20\n"), "{text}");
    }

    #[test]
    fn what_was_not_shown_is_missing() {
        let mut shown = everything();
        shown.things.remove("mixed/close");
        let mut table = Table::default();
        table.add("x", &["sign"], shown);
        assert_eq!(table.wrong(), ["x: mixed/close was not shown"]);
        assert!(table.text().contains("\nclose            c p -\n"));
        assert!(table.text().contains("\nsign             has no means\n"));
    }

    #[test]
    fn silence_is_not_consent() {
        let mut table = Table::default();
        table.add("x", &[], Shown::default());
        assert_eq!(table.wrong().len(), ALL);
    }

    #[test]
    fn a_failure_is_told_in_its_own_words() {
        let mut shown = everything();
        shown.note("FAILED mixed/query: it says CLOSED");
        let mut table = Table::default();
        table.add("x", &[], shown);
        assert_eq!(table.wrong(), ["x: mixed/query: it says CLOSED"]);
    }
}
