//! Buying a recharge: what is placed says itself what is paid, for what, and how.

use super::samples::{asked, deadline, epoch, start};
use crate::catalogue::SkuId;
use crate::changeset::Guard;
use crate::order::{
    Amounts, Event, OPEN_ORDERS_MAX, OrderStatus, PlacementRefusal, Purpose, RechargePurchase,
};
use crate::payment::TradeType;
use crate::recharge::{Credit, PackageId, Promise, RechargePackage};
use crate::{Fen, OrderId, OrderNumber, UserId};
use uuid::Uuid;

const PRICE: Fen = Fen::new(9_900);

fn purchase() -> RechargePurchase {
    RechargePurchase {
        id: OrderId::new(Uuid::from_u128(1)),
        number: OrderNumber::compose(start(), None, 1),
        buyer: UserId::new(Uuid::from_u128(2)),
        package: RechargePackage {
            id: PackageId::parse("gift-100").unwrap(),
            title: "充100送10".to_owned(),
            price: PRICE,
            promise: Promise { credit: Credit::Wallet, principal: 10_000, bonus: 1_000 },
            version: 3,
            set_at: start(),
        },
        pay_deadline: deadline(),
        payment: asked(TradeType::Native),
    }
}

#[test]
fn a_recharge_is_one_thing_at_the_price_of_its_package() {
    let purchase = purchase();
    let events = purchase.decide(start(), &epoch(), &|_| "{}".to_owned()).unwrap();
    let [Event::Placed(order)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((order.purpose, order.status), (Purpose::Recharge, OrderStatus::PendingPayment));
    let amounts = Amounts { items: PRICE, total: PRICE, ..Amounts::default() };
    assert_eq!(order.amounts, amounts);
    let [line] = order.lines.as_slice() else { panic!("{:?}", order.lines) };
    assert_eq!((&line.sku_id, line.amount), (&SkuId::parse("gift-100").unwrap(), PRICE));
    assert_eq!(order.recharge, Some(purchase.package.promise), "as it was offered then");
    assert_eq!(order.checkout.trade_type, Some(TradeType::Native));
    let [payment] = order.payments.as_slice() else { panic!("{:?}", order.payments) };
    assert_eq!((payment.terms.amount, payment.terms.time_expire), (PRICE, deadline()));
    assert!(order.holds.is_empty(), "nothing is on a shelf");
    let open = Guard::OpenOrdersBelow { buyer: purchase.buyer, max: OPEN_ORDERS_MAX };
    assert_eq!(purchase.guards(), [open]);
}

#[test]
fn who_pays_in_a_mini_program_is_known() {
    let mut nobody = purchase();
    nobody.payment = asked(TradeType::Jsapi);
    nobody.payment.payer = None;
    let answer = nobody.decide(start(), &epoch(), &|_| unreachable!("no prepay"));
    assert_eq!(answer, Err(PlacementRefusal::PayerUnknown));
}

#[test]
fn who_pays_in_a_browser_is_somewhere() {
    let mut nowhere = purchase();
    nowhere.payment = asked(TradeType::H5);
    nowhere.payment.client_ip = None;
    let answer = nowhere.decide(start(), &epoch(), &|_| unreachable!("no prepay"));
    assert_eq!(answer, Err(PlacementRefusal::ClientIpUnknown));
}
