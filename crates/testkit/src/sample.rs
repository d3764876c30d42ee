//! Orders and facts to try things on.

use domain::buyer::{Address, Selection};
use domain::catalogue::{Sku, SkuDraft, SkuId, SkuStatus, StockLevel};
use domain::changeset::{Audit, Intent, ReplayRecord, ReplayScope};
use domain::fact::{
    Evidence, PaymentFact, Receipt, RefundAtWechat, RefundFact, RefundProgress, RefundStatement,
    Trade,
};
use domain::names::{Appid, ClientIp, Mchid, Openid, RefundId, TransactionId};
use domain::order::{
    Checkout, Command, LineQuantity, NewPayment, Order, PlacedMethod, Placement, RefundAsk,
    RefundOf,
};
use domain::payment::TradeType;
use domain::pricing::{PricingInput, price};
use domain::refund::Asker;
use domain::shipment::{LogisticsType, Package, ShipmentDraft};
use domain::{
    CommandId, Epoch, Fen, OrderId, OrderNumber, OutRefundNo, OutTradeNo, Timestamp, UserId,
};
use uuid::Uuid;

/// Ten in the morning in Beijing.
pub fn start() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-21T02:00:00Z").unwrap()
}

/// The life of the database in which samples are recorded.
pub fn epoch() -> Epoch {
    Epoch::new("00000001.0")
}

pub fn user(n: u64) -> UserId {
    UserId::new(Uuid::from_u64_pair(2, n))
}

pub fn sku_id(text: &str) -> SkuId {
    SkuId::parse(text).unwrap()
}

pub fn draft(id: &str, price_fen: i64) -> SkuDraft {
    SkuDraft {
        id: sku_id(id),
        title: format!("《{id}》"),
        price: Fen::new(price_fen),
        cost_price: Fen::ZERO,
        status: SkuStatus::OnSale,
    }
}

pub fn sku(id: &str, price_fen: i64, price_version: u64) -> Sku {
    let draft = draft(id, price_fen);
    Sku {
        id: draft.id,
        title: draft.title,
        price: draft.price,
        cost_price: draft.cost_price,
        status: draft.status,
        price_version,
        stock: StockLevel::default(),
        created_at: start(),
    }
}

pub fn address() -> Address {
    Address {
        name: "张三".to_owned(),
        phone: "13800000000".to_owned(),
        region: "上海市".to_owned(),
        detail: "世纪大道 1 号".to_owned(),
    }
}

pub fn audit(cause: &str) -> Audit {
    Audit { actor: "test".to_owned(), cause: cause.to_owned(), request_id: Some("r-1".to_owned()) }
}

pub fn intent(command: &str) -> Intent {
    Intent {
        command_id: CommandId::stored(command.to_owned()),
        audit: audit(command),
        inbox: None,
        fence: None,
        replay: None,
    }
}

pub fn scope(key: &str) -> ReplayScope {
    ReplayScope {
        principal: "buyer:test".to_owned(),
        route: "POST /test".to_owned(),
        key: key.to_owned(),
    }
}

pub fn replay(key: &str, order: Option<OrderId>) -> ReplayRecord {
    ReplayRecord {
        scope: scope(key),
        fingerprint: format!("fingerprint of {key}"),
        order,
        payment: None,
        reused: false,
        recorded_at: start(),
    }
}

/// An order of `lines` (SKU, quantity) for `buyer`; `n` makes its id and number its own.
pub fn placement(n: u64, buyer: UserId, lines: &[(&Sku, u32)]) -> Placement {
    let input = PricingInput::of_goods(lines.to_vec());
    Placement {
        id: OrderId::new(Uuid::from_u64_pair(1, n)),
        number: OrderNumber::compose(start(), Some(buyer), n),
        buyer,
        breakdown: price(&input).unwrap(),
        checkout: Checkout { address_id: Some(1), address: Some(address()), ..Checkout::default() },
        method: PlacedMethod::Online,
        coupon: None,
        pay_deadline: start().plus_seconds(1_800),
        payment: Some(new_payment(TradeType::Jsapi)),
        wallet: None,
    }
}

/// A payment to be recorded, by the usual payer.
pub fn new_payment(trade_type: TradeType) -> NewPayment {
    NewPayment {
        trade_type,
        client_ip: ClientIp::parse(CLIENT_IP).filter(|_| trade_type == TradeType::H5),
        mchid: mchid(),
        appid: appid(),
        payer: Some(Openid::new("o-alice")),
        deployment_id: "test".to_owned(),
    }
}

/// Where the usual payer is. Personal data: may be found in the payment alone.
pub const CLIENT_IP: &str = "203.0.113.77";

/// One package by express, with the receiver's masked number.
pub fn shipment(tracking_no: &str, is_all_delivered: bool) -> ShipmentDraft {
    ShipmentDraft {
        logistics_type: LogisticsType::Express,
        packages: vec![Package {
            express_company: Some("SF".to_owned()),
            tracking_no: Some(tracking_no.to_owned()),
            item_desc: "龙井 × 1".to_owned(),
            contact: Some(CONTACT.to_owned()),
        }],
        is_all_delivered,
    }
}

