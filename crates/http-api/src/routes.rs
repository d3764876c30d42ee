//! Every route, whom it lets in, and where it goes. One screen.
//!
//! May not let anybody in by silence: a route says whom, and what is not here is not found.

use crate::auth::Who::{self, Anyone, Buyer, Key};
use crate::problem::Problem;
use crate::{
    addresses, admin_orders, api_keys, back_office, cases, checkout, coupons, delivery_rules,
    docs_page, fulfil, health, invariants, login, openapi, order_actions, orders, points,
    purchase_list, recharges, refunds, skus, stock_moves, sync_payment, wallet, wechatpay_notify,
};
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Route as Action};
use domain::ports::Role::{self, Approver, Operator, Service, Viewer};

/// One route.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) who: Who,
    action: fn() -> Action,
}

/// What buyers call.
#[rustfmt::skip]
const BUYERS: &[Route] = &[
    post("/api/mini/login", Anyone, || web::to(login::log_in)),
    get("/api/mini/skus", Buyer, || web::to(skus::list)),
    get("/api/mini/skus/{id}", Buyer, || web::to(skus::show)),
    get("/api/mini/addresses", Buyer, || web::to(addresses::list)),
    post("/api/mini/addresses", Buyer, || web::to(addresses::add)),
    put("/api/mini/addresses/{id}", Buyer, || web::to(addresses::put)),
    delete("/api/mini/addresses/{id}", Buyer, || web::to(addresses::delete)),
    get("/api/mini/purchase-list", Buyer, || web::to(purchase_list::show)),
    post("/api/mini/purchase-list/items", Buyer, || web::to(purchase_list::add)),
    patch("/api/mini/purchase-list/items/{id}", Buyer, || web::to(purchase_list::change)),
    delete("/api/mini/purchase-list/items/{id}", Buyer, || web::to(purchase_list::remove)),
    get("/api/mini/coupons", Buyer, || web::to(coupons::list)),
    post("/api/mini/checkout/quote", Buyer, || web::to(checkout::quote)),
    post("/api/mini/wechat-pay/prepay-from-checkout", Buyer, || web::to(checkout::prepay)),
    get("/api/mini/orders", Buyer, || web::to(orders::list)),
    post("/api/mini/orders", Buyer, || web::to(checkout::place::place)),
    get("/api/mini/orders/{ref}", Buyer, || web::to(orders::show)),
    post("/api/mini/orders/{ref}/wechat-pay/prepay", Buyer, || web::to(checkout::pay::pay)),
    post("/api/mini/orders/{ref}/payment-result", Buyer, || web::to(order_actions::report)),
    post("/api/mini/orders/{ref}/cancel", Buyer, || web::to(order_actions::cancel)),
    post("/api/mini/orders/{ref}/confirm-receipt", Buyer, || web::to(order_actions::confirm_receipt)),
    post("/api/mini/orders/{ref}/refunds", Buyer, || web::to(refunds::ask_as_buyer)),
    post("/api/mini/orders/{ref}/wallet-pay", Buyer, || web::to(wallet::pay)),
    get("/api/mini/wallet", Buyer, || web::to(wallet::wallet)),
    get("/api/mini/wallet/entries", Buyer, || web::to(wallet::wallet_entries)),
    get("/api/mini/points", Buyer, || web::to(wallet::points)),
    get("/api/mini/points/entries", Buyer, || web::to(wallet::points_entries)),
    get("/api/mini/recharge-packages", Buyer, || web::to(recharges::list)),
    post("/api/mini/recharges", Buyer, || web::to(recharges::recharge)),
    post("/api/mini/orders/{ref}/refunds/{out_refund_no}/withdraw", Buyer, || web::to(refunds::people::withdraw)),
];

/// What WeChat Pay calls; it proves itself by its signature.
#[rustfmt::skip]
const WECHAT_PAY: &[Route] = &[
    post("/api/mini/wechat-pay/notify", Anyone, || web::to(wechatpay_notify::notify)),
    post("/api/mini/wechat-pay/refund-notify", Anyone, || web::to(wechatpay_notify::refund_notify)),
    get("/api/mini/wechat-pay/health", Anyone, || web::to(wechatpay_notify::health)),
];

/// What merchants' backends call.
#[rustfmt::skip]
const BACKENDS: &[Route] = &[
    post("/api/v1/payments/{out_trade_no}/refunds", Key(&[Service]), || web::to(refunds::ask_as_service)),
    post("/api/v1/users/{id}/points/spend", Key(&[Service]), || web::to(points::spend)),
    get("/api/v1/refunds/{out_refund_no}", Key(&[Service]), || web::to(refunds::show)),
];

/// Who may look into the back office.
const LOOK: &[Role] = &[Viewer, Operator, Approver];
/// Who may act there. An approver says yes to what others propose, and acts no more than a viewer.
const ACT: &[Role] = &[Operator];
/// Who may say yes or no to a refund that waits. Whose yes counts for which is `domain`'s.
const SAY: &[Role] = &[Operator, Approver];

