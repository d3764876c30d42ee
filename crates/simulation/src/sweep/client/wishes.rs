//! What a client wishes for beside the goods, and which of the goods it gives back.

use super::Client;
use crate::actors::offers;
use crate::node::Ask;
use domain::OrderNumber;
use domain::buyer::ItemId;
use domain::coupon::CouponId;
use domain::order::{LineQuantity, RefundAsk, RefundOf};
use domain::payment::TradeType;
use domain::refund::Asker;

impl Client {
    /// The merchant defines coupons, and gives this buyer some.
    pub(in crate::sweep) fn gets_coupons(&self) {
        offers::define(&self.world);
        offers::give(&self.world, self.buyer.id);
    }

    /// What checks a line out with the buyer's one coupon, under a new key.
    pub(in crate::sweep) fn checkout_with_coupon(
        &mut self,
        item: ItemId,
        how: Option<TradeType>,
    ) -> Ask {
        let mut asked = self.checkout(item, how);
        if let Ask::CheckOut(request, keyed) = &mut asked {
            request.coupon_id = CouponId::parse(offers::HALF_OFF);
            keyed.fingerprint.push_str(" with a coupon");
        }
        asked
    }

    /// What asks for the money of so many pieces of the first line.
    pub(in crate::sweep) fn refund_of_pieces(
        &mut self,
        number: &OrderNumber,
        by: Asker,
        pieces: u32,
    ) -> Ask {
        let ask = RefundAsk {
            what: RefundOf::Lines(vec![LineQuantity { line_no: 1, quantity: pieces }]),
            reason: "不想要了".to_owned(),
            by,
            out_refund_no: None,
        };
        Ask::Refund(Box::new(self.action(number, "refund")), ask)
    }
}
