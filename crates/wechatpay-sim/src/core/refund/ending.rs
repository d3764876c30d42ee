//! How refunds end: by plan, by a test's word, or for want of balance; and the notification of it (`v3.md` §6.2b).
//!
//! MAY NOT end what has ended. A refund without a `notify_url` ends without a word: this merchant has none on the platform.

use serde::Deserialize;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::core::WeChatPay;
use crate::core::ledger::ControlRefusal;
use crate::core::notice::{Event, Notice, NoticeOf};
use crate::core::ports::Ports;
use crate::core::refund::{Refund, RefundPlan, RefundStatus, UNFUNDED_LIFE};
use crate::core::settings::{MerchantBalance, Settings};

/// How a refund ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundOutcome {
    /// The money has arrived.
    #[default]
    Success,
    /// The money could not reach the buyer; somebody must act.
    Abnormal,
    /// It failed; only a new number can try again.
    Closed,
}

impl RefundOutcome {
    /// The state it leads to.
    pub fn status(self) -> RefundStatus {
        match self {
            Self::Success => RefundStatus::Success,
            Self::Abnormal => RefundStatus::Abnormal,
            Self::Closed => RefundStatus::Closed,
        }
    }
}

/// How and when a new refund ends, as a fault rule chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundEnding {
    /// As `outcome`, so many milliseconds after it was accepted; without a time, after `refund_takes_ms`.
    After(RefundOutcome, Option<u64>),
    /// It stays `PROCESSING` until it is closed after 7 days.
    StaysProcessing,
}

impl Default for RefundEnding {
    fn default() -> Self {
        Self::After(RefundOutcome::default(), None)
    }
}

impl RefundEnding {
    /// The plan of a refund that is accepted now.
    pub(super) fn plan(self, now: OffsetDateTime, settings: &Settings) -> RefundPlan {
        match self {
            Self::StaysProcessing => RefundPlan {
                at: now + UNFUNDED_LIFE,
                outcome: RefundOutcome::Closed,
                unfunded: None,
            },
            Self::After(outcome, ms) => {
                let ms = i64::try_from(ms.unwrap_or(settings.refund_takes_ms)).unwrap_or(i64::MAX);
                let at = now.checked_add(Duration::milliseconds(ms)).unwrap_or(now);
                RefundPlan { at, outcome, unfunded: None }
            }
        }
    }
}

/// `POST /_sandbox/refund/{out_refund_no}`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettleForm {
    /// How it ends.
    pub outcome: RefundOutcome,
}

impl WeChatPay {
    /// Ends a refund now as a test says; answers it as the ledger shows it.
    pub fn settle_refund(
        &mut self,
        out_refund_no: &str,
        form: SettleForm,
        ports: &mut Ports<'_>,
    ) -> Result<Value, ControlRefusal> {
        self.catch_up(ports);
        let refund = self.refunds.get(out_refund_no).ok_or_else(no_such_refund)?;
        match (refund.status(), form.outcome) {
            (RefundStatus::Processing, RefundOutcome::Closed) if refund.was_abnormal() => {
                let why = "a refund that was ABNORMAL can only become SUCCESS, or ABNORMAL again";
                return Err(ControlRefusal::conflict("refund_abnormal", why));
            }
            (RefundStatus::Processing, _) | (RefundStatus::Abnormal, RefundOutcome::Success) => {}
            (RefundStatus::Abnormal, RefundOutcome::Abnormal | RefundOutcome::Closed) => {
                let why = "an ABNORMAL refund can only become SUCCESS";
                return Err(ControlRefusal::conflict("refund_abnormal", why));
            }
            (RefundStatus::Success | RefundStatus::Closed, _) => {
                let why = "the refund has ended for ever";
                return Err(ControlRefusal::conflict("refund_final", why));
            }
        }
        self.refund_becomes(out_refund_no, form.outcome, ports.at.business, ports);
        self.refunds.get(out_refund_no).map(Refund::view).ok_or_else(no_such_refund)
    }

    /// Ends the refund that has come to its planned end, unless the merchant cannot pay for it: then it waits for the
    /// balance until it is closed. One that was abnormal has been paid for.
    pub(crate) fn end_refund(
        &mut self,
        out_refund_no: &str,
        at: OffsetDateTime,
        ports: &mut Ports<'_>,
    ) {
        let Some(refund) = self.refunds.get(out_refund_no) else { return };
        let Some(plan) = refund.plan else { return };
        let funded =
            self.settings.merchant_balance == MerchantBalance::Enough || refund.was_abnormal();
        if funded || plan.outcome == RefundOutcome::Closed {
            return self.refund_becomes(out_refund_no, plan.outcome, at, ports);
        }
        self.refunds.change(out_refund_no, |refund| {
            refund.plan = Some(RefundPlan {
                at: at.max(refund.created_at + UNFUNDED_LIFE),
                outcome: RefundOutcome::Closed,
                unfunded: Some(plan.outcome),
            });
        });
    }

    /// There is balance again: the refunds that waited for it end now, as they would have.
    pub(crate) fn balance_is_back(&mut self, ports: &mut Ports<'_>) {
        for number in self.refunds.unfunded() {
            let plan = self.refunds.get(&number).and_then(|refund| refund.plan);
            if let Some(outcome) = plan.and_then(|plan| plan.unfunded) {
                self.refund_becomes(&number, outcome, ports.at.business, ports);
            }
        }
    }

    fn refund_becomes(
        &mut self,
        out_refund_no: &str,
        outcome: RefundOutcome,
        at: OffsetDateTime,
        ports: &mut Ports<'_>,
    ) {
        self.refunds.change(out_refund_no, |refund| {
            refund.changes.push((at, outcome.status()));
            refund.plan = None;
        });
        let Some(refund) = self.refunds.get(out_refund_no) else { return };
        let (out_trade_no, money) = (refund.out_trade_no.clone(), refund.money);
        let notice = notice_of(refund, outcome, at, ports);
        if let Some(payment) = self.payment_of(&out_trade_no) {
            match outcome {
                RefundOutcome::Success => payment.refunds.succeeded(money),
                RefundOutcome::Closed => payment.refunds.closed(money),
                RefundOutcome::Abnormal => {}
            }
        }
        if let Some(notice) = notice {
            self.outbox.add(notice);
        }
    }
}

fn notice_of(
    refund: &Refund,
    outcome: RefundOutcome,
    at: OffsetDateTime,
    ports: &mut Ports<'_>,
) -> Option<Notice> {
    let url = refund.form.notify_url.clone()?;
    let event = match outcome {
        RefundOutcome::Success => Event::RefundSuccess,
        RefundOutcome::Abnormal => Event::RefundAbnormal,
        RefundOutcome::Closed => Event::RefundClosed,
    };
    let of = NoticeOf {
        out_trade_no: refund.out_trade_no.clone(),
        out_refund_no: Some(refund.form.out_refund_no.clone()),
    };
    Some(Notice::new((event, refund.to_resource(at)), of, url, at, ports))
}

fn no_such_refund() -> ControlRefusal {
    ControlRefusal::not_found("no refund with this out_refund_no")
}
