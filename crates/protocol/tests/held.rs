//! How much memory a downloaded bill may take: nobody has signed the file, and a kilobyte of it can hold a megabyte.
#![cfg(test)]

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use peak_alloc::PeakAlloc;
use protocol::fuzz::fetch_bill;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

#[global_allocator]
static COUNTED: PeakAlloc = PeakAlloc;

const MIB: usize = 1_048_576;

/// What fetching a file costs at most at once, in bytes, and what was said of it.
fn fetched(file: &[u8], of: &[u8]) -> (String, usize) {
    let sha1 = hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, of));
    COUNTED.reset_peak_usage();
    let held = COUNTED.current_usage();
    let verdict = fetch_bill(file, &sha1);
    (verdict.to_string(), COUNTED.peak_usage().saturating_sub(held))
}

fn packed(plain: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(plain).unwrap();
    packer.finish().unwrap()
}

#[test]
fn only_the_announced_bill_is_ever_held_and_then_once() {
    let line = [b"`".as_slice(), &[b'0'; 1_022], b"\n"].concat();
    let plain = [b"header\n".as_slice(), &line.repeat(16 * 1_024)].concat();
    let file = packed(&plain);
    fetched(&file, b"");
    let (said, bytes) = fetched(&file, b"another bill");
    assert!(said.contains("SHA- is another one"), "{said}");
    assert!(bytes < 2 * MIB, "a file that nobody has announced held {bytes} bytes");
    let (said, bytes) = fetched(&file, &plain);
    assert!(said.contains("without a summary"), "{said}");
    assert!(bytes < 18 * MIB, "a bill of 16 MiB held {bytes} bytes");
}
