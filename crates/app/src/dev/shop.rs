//! The shop of `dev`, open: goods with stock, and an operator's key that is kept from start to start.

use crate::dev::places::Places;
use crate::playground::api::Api;
use crate::playground::{goods, operator_key};
use crate::service::Service;
use anyhow::{Context as _, Result};
use http_api::ApiKey;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

/// The shop, open.
pub(super) struct Shop {
    /// Where it is reached.
    pub(super) api_url: String,
    /// An operator's key.
    pub(super) admin_key: String,
}

/// Opens the shop. Opening it again changes nothing.
pub(super) async fn open(service: &Service, places: &Places) -> Result<Shop> {
    let admin_key = admin_key(service, places).await?;
    let addr = service.addr().context("the API does not listen")?;
    let api_url = format!("http://{addr}");
    let api = Api::at(api_url.clone())?;
    let operator = api.as_holder_of(admin_key.clone());
    for goods in &goods::OPENING {
        goods::offer(&operator, goods).await?;
    }
    Ok(Shop { api_url, admin_key })
}

async fn admin_key(service: &Service, places: &Places) -> Result<String> {
    let file = places.admin_key_file();
    let access = &service.desk().access;
    if let Ok(key) = std::fs::read_to_string(&file)
        && let Some(hash) = ApiKey::hash_of(key.trim())
        && access.api_key(hash).await?.is_some()
    {
        return Ok(key.trim().to_owned());
    }
    let key = operator_key::make(&**access, "dev", service.desk().clock.now()).await?;
    let mut options = std::fs::OpenOptions::new();
    let mut out = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    out.write_all(key.as_bytes())?;
    Ok(key)
}
