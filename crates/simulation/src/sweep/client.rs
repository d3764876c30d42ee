//! A client that knows what it wants and does not give up: the same request under the same key
//! until there is an answer that counts.

mod ahead;
mod looking;
mod shop;
mod wishes;

pub(super) use looking::look;

use crate::actors::{Buyer, at_once, cashier, scope};
use crate::kernel::{Home, Letter, letter};
use crate::node::{Ask, Outcome, Said, Seen, ask};
use crate::time::{MILLI, SECOND, micros};
use crate::world::World;
use domain::buyer::{ItemId, NewItem, Selection};
use domain::cash::{CashReceipt, Courier};
use domain::catalogue::SkuId;
use domain::changeset::Audit;
use domain::names::ClientIp;
use domain::order::{CancelCause, Command, CompletedBy, PayerResult, PaymentMethod, RefundAsk};
use domain::payment::TradeType;
use domain::ports::{AddItemAnswer, BuyerBook as _, OrderKey};
use domain::refund::Asker;
use domain::shipment::{LogisticsType, Package, ShipmentDraft};
use domain::{Fen, OrderNumber, OutRefundNo};
use std::sync::Arc;
use usecases::{Action, CheckoutRequest, Keyed, PayRequest, Target};
use wechatpay_sim::core::pay::PayForm;

/// How often a request is sent at most.
const TRIES: u32 = 40;

const SAME_OUTCOME: &str = "one request under one key has one outcome";

/// A buyer's client, or an operator's.
pub(super) struct Client {
    pub(super) world: Arc<World>,
    buyer: Buyer,
    keys: u32,
}

impl Client {
    pub(super) fn new(world: &Arc<World>, buyer: Buyer) -> Client {
        Client { world: Arc::clone(world), buyer, keys: 0 }
    }

    /// Puts one piece on the list.
    pub(super) fn list(&self, sku: &str) -> Option<ItemId> {
        let item = NewItem { sku_id: SkuId::parse(sku)?, quantity: 1 };
        match at_once(self.world.store.add_item(self.buyer.id, item, 100))?.ok()? {
            AddItemAnswer::Added(line) => Some(line.id),
            AddItemAnswer::NoSuchSku | AddItemAnswer::Full => None,
        }
    }

    /// Checks a line out, under a new key.
    pub(super) async fn check_out(&mut self, item: ItemId, how: Option<TradeType>) -> Option<Said> {
        let request = self.checkout(item, how);
        self.insist(request).await
    }

    /// What checks a line out, under a new key.
    pub(super) fn checkout(&mut self, item: ItemId, how: Option<TradeType>) -> Ask {
        self.checkout_of(item, how, None)
    }

    /// Another checkout of the line, before which an open one has to give way.
    pub(super) fn replacement(&mut self, item: ItemId, how: Option<TradeType>) -> Ask {
        self.checkout_of(item, how, Some("quickly"))
    }

    fn checkout_of(&mut self, item: ItemId, how: Option<TradeType>, remark: Option<&str>) -> Ask {
        let request = self.wish(item, how, remark);
        let keyed = self.keyed("checkout", &format!("{item} {how:?} {remark:?}"));
        Ask::CheckOut(Box::new(request), keyed)
    }

    fn wish(&self, item: ItemId, how: Option<TradeType>, remark: Option<&str>) -> CheckoutRequest {
        CheckoutRequest {
            buyer: self.buyer.id,
            method: PaymentMethod::Wechat,
            selection: Selection::Only(vec![item]),
            address_id: 1,
            coupon_id: None,
            rush: false,
            remark: remark.map(str::to_owned),
            trade_type: how,
            client_ip: how.and_then(client_ip),
            replace_open: remark.is_some(),
            expected_total: None,
        }
    }

    /// What orders a line, to be paid at the door.
    pub(super) fn order_at_the_door(&mut self, item: ItemId) -> Ask {
        let method = PaymentMethod::Cod;
        let request = CheckoutRequest { method, ..self.wish(item, None, None) };
        Ask::CheckOut(Box::new(request), self.keyed("checkout", &format!("{item} at the door")))
    }

