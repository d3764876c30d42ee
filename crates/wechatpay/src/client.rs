//! [`WechatPay`]: the client that the application holds.
//!
//! Joins the ports to the modules that do the work; holds no protocol of its own.

use core::fmt;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, RwLock};

use domain::card::Card;
use domain::fact::{PaymentFact, RefundFact};
use domain::names::TransactionId;
use domain::payment::{Channel, Credential, Payment, Terms, TradeType};
use domain::ports::{
    AbnormalRequest, Clock, GatewayError, Notice, NoticeError, NoticeOpener, PayParams,
    PaymentGateway, PortFuture, RawNotice, RefundRequest,
};
use domain::{OutRefundNo, OutTradeNo, Timestamp};

use crate::bills::Hosts;
use crate::credentials::Credentials;
use crate::errors::Call;
use crate::exchange::{Exchange, NoKey, Reply};
use crate::keyring::KeyRing;
use crate::nonces::{Nonces, SystemNonces};
use crate::rsa::Rsa;
use crate::scheme::SignatureScheme;
use crate::settings::{Parsed, Settings, SettingsErrors};
use crate::sign::Stamp;
use crate::transport::{HttpTransport, Transport};
use crate::verify::{Claim, Distrust, SignatureHeaders};
use crate::{abnormal, close, notice, pay_params, prepay, query, query_refund, refund};

/// What a client does not do itself.
#[derive(Clone)]
pub struct Ports {
    /// The time of signatures and of their windows.
    pub clock: Arc<dyn Clock>,
    /// Carries requests.
    pub transport: Arc<dyn Transport>,
    /// Gives nonces.
    pub nonces: Arc<dyn Nonces>,
    /// Reads keys, signs and verifies. [`Rsa`] unless one simulates.
    pub scheme: Arc<dyn SignatureScheme>,
}

/// WeChat Pay v3 for one merchant number.
pub struct WechatPay {
    pub(crate) exchange: Exchange,
    /// Where the link to a bill may lead.
    pub(crate) bill_hosts: Hosts,
    notify_url: String,
    refund_notify_url: String,
}

impl WechatPay {
    /// A client over HTTPS. Connects to nothing yet: platform certificates, where they are used,
    /// are fetched at the first call or notification.
    ///
    /// # Errors
    /// Every mistake in the settings at once.
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<WechatPay, SettingsErrors> {
        let parsed = settings.parse(&Rsa)?;
        let transport = HttpTransport::new(
            &settings.base_url,
            settings.backup_base_url.as_deref(),
            settings.timeout(),
            settings.connect_timeout(),
        )
        .map_err(|error| SettingsErrors(vec![error.to_string()]))?;
        let ports = Ports {
            clock,
            transport: Arc::new(transport),
            nonces: Arc::new(SystemNonces::new()),
            scheme: Arc::new(Rsa),
        };
        Ok(WechatPay::assemble(settings, parsed, ports))
    }

    /// A client over ports of the caller's: tests and the simulation. Keys in the settings are
    /// read by `ports.scheme`.
    ///
    /// # Errors
    /// Every mistake in the settings at once.
    pub fn over(settings: &Settings, ports: Ports) -> Result<WechatPay, SettingsErrors> {
        let parsed = settings.parse(&*ports.scheme)?;
        Ok(WechatPay::assemble(settings, parsed, ports))
    }

    fn assemble(settings: &Settings, parsed: Parsed, ports: Ports) -> WechatPay {
        let Ports { clock, transport, nonces, scheme } = ports;
        let mut ring = KeyRing::default();
        ring.configure(parsed.platform_keys, parsed.beside.fetches_certificates);
        let credentials = Credentials::new(parsed.merchant_keys, parsed.beside, clock.real());
        let exchange = Exchange {
            mchid: parsed.mchid,
            credentials: RwLock::new(Arc::new(credentials)),
            scheme,
            transport,
            nonces,
            clock,
            ring: RwLock::new(ring),
            fetching: tokio::sync::Mutex::new(()),
            signing_offset: AtomicI64::new(0),
        };
        WechatPay {
            exchange,
            bill_hosts: Hosts::new(&settings.base_url, settings.backup_base_url.as_deref()),
            notify_url: settings.notify_url.clone(),
            refund_notify_url: parsed.refund_notify_url,
        }
    }

    /// Fetches the platform certificates now, if they are used. `true` when a believable answer
    /// came or none is needed. For `doctor`, and for a job that keeps them fresh without a call
    /// having to wait.
    pub async fn refresh_certificates(&self) -> bool {
        self.exchange.refresh_certificates().await
    }
}

