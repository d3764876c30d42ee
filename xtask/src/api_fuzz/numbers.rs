//! Numbers that exist, written into the configuration of schemathesis: a dictionary in a file holds
//! nothing but texts, and a text is never drawn where a number is to be.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

/// By the name of their dictionary, which says `"@name"` in their place.
#[derive(Debug, Default)]
pub(super) struct Numbers(BTreeMap<&'static str, i64>);

impl Numbers {
    pub(super) fn insert(&mut self, name: &'static str, number: i64) {
        self.0.insert(name, number);
    }

    /// The configuration with all of them in it.
    pub(super) fn fill(&self, configuration: &str) -> Result<String> {
        let mut filled = configuration.to_owned();
        for (name, number) in &self.0 {
            let place = format!("\"@{name}\"");
            ensure!(filled.contains(&place), "schemathesis.toml has no place for {name}");
            filled = filled.replace(&place, &number.to_string());
        }
        ensure!(!filled.contains("\"@"), "schemathesis.toml has places that nothing fills");
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_place_and_no_place_is_left() {
        let mut numbers = Numbers::default();
        numbers.insert("cash", 6_800);
        let filled = numbers.fill("cash = { values = [\"@cash\"] }").unwrap();
        assert_eq!(filled, "cash = { values = [6800] }");
        assert!(numbers.fill("items = { values = [] }").is_err(), "no place");
        assert!(numbers.fill("[\"@cash\"] [\"@items\"]").is_err(), "nothing to put there");
    }
}
