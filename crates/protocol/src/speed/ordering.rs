//! Prepays per second of the sandbox, beside what the cores can do when a prepay is one verification and one signature.
//!
//! The sandbox is a real one behind its port, in this process; requests are signed before the clock starts. The load
//! shares the cores. The limit is counted by the same clock with a thread for each core: whoever else wants the cores slows both.

mod load;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ring::signature::RsaKeyPair;
use serde_json::json;
use wechatpay_sim::{Credentials, RunningSandbox, Sandbox, SandboxOptions};

use super::bare::{private_key, public_key, sign, signature_times, signatures, verify};
use super::watch::{Watch, process_time, unix_seconds};
use super::{Plan, middle, thousandths};
use load::{Answer, Request};

const TARGET: &str = "/v3/pay/transactions/native";
/// Connections that order at the same time.
const CONNECTIONS: usize = 16;
/// So many are signed for a turn beyond what the limit could do in it, in hundredths.
const SPARE: u32 = 130;
/// Ordered before anything is timed.
const WARM_UP: usize = 200;
/// The signature of one answer in so many is looked at.
const LOOKED_AT: usize = 25;

/// What came of the middle turn.
#[derive(Debug, Clone, Copy)]
pub struct Ordering {
    /// Prepays answered with a code per second.
    pub per_second: u64,
    /// Signatures, each with its verification, that all cores together make per second.
    pub limit_per_second: u64,
    /// The first by the second, in thousandths.
    pub ratio: u64,
    /// CPU time of one signature and of one verification.
    pub times: (Duration, Duration),
    /// CPU time of the whole process (sandbox and load) for one prepay.
    pub cpu: Duration,
    /// How many cores there are.
    pub cores: u32,
    /// How many of them worked for ours and for the limit, in hundredths: on a machine that does other things these differ,
    /// and the ratio says little.
    pub cores_used: (u64, u64),
}

/// Measures both in turns. Keys are kept in the folder from run to run.
///
/// # Errors
/// When an order is refused, or an answer is not signed by the sandbox: a fast wrong answer is no figure.
pub async fn measure(plan: Plan, folder: &Path) -> Result<Ordering> {
    let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let sandbox = Sandbox::start(SandboxOptions::new(listen, folder)).await?;
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let cores = u32::try_from(cores).unwrap_or(1);
    let merchant = Merchant::of(sandbox.credentials())?;
    let mut turns = Vec::new();
    turn(&sandbox, &merchant, ("warm", WARM_UP))?;
    for number in 0..plan.turns {
        let times = signature_times(&merchant.key, plan.turn / 8)?;
        let (watch, began) = (Watch::start(), process_time());
        let limit = per_second(signatures(&merchant.key, cores, plan.turn)?, plan.turn)?;
        let limit_used = used(process_time().saturating_sub(began), watch.elapsed());
        let millis = u64::try_from(plan.turn.as_millis()).unwrap_or(0);
        let orders = limit.saturating_mul(millis).saturating_mul(u64::from(SPARE)) / 100_000;
        let run = format!("t{number}");
        let orders = usize::try_from(orders).unwrap_or(0).max(CONNECTIONS);
        let (took, cpu) = turn(&sandbox, &merchant, (&run, orders))?;
        let done = u32::try_from(orders).unwrap_or(u32::MAX);
        let ours = per_second(done, took)?;
        let rates = (ours.saturating_mul(1_000) / limit.max(1), ours, limit);
        turns.push((rates, times, cpu / done, (used(cpu, took), limit_used)));
    }
    sandbox.stop().await;
    let (rates, (signature, verification), cpu, cores_used) = middle(turns).context("no turn")?;
    let (ratio, per_second, limit_per_second) = rates;
    let times = (signature, verification);
    Ok(Ordering { per_second, limit_per_second, ratio, times, cpu, cores, cores_used })
}

/// Cores, in hundredths.
fn used(cpu: Duration, took: Duration) -> u64 {
    thousandths(cpu, took) / 10
}

fn per_second(count: u32, took: Duration) -> Result<u64> {
    let nanos = u128::from(count).saturating_mul(1_000_000_000);
    let each = nanos.checked_div(took.as_nanos()).context("it took no time")?;
    Ok(u64::try_from(each)?)
}

