//! Who may come in: buyers' sessions and API keys. Only hashes are stored.

use super::PortFuture;
use super::order_store::StoreError;
use crate::names::{Appid, Openid};
use crate::{Timestamp, UserId};

/// Buyers, sessions and keys.
pub trait Access: Send + Sync {
    /// The buyer with this openid, made when there is none. The id is drawn by the caller and
    /// used only for a new buyer.
    ///
    /// # Contract
    /// Two calls at once for one openid give one buyer.
    fn buyer<'a>(
        &'a self,
        appid: &'a Appid,
        openid: &'a Openid,
        fresh: UserId,
        now: Timestamp,
    ) -> PortFuture<'a, Result<UserId, StoreError>>;

    /// The openid of a buyer under an application.
    fn openid<'a>(
        &'a self,
        buyer: UserId,
        appid: &'a Appid,
    ) -> PortFuture<'a, Result<Option<Openid>, StoreError>>;

    /// Stores a session under the SHA-256 of its token.
    fn open_session<'a>(
        &'a self,
        token_hash: [u8; 32],
        session: SessionRecord,
    ) -> PortFuture<'a, Result<(), StoreError>>;

    /// The session with this token hash, expired or not.
    fn session(
        &self,
        token_hash: [u8; 32],
    ) -> PortFuture<'_, Result<Option<SessionRecord>, StoreError>>;

    /// Stores an API key under the SHA-256 of the key.
    fn add_api_key(
        &self,
        key_hash: [u8; 32],
        record: ApiKeyRecord,
    ) -> PortFuture<'_, Result<(), StoreError>>;

    /// The API key with this hash, unless it was revoked.
    fn api_key(
        &self,
        key_hash: [u8; 32],
    ) -> PortFuture<'_, Result<Option<ApiKeyRecord>, StoreError>>;

    /// Every API key, revoked ones too, oldest first (by `created_at`, then id).
    fn api_keys(&self) -> PortFuture<'_, Result<Vec<ApiKeyRecord>, StoreError>>;

    /// Revokes the key with this id: it lets nobody in from now on. `false` when there is none;
    /// revoking again changes nothing and is `true`.
    fn revoke_api_key<'a>(
        &'a self,
        id: &'a str,
        now: Timestamp,
    ) -> PortFuture<'a, Result<bool, StoreError>>;
}

/// A buyer's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Whose.
    pub buyer: UserId,
    /// Until when.
    pub expires_at: Timestamp,
}

/// An API key, without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// Its id, safe to show.
    pub id: String,
    /// What it is for, in its maker's words.
    pub name: String,
    /// What it may do.
    pub roles: Vec<Role>,
    /// The merchant backend it belongs to.
    pub client_id: Option<String>,
    /// Whose it is, when a key made it: the id of the key that this began with. Whoever makes a key has
    /// seen it. None when it was made by who has the database: it is a person of its own.
    pub person: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it lets nobody in.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKeyRecord {
    /// Who has it: keys of one person count as one where another person has to agree.
    #[must_use]
    pub fn person(&self) -> &str {
        self.person.as_deref().unwrap_or(&self.id)
    }
}

/// What a key may do. Nothing that its roles do not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A merchant's backend.
    Service,
    /// May look.
    Viewer,
    /// May act.
    Operator,
    /// May approve what others propose.
    Approver,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 4] = [Role::Service, Role::Viewer, Role::Operator, Role::Approver];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Service => "service",
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Approver => "approver",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_names_that_are_read_back() {
        assert_eq!(Role::ALL.map(Role::name), ["service", "viewer", "operator", "approver"]);
        for role in Role::ALL {
            assert_eq!(Role::parse(role.name()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
    }
}
