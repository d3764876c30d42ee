//! Sends a refund that could not reach its payer to a card.
//!
//! The card is read from the request and handed on. May not keep, log or answer anything of it, and nothing is kept of it
//! that could be guessed from: the fingerprint of the request is under the caller's own secret.

use super::answered;
use crate::answer::{Outcome, Telling};
use crate::call::{Answer, Call};
use crate::fulfil::{REASON, cause};
use crate::json_body::{Body, Fields, Presence, TextRule};
use crate::problem::{Problem, ProblemBody};
use crate::wire::refund::WireRefund;
use domain::card::{BankType, Card, CardHolder, CardNumber, CardOwner, UserCard};
use domain::ports::Role;
use usecases::{AbnormalApplication, AppliedAnswer};
use utoipa::ToSchema;

/// So many characters always fit into what WeChat Pay's encryption takes, 214 bytes.
const NAME: TextRule = TextRule { min: 1, max: 53 };

/// Where an abnormal refund is to go.
#[derive(ToSchema)]
#[schema(as = ApplyAbnormalRequest, example = json!({"type": "USER_BANK_CARD", "bank_type": "ICBC_DEBIT",
    "bank_account": "6225888888888888888", "real_name": "张三"}))]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Wanted` is what is read")]
pub(crate) struct ApplyBody {
    r#type: WireCardOwner,
    /// The bank whose debit card it is, as WeChat Pay calls it. For `USER_BANK_CARD`, as what follows.
    #[schema(pattern = "^[A-Z]{1,10}_DEBIT$")]
    bank_type: Option<String>,
    /// The card's number. Sealed for WeChat Pay and kept nowhere.
    #[schema(pattern = "^[0-9]{12,19}$")]
    bank_account: Option<String>,
    /// Whose card it is. Sealed for WeChat Pay and kept nowhere.
    #[schema(min_length = 1, max_length = 53)]
    real_name: Option<String>,
    /// For the audit. Nothing of the card belongs here.
    #[schema(min_length = 1, max_length = 200)]
    reason: Option<String>,
}

/// Whose card.
#[derive(ToSchema)]
#[schema(as = CardOwner, rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(dead_code, reason = "only the OpenAPI document reads it")]
enum WireCardOwner {
    /// A debit card of the payer's.
    UserBankCard,
    /// The merchant's own account: a person then pays the payer, and a case says so.
    MerchantBankCard,
}

/// What it says.
struct Wanted {
    card: Card,
    reason: Option<String>,
}

impl Body for Wanted {
    fn read(fields: &mut Fields) -> Option<Wanted> {
        let owner = fields.parsed("type", CardOwner::parse, "USER_BANK_CARD or MERCHANT_BANK_CARD");
        let card = match owner {
            Some(CardOwner::User) => user_card(fields),
            // What is not needed is refused as what nobody asked for: it is personal.
            Some(CardOwner::Merchant) => Some(Card::OfMerchant),
            None => {
                fields.pass_over(&["bank_type", "bank_account", "real_name"]);
                None
            }
        };
        let reason = fields.optional_text("reason", REASON);
        Some(Wanted { card: card?, reason })
    }
}

fn user_card(fields: &mut Fields) -> Option<Card> {
    let bank = "a bank's debit cards, such as ICBC_DEBIT";
    let bank_type = fields.parsed("bank_type", BankType::parse, bank);
    let account =
        fields.parsed("bank_account", CardNumber::parse, "the 12 to 19 figures of a card");
    let name = fields.text("real_name", NAME).as_deref().and_then(CardHolder::parse);
    Some(Card::OfUser(UserCard { bank_type: bank_type?, account: account?, name: name? }))
}

/// Has WeChat Pay send a refund that could not reach its payer (`abnormal`) to a card: the payer's, or the merchant's
/// own account. It is the same refund, and processing again. Above `refunds.approval_above_fen` an approver has to do
/// it who did not ask for the refund. 202: WeChat Pay has not said what became of it; the refund shows it within
/// minutes, and is `abnormal` again if it came to nothing. The card is kept nowhere, so nobody tries again by
/// themselves.
#[utoipa::path(post, path = "/api/admin/refunds/{out_refund_no}/apply-abnormal",
    tag = "back_office", operation_id = "apply_abnormal_refund",
    params(("out_refund_no" = String, Path),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = ApplyBody,
    responses((status = 200, description = "WeChat Pay has taken it on", body = WireRefund),
        (status = 202, description = "not known yet: look at the refund", body = WireRefund),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn apply(mut call: Call) -> Answer {
    let asked = call.asked_in_confidence::<Wanted>(Presence::Required).await?;
    let why = cause("apply abnormal refund", asked.body.reason.as_deref());
    let (action, number) = (call.action(&asked, &why), call.out_refund_no()?);
    let application = AbnormalApplication {
        out_refund_no: number.clone(),
        card: asked.body.card,
        as_approver: call.has(Role::Approver),
    };
    let applied =
        call.run(async move |paydesk| paydesk.apply_abnormal(&action, application).await).await??;
    let (outcome, telling) = match applied.answer {
        AppliedAnswer::Taken => (Outcome::Found, Telling::First),
        AppliedAnswer::Unheard => (Outcome::Unknown, Telling::First),
        AppliedAnswer::Before => (Outcome::Found, Telling::Replayed),
        AppliedAnswer::Refused(refusal) => {
            return Err(Problem::application_refused(refusal));
        }
    };
    answered((outcome, ""), telling, &applied.order, &number)
}
