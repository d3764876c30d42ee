//! What an `errcode` of the WeChat platform means to us: one table (mini-program §2.1, §2.3, §3.1 to §3.3).
//!
//! The codes of the calls do not collide, so one table serves all. What it does not know is asked again later: who
//! asks gives up in the end, and says the code.

use domain::ports::ShippingError;

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The token is not good, or not any more.
    TokenRefused,
    /// Nothing of it was new.
    Unchanged,
    /// The same later.
    Later,
    /// The payment is not known there.
    NotKnown,
    /// All of it was told before.
    AlreadyShipped,
    /// The one correction is used up.
    CorrectionUsed,
    /// It cannot be shipped as it stands.
    NotShippable,
    /// What was said is wrong, and what is wrong with it.
    Wrong(&'static str),
    /// Our credentials, our address, or our permission.
    Misconfigured,
}

/// The table.
#[rustfmt::skip]
const TABLE: &[(i64, Meaning)] = {
    use Meaning::{
        AlreadyShipped, CorrectionUsed, Later, Misconfigured, NotKnown, NotShippable, TokenRefused, Unchanged, Wrong,
    };
    &[
        (-1, Later),
        // Tokens.
        (40_001, TokenRefused),
        (40_014, TokenRefused),
        (41_001, TokenRefused),
        (42_001, TokenRefused),
        (40_002, Misconfigured),
        (40_013, Misconfigured),
        (40_125, Misconfigured),
        (40_164, Misconfigured),
        (41_002, Misconfigured),
        (41_004, Misconfigured),
        (43_002, Misconfigured),
        (45_009, Later),
        (45_011, Later),
        (89_503, Misconfigured),
        (89_506, Misconfigured),
        (89_507, Misconfigured),
        // Managed or not.
        (40_097, Wrong("a parameter")),
        (44_990, Later),
        (61_003, Misconfigured),
        (61_004, Misconfigured),
        (61_011, Misconfigured),
        // Shipping information.
        (10_060_012, Later),
        (10_060_019, Later),
        (10_060_001, NotKnown),
        (10_060_002, AlreadyShipped),
        (10_060_003, CorrectionUsed),
        (10_060_004, NotShippable),
        (10_060_023, Unchanged),
        (10_060_031, Wrong("the payment is not this payer's")),
        (10_060_005, Wrong("the logistics type")),
        (10_060_006, Wrong("only express is told in parts")),
        (10_060_007, Wrong("whether all of it was sent is missing")),
        (10_060_008, Wrong("the description of a package is empty")),
        (10_060_009, Wrong("the description of a package is too long")),
        (10_060_014, Wrong("a parameter")),
        (10_060_020, Wrong("the payment has no description")),
        (10_060_024, Wrong("too many packages")),
        (10_060_025, Wrong("the carrier's code is too long")),
        (10_060_026, Wrong("the tracking number is too long")),
        (268_485_216, Wrong("the time of the report")),
        (268_485_224, Wrong("the delivery mode")),
        (268_485_194, Wrong("the kind of number")),
        (268_485_195, Wrong("the transaction_id")),
        (268_485_196, Wrong("the mchid")),
        (268_485_197, Wrong("the out_trade_no")),
        (268_485_226, Wrong("the tracking number is missing or illegal")),
        (268_485_227, Wrong("the carrier's code is missing or illegal")),
        (268_485_228, Wrong("one package is told as one, and not more")),
    ]
};

/// What a code means; a code that nobody has described is not the end.
pub(super) fn meaning(errcode: i64) -> Meaning {
    TABLE.iter().find(|(code, _)| *code == errcode).map_or(Meaning::Later, |(_, meaning)| *meaning)
}

/// What a refusal says to the port. Of a token that is refused once more than it is renewed, nothing better can
/// be said than that the credentials are not good.
pub(super) fn refused(errcode: i64) -> Result<(), ShippingError> {
    Err(match meaning(errcode) {
        Meaning::Unchanged => return Ok(()),
        Meaning::Later => ShippingError::Later(format!("errcode {errcode}")),
        Meaning::NotKnown => ShippingError::NotYetKnown,
        Meaning::AlreadyShipped => ShippingError::AlreadyShipped,
        Meaning::CorrectionUsed => ShippingError::CorrectionUsed,
        Meaning::NotShippable => ShippingError::NotShippable,
        Meaning::Wrong(what) => ShippingError::Wrong { errcode, what },
        Meaning::TokenRefused | Meaning::Misconfigured => ShippingError::Misconfigured { errcode },
    })
}
