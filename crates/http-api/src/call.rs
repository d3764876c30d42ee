//! One call of a route: who calls, what they sent, and the refusals of every route in their one
//! order: who you are, the key, the body's form; then the endpoint's own.
//!
//! May not be made for a route that `routes.rs` does not name: what is not let in there is
//! refused.

use crate::auth::{self, Principal};
use crate::etag::IfMatch;
use crate::json_body::{self, Body, Presence, Understood};
use crate::problem::{Audience, Problem};
use crate::query::Query;
use crate::request_id::RequestId;
use crate::state::ApiState;
use crate::wire::order::View;
use crate::{idempotency, routes};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use core::pin::Pin;
use domain::changeset::Audit;
use domain::ports::{OrderKey, Role};
use domain::{OutRefundNo, OutTradeNo, UserId};
use usecases::{Action, Keyed, Paydesk, Target};

/// What the segments are called that name something of an order.
const REFERENCE: &str = "ref";
const OUT_TRADE_NO: &str = "out_trade_no";
const OUT_REFUND_NO: &str = "out_refund_no";

/// What an endpoint gives back.
pub(crate) type Answer = Result<HttpResponse, Problem>;

/// Something asked of one order under a key, its form understood.
pub(crate) struct Asked<T> {
    /// What the body says.
    pub(crate) body: T,
    /// Of which order.
    pub(crate) target: Target,
    /// Under which key.
    pub(crate) keyed: Keyed,
}

/// One call, its caller let in.
pub(crate) struct Call {
    /// The request.
    pub(crate) req: HttpRequest,
    /// What it can reach.
    pub(crate) state: web::Data<ApiState>,
    /// Its id.
    pub(crate) request_id: RequestId,
    principal: Principal,
    /// Until it is read.
    body: Option<web::Payload>,
}

impl FromRequest for Call {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Call, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = web::Payload::from_request(req, payload);
        let req = req.clone();
        Box::pin(async move {
            let body = body.await.map_err(|_never| Problem::internal())?;
            Call::admit(req, body).await
        })
    }
}

impl Call {
    async fn admit(req: HttpRequest, body: web::Payload) -> Result<Call, Problem> {
        let state = req.app_data::<web::Data<ApiState>>().cloned().ok_or_else(Problem::internal)?;
        let request_id =
            req.extensions().get::<RequestId>().cloned().ok_or_else(Problem::internal)?;
        let pattern = req.match_pattern().unwrap_or_default();
        let route = routes::find(req.method(), &pattern).ok_or_else(Problem::not_found)?;
        let principal = auth::admit(&req, &state, route.who).await?;
        if let Principal::Key(_) = principal {
            req.extensions_mut().insert(Audience::Merchant);
        }
        Ok(Call { req, state, request_id, principal, body: Some(body) })
    }

    /// The buyer who calls.
    pub(crate) fn buyer(&self) -> Result<UserId, Problem> {
        match &self.principal {
            Principal::Buyer(buyer) => Ok(*buyer),
            Principal::Anyone | Principal::Key(_) => {
                Err(Problem::unauthenticated("this is for buyers"))
            }
        }
    }

    /// Whether the caller is a key with this role.
    pub(crate) fn has(&self, role: Role) -> bool {
        match &self.principal {
            Principal::Key(key) => key.roles.contains(&role),
            Principal::Buyer(_) | Principal::Anyone => false,
        }
    }

    /// Whose key the caller's is.
    pub(crate) fn person(&self) -> Option<String> {
        match &self.principal {
            Principal::Key(key) => Some(key.person().to_owned()),
            Principal::Buyer(_) | Principal::Anyone => None,
        }
    }

    /// Whether a person made the key, with a key of theirs, and so has seen it.
    pub(crate) fn is_of_a_person(&self) -> bool {
        matches!(&self.principal, Principal::Key(key) if key.person.is_some())
    }

    /// Who reads the answer.
    fn audience(&self) -> Audience {
        match &self.principal {
            Principal::Key(_) => Audience::Merchant,
            Principal::Buyer(_) | Principal::Anyone => Audience::Public,
        }
    }

    /// How orders look in an answer that is given now.
    pub(crate) fn view(&self) -> View {
        View { now: self.state.paydesk.clock.now(), audience: self.audience() }
    }

    /// The order in the path, at the version of `If-Match`: a buyer's own, or anybody's for those
    /// whom a route for keys let in. What cannot be a reference names nothing.
    pub(crate) fn target(&self) -> Result<Target, Problem> {
        let key = self.named().ok_or_else(Problem::not_found)?;
        let mut target = match &self.principal {
            Principal::Buyer(buyer) => Target::of_buyer(*buyer, key),
            Principal::Key(_) => Target::anybodys(key),
            Principal::Anyone => return Err(Problem::unauthenticated("this is not for everybody")),
        };
        target.expected_version = IfMatch::of(&self.req).expected();
        Ok(target)
    }

    /// What is asked of the order in the path, under a key: the key, the form and the reference
    /// are refused in this order.
    pub(crate) async fn asked<T: Body>(&mut self, presence: Presence) -> Result<Asked<T>, Problem> {
        let key = self.key()?;
        let body = self.read_if::<T>(presence).await?;
        let target = self.target()?;
        let keyed = self.keyed(key, &self.path_to(&target.key), &body.canonical);
        Ok(Asked { body: body.value, target, keyed })
    }