    /// What a courier says who took the cash of an order.
    pub(super) fn collection(&mut self, number: &OrderNumber) -> Option<Ask> {
        let total = |order: &domain::order::Order| order.amounts.total;
        let amount = self.world.oracle.look(|seen| seen.order(number.as_str()).map(total))?;
        let receipt = CashReceipt { amount, courier: Courier::parse("courier")? };
        let action = Box::new(self.action(number, "collect"));
        Some(Ask::Act(action, Command::CollectCash(receipt)))
    }

    /// What a courier says who could not hand an order over.
    pub(super) fn refusal(&mut self, number: &OrderNumber) -> Ask {
        Ask::Cancel(Box::new(self.action(number, "refuse")), CancelCause::Refused)
    }

    /// What pays for an order some way, under a new key.
    pub(super) fn payment(&mut self, number: &OrderNumber, trade_type: TradeType) -> Ask {
        let request = PayRequest {
            buyer: self.buyer.id,
            target: Target::of_buyer(self.buyer.id, OrderKey::Number(number.clone())),
            trade_type,
            client_ip: client_ip(trade_type),
        };
        Ask::Pay(request, self.keyed("pay", &format!("{number} {trade_type:?}")))
    }

    /// What does something with an order, under a new key.
    pub(super) fn act(&mut self, number: &OrderNumber, what: &str, command: Command) -> Ask {
        Ask::Act(Box::new(self.action(number, what)), command)
    }

    /// What cancels an order, under a new key.
    pub(super) fn cancellation(&mut self, number: &OrderNumber) -> Ask {
        Ask::Cancel(Box::new(self.action(number, "cancel")), CancelCause::Buyer)
    }

    /// What ships an order.
    pub(super) fn shipment(&mut self, number: &OrderNumber) -> Ask {
        let parcel = ShipmentDraft {
            logistics_type: LogisticsType::Express,
            packages: vec![Package {
                express_company: Some("SF".to_owned()),
                tracking_no: Some("SF1".to_owned()),
                item_desc: "goods".to_owned(),
                contact: None,
            }],
            is_all_delivered: true,
        };
        Ask::Act(Box::new(self.action(number, "ship")), Command::Ship(parcel))
    }

    /// What says that an order arrived.
    pub(super) fn delivery(&mut self, number: &OrderNumber) -> Ask {
        Ask::Act(Box::new(self.action(number, "deliver")), Command::Deliver)
    }

    /// What confirms the receipt of an order.
    pub(super) fn confirmation(&mut self, number: &OrderNumber) -> Ask {
        Ask::Act(Box::new(self.action(number, "confirm")), Command::Complete(CompletedBy::Buyer))
    }

    /// What asks for money back, so many fen of it, or all.
    pub(super) fn refund(&mut self, number: &OrderNumber, by: Asker, fen: Option<i64>) -> Ask {
        let ask = RefundAsk {
            what: fen.map(Fen::new).into(),
            reason: "不想要了".to_owned(),
            by,
            out_refund_no: None,
        };
        Ask::Refund(Box::new(self.action(number, "refund")), ask)
    }

    /// What an operator says of the refund of an order that waits, or has failed.
    pub(super) fn verdict(
        &mut self,
        number: &OrderNumber,
        verdict: fn(OutRefundNo) -> Command,
    ) -> Option<Ask> {
        let of = |order: &domain::order::Order| {
            order.refunds.last().map(|refund| (order.id, refund.out_refund_no.clone()))
        };
        let (id, refund) =
            self.world.oracle.look(|seen| seen.order(number.as_str()).and_then(of))?;
        let mut action = self.action(number, "verdict");
        action.target = Target::anybodys(OrderKey::Id(id));
        action.audit.actor = "operator:2".to_owned();
        Some(Ask::Act(Box::new(action), verdict(refund)))
    }

