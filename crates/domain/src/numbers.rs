//! The numbers that people and WeChat Pay see (`docs/adr/0004-numbers.md`).
//!
//! An order number is `P`, the Beijing time to the second, two characters that hash the buyer (a
//! number names its shard) and twelve random ones (60 bits): 29 in all. Payment `n` of an order
//! has the order number as `out_trade_no`, from the second on with `-n` appended.

use crate::{Timestamp, UserId};
use core::fmt;
use std::sync::Arc;

/// Base 32 without I, L, O and U, which people misread.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 29;
/// The most payments that one order may have.
pub const PAYMENTS_MAX: u8 = 99;

/// The number of an order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderNumber(Arc<str>);

impl OrderNumber {
    /// The number of an order placed at `now` by `buyer`, with 60 random bits (the low ones of
    /// `entropy`).
    #[must_use]
    pub fn compose(now: Timestamp, buyer: Option<UserId>, entropy: u64) -> OrderNumber {
        let mut text = String::with_capacity(LENGTH);
        text.push('P');
        text.push_str(&now.to_beijing_digits());
        push_base32(&mut text, buyer_hash(buyer), 2);
        push_base32(&mut text, entropy, 12);
        OrderNumber(text.into())
    }

    /// Reads a number of our own shape.
    #[must_use]
    pub fn parse(text: &str) -> Option<OrderNumber> {
        let rest = text.strip_prefix('P')?;
        let (digits, tail) = rest.split_at_checked(14)?;
        let well_formed = text.len() == LENGTH
            && digits.bytes().all(|b| b.is_ascii_digit())
            && tail.bytes().all(|b| ALPHABET.contains(&b));
        well_formed.then(|| OrderNumber(text.into()))
    }

    /// The number itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A merchant's payment number (商户订单号), as WeChat Pay knows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutTradeNo(Arc<str>);

impl OutTradeNo {
    /// The number of payment `payment_no` (from 1) of an order.
    #[must_use]
    pub fn of_payment(order: &OrderNumber, payment_no: u8) -> OutTradeNo {
        if payment_no <= 1 {
            OutTradeNo(order.0.clone())
        } else {
            OutTradeNo(format!("{}-{payment_no}", order.0).into())
        }
    }

    /// The number of `order`'s payment from the wallet. Never sent to WeChat Pay, and never the number of
    /// a payment there, not even of one whose record was lost.
    #[must_use]
    pub fn of_wallet(order: &OrderNumber) -> OutTradeNo {
        OutTradeNo(format!("{}-W", order.0).into())
    }

    /// Which payment of `order` has this number; `None` when it is another order's.
    #[must_use]
    pub fn payment_no_of(&self, order: &OrderNumber) -> Option<u8> {
        let tail = self.0.strip_prefix(order.as_str())?;
        if tail.is_empty() {
            return Some(1);
        }
        let no: u8 = tail.strip_prefix('-')?.parse().ok()?;
        ((2..=PAYMENTS_MAX).contains(&no) && *self == OutTradeNo::of_payment(order, no))
            .then_some(no)
    }

    /// Reads a number: 6 to 32 of `[0-9A-Za-z_-]` (WeChat Pay also allows `|` and `*`, which
    /// would have to be escaped in URLs; we never make them and refuse them).
    #[must_use]
    pub fn parse(text: &str) -> Option<OutTradeNo> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        ((6..=32).contains(&text.len()) && text.bytes().all(allowed))
            .then(|| OutTradeNo(text.into()))
    }

    /// A number as WeChat Pay states it. Merchant numbers are often shared with other systems,
    /// whose numbers may hold characters that we never make; they are only ever looked up.
    #[must_use]
    pub fn stated(text: &str) -> Option<OutTradeNo> {
        let visible = text.bytes().all(|b| b.is_ascii_graphic());
        ((1..=64).contains(&text.len()) && visible).then(|| OutTradeNo(text.into()))
    }

    /// The number itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Our number of a refund (商户退款单号): the same for every retry, for ever.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutRefundNo(Arc<str>);

impl OutRefundNo {
    /// The one automatic refund of a surplus payment. Derived, never drawn: redoing lost work
    /// sends the same number, so WeChat Pay sees one refund.
    #[must_use]
    pub fn of_surplus(out_trade_no: &OutTradeNo) -> OutRefundNo {
        OutRefundNo(format!("{}-S", out_trade_no.0).into())
    }

