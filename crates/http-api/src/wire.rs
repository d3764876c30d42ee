//! The JSON of the API: serialisable twins of what the application gives back.
//!
//! May not decide anything. Names and values are those of the contract; the domain's types can
//! change without it.

pub(crate) mod amounts;
pub(crate) mod api_key;
pub(crate) mod case;
pub(crate) mod checkout;
pub(crate) mod coupon;
pub(crate) mod delivery_rules;
pub(crate) mod health;
pub(crate) mod invariant;
pub(crate) mod ledger;
pub(crate) mod list;
pub(crate) mod names;
pub(crate) mod order;
pub(crate) mod pay_params;
pub(crate) mod payment;
pub(crate) mod refund;
pub(crate) mod shipment;
pub(crate) mod shop;
pub(crate) mod stock_move;
