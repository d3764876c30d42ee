//! The words that states and kinds have on the wire.
//!
//! Whole vocabularies of the contract: a client that knows them all today is not surprised when
//! the application begins to use another one.

use domain::order::{OrderStatus, PaymentMethod, PaymentStatus, Purpose};
use domain::payment::{Channel, PaymentStatus as PaymentState, TradeType};
use domain::presentation::Shown;
use domain::refund::{Asker, RefundKind, RefundStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// The status of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderStatus)]
pub(crate) enum WireOrderStatus {
    PendingPayment,
    Cancelling,
    Cancelled,
    Ready,
    Shipped,
    Delivered,
    Completed,
}

impl WireOrderStatus {
    pub(crate) fn of(status: OrderStatus) -> WireOrderStatus {
        match status {
            OrderStatus::PendingPayment => WireOrderStatus::PendingPayment,
            OrderStatus::Cancelling => WireOrderStatus::Cancelling,
            OrderStatus::Cancelled => WireOrderStatus::Cancelled,
            OrderStatus::Ready => WireOrderStatus::Ready,
            OrderStatus::Shipped => WireOrderStatus::Shipped,
            OrderStatus::Delivered => WireOrderStatus::Delivered,
            OrderStatus::Completed => WireOrderStatus::Completed,
        }
    }
}

/// Reads the status filter of a list.
pub(crate) fn read_order_status(text: &str) -> Option<OrderStatus> {
    match text {
        "pending_payment" => Some(OrderStatus::PendingPayment),
        "cancelling" => Some(OrderStatus::Cancelling),
        "cancelled" => Some(OrderStatus::Cancelled),
        "ready" => Some(OrderStatus::Ready),
        "shipped" => Some(OrderStatus::Shipped),
        "delivered" => Some(OrderStatus::Delivered),
        "completed" => Some(OrderStatus::Completed),
        _other => None,
    }
}

/// What an order is for.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Purpose)]
pub(crate) enum WirePurpose {
    Goods,
    Recharge,
    External,
}

impl WirePurpose {
    pub(crate) fn of(purpose: Purpose) -> WirePurpose {
        match purpose {
            Purpose::Goods => WirePurpose::Goods,
            Purpose::Recharge => WirePurpose::Recharge,
            Purpose::External => WirePurpose::External,
        }
    }
}

/// How an order is paid.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaymentMethod)]
pub(crate) enum WirePaymentMethod {
    Wechat,
    Cod,
    Wallet,
    Free,
}

impl WirePaymentMethod {
    pub(crate) fn of(method: PaymentMethod) -> WirePaymentMethod {
        match method {
            PaymentMethod::Wechat => WirePaymentMethod::Wechat,
            PaymentMethod::Cod => WirePaymentMethod::Cod,
            PaymentMethod::Wallet => WirePaymentMethod::Wallet,
            PaymentMethod::Free => WirePaymentMethod::Free,
        }
    }
}

/// Whether an order's money came.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderPaymentStatus)]
pub(crate) enum WirePaidStatus {
    Unpaid,
    Paid,
    PartiallyRefunded,
    Refunded,
}

impl WirePaidStatus {
    pub(crate) fn of(status: PaymentStatus) -> WirePaidStatus {
        match status {
            PaymentStatus::Unpaid => WirePaidStatus::Unpaid,
            PaymentStatus::Paid => WirePaidStatus::Paid,
            PaymentStatus::PartiallyRefunded => WirePaidStatus::PartiallyRefunded,
            PaymentStatus::Refunded => WirePaidStatus::Refunded,
        }
    }
}

/// What moves the money.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Channel)]
pub(crate) enum WireChannel {
    Wechat,
    Wallet,
    #[expect(dead_code, reason = "the contract's word; cash is shown as the order's `cash`")]
    Cod,
}

impl WireChannel {
    pub(crate) fn of(channel: Channel) -> WireChannel {
        match channel {
            Channel::Wechat(_) => WireChannel::Wechat,
            Channel::Wallet => WireChannel::Wallet,
        }
    }
}

/// WeChat Pay's products that a payment can be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = TradeType)]
pub(crate) enum WireTradeType {
    Jsapi,
    Native,
    H5,
    App,
}

impl WireTradeType {
    pub(crate) fn of(trade_type: TradeType) -> WireTradeType {
        match trade_type {
            TradeType::Jsapi => WireTradeType::Jsapi,
            TradeType::Native => WireTradeType::Native,
            TradeType::H5 => WireTradeType::H5,
            TradeType::App => WireTradeType::App,
        }
    }
}

/// The status of a payment.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaymentStatus)]
pub(crate) enum WirePaymentStatus {
    Created,
    Payable,
    Unknown,
    Closing,
    Closed,
    Rejected,
    Paid,
    Surplus,
}

impl WirePaymentStatus {
    pub(crate) fn of(status: PaymentState) -> WirePaymentStatus {
        match status {
            PaymentState::Created => WirePaymentStatus::Created,
            PaymentState::Payable => WirePaymentStatus::Payable,
            PaymentState::Unknown => WirePaymentStatus::Unknown,
            PaymentState::Closing => WirePaymentStatus::Closing,
            PaymentState::Closed => WirePaymentStatus::Closed,
            PaymentState::Rejected => WirePaymentStatus::Rejected,
            PaymentState::Paid => WirePaymentStatus::Paid,
            PaymentState::Surplus => WirePaymentStatus::Surplus,
        }
    }
}

/// Why a refund exists.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RefundKind)]
pub(crate) enum WireRefundKind {
    Requested,
    Surplus,
    External,
}

impl WireRefundKind {
    pub(crate) fn of(kind: RefundKind) -> WireRefundKind {
        match kind {
            RefundKind::Requested => WireRefundKind::Requested,
            RefundKind::Surplus => WireRefundKind::Surplus,
            RefundKind::External => WireRefundKind::External,
        }
    }
}

/// Who asked for a refund.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RefundAsker)]
pub(crate) enum WireAsker {
    Buyer,
    Operator,
    Service,
    Paydesk,
}

impl WireAsker {
    pub(crate) fn of(asker: Asker) -> WireAsker {
        match asker {
            Asker::Buyer => WireAsker::Buyer,
            Asker::Operator => WireAsker::Operator,
            Asker::Service => WireAsker::Service,
            Asker::Paydesk => WireAsker::Paydesk,
        }
    }
}

/// The status of a refund.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RefundStatus)]
pub(crate) enum WireRefundStatus {
    AwaitingApproval,
    Declined,
    Withdrawn,
    Requested,
    Sending,
    Unknown,
    Processing,
    Succeeded,
    Abnormal,
    Closed,
    Rejected,
    SettledOffline,
}

impl WireRefundStatus {
    pub(crate) fn of(status: RefundStatus) -> WireRefundStatus {
        match status {
            RefundStatus::AwaitingApproval => WireRefundStatus::AwaitingApproval,
            RefundStatus::Declined => WireRefundStatus::Declined,
            RefundStatus::Withdrawn => WireRefundStatus::Withdrawn,
            RefundStatus::Requested => WireRefundStatus::Requested,
            RefundStatus::Sending => WireRefundStatus::Sending,
            RefundStatus::Unknown => WireRefundStatus::Unknown,
            RefundStatus::Processing => WireRefundStatus::Processing,
            RefundStatus::Succeeded => WireRefundStatus::Succeeded,
            RefundStatus::Abnormal => WireRefundStatus::Abnormal,
            RefundStatus::Closed => WireRefundStatus::Closed,
            RefundStatus::Rejected => WireRefundStatus::Rejected,
            RefundStatus::SettledOffline => WireRefundStatus::SettledOffline,
        }
    }
}

/// What a buyer is shown, in one word.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PresentationStatus)]
pub(crate) enum WireShown {
    AwaitingPayment,
    Confirming,
    Cancelling,
    Ready,
    Refunding,
    Refunded,
    Closed,
}

impl WireShown {
    pub(crate) fn of(shown: Shown) -> WireShown {
        match shown {
            Shown::AwaitingPayment => WireShown::AwaitingPayment,
            Shown::Confirming => WireShown::Confirming,
            Shown::Cancelling => WireShown::Cancelling,
            Shown::Ready => WireShown::Ready,
            Shown::Refunding => WireShown::Refunding,
            Shown::Refunded => WireShown::Refunded,
            Shown::Closed => WireShown::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_as_it_is_written() {
        let all = [
            OrderStatus::PendingPayment,
            OrderStatus::Cancelling,
            OrderStatus::Cancelled,
            OrderStatus::Ready,
            OrderStatus::Shipped,
            OrderStatus::Delivered,
            OrderStatus::Completed,
        ];
        for status in all {
            let written = serde_json::to_value(WireOrderStatus::of(status)).unwrap();
            assert_eq!(read_order_status(written.as_str().unwrap()), Some(status));
        }
        assert_eq!(read_order_status("paid"), None);
    }

    #[test]
    fn trade_types_are_spelled_as_the_contract_does() {
        let spell = |trade_type| serde_json::to_string(&WireTradeType::of(trade_type)).unwrap();
        assert_eq!(spell(TradeType::Jsapi), "\"JSAPI\"");
        assert_eq!(spell(TradeType::Native), "\"NATIVE\"");
        assert_eq!(spell(TradeType::H5), "\"H5\"");
        assert_eq!(spell(TradeType::App), "\"APP\"");
    }
}
