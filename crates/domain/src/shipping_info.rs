//! What WeChat's shipping-information management (发货信息管理服务) is told of an order, and what it says that it
//! knows (mini-program §3).
//!
//! Money of a managed mini program stays frozen until this is told. None of it moves money here.

use crate::Timestamp;
use crate::names::{Openid, TransactionId};
use crate::shipment::{LogisticsType, Package};

/// The most characters of what the buyer reads of a package (`item_desc`).
pub const ITEM_DESC_MAX: usize = 120;

/// How packages are told (`delivery_mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryMode {
    /// 1: one package is all there is.
    Unified,
    /// 2: several, perhaps not all of them yet; express only.
    Split,
}

/// All that is known of an order's packages, told as a whole: it takes the place of what was told before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingInfo {
    /// WeChat Pay's number of the payment.
    pub transaction_id: TransactionId,
    /// Who paid, under the mini program's appid.
    pub payer: Openid,
    /// How the goods travel.
    pub logistics_type: LogisticsType,
    /// How the packages are told.
    pub delivery_mode: DeliveryMode,
    /// Whether nothing is left to be sent. The buyer is told only then.
    pub is_all_delivered: bool,
    /// The packages: exactly one if they are told as one, else 1 to 15.
    pub packages: Vec<Package>,
    /// Orders what is told; grows with each change. Told with milliseconds.
    pub upload_time: Timestamp,
}

/// Where a payment stands in shipping management (`order_state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShippingState {
    /// 1: nothing was told, or not all of it.
    ToBeShipped,
    /// 2: all of it was told.
    Shipped,
    /// 3: the buyer has said that it arrived, or time has.
    Received,
    /// 4: it is over, and the money is settled.
    Complete,
    /// 5: the money went back.
    Refunded,
    /// 6: it arrived, and the money is about to be settled.
    ToBeSettled,
}

/// What shipping management knows of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingRecord {
    /// Where it stands.
    pub state: ShippingState,
    /// Whether all of it was told (`finish_shipping`).
    pub is_finished: bool,
    /// How often all of it was told (`finish_shipping_count`): 2 when the one correction is used up.
    pub times_finished: i64,
    /// How the packages were told, once they were.
    pub delivery_mode: Option<DeliveryMode>,
    /// How the goods travel, once it was told.
    pub logistics_type: Option<LogisticsType>,
    /// The packages.
    pub packages: Vec<RecordedPackage>,
}

/// A package as shipping management knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedPackage {
    /// The carrier's code.
    pub express_company: Option<String>,
    /// The carrier's number.
    pub tracking_no: Option<String>,
    /// What is in it (`goods_desc`).
    pub item_desc: String,
    /// When it was told, in whole seconds.
    pub upload_time: Timestamp,
}

impl DeliveryMode {
    /// Its number on the wire.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            DeliveryMode::Unified => 1,
            DeliveryMode::Split => 2,
        }
    }

    /// The mode of this number.
    #[must_use]
    pub fn parse(number: i64) -> Option<DeliveryMode> {
        let every = [DeliveryMode::Unified, DeliveryMode::Split];
        every.into_iter().find(|mode| mode.number() == number)
    }
}

impl ShippingState {
    /// The state of this `order_state`.
    #[must_use]
    pub fn parse(number: i64) -> Option<ShippingState> {
        Some(match number {
            1 => ShippingState::ToBeShipped,
            2 => ShippingState::Shipped,
            3 => ShippingState::Received,
            4 => ShippingState::Complete,
            5 => ShippingState::Refunded,
            6 => ShippingState::ToBeSettled,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_and_states_have_wechats_numbers() {
        for (number, mode) in [(1, DeliveryMode::Unified), (2, DeliveryMode::Split)] {
            assert_eq!((mode.number(), DeliveryMode::parse(number)), (number, Some(mode)));
        }
        assert_eq!((DeliveryMode::parse(0), DeliveryMode::parse(3)), (None, None));
        let states = [1, 2, 3, 4, 5, 6].map(ShippingState::parse);
        assert_eq!(
            states,
            [
                Some(ShippingState::ToBeShipped),
                Some(ShippingState::Shipped),
                Some(ShippingState::Received),
                Some(ShippingState::Complete),
                Some(ShippingState::Refunded),
                Some(ShippingState::ToBeSettled),
            ]
        );
        assert_eq!((ShippingState::parse(0), ShippingState::parse(7)), (None, None));
    }
}
