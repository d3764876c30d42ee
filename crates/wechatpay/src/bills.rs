//! Fetches the bills of a day (账单, v3 §7.8): asks, follows the link, checks the hash, reads.
//!
//! The file itself is signed by nobody. What makes it WeChat Pay's word is the hash in the verified
//! answer to the question, so nothing of a file is read before [`unpack::open`] made it [`Genuine`].
//! Quotes nothing of a bill in any error.

mod ask;
mod cells;
mod fund_flow;
mod hosts;
mod sheet;
mod trade;
mod unpack;

use domain::bill::{BillDay, FundAccount, FundFlowBill, TradeBill, TradeBillKind};
use domain::ports::{BillAnswer, BillError, BillSource, MalformedBill, PortFuture};

use crate::client::WechatPay;
use crate::errors::{Call, Decline, NoReply};
use crate::exchange::{Draft, Exchange, Reply};
use crate::transport::{DOWNLOAD_MAX, Method, WireResponse};
use hosts::Link;
use unpack::Genuine;

pub(crate) use hosts::Hosts;
pub use unpack::BILL_MAX;

impl BillSource for WechatPay {
    fn trade_bill(
        &self,
        day: BillDay,
        kind: TradeBillKind,
    ) -> PortFuture<'_, Result<BillAnswer<TradeBill>, BillError>> {
        Box::pin(async move {
            let mchid = &self.exchange.mchid;
            self.bill(&ask::for_trades(day, kind), |bill| trade::read(bill.bytes(), mchid)).await
        })
    }

    fn fund_flow_bill(
        &self,
        day: BillDay,
        account: FundAccount,
    ) -> PortFuture<'_, Result<BillAnswer<FundFlowBill>, BillError>> {
        Box::pin(async move {
            self.bill(&ask::for_fund_flow(day, account), |bill| fund_flow::read(bill.bytes())).await
        })
    }
}

impl WechatPay {
    async fn bill<B>(
        &self,
        question: &Draft,
        read: impl FnOnce(&Genuine) -> Result<B, MalformedBill>,
    ) -> Result<BillAnswer<B>, BillError> {
        let answer = match self.exchange.call(question).await? {
            Reply::Verified(answer) => answer,
            Reply::Declined(decline) => return ask::read_decline(decline),
        };
        let announced = ask::read(&answer)?;
        let link = self.bill_hosts.find(&announced.download_url).ok_or(BillError::ForeignLink)?;
        let file = download(&self.exchange, link).await?;
        let bill = unpack::open(file.body, &announced.sha1)?;
        Ok(BillAnswer::Published(read(&bill)?))
    }
}

async fn download(exchange: &Exchange, link: Link) -> Result<WireResponse, BillError> {
    let draft =
        Draft { method: Method::Get, target: link.target, body: String::new(), sealed_for: None };
    let file = match exchange.download(&draft, link.host).await {
        Ok(file) => file,
        Err(NoReply::NoAnswer(error)) if error.is_too_long() => {
            return Err(BillError::TooLarge { bytes_max: DOWNLOAD_MAX });
        }
        Err(why) => return Err(BillError::Gateway(why.into())),
    };
    if file.status == 200 {
        return Ok(file);
    }
    Err(BillError::Gateway(Decline::read(&file).into_error(Call::Query)))
}
