//! How shipping-information management behaves where that is not documented, or in two ways (`mini-program.md` §3).

use serde::{Deserialize, Serialize};

use super::Settings;

/// A payment is known within an hour, in milliseconds.
const KNOWN_AFTER_MS_MAX: u64 = 3_600_000;
/// A report has no more packages than this (an older text says 10).
pub const LIST_MAX: usize = 15;

/// Whether the mini program has to say what it ships (`mini-program.md` §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShippingManagement {
    /// It has to.
    #[default]
    Managed,
    /// It has not; what it says is recorded all the same.
    Unmanaged,
}

impl ShippingManagement {
    /// `is_trade_managed`.
    pub fn is_managed(self) -> bool {
        self == Self::Managed
    }
}

/// The answer to another report after all of it was told (`mini-program.md` §3.2 has both).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShippingAgain {
    /// It takes the place of the first, once.
    #[default]
    Corrects,
    /// `10060002`.
    Refused,
}

pub(super) fn check(settings: &Settings) -> Result<(), String> {
    if settings.shipping_known_after_ms > KNOWN_AFTER_MS_MAX {
        return Err("shipping_known_after_ms is at most an hour".to_owned());
    }
    if !(1..=LIST_MAX).contains(&settings.shipping_list_max) {
        return Err(format!("shipping_list_max is from 1 to {LIST_MAX}"));
    }
    Ok(())
}
