//! 发起异常退款: an `ABNORMAL` refund goes to a card (`v3.md` §7.7).
//!
//! It is `PROCESSING` again, and `SUCCESS` after `refund_takes_ms`, with the notification of that. MAY NOT touch a refund
//! in any other state, and MAY NOT keep a card's number or a name: what is needed of them later is the end of the one, and
//! whether a repeat says the same.

use ring::hmac;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::core::WeChatPay;
use crate::core::exchange::ApiRequest;
use crate::core::ports::{Entropy, Ports};
use crate::core::refund::abnormal_form::{AbnormalForm, Card};
use crate::core::refund::ending::RefundEnding;
use crate::core::refund::{Refund, RefundStatus};
use crate::core::refusal::Refusal;
use crate::core::settings::AbnormalRepeat;
use crate::core::wire_time::beijing;

/// Where a merchant's card is.
const MERCHANT_CARD: &str = "商户结算银行账户";
/// So many figures of a card's number are shown.
const TAIL: usize = 4;

/// Where a refund was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SentTo {
    /// When that was asked for.
    pub(crate) at: OffsetDateTime,
    /// `user_received_account`: bank, kind and end of the number.
    pub(crate) account: String,
    /// `type`.
    kind: &'static str,
    /// Of all that was asked for, by [`CardKey`].
    fingerprint: String,
}

/// What cards are known again by: a key that is drawn with the first of them and shown nowhere, since a plain hash of a
/// card's number can be guessed from.
#[derive(Clone, Default)]
pub(crate) struct CardKey(Option<hmac::Key>);

impl std::fmt::Debug for CardKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CardKey")
    }
}

impl CardKey {
    fn fingerprint(&mut self, card: &Card, entropy: &mut dyn Entropy) -> String {
        let Card::OfUser { bank_type, account, name } = card else { return String::new() };
        let key = self.0.get_or_insert_with(|| {
            let mut drawn = [0_u8; 32];
            entropy.fill(&mut drawn);
            hmac::Key::new(hmac::HMAC_SHA256, &drawn)
        });
        let words = format!("{bank_type}\n{account}\n{name}");
        hex::encode(hmac::sign(key, words.as_bytes()))
    }
}

impl SentTo {
    fn of(card: &Card, fingerprint: String, at: OffsetDateTime) -> Self {
        let (kind, account) = match card {
            Card::OfUser { bank_type, account, .. } => {
                let bank = bank_type.trim_end_matches("_DEBIT");
                let tail = account.len().saturating_sub(TAIL);
                let tail = account.get(tail..).unwrap_or_default();
                ("USER_BANK_CARD", format!("{bank}借记卡{tail}"))
            }
            Card::OfMerchant => ("MERCHANT_BANK_CARD", MERCHANT_CARD.to_owned()),
        };
        Self { at, account, kind, fingerprint }
    }

    /// As the ledger shows it.
    pub(super) fn view(&self) -> Value {
        json!({"at": beijing(self.at), "type": self.kind, "account": self.account})
    }
}

impl WeChatPay {
    /// Sends an abnormal refund to a card.
    pub(crate) fn refund_abnormally(
        &mut self,
        refund_id: &str,
        parameters: &Map<String, Value>,
        request: &ApiRequest,
        ports: &mut Ports<'_>,
    ) -> Result<String, Refusal> {
        let now = ports.at.business;
        let serial = request.header("Wechatpay-Serial").unwrap_or_default();
        let digest = self.settings.oaep_digest;
        let keyring = ports.keyring;
        let form = AbnormalForm::parse(parameters, |sealed| keyring.open(serial, sealed, digest))?;
        let refund = self.refunds.by_id(refund_id).ok_or_else(Refusal::refund_not_exists)?;
        if refund.form.out_refund_no != form.out_refund_no {
            return Err(Refusal::refund_does_not_fit_order());
        }
        let fingerprint = self.card_key.fingerprint(&form.card, ports.entropy);
        let asked = SentTo::of(&form.card, fingerprint, now);
        if refund.status() != RefundStatus::Abnormal {
            return self.again(refund, &asked, now);
        }
        let plan = RefundEnding::default().plan(now, &self.settings);
        self.refunds.change(&form.out_refund_no, |refund| {
            refund.changes.push((now, RefundStatus::Processing));
            refund.sent_to = Some(asked);
            refund.plan = Some(plan);
        });
        if plan.at <= now {
            self.end_refund(&form.out_refund_no, now, ports);
        }
        let sent = self.refunds.get(&form.out_refund_no);
        sent.map(|refund| refund.to_wire(now)).ok_or_else(Refusal::system_error)
    }

    fn again(
        &self,
        refund: &Refund,
        asked: &SentTo,
        now: OffsetDateTime,
    ) -> Result<String, Refusal> {
        let is_same = |before: &SentTo| {
            (before.kind, &before.fingerprint) == (asked.kind, &asked.fingerprint)
        };
        match self.settings.abnormal_repeat {
            AbnormalRepeat::Answered if refund.sent_to.as_ref().is_some_and(is_same) => {
                Ok(refund.to_wire(now))
            }
            AbnormalRepeat::Answered | AbnormalRepeat::Refused => {
                Err(Refusal::refund_not_abnormal())
            }
        }
    }
}
