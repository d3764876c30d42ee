//! 查询单笔退款 (`v3.md` §7.6).
//!
//! MAY NOT change anything. A query that lags far enough behind does not find the refund yet, as it says `NOTPAY` of an
//! order that is paid.

use time::Duration;

use crate::core::WeChatPay;
use crate::core::ports::Moment;
use crate::core::query::Freshness;
use crate::core::refund::form::is_out_refund_no;
use crate::core::refusal::Refusal;

impl WeChatPay {
    pub(crate) fn query_refund(
        &self,
        number: &str,
        freshness: Freshness,
        at: Moment,
    ) -> Result<String, Refusal> {
        if !is_out_refund_no(number) {
            let issue = "must be 1 to 64 characters of [0-9A-Za-z_-|*@]";
            return Err(Refusal::url_field("out_refund_no", Some(number), issue, "url"));
        }
        let refund = self.refunds.get(number).ok_or_else(Refusal::refund_not_exists)?;
        let then = match freshness {
            Freshness::Now => at.business,
            Freshness::AsCreated => refund.created_at,
            Freshness::Behind(ms) => {
                let behind = Duration::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX));
                at.business.checked_sub(behind).ok_or_else(Refusal::refund_not_exists)?
            }
        };
        if then < refund.created_at {
            return Err(Refusal::refund_not_exists());
        }
        Ok(refund.to_wire(then))
    }
}
