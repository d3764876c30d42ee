//! What an error of WeChat Pay means to us: one table (v3 §8.2).
//!
//! Errors are unsigned: nothing here is terminal by itself. `Refused` is said only where nothing
//! can have been ordered or accepted; whatever the table does not know is unknown.
//!
//! A refund stays owed whatever WeChat Pay thinks of our configuration, so what a person can repair
//! there (permission, merchant) is not a refusal of it. Nor is `RESOURCE_NOT_EXISTS`: we refund only
//! what WeChat Pay's own signed word called paid, and the live service was seen to say it of such
//! payments for a while, and to accept the same request later. What an application for an abnormal refund is refused
//! for changes nothing: the refund is as abnormal as before, and a person applies again once that is repaired. But not
//! `INVALID_REQUEST`, which is also said of a refund that is not abnormal any more: because this very request, whose first
//! answer was lost, was taken.

use domain::ports::{GatewayError, WechatRefusal};

use crate::transport::{TransportError, WireResponse};
use crate::verify::Distrust;
use crate::wire::error::ErrorWire;

/// Whose answer it is: one code means different things to different calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Order a payment.
    Prepay,
    /// Ask what became of it.
    Query,
    /// Close it.
    Close,
    /// Ask for money to go back.
    Refund,
    /// Ask what became of that.
    QueryRefund,
    /// Ask for an abnormal refund to go to a card.
    ApplyAbnormal,
}

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Nothing happened there, and the same call will not succeed.
    Refused,
    /// The same call later.
    Retryable,
    /// Ask with our own number.
    Unknown,
    /// WeChat Pay holds the number already: ask what became of it.
    Spent,
    /// WeChat Pay says that it was paid: ask, and offer nothing else meanwhile.
    Paid,
    /// Wake someone; the outcome is unknown.
    Misconfigured,
    /// The number does not exist (the answer to either query only).
    NotExist,
}

/// One code, and what it means to each call.
struct Row {
    code: &'static str,
    prepay: Meaning,
    query: Meaning,
    close: Meaning,
    refund: Meaning,
    query_refund: Meaning,
    apply_abnormal: Meaning,
}

const fn row(
    code: &'static str,
    [prepay, query, close, refund, query_refund, apply_abnormal]: [Meaning; 6],
) -> Row {
    Row { code, prepay, query, close, refund, query_refund, apply_abnormal }
}

/// The table. Underscores do not count: `ORDER_PAID` and `ORDERPAID` are one code.
#[rustfmt::skip]
const TABLE: &[Row] = {
    use Meaning::{
        Misconfigured as Config, NotExist, Paid, Refused, Retryable as Later, Spent, Unknown,
    };
    &[
        //   code                     prepay    query      close     refund    query_refund  apply_abnormal
        row("PARAM_ERROR",           [Refused,  Config,    Config,   Refused,  Config,       Refused]),
        row("APPID_MCHID_NOT_MATCH", [Refused,  Config,    Config,   Config,   Config,       Config]),
        row("MCH_NOT_EXISTS",        [Refused,  Config,    Config,   Config,   Config,       Config]),
        row("NO_AUTH",               [Refused,  Config,    Config,   Config,   Config,       Refused]),
        row("SIGN_ERROR",            [Config,   Config,    Config,   Config,   Config,       Config]),
        row("ACCOUNT_ERROR",         [Refused,  Unknown,   Unknown,  Unknown,  Unknown,      Unknown]),
        row("INVALID_REQUEST",       [Spent,    Unknown,   Unknown,  Refused,  Unknown,      Unknown]),
        row("OUT_TRADE_NO_USED",     [Spent,    Unknown,   Unknown,  Unknown,  Unknown,      Unknown]),
        row("ORDER_PAID",            [Paid,     Unknown,   Paid,     Unknown,  Unknown,      Unknown]),
        row("ORDER_CLOSED",          [Spent,    Unknown,   Spent,    Unknown,  Unknown,      Unknown]),
        row("TRADE_ERROR",           [Unknown,  Unknown,   Unknown,  Unknown,  Unknown,      Unknown]),
        row("ORDER_NOT_EXIST",       [Unknown,  NotExist,  Unknown,  Unknown,  Unknown,      Unknown]),
        row("RESOURCE_NOT_EXISTS",   [Unknown,  Unknown,   Unknown,  Unknown,  NotExist,     Unknown]),
        row("NOT_ENOUGH",            [Unknown,  Unknown,   Unknown,  Later,    Unknown,      Refused]),
        row("USER_ACCOUNT_ABNORMAL", [Unknown,  Unknown,   Unknown,  Refused,  Unknown,      Refused]),
        row("TRADE_OVERDUE",         [Unknown,  Unknown,   Unknown,  Refused,  Unknown,      Refused]),
        row("REFUND_FEE_MISMATCH",   [Unknown,  Unknown,   Unknown,  Refused,  Unknown,      Unknown]),
        row("RULE_LIMIT",            [Later,    Later,     Later,    Later,    Later,        Later]),
        row("FREQUENCY_LIMITED",     [Later,    Later,     Later,    Later,    Later,        Later]),
        row("RATELIMIT_EXCEEDED",    [Later,    Later,     Later,    Later,    Later,        Later]),
        row("SYSTEM_ERROR",          [Unknown,  Unknown,   Unknown,  Unknown,  Unknown,      Unknown]),
        row("BANK_ERROR",            [Unknown,  Unknown,   Unknown,  Unknown,  Unknown,      Unknown]),
    ]
};

