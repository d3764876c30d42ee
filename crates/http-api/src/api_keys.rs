//! `/api/admin/api-keys`: keys of backends and operators.
//!
//! May not show a key twice: only its hash is stored. Whoever may make keys may give themselves
//! any role, so making and revoking them is for approvers alone; and a key that a key made is the same
//! person's, who can never agree to what they asked for with the other one.
//!
//! A key's id is derived from the idempotency key that it was made under, so a replay finds it
//! among the keys themselves; of two twins at once the store, where ids are unique, takes one.

use crate::answer::{self, Outcome, Telling};
use crate::auth::ApiKey;
use crate::call::{Answer, Call};
use crate::idempotency;
use crate::json_body::{Body, Fields, TextRule};
use crate::problem::{Problem, ProblemBody};
use crate::query::read_key_cursor;
use crate::wire::api_key::{WireApiKey, WireNewKey, WireRole};
use crate::wire::list::Page;
use domain::ports::{ApiKeyRecord, Role};
use utoipa::ToSchema;

const PATH: &str = "/api/admin/api-keys";
const NAME: TextRule = TextRule { min: 1, max: 64 };
/// The most characters of a client's id.
const CLIENT_ID_MAX: usize = 64;

/// A key to be made.
#[derive(ToSchema)]
#[schema(as = NewApiKeyRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `NewKey` is what is read")]
pub(crate) struct NewKeyBody {
    /// What it is for.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    #[schema(min_items = 1, max_items = 4)]
    roles: Vec<WireRole>,
    /// The merchant backend that it belongs to.
    #[schema(pattern = "^[0-9A-Za-z_-]{1,64}$")]
    client_id: Option<String>,
}

struct NewKey {
    name: String,
    roles: Vec<Role>,
    client_id: Option<String>,
}

impl Body for NewKey {
    fn read(fields: &mut Fields) -> Option<NewKey> {
        let name = fields.text("name", NAME);
        let what = "service, viewer, operator or approver";
        let roles = fields.parsed_list("roles", 1..=Role::ALL.len(), Role::parse, what);
        let client_id =
            fields.optional_parsed("client_id", read_client_id, "1 to 64 of [0-9A-Za-z_-]");
        let mut roles = roles?;
        roles.sort_unstable();
        roles.dedup();
        Some(NewKey { name: name?, roles, client_id })
    }
}

fn read_client_id(text: &str) -> Option<String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let fits = (1..=CLIENT_ID_MAX).contains(&text.len()) && text.bytes().all(is_plain);
    fits.then(|| text.to_owned())
}

impl NewKey {
    fn is(&self, record: &ApiKeyRecord) -> bool {
        let NewKey { name, roles, client_id } = self;
        record.name == *name && record.roles == *roles && record.client_id == *client_id
    }
}

/// Lists the keys, newest first, revoked ones too.
#[utoipa::path(get, path = "/api/admin/api-keys", tag = "back_office",
    operation_id = "list_api_keys",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, pattern = "^[0-9A-Za-z_-]{1,64}$",
            description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<WireApiKey>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(call: Call) -> Answer {
    let mut query = call.query()?;
    let after = query.cursor(read_key_cursor);
    let limit = usize::try_from(query.limit()).unwrap_or(usize::MAX);
    query.finish()?;
    let keys = keys(&call).await?;
    let older = keys.iter().rev().skip_while(|key| after.as_ref().is_some_and(|id| key.id != *id));
    let mut older = older.skip(usize::from(after.is_some()));
    let data: Vec<&ApiKeyRecord> = older.by_ref().take(limit).collect();
    let last = data.last().filter(|_| older.next().is_some());
    let next_cursor = last.map(|key| key.id.clone());
    Ok(answer::ok(&Page { data: data.into_iter().map(WireApiKey::of).collect(), next_cursor }))
}

/// Makes a key. It is shown once: a replay has its id alone.
#[utoipa::path(post, path = "/api/admin/api-keys", tag = "back_office",
    operation_id = "make_api_key",
    params(("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$")),
    request_body = NewKeyBody,
    responses((status = 201, body = WireNewKey),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn make(mut call: Call) -> Answer {
    let key = call.key()?;
    let body = call.read::<NewKey>().await?;
    let keyed = call.keyed(key, PATH, &body.canonical);
    let (body, id) = (body.value, id_of(&keyed.scope));
    match keys(&call).await?.iter().find(|record| record.id == id) {
        Some(record) if body.is(record) => {
            let shown = WireNewKey { id, key: None };
            return Ok(answer::keyed(Outcome::Created, Telling::Replayed, &shown));
        }
        Some(_another) => return Err(Problem::key_reused()),
        None => {}
    }
    let minted = ApiKey::mint(&*call.state.paydesk.ids);
    let NewKey { name, roles, client_id } = body;
    let created_at = call.state.paydesk.clock.now();
    let person = call.person();
    let record = ApiKeyRecord {
        id: id.clone(),
        name,
        roles,
        client_id,
        person,
        created_at,
        revoked_at: None,
    };
    let hash = minted.hash;
    call.run(async move |paydesk| paydesk.access.add_api_key(hash, record).await).await??;
    tracing::info!(api_key.id = id, actor = call.audit("make key").actor, "api_key.made");
    let shown = WireNewKey { id, key: Some(minted.plain) };
    Ok(answer::keyed(Outcome::Created, Telling::First, &shown))
}

/// Revokes a key: it lets nobody in from now on.
#[utoipa::path(delete, path = "/api/admin/api-keys/{id}", tag = "back_office",
    operation_id = "revoke_api_key", params(("id" = String, Path)),
    responses((status = 204),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn revoke(call: Call) -> Answer {
    let id = call.segment("id").to_owned();
    let revoked = call.run(async move |paydesk| {
        let now = paydesk.clock.now();
        let known = paydesk.access.revoke_api_key(&id, now).await?;
        Ok::<_, domain::ports::StoreError>((known, id))
    });
    let (known, id) = revoked.await??;
    if !known {
        return Err(Problem::not_found());
    }
    tracing::info!(api_key.id = id, actor = call.audit("revoke key").actor, "api_key.revoked");
    Ok(answer::done())
}

async fn keys(call: &Call) -> Result<Vec<ApiKeyRecord>, Problem> {
    Ok(call.run(async move |paydesk| paydesk.access.api_keys().await).await??)
}

/// 96 bits of a hash of whose idempotency key it was, where.
fn id_of(scope: &domain::changeset::ReplayScope) -> String {
    let hash = idempotency::hash_of_scope(scope);
    format!("key_{}", hash.get(..24).unwrap_or(&hash))
}
