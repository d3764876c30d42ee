//! The answer of `jscode2session` (mini-program §1). `session_key` is never read.

use serde::Deserialize;

/// The answer: `errcode` absent or 0 is success.
#[derive(Deserialize)]
pub(crate) struct SessionWire {
    #[serde(default)]
    pub(crate) errcode: i64,
    pub(crate) openid: Option<String>,
}
