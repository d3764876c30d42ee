//! Paying an order from its buyer's wallet: debit, settlement, goods and list in one commit.

#[cfg(test)]
mod tests;

use crate::{ActError, Acted, Action, Paydesk};
use domain::order::{Command, WalletPayment};

impl Paydesk {
    /// Pays all of an order from the wallet, once per key. Its open payments at WeChat Pay are closed by
    /// their jobs; money that arrives there all the same goes back.
    ///
    /// # Errors
    /// See [`ActError`]; too little in the wallet has no effect.
    pub async fn pay_from_wallet(&self, action: &Action) -> Result<Acted, ActError> {
        self.act(action, &Command::PayFromWallet(self.wallet_payment())).await
    }

    pub(crate) fn wallet_payment(&self) -> WalletPayment {
        WalletPayment { mchid: self.settings.mchid.clone(), appid: self.settings.appid.clone() }
    }
}