/// An answer that is not 2xx, as far as it says anything. Unsigned: a hint.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Decline {
    /// Its message is whole: what is personal is hidden before anything is cut off, of which the beginning would
    /// be left. Goes out by [`Decline::shown`] alone.
    refusal: WechatRefusal,
}

/// The most characters of a code, and of a message, that are kept.
const CODE_MAX: usize = 64;
const MESSAGE_MAX: usize = 256;
/// So many figures of a card's number tell whose it is.
const PART_MIN: usize = 3;

impl Decline {
    /// Reads an error's body; an unreadable one has no code.
    pub(crate) fn read(response: &WireResponse) -> Decline {
        let wire: ErrorWire = serde_json::from_slice(&response.body).unwrap_or_default();
        Decline {
            refusal: WechatRefusal {
                http_status: response.status,
                code: short(&wire.code, CODE_MAX),
                message: wire.message,
                request_id: request_id(response),
            },
        }
    }

    /// What it means to `call`.
    pub(crate) fn meaning(&self, call: Call) -> Meaning {
        match self.refusal.http_status {
            401 => return Meaning::Misconfigured,
            429 => return Meaning::Retryable,
            400..=499 => {}
            // 5xx, and what has no business here (1xx, 3xx): whatever the body says.
            _ => return Meaning::Unknown,
        }
        let is_404 = self.refusal.http_status == 404;
        let row = TABLE.iter().find(|row| is_same(row.code, &self.refusal.code));
        row.map_or(Meaning::Unknown, |row| match call {
            Call::Prepay => row.prepay,
            Call::Query => row.query,
            Call::Close => row.close,
            Call::Refund => row.refund,
            // Reserved money becomes free by this answer: in its documented form alone.
            Call::QueryRefund if row.query_refund == Meaning::NotExist && !is_404 => {
                Meaning::Unknown
            }
            Call::QueryRefund => row.query_refund,
            Call::ApplyAbnormal => row.apply_abnormal,
        })
    }

    /// The same as the port says it.
    pub(crate) fn into_error(self, call: Call) -> GatewayError {
        let refusal = self.shown();
        match self.meaning(call) {
            Meaning::Refused => GatewayError::Refused(refusal),
            Meaning::Spent => GatewayError::NumberSpent(refusal),
            Meaning::Paid => GatewayError::AlreadyPaid(refusal),
            Meaning::Retryable => GatewayError::Retryable(refusal),
            Meaning::Misconfigured => GatewayError::Misconfigured(refusal),
            Meaning::Unknown | Meaning::NotExist => {
                let said = format!("WeChat Pay answered {refusal}");
                let id = refusal.request_id.as_deref();
                GatewayError::OutcomeUnknown(with_request_id(said, id))
            }
        }
    }

    /// Whether the request was refused for its timestamp: our clock is wrong.
    pub(crate) fn blames_our_clock(&self) -> bool {
        self.refusal.http_status == 401
            && is_same(&self.refusal.code, "SIGNERROR")
            && self.refusal.message.contains("timestamp")
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.refusal.http_status
    }

