//! Asked before it is told, told once, and left to a person when it cannot be told.

use crate::Paydesk;
use crate::mocks::{MockDrawer, MockGateway, desk, ready};
use crate::samples::{Life, living, now, order, paid};
use domain::Timestamp;
use domain::case::{Case, CaseKind, CaseStatus};
use domain::changeset::Fence;
use domain::job::{JobId, SHIPPING_DEADLINE_S};
use domain::names::{Appid, Openid, TransactionId};
use domain::order::{Command, Decision, Order};
use domain::payment::{Channel, TradeType};
use domain::ports::{
    CaseListing, Finish, LeasedJob, PortFuture, ShippingError, ShippingManagement,
};
use domain::shipment::{LogisticsType, Package, ShipmentDraft};
use domain::shipping_info::{RecordedPackage, ShippingInfo, ShippingRecord, ShippingState};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Shipping management that answers what it was told to, in order.
struct Platform {
    appid: Appid,
    managed: Result<bool, ShippingError>,
    records: Mutex<VecDeque<Result<Option<ShippingRecord>, ShippingError>>>,
    answers: Mutex<VecDeque<Result<(), ShippingError>>>,
    told: Mutex<Vec<ShippingInfo>>,
}

type Records = Vec<Result<Option<ShippingRecord>, ShippingError>>;

impl Platform {
    fn knowing(records: Records, answers: Vec<Result<(), ShippingError>>) -> Platform {
        Platform {
            appid: Appid::new("wx-mini"),
            managed: Ok(true),
            records: Mutex::new(records.into()),
            answers: Mutex::new(answers.into()),
            told: Mutex::default(),
        }
    }
}

impl ShippingManagement for Platform {
    fn appid(&self) -> &Appid {
        &self.appid
    }

    fn is_managed(&self) -> PortFuture<'_, Result<bool, ShippingError>> {
        ready(self.managed.clone())
    }

    fn tell<'a>(&'a self, info: &'a ShippingInfo) -> PortFuture<'a, Result<(), ShippingError>> {
        self.told.lock().unwrap().push(info.clone());
        ready(self.answers.lock().unwrap().pop_front().expect("told once more than expected"))
    }

    fn record<'a>(
        &'a self,
        _transaction_id: &'a TransactionId,
    ) -> PortFuture<'a, Result<Option<ShippingRecord>, ShippingError>> {
        ready(self.records.lock().unwrap().pop_front().expect("asked once more than expected"))
    }
}

/// Paid inside WeChat and sent `age_s` seconds ago.
fn shipped(age_s: i64) -> Order {
    let mut order = order();
    order.payments[0].terms.channel = Channel::Wechat(TradeType::Jsapi);
    order.payments[0].terms.payer = Some(Openid::new("o-alice"));
    let at = now().plus_seconds(-age_s);
    let ship = Command::Ship(ShipmentDraft {
        logistics_type: LogisticsType::Express,
        packages: vec![Package {
            express_company: Some("ZTO".to_owned()),
            tracking_no: Some("Z-1".to_owned()),
            item_desc: "茶".to_owned(),
            contact: None,
        }],
        is_all_delivered: true,
    });
    let settled = paid(&order);
    [settled, ship].iter().fold(order, |order, command| match order.decide(command, at).unwrap() {
        Decision::Record(events) => order.after(&events),
        Decision::AlreadyApplied => panic!("nothing happened"),
    })
}

/// Where it stands, and the numbers that are known.
fn record(state: ShippingState, numbers: &[&str]) -> ShippingRecord {
    let is_finished = state != ShippingState::ToBeShipped;
    let package = |number: &&str| RecordedPackage {
        express_company: Some("ZTO".to_owned()),
        tracking_no: Some((*number).to_owned()),
        item_desc: "茶".to_owned(),
        upload_time: now(),
    };
    ShippingRecord {
        state,
        is_finished,
        times_finished: i64::from(is_finished),
        delivery_mode: None,
        logistics_type: Some(LogisticsType::Express),
        packages: numbers.iter().map(package).collect(),
    }
}

fn nothing() -> Result<Option<ShippingRecord>, ShippingError> {
    Ok(Some(record(ShippingState::ToBeShipped, &[])))
}

fn known() -> Result<Option<ShippingRecord>, ShippingError> {
    Ok(Some(record(ShippingState::Shipped, &["Z-1"])))
}

fn busy() -> ShippingError {
    ShippingError::Later("errcode -1".to_owned())
}

struct Setting {
    desk: Paydesk,
    platform: Arc<Platform>,
    life: Arc<Mutex<Life>>,
    order: Order,
}

