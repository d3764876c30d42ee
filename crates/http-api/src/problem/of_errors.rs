//! What every error of the application means to a client: one exhaustive match per type. Those of buying are
//! in `of_buying.rs`.
//!
//! May not pass on another layer's text, but for the names of things that the client named itself.

use super::{Code, FieldError, Problem};
use crate::wire::order::View;
use actix_web::http::StatusCode;
use domain::case::CaseRefusal;
use domain::changeset::Refusal;
use domain::order::Rejection;
use domain::ports::{LoginError, NoticeError, StoreError, WechatRefusal};
use domain::refund::REFUNDS_MAX;
use domain::shipment::PACKAGES_MAX;
use usecases::{
    ActError, CaseError, CollectError, LoginRefused, NoticeAnswer, PutError, SpendError, SyncError,
    TransactError,
};

/// When a client that met a busy service may come back, in seconds.
const BUSY_RETRY_S: u32 = 1;
/// When a client that met its own twin may come back, in seconds.
const TWIN_RETRY_S: u32 = 2;
/// When a courier who met an online payment may come back, in seconds.
const COLLECT_RETRY_S: u32 = 3;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            StoreError::Unavailable(why) => {
                tracing::warn!(why, "the store is unavailable");
                try_again()
            }
            StoreError::Corrupt(why) => {
                tracing::error!(why, "the store holds something impossible");
                Problem::internal()
            }
        }
    }
}

impl From<LoginRefused> for Problem {
    fn from(error: LoginRefused) -> Problem {
        match error {
            LoginRefused::Login(LoginError::Refused(errcode)) => {
                tracing::info!(errcode, "WeChat refused a login code");
                Problem::new(Code::LoginRefused, "ask wx.login for a new code")
            }
            LoginRefused::Login(LoginError::Unavailable(why)) => {
                tracing::warn!(why, "WeChat login is unavailable");
                Problem::new(Code::WechatUnavailable, "ask wx.login for a new code and come back")
                    .retry_after(BUSY_RETRY_S)
            }
            LoginRefused::Store(error) => error.into(),
        }
    }
}

impl From<TransactError> for Problem {
    fn from(error: TransactError) -> Problem {
        match error {
            TransactError::NotFound => Problem::not_found(),
            TransactError::VersionMoved => Problem::version_conflict(),
            TransactError::Rejected(why) => {
                tracing::info!(error = %why, "the order refused");
                why.into()
            }
            TransactError::Refused(refusal) => refusal.into(),
            TransactError::Impossible(_) => Problem::internal(),
            TransactError::Busy(why) => {
                tracing::warn!(why, "gave up for now");
                try_again()
            }
            TransactError::Store(error) => error.into(),
        }
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Problem {
        match rejection {
            Rejection::NotPayable | Rejection::TooManyPayments => not_payable(),
            Rejection::PayerUnknown => openid_required(),
            Rejection::WayNotOffered => way_not_offered(),
            Rejection::NotCancellable => Problem::new(
                Code::OrderNotCancellable,
                "it is on its way or done, or WeChat Pay does not take its money back any more",
            ),
            Rejection::RefundUnknown(_) => Problem::not_found(),
            Rejection::NotRefundable => Problem::not_refundable(),
            Rejection::LineUnknown(line_no) => {
                let message = format!("line {line_no} is not of this order, or named twice");
                Problem::new(Code::ItemNotFound, "look at the lines of the order")
                    .with_errors(vec![FieldError::new("lines", "item_not_found", message)])
            }
            Rejection::RefundExceedsPaid => Problem::new(
                Code::RefundExceedsPaid,
                "look at paid_fen and at the refunds: what they hold cannot be asked for again",
            ),
            Rejection::TooManyRefunds => Problem::new(
                Code::RefundLimitReached,
                format!("one payment has at most {REFUNDS_MAX} refunds"),
            ),
            Rejection::RefundNumberTaken(_) => refund_number_taken(),
            Rejection::NeedsAnother => Problem::new(
                Code::Forbidden,
                "an approver who did not ask for it has to approve this refund",
            ),
            Rejection::PackageKnown => Problem::new(
                Code::OrderStateConflict,
                "a package of this carrier and number is recorded already",
            ),
            Rejection::TooManyPackages => Problem::new(
                Code::OrderStateConflict,
                format!("one order is sent in at most {PACKAGES_MAX} packages"),
            ),
            Rejection::CashDiffers => {
                Problem::new(Code::CodAmountDiffers, "what is collected is the order's total_fen")
            }
            Rejection::PaymentInProgress => payment_in_progress(),
            Rejection::WrongState
            | Rejection::NotDue
            | Rejection::PaymentUnknown(_)
            | Rejection::OtherMerchant
            | Rejection::Unconfirmed
            | Rejection::RefundTooSoon { .. }
            | Rejection::RefundDiffers { .. }
            | Rejection::TransactionDiffers { .. } => state_conflict(),
        }
    }
}

impl From<ActError> for Problem {
    fn from(error: ActError) -> Problem {
        match error {
            ActError::KeyReused => Problem::key_reused(),
            ActError::InProgress => in_progress(),
            ActError::Transact(error) => error.into(),
        }
    }
}

impl Problem {
    /// WeChat Pay does not send a refund to that card.
    pub(crate) fn application_refused(refusal: WechatRefusal) -> Problem {
        let mut problem = Problem::new(
            Code::WechatRefused,
            "WeChat Pay did not take it on; the refund is abnormal as before, and may be applied for again",
        );
        problem.more.wechat = Some(refusal);
        problem
    }

