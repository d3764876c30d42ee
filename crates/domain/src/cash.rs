//! Cash that is taken at the door, and who took it.
//!
//! Says what a receipt is; when one may be written is decided in `order/cash.rs`.

use crate::Fen;
use core::fmt;

/// The most characters of a courier's name.
pub const COURIER_MAX: usize = 64;

/// Who took the cash, in the operator's words. Personal data: it has no `Display`, and `Debug`
/// hides it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Courier(String);

/// Cash that a courier took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashReceipt {
    /// How much.
    pub amount: Fen,
    /// Who.
    pub courier: Courier,
}

impl Courier {
    /// A name of 1 to [`COURIER_MAX`] characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Courier> {
        let fits = (1..=COURIER_MAX).contains(&text.chars().count());
        fits.then(|| Courier(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Courier(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_courier_has_a_name_that_no_log_shows() {
        let courier = Courier::parse("王五").unwrap();
        assert_eq!((courier.as_str(), format!("{courier:?}")), ("王五", "Courier(…)".to_owned()));
        assert_eq!(
            (Courier::parse(""), Courier::parse(&"王".repeat(COURIER_MAX + 1))),
            (None, None)
        );
        assert!(Courier::parse(&"王".repeat(COURIER_MAX)).is_some());
    }
}
