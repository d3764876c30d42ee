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
    let key = ApiKeyRecord {
        id: "k-1".to_owned(),
        name: "till".to_owned(),
        roles: vec![Role::Viewer, Role::Operator],
        client_id: Some("shop".to_owned()),
        created_at: sample::start(),
        revoked_at: None,
    };
    stores.access.add_api_key([3; 32], key.clone()).await.unwrap();
    assert_eq!(stores.access.api_key([3; 32]).await.unwrap(), Some(key));
    assert_eq!(stores.access.api_key([1; 32]).await.unwrap(), None);
}
