//! The platform's errors: a number and a word (`mini-program.md` §2.1, §2.3, §3).
//!
//! MAY NOT have one that is not documented there. The words are our own; nothing should read them.

use serde_json::{Value, json};

/// An error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Errcode(pub(crate) i64, pub(crate) &'static str);

#[rustfmt::skip]
impl Errcode {
    pub(crate) const WRONG_TOKEN: Self = Self(40_001, "access_token is invalid or not the latest");
    pub(crate) const GRANT_TYPE: Self = Self(40_002, "invalid grant_type");
    pub(crate) const INVALID_APPID: Self = Self(40_013, "invalid appid");
    pub(crate) const INVALID_TOKEN: Self = Self(40_014, "invalid access_token");
    pub(crate) const INVALID_PARAMETER: Self = Self(40_097, "invalid args");
    pub(crate) const WRONG_SECRET: Self = Self(40_125, "invalid appsecret");
    pub(crate) const NO_TOKEN: Self = Self(41_001, "access_token missing");
    pub(crate) const NO_APPID: Self = Self(41_002, "appid missing");
    pub(crate) const NO_SECRET: Self = Self(41_004, "appsecret missing");
    pub(crate) const EXPIRED_TOKEN: Self = Self(42_001, "access_token expired");
    pub(crate) const MUST_POST: Self = Self(43_002, "require POST method");

    pub(crate) const NOT_KNOWN: Self = Self(10_060_001, "支付单不存在");
    pub(crate) const ALREADY_SHIPPED: Self = Self(10_060_002, "支付单已完成发货，无法继续发货");
    pub(crate) const CORRECTION_USED: Self = Self(10_060_003, "支付单已使用重新发货机会");
    pub(crate) const NOT_SHIPPABLE: Self = Self(10_060_004, "支付单处于不可发货的状态");
    pub(crate) const LOGISTICS_TYPE: Self = Self(10_060_005, "物流类型有误");
    pub(crate) const SPLIT_IS_FOR_EXPRESS: Self = Self(10_060_006, "非快递发货时不允许分拆发货");
    pub(crate) const ALL_DELIVERED_MISSING: Self = Self(10_060_007, "分拆发货模式下必须填写 is_all_delivered");
    pub(crate) const DESCRIPTION_EMPTY: Self = Self(10_060_008, "商品描述 item_desc 字段不能为空");
    pub(crate) const DESCRIPTION_LONG: Self = Self(10_060_009, "商品描述 item_desc 字段太长");
    pub(crate) const PARAMETER: Self = Self(10_060_014, "参数错误");
    pub(crate) const NOTHING_CHANGED: Self = Self(10_060_023, "发货信息未更新");
    pub(crate) const LIST_LONG: Self = Self(10_060_024, "物流信息列表太长");
    pub(crate) const COMPANY_LONG: Self = Self(10_060_025, "物流公司编码太长");
    pub(crate) const NUMBER_LONG: Self = Self(10_060_026, "物流单号太长");
    pub(crate) const OTHER_PAYER: Self = Self(10_060_031, "订单不属于该 openid");

    pub(crate) const NUMBER_TYPE: Self = Self(268_485_194, "order_number_type 非法");
    pub(crate) const TRANSACTION_ID: Self = Self(268_485_195, "transaction_id 非法");
    pub(crate) const MCHID: Self = Self(268_485_196, "mchid 非法");
    pub(crate) const OUT_TRADE_NO: Self = Self(268_485_197, "out_trade_no 非法");
    pub(crate) const UPLOAD_TIME: Self = Self(268_485_216, "upload_time 非法");
    pub(crate) const DELIVERY_MODE: Self = Self(268_485_224, "delivery_mode 非法");
    pub(crate) const TRACKING_NO: Self = Self(268_485_226, "tracking_no 缺失或非法");
    pub(crate) const EXPRESS_COMPANY: Self = Self(268_485_227, "express_company 缺失或非法");
    pub(crate) const UNIFIED_IS_ONE: Self = Self(268_485_228, "统一发货模式下 shipping_list 必须为 1");
}

/// As it stands in an answer.
pub(crate) fn error(Errcode(errcode, errmsg): Errcode) -> Value {
    json!({"errcode": errcode, "errmsg": errmsg})
}
