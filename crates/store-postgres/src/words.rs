//! The words of states in tables, both ways. An unknown word is an error, never a guess.

use domain::catalogue::SkuStatus;
use domain::changeset::InboxStatus;
use domain::coupon::CouponHoldStatus;
use domain::order::{
    CancelCause, CompletedBy, OrderStatus, PayerResult, PaymentMethod, PaymentStatus as OrderPaid,
    Purpose,
};
use domain::payment::{Channel, ClosingCause, PaymentStatus, SurplusCause, TradeType};
use domain::ports::StoreError;
use domain::refund::{Asker, RefundKind, RefundStatus};
use domain::stock::{HoldStatus, StockMoveKind};

/// A state with a word of its own.
pub(crate) trait Word: Copy + Sized + 'static {
    /// Every state.
    const ALL: &'static [Self];

    /// Its word. An exhaustive match: a new state must get one.
    fn word(self) -> &'static str;

    /// The state of this word.
    fn read(word: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.iter().copied().find(|state| state.word() == word);
        found.ok_or_else(|| StoreError::Corrupt(format!("no state is called {word:?}")))
    }
}

macro_rules! words {
    ($type:ty: $($state:ident = $word:literal),+ $(,)?) => {
        impl Word for $type {
            const ALL: &'static [Self] = &[$(<$type>::$state),+];

            fn word(self) -> &'static str {
                match self {
                    $(<$type>::$state => $word),+
                }
            }
        }
    };
}

words!(OrderStatus: PendingPayment = "pending_payment", Cancelling = "cancelling",
    Cancelled = "cancelled", Ready = "ready", Shipped = "shipped", Delivered = "delivered",
    Completed = "completed");
words!(OrderPaid: Unpaid = "unpaid", Paid = "paid", PartiallyRefunded = "partially_refunded",
    Refunded = "refunded");
words!(PaymentMethod: Wechat = "wechat", Cod = "cod", Wallet = "wallet", Free = "free");
words!(Purpose: Goods = "goods", Recharge = "recharge", External = "external");
words!(CancelCause: Buyer = "buyer", Operator = "operator", Deadline = "deadline",
    Refused = "refused");
words!(PayerResult: Ok = "ok", Cancel = "cancel", Fail = "fail");
words!(CompletedBy: Buyer = "buyer", Operator = "operator", Elapsed = "elapsed");
words!(PaymentStatus: Created = "created", Payable = "payable", Unknown = "unknown",
    Closing = "closing", Closed = "closed", Rejected = "rejected", Paid = "paid",
    Surplus = "surplus");
words!(ClosingCause: Cancelled = "cancelled", Expired = "expired", Superseded = "superseded",
    Refused = "refused", Cash = "cash", Elsewhere = "elsewhere");
words!(SurplusCause: Late = "late", Second = "second", Mismatch = "mismatch",
    RefundSeenFirst = "refund_seen_first", RecordLost = "record_lost");
words!(TradeType: Jsapi = "JSAPI", Native = "NATIVE", H5 = "H5", App = "APP");
impl Word for Channel {
    const ALL: &'static [Self] = &[
        Channel::Wechat(TradeType::Jsapi),
        Channel::Wechat(TradeType::Native),
        Channel::Wechat(TradeType::H5),
        Channel::Wechat(TradeType::App),
        Channel::Wallet,
    ];

    fn word(self) -> &'static str {
        match self {
            Channel::Wechat(trade_type) => trade_type.word(),
            Channel::Wallet => "WALLET",
        }
    }
}

words!(HoldStatus: Held = "held", Committed = "committed", Released = "released");
words!(CouponHoldStatus: Held = "held", Used = "used", Released = "released",
    Returned = "returned");
words!(StockMoveKind: Hold = "hold", Commit = "commit", Release = "release", Return = "return");
words!(RefundKind: Requested = "requested", Surplus = "surplus", External = "external");
words!(RefundStatus: AwaitingApproval = "awaiting_approval", Declined = "declined",
    Withdrawn = "withdrawn", Requested = "requested", Sending = "sending", Unknown = "unknown",
    Processing = "processing", Succeeded = "succeeded", Abnormal = "abnormal", Closed = "closed",
    Rejected = "rejected", SettledOffline = "settled_offline");
words!(Asker: Buyer = "buyer", Operator = "operator", Service = "service", Paydesk = "paydesk");
words!(SkuStatus: OnSale = "on_sale", OffSale = "off_sale");
words!(InboxStatus: Verified = "verified", Applied = "applied", Duplicate = "duplicate",
    Orphan = "orphan", Mismatch = "mismatch");

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fmt::Debug;

    /// Every state that is written is read back as itself, and no word means two.
    fn round_trip<T: Word + Debug + PartialEq>() {
        let words: BTreeSet<&str> = T::ALL.iter().map(|state| state.word()).collect();
        assert_eq!(words.len(), T::ALL.len());
        for state in T::ALL {
            assert_eq!(T::read(state.word()).as_ref(), Ok(state));
        }
        assert!(T::read("none of them").is_err());
    }

    #[test]
    fn every_word_is_read_back_as_what_it_was_written_for() {
        round_trip::<OrderStatus>();
        round_trip::<OrderPaid>();
        round_trip::<PaymentMethod>();
        round_trip::<Purpose>();
        round_trip::<CancelCause>();
        round_trip::<PayerResult>();
        round_trip::<CompletedBy>();
        round_trip::<PaymentStatus>();
        round_trip::<ClosingCause>();
        round_trip::<SurplusCause>();
        round_trip::<TradeType>();
        round_trip::<Channel>();
        round_trip::<HoldStatus>();
        round_trip::<CouponHoldStatus>();
        round_trip::<StockMoveKind>();
        round_trip::<RefundKind>();
        round_trip::<RefundStatus>();
        round_trip::<Asker>();
        round_trip::<SkuStatus>();
        round_trip::<InboxStatus>();
    }
}