/// What came of other credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// They are the ones in use.
    Same,
    /// They are in use from now on.
    Replaced,
}

impl WechatPay {
    /// Uses the keys of `settings` from now on: the merchant's, the APIv3 keys, the public key, platform
    /// certificates, and whether such are fetched. All of them, or with a mistake none. Calls that are under
    /// way end with what they began with. Everything else in `settings` is looked at and not used.
    ///
    /// # Errors
    /// Every mistake in the settings at once; another merchant number is one.
    pub fn renew(&self, settings: &Settings) -> Result<Renewed, SettingsErrors> {
        let exchange = &self.exchange;
        let Parsed { mchid, merchant_keys, beside, platform_keys, .. } =
            settings.parse(&*exchange.scheme)?;
        if mchid != exchange.mchid {
            let why = "mchid is another one, which takes a restart".to_owned();
            return Err(SettingsErrors(vec![why]));
        }
        if beside.fingerprint == exchange.credentials().fingerprint {
            return Ok(Renewed::Same);
        }
        let lists = beside.fetches_certificates;
        let credentials = Credentials::new(merchant_keys, beside, exchange.clock.real());
        exchange.replace(credentials, |ring| ring.configure(platform_keys, lists));
        Ok(Renewed::Replaced)
    }
}

impl WechatPay {
    /// Fetches the platform certificates when they are used and have grown old. Cheap when there
    /// is nothing to do: for a task that looks again and again, so that no call and no
    /// notification has to wait.
    pub async fn keep_keys_fresh(&self) {
        self.exchange.keep_keys_fresh().await;
    }

    /// Whether what WeChat Pay says could be verified now. Asks nobody.
    #[must_use]
    pub fn can_verify(&self) -> bool {
        self.exchange.can_verify()
    }
}

impl WechatPay {
    /// Asks what became of a payment by WeChat Pay's own number of it (查单, v3 §7.3): of a line in a
    /// bill, say. `None` where WeChat Pay says that there is no such payment, which is unsigned and so
    /// a hint.
    ///
    /// Every `Some` is a verified statement about that `transaction_id` and our merchant number. The
    /// `out_trade_no` in it is whatever was stated, often another system's.
    ///
    /// # Errors
    /// As [`PaymentGateway::query`].
    pub async fn query_by_transaction_id(
        &self,
        transaction_id: &TransactionId,
    ) -> Result<Option<PaymentFact>, GatewayError> {
        let mchid = &self.exchange.mchid;
        match self.exchange.call(&query::draft_by_id(transaction_id, mchid)).await? {
            Reply::Verified(answer) => query::read_by_id(transaction_id, mchid, &answer).map(Some),
            Reply::Declined(decline) => query::read_decline_by_id(decline),
        }
    }
}

impl fmt::Debug for WechatPay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WechatPay({}, {:?})", self.exchange.mchid, self.exchange.credentials())
    }
}

impl PaymentGateway for WechatPay {
    fn compose_prepay(&self, terms: &Terms) -> String {
        prepay::compose(terms, &self.notify_url)
    }

