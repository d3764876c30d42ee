//! What the SDKs showed, as a table; and what is missing in it.
//!
//! A script says `using VERSION, …` once, `ok MODE/CAPABILITY: …` for each thing that it showed, and
//! `FAILED …` at the first that is wrong. May not take silence for consent: what is not shown is missing.

use std::collections::BTreeSet;

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

/// Of one SDK.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Its version, and the language's.
    using: Option<String>,
    /// `MODE/CAPABILITY`.
    things: BTreeSet<String>,
    /// What was wrong.
    pub(super) failed: Option<String>,
}

impl Shown {
    /// Takes in a line of the script.
    pub(super) fn note(&mut self, line: &str) {
        if let Some(using) = line.strip_prefix("using ") {
            self.using = Some(using.to_owned());
        } else if let Some((thing, _)) =
            line.strip_prefix("ok ").and_then(|rest| rest.split_once(": "))
        {
            self.things.insert(thing.to_owned());
        } else if let Some(what) = line.strip_prefix("FAILED ") {
            self.failed = Some(what.to_owned());
        }
    }

    fn has(&self, mode: &str, capability: &str) -> bool {
        self.things.contains(&format!("{mode}/{capability}"))
    }
}

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
            if self.shown.has(mode, capability) { letter } else { '-' }
        };
        MODES.map(letter).map(String::from).join(" ")
    }

    fn missing(&self) -> impl Iterator<Item = String> {
        let expected = CAPABILITIES.iter().filter(|one| !self.cannot.contains(one));
        expected.flat_map(move |capability| {
            MODES
                .iter()
                .filter(move |(mode, _)| !self.shown.has(mode, capability))
                .map(move |(mode, _)| format!("{}: {mode}/{capability} was not shown", self.name))
        })
    }
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
        let mut wrong = Vec::new();
        for column in &self.columns {
            match &column.shown.failed {
                // What comes after it cannot have been shown.
                Some(what) => wrong.push(format!("{}: {what}", column.name)),
                None => wrong.extend(column.missing()),
            }
        }
        wrong
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
