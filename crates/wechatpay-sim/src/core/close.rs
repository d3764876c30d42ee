//! 关单 (`v3.md` §7.4).
//!
//! MAY NOT close what is paid. Closing twice succeeds. Closing a number that was never ordered succeeds too and burns it
//! (observed on the live service), unless the settings say otherwise.

use serde_json::{Map, Value};

use crate::core::WeChatPay;
use crate::core::authorization::Authorization;
use crate::core::fields::Fields;
use crate::core::ports::Moment;
use crate::core::prepay::same_mchid;
use crate::core::query::check_number;
use crate::core::refusal::Refusal;
use crate::core::settings::CloseUnknown;
use crate::core::trade::{ClosedBy, TradeState};

impl WeChatPay {
    pub(crate) fn close(
        &mut self,
        number: &str,
        members: &Map<String, Value>,
        caller: &Authorization,
        at: Moment,
    ) -> Result<(), Refusal> {
        same_mchid(members, caller)?;
        Fields::root(members).only(&["mchid"])?;
        check_number(number)?;
        let Some(trade) = self.trade(number, at.business) else {
            return match self.settings.close_unknown {
                CloseUnknown::NotFound => Err(Refusal::order_not_exist()),
                CloseUnknown::Burns => {
                    self.burned.insert(number.to_owned());
                    Ok(())
                }
            };
        };
        match &trade.state {
            TradeState::Success(_) => Err(Refusal::order_paid()),
            TradeState::Closed { .. } => Ok(()),
            TradeState::NotPay => {
                trade.state = TradeState::Closed { at: at.business, by: ClosedBy::Merchant };
                Ok(())
            }
        }
    }
}
