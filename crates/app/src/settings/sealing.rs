//! How what is personal is sealed for WeChat Pay.

use serde::Deserialize;

/// `wechat_pay.oaep_digest`. WeChat Pay's own SDKs use SHA-1; one of its FAQs says SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum OaepDigest {
    /// As the SDKs do.
    #[default]
    Sha1,
    /// As the FAQ says.
    Sha256,
}

impl TryFrom<String> for OaepDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<OaepDigest, &'static str> {
        match text.as_str() {
            "sha1" => Ok(OaepDigest::Sha1),
            "sha256" => Ok(OaepDigest::Sha256),
            _ => Err("wechat_pay.oaep_digest is sha1 or sha256"),
        }
    }
}

impl From<OaepDigest> for wechatpay::OaepDigest {
    fn from(digest: OaepDigest) -> wechatpay::OaepDigest {
        match digest {
            OaepDigest::Sha1 => wechatpay::OaepDigest::Sha1,
            OaepDigest::Sha256 => wechatpay::OaepDigest::Sha256,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OaepDigest;

    #[test]
    fn it_is_sha_1_unless_sha_256_is_said() {
        let read = |text: &str| OaepDigest::try_from(text.to_owned()).ok();
        assert_eq!(OaepDigest::default(), OaepDigest::Sha1);
        assert_eq!(read("sha1"), Some(OaepDigest::Sha1));
        assert_eq!(read("sha256"), Some(OaepDigest::Sha256));
        assert_eq!(read("md5"), None);
        assert_eq!(wechatpay::OaepDigest::from(OaepDigest::Sha256), wechatpay::OaepDigest::Sha256);
    }
}