    /// What takes the last refund back that the buyer asked for.
    pub(super) fn withdrawal(&mut self, number: &OrderNumber) -> Option<Ask> {
        let last = |order: &domain::order::Order| Some(order.refunds.last()?.out_refund_no.clone());
        let out_refund_no =
            self.world.oracle.look(|seen| seen.order(number.as_str()).and_then(last))?;
        let action = self.action(number, "withdraw");
        Some(Ask::Act(Box::new(action), Command::WithdrawRefund { out_refund_no }))
    }

    /// What the payer's client reports.
    pub(super) fn report(&self, number: &OrderNumber) -> Ask {
        let target = Target::of_buyer(self.buyer.id, OrderKey::Number(number.clone()));
        Ask::Report(target, PayerResult::Ok, self.audit("report"))
    }

    /// Asks until there is an answer that counts; `None` for a refusal, or when patience ends.
    pub(super) async fn insist(&self, request: Ask) -> Option<Said> {
        for _ in 0..TRIES {
            let said = ask(&self.world, request.clone()).await;
            match said.as_ref().map(|said| said.outcome) {
                Some(Outcome::Done | Outcome::Reused | Outcome::Replayed) => return said,
                // Nothing became of it: the same key goes on with another payment.
                Some(Outcome::Refused("wechat_refused" | "payment_in_progress")) => {}
                Some(Outcome::Refused(_)) => return None,
                Some(Outcome::Unknown | Outcome::Busy) | None => {}
            }
            self.world.kernel.sleep(SECOND).await;
        }
        None
    }

    /// Asks once, whatever comes of it.
    pub(super) async fn ask_once(&self, request: Ask) -> Option<Said> {
        ask(&self.world, request).await
    }

    /// Asks beside whatever else the client does.
    pub(super) fn beside(&self, request: Ask) -> Letter<Option<Said>> {
        let (done, answer) = letter();
        let other = Client { world: Arc::clone(&self.world), buyer: self.buyer.clone(), keys: 0 };
        let label = self.world.kernel.label();
        self.world.kernel.spawn(Home::Outside, label, async move {
            done.send(other.insist(request).await);
        });
        answer
    }

    /// Waits for what was asked beside.
    pub(super) async fn answered(&self, answer: Letter<Option<Said>>) -> Option<Said> {
        const LONG: i64 = 1_000 * SECOND;
        answer.wait(&self.world.kernel, LONG).await.flatten()
    }

    /// Two answers to one request lead to the same order, unless a failover lost the first one.
    pub(super) fn same_order(&self, one: &Said, other: Option<&Said>) {
        let number = |said: &Said| said.seen.as_ref().map(|seen| seen.number.clone());
        let (one, Some(other)) = (number(one), other.and_then(number)) else { return };
        if one.as_ref() != Some(&other) && self.world.failovers() == 0 {
            let seen = format!("{one:?} and {other}");
            self.world.chronicle.violated("I26", SAME_OUTCOME, seen);
        }
    }

    /// Pays what was offered, with the payer's app. Whether money moved.
    pub(super) fn pay(&self, said: &Said) -> bool {
        cashier::pay(&self.world, said, false)
    }

    /// Pays in the app; when the cashier does not open, because the key that signed what was offered is revoked by
    /// now, the payer touches "pay" again, a few times.
    pub(super) async fn pay_in_the_end(&mut self, said: &Said) {
        let Some(number) = said.seen.as_ref().map(|seen| seen.number.clone()) else { return };
        let mut offered = said.clone();
        for _ in 0..3 {
            if self.pay(&offered) {
                return;
            }
            self.wait(2_000).await;
            let request = self.payment(&number, TradeType::Jsapi);
            let Some(said) = self.insist(request).await else { return };
            offered = said;
        }
    }

