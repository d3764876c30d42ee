//! What is outside of the application: time, chance, and the WeChat platform behind a bad network.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use domain::ports::{Clock, IdSource, PortFuture};
use domain::{OrderId, Timestamp, UserId};
use serde_json::{Value, json};
use uuid::Uuid;
use wechatpay::{Transport, TransportError, WireRequest, WireResponse};
use wechatpay_sim::core::WeChatPay;
use wechatpay_sim::core::exchange::ApiRequest;
use wechatpay_sim::core::ports::{Entropy, Keyring, Moment, Ports, SigningFailed};
use wechatpay_sim::core::settings::{Account, PlatformCertificate, Settings};

pub(crate) const APPID: &str = "wxd678efh567hg6787";
pub(crate) const MCHID: &str = "1900000109";
const SERIAL: &str = "3775B6A45ACD588826D15E583A95F5DD00000001";

/// Ten in the morning in Beijing.
pub(crate) fn start() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-21T02:00:00Z").unwrap()
}

/// Chance from a seed (splitmix64).
pub(crate) struct Chance(AtomicU64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(AtomicU64::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    /// A number below `bound`.
    pub(crate) fn draw(&self, bound: u64) -> u64 {
        let mut z = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

/// A clock that is moved by hand.
pub(crate) struct Hand(AtomicI64);

impl Hand {
    pub(crate) fn at_start() -> Hand {
        Hand(AtomicI64::new(start().micros()))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }

    fn real(&self) -> Timestamp {
        self.now()
    }

    fn sleep_millis(&self, _millis: u64) -> PortFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Ids that count.
#[derive(Default)]
pub(crate) struct Counted(AtomicU64);

impl Counted {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

impl IdSource for Counted {
    fn order_id(&self, _now: Timestamp) -> OrderId {
        OrderId::new(Uuid::from_u64_pair(9, self.next()))
    }

    fn user_id(&self, _now: Timestamp) -> UserId {
        UserId::new(Uuid::from_u64_pair(8, self.next()))
    }

    fn order_entropy(&self) -> u64 {
        self.next()
    }

    fn call(&self) -> u64 {
        self.next()
    }

    fn secret(&self) -> [u8; 32] {
        [0; 32]
    }

    fn jitter(&self, bound: u64) -> u64 {
        bound / 2
    }
}

/// Nothing is signed here.
struct NoKeys;

impl Keyring for NoKeys {
    fn sign(&self, _serial: &str, _message: &[u8]) -> Result<String, SigningFailed> {
        Ok("tag".to_owned())
    }

    fn verify_merchant(&self, _serial: &str, _message: &[u8], _signature: &str) -> bool {
        false
    }
}

struct Bytes(u64);

impl Entropy for Bytes {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = self.0.to_le_bytes()[7];
        }
    }
}

/// The platform, and the network to it.
pub(crate) struct Outside {
    clock: Arc<Hand>,
    chance: Arc<Chance>,
    inside: Mutex<(WeChatPay, Bytes)>,
    /// Whether the network and the platform make trouble.
    pub(crate) is_stormy: AtomicBool,
    pub(crate) faults: AtomicU64,
}

impl Outside {
    pub(crate) fn new(clock: Arc<Hand>, chance: Arc<Chance>) -> Outside {
        let certificate = PlatformCertificate {
            serial: SERIAL.to_owned(),
            pem: String::new(),
            effective_at: start().to_offset(),
            expire_at: start().plus_seconds(1_000_000_000).to_offset(),
        };
        let account = Account {
            mchid: MCHID.to_owned(),
            app_secrets: BTreeMap::from([(APPID.to_owned(), "secret".to_owned())]),
            mobile_apps: Default::default(),
            merchant_serials: Default::default(),
            revoked_serials: Default::default(),
            api_v3_key: *b"TestVectorApiV3Key_0123456789ABC",
            public_key_id: "PUB_KEY_ID_1".to_owned(),
            platform_certificates: vec![certificate],
        };
        let core = WeChatPay::new(account, Settings::default());
        Outside {
            clock,
            chance,
            inside: Mutex::new((core, Bytes(7))),
            is_stormy: AtomicBool::new(true),
            faults: AtomicU64::new(0),
        }
    }

    pub(crate) fn visit<T>(&self, visit: impl FnOnce(&mut WeChatPay, &mut Ports<'_>) -> T) -> T {
        let mut inside = self.inside.lock().unwrap();
        let (core, entropy) = &mut *inside;
        let now = self.clock.now().to_offset();
        let at = Moment { real: now, business: now };
        visit(core, &mut Ports { at, keyring: &NoKeys, entropy })
    }

    fn carried(&self, request: &WireRequest) -> WireResponse {
        let request = ApiRequest {
            method: request.method.as_str().to_owned(),
            target: request.target.clone(),
            headers: Vec::new(),
            body: request.body.clone().into_bytes(),
        };
        let answer = self.visit(|core, ports| core.handle(&request, ports)).answer.unwrap();
        WireResponse { status: answer.status, body: answer.body, ..WireResponse::default() }
    }

    /// Somebody forces another token: the one that is held ends.
    pub(crate) fn force_a_token(&self) {
        let body = json!({"grant_type": "client_credential", "appid": APPID, "secret": "secret",
            "force_refresh": true});
        self.carried(&WireRequest {
            method: wechatpay::Method::Post,
            target: "/cgi-bin/stable_token".to_owned(),
            purpose: wechatpay::Purpose::Call,
            headers: BTreeMap::new(),
            body: body.to_string(),
        });
    }

    fn travel(&self, request: &WireRequest) -> Result<WireResponse, TransportError> {
        let lost = || Err(TransportError("the time was up".to_owned()));
        let said = |errcode: i64| {
            let body = json!({"errcode": errcode, "errmsg": "sim"}).to_string().into_bytes();
            Ok(WireResponse { status: 200, body, ..WireResponse::default() })
        };
        let drawn = if self.is_stormy.load(Ordering::Relaxed) { self.chance.draw(16) } else { 15 };
        if drawn < 6 {
            self.faults.fetch_add(1, Ordering::Relaxed);
        }
        match drawn {
            0 => lost(),
            1 => {
                self.carried(request);
                lost()
            }
            2 => said(-1),
            3 => {
                self.carried(request);
                said(10_060_019)
            }
            4 => Ok(WireResponse { status: 502, ..WireResponse::default() }),
            5 => {
                let mut cut = self.carried(request);
                cut.body.truncate(cut.body.len() / 2);
                Ok(cut)
            }
            _ => Ok(self.carried(request)),
        }
    }
}

/// The way to it.
pub(crate) struct Way(pub(crate) Arc<Outside>);

impl Transport for Way {
    fn send(&self, request: WireRequest) -> PortFuture<'_, Result<WireResponse, TransportError>> {
        let answer = self.0.travel(&request);
        Box::pin(std::future::ready(answer))
    }
}

/// A text of a JSON value.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