    /// Why no cash is recorded, as `view` sees it.
    pub(crate) fn of_collecting(error: CollectError, view: View) -> Problem {
        match error {
            CollectError::PaymentInProgress => payment_in_progress(),
            CollectError::PaidOnline(order) => Problem::paid_online(&order, view),
            CollectError::Act(error) => error.into(),
        }
    }
}

impl From<SyncError> for Problem {
    fn from(error: SyncError) -> Problem {
        match error {
            SyncError::NotFound => Problem::not_found(),
            SyncError::Unheard => {
                Problem::new(Code::WechatUnavailable, "WeChat Pay gave no answer: ask again")
                    .retry_after(BUSY_RETRY_S)
            }
            SyncError::Transact(error) => error.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        match refusal {
            Refusal::Stock(sku) => {
                Problem::of_sku(Code::OutOfStock, &sku, "less is available than was asked for")
            }
            Refusal::Coupon(_) => Problem::new(Code::CouponNotUsable, "another order has it"),
            Refusal::TooManyOpenOrders => too_many_open_orders(),
            Refusal::Balance(_) => insufficient(),
            Refusal::PriceMoved(_)
            | Refusal::CouponMoved(_)
            | Refusal::ListTaken
            | Refusal::NumberTaken
            | Refusal::Fenced => try_again(),
            Refusal::TransactionTaken => state_conflict(),
            Refusal::RefundNumberTaken => refund_number_taken(),
            Refusal::EffectTaken(effect) | Refusal::TransferTaken(effect) => {
                tracing::error!(effect, "what may happen once was to happen again");
                Problem::internal()
            }
        }
    }
}

impl From<CaseError> for Problem {
    fn from(error: CaseError) -> Problem {
        match error {
            CaseError::NotFound => Problem::not_found(),
            CaseError::Refused(refusal) => {
                let detail = match refusal {
                    CaseRefusal::Over => "it is over; the same trouble again is another case",
                    CaseRefusal::NothingToRetry => "no work belongs to it that could be done again",
                };
                Problem::new(Code::CaseStateConflict, detail)
            }
            CaseError::KeyReused => Problem::key_reused(),
            CaseError::Transact(error) => error.into(),
        }
    }
}

impl From<SpendError> for Problem {
    fn from(error: SpendError) -> Problem {
        match error {
            SpendError::NotFound => Problem::not_found(),
            SpendError::TooFew => insufficient(),
            SpendError::KeyReused => Problem::key_reused(),
            SpendError::Transact(error) => error.into(),
        }
    }
}

impl From<PutError> for Problem {
    fn from(error: PutError) -> Problem {
        match error {
            PutError::VersionRequired => Problem::precondition_required(),
            PutError::VersionMoved => Problem::version_conflict(),
            PutError::Store(error) => error.into(),
        }
    }
}

impl Problem {
    /// A change to something that exists, without a version.
    pub(crate) fn precondition_required() -> Problem {
        Problem::new(Code::PreconditionRequired, "send the ETag of what you saw as If-Match")
    }

