//! What was sent to the buyer, in the words of WeChat Pay's shipping-information management
//! (发货信息管理).

use crate::Timestamp;

/// The most packages one order is sent in (shipping information §2: 15).
pub const PACKAGES_MAX: usize = 15;

/// One hand-over to carriers. An order may have several until all of it is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// What was said of it.
    pub draft: ShipmentDraft,
    /// When it was recorded.
    pub at: Timestamp,
}

/// A shipment to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShipmentDraft {
    /// How it travels.
    pub logistics_type: LogisticsType,
    /// In which packages.
    pub packages: Vec<Package>,
    /// Whether nothing is left to be sent after it.
    pub is_all_delivered: bool,
}

/// How goods reach the buyer (`logistics_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogisticsType {
    /// 1: a carrier with a tracking number.
    Express,
    /// 2: delivered within the city.
    SameCity,
    /// 3: nothing tangible.
    Virtual,
    /// 4: the buyer fetches it.
    SelfPickup,
}

/// One package. Personal data (the contact): `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Package {
    /// The carrier's code at WeChat, such as `SF`.
    pub express_company: Option<String>,
    /// The carrier's number of it.
    pub tracking_no: Option<String>,
    /// What is in it, as the buyer reads it.
    pub item_desc: String,
    /// A masked telephone number of sender or receiver; some carriers need it.
    pub contact: Option<String>,
}

impl core::fmt::Debug for Package {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Package(…)")
    }
}

impl LogisticsType {
    /// Its number on the wire.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            LogisticsType::Express => 1,
            LogisticsType::SameCity => 2,
            LogisticsType::Virtual => 3,
            LogisticsType::SelfPickup => 4,
        }
    }

    /// The type of this number.
    #[must_use]
    pub fn parse(number: i64) -> Option<LogisticsType> {
        let every = [
            LogisticsType::Express,
            LogisticsType::SameCity,
            LogisticsType::Virtual,
            LogisticsType::SelfPickup,
        ];
        every.into_iter().find(|kind| kind.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_to_travel_have_wechats_numbers() {
        for (number, kind) in [
            (1, LogisticsType::Express),
            (2, LogisticsType::SameCity),
            (3, LogisticsType::Virtual),
            (4, LogisticsType::SelfPickup),
        ] {
            assert_eq!(kind.number(), number);
            assert_eq!(LogisticsType::parse(number), Some(kind));
        }
        assert_eq!((LogisticsType::parse(0), LogisticsType::parse(5)), (None, None));
    }

    #[test]
    fn a_package_hides_who_gets_it() {
        let package = Package {
            express_company: Some("SF".to_owned()),
            tracking_no: Some("1".to_owned()),
            item_desc: "茶".to_owned(),
            contact: Some("138****0000".to_owned()),
        };
        assert_eq!(format!("{package:?}"), "Package(…)");
    }
}
