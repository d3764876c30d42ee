//! The answer of `GET /v3/certificates` (v3 §4.1).

use serde::Deserialize;

/// The list.
#[derive(Deserialize)]
pub(crate) struct CertificatesWire {
    pub(crate) data: Vec<CertificateWire>,
}

/// One certificate. `effective_time` is not mirrored: which key signs is for WeChat Pay to say,
/// and the certificate itself says from when it holds.
#[derive(Deserialize)]
pub(crate) struct CertificateWire {
    pub(crate) serial_no: String,
    pub(crate) expire_time: String,
    pub(crate) encrypt_certificate: EncryptedWire,
}

/// The certificate, encrypted under the APIv3 key.
#[derive(Deserialize)]
pub(crate) struct EncryptedWire {
    pub(crate) algorithm: String,
    pub(crate) nonce: String,
    pub(crate) associated_data: Option<String>,
    pub(crate) ciphertext: String,
}
