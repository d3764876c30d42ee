//! A buyer comes in with a mini program's login code.

use crate::Paydesk;
use domain::ports::{LoginError, SessionRecord, StoreError};
use domain::{Timestamp, UserId};

/// A buyer who is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedIn {
    /// Who.
    pub buyer: UserId,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Why a buyer is not let in.
#[derive(Debug, thiserror::Error)]
pub enum LoginRefused {
    /// WeChat said no, or nothing.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Paydesk {
    /// Turns `code` into a session under `token_hash`; the token itself is never seen here.
    ///
    /// # Errors
    /// See [`LoginRefused`]. A code is single use: after an error the client asks for a new one.
    pub async fn log_in(&self, code: &str, token_hash: [u8; 32]) -> Result<LoggedIn, LoginRefused> {
        let (appid, openid) = self.login.openid(code).await?;
        let now = self.clock.now();
        let fresh = self.ids.user_id(now);
        let buyer = self.access.buyer(&appid, &openid, fresh, now).await?;
        let expires_at = now.plus_seconds(self.settings.session_s);
        self.access.open_session(token_hash, SessionRecord { buyer, expires_at }).await?;
        Ok(LoggedIn { buyer, expires_at })
    }
}
