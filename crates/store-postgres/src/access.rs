//! Buyers, sessions and API keys. Only hashes are stored.

use crate::gather::Answers;
use crate::prepared::prepared;
use crate::{PostgresStore, whole};
use diesel::QueryableByName;
use diesel::sql_types::{
    Array, BigInt, Binary, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use domain::names::{Appid, Openid};
use domain::ports::{Access, ApiKeyRecord, PortFuture, Role, SessionRecord, StoreError};
use domain::{Timestamp, UserId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// Revoked keys let nobody in.
const KEY: &str = "SELECT id, name, roles, client_id, person, created_at, revoked_at FROM api_keys \
    WHERE key_hash = $1 AND revoked_at IS NULL";

const KEYS: &str = "SELECT id, name, roles, client_id, person, created_at, revoked_at FROM api_keys \
    ORDER BY created_at, id COLLATE \"C\"";

/// By number, from 1. One index look-up for each, however many rows the planner expects.
const SESSIONS: &str = "\
    SELECT a.n, s.buyer_id, s.expires_at \
    FROM ROWS FROM (jsonb_to_recordset($1) AS (token_hash bytea)) WITH ORDINALITY AS a (token_hash, n) \
    CROSS JOIN LATERAL (SELECT s.buyer_id, s.expires_at FROM sessions s \
                        WHERE s.token_hash = a.token_hash OFFSET 0) s";

/// The first time counts.
const REVOKE: &str = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $1) WHERE id = $2";

/// The buyer is made together with the openid or not at all; who comes second finds it.
const BUYER: &str = "SELECT paydesk_buyer($1, $2, $3, $4) AS id";

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

#[derive(QueryableByName)]
struct OpenidRow {
    #[diesel(sql_type = Text)]
    openid: String,
}

#[derive(QueryableByName)]
struct SessionRow {
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = SqlUuid)]
    buyer_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    expires_at: OffsetDateTime,
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Array<Text>)]
    roles: Vec<String>,
    #[diesel(sql_type = Nullable<Text>)]
    client_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    person: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    created_at: OffsetDateTime,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    revoked_at: Option<OffsetDateTime>,
}

impl Access for PostgresStore {
    fn buyer<'a>(
        &'a self,
        appid: &'a Appid,
        openid: &'a Openid,
        fresh: UserId,
        now: Timestamp,
    ) -> PortFuture<'a, Result<UserId, StoreError>> {
        Box::pin(async move {
            let statement = prepared(BUYER)
                .bind::<Text, _>(appid.as_str())
                .bind::<Text, _>(openid.as_str())
                .bind::<SqlUuid, _>(fresh.get())
                .bind::<Timestamptz, _>(now.to_offset());
            let found: Id = self.rows(statement).await.and_then(whole::one)?;
            Ok(UserId::new(found.id))
        })
    }

    fn openid<'a>(
        &'a self,
        buyer: UserId,
        appid: &'a Appid,
    ) -> PortFuture<'a, Result<Option<Openid>, StoreError>> {
        Box::pin(async move {
            let statement =
                prepared("SELECT openid FROM openids WHERE buyer_id = $1 AND appid = $2")
                    .bind::<SqlUuid, _>(buyer.get())
                    .bind::<Text, _>(appid.as_str());
            let found: Option<OpenidRow> = self.rows(statement).await.map(whole::maybe)?;
            Ok(found.map(|row| Openid::new(row.openid)))
        })
    }

    fn open_session<'a>(
        &'a self,
        token_hash: [u8; 32],
        session: SessionRecord,
    ) -> PortFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let statement = prepared(
                "INSERT INTO sessions (token_hash, buyer_id, expires_at) VALUES ($1, $2, $3)",
            )
            .bind::<Binary, _>(token_hash.to_vec())
            .bind::<SqlUuid, _>(session.buyer.get())
            .bind::<Timestamptz, _>(session.expires_at.to_offset());
            self.execute(statement).await?;
            Ok(())
        })
    }

    fn session(
        &self,
        token_hash: [u8; 32],
    ) -> PortFuture<'_, Result<Option<SessionRecord>, StoreError>> {
        Box::pin(self.sessions.ask(token_hash, |asked| self.read_sessions(asked)))
    }

    fn add_api_key(
        &self,
        key_hash: [u8; 32],
        record: ApiKeyRecord,
    ) -> PortFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let roles: Vec<&str> = record.roles.iter().map(|role| role.name()).collect();
            let statement = prepared(
                "INSERT INTO api_keys (key_hash, id, name, roles, client_id, person, created_at, \
                     revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind::<Binary, _>(key_hash.to_vec())
            .bind::<Text, _>(record.id)
            .bind::<Text, _>(record.name)
            .bind::<Array<Text>, _>(roles)
            .bind::<Nullable<Text>, _>(record.client_id)
            .bind::<Nullable<Text>, _>(record.person)
            .bind::<Timestamptz, _>(record.created_at.to_offset())
            .bind::<Nullable<Timestamptz>, _>(record.revoked_at.map(Timestamp::to_offset));
            self.execute(statement).await?;
            Ok(())
        })
    }

    fn api_key(
        &self,
        key_hash: [u8; 32],
    ) -> PortFuture<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        Box::pin(async move {
            let statement = prepared(KEY).bind::<Binary, _>(key_hash.to_vec());
            let found: Option<KeyRow> = self.rows(statement).await.map(whole::maybe)?;
            found.map(KeyRow::into_record).transpose()
        })
    }

    fn api_keys(&self) -> PortFuture<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        Box::pin(async move {
            let rows: Vec<KeyRow> = self.rows(prepared(KEYS)).await?;
            rows.into_iter().map(KeyRow::into_record).collect()
        })
    }

    fn revoke_api_key<'a>(
        &'a self,
        id: &'a str,
        now: Timestamp,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let statement =
                prepared(REVOKE).bind::<Timestamptz, _>(now.to_offset()).bind::<Text, _>(id);
            let known = self.execute(statement).await?;
            Ok(known > 0)
        })
    }
}

impl PostgresStore {
    /// Of each of these tokens.
    async fn read_sessions(&self, asked: Vec<[u8; 32]>) -> Answers<Option<SessionRecord>> {
        let hex = |hash: &[u8; 32]| -> String {
            hash.iter().fold("\\x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
        };
        let sheet: Value = asked.iter().map(|hash| json!({"token_hash": hex(hash)})).collect();
        let rows: Vec<SessionRow> = self.rows(prepared(SESSIONS).bind::<Jsonb, _>(sheet)).await?;
        let mut found = BTreeMap::new();
        for row in rows {
            let record = SessionRecord {
                buyer: UserId::new(row.buyer_id),
                expires_at: Timestamp::from_offset(row.expires_at),
            };
            found.insert(row.n, record);
        }
        Ok((1..).zip(&asked).map(|(n, _)| Ok(found.remove(&n))).collect())
    }
}

impl KeyRow {
    fn into_record(self) -> Result<ApiKeyRecord, StoreError> {
        let roles = self.roles.iter().map(|name| {
            Role::parse(name).ok_or_else(|| StoreError::Corrupt(format!("no role is {name:?}")))
        });
        Ok(ApiKeyRecord {
            id: self.id,
            name: self.name,
            roles: roles.collect::<Result<_, _>>()?,
            client_id: self.client_id,
            person: self.person,
            created_at: Timestamp::from_offset(self.created_at),
            revoked_at: self.revoked_at.map(Timestamp::from_offset),
        })
    }
}