    /// The code, empty when the body had none.
    pub(crate) fn code(&self) -> &str {
        &self.refusal.code
    }

    /// Whether the code is `code`, in either spelling.
    pub(crate) fn is(&self, code: &str) -> bool {
        is_same(&self.refusal.code, code)
    }

    /// The same without `personal`, should the message quote it: messages are logged.
    pub(crate) fn hiding(mut self, personal: &str) -> Decline {
        if !personal.is_empty() {
            self.refusal.message = self.refusal.message.replace(personal, "…");
        }
        self
    }

    /// The same without any part of a card's `number`, should the message quote it: whole, its last four figures, or
    /// in groups. Of a number that is written otherwise too, every run of [`PART_MIN`] figures is a part.
    pub(crate) fn hiding_figures(mut self, number: &str) -> Decline {
        let mut hidden = String::with_capacity(self.refusal.message.len());
        let mut rest = self.refusal.message.as_str();
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, from) = rest.split_at(start);
            let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
            let (figures, after) = from.split_at(end);
            let is_part =
                figures.len() >= PART_MIN && (number.contains(figures) || figures.contains(number));
            hidden.push_str(before);
            hidden.push_str(if is_part { "…" } else { figures });
            rest = after;
        }
        hidden.push_str(rest);
        self.refusal.message = hidden;
        self
    }

    /// As others may see it: of a readable length.
    fn shown(&self) -> WechatRefusal {
        let message = short(&self.refusal.message, MESSAGE_MAX);
        WechatRefusal { message, ..self.refusal.clone() }
    }

    /// `Request-ID`.
    pub(crate) fn request_id(&self) -> Option<String> {
        self.refusal.request_id.clone()
    }

    /// Status, code and message, for a log.
    pub(crate) fn text(&self) -> String {
        self.shown().to_string()
    }
}

/// `Request-ID` of an answer.
pub(crate) fn request_id(response: &WireResponse) -> Option<String> {
    response.header("request-id").map(|id| short(id, MESSAGE_MAX))
}

/// `why`, with the answer's `Request-ID`: WeChat Pay's support asks for it.
pub(crate) fn traceable(why: &str, response: &WireResponse) -> String {
    with_request_id(why.to_owned(), request_id(response).as_deref())
}

fn with_request_id(why: String, request_id: Option<&str>) -> String {
    match request_id {
        Some(id) => format!("{why} (Request-ID {id})"),
        None => why,
    }
}

/// Why nothing came back.
pub(crate) enum NoReply {
    /// We could not sign: nothing was sent.
    NotSent(GatewayError),
    /// It was sent, and there is no answer.
    NoAnswer(TransportError),
}

impl From<NoReply> for GatewayError {
    fn from(why: NoReply) -> GatewayError {
        match why {
            NoReply::NotSent(error) => error,
            NoReply::NoAnswer(error) => lost(&error),
        }
    }
}

/// No answer: it may have happened.
fn lost(error: &TransportError) -> GatewayError {
    GatewayError::OutcomeUnknown(error.to_string())
}

/// An answer whose signature is not WeChat Pay's. A probe is WeChat Pay's own doing: as unknown,
/// but not loud.
pub(crate) fn distrusted(why: Distrust, response: &WireResponse) -> GatewayError {
    let text = traceable(why.text(), response);
    match why {
        Distrust::Probe => GatewayError::OutcomeUnknown(text),
        Distrust::Missing
        | Distrust::Malformed
        | Distrust::Stale
        | Distrust::UnknownSerial
        | Distrust::WrongSignature => GatewayError::Untrusted(text),
    }
}

/// We could not sign: nothing was sent.
pub(crate) fn unsigned(why: &str) -> GatewayError {
    GatewayError::Misconfigured(WechatRefusal {
        code: "SIGNING_FAILED".to_owned(),
        message: why.to_owned(),
        ..WechatRefusal::default()
    })
}

fn is_same(one: &str, other: &str) -> bool {
    one.bytes().filter(|byte| *byte != b'_').eq(other.bytes().filter(|byte| *byte != b'_'))
}

fn short(text: &str, max: usize) -> String {
    let end = text.char_indices().nth(max).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or(text).to_owned()
}