    /// A refund that somebody asked for under `name` (the name of the intention). Derived, so that
    /// asking again after the database has lost the first answer is the same refund, and asking for
    /// another one is never mistaken for it.
    #[must_use]
    pub fn of_request(out_trade_no: &OutTradeNo, name: &str) -> OutRefundNo {
        let mut text = format!("{}-R", out_trade_no.0);
        push_base32(&mut text, fnv1a(name.bytes()), 8);
        OutRefundNo(text.into())
    }

    /// The number that takes the place of the `closed`th closed one of a chain that began with
    /// this number, for a refund of `out_trade_no`. A number that somebody gave us is not added to:
    /// the sum may be too long, or be given for something else.
    #[must_use]
    pub fn replacement(&self, out_trade_no: &OutTradeNo, closed: usize) -> OutRefundNo {
        let which = closed.saturating_add(1);
        if self.is_of_our_shape() {
            OutRefundNo(format!("{}-{which}", self.0).into())
        } else {
            OutRefundNo::of_request(out_trade_no, &format!("replaces:{}:{which}", self.0))
        }
    }

    /// Whether it begins like the numbers that we derive. Nobody else may give such a number: one
    /// day it would be in the way of the refund that it belongs to.
    #[must_use]
    pub fn is_of_our_shape(&self) -> bool {
        self.0.get(..LENGTH).is_some_and(|start| OrderNumber::parse(start).is_some())
    }

    /// Whether it is a number that we derive for a refund of this payment: of a surplus, of what somebody asked for, or
    /// in the place of such a one. At the merchant's console nobody types one.
    #[must_use]
    pub fn is_derived_from(&self, out_trade_no: &OutTradeNo) -> bool {
        let tail = self.0.strip_prefix(out_trade_no.as_str());
        let Some(tail) = tail.and_then(|tail| tail.strip_prefix('-')) else { return false };
        let (first, which) =
            tail.split_once('-').map_or((tail, None), |(f, which)| (f, Some(which)));
        let is_request =
            |name: &str| name.len() == 8 && name.bytes().all(|b| ALPHABET.contains(&b));
        let is_first = first == "S" || first.strip_prefix('R').is_some_and(is_request);
        let is_count = |which: &str| {
            which.parse::<u8>().is_ok_and(|count| count > 1 && count.to_string() == which)
        };
        is_first && which.is_none_or(is_count)
    }

    /// Reads a number: 1 to 64 of `[0-9A-Za-z_-]` (WeChat Pay also allows `|`, `*` and `@`, which
    /// would have to be escaped in URLs; we never make them and refuse them).
    #[must_use]
    pub fn parse(text: &str) -> Option<OutRefundNo> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        ((1..=64).contains(&text.len()) && text.bytes().all(allowed))
            .then(|| OutRefundNo(text.into()))
    }

    /// A number that a merchant's backend gives: read like [`OutRefundNo::parse`], and not of our
    /// own shape, so that it is never taken for one that we derive later.
    #[must_use]
    pub fn given(text: &str) -> Option<OutRefundNo> {
        OutRefundNo::parse(text).filter(|number| !number.is_of_our_shape())
    }

    /// A number as WeChat Pay states it: also one that another system made.
    #[must_use]
    pub fn stated(text: &str) -> Option<OutRefundNo> {
        let visible = text.bytes().all(|b| b.is_ascii_graphic());
        ((1..=64).contains(&text.len()) && visible).then(|| OutRefundNo(text.into()))
    }

    /// The number as it was stored.
    #[must_use]
    pub fn stored(text: String) -> OutRefundNo {
        OutRefundNo(text.into())
    }

    /// The number itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! shown {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
shown!(OrderNumber);
shown!(OutTradeNo);
shown!(OutRefundNo);

fn push_base32(text: &mut String, value: u64, characters: u32) {
    for place in (0..characters).rev() {
        let shifted = value.checked_shr(place.saturating_mul(5)).unwrap_or(0);
        let digit = usize::try_from(shifted & 31).unwrap_or(0);
        text.push(char::from(ALPHABET.get(digit).copied().unwrap_or(b'0')));
    }
}

/// FNV-1a over the buyer's id: stable for ever, because the shard of a number may not move.
fn buyer_hash(buyer: Option<UserId>) -> u64 {
    let bytes = buyer.map(|b| b.get().into_bytes()).unwrap_or_default();
    fnv1a(bytes.into_iter())
}

fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