    /// The same, of a body with what may be kept nowhere: what is kept of it is a fingerprint under the caller's
    /// own secret, from which nobody can guess it.
    pub(crate) async fn asked_in_confidence<T: Body>(
        &mut self,
        presence: Presence,
    ) -> Result<Asked<T>, Problem> {
        let key = self.key()?;
        let body = self.read_if::<T>(presence).await?;
        let target = self.target()?;
        let path = self.path_to(&target.key);
        let mut keyed = self.keyed(key, &path, "");
        let text = format!("{}\n{path}\n{}", self.req.method(), body.canonical);
        keyed.fingerprint = auth::mac_by_credential(&self.req, &text)?;
        Ok(Asked { body: body.value, target, keyed })
    }

    /// The order that the path names: by a reference, by one of its payments or by one of its
    /// refunds.
    fn named(&self) -> Option<OrderKey> {
        let segments = self.req.match_info();
        if let Some(reference) = segments.get(REFERENCE) {
            return OrderKey::parse(reference);
        }
        match segments.get(OUT_TRADE_NO) {
            Some(number) => OutTradeNo::parse(number).map(OrderKey::OutTradeNo),
            None => {
                segments.get(OUT_REFUND_NO).and_then(OutRefundNo::parse).map(OrderKey::OutRefundNo)
            }
        }
    }

    /// The concrete path in its one spelling, so that two spellings of one path are one scope.
    fn path_to(&self, key: &OrderKey) -> String {
        let named = match key {
            OrderKey::Id(id) => id.to_string(),
            OrderKey::Number(number) => number.as_str().to_owned(),
            OrderKey::OutTradeNo(number) => number.as_str().to_owned(),
            OrderKey::OutRefundNo(number) => number.as_str().to_owned(),
        };
        let pattern = self.req.match_pattern().unwrap_or_default();
        pattern
            .replace(&format!("{{{REFERENCE}}}"), &named)
            .replace(&format!("{{{OUT_TRADE_NO}}}"), &named)
            .replace(&format!("{{{OUT_REFUND_NO}}}"), self.segment(OUT_REFUND_NO))
    }

    /// The refund in the path; what cannot be a number names nothing.
    pub(crate) fn out_refund_no(&self) -> Result<OutRefundNo, Problem> {
        OutRefundNo::parse(self.segment(OUT_REFUND_NO)).ok_or_else(Problem::not_found)
    }

    /// The payment in the path; what cannot be a number names nothing.
    pub(crate) fn out_trade_no(&self) -> Result<OutTradeNo, Problem> {
        OutTradeNo::parse(self.segment(OUT_TRADE_NO)).ok_or_else(Problem::not_found)
    }

    /// The action that was asked for, for this cause.
    pub(crate) fn action<T>(&self, asked: &Asked<T>, cause: &str) -> Action {
        Action {
            target: asked.target.clone(),
            audit: self.audit(cause),
            keyed: asked.keyed.clone(),
        }
    }

    /// The call's entry in the audit.
    pub(crate) fn audit(&self, cause: &str) -> Audit {
        Audit {
            actor: self.principal.name(),
            cause: cause.to_owned(),
            request_id: Some(self.request_id.to_string()),
        }
    }

    /// The idempotency key, which must be there.
    pub(crate) fn key(&self) -> Result<String, Problem> {
        idempotency::key(&self.req)
    }

    /// The key with its scope and the request's fingerprint. `path` is the concrete path as we
    /// write it.
    pub(crate) fn keyed(&self, key: String, path: &str, canonical: &str) -> Keyed {
        let method = self.req.method();
        Keyed {
            scope: idempotency::scope(&self.principal.name(), method, path, key),
            fingerprint: idempotency::fingerprint(method, path, canonical),
            request_id: self.request_id.to_string(),
        }
    }

    /// The JSON body.
    pub(crate) async fn read<T: Body>(&mut self) -> Result<Understood<T>, Problem> {
        self.read_if(Presence::Required).await
    }

    /// The JSON body, which may be absent where that is said.
    pub(crate) async fn read_if<T: Body>(
        &mut self,
        presence: Presence,
    ) -> Result<Understood<T>, Problem> {
        let body = self.body()?;
        json_body::read(&self.req, body, presence).await
    }

    /// The body as it came.
    pub(crate) async fn raw(&mut self, max: usize) -> Result<web::Bytes, Problem> {
        json_body::bytes(self.body()?, max).await
    }

    fn body(&mut self) -> Result<web::Payload, Problem> {
        self.body.take().ok_or_else(Problem::internal)
    }

    /// A segment of the path.
    pub(crate) fn segment(&self, name: &str) -> &str {
        self.req.match_info().get(name).unwrap_or_default()
    }

    /// The id in the path; what cannot be an id names nothing.
    pub(crate) fn number(&self) -> Result<i64, Problem> {
        let text = self.segment("id");
        let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|number| is_plain && *number > 0);
        number.ok_or_else(Problem::not_found)
    }

    /// The query parameters.
    pub(crate) fn query(&self) -> Result<Query, Problem> {
        Query::parse(self.req.query_string())
    }

    /// Does work with the application, to its end whatever becomes of this call.
    pub(crate) async fn run<T, F, W>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
        F: FnOnce(std::sync::Arc<Paydesk>) -> W,
    {
        self.state.run(work).await
    }
}