/// Personal data: may be found in the order alone.
pub const CONTACT: &str = "138****0000";

pub fn mchid() -> Mchid {
    Mchid::new("1900000109")
}

pub fn appid() -> Appid {
    Appid::new("wxd678efh567hg6787")
}

pub fn out_trade_no(order: &Order) -> OutTradeNo {
    OutTradeNo::of_payment(&order.number, 1)
}

pub fn receipt(transaction_id: &str, amount: Fen) -> Receipt {
    Receipt {
        transaction_id: TransactionId::new(transaction_id),
        appid: appid(),
        amount,
        currency: "CNY".to_owned(),
        payer_total: Some(amount),
        payer: Some(Openid::new("o-alice")),
        success_at: start().plus_seconds(3),
    }
}

pub fn fact(order: &Order, trade: Trade) -> PaymentFact {
    fact_of(&out_trade_no(order), trade)
}

/// What a query says about the payment with this number.
pub fn fact_of(out_trade_no: &OutTradeNo, trade: Trade) -> PaymentFact {
    let evidence = Evidence::Query { request_id: None };
    PaymentFact::attested(evidence, mchid(), out_trade_no.clone(), trade, None)
}

pub fn says_of(out_trade_no: &OutTradeNo, trade: Trade) -> Command {
    Command::RecordFact(fact_of(out_trade_no, trade))
}

/// WeChat Pay says that the order's first payment succeeded, in full.
pub fn success(order: &Order, transaction_id: &str) -> Command {
    let receipt = receipt(transaction_id, order.amounts.total);
    Command::RecordFact(fact(order, Trade::Success(receipt)))
}

/// The same, asked for in the life of the database in which samples are recorded.
pub fn confirmed_success(order: &Order, transaction_id: &str) -> Command {
    let receipt = receipt(transaction_id, order.amounts.total);
    Command::RecordFact(fact(order, Trade::Success(receipt)).asked_on(&epoch()))
}

pub fn says(order: &Order, trade: Trade) -> Command {
    Command::RecordFact(fact(order, trade))
}

/// What WeChat Pay says about a refund of `order`: how far it got.
pub fn refund_fact(order: &Order, number: &OutRefundNo, progress: RefundProgress) -> RefundFact {
    let amount = order.refund(number).expect("a refund").amount;
    refund_stated(order, number, amount, progress)
}

/// What WeChat Pay says of a refund, with whatever amount.
pub fn refund_stated(
    order: &Order,
    number: &OutRefundNo,
    amount: Fen,
    progress: RefundProgress,
) -> RefundFact {
    let refund = order.refund(number).expect("a refund");
    let payment = order.payment_of(refund).expect("its payment");
    let statement = RefundStatement {
        refund_id: RefundId::new(format!("5{number}")),
        transaction_id: payment.receipt().expect("money").transaction_id.clone(),
        out_trade_no: payment.out_trade_no().clone(),
        amount,
        progress,
    };
    let evidence = Evidence::Query { request_id: None };
    RefundFact::attested(evidence, mchid(), number.clone(), RefundAtWechat::Known(statement))
}

/// A refund of all of `order` that somebody made in the merchant console.
pub fn refund_made_elsewhere(
    order: &Order,
    number: &OutRefundNo,
    progress: RefundProgress,
) -> RefundFact {
    let payment = order.settled_payment().expect("a paid order");
    let receipt = payment.receipt().expect("money");
    let statement = RefundStatement {
        refund_id: RefundId::new(format!("5{number}")),
        transaction_id: receipt.transaction_id.clone(),
        out_trade_no: payment.out_trade_no().clone(),
        amount: receipt.amount,
        progress,
    };
    let evidence = Evidence::Query { request_id: None };
    RefundFact::attested(evidence, mchid(), number.clone(), RefundAtWechat::Known(statement))
}

/// WeChat Pay does not know this refund.
pub fn no_refund(number: &OutRefundNo) -> Command {
    let evidence = Evidence::Query { request_id: None };
    let refund = RefundAtWechat::NotExist;
    Command::RecordRefund(RefundFact::attested(evidence, mchid(), number.clone(), refund))
}

/// Somebody asks for `amount_fen` back, or for all that is left.
pub fn refund_ask(amount_fen: Option<i64>, by: Asker) -> Command {
    Command::Refund(RefundAsk {
        what: amount_fen.map(Fen::new).into(),
        reason: "七天无理由".to_owned(),
        by,
        out_refund_no: None,
    })
}

/// Somebody asks for the money of so many of these lines.
pub fn refund_lines(lines: &[(u16, u32)], by: Asker) -> Command {
    let lines = lines
        .iter()
        .map(|(line_no, quantity)| LineQuantity { line_no: *line_no, quantity: *quantity });
    Command::Refund(RefundAsk {
        what: RefundOf::Lines(lines.collect()),
        reason: "七天无理由".to_owned(),
        by,
        out_refund_no: None,
    })
}

pub fn everything() -> Selection {
    Selection::Everything
}
