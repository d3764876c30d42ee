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
