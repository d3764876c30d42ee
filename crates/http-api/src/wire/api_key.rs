//! API keys, as approvers see them. The key itself has no `Debug`: it is shown once, on purpose.

use domain::Timestamp;
use domain::ports::{ApiKeyRecord, Role};
use serde::Serialize;
use utoipa::ToSchema;

/// What a key may do.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub(crate) enum WireRole {
    Service,
    Viewer,
    Operator,
    Approver,
}

impl WireRole {
    fn of(role: Role) -> WireRole {
        match role {
            Role::Service => WireRole::Service,
            Role::Viewer => WireRole::Viewer,
            Role::Operator => WireRole::Operator,
            Role::Approver => WireRole::Approver,
        }
    }
}

/// A key, without the key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct WireApiKey {
    id: String,
    /// What it is for.
    name: String,
    roles: Vec<WireRole>,
    /// The merchant backend that it belongs to.
    #[schema(required = true)]
    client_id: Option<String>,
    /// Whose it is: the id of the key that made it, or that made the one that did; its own when none did.
    /// Who asks and who agrees are two persons.
    person: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// Since when it lets nobody in.
    #[schema(required = true, format = DateTime)]
    revoked_at: Option<String>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
#[schema(as = NewApiKey)]
pub(crate) struct WireNewKey {
    pub(crate) id: String,
    /// For `Authorization: Bearer`; null when it was shown before.
    #[schema(required = true)]
    pub(crate) key: Option<String>,
}

impl WireApiKey {
    /// The twin.
    pub(crate) fn of(record: &ApiKeyRecord) -> WireApiKey {
        WireApiKey {
            id: record.id.clone(),
            name: record.name.clone(),
            roles: record.roles.iter().copied().map(WireRole::of).collect(),
            client_id: record.client_id.clone(),
            person: record.person().to_owned(),
            created_at: record.created_at.to_rfc3339(),
            revoked_at: record.revoked_at.map(Timestamp::to_rfc3339),
        }
    }
}
