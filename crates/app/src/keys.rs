//! `paydesk keys`: makes, lists and revokes API keys.
//!
//! May not show a key but once, when it is made: only its hash is kept.

use crate::cli::{KeysArgs, KeysCommand, RoleName};
use crate::ids::SystemIds;
use crate::service;
use crate::settings::Settings;
use anyhow::{Context as _, Result, bail, ensure};
use domain::ports::{Access, ApiKeyRecord, Clock as _, IdSource as _, Role};
use http_api::ApiKey;
use store_postgres::PostgresStore;

/// The most characters of a name and of a client's id.
const NAME_MAX: usize = 64;

pub(crate) async fn run(args: KeysArgs) -> Result<()> {
    let store = service::open_store(&Settings::read(&args.config.config)?).await?;
    let fitness = store.fitness().await.context("the database cannot be read")?;
    ensure!(fitness.migrated, "the database is not set up for this program: run `paydesk migrate`");
    match args.command {
        KeysCommand::Create { name, roles, client_id } => {
            create(&store, &name, &roles, client_id).await
        }
        KeysCommand::List => list(&store).await,
        KeysCommand::Revoke { id } => revoke(&store, &id).await,
    }
}

async fn create(
    store: &PostgresStore,
    name: &str,
    roles: &[RoleName],
    client_id: Option<String>,
) -> Result<()> {
    let name = name.trim();
    ensure!((1..=NAME_MAX).contains(&name.chars().count()), "--name: 1 to {NAME_MAX} characters");
    let roles: Vec<Role> =
        Role::ALL.into_iter().filter(|role| roles.iter().any(|name| is(*name, *role))).collect();
    let is_service = roles.contains(&Role::Service);
    ensure!(
        is_service == client_id.is_some(),
        "--client-id: a service key belongs to a merchant's backend, and no other key does"
    );
    ensure!(!is_service || roles.len() == 1, "--role: a service key has no other role");
    if let Some(id) = &client_id {
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        ensure!(
            plain && (1..=NAME_MAX).contains(&id.len()),
            "--client-id: 1 to 64 of [0-9A-Za-z_-]"
        );
    }
    let ids = SystemIds::default();
    let now = store.clock().now();
    let minted = ApiKey::mint(&ids);
    let record = ApiKeyRecord {
        id: ids.user_id(now).to_string(),
        name: name.to_owned(),
        roles,
        client_id,
        person: None,
        created_at: now,
        revoked_at: None,
    };
    let id = record.id.clone();
    store.add_api_key(minted.hash, record).await.context("the key was not stored")?;
    // The key alone on standard output, so that a script can take it.
    eprintln!("key {id}, shown only now:");
    println!("{}", minted.plain);
    Ok(())
}

async fn list(store: &PostgresStore) -> Result<()> {
    let keys = store.api_keys().await.context("the keys cannot be read")?;
    if keys.is_empty() {
        eprintln!("there is no key; `paydesk keys create` makes one");
    }
    for key in keys {
        let roles: Vec<&str> = key.roles.iter().map(|role| role.name()).collect();
        let revoked =
            key.revoked_at.map_or_else(String::new, |at| format!("  revoked {}", at.to_rfc3339()));
        let client = key.client_id.map_or_else(String::new, |id| format!("  client {id}"));
        println!(
            "{}  {}  {}  since {}{client}{revoked}",
            key.id,
            roles.join(","),
            key.name,
            key.created_at.to_rfc3339()
        );
    }
    Ok(())
}

async fn revoke(store: &PostgresStore, id: &str) -> Result<()> {
    let now = store.clock().now();
    if !store.revoke_api_key(id, now).await.context("the key was not revoked")? {
        bail!("there is no key {id}; `paydesk keys list` shows them");
    }
    println!("key {id} lets nobody in any more");
    Ok(())
}

fn is(name: RoleName, role: Role) -> bool {
    match name {
        RoleName::Service => role == Role::Service,
        RoleName::Viewer => role == Role::Viewer,
        RoleName::Operator => role == Role::Operator,
        RoleName::Approver => role == Role::Approver,
    }
}