fn setting(order: Order, platform: Platform) -> Setting {
    let (orders, life) = living(order.clone());
    let mut desk = desk(orders, MockGateway::new(), now());
    let platform = Arc::new(platform);
    desk.shipping = Some(platform.clone());
    let mut drawer = MockDrawer::new();
    drawer.expect_cases().returning(|_| ready(Ok(CaseListing { cases: Vec::new(), more: false })));
    desk.cases = Arc::new(drawer);
    Setting { desk, platform, life, order }
}

impl Setting {
    async fn report(&self) -> Finish {
        let job = LeasedJob {
            fence: Fence { job: JobId::report(&self.order.number), token: 1 },
            attempts: 1,
            wanted: false,
        };
        self.desk.report_shipment(&self.order.number, &job).await.unwrap()
    }

    fn told(&self) -> usize {
        self.platform.told.lock().unwrap().len()
    }

    /// The cases that were opened, and whether one was ended.
    fn cases(&self) -> (Vec<String>, bool) {
        let life = self.life.lock().unwrap();
        assert!(
            life.written.iter().all(|written| written.fence.is_some()),
            "every write is fenced"
        );
        assert!(life.written.iter().all(|written| written.order.is_none()), "no order changes");
        let opened = life.written.iter().flat_map(|written| &written.cases);
        let opened = opened.inspect(|case| {
            assert_eq!(case.kind, CaseKind::ShippingInfo);
            assert_eq!(case.subject, self.order.number.as_str());
        });
        let opened = opened.map(|case| case.detail.clone()).collect();
        (opened, life.written.iter().any(|written| !written.ended_cases.is_empty()))
    }

    fn wrote_nothing(&self) -> bool {
        self.life.lock().unwrap().written.is_empty()
    }
}

fn seconds_until(finish: &Finish) -> i64 {
    let Finish::Again(at) = finish else { panic!("not again: {finish:?}") };
    at.seconds_since(now())
}

#[tokio::test]
async fn what_was_shipped_is_told_once() {
    let setting = setting(shipped(60), Platform::knowing(vec![nothing()], vec![Ok(())]));
    assert_eq!(setting.report().await, Finish::Done);
    let told = setting.platform.told.lock().unwrap();
    assert_eq!((told[0].transaction_id.as_str(), told[0].payer.as_str()), ("T-1", "o-alice"));
    assert_eq!(setting.cases(), (Vec::new(), true), "and a case about it would be over");
}

#[tokio::test]
async fn what_is_known_already_is_not_told() {
    for state in [ShippingState::Shipped, ShippingState::Received, ShippingState::Refunded] {
        let known = Ok(Some(record(state, &["Z-1"])));
        let setting = setting(shipped(60), Platform::knowing(vec![known], vec![]));
        assert_eq!(setting.report().await, Finish::Done, "{state:?}");
        assert_eq!(setting.told(), 0);
    }
}

#[tokio::test]
async fn a_report_whose_answer_was_lost_is_asked_about_before_it_is_told_again() {
    let platform = Platform::knowing(vec![nothing(), known()], vec![Err(busy())]);
    let setting = setting(shipped(0), platform);
    assert_eq!(seconds_until(&setting.report().await), 5);
    assert!(setting.wrote_nothing());
    // The room rests; the clock of this test stands still, so another process goes on.
    let mut setting = setting;
    setting.desk.report_room = crate::ReportRoom::default();
    assert_eq!(setting.report().await, Finish::Done);
    assert_eq!(setting.told(), 1);
}

#[tokio::test]
async fn after_one_that_came_to_nothing_the_others_are_put_off() {
    let platform = Platform::knowing(vec![Err(busy())], vec![]);
    let setting = setting(shipped(60), platform);
    assert_eq!(seconds_until(&setting.report().await), 30);
    assert!(matches!(setting.report().await, Finish::PutOff(at) if at > now()));
}

#[tokio::test]
async fn a_payment_that_is_not_known_there_yet_is_waited_for_alone() {
    let platform = Platform::knowing(vec![Ok(None), nothing()], vec![Ok(())]);
    let setting = setting(shipped(1), platform);
    assert_eq!(seconds_until(&setting.report().await), 5);
    assert_eq!(setting.report().await, Finish::Done, "nobody else was put off");
}

#[tokio::test]
async fn whoever_is_not_managed_tells_nothing() {
    let platform = Platform { managed: Ok(false), ..Platform::knowing(vec![], vec![]) };
    assert_eq!(setting(shipped(60), platform).report().await, Finish::Done);
    let busy = Platform { managed: Err(busy()), ..Platform::knowing(vec![], vec![]) };
    assert_eq!(seconds_until(&setting(shipped(60), busy).report().await), 30);
    let other = Platform { appid: Appid::new("wx-other"), ..Platform::knowing(vec![], vec![]) };
    assert_eq!(setting(shipped(60), other).report().await, Finish::Done, "another mini program");
    let mut off = setting(shipped(60), Platform::knowing(vec![], vec![]));
    off.desk.shipping = None;
    assert_eq!(off.report().await, Finish::Done);
    assert!(off.wrote_nothing());
}

