//! What is asked for when money is to go back.
//!
//! By amount; by lines (`lines`) is not taken yet.

use crate::json_body::{Body, Fields, TextRule};
use domain::order::RefundAsk;
use domain::refund::Asker;
use domain::{Fen, OutRefundNo};
use utoipa::ToSchema;

/// WeChat Pay shows at most 80 bytes of it.
const REASON: TextRule = TextRule { min: 1, max: 80 };

/// A refund.
#[derive(ToSchema)]
#[schema(as = RefundRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Asking` is what is read")]
pub(crate) struct AskBody {
    /// At most what is left of what was paid.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000_000)]
    amount_fen: Fen,
    /// WeChat Pay shows the payer what fits into 80 bytes.
    #[schema(min_length = 1, max_length = 80)]
    reason: String,
}

/// A refund that a merchant's backend asks for.
#[derive(ToSchema)]
#[schema(as = PaymentRefundRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `ServiceAsking` is what is read")]
pub(crate) struct ServiceAskBody {
    /// At most what is left of what was paid.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000_000)]
    amount_fen: Fen,
    /// WeChat Pay shows the payer what fits into 80 bytes.
    #[schema(min_length = 1, max_length = 80)]
    reason: String,
    /// The backend's own number of it, not of our own shape; made by us when there is none.
    #[schema(value_type = Option<String>,
        pattern = "^(?!P[0-9]{14}[0-9A-HJKMNP-TV-Z]{14})[0-9A-Za-z_-]{1,64}$")]
    out_refund_no: Option<OutRefundNo>,
}

pub(super) struct Asking {
    amount: Fen,
    reason: String,
}

pub(super) struct ServiceAsking {
    asking: Asking,
    out_refund_no: Option<OutRefundNo>,
}

impl Asking {
    /// The same, as the application is asked.
    pub(super) fn by(&self, asker: Asker) -> RefundAsk {
        RefundAsk {
            amount: Some(self.amount),
            reason: self.reason.clone(),
            by: asker,
            out_refund_no: None,
        }
    }
}

impl ServiceAsking {
    /// The same, as the application is asked.
    pub(super) fn ask(&self) -> RefundAsk {
        let out_refund_no = self.out_refund_no.clone();
        RefundAsk { out_refund_no, ..self.asking.by(Asker::Service) }
    }
}

impl Body for Asking {
    fn read(fields: &mut Fields) -> Option<Asking> {
        let amount = fields.integer("amount_fen", 1..=Fen::LIMIT.get());
        let reason = fields.text("reason", REASON);
        Some(Asking { amount: Fen::new(amount?), reason: reason? })
    }
}

impl Body for ServiceAsking {
    fn read(fields: &mut Fields) -> Option<ServiceAsking> {
        let asking = Asking::read(fields);
        let what = "1 to 64 of [0-9A-Za-z_-], and not of our own shape";
        let out_refund_no = fields.optional_parsed("out_refund_no", OutRefundNo::given, what);
        Some(ServiceAsking { asking: asking?, out_refund_no })
    }
}
