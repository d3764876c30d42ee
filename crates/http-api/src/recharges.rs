//! Recharges: what is offered, buying it, and the back office that sets it.
//!
//! May not take an amount from the client: what is paid and credited is the package's.

use crate::answer;
use crate::call::{Answer, Call};
use crate::checkout::offered;
use crate::checkout::wanted::{OfferedTradeType, Paying, WireClientIp};
use crate::etag::IfMatch;
use crate::json_body::{Body, Fields, TextRule};
use crate::problem::{FieldError, Problem, ProblemBody};
use crate::wire::checkout::WireOffer;
use crate::wire::ledger::{WireCredit, WirePackage, WirePackages};
use domain::Fen;
use domain::recharge::{Credit, PROMISE_MAX, PackageId, Promise, RechargePackage};
use usecases::RechargeRequest;
use utoipa::ToSchema;

const PATH: &str = "/api/mini/recharges";
const ID: &str = "1 to 32 of [0-9A-Za-z_-]";
/// WeChat Pay shows 127 characters of a payment's description.
const TITLE: TextRule = TextRule { min: 1, max: 127 };

/// A recharge to be bought.
#[derive(ToSchema)]
#[schema(as = RechargeRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Recharge` is what is read")]
pub(crate) struct RechargeBody {
    #[schema(pattern = "^[0-9A-Za-z_-]{1,32}$")]
    package_id: String,
    /// The package's `version` as the buyer was shown it; another one is refused with `price_changed`.
    #[schema(minimum = 1)]
    expected_version: Option<i64>,
    trade_type: Option<OfferedTradeType>,
    /// Where the payer's client is; H5 needs it, and no other way to pay uses it.
    client_ip: Option<WireClientIp>,
}

struct Recharge {
    package_id: PackageId,
    expected_version: Option<u64>,
    paying: Paying,
}

impl Body for Recharge {
    fn read(fields: &mut Fields) -> Option<Recharge> {
        let package_id = fields.parsed("package_id", PackageId::parse, ID);
        let version = fields.optional_integer("expected_version", 1..=i64::MAX);
        let expected_version = version.and_then(|version| u64::try_from(version).ok());
        let paying = Paying::read(fields);
        Some(Recharge { package_id: package_id?, expected_version, paying })
    }
}

/// What a package is to be.
#[derive(ToSchema)]
#[schema(as = PutRechargePackageRequest)]
pub(crate) struct PutPackage {
    #[schema(min_length = 1, max_length = 127)]
    title: String,
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000_000)]
    price_fen: Fen,
    #[schema(value_type = WireCredit)]
    credit: Credit,
    /// What is credited: fen of the wallet, or points.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    principal: i64,
    /// What comes with it.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    bonus: i64,
}

impl Body for PutPackage {
    fn read(fields: &mut Fields) -> Option<PutPackage> {
        let title = fields.text("title", TITLE);
        let price = fields.integer("price_fen", 1..=Fen::LIMIT.get());
        let credit = fields.parsed("credit", Credit::parse, "wallet or points");
        let principal = fields.integer("principal", 1..=PROMISE_MAX);
        let bonus = fields.integer("bonus", 0..=PROMISE_MAX);
        Some(PutPackage {
            title: title?,
            price_fen: Fen::new(price?),
            credit: credit?,
            principal: principal?,
            bonus: bonus?,
        })
    }
}

/// Lists what can be bought ahead.
#[utoipa::path(get, path = "/api/mini/recharge-packages", tag = "buyers",
    operation_id = "list_recharge_packages",
    responses((status = 200, body = WirePackages),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(call: Call) -> Answer {
    call.query()?.finish()?;
    let found = call.run(async move |paydesk| paydesk.packages.packages().await).await??;
    Ok(answer::ok(&WirePackages { data: found.iter().map(WirePackage::of).collect() }))
}

/// Buys a recharge: an order and its payment. What it credits is there once it is paid.
#[utoipa::path(post, path = "/api/mini/recharges", tag = "buyers", operation_id = "recharge",
    params(("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$")),
    request_body = RechargeBody,
    responses((status = 201, description = "a new order", body = WireOffer),
        (status = 202, description = "WeChat Pay's answer is not known yet: the same request \
            with the same key goes on", body = WireOffer),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn recharge(mut call: Call) -> Answer {
    let buyer = call.buyer()?;
    let key = call.key()?;
    let body = call.read::<Recharge>().await?;
    let keyed = call.keyed(key, PATH, &body.canonical);
    let Recharge { package_id, expected_version, paying } = body.value;
    let Paying { trade_type, client_ip } = paying;
    let request = RechargeRequest { buyer, package_id, expected_version, trade_type, client_ip };
    let done = call.run(async move |paydesk| paydesk.recharge(&request, &keyed).await).await??;
    Ok(offered(done.ok_or_else(Problem::not_found)?))
}

/// Shows a package.
#[utoipa::path(get, path = "/api/admin/recharge-packages/{id}", tag = "back_office",
    operation_id = "show_recharge_package", params(("id" = String, Path)),
    responses((status = 200, body = WirePackage),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(call: Call) -> Answer {
    let id = PackageId::parse(call.segment("id")).ok_or_else(Problem::not_found)?;
    let found = call.run(async move |paydesk| paydesk.packages.package(&id).await).await??;
    let package = found.ok_or_else(Problem::not_found)?;
    Ok(answer::ok_at(package.version, &WirePackage::of(&package)))
}

/// Creates a package (without If-Match), or changes the one at the version of If-Match. What was bought
/// keeps what it was bought with.
#[utoipa::path(put, path = "/api/admin/recharge-packages/{id}", tag = "back_office",
    operation_id = "put_recharge_package",
    params(("id" = String, Path, pattern = "^[0-9A-Za-z_-]{1,32}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the package's ETag; none creates")),
    request_body = PutPackage,
    responses((status = 200, description = "changed", body = WirePackage),
        (status = 201, description = "created", body = WirePackage),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn put(mut call: Call) -> Answer {
    let body: PutPackage = call.read().await?.value;
    let id = PackageId::parse(call.segment("id")).ok_or_else(|| {
        Problem::invalid([FieldError::new("id", "invalid", format!("must be {ID}"))])
    })?;
    let expected = IfMatch::of(&call.req).optional()?;
    let location = format!("/api/admin/recharge-packages/{id}");
    let PutPackage { title, price_fen, credit, principal, bonus } = body;
    let package = RechargePackage {
        id,
        title,
        price: price_fen,
        promise: Promise { credit, principal, bonus },
        version: 0,
        set_at: call.state.paydesk.clock.now(),
    };
    let audit = call.audit("put recharge package");
    let put = call.run(async move |paydesk| paydesk.put_package(&package, expected, &audit).await);
    let (package, is_new) = put.await??;
    let shown = WirePackage::of(&package);
    Ok(if is_new {
        answer::created_at(&location, package.version, &shown)
    } else {
        answer::ok_at(package.version, &shown)
    })
}