    /// Pays with a code; when it does not open any more, the payer has another one made, and then
    /// pays in the app after all.
    pub(super) async fn pay_by_code(&mut self, said: &Said) {
        let Some(number) = said.seen.as_ref().map(|seen| seen.number.clone()) else { return };
        let mut offered = said.clone();
        for other in [TradeType::Native, TradeType::Jsapi] {
            if self.pay(&offered) {
                return;
            }
            self.wait(2_000).await;
            let request = self.payment(&number, other);
            let Some(said) = self.insist(request).await else { return };
            offered = said;
        }
        self.pay(&offered);
    }

    /// Pays a number that is closed, which WeChat Pay is not known to let happen.
    pub(super) fn pay_against_the_rules(&self, number: &str) {
        self.pay_number(number, PayForm { unfaithful: true, ..PayForm::default() });
    }

    /// Pays an open number, or another sum than was ordered, which WeChat Pay is not known to let
    /// happen, or from an account that money cannot go back to.
    pub(super) fn pay_number(&self, number: &str, form: PayForm) {
        let paid = self.world.wechat.pay(number, form, self.world.now());
        let order = crate::node::transport_order_of(number);
        self.world.chronicle.say(
            || "payer".to_owned(),
            Some(order),
            || match &paid {
                Ok(paid) => format!("PAYS {number} in a way of its own: {}", paid.transaction_id),
                Err(why) => format!("cannot pay {number}: {}", why.message),
            },
        );
        if paid.is_ok() {
            self.world.oracle.paid(number);
        }
    }

    /// Pays a number that is not ours to offer.
    pub(super) fn pay_unknown(&self, number: &str) {
        cashier::pay_number(&self.world, number, false);
    }

    /// Somebody gives all but `but_fen` of what was paid for an order back at the merchant's console.
    pub(super) fn gives_back_elsewhere(&self, number: &OrderNumber, but_fen: i64) -> bool {
        let settled = |order: &domain::order::Order| {
            let payment = order.settled_payment()?;
            Some((payment.out_trade_no().clone(), payment.receipt()?.amount.get()))
        };
        let of = self.world.oracle.look(|seen| seen.order(number.as_str()).and_then(settled));
        let Some((paid, fen)) = of else { return false };
        let refund = format!("{paid}-C1");
        let of = (paid.as_str(), refund.as_str());
        self.world.wechat.refund_elsewhere(of, Some(fen - but_fen), self.world.now())
    }

    /// Waits.
    pub(super) async fn wait(&self, millis: i64) {
        self.world.kernel.sleep(millis.saturating_mul(MILLI)).await;
    }

    /// Waits until `millis` before the order's deadline.
    pub(super) async fn wait_for_the_deadline(&self, seen: &Seen, millis: i64) {
        let Some(deadline) = seen.deadline else { return };
        let at = micros(deadline).saturating_sub(millis.saturating_mul(MILLI));
        self.world.kernel.sleep(at.saturating_sub(self.world.kernel.now())).await;
    }

    fn action(&mut self, number: &OrderNumber, what: &str) -> Action {
        Action {
            target: Target::of_buyer(self.buyer.id, OrderKey::Number(number.clone())),
            audit: self.audit(what),
            keyed: self.keyed(what, &format!("{what} {number}")),
        }
    }

    fn audit(&self, what: &str) -> Audit {
        Audit {
            actor: format!("buyer:{}", self.buyer.id),
            cause: what.to_owned(),
            request_id: None,
        }
    }

    fn keyed(&mut self, route: &str, what: &str) -> Keyed {
        self.keys = self.keys.saturating_add(1);
        let key = format!("key-{}-{}", self.buyer.actor, self.keys);
        Keyed {
            request_id: format!("request-{key}"),
            scope: scope(&format!("buyer:{}", self.buyer.actor), route, &key),
            fingerprint: what.to_owned(),
        }
    }
}

/// From where a script's buyer pays in a browser.
pub(super) fn client_ip(trade_type: TradeType) -> Option<ClientIp> {
    ClientIp::parse("10.0.1.1").filter(|_| trade_type == TradeType::H5)
}