/// Orders so many times; how long it took, and how much CPU time.
fn turn(
    sandbox: &RunningSandbox,
    merchant: &Merchant,
    (run, orders): (&str, usize),
) -> Result<(Duration, Duration)> {
    let requests: Result<Vec<Request>> =
        (0..orders).map(|number| merchant.prepay(&format!("{run}-{number:08}"))).collect();
    let requests = requests?;
    let address = sandbox.addr();
    let (watch, began) = (Watch::start(), process_time());
    let answers = load::send(address, &requests, CONNECTIONS)?;
    let (took, cpu) = (watch.elapsed(), process_time().saturating_sub(began));
    ensure!(answers.len() == orders, "{} answers of {orders}", answers.len());
    for (number, answer) in answers.iter().enumerate() {
        ensure!(answer.status == 200, "an order is answered {}", answer.status);
        if number % LOOKED_AT == 0 {
            merchant.believe(answer)?;
        }
    }
    Ok((took, cpu))
}

/// Who orders.
struct Merchant {
    key: RsaKeyPair,
    credentials: Credentials,
    wechat_pay: Vec<u8>,
}

impl Merchant {
    fn of(credentials: &Credentials) -> Result<Self> {
        let key = private_key(&credentials.merchant_private_key_pem)?;
        let wechat_pay = public_key(&credentials.public_key_pem)?;
        Ok(Self { key, credentials: credentials.clone(), wechat_pay })
    }

    /// A signed order, as it goes over the wire.
    fn prepay(&self, number: &str) -> Result<Request> {
        let Credentials { mchid, appid, merchant_serial, public_key_id, .. } = &self.credentials;
        let body = json!({
            "appid": appid, "mchid": mchid, "description": "测试商品", "out_trade_no": number,
            "notify_url": "https://pay.example.com/notify", "attach": "speed",
            "amount": {"total": 100, "currency": "CNY"},
        })
        .to_string();
        let (seconds, nonce) = (unix_seconds(), "5F0E4A2B9C8D7E6F1A2B3C4D5E6F7A8B");
        let message = format!("POST\n{TARGET}\n{seconds}\n{nonce}\n{body}\n");
        let signature = sign(&self.key, message.as_bytes())?;
        let authorization = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"{nonce}\",\
             signature=\"{signature}\",timestamp=\"{seconds}\",serial_no=\"{merchant_serial}\""
        );
        let length = body.len();
        Ok(Request(format!(
            "POST {TARGET} HTTP/1.1\r\nHost: sandbox\r\nAuthorization: {authorization}\r\n\
             Accept: application/json\r\nContent-Type: application/json\r\nUser-Agent: speed\r\n\
             Wechatpay-Serial: {public_key_id}\r\nContent-Length: {length}\r\n\r\n{body}"
        )))
    }

    /// The answer is an offer, and the sandbox's own.
    fn believe(&self, answer: &Answer) -> Result<()> {
        ensure!(answer.body.starts_with(b"{\"code_url\""), "no code was answered");
        let header = |name| answer.header(name).with_context(|| format!("{name} is missing"));
        ensure!(header("Wechatpay-Serial")? == self.credentials.public_key_id, "another key");
        let stamp = (header("Wechatpay-Timestamp")?, header("Wechatpay-Nonce")?);
        let mut message = format!("{}\n{}\n", stamp.0, stamp.1).into_bytes();
        message.extend_from_slice(&answer.body);
        message.push(b'\n');
        verify(&self.wechat_pay, &message, header("Wechatpay-Signature")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_took_so_long() {
        assert_eq!(per_second(3, Duration::from_millis(1_500)).unwrap(), 2);
        assert_eq!(per_second(2, Duration::from_micros(800)).unwrap(), 2_500);
        assert!(per_second(2, Duration::ZERO).is_err());
    }

    #[test]
    fn orders_are_answered_and_a_refused_one_is_an_error() {
        let folder = std::env::temp_dir().join(format!("paydesk-speed-{}", std::process::id()));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
            let sandbox = Sandbox::start(SandboxOptions::new(listen, &folder)).await.unwrap();
            let mut merchant = Merchant::of(sandbox.credentials()).unwrap();
            turn(&sandbox, &merchant, ("a", 40)).unwrap();
            merchant.wechat_pay = merchant.key.public().as_ref().to_vec();
            assert!(turn(&sandbox, &merchant, ("b", 40)).is_err(), "somebody else has signed");
            merchant.credentials.mchid = "1".to_owned();
            let refused = turn(&sandbox, &merchant, ("c", 40)).unwrap_err().to_string();
            assert!(refused.contains("answered 401"), "{refused}");
            sandbox.stop().await;
        });
        std::fs::remove_dir_all(folder).unwrap();
    }
}
