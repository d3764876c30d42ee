//! Who may come in.

use super::Stores;
use crate::sample;
use domain::names::Openid;
use domain::ports::{ApiKeyRecord, Role, SessionRecord};
use futures_util::future::join_all;

pub async fn one_openid_is_one_buyer_however_often_it_comes(stores: &Stores) {
    let (appid, openid) = (sample::appid(), Openid::new("o-same"));
    let come = |n| stores.access.buyer(&appid, &openid, sample::user(n), sample::start());
    let first = come(1).await.unwrap();
    assert_eq!(first, sample::user(1));
    for other in join_all((2..20).map(come)).await {
        assert_eq!(other.unwrap(), first);
    }
    assert_eq!(stores.access.openid(first, &appid).await.unwrap(), Some(openid));
    assert_eq!(stores.access.openid(sample::user(9), &appid).await.unwrap(), None);
}

pub async fn sessions_and_keys_are_found_by_their_hashes(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let session = SessionRecord { buyer, expires_at: sample::start().plus_seconds(60) };
    stores.access.open_session([1; 32], session.clone()).await.unwrap();
    assert_eq!(stores.access.session([1; 32]).await.unwrap(), Some(session));
    assert_eq!(stores.access.session([2; 32]).await.unwrap(), None);
    let key = key("k-1", 0);
    stores.access.add_api_key([3; 32], key.clone()).await.unwrap();
    assert_eq!(stores.access.api_key([3; 32]).await.unwrap(), Some(key));
    assert_eq!(stores.access.api_key([1; 32]).await.unwrap(), None);
}

fn key(id: &str, made_after_s: i64) -> ApiKeyRecord {
    ApiKeyRecord {
        id: id.to_owned(),
        name: "till".to_owned(),
        roles: vec![Role::Viewer, Role::Operator],
        client_id: Some("shop".to_owned()),
        person: (id == "k-b").then(|| "k-old".to_owned()),
        created_at: sample::start().plus_seconds(made_after_s),
        revoked_at: None,
    }
}

pub async fn a_revoked_key_lets_nobody_in_and_is_still_listed(stores: &Stores) {
    let access = &stores.access;
    assert!(access.api_keys().await.unwrap().is_empty());
    // Made in another order than they are listed: by time, then by id.
    let (old, b, a) = (key("k-old", 0), key("k-b", 60), key("k-a", 60));
    for (hash, record) in [(1, &b), (2, &old), (3, &a)] {
        access.add_api_key([hash; 32], record.clone()).await.unwrap();
    }
    assert_eq!(access.api_keys().await.unwrap(), [old.clone(), a.clone(), b.clone()]);
    let at = sample::start().plus_seconds(90);
    assert!(access.revoke_api_key("k-a", at).await.unwrap());
    assert_eq!(access.api_key([3; 32]).await.unwrap(), None, "revoked");
    assert_eq!(access.api_key([1; 32]).await.unwrap(), Some(b.clone()), "another is not");
    let revoked = ApiKeyRecord { revoked_at: Some(at), ..a };
    let listed = [old, revoked, b];
    assert_eq!(access.api_keys().await.unwrap(), listed);
    // Revoking again changes nothing, not even the time.
    assert!(access.revoke_api_key("k-a", at.plus_seconds(9)).await.unwrap());
    assert_eq!(access.api_keys().await.unwrap(), listed);
    assert!(!access.revoke_api_key("k-none", at).await.unwrap());
    assert_eq!(access.api_keys().await.unwrap(), listed);
}