/// What operators call.
#[rustfmt::skip]
const BACK_OFFICE: &[Route] = &[
    get("/api/admin/skus/{id}", Key(LOOK), || web::to(back_office::show_sku)),
    put("/api/admin/skus/{id}", Key(ACT), || web::to(back_office::put_sku)),
    post("/api/admin/skus/{id}/stock", Key(ACT), || web::to(back_office::move_stock)),
    get("/api/admin/skus/{id}/stock/moves", Key(LOOK), || web::to(stock_moves::list)),
    get("/api/admin/recharge-packages/{id}", Key(LOOK), || web::to(recharges::show)),
    put("/api/admin/recharge-packages/{id}", Key(ACT), || web::to(recharges::put)),
    get("/api/admin/coupons/{id}", Key(LOOK), || web::to(coupons::show)),
    put("/api/admin/coupons/{id}", Key(ACT), || web::to(coupons::put)),
    post("/api/admin/coupons/{id}/issue", Key(ACT), || web::to(coupons::issue::issue)),
    get("/api/admin/delivery-rules", Key(LOOK), || web::to(delivery_rules::show)),
    put("/api/admin/delivery-rules", Key(ACT), || web::to(delivery_rules::put)),
    get("/api/admin/orders", Key(LOOK), || web::to(admin_orders::list)),
    get("/api/admin/orders/{ref}", Key(LOOK), || web::to(admin_orders::show)),
    post("/api/admin/orders/{ref}/ship", Key(ACT), || web::to(fulfil::ship)),
    post("/api/admin/orders/{ref}/deliver", Key(ACT), || web::to(fulfil::deliver)),
    post("/api/admin/orders/{ref}/complete", Key(ACT), || web::to(fulfil::complete)),
    post("/api/admin/orders/{ref}/cancel", Key(ACT), || web::to(fulfil::cancel)),
    post("/api/admin/orders/{ref}/cod/collect", Key(ACT), || web::to(fulfil::cod::collect)),
    post("/api/admin/orders/{ref}/cod/refuse", Key(ACT), || web::to(fulfil::cod::refuse)),
    post("/api/admin/orders/{ref}/refunds", Key(ACT), || web::to(refunds::ask_as_operator)),
    post("/api/admin/refunds/{out_refund_no}/approve", Key(SAY), || web::to(refunds::people::approve)),
    post("/api/admin/refunds/{out_refund_no}/decline", Key(SAY), || web::to(refunds::people::decline)),
    post("/api/admin/refunds/{out_refund_no}/retry", Key(ACT), || web::to(refunds::people::retry)),
    post("/api/admin/refunds/{out_refund_no}/apply-abnormal", Key(SAY), || web::to(refunds::abnormal::apply)),
    post("/api/admin/refunds/{out_refund_no}/settle-offline", Key(&[Approver]), || web::to(refunds::people::settle_offline)),
    post("/api/admin/payments/{out_trade_no}/sync", Key(ACT), || web::to(sync_payment::sync)),
    get("/api/admin/invariants", Key(LOOK), || web::to(invariants::check)),
    get("/api/admin/cases", Key(LOOK), || web::to(cases::list)),
    post("/api/admin/cases/{id}/assign", Key(ACT), || web::to(cases::acting::assign)),
    post("/api/admin/cases/{id}/resolve", Key(ACT), || web::to(cases::acting::resolve)),
    post("/api/admin/cases/{id}/accept", Key(ACT), || web::to(cases::acting::accept)),
    post("/api/admin/cases/{id}/retry", Key(ACT), || web::to(cases::acting::retry)),
    get("/api/admin/api-keys", Key(LOOK), || web::to(api_keys::list)),
    post("/api/admin/api-keys", Key(&[Approver]), || web::to(api_keys::make)),
    delete("/api/admin/api-keys/{id}", Key(&[Approver]), || web::to(api_keys::revoke)),
];

/// What those who run it call.
#[rustfmt::skip]
const OPERATIONS: &[Route] = &[
    get("/healthz", Anyone, || web::to(health::alive)),
    get("/readyz", Anyone, || web::to(health::ready)),
    get("/openapi.json", Anyone, || web::to(openapi::show)),
    get("/docs", Anyone, || web::to(docs_page::show)),
];

const EVERY: [&[Route]; 5] = [BUYERS, WECHAT_PAY, BACKENDS, BACK_OFFICE, OPERATIONS];

/// Every route.
pub(crate) fn every() -> impl Iterator<Item = &'static Route> {
    EVERY.into_iter().flatten()
}

/// The route of a request.
pub(crate) fn find(method: &Method, pattern: &str) -> Option<&'static Route> {
    // Who asks for the head alone is let in like who asks for all of it.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    every().find(|route| route.method == *method && route.path == pattern)
}

/// Puts these routes into an application. Other paths are 404, other methods 405, both as
/// problems.
pub(crate) fn configure(config: &mut ServiceConfig, routes: &[&'static Route]) {
    let mut paths: Vec<&'static str> = routes.iter().map(|route| route.path).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        let mut resource = web::resource(path);
        let mut allowed = Vec::new();
        for route in routes.iter().filter(|route| route.path == path) {
            resource = resource.route((route.action)().method(route.method.clone()));
            allowed.push(route.method.as_str());
            if route.method == Method::GET {
                resource = resource.route((route.action)().method(Method::HEAD));
                allowed.push(Method::HEAD.as_str());
            }
        }
        let allowed = allowed.join(", ");
        config.service(resource.default_service(web::to(move || {
            let refused = Problem::method_not_allowed(&allowed);
            async move { Err::<HttpResponse, Problem>(refused) }
        })));
    }
    let nothing = || async { Err::<HttpResponse, Problem>(Problem::not_found()) };
    config.default_service(web::to(nothing));
}

const fn get(path: &'static str, who: Who, action: fn() -> Action) -> Route {
    Route { method: Method::GET, path, who, action }
}

const fn post(path: &'static str, who: Who, action: fn() -> Action) -> Route {
    Route { method: Method::POST, path, who, action }
}

const fn put(path: &'static str, who: Who, action: fn() -> Action) -> Route {
    Route { method: Method::PUT, path, who, action }
}

const fn patch(path: &'static str, who: Who, action: fn() -> Action) -> Route {
    Route { method: Method::PATCH, path, who, action }
}

const fn delete(path: &'static str, who: Who, action: fn() -> Action) -> Route {
    Route { method: Method::DELETE, path, who, action }
}
