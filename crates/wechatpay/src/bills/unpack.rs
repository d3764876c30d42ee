//! Unpacks a downloaded bill and proves that it is the one that was announced.
//!
//! The only door through which bytes become a [`Genuine`] bill. Reads no more than [`BILL_MAX`]
//! bytes out of a file, whatever it says of itself: a kilobyte of gzip can hold a megabyte.

use std::io::Read;

use domain::ports::BillError;
use flate2::bufread::MultiGzDecoder;
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

/// The most bytes of a bill, unpacked: some four hundred thousand lines.
pub const BILL_MAX: usize = 134_217_728;

/// How a gzip file begins; a bill, which is text, never does.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What is read at once while it is not known what it is.
const PIECE: usize = 65_536;

const TORN: &str = "it cannot be unpacked";

/// A bill whose hash a verified answer named. Only [`open`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Genuine(Vec<u8>);

impl Genuine {
    /// The bill, unpacked.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The bill in a downloaded file, if it is the one with this hash.
pub(super) fn open(file: Vec<u8>, sha1: &[u8; 20]) -> Result<Genuine, BillError> {
    open_up_to(file, sha1, BILL_MAX)
}

fn open_up_to(file: Vec<u8>, sha1: &[u8; 20], bytes_max: usize) -> Result<Genuine, BillError> {
    // We ask for gzip; a host on the way may have unpacked it.
    if !file.starts_with(&GZIP) {
        prove(&mut file.as_slice(), sha1, bytes_max)?;
        return Ok(Genuine(file));
    }
    // Twice, and kept only the second time: nobody has signed the file, so until its hash is known it
    // may be anything, and as long as it likes. Then it takes what it needs, once.
    let length = prove(&mut MultiGzDecoder::new(file.as_slice()), sha1, bytes_max)?;
    let mut bill = Vec::with_capacity(length);
    match MultiGzDecoder::new(file.as_slice()).read_to_end(&mut bill) {
        Ok(_) => Ok(Genuine(bill)),
        Err(_) => Err(BillError::Damaged(TORN)),
    }
}

/// Reads to the end, keeps nothing, and gives back the length of what has this hash.
fn prove(bill: &mut dyn Read, sha1: &[u8; 20], bytes_max: usize) -> Result<usize, BillError> {
    let mut hash = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    let mut piece = vec![0; PIECE];
    let mut length = 0_usize;
    loop {
        let read = match bill.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => piece.get(..read).unwrap_or_default(),
            Err(_) => return Err(BillError::Damaged(TORN)),
        };
        length = length.saturating_add(read.len());
        if length > bytes_max {
            return Err(BillError::TooLarge { bytes_max });
        }
        hash.update(read);
    }
    // SHA-1 is what WeChat Pay offers. Who could forge a bill to its hash would have to have
    // chosen WeChat Pay's own bill as well.
    if hash.finish().as_ref() == sha1 {
        Ok(length)
    } else {
        Err(BillError::Damaged("its SHA-1 is another one"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use ring::digest::digest;
    use std::io::Write as _;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn sha1(bytes: &[u8]) -> [u8; 20] {
        digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().try_into().unwrap()
    }

    #[test]
    fn the_hash_is_of_the_bill_and_not_of_the_file() {
        let (bill, file) = (b"a bill".as_slice(), packed(b"a bill"));
        assert_eq!(open(file.clone(), &sha1(bill)).unwrap().bytes(), bill);
        assert_eq!(open(bill.to_vec(), &sha1(bill)).unwrap().bytes(), bill);
        let damaged = Err(BillError::Damaged("its SHA-1 is another one"));
        assert_eq!(open(file.clone(), &sha1(&file)), damaged);
        assert_eq!(open(bill.to_vec(), &sha1(b"a bilk")), damaged);
        // The published digest of "abc" (FIPS 180-1), so that this is not only compared with itself.
        assert_eq!(hex::encode(sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    #[test]
    fn a_bomb_is_not_unpacked_to_its_end() {
        let bomb = packed(&vec![b'0'; 1_000_000]);
        assert!(bomb.len() < 2_000, "{}", bomb.len());
        let sha1 = sha1(&vec![b'0'; 1_000_000]);
        let too_large = Err(BillError::TooLarge { bytes_max: 999_999 });
        assert_eq!(open_up_to(bomb.clone(), &sha1, 999_999), too_large);
        assert!(open_up_to(bomb.clone(), &sha1, 1_000_000).is_ok());
        let mut begun = MultiGzDecoder::new(bomb.as_slice());
        assert_eq!(prove(&mut begun, &sha1, 10), Err(BillError::TooLarge { bytes_max: 10 }));
        let left = std::io::copy(&mut begun, &mut std::io::sink()).unwrap();
        assert!(left >= 900_000, "nobody reads on");
        // Unpacked or not, the limit is the same.
        assert_eq!(open_up_to(vec![b'0'; 1_000_000], &sha1, 999_999), too_large);
    }

    #[test]
    fn a_file_in_several_members_is_one_bill_and_what_follows_is_refused() {
        let file = [packed(b"first "), packed(b"second")].concat();
        assert_eq!(open(file, &sha1(b"first second")).unwrap().bytes(), b"first second");
        let more = [packed(b"a bill").as_slice(), b"more"].concat();
        let damaged = Err(BillError::Damaged("it cannot be unpacked"));
        assert_eq!(open(more, &sha1(b"a bill")), damaged);
    }

    proptest! {
        #[test]
        fn a_torn_or_changed_file_is_never_taken_for_the_bill(
            bill in proptest::collection::vec(any::<u8>(), 1..300), at in any::<prop::sample::Index>(), by in 1..=255_u8,
        ) {
            let file = packed(&bill);
            let torn = file[..at.index(file.len())].to_vec();
            prop_assert!(open(torn, &sha1(&bill)).is_err());
            let mut changed = file.clone();
            changed[at.index(file.len())] ^= by;
            // Some bytes of a gzip header say nothing of its content: then it is the same bill.
            if let Ok(genuine) = open(changed, &sha1(&bill)) {
                prop_assert_eq!(genuine.bytes(), &bill[..]);
            }
        }

        #[test]
        fn any_bytes_are_unpacked_or_refused(mut file in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(open(file.clone(), &[0; 20]).is_err());
            file.splice(0..0, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
            prop_assert!(open(file, &[0; 20]).is_err());
        }
    }
}
