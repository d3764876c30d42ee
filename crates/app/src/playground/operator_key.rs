//! An operator's first key, made by whoever owns the database.

use crate::ids::SystemIds;
use anyhow::Result;
use domain::Timestamp;
use domain::ports::{Access, ApiKeyRecord, IdSource as _, Role};
use http_api::ApiKey;

/// Makes a key that may look and operate: the key itself, which is stored only as its hash.
pub async fn make(access: &dyn Access, name: &str, now: Timestamp) -> Result<String> {
    let ids = SystemIds::default();
    let minted = ApiKey::mint(&ids);
    let record = ApiKeyRecord {
        id: ids.user_id(now).to_string(),
        name: name.to_owned(),
        roles: vec![Role::Viewer, Role::Operator, Role::Approver],
        client_id: None,
        person: None,
        created_at: now,
        revoked_at: None,
    };
    access.add_api_key(minted.hash, record).await?;
    Ok(minted.plain)
}
