//! Somebody waits for an order: have WeChat Pay asked about it.

#[cfg(test)]
mod tests;

use crate::Paydesk;
use domain::job::JobId;
use domain::order::Order;
use domain::ports::StoreError;

/// A buyer who polls makes us ask WeChat Pay, at most once in so many milliseconds.
const ASK_EVERY_MS: i64 = 2_000;

impl Paydesk {
    /// Has the live payments of an order that somebody waits for asked about soon. Polling more
    /// often asks no more often: a job only ever moves nearer, and here to two seconds from now.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn ask_soon(&self, order: &Order) -> Result<(), StoreError> {
        if !order.is_payable() {
            return Ok(());
        }
        let soon = self.clock.now().plus_millis(ASK_EVERY_MS);
        for payment in order.payments.iter().filter(|p| p.is_live()) {
            self.jobs.hasten(&JobId::follow(payment.out_trade_no()), soon).await?;
        }
        Ok(())
    }
}
