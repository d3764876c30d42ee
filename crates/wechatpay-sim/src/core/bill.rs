//! 账单: the bills of a day that is over (`v3.md` §7.8).
//!
//! ```text
//! ask for a day ─▶ 200, signed: SHA-1 of the plain bill, and an address with a token
//! download      ─▶ 200, unsigned: the bill, or with GZIP a gzip file of it
//! ```
//!
//! A bill is written from the ledger when it is asked for. That is the same as if it had been written in the morning:
//! nothing that happens later is dated back, and of a refund only what was known by then is said. MAY NOT change an order
//! or a refund, and MAY NOT give the same token another content: what was hashed is what is downloaded.

mod asked;
mod availability;
mod download;
mod fund_flow;
mod sheet;
mod trades;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde::Serialize;
use time::{Date, Duration, OffsetDateTime, Time};

pub(crate) use asked::BillAsked;
pub(crate) use download::BillFiles;

use crate::core::WeChatPay;
use crate::core::answer::Success;
use crate::core::bill::asked::BillOf;
use crate::core::bill::download::{BillFile, Packing};
use crate::core::exchange::ApiRequest;
use crate::core::json::json_of;
use crate::core::ports::Ports;
use crate::core::refusal::Refusal;
use crate::core::settings::bills::DownloadPath;
use crate::core::urls::query_value;
use crate::core::wire_time::{beijing_day, beijing_offset};

/// Bills are written at nine in the morning of the next day.
const WRITTEN_AFTER: Duration = Duration::hours(9);
/// Where the live service's addresses lead; for a caller that names no host, as a simulation does.
const LIVE: &str = "https://api.mch.weixin.qq.com";

/// A day in Beijing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BillDay(pub(crate) Date);

impl BillDay {
    fn has(self, at: OffsetDateTime) -> bool {
        beijing_day(at) == self.0
    }

    /// Its last moment is before this one.
    fn end(self) -> OffsetDateTime {
        let next = self.0.next_day().unwrap_or(self.0);
        next.with_time(Time::MIDNIGHT).assume_offset(beijing_offset())
    }
}

/// The answer to whoever asks for a bill.
#[derive(Serialize)]
struct BillWire<'a> {
    hash_type: &'static str,
    hash_value: &'a str,
    download_url: &'a str,
}

impl WeChatPay {
    /// Writes a bill, keeps it for its token, and says where it is.
    pub(crate) fn bill(
        &mut self,
        asked: BillAsked,
        request: &ApiRequest,
        ports: &mut Ports<'_>,
    ) -> Result<String, Refusal> {
        let now = ports.at.business;
        availability::check(asked.day, now, &self.settings)?;
        let written = match asked.of {
            BillOf::Trades(lines) => self.trade_bill(lines, asked.day),
            BillOf::FundFlow(account) => self.fund_flow_bill(account, asked.day),
            BillOf::Nothing => None,
        };
        let empty = || Refusal::no_statement_exist(self.settings.bill_empty);
        let content = written.ok_or_else(empty)?;
        let hash = hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &content));
        let content = match asked.packing {
            Packing::Plain => content,
            Packing::Gzip => download::gzipped(&content).ok_or_else(Refusal::system_error)?,
        };
        let token = ports.text(64);
        let good_for = Duration::seconds(i64::from(self.settings.bill_token_s));
        let expires_at = now.checked_add(good_for).unwrap_or(now);
        let file = BillFile { packing: asked.packing, content: content.into(), expires_at };
        self.bills.keep(token.clone(), file, now);
        let path = match self.settings.bill_download_path {
            DownloadPath::File => "/v3/billdownload/file",
            DownloadPath::Downloadurl => "/v3/bill/downloadurl",
        };
        let download_url = format!("{}{path}?token={token}", origin(request));
        Ok(json_of(&BillWire { hash_type: "SHA1", hash_value: &hash, download_url: &download_url }))
    }

    /// The file that a token stands for.
    pub(crate) fn download_bill(
        &self,
        query: &str,
        now: OffsetDateTime,
    ) -> Result<Success, Refusal> {
        let token = query_value(query, "token")
            .ok_or_else(|| Refusal::url_field("token", None, "is required", "query"))?;
        let file = self.bills.find(&token, now).ok_or_else(Refusal::bill_token)?;
        Ok(Success::File {
            content_type: file.packing.content_type(),
            content: file.content.to_vec(),
        })
    }

    /// From when on nothing more is learnt about a day, but for what happened before.
    fn written_at(&self, day: BillDay) -> OffsetDateTime {
        day.end() + WRITTEN_AFTER.min(availability::ready_after(&self.settings))
    }
}

/// The sandbox's own host, as the caller has named it: whatever leads here leads here again.
fn origin(request: &ApiRequest) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    match request.header("Host") {
        Some(host) if !host.is_empty() && host.bytes().all(is_plain) => format!("http://{host}"),
        Some(_) | None => LIVE.to_owned(),
    }
}
