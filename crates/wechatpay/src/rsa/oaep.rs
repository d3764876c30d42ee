//! Seals what is personal for WeChat Pay: RSAES-OAEP with SHA-1, or SHA-256 where that is configured, MGF1 with the same
//! and no label (v3 §5.1), by `rsa`, because `ring` has none.
//!
//! Public keys alone: how long `rsa` takes with a private one tells of it, so no private key comes here.

use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::{BigUint, Oaep, RsaPublicKey};
use sha1::Sha1;

use crate::scheme::{CannotSeal, OaepDigest};

/// `plaintext` for the key of this modulus and exponent; for a key of 2048 bits at most 214 bytes of it with SHA-1, and
/// 190 with SHA-256.
pub(super) fn seal(
    (n, e): (&[u8], &[u8]),
    digest: OaepDigest,
    plaintext: &[u8],
) -> Result<Vec<u8>, CannotSeal> {
    let (n, e) = (BigUint::from_bytes_be(n), BigUint::from_bytes_be(e));
    let key = RsaPublicKey::new(n, e).map_err(|_odd| CannotSeal)?;
    let padding = match digest {
        OaepDigest::Sha1 => Oaep::new::<Sha1>(),
        OaepDigest::Sha256 => Oaep::new::<Sha256>(),
    };
    key.encrypt(&mut OsRng, padding, plaintext).map_err(|_too_long| CannotSeal)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use rsa::pkcs8::DecodePrivateKey as _;
    use rsa::sha2::Sha256;
    use rsa::{Oaep, RsaPrivateKey};
    use serde_json::Value;
    use sha1::Sha1;

    use crate::rsa::Rsa;
    use crate::scheme::{CannotSeal, OaepDigest, PublicKey, SignatureScheme as _};
    use crate::testing::{keys, text, vectors};

    const VECTORS: &str = include_str!("../../tests/vectors/v3_oaep.json");

    fn private(name: &str) -> RsaPrivateKey {
        RsaPrivateKey::from_pkcs8_pem(text(&keys()[name], "private_key_pkcs8_pem")).unwrap()
    }

    fn public(name: &str) -> PublicKey {
        let keys = keys();
        let key = &keys[name];
        match key["certificate_pem"].as_str() {
            Some(pem) => Rsa.certificate(pem).unwrap().public_key,
            None => Rsa.public_key(text(key, "public_key_spki_pem")).unwrap(),
        }
    }

    fn opened(name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        private(name).decrypt(Oaep::new::<Sha1>(), sealed).ok()
    }

    fn all() -> Vec<Value> {
        vectors(VECTORS)["vectors"].as_array().unwrap().clone()
    }

    /// What others sealed opens in this way: so ours is opened by whoever opens theirs.
    #[test]
    fn what_others_sealed_is_opened_as_ours_is() {
        for vector in all() {
            let (name, plaintext) = (text(&vector, "key"), text(&vector, "plaintext"));
            let theirs = STANDARD.decode(text(&vector, "ciphertext")).unwrap();
            assert_eq!(opened(name, &theirs).as_deref(), Some(plaintext.as_bytes()), "{name}");
            let ours = Rsa.seal(&public(name), OaepDigest::Sha1, plaintext.as_bytes()).unwrap();
            assert_eq!(ours.len(), theirs.len());
            assert_eq!(opened(name, &ours).as_deref(), Some(plaintext.as_bytes()), "{name}");
        }
    }

    #[test]
    fn the_same_is_sealed_differently_each_time_and_for_one_key_alone() {
        let name = "wechatpay_public_key";
        let seal = || Rsa.seal(&public(name), OaepDigest::Sha1, "张三".as_bytes()).unwrap();
        let one = seal();
        assert_ne!(one, seal());
        assert_eq!(opened("platform_certificate_1", &one), None);
    }

    #[test]
    fn what_is_too_long_or_for_no_key_is_not_sealed() {
        let key = public("wechatpay_public_key");
        let max = vectors(VECTORS)["max_plaintext_bytes"].as_u64().unwrap();
        let max = usize::try_from(max).unwrap();
        for (digest, max) in [(OaepDigest::Sha1, max), (OaepDigest::Sha256, 190)] {
            assert!(Rsa.seal(&key, digest, &vec![b'a'; max]).is_ok());
            assert_eq!(Rsa.seal(&key, digest, &vec![b'a'; max + 1]), Err(CannotSeal));
            let none = PublicKey(b"no key".to_vec());
            assert_eq!(Rsa.seal(&none, digest, b"a"), Err(CannotSeal));
        }
    }

    /// The digest is the mask's too: what is sealed with one opens with that one alone.
    #[test]
    fn with_the_other_digest_it_is_opened_with_that_one() {
        let name = "wechatpay_public_key";
        let sealed = Rsa.seal(&public(name), OaepDigest::Sha256, "张三".as_bytes()).unwrap();
        let plain = private(name).decrypt(Oaep::new::<Sha256>(), &sealed).unwrap();
        assert_eq!(plain, "张三".as_bytes());
        assert_eq!(opened(name, &sealed), None);
    }
}
