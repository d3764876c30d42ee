//! Seals what is personal for WeChat Pay: RSAES-OAEP with SHA-1, MGF1 with SHA-1 and no label (v3 §5.1), by `rsa`,
//! because `ring` has none.
//!
//! Public keys alone: how long `rsa` takes with a private one tells of it, so no private key comes here.

use rsa::rand_core::OsRng;
use rsa::{BigUint, Oaep, RsaPublicKey};
use sha1::Sha1;

use crate::scheme::CannotSeal;

/// `plaintext` for the key of this modulus and exponent; at most 214 bytes of it for a key of 2048 bits.
pub(super) fn seal((n, e): (&[u8], &[u8]), plaintext: &[u8]) -> Result<Vec<u8>, CannotSeal> {
    let (n, e) = (BigUint::from_bytes_be(n), BigUint::from_bytes_be(e));
    let key = RsaPublicKey::new(n, e).map_err(|_odd| CannotSeal)?;
    key.encrypt(&mut OsRng, Oaep::new::<Sha1>(), plaintext).map_err(|_too_long| CannotSeal)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use rsa::pkcs8::DecodePrivateKey as _;
    use rsa::{Oaep, RsaPrivateKey};
    use serde_json::Value;
    use sha1::Sha1;

    use crate::rsa::Rsa;
    use crate::scheme::{CannotSeal, PublicKey, SignatureScheme as _};
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
            let ours = Rsa.seal(&public(name), plaintext.as_bytes()).unwrap();
            assert_eq!(ours.len(), theirs.len());
            assert_eq!(opened(name, &ours).as_deref(), Some(plaintext.as_bytes()), "{name}");
        }
    }

    #[test]
    fn the_same_is_sealed_differently_each_time_and_for_one_key_alone() {
        let name = "wechatpay_public_key";
        let seal = || Rsa.seal(&public(name), "张三".as_bytes()).unwrap();
        let one = seal();
        assert_ne!(one, seal());
        assert_eq!(opened("platform_certificate_1", &one), None);
    }

    #[test]
    fn what_is_too_long_or_for_no_key_is_not_sealed() {
        let key = public("wechatpay_public_key");
        let max = vectors(VECTORS)["max_plaintext_bytes"].as_u64().unwrap();
        let max = usize::try_from(max).unwrap();
        assert!(Rsa.seal(&key, &vec![b'a'; max]).is_ok());
        assert_eq!(Rsa.seal(&key, &vec![b'a'; max + 1]), Err(CannotSeal));
        assert_eq!(Rsa.seal(&PublicKey(b"no key".to_vec()), b"a"), Err(CannotSeal));
    }
}
