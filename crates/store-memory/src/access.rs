//! Buyers, sessions and API keys.

use crate::MemoryStore;
use domain::names::{Appid, Openid};
use domain::ports::{Access, ApiKeyRecord, PortFuture, SessionRecord, StoreError};
use domain::{Timestamp, UserId};
use std::future::ready;

impl Access for MemoryStore {
    fn buyer<'a>(
        &'a self,
        appid: &'a Appid,
        openid: &'a Openid,
        fresh: UserId,
        _now: Timestamp,
    ) -> PortFuture<'a, Result<UserId, StoreError>> {
        Box::pin(async move {
            let mut state = self.state()?;
            let key = (appid.clone(), openid.clone());
            let buyer = *state.openids.entry(key).or_insert(fresh);
            state.buyers.entry(buyer).or_default();
            Ok(buyer)
        })
    }

    fn openid<'a>(
        &'a self,
        buyer: UserId,
        appid: &'a Appid,
    ) -> PortFuture<'a, Result<Option<Openid>, StoreError>> {
        let found = self.state().map(|state| {
            let mut known = state.openids.iter();
            known
                .find(|((app, _), user)| app == appid && **user == buyer)
                .map(|((_, openid), _)| openid.clone())
        });
        Box::pin(ready(found))
    }

    fn open_session<'a>(
        &'a self,
        token_hash: [u8; 32],
        session: SessionRecord,
    ) -> PortFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.state()?.sessions.insert(token_hash, session);
            Ok(())
        })
    }

    fn session(
        &self,
        token_hash: [u8; 32],
    ) -> PortFuture<'_, Result<Option<SessionRecord>, StoreError>> {
        Box::pin(ready(self.state().map(|state| state.sessions.get(&token_hash).cloned())))
    }

    fn add_api_key(
        &self,
        key_hash: [u8; 32],
        record: ApiKeyRecord,
    ) -> PortFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.state()?.api_keys.insert(key_hash, record);
            Ok(())
        })
    }

    fn api_key(
        &self,
        key_hash: [u8; 32],
    ) -> PortFuture<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        Box::pin(ready(self.state().map(|state| {
            let valid = state.api_keys.get(&key_hash).filter(|key| key.revoked_at.is_none());
            valid.cloned()
        })))
    }

    fn api_keys(&self) -> PortFuture<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        Box::pin(ready(self.state().map(|state| {
            let mut keys: Vec<ApiKeyRecord> = state.api_keys.values().cloned().collect();
            keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
            keys
        })))
    }

    fn revoke_api_key<'a>(
        &'a self,
        id: &'a str,
        now: Timestamp,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut state = self.state()?;
            let Some(key) = state.api_keys.values_mut().find(|key| key.id == id) else {
                return Ok(false);
            };
            // The first time counts.
            key.revoked_at = key.revoked_at.or(Some(now));
            Ok(true)
        })
    }
}