#[tokio::test]
async fn what_a_person_must_put_right_is_a_case() {
    let wrong =
        ShippingError::Wrong { errcode: 10_060_031, what: "the payment is not this payer's" };
    let setting = setting(shipped(60), Platform::knowing(vec![nothing()], vec![Err(wrong)]));
    assert_eq!(setting.report().await, Finish::Done);
    let (opened, ended) = setting.cases();
    assert!(opened[0].contains("10060031") && opened[0].contains("payer"), "{opened:?}");
    assert_eq!((opened.len(), ended), (1, false));
}

#[tokio::test]
async fn a_refusal_that_depends_on_what_is_known_is_looked_at_once_more() {
    for refused in
        [ShippingError::AlreadyShipped, ShippingError::CorrectionUsed, ShippingError::NotShippable]
    {
        let there = Platform::knowing(vec![nothing(), known()], vec![Err(refused.clone())]);
        let over = setting(shipped(60), there);
        assert_eq!(over.report().await, Finish::Done);
        assert_eq!(over.cases(), (Vec::new(), true), "{refused}: it is known after all");
        let other = Ok(Some(record(ShippingState::Shipped, &["Z-9"])));
        let not_there = Platform::knowing(vec![nothing(), other], vec![Err(refused.clone())]);
        let given_up = setting(shipped(60), not_there);
        assert_eq!(given_up.report().await, Finish::Done);
        let (opened, _) = given_up.cases();
        assert!(opened[0].contains(&refused.to_string()), "{opened:?}");
        assert_eq!(given_up.told(), 1, "told once");
    }
}

#[tokio::test]
async fn what_was_corrected_before_is_a_case() {
    let mut corrected = record(ShippingState::Shipped, &["Z-9"]);
    corrected.times_finished = 2;
    let setting = setting(shipped(60), Platform::knowing(vec![Ok(Some(corrected))], vec![]));
    assert_eq!(setting.report().await, Finish::Done);
    assert!(setting.cases().0[0].contains("corrected"), "{:?}", setting.cases());
}

#[tokio::test]
async fn what_could_not_be_told_for_a_day_is_a_case() {
    for (answer, word) in [
        (Err(busy()), "errcode -1"),
        (Ok(None), "does not know"),
        (Err(ShippingError::Misconfigured { errcode: 40_125 }), "40125"),
    ] {
        let before = setting(
            shipped(SHIPPING_DEADLINE_S - 1),
            Platform::knowing(vec![answer.clone()], vec![]),
        );
        assert_eq!(seconds_until(&before.report().await), 1_800);
        assert!(before.wrote_nothing());
        let after = setting(shipped(SHIPPING_DEADLINE_S), Platform::knowing(vec![answer], vec![]));
        assert_eq!(after.report().await, Finish::Done);
        let (opened, _) = after.cases();
        assert!(opened[0].contains("for a day") && opened[0].contains(word), "{opened:?}");
    }
}

#[tokio::test]
async fn what_a_person_had_tried_again_and_fails_again_waits_for_a_person_again() {
    let wrong = ShippingError::Wrong { errcode: 10_060_014, what: "a parameter" };
    let mut setting = setting(shipped(60), Platform::knowing(vec![nothing()], vec![Err(wrong)]));
    let subject = setting.order.number.as_str().to_owned();
    let mut drawer = MockDrawer::new();
    drawer.expect_cases().times(1).returning(move |query| {
        assert_eq!(query.status, Some(CaseStatus::Healing));
        assert_eq!(query.subject.as_deref(), Some(subject.as_str()));
        ready(Ok(CaseListing { cases: vec![healing(&subject)], more: false }))
    });
    setting.desk.cases = Arc::new(drawer);
    assert_eq!(setting.report().await, Finish::Done);
    let (opened, ended) = setting.cases();
    assert_eq!((opened.len(), ended), (1, true), "the one that was tried again, and a new one");
}

fn healing(subject: &str) -> Case {
    Case {
        id: domain::CaseId::parse("00000000-0000-0000-0000-000000000001").unwrap(),
        kind: CaseKind::ShippingInfo,
        subject: subject.to_owned(),
        status: CaseStatus::Healing,
        detail: String::new(),
        assignee: None,
        note: None,
        order: None,
        opened_at: Timestamp::from_seconds(0),
    }
}
