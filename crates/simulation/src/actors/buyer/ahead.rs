//! Buyers who pay ahead, and with what they have: wallets and points.

use super::Shopper;
use crate::actors::{cashier, dawdle, scope};
use crate::node::{Ask, Outcome, Said, ask};
use crate::tape::Kind;
use crate::time::SECOND;
use domain::buyer::{ItemId, Selection};
use domain::changeset::Audit;
use domain::names::{Appid, ClientIp, Mchid};
use domain::order::{Command, PaymentMethod, WalletPayment};
use domain::recharge::PackageId;
use usecases::{CheckoutRequest, Keyed, RechargeRequest, Spending};

/// How many points are spent at a time.
pub(crate) const SPENT: i64 = 500;

impl Shopper {
    /// Buys a recharge and pays it, mostly.
    pub(super) async fn pay_ahead(&mut self, package: &str) {
        let Some(package_id) = PackageId::parse(package) else { return };
        let key = self.new_key();
        let shown = self.look_at_the_package(&package_id).await;
        let trade_type = self.trade_type();
        let request = RechargeRequest {
            buyer: self.buyer.id,
            package_id,
            expected_version: shown.map(|(version, _)| version),
            trade_type,
            client_ip: self.client_ip(Some(trade_type)),
        };
        let from = request.client_ip.map(ClientIp::text);
        let keyed = self.keyed("recharge", &key, &format!("{package} {trade_type:?} {from:?}"));
        if let Some((_, amounts)) = shown {
            self.world.oracle.was_shown(&keyed.scope, amounts);
        }
        let asked = Ask::Recharge(request, keyed);
        if self.is_nervous(4) {
            self.aside(asked.clone());
        }
        let Some(said) = self.insist(asked).await else { return };
        if self.world.draw(Kind::Actor, 8) != 7 {
            dawdle(&self.world, 20).await;
            cashier::pay(&self.world, &said, false);
        }
        self.watch(&said).await;
    }

    /// Places an order that the wallet pays, at once or while WeChat Pay might.
    pub(super) async fn buy_from_the_wallet(&mut self, item: ItemId) -> Option<Said> {
        let (key, request_key) = (self.new_key(), self.new_key());
        if self.world.draw(Kind::Actor, 2) == 0 {
            let request = CheckoutRequest {
                buyer: self.buyer.id,
                method: PaymentMethod::Wallet,
                selection: Selection::Only(vec![item]),
                address_id: 1,
                coupon_id: None,
                rush: false,
                remark: None,
                trade_type: None,
                client_ip: None,
                replace_open: false,
                expected_total: None,
            };
            let keyed = self.keyed("checkout", &key, &format!("{item} from the wallet"));
            return self.insist(Ask::CheckOut(Box::new(request), keyed)).await;
        }
        let placed = self.checkout(item, &key, Some(self.trade_type()));
        let said = self.insist(placed).await?;
        let number = said.seen.as_ref()?.number.clone();
        let wallet = Command::PayFromWallet(WalletPayment {
            mchid: Mchid::new(crate::wechat::Keys::MCHID),
            appid: Appid::new(crate::wechat::Keys::APPID),
        });
        let paying = Ask::Act(self.action(&number, "wallet-pay", &request_key), wallet);
        match self.world.draw(Kind::Actor, 3) {
            // One after the other, or both at once: one settles, the other goes back.
            1 => {
                self.pay(&said).await;
            }
            2 => {
                self.aside(paying.clone());
                self.pay(&said).await;
            }
            _ => {}
        }
        self.insist(paying).await
    }

    /// A merchant's backend spends points of the buyer.
    pub(super) async fn spend_points(&mut self) {
        let key = self.new_key();
        let audit = Audit {
            actor: "service:1".to_owned(),
            cause: "spend points".to_owned(),
            request_id: None,
        };
        let spending = Spending { buyer: self.buyer.id, points: SPENT, audit };
        let keyed = Keyed {
            scope: scope("service:1", &format!("spend {}", self.buyer.actor), &key),
            fingerprint: "spend".to_owned(),
            request_id: key,
        };
        let asked = Ask::Spend(Box::new(spending), keyed);
        if self.is_nervous(3) {
            self.aside(asked.clone());
        }
        self.insist(asked).await;
    }

    /// Asks under the same key until there is an answer that counts.
    async fn insist(&mut self, asked: Ask) -> Option<Said> {
        for _ in 0..6 {
            let answer = ask(&self.world, asked.clone()).await;
            match answer.as_ref().map(|said| said.outcome) {
                Some(Outcome::Done | Outcome::Reused | Outcome::Replayed) => return answer,
                Some(Outcome::Refused(_)) => return None,
                Some(Outcome::Unknown | Outcome::Busy) | None => {}
            }
            if !self.world.is_open() {
                return None;
            }
            self.world.kernel.sleep(SECOND).await;
            dawdle(&self.world, 8).await;
        }
        None
    }
}
