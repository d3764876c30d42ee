//! The table of codes: name, status, title, and what people read.
//!
//! May not depend on what happened; that is `detail`'s.

use actix_web::http::StatusCode;
use std::borrow::Cow;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

macro_rules! codes {
    ($($code:ident $status:ident $name:literal $title:literal $zh:literal)*) => {
        /// Why a request is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Code {
            $($code,)*
        }

        impl Code {
            /// Every code.
            pub(crate) const ALL: &[Code] = &[$(Code::$code,)*];

            /// For programs.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Code::$code => $name,)* }
            }

            /// The HTTP status.
            pub(crate) fn status(self) -> StatusCode {
                match self { $(Code::$code => StatusCode::$status,)* }
            }

            /// For developers.
            pub(crate) fn title(self) -> &'static str {
                match self { $(Code::$code => $title,)* }
            }

            /// For people.
            pub(crate) fn message_zh(self) -> &'static str {
                match self { $(Code::$code => $zh,)* }
            }
        }
    };
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        let names = Code::ALL.iter().map(|code| code.name());
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
    }
}

impl ToSchema for Code {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ProblemCode")
    }
}

codes! {
    ValidationFailed BAD_REQUEST "validation_failed" "The request is not well formed" "请求内容有误"
    IdempotencyKeyMissing BAD_REQUEST "idempotency_key_missing" "An Idempotency-Key is required" "请求缺少幂等键"
    Unauthenticated UNAUTHORIZED "unauthenticated" "We do not know who you are" "请先登录"
    LoginRefused UNAUTHORIZED "login_refused" "WeChat does not accept the login code" "登录失败，请重试"
    Forbidden FORBIDDEN "forbidden" "You may not do this" "没有权限"
    NotFound NOT_FOUND "not_found" "Not found" "没有找到"
    MethodNotAllowed METHOD_NOT_ALLOWED "method_not_allowed" "Not with this method" "不支持该请求方法"
    RequestTimeout REQUEST_TIMEOUT "request_timeout" "The request took too long to arrive" "请求超时，请重试"
    VersionConflict PRECONDITION_FAILED "version_conflict" "It is at another version" "内容已被修改，请刷新后重试"
    BodyTooLarge PAYLOAD_TOO_LARGE "body_too_large" "The body is too large" "请求内容过大"
    HeadersTooLarge REQUEST_HEADER_FIELDS_TOO_LARGE "headers_too_large" "The headers are too large" "请求头过大"
    UnsupportedMediaType UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "Not a body that is understood here" "不支持的内容格式"
    PreconditionRequired PRECONDITION_REQUIRED "precondition_required" "If-Match is required" "请刷新后重试"
    AddressInvalid UNPROCESSABLE_ENTITY "address_invalid" "There is no such address" "收货地址无效，请重新选择"
    PurchaseListEmpty UNPROCESSABLE_ENTITY "purchase_list_empty" "The purchase list is empty" "采购单是空的"
    ItemNotFound UNPROCESSABLE_ENTITY "item_not_found" "Something of it cannot be bought" "部分商品已不在售或不在采购单中"
    PriceBelowCost UNPROCESSABLE_ENTITY "price_below_cost" "It is priced below its cost" "商品价格异常，暂时无法购买"
    AmountTooLarge UNPROCESSABLE_ENTITY "amount_too_large" "The amount is too large" "金额超出上限，请分开下单"
    TooManyLines UNPROCESSABLE_ENTITY "too_many_lines" "Too many lines for one order" "商品种类过多，请分开下单"
    CodAmountDiffers UNPROCESSABLE_ENTITY "cod_amount_differs" "The cash is not what the order costs" "收款金额与订单金额不符"
    BuyerUnknown UNPROCESSABLE_ENTITY "buyer_unknown" "There is no such buyer" "没有该用户"
    IdempotencyKeyReused UNPROCESSABLE_ENTITY "idempotency_key_reused" "The key was used for another request" "请求重复，请返回重新提交"
    PriceChanged CONFLICT "price_changed" "The price changed" "价格有变化，请确认后重新提交"
    OutOfStock CONFLICT "out_of_stock" "Too little of it is left" "库存不足"
    CouponNotUsable CONFLICT "coupon_not_usable" "The coupon cannot be used" "优惠券不可用"
    CouponLimitReached CONFLICT "coupon_limit_reached" "The buyer has got as many as one buyer may" "已达到该优惠券的领取上限"
    CheckoutOpen CONFLICT "checkout_open" "Lines of it are in an open order" "这些商品已有待付款订单"
    TooManyOpenOrders CONFLICT "too_many_open_orders" "Too many unpaid orders" "待付款订单过多，请先付款或取消"
    TooManyAddresses CONFLICT "too_many_addresses" "The address book is full" "收货地址已达上限"
    PurchaseListFull CONFLICT "purchase_list_full" "The purchase list or its line is full" "采购单已满"
    OrderNotPayable CONFLICT "order_not_payable" "The order cannot be paid any more" "订单已不能付款"
    OrderNotCancellable CONFLICT "order_not_cancellable" "The order cannot be cancelled any more" "订单已不能取消"
    OrderNotRefundable CONFLICT "order_not_refundable" "The order cannot be refunded" "该订单不能退款"
    RefundExceedsPaid CONFLICT "refund_exceeds_paid" "More than what is left of the payment" "退款金额超出可退金额"
    RefundLimitReached CONFLICT "refund_limit_reached" "WeChat Pay takes no more refunds of the payment" "退款次数已达上限"
    PaymentInProgress CONFLICT "payment_in_progress" "An online payment of the order is not over" "买家正在线上付款，请稍后再试"
    InsufficientBalance CONFLICT "insufficient_balance" "Too little is there" "余额不足"
    OrderStateConflict CONFLICT "order_state_conflict" "The order is in another state" "订单当前状态不支持此操作，请刷新后查看"
    CaseStateConflict CONFLICT "case_state_conflict" "Not with this case as it is" "工单当前状态不支持此操作"
    OpenidRequired CONFLICT "openid_required" "The buyer's openid is not known" "请在微信中重新登录后付款"
    RequestInProgress CONFLICT "request_in_progress" "The same request is being answered" "正在处理，请稍候"
    InternalError INTERNAL_SERVER_ERROR "internal_error" "Something went wrong" "系统异常，请稍后重试"
    WechatRefused BAD_GATEWAY "wechat_refused" "WeChat Pay refused" "微信支付暂时无法受理，请稍后重试"
    WechatUnavailable SERVICE_UNAVAILABLE "wechat_unavailable" "WeChat is unavailable" "微信服务暂时不可用，请稍后重试"
    TryAgain SERVICE_UNAVAILABLE "try_again" "Busy; come back with the same request" "系统繁忙，请稍后重试"
    NotReady SERVICE_UNAVAILABLE "not_ready" "Not ready to take money" "服务暂不可用"
}
