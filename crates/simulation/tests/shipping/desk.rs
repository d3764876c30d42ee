//! The application over these ports: what a report does not ask answers nobody.

use std::sync::Arc;

use domain::fact::{PaymentFact, RefundFact};
use domain::names::{Appid, Mchid, Openid};
use domain::payment::{Credential, Payment, Terms};
use domain::ports::*;
use domain::{Fen, OutRefundNo, OutTradeNo, Pace, Timestamp};
use store_memory::MemoryStore;
use usecases::{Epochs, Paydesk, QueryBudget, ReportRoom};

use crate::outside::{APPID, Counted, Hand, MCHID};

pub(crate) fn desk(
    store: &Arc<MemoryStore>,
    clock: &Arc<Hand>,
    shipping: Arc<dyn ShippingManagement>,
) -> Paydesk {
    Paydesk {
        orders: store.clone(),
        jobs: store.clone(),
        catalogue: store.clone(),
        rules: store.clone(),
        packages: store.clone(),
        ledger: store.clone(),
        coupons: store.clone(),
        book: store.clone(),
        access: store.clone(),
        cases: store.clone(),
        invariants: Arc::new(Nobody),
        gateway: Arc::new(Nobody),
        notices: Arc::new(Nobody),
        login: Arc::new(Nobody),
        shipping: Some(shipping),
        clock: clock.clone(),
        ids: Arc::new(Counted::default()),
        events: Arc::new(Nobody),
        query_budget: QueryBudget::new(100),
        report_room: ReportRoom::default(),
        epochs: Epochs::default(),
        settings: usecases::Settings {
            deployment_id: "sim".to_owned(),
            mchid: Mchid::new(MCHID),
            appid: Appid::new(APPID),
            mobile_appid: None,
            checkout_deadline_s: 1_800,
            direct_deadline_s: 900,
            session_s: 3_600,
            longest_call_s: 5,
            pace: Pace::DESIGNED,
            refund_approval_above: Fen::LIMIT,
        },
    }
}

/// What is not asked here.
struct Nobody;

fn nobody<'a, T>() -> PortFuture<'a, T> {
    panic!("a report asks nobody but shipping management")
}

impl EventSink for Nobody {
    fn committed(&self, _committed: &Committed) {}
}

impl LoginGateway for Nobody {
    fn openid<'a>(&'a self, _: &'a str) -> PortFuture<'a, Result<(Appid, Openid), LoginError>> {
        nobody()
    }
}

impl NoticeOpener for Nobody {
    fn open<'a>(
        &'a self,
        _: &'a RawNotice,
        _: Timestamp,
    ) -> PortFuture<'a, Result<Notice, NoticeError>> {
        nobody()
    }
}

impl Invariants for Nobody {
    fn check(&self, _: Pace) -> PortFuture<'_, Result<Vec<InvariantReport>, StoreError>> {
        nobody()
    }

    fn check_part(
        &self,
        _: Part,
        _: Pace,
    ) -> PortFuture<'_, Result<Vec<InvariantReport>, StoreError>> {
        nobody()
    }
}

impl PaymentGateway for Nobody {
    fn compose_prepay(&self, _: &Terms) -> String {
        String::new()
    }

    fn prepay<'a>(&'a self, _: &'a Payment) -> PortFuture<'a, Result<Credential, GatewayError>> {
        nobody()
    }

    fn query<'a>(&'a self, _: &'a OutTradeNo) -> PortFuture<'a, Result<PaymentFact, GatewayError>> {
        nobody()
    }

    fn close<'a>(&'a self, _: &'a OutTradeNo) -> PortFuture<'a, Result<(), GatewayError>> {
        nobody()
    }

    fn refund<'a>(
        &'a self,
        _: &'a RefundRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        nobody()
    }

    fn query_refund<'a>(
        &'a self,
        _: &'a OutRefundNo,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        nobody()
    }

    fn apply_abnormal<'a>(
        &'a self,
        _: &'a AbnormalRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        nobody()
    }

    fn pay_params(&self, _: &Payment) -> Option<PayParams> {
        None
    }
}
