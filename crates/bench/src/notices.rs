//! Notifications as WeChat Pay sends them, signed and encrypted before anything is timed.
//!
//! The keys are the sandbox's; the contents follow the orders' own rows.

use crate::client::Request;
use crate::database::Database;
use crate::stopwatch::unix_seconds;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::ops::Range;
use wechatpay_sim::core::cipher::encrypt;
use wechatpay_sim::core::ports::Keyring as _;
use wechatpay_sim::core::settings::Account;
use wechatpay_sim::keys::folder::StoredKeys;
use wechatpay_sim::keys::keyring::RsaKeyring;

pub(crate) const NOTIFY_PATH: &str = "/api/mini/wechat-pay/notify";

/// A payment that WeChat Pay says is successful.
pub(crate) struct Paid {
    event_id: String,
    /// Any 12 characters that no other notification under this key has.
    nonce: String,
    at: String,
    resource: Value,
}

impl Paid {
    /// The payments of these orders, as if all of them had just been paid.
    pub(crate) async fn load(database: &Database, orders: Range<i32>) -> Result<Vec<Paid>> {
        let query = "SELECT b.k, bench_event(b.k), bench_transaction(b.k), p.mchid, p.appid, \
                p.out_trade_no, p.payer_openid, p.amount_fen, p.attach, \
                to_char(now() AT TIME ZONE INTERVAL '8 hours', 'YYYY-MM-DD\"T\"HH24:MI:SS') \
                    || '+08:00' \
            FROM bench_orders b JOIN payments p USING (order_id) \
            WHERE b.k >= $1 AND b.k < $2 ORDER BY b.k";
        let rows = database.rows(query, &[&orders.start, &orders.end]).await?;
        rows.iter().map(Paid::of).collect()
    }

    fn of(row: &tokio_postgres::Row) -> Result<Paid> {
        let text = |place: usize| row.try_get::<_, String>(place);
        let (k, amount): (i32, i64) = (row.try_get(0)?, row.try_get(7)?);
        let at = text(9)?;
        let resource = json!({
            "mchid": text(3)?, "appid": text(4)?, "out_trade_no": text(5)?,
            "transaction_id": text(2)?, "trade_type": "JSAPI", "trade_state": "SUCCESS",
            "trade_state_desc": "支付成功", "bank_type": "OTHERS", "attach": text(8)?,
            "success_time": at, "payer": {"openid": text(6)?},
            "amount": {"total": amount, "payer_total": amount, "currency": "CNY",
                "payer_currency": "CNY"},
        });
        Ok(Paid { event_id: text(1)?, nonce: format!("{k:012}"), at, resource })
    }
}

/// Signs them, on all cores: a signature is good for five minutes.
pub(crate) async fn sign(keys: &StoredKeys, paid: Vec<Paid>) -> Result<Vec<Request>> {
    let (account, keyring) = (keys.account(), keys.keyring()?);
    tokio::task::spawn_blocking(move || sign_all(&account, &keyring, &paid)).await?
}

fn sign_all(account: &Account, keyring: &RsaKeyring, paid: &[Paid]) -> Result<Vec<Request>> {
    let cores = std::thread::available_parallelism()?.get();
    let share = paid.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let signers: Vec<_> = paid
            .chunks(share)
            .map(|some| {
                let sign = move || some.iter().map(|one| notification(account, keyring, one));
                scope.spawn(move || sign().collect::<Result<Vec<Request>>>())
            })
            .collect();
        let mut requests = Vec::with_capacity(paid.len());
        for signer in signers {
            let signed = signer.join().map_err(|_panic| anyhow::anyhow!("a signer ended badly"))?;
            requests.extend(signed?);
        }
        Ok(requests)
    })
}

fn notification(account: &Account, keyring: &RsaKeyring, paid: &Paid) -> Result<Request> {
    let sealed = encrypt(
        &account.api_v3_key,
        &paid.nonce,
        "transaction",
        paid.resource.to_string().as_bytes(),
    );
    let body = json!({
        "id": paid.event_id, "create_time": paid.at, "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS", "summary": "支付成功",
        "resource": {
            "original_type": "transaction", "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": sealed.context("the nonce is not 12 bytes")?,
            "associated_data": "transaction", "nonce": paid.nonce,
        },
    })
    .to_string();
    let timestamp = unix_seconds().to_string();
    let message = format!("{timestamp}\n{}\n{body}\n", paid.nonce);
    let serial = &account.public_key_id;
    let signature = keyring.sign(serial, message.as_bytes())?;
    let headers = [
        ("Content-Type", "application/json"),
        ("Wechatpay-Timestamp", timestamp.as_str()),
        ("Wechatpay-Nonce", paid.nonce.as_str()),
        ("Wechatpay-Signature", signature.as_str()),
        ("Wechatpay-Serial", serial.as_str()),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"),
    ];
    Ok(Request::new("POST", NOTIFY_PATH, &headers, Some(body.as_bytes())))
}
