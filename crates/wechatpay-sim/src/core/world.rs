//! All that WeChat Pay knows, as one plain value.
//!
//! MAY NOT be changed but through the calls of this crate: it is the ground truth that tests compare with.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use crate::core::bill::BillFiles;
use crate::core::calls::CallLog;
use crate::core::faults::Faults;
use crate::core::notice::{AttemptId, NoticeOf};
use crate::core::outbox::Outbox;
use crate::core::platform::Platform;
use crate::core::ports::Ports;
use crate::core::postponed::PostponedCalls;
use crate::core::refund::abnormal::CardKey;
use crate::core::refund::{Refund, Refunds};
use crate::core::settings::{
    Account, MerchantBalance, PlatformCertificate, Settings, Verification,
};
use crate::core::trade::Trade;

/// WeChat Pay.
#[derive(Debug, Clone)]
pub struct WeChatPay {
    pub(crate) account: Account,
    pub(crate) settings: Settings,
    /// The settings of the start, to which a reset goes back.
    configured: Settings,
    pub(crate) verification: Verification,
    pub(crate) trades: BTreeMap<String, Trade>,
    pub(crate) refunds: Refunds,
    pub(crate) card_key: CardKey,
    pub(crate) by_transaction_id: BTreeMap<String, String>,
    /// The order of each `prepay_id`, `code_url` and `h5_url`, those that are replaced too.
    pub(crate) by_handle: BTreeMap<String, String>,
    /// Numbers closed before they were ordered.
    pub(crate) burned: BTreeSet<String>,
    pub(crate) faults: Faults,
    pub(crate) calls: CallLog,
    pub(crate) outbox: Outbox,
    pub(crate) postponed: PostponedCalls,
    pub(crate) bills: BillFiles,
    pub(crate) platform: Platform,
}

impl WeChatPay {
    /// WeChat Pay with one merchant and no orders.
    pub fn new(account: Account, settings: Settings) -> Self {
        Self {
            account,
            verification: settings.verification,
            configured: settings.clone(),
            settings,
            trades: BTreeMap::new(),
            refunds: Refunds::default(),
            card_key: CardKey::default(),
            by_transaction_id: BTreeMap::new(),
            by_handle: BTreeMap::new(),
            burned: BTreeSet::new(),
            faults: Faults::default(),
            calls: CallLog::default(),
            outbox: Outbox::default(),
            postponed: PostponedCalls::default(),
            bills: BillFiles::default(),
            platform: Platform::default(),
        }
    }

    /// Forgets orders, refunds, notifications, calls and faults, and goes back to the settings and the mode of the start.
    /// Certificates stay: clients have fetched them.
    pub fn reset(&mut self) {
        // Numbers go on, so that a delivery in flight or a held call cannot be taken for a new one.
        let (outbox, postponed) = (self.outbox.emptied(), self.postponed.emptied());
        *self = Self::new(self.account.clone(), self.configured.clone());
        (self.outbox, self.postponed) = (outbox, postponed);
    }

    /// The verification mode.
    pub fn verification(&self) -> Verification {
        self.verification
    }

    /// Changes the verification mode.
    pub fn set_verification(&mut self, verification: Verification) {
        self.verification = verification;
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Changes the settings from now on, but for the verification mode, which is not changed by them.
    pub fn change_settings(&mut self, settings: Settings, ports: &mut Ports<'_>) {
        self.catch_up(ports);
        self.settings = settings;
        if self.settings.merchant_balance == MerchantBalance::Enough {
            self.balance_is_back(ports);
        }
    }

    /// Replaces the fault rules. What the old ones held back in its order goes on; what is delayed or late stays so.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults.succeeding(&self.faults);
        self.postponed.release_held();
        self.outbox.release_held();
    }

    /// The fault rules with their counters.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Lists a new platform certificate and signs with it from now on; older ones stay listed.
    pub fn add_platform_certificate(&mut self, certificate: PlatformCertificate) {
        self.account.platform_certificates.push(certificate);
    }

    /// The merchant may sign with this certificate too.
    pub fn add_merchant_certificate(&mut self, serial: &str) {
        self.account.merchant_serials.insert(serial.to_owned());
    }

    /// The merchant may no longer sign with this certificate; whether it could.
    pub fn revoke_merchant_certificate(&mut self, serial: &str) -> bool {
        let could = self.account.merchant_serials.remove(serial);
        if could {
            self.account.revoked_serials.insert(serial.to_owned());
        }
        could
    }

    /// Notifications and certificates are encrypted with this APIv3 key from now on. What was encrypted before and is
    /// sent again as it was stays so.
    pub fn replace_api_v3_key(&mut self, api_v3_key: [u8; 32]) {
        self.account.api_v3_key = api_v3_key;
    }

    /// The merchant and WeChat Pay's key names.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// An order as it was last touched: unlike for a query, one that has become seven days old since may say `NOTPAY`.
    pub fn trade_of(&self, out_trade_no: &str) -> Option<&Trade> {
        self.trades.get(out_trade_no)
    }

    /// All orders, by number, as [`Self::trade_of`] gives them.
    pub fn trades(&self) -> impl Iterator<Item = &Trade> {
        self.trades.values()
    }

    /// A refund as of the last visit that knew the time.
    pub fn refund_of(&self, out_refund_no: &str) -> Option<&Refund> {
        self.refunds.get(out_refund_no)
    }

    /// All refunds, by number, as [`Self::refund_of`] gives them.
    pub fn refunds(&self) -> impl Iterator<Item = &Refund> {
        self.refunds.iter()
    }

    /// What the notification of an attempt is about.
    pub fn notice_subject(&self, id: AttemptId) -> Option<&NoticeOf> {
        self.outbox.notices.get(&id.notice).map(|notice| &notice.of)
    }

    /// An order as it stands now, closed by age if its time has come.
    pub(crate) fn trade(&mut self, number: &str, now: OffsetDateTime) -> Option<&mut Trade> {
        let trade = self.trades.get_mut(number)?;
        trade.close_by_age(now);
        Some(trade)
    }
}
