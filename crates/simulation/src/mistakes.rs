//! Mistakes that production is made to make on purpose, so that it is known that they are found.
//!
//! Each wraps a port or a step of one node; production code itself stays as it is.

mod jobs;

pub(crate) use jobs::moves_jobs_alone;

use crate::wechat::Keys;
use crate::world::World;
use domain::fact::{Evidence, PaymentFact, RefundFact, Trade};
use domain::names::Mchid;
use domain::payment::{Credential, Payment, Terms};
use domain::ports::{
    AbnormalRequest, GatewayError, PayParams, PaymentGateway, PortFuture, RefundRequest,
};
use domain::{OutRefundNo, OutTradeNo};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mistake {
    /// A notification is acknowledged before it is applied.
    AcknowledgesFirst,
    /// A close that was answered well is taken as closed, and nobody asks.
    CloseMeansClosed,
    /// A prepay whose answer was lost is taken as refused.
    SilenceMeansRefused,
    /// After a failover the jobs that there are move, and what waits for a person gets none.
    RouseMovesJobsAlone,
}

impl Mistake {
    /// Every mistake.
    pub const ALL: [Mistake; 4] = [
        Mistake::AcknowledgesFirst,
        Mistake::CloseMeansClosed,
        Mistake::SilenceMeansRefused,
        Mistake::RouseMovesJobsAlone,
    ];

    /// As it is given on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mistake::AcknowledgesFirst => "acknowledges-first",
            Mistake::CloseMeansClosed => "close-means-closed",
            Mistake::SilenceMeansRefused => "silence-means-refused",
            Mistake::RouseMovesJobsAlone => "rouse-moves-jobs-alone",
        }
    }

    /// The mistake of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Mistake> {
        Mistake::ALL.into_iter().find(|mistake| mistake.name() == name)
    }
}

/// The gateway as the world's mistake has it.
pub(crate) fn gateway(world: &World, inner: Arc<dyn PaymentGateway>) -> Arc<dyn PaymentGateway> {
    match world.mistake() {
        Some(mistake @ (Mistake::CloseMeansClosed | Mistake::SilenceMeansRefused)) => {
            Arc::new(Mistaken { inner, mistake, closed: Mutex::default() })
        }
        Some(Mistake::AcknowledgesFirst | Mistake::RouseMovesJobsAlone) | None => inner,
    }
}

struct Mistaken {
    inner: Arc<dyn PaymentGateway>,
    mistake: Mistake,
    closed: Mutex<BTreeSet<OutTradeNo>>,
}

impl PaymentGateway for Mistaken {
    fn compose_prepay(&self, terms: &Terms) -> String {
        self.inner.compose_prepay(terms)
    }

    fn prepay<'a>(
        &'a self,
        payment: &'a Payment,
    ) -> PortFuture<'a, Result<Credential, GatewayError>> {
        Box::pin(async move {
            match self.inner.prepay(payment).await {
                Err(GatewayError::OutcomeUnknown(_))
                    if self.mistake == Mistake::SilenceMeansRefused =>
                {
                    Err(GatewayError::Refused(domain::ports::WechatRefusal::default()))
                }
                other => other,
            }
        })
    }

    fn query<'a>(
        &'a self,
        out_trade_no: &'a OutTradeNo,
    ) -> PortFuture<'a, Result<PaymentFact, GatewayError>> {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.contains(out_trade_no) {
            let fact = PaymentFact::attested(
                Evidence::Query { request_id: None },
                Mchid::new(Keys::MCHID),
                out_trade_no.clone(),
                Trade::Closed,
                None,
            );
            return Box::pin(std::future::ready(Ok(fact)));
        }
        self.inner.query(out_trade_no)
    }

    fn close<'a>(
        &'a self,
        out_trade_no: &'a OutTradeNo,
    ) -> PortFuture<'a, Result<(), GatewayError>> {
        Box::pin(async move {
            let answer = self.inner.close(out_trade_no).await;
            if answer.is_ok() && self.mistake == Mistake::CloseMeansClosed {
                let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
                closed.insert(out_trade_no.clone());
            }
            answer
        })
    }

    fn refund<'a>(
        &'a self,
        request: &'a RefundRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        self.inner.refund(request)
    }

    fn query_refund<'a>(
        &'a self,
        out_refund_no: &'a OutRefundNo,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        self.inner.query_refund(out_refund_no)
    }

    fn apply_abnormal<'a>(
        &'a self,
        request: &'a AbnormalRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        self.inner.apply_abnormal(request)
    }

    fn pay_params(&self, payment: &Payment) -> Option<PayParams> {
        self.inner.pay_params(payment)
    }
}
