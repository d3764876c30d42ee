//! The file of a bill.
//!
//! Input: on a line what it is, then the file. `trade` and `flow` are plain text, which is read packed as well; after `trade.gz` and
//! `flow.gz` comes a gzip file as it stands. Whatever the file is, its hash was announced.

use std::fmt::Debug;
use std::io::{Read as _, Write as _};

use domain::bill::{BillDay, FundAccount, TradeBillKind};
use domain::ports::{BillAnswer, BillError, BillSource as _};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::json;
use wechatpay::WireResponse;

use super::resource::split;
use crate::fuzz::target::Verdict;
use crate::wechat::{NOW, Wire, answer, believing, now};

/// Texts up to here are read twice: packing takes longer than reading.
const TWICE_MAX: usize = 4_096;
/// What unpacks to more is not tried: its time and memory are those of a long bill, and say nothing about the reader.
const UNPACKED_MAX: usize = 4_194_304;

/// Reads it, a short text also packed.
///
/// # Panics
/// When the packed one is not the same bill.
pub(in crate::fuzz) fn run(input: &[u8]) -> Verdict {
    let (what, file) = split(input);
    let is_flow = what.starts_with(b"flow");
    if what.ends_with(b".gz") {
        // What is not packed at all is announced as it is.
        let mut plain = Vec::new();
        let some_more = u64::try_from(UNPACKED_MAX.saturating_add(1)).unwrap_or(u64::MAX);
        let read = MultiGzDecoder::new(file).take(some_more).read_to_end(&mut plain);
        if plain.len() > UNPACKED_MAX {
            return Verdict::refused("unpacks to more than is tried");
        }
        let sha1 = hash(if read.is_ok() { &plain } else { file });
        drop(plain);
        return fetch(is_flow, file, &sha1).0;
    }
    let sha1 = hash(file);
    let (verdict, said) = fetch(is_flow, file, &sha1);
    if file.len() <= TWICE_MAX && verdict.is_taken {
        let packed = packed(file);
        assert_eq!(said, fetch(is_flow, &packed, &sha1).1, "packed it is the same bill");
    }
    verdict
}

/// What the client says of a file of trades that was announced with this SHA-1, in hexadecimal.
#[must_use]
pub fn fetch_bill(file: &[u8], sha1: &str) -> Verdict {
    fetch(false, file, sha1).0
}

fn hash(file: &[u8]) -> String {
    hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, file))
}

fn packed(file: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory has no way to fail.
    let _written = packer.write_all(file);
    packer.finish().unwrap_or_default()
}

/// What the client says of a file, and the same in full.
fn fetch(is_flow: bool, file: &[u8], sha1: &str) -> (Verdict, String) {
    let client = believing();
    let url = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=x";
    let announced = json!({"hash_type": "SHA1", "hash_value": sha1, "download_url": url});
    let download = WireResponse { status: 200, body: file.to_vec(), ..WireResponse::default() };
    Wire::begin(vec![answer(announced.to_string()), download]);
    let day = BillDay::of(domain::Timestamp::from_seconds(NOW));
    if is_flow {
        said(&now(client.fund_flow_bill(day, FundAccount::Basic)), "a fund flow bill")
    } else {
        said(&now(client.trade_bill(day, TradeBillKind::All)), "a trade bill")
    }
}

fn said<B: Debug>(
    answer: &Result<BillAnswer<B>, BillError>,
    what: &'static str,
) -> (Verdict, String) {
    let verdict = match answer {
        Ok(BillAnswer::Published(_)) => Verdict::taken(what),
        Ok(BillAnswer::NoneThatDay | BillAnswer::NotYet) => Verdict::refused("there is none"),
        Err(why) => Verdict::refused(why),
    };
    let said = if verdict.is_taken { format!("{answer:?}") } else { String::new() };
    (verdict, said)
}