    fn prepay<'a>(
        &'a self,
        payment: &'a Payment,
    ) -> PortFuture<'a, Result<Credential, GatewayError>> {
        Box::pin(async move {
            let trade_type = payment.terms.trade_type().ok_or_else(|| {
                GatewayError::OutcomeUnknown("not a payment at WeChat Pay".to_owned())
            })?;
            let draft = prepay::draft(trade_type, &payment.prepay_body);
            match self.exchange.call(&draft).await? {
                Reply::Verified(answer) => prepay::read(trade_type, &answer),
                Reply::Declined(decline) => {
                    let openid = payment.terms.payer.as_ref().map_or("", |payer| payer.as_str());
                    Err(decline.hiding(openid).into_error(Call::Prepay))
                }
            }
        })
    }

    fn query<'a>(
        &'a self,
        out_trade_no: &'a OutTradeNo,
    ) -> PortFuture<'a, Result<PaymentFact, GatewayError>> {
        Box::pin(async move {
            let mchid = &self.exchange.mchid;
            match self.exchange.call(&query::draft(out_trade_no, mchid)).await? {
                Reply::Verified(answer) => query::read(out_trade_no, mchid, &answer),
                Reply::Declined(decline) => query::read_decline(out_trade_no, mchid, decline),
            }
        })
    }

    fn close<'a>(
        &'a self,
        out_trade_no: &'a OutTradeNo,
    ) -> PortFuture<'a, Result<(), GatewayError>> {
        Box::pin(async move {
            let draft = close::draft(out_trade_no, &self.exchange.mchid);
            match self.exchange.call(&draft).await? {
                Reply::Verified(answer) => close::read(&answer),
                Reply::Declined(decline) => Err(decline.into_error(Call::Close)),
            }
        })
    }

    fn refund<'a>(
        &'a self,
        request: &'a RefundRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        Box::pin(async move {
            let draft = refund::draft(request, &self.refund_notify_url);
            match self.exchange.call(&draft).await? {
                Reply::Verified(answer) => refund::read(request, &self.exchange.mchid, &answer),
                Reply::Declined(decline) => Err(decline.into_error(Call::Refund)),
            }
        })
    }

    fn query_refund<'a>(
        &'a self,
        out_refund_no: &'a OutRefundNo,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        Box::pin(async move {
            let mchid = &self.exchange.mchid;
            match self.exchange.call(&query_refund::draft(out_refund_no)).await? {
                Reply::Verified(answer) => query_refund::read(out_refund_no, mchid, &answer),
                Reply::Declined(decline) => {
                    query_refund::read_decline(out_refund_no, mchid, decline)
                }
            }
        })
    }

    fn apply_abnormal<'a>(
        &'a self,
        request: &'a AbnormalRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        Box::pin(async move {
            let draft = abnormal::draft(&self.exchange, request).await?;
            match self.exchange.call_once(&draft).await? {
                Reply::Verified(answer) => abnormal::read(request, &self.exchange.mchid, &answer),
                Reply::Declined(decline) => {
                    let decline = match &request.card {
                        Card::OfUser(card) => {
                            decline.hiding_figures(card.account.reveal()).hiding(card.name.reveal())
                        }
                        Card::OfMerchant => decline,
                    };
                    Err(decline.into_error(Call::ApplyAbnormal))
                }
            }
        })
    }

    fn pay_params(&self, payment: &Payment) -> Option<PayParams> {
        let prepay_id = match payment.credential()? {
            Credential::CodeUrl(code_url) => {
                return Some(PayParams::Native { code_url: code_url.clone() });
            }
            Credential::H5Url(h5_url) => return Some(PayParams::H5 { h5_url: h5_url.clone() }),
            Credential::PrepayId(prepay_id) => prepay_id,
        };
        let seconds = self.exchange.signing_time().seconds();
        let nonce = self.exchange.nonces.nonce();
        let signed = nonce.ok().and_then(|nonce| {
            let stamp = Stamp { seconds, nonce: &nonce };
            let key = &*self.exchange.credentials().signing();
            let Terms { channel, appid, mchid, .. } = &payment.terms;
            if *channel == Channel::Wechat(TradeType::App) {
                pay_params::app((appid, mchid), prepay_id, stamp, key).ok()
            } else {
                pay_params::jsapi(appid, prepay_id, stamp, key).ok()
            }
        });
        if signed.is_none() {
            tracing::error!(payment.out_trade_no = %payment.out_trade_no(), "cannot sign pay_params");
        }
        signed
    }
}

impl NoticeOpener for WechatPay {
    fn open<'a>(
        &'a self,
        raw: &'a RawNotice,
        now: Timestamp,
    ) -> PortFuture<'a, Result<Notice, NoticeError>> {
        Box::pin(async move {
            let headers = SignatureHeaders {
                timestamp: raw.timestamp.as_deref(),
                nonce: raw.nonce.as_deref(),
                signature: raw.signature.as_deref(),
                serial: raw.serial.as_deref(),
            };
            let scheme = &*self.exchange.scheme;
            if headers.are_absent() && notice::is_xml(&raw.body) {
                return Err(NoticeError::Malformed(notice::XML));
            }
            let claim = Claim::read(headers, scheme).map_err(refused)?;
            claim.check_window(now).map_err(refused)?;
            let key = match self.exchange.key(claim.serial(), now).await {
                Ok(key) => key,
                Err(NoKey::Unknown) => return Err(refused(Distrust::UnknownSerial)),
                Err(NoKey::Unavailable) => return Err(NoticeError::KeysUnavailable),
            };
            let verified = claim.verify(scheme, &key, &raw.body).map_err(refused)?;
            let credentials = self.exchange.credentials();
            notice::read(verified, &credentials.api_v3_keys, &self.exchange.mchid)
        })
    }
}

fn refused(why: Distrust) -> NoticeError {
    match why {
        Distrust::Probe => NoticeError::Probe,
        Distrust::Missing
        | Distrust::Malformed
        | Distrust::Stale
        | Distrust::UnknownSerial
        | Distrust::WrongSignature => NoticeError::Untrusted(why.text()),
    }
}
