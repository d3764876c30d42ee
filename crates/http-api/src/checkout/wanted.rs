//! What every checkout says, whatever its payment: which lines, where to, at what price; and how a
//! payer can be asked to pay.
//!
//! May not offer what is not built: H5 and APP are refused by name, like any other word.

use crate::json_body::{Fields, TextRule};
use domain::buyer::{AddressId, Selection};
use domain::coupon::CouponId;
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

    /// The checkout of `buyer`; without a trade type its payment is asked for later.
    pub(crate) fn of(
        self,
        buyer: UserId,
        method: PaymentMethod,
        trade_type: Option<TradeType>,
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
            trade_type,
            replace_open,
            expected_total,
        }
    }
}

/// How a buyer can be asked to pay; `JSAPI` when nothing is said.
#[derive(ToSchema)]
#[schema(as = OfferedTradeType)]
#[expect(dead_code, clippy::upper_case_acronyms, reason = "only the OpenAPI document reads it")]
pub(crate) enum OfferedTradeType {
    JSAPI,
    NATIVE,
}

/// Where the payer's client is, as WeChat Pay wants to know it for H5. Read and checked, so that a
/// client may always send it; used by no way to pay that is offered.
pub(crate) struct ClientIp;

impl PartialSchema for ClientIp {
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

impl ToSchema for ClientIp {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ClientIp")
    }
}

/// How the payer pays.
pub(crate) struct Paying {
    pub(crate) trade_type: TradeType,
}

impl Paying {
    pub(crate) fn read(fields: &mut Fields) -> Paying {
        let trade_type = fields.optional_parsed("trade_type", trade_type, "JSAPI or NATIVE");
        let is_address = |text: &str| text.parse::<IpAddr>().ok();
        let _checked = fields.optional_parsed("client_ip", is_address, "an IP address");
        Paying { trade_type: trade_type.unwrap_or(TradeType::Jsapi) }
    }
}

fn trade_type(text: &str) -> Option<TradeType> {
    match text {
        "JSAPI" => Some(TradeType::Jsapi),
        "NATIVE" => Some(TradeType::Native),
        _other => None,
    }
}
