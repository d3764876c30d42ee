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
        Box::pin(ready(self.state().map(|state| state.api_keys.get(&key_hash).cloned())))
    }
}
