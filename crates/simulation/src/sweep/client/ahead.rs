//! What a client does with money and points that were paid ahead.

use super::Client;
use crate::actors::{SPENT, scope};
use crate::node::Ask;
use domain::buyer::ItemId;
use domain::changeset::Audit;
use domain::names::{Appid, Mchid};
use domain::order::{PaymentMethod, WalletPayment};
use domain::payment::TradeType;
use domain::recharge::PackageId;
use usecases::{Keyed, RechargeRequest, Spending};

impl Client {
    /// What buys a recharge, under a new key.
    pub(in crate::sweep) fn recharge(&mut self, package: &str) -> Option<Ask> {
        let request = RechargeRequest {
            buyer: self.buyer.id,
            package_id: PackageId::parse(package)?,
            expected_version: None,
            trade_type: TradeType::Jsapi,
            client_ip: None,
        };
        Some(Ask::Recharge(request, self.keyed("recharge", package)))
    }

    /// What orders a line from the wallet, under a new key.
    pub(in crate::sweep) fn order_from_wallet(&mut self, item: ItemId) -> Ask {
        let mut asked = self.checkout_of(item, None, None);
        if let Ask::CheckOut(request, _) = &mut asked {
            request.method = PaymentMethod::Wallet;
        }
        asked
    }

    /// Under whose names a wallet pays here.
    pub(in crate::sweep) fn wallet(&self) -> WalletPayment {
        WalletPayment {
            mchid: Mchid::new(crate::wechat::Keys::MCHID),
            appid: Appid::new(crate::wechat::Keys::APPID),
        }
    }

    /// What a backend asks that spends points of the buyer, under a new key of its own.
    pub(in crate::sweep) fn spending(&mut self) -> Ask {
        let audit = Audit {
            actor: "service:1".to_owned(),
            cause: "spend points".to_owned(),
            request_id: None,
        };
        let Keyed { scope: known, request_id, .. } = self.keyed("spend", "spend");
        let keyed = Keyed {
            scope: scope("service:1", &format!("spend {}", self.buyer.actor), &known.key),
            fingerprint: "spend".to_owned(),
            request_id,
        };
        Ask::Spend(Box::new(Spending { buyer: self.buyer.id, points: SPENT, audit }), keyed)
    }
}
