//! How the bills of a day are asked for the next morning, and how WeChat Pay writes them.

use super::Draw;
use crate::tape::Kind;
use wechatpay_sim::core::settings::Settings;
use wechatpay_sim::core::settings::bills::{
    BillBeforeNine, BillBom, BillEmpty, BillFeesFrom, BillLayout, BillLineEnd, BillRefundStatus,
    BillRefundTimes, DownloadPath,
};

/// How bills are asked for, and how WeChat Pay writes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bills {
    /// Whether they are asked for before there are any.
    pub early: bool,
    /// What is asked for, beside the bill of all trades and the flow of the basic account: 0 to 3.
    pub other: u32,
    /// What is said before nine.
    pub before_nine: BillBeforeNine,
    /// The status of a day without a line.
    pub empty: BillEmpty,
    /// Where links lead.
    pub download_path: DownloadPath,
    /// What a file begins with.
    pub bom: BillBom,
    /// What a line ends with.
    pub line_end: BillLineEnd,
    /// Which columns there are.
    pub layout: BillLayout,
    /// Where the times of a refund stand.
    pub refund_times: BillRefundTimes,
    /// As of when a refund's status is.
    pub refund_status: BillRefundStatus,
    /// Which account pays the fees.
    pub fees_from: BillFeesFrom,
}

impl Bills {
    /// WeChat Pay's settings, writing bills so.
    #[must_use]
    pub fn written(self, settings: Settings) -> Settings {
        Settings {
            bill_before_nine: self.before_nine,
            bill_empty: self.empty,
            bill_download_path: self.download_path,
            bill_bom: self.bom,
            bill_line_end: self.line_end,
            bill_layout: self.layout,
            bill_refund_times: self.refund_times,
            bill_refund_status: self.refund_status,
            bill_fees_from: self.fees_from,
            ..settings
        }
    }
}

impl Draw<'_> {
    /// In one world of eight.
    pub(super) fn bills(&self) -> Option<Bills> {
        let fetches = self.0.choose(Kind::Swarm, 0, 2, |chance| u32::from(chance % 8 == 0)) == 1;
        fetches.then(|| Bills {
            early: self.below(4) == 3,
            other: self.below(4),
            before_nine: self
                .one_of(&[BillBeforeNine::StatementCreating, BillBeforeNine::NoStatementExist]),
            empty: self.one_of(&[BillEmpty::BadRequest, BillEmpty::NotFound]),
            download_path: self.one_of(&[DownloadPath::File, DownloadPath::Downloadurl]),
            bom: self.one_of(&[BillBom::None, BillBom::Utf8]),
            line_end: self.one_of(&[BillLineEnd::Crlf, BillLineEnd::Lf]),
            layout: self.one_of(&[BillLayout::Current, BillLayout::Older]),
            refund_times: self.one_of(&[BillRefundTimes::BeforeNumbers, BillRefundTimes::Last]),
            refund_status: self
                .one_of(&[BillRefundStatus::WhenWritten, BillRefundStatus::WhenAccepted]),
            fees_from: self.one_of(&[BillFeesFrom::Basic, BillFeesFrom::Fees]),
        })
    }
}
