//! What must happen sometimes: interleavings that a run has to meet to be worth anything.

/// One list: the name of each mark, and what happened when it is met.
macro_rules! marks {
    ($($name:ident: $sentence:literal,)*) => {
        /// Something that must happen sometimes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mark {
            $(#[doc = $sentence] $name,)*
        }

        impl Mark {
            /// Every mark.
            pub const ALL: &[Mark] = &[$(Mark::$name),*];

            /// What happened.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Mark::$name => $sentence,)*
                }
            }
        }
    };
}

marks! {
    SuccessWhileCancelling: "a success came while the order was cancelling",
    SuccessAfterDeadline: "a success was recorded after the deadline",
    SuccessAfterCancelled: "a success came after the order was cancelled",
    BothPaymentsPaid: "two payments of one order were paid",
    OldPaymentPaidAfterSwitch: "a payment was paid that another had replaced",
    SurplusRecorded: "money that an order could not take was recorded",
    UnknownAndCommitted: "a commit was unknown, and committed",
    UnknownAndLost: "a commit was unknown, and lost",
    UnknownAndCommittedLater: "a commit was unknown, and arrived afterwards",
    StaleThenPaidAtClose: "a stale NOTPAY was followed by ORDER_PAID at the close",
    StaleAnswer: "a query was answered with an old state",
    LatePrepayAfterClose: "a prepay arrived after the close of its number",
    CloseOfUnknownNumber: "a number was closed that WeChat Pay did not know",
    FencedWrite: "a write was refused because its lease was lost",
    LeaseTakenOver: "a job was claimed anew after its lease ran out",
    LeaseRenewed: "a lease was renewed",
    SuccessBeforePrepayAnswer: "a success came before the answer to our prepay",
    PrepayRetriedSameBytes: "a prepay was sent again under its number",
    PrepayRefused: "WeChat Pay refused a prepay",
    RefusalProven: "a query proved that a refused number does not exist",
    NumberSpent: "WeChat Pay held a number with another state",
    ClosedPastHorizon: "a payment that never came into being ended past the horizon",
    NoticeTwiceAtOnce: "a notification was worked on twice at once",
    NoticeAppliedByAnotherNode: "another node than the orderer applied a success",
    NoticeAfterQuery: "a notification came after a query had settled",
    NoticeNotApplied: "a true notification was answered 503",
    NoticeTooOld: "a true notification came outside its window",
    ForgeryRefused: "a forged notification was refused",
    ProbeRefused: "a signature probe was refused",
    TamperedButSigned: "a signed notification lied about its payment",
    OrphanKept: "a success for an unknown number was kept",
    ClockCorrected: "a node's wrong clock was corrected by the store's",
    SigningTimeCorrected: "WeChat Pay's time corrected the signing time",
    CouponLowersPayerTotal: "a coupon lowered payer_total",
    LastPieceTaken: "the last piece was gone when another buyer wanted it",
    SameKeyTwiceAtOnce: "one key was in hand twice at once",
    OtherKeySameOrder: "another key got the order of an equal request",
    KeyReplayed: "a key was answered again",
    NumberTaken: "an order number was taken already",
    CrashWhileSettling: "a node died while it settled",
    CrashBetweenPrepayAndRecord: "a node died between a prepay and its record",
    CrashWithLeasedJob: "a node died with a job in hand",
    AllNodesDown: "every node was down",
    NodeHeldWhileWorking: "a node stood still while it worked",
    FreeOrder: "an order cost nothing",
    PaidInLastSecond: "a payer paid in the last seconds",
    ReplacedOpenOrder: "an open order made way for another",
    AnswerUnknownToClient: "a client was told that the outcome is unknown",
    RateHalved: "WeChat Pay said that it was asked too often",
    StoreDownMeanwhile: "the store was down while work was in hand",
    OrderCompletedByItself: "a delivered order completed by itself",
    RefundSucceeded: "a refund succeeded",
    RefundHeardBeforeItsAnswer: "a refund's end was heard of before its answer",
    RefundAnswerLost: "the answer to a refund was lost",
    RefundRefused: "WeChat Pay refused a refund",
    RefundRejected: "a query proved that a refused refund does not exist",
    RefundAbnormal: "a refund did not reach its payer",
    RefundClosed: "WeChat Pay closed a refund",
    RefundReplaced: "a closed refund was replaced under another number",
    RefundDeclined: "a person declined a refund",
    RefundThereAfterAll: "a refund that was given up was at WeChat Pay after all",
    RefundImported: "a refund was imported that we did not know",
    RefundedElsewhere: "money was given back at the merchant's console",
    GaveWay: "a refund of ours that was not sent gave way to one made elsewhere",
    RestAskedAgain: "what was left of a refund that gave way was asked for again",
    CancelledAllTheSame: "a cancellation went on although its refund gave way",
    ForeignLeft: "a payment that another system made was left to it",
    RefundWithdrawn: "a buyer took a request for money back",
    RefundSettledOffline: "a refund was paid back another way",
    PaidAfterClose: "a payment was paid that WeChat Pay had closed or that was too late",
    CommitsLost: "a failover lost acknowledged commits",
    SettlementLost: "a failover lost a settlement",
    LostPaymentAdopted: "a payment whose record a failover lost was adopted",
    LostPaymentSettledAgain: "a settlement that a failover lost came again",
    OrphanAdopted: "a payment whose record was lost was adopted",
    CancelledAfterPaid: "an order was cancelled after it was paid, and its money went back",
    PlacedAtTheDoor: "an order was placed that is paid at the door",
    CashCollected: "a courier took cash",
    RefusedAtTheDoor: "a buyer did not take what was to be paid at the door",
    Converted: "what was to be paid at the door was paid online",
    ConvertedBack: "cash was taken after an online payment had come to nothing",
    CashLocked: "a courier was told to come back, because somebody pays online",
    CourierToldOfPayment: "a courier was told that it was paid online",
    PaidAfterCash: "somebody paid online after the cash was taken",
    RefusedAndPaid: "what was refused at the door was paid meanwhile",
    TwoKinds: "an order was placed over two kinds of goods",
    OneOfTwoReturned: "goods of one of two kinds came back, and the other stayed sold",
    GoodsReturned: "goods came back with their money, and the rest of their order went on",
    CouponSpent: "a coupon was spent",
    CouponReleased: "a coupon was given back unused",
    CouponReturned: "a coupon that was spent was given back with the money",
    CouponSpentPastItsEnd: "a coupon was spent whose time was over since an order held it",
    FreeByCoupon: "a coupon made an order free",
    CouponTakenAtOnce: "two orders wanted one coupon at once",
    CouponTermsMoved: "a coupon changed between its pricing and its order",
    CouponNotUsable: "a buyer's coupon could not be used",
    FeesCharged: "delivery and hurry were charged",
    CancelWithdrawn: "a cancellation was given up because its refund came to nothing",
    RechargeCredited: "a recharge was credited",
    RechargeTakenBack: "a recharge went back, and its credit with it",
    PaidFromWallet: "a wallet paid",
    WalletTooPoor: "a wallet held too little",
    PaidAfterWallet: "money came at WeChat Pay for an order that a wallet had paid",
    RefundedToWallet: "money went back to a wallet",
    PointsSpent: "points were spent",
}
