//! What every checkout says, whatever its payment: which lines, where to, at what price; and how a
//! payer can be asked to pay.
//!
//! May not guess where a payer is: H5 without `client_ip` is refused.

use crate::json_body::{Fields, TextRule};
use domain::buyer::{AddressId, Selection};
use domain::coupon::CouponId;
use domain::names::ClientIp;
use domain::order::PaymentMethod;
use domain::payment::TradeType;
use domain::{Fen, UserId};
use std::borrow::Cow;
use std::net::IpAddr;
use usecases::CheckoutRequest;
use utoipa::openapi::schema::{AnyOf, KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The most lines that one checkout names.
const ITEM_IDS_MAX: usize = 200;
const REMARK: TextRule = TextRule { min: 0, max: 200 };

/// Which lines, where to, with what.
pub(crate) struct Basket {
    pub(crate) item_ids: Vec<i64>,
    pub(crate) address_id: AddressId,
    pub(crate) coupon_id: Option<CouponId>,
    pub(crate) rush: bool,
}

impl Basket {
    pub(crate) fn read(fields: &mut Fields) -> Option<Basket> {
        let item_ids = fields.integers("item_ids", ITEM_IDS_MAX);
        let address_id = fields.integer("address_id", 1..=i64::MAX);
        let what = "1 to 32 of [0-9A-Za-z_-]";
        let coupon_id = fields.optional_parsed("coupon_id", CouponId::parse, what);
        let rush = fields.flag("rush");
        Some(Basket { item_ids: item_ids?, address_id: address_id?, coupon_id, rush })
    }
}

/// A basket that is to become an order.
pub(crate) struct Wanted {
    basket: Basket,
    remark: Option<String>,
    expected_total: Option<Fen>,
    replace_open: bool,
}

impl Wanted {
    pub(crate) fn read(fields: &mut Fields) -> Option<Wanted> {
        let basket = Basket::read(fields);
        let remark = fields.optional_text("remark", REMARK);
        let expected = fields.optional_integer("expected_total_fen", 0..=Fen::LIMIT.get());
        let replace_open = fields.flag("replace_open");
        Some(Wanted {
            basket: basket?,
            remark,
            expected_total: expected.map(Fen::new),
            replace_open,
        })
    }

    /// The checkout of `buyer`; without a way to pay its payment is asked for later.
    pub(crate) fn of(
        self,
        buyer: UserId,
        method: PaymentMethod,
        paying: Option<&Paying>,
    ) -> CheckoutRequest {
        let Wanted { basket, remark, expected_total, replace_open } = self;
        CheckoutRequest {
            buyer,
            selection: Selection::of_ids(&basket.item_ids),
            address_id: basket.address_id,
            coupon_id: basket.coupon_id,
            rush: basket.rush,
            remark,
            method,
            trade_type: paying.map(|paying| paying.trade_type),
            client_ip: paying.and_then(|paying| paying.client_ip),
            replace_open,
            expected_total,
        }
    }
}

/// How a buyer can be asked to pay; `JSAPI` when nothing is said. `H5` needs `client_ip`, `APP` a mobile app in the
/// configuration.
#[derive(ToSchema)]
#[schema(as = OfferedTradeType)]
#[expect(dead_code, clippy::upper_case_acronyms, reason = "only the OpenAPI document reads it")]
pub(crate) enum OfferedTradeType {
    JSAPI,
    NATIVE,
    H5,
    APP,
}

/// Where the payer's client is, as WeChat Pay wants to know it for H5. Read and checked for every way to pay, so that a
/// client may always send it; used by H5 alone.
pub(crate) struct WireClientIp;

impl PartialSchema for WireClientIp {
    fn schema() -> RefOr<Schema> {
        let address = |format: KnownFormat| {
            let format = SchemaFormat::KnownFormat(format);
            ObjectBuilder::new().schema_type(Type::String).format(Some(format))
        };
        let any =
            AnyOf::builder().item(address(KnownFormat::Ipv4)).item(address(KnownFormat::Ipv6));
        any.into()
    }
}

impl ToSchema for WireClientIp {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ClientIp")
    }
}

/// How the payer pays.
pub(crate) struct Paying {
    pub(crate) trade_type: TradeType,
    /// `Some` for H5.
    pub(crate) client_ip: Option<ClientIp>,
}

impl Paying {
    pub(crate) fn read(fields: &mut Fields) -> Paying {
        let what = "JSAPI, NATIVE, H5 or APP";
        let trade_type = fields.optional_parsed("trade_type", trade_type, what);
        let trade_type = trade_type.unwrap_or(TradeType::Jsapi);
        let client_ip = if trade_type == TradeType::H5 {
            let what = "the IP address that the payer comes from";
            fields.parsed("client_ip", ClientIp::parse, what)
        } else {
            let is_address = |text: &str| text.parse::<IpAddr>().ok();
            let _checked = fields.optional_parsed("client_ip", is_address, "an IP address");
            None
        };
        Paying { trade_type, client_ip }
    }
}

fn trade_type(text: &str) -> Option<TradeType> {
    match text {
        "JSAPI" => Some(TradeType::Jsapi),
        "NATIVE" => Some(TradeType::Native),
        "H5" => Some(TradeType::H5),
        "APP" => Some(TradeType::App),
        _other => None,
    }
}
