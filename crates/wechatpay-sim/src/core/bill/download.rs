//! Bills that wait to be fetched, each under a token.
//!
//! MAY NOT keep any for ever: not beyond its time, and not more than a number of them.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use flate2::{Compression, GzBuilder};
use time::OffsetDateTime;

/// Beyond this many the oldest is forgotten.
const FILES_MAX: usize = 256;

/// How a bill is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// As it is.
    Plain,
    /// A gzip file; it is no `Content-Encoding`.
    Gzip,
}

impl Packing {
    /// Not documented; nobody should look at it.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain; charset=utf-8",
            Self::Gzip => "application/gzip",
        }
    }
}

/// A bill that waits.
#[derive(Debug, Clone)]
pub(super) struct BillFile {
    pub(super) packing: Packing,
    pub(super) content: Arc<[u8]>,
    /// Not to be had from then on.
    pub(super) expires_at: OffsetDateTime,
}

/// All bills that wait.
#[derive(Debug, Clone, Default)]
pub(crate) struct BillFiles {
    by_token: BTreeMap<String, (u64, BillFile)>,
    /// How many there have been.
    kept: u64,
}

impl BillFiles {
    pub(super) fn keep(&mut self, token: String, file: BillFile, now: OffsetDateTime) {
        self.by_token.retain(|_, (_, old)| now < old.expires_at);
        self.kept = self.kept.saturating_add(1);
        self.by_token.insert(token, (self.kept, file));
        while self.by_token.len() > FILES_MAX {
            let oldest = self.by_token.iter().min_by_key(|(_, (number, _))| *number);
            let Some(token) = oldest.map(|(token, _)| token.clone()) else { return };
            self.by_token.remove(&token);
        }
    }

    pub(super) fn find(&self, token: &str, now: OffsetDateTime) -> Option<&BillFile> {
        let (_, file) = self.by_token.get(token)?;
        (now < file.expires_at).then_some(file)
    }
}

/// A gzip file of it: always the same bytes, because no time and no system is written in it.
pub(super) fn gzipped(plain: &[u8]) -> Option<Vec<u8>> {
    const UNKNOWN_SYSTEM: u8 = 255;
    let builder = GzBuilder::new().mtime(0).operating_system(UNKNOWN_SYSTEM);
    let mut encoder = builder.write(Vec::new(), Compression::default());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use time::Duration;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-22 10:00 +8);

    fn file(expires_at: OffsetDateTime) -> BillFile {
        BillFile { packing: Packing::Plain, content: Arc::from(*b"bill"), expires_at }
    }

    #[test]
    fn a_file_is_there_until_its_time() {
        let mut files = BillFiles::default();
        files.keep("T1".to_owned(), file(NOW + Duration::minutes(5)), NOW);
        let almost = NOW + Duration::milliseconds(299_999);
        assert!(files.find("T1", almost).is_some() && files.find("T2", almost).is_none());
        assert!(files.find("T1", NOW + Duration::minutes(5)).is_none());
    }

    #[test]
    fn not_more_than_a_number_of_them_are_kept() {
        let mut files = BillFiles::default();
        for number in 0..=FILES_MAX {
            // Tokens in no order.
            let token = format!("T{}", (number * 7) % 1_000);
            files.keep(token, file(NOW + Duration::minutes(5)), NOW);
        }
        assert!(files.find("T0", NOW).is_none() && files.find("T7", NOW).is_some());
        let later = NOW + Duration::hours(1);
        files.keep("T".to_owned(), file(later + Duration::minutes(5)), later);
        assert_eq!(files.by_token.len(), 1, "and those whose time is over are forgotten");
    }

    #[test]
    fn a_gzip_file_is_one() {
        let plain = "交易时间,…\r\n".repeat(1_000);
        let packed = gzipped(plain.as_bytes()).unwrap();
        assert!(packed.starts_with(&[0x1f, 0x8b, 8]) && packed.len() < plain.len() / 10);
        assert_eq!(packed[4..8], [0; 4], "it names no time");
        let mut out = String::new();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut out).unwrap();
        assert_eq!(out, plain);
        assert_eq!(gzipped(plain.as_bytes()), Some(packed));
    }
}