    /// A change to something that changed meanwhile.
    pub(crate) fn version_conflict() -> Problem {
        Problem::new(Code::VersionConflict, "it is not at the version of If-Match")
    }

    /// What was paid does not go back: nothing came, not this way, or too long ago.
    pub(crate) fn not_refundable() -> Problem {
        Problem::new(
            Code::OrderNotRefundable,
            "no WeChat Pay money of the last 365 days is recorded as its payment",
        )
    }

    /// The key was used for another request.
    pub(crate) fn key_reused() -> Problem {
        Problem::new(Code::IdempotencyKeyReused, "draw a new key for a new request")
    }
}

pub(super) fn in_progress() -> Problem {
    Problem::new(Code::RequestInProgress, "come back with the same key").retry_after(TWIN_RETRY_S)
}

pub(super) fn openid_required() -> Problem {
    Problem::new(Code::OpenidRequired, "JSAPI needs the buyer's openid")
}

/// The form has been read: what is missing is a mobile app in the configuration.
fn way_not_offered() -> Problem {
    Problem::invalid([FieldError::new("trade_type", "invalid", "is not offered here")])
}

pub(super) fn not_payable() -> Problem {
    Problem::new(Code::OrderNotPayable, "it is paid, closed, or too little time is left")
}

fn payment_in_progress() -> Problem {
    let detail = "its end is being negotiated with WeChat Pay: come back with the same request";
    Problem::new(Code::PaymentInProgress, detail).retry_after(COLLECT_RETRY_S)
}

pub(super) fn state_conflict() -> Problem {
    Problem::new(
        Code::OrderStateConflict,
        "the order is not where this can happen: look at its status",
    )
}

fn refund_number_taken() -> Problem {
    Problem::new(Code::OrderStateConflict, "this out_refund_no is another refund's")
}

fn try_again() -> Problem {
    Problem::new(Code::TryAgain, "nothing is known to have happened").retry_after(BUSY_RETRY_S)
}

pub(super) fn insufficient() -> Problem {
    Problem::new(Code::InsufficientBalance, "look at the balance: nothing was taken")
}

pub(super) fn too_many_open_orders() -> Problem {
    let max = domain::order::OPEN_ORDERS_MAX;
    Problem::new(Code::TooManyOpenOrders, format!("at most {max} unpaid orders"))
}

/// What WeChat Pay is answered: `None` as message acknowledges (ruling 8).
pub(crate) fn notice_status(answer: &NoticeAnswer) -> (StatusCode, Option<&'static str>) {
    match answer {
        NoticeAnswer::Acknowledged => (StatusCode::NO_CONTENT, None),
        NoticeAnswer::Refused(NoticeError::Untrusted(_) | NoticeError::Probe) => {
            (StatusCode::UNAUTHORIZED, Some("not trusted"))
        }
        NoticeAnswer::Refused(NoticeError::Malformed(_)) => {
            (StatusCode::BAD_REQUEST, Some("malformed"))
        }
        NoticeAnswer::Refused(NoticeError::KeysUnavailable) => {
            (StatusCode::SERVICE_UNAVAILABLE, Some("keys unavailable, send again"))
        }
        NoticeAnswer::Orphan => (StatusCode::SERVICE_UNAVAILABLE, Some("unknown number")),
        NoticeAnswer::TryAgain => (StatusCode::SERVICE_UNAVAILABLE, Some("send again")),
    }
}
