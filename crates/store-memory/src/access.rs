//! Buyers, sessions and API keys.

use crate::MemoryStore;
use crate::state::Numbering;
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
            if let Some(known) = state.openids.get(&key) {
                return Ok(*known);
            }
            state.written(|state| {
                state.openids_of.put((fresh, appid.clone()), openid.clone());
                state.openids.put(key, fresh);
                state.buyers.put(fresh, Numbering::default());
            });
            Ok(fresh)
        })
    }

    fn openid<'a>(
        &'a self,
        buyer: UserId,
        appid: &'a Appid,
    ) -> PortFuture<'a, Result<Option<Openid>, StoreError>> {
        let found =
            self.state().map(|state| state.openids_of.get(&(buyer, appid.clone())).cloned());
        Box::pin(ready(found))
    }

    fn open_session<'a>(
        &'a self,
        token_hash: [u8; 32],
        session: SessionRecord,
    ) -> PortFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.state()?.written(|state| state.sessions.put(token_hash, session));
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
            self.state()?.written(|state| state.api_keys.put(key_hash, record));
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
            let found = state.api_keys.iter().find(|(_, key)| key.id == id).map(|(hash, _)| *hash);
            let Some(hash) = found else { return Ok(false) };
            // The first time counts.
            let revoke = |key: &mut ApiKeyRecord| key.revoked_at = key.revoked_at.or(Some(now));
            Ok(state.written(|state| state.api_keys.change(&hash, revoke)))
        })
    }
}
