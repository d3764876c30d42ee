//! `POST /api/mini/login`: a login code becomes a buyer's token.
//!
//! May not keep the token: only its hash is stored, and it is shown once.

use crate::answer;
use crate::auth::{self, Minted};
use crate::call::{Answer, Call};
use crate::json_body::{Body, Fields, TextRule};
use crate::problem::ProblemBody;
use crate::wire::shop::LoginAnswer;
use utoipa::ToSchema;

/// `wx.login` codes have 32 characters; more may come, never this many.
const CODE: TextRule = TextRule { min: 1, max: 128 };

/// A login.
#[derive(ToSchema)]
#[schema(as = LoginRequest)]
pub(crate) struct Login {
    /// What `wx.login` gave; single use.
    #[schema(min_length = 1, max_length = 128)]
    code: String,
}

impl Body for Login {
    fn read(fields: &mut Fields) -> Option<Login> {
        let code = fields.text("code", CODE);
        Some(Login { code: code? })
    }
}

/// Logs a buyer in.
#[utoipa::path(post, path = "/api/mini/login", tag = "buyers", operation_id = "log_in",
    request_body = Login,
    responses((status = 200, body = LoginAnswer),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn log_in(mut call: Call) -> Answer {
    let Login { code } = call.read().await?.value;
    let Minted { plain: token, hash } = auth::mint_buyer_token(&*call.state.paydesk.ids);
    let login = call.run(async move |paydesk| paydesk.log_in(&code, hash).await).await??;
    Ok(answer::ok(&LoginAnswer {
        token,
        expires_at: login.expires_at.to_rfc3339(),
        user_id: login.buyer.to_string(),
    }))
}
