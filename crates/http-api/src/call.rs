//! One call of a route: who calls, what they sent, and the refusals of every route in their one
//! order: who you are, the key, the body's form; then the endpoint's own.
//!
//! May not be made for a route that `routes.rs` does not name: what is not let in there is
//! refused.

use crate::auth::{self, Principal};
use crate::json_body::{self, Body, Understood};
use crate::problem::{Audience, Problem};
use crate::query::Query;
use crate::request_id::RequestId;
use crate::state::ApiState;
use crate::{idempotency, routes};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use core::pin::Pin;
use domain::UserId;
use domain::changeset::Audit;
use usecases::{Keyed, Paydesk};

/// What an endpoint gives back.
pub(crate) type Answer = Result<HttpResponse, Problem>;

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
    /// write it, so that two spellings of one path are one scope.
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
        let body = self.body()?;
        json_body::read(&self.req, body).await
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
