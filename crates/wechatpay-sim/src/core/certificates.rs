//! `GET /v3/certificates`: the platform certificates, encrypted (`v3.md` §4.1).
//!
//! MAY NOT list anything to a merchant that only has the public key.

use serde_json::{Value, json};

use crate::core::WeChatPay;
use crate::core::cipher::{NONCE_BYTES, encrypt};
use crate::core::ports::Ports;
use crate::core::refusal::{Code, Refusal};
use crate::core::settings::{PlatformCertificate, Verification};
use crate::core::urls::query_value;
use crate::core::wire_time::beijing;

impl WeChatPay {
    pub(crate) fn certificates(
        &self,
        query: &str,
        ports: &mut Ports<'_>,
    ) -> Result<String, Refusal> {
        let none = Refusal::new(
            404,
            Code::ResourceNotExists,
            "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。",
            0,
        );
        match query_value(query, "algorithm_type").as_deref() {
            None | Some("RSA" | "ALL") => {}
            // This sandbox has no SM2 certificates, like a merchant that never asked for one.
            Some("SM2") => return Err(none),
            Some(other) => {
                let issue = "must be RSA, SM2 or ALL";
                return Err(Refusal::url_field("algorithm_type", Some(other), issue, "query"));
            }
        }
        if self.verification == Verification::PublicKey {
            return Err(none);
        }
        let listed: Option<Vec<Value>> = self
            .account
            .platform_certificates
            .iter()
            .map(|certificate| self.listed(certificate, ports))
            .collect();
        listed.map(|data| json!({"data": data}).to_string()).ok_or_else(Refusal::system_error)
    }

    fn listed(&self, certificate: &PlatformCertificate, ports: &mut Ports<'_>) -> Option<Value> {
        let nonce = ports.text(NONCE_BYTES);
        let pem = certificate.pem.as_bytes();
        let ciphertext = encrypt(&self.account.api_v3_key, &nonce, "certificate", pem)?;
        Some(json!({
            "serial_no": certificate.serial,
            "effective_time": beijing(certificate.effective_at),
            "expire_time": beijing(certificate.expire_at),
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM",
                "nonce": nonce,
                "associated_data": "certificate",
                "ciphertext": ciphertext,
            },
        }))
    }
}
