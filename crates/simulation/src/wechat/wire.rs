//! What a call to WeChat Pay is about, read from its target.

/// What is asked of WeChat Pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// Order a payment.
    Prepay,
    /// What became of it.
    Query,
    /// Close it.
    Close,
    /// Send money back.
    Refund,
    /// What became of a refund.
    QueryRefund,
    /// Send a refund that could not reach its payer to a card.
    Apply,
    /// Where the trade bill of a day is, and what its hash is.
    TradeBill,
    /// The same of a fund-flow bill.
    FundFlowBill,
    /// The file of a bill.
    DownloadBill,
    /// The list of keys.
    Certificates,
}

impl Asked {
    /// Whether it changes something at WeChat Pay.
    #[must_use]
    pub fn changes(self) -> bool {
        match self {
            Asked::Prepay | Asked::Close | Asked::Refund | Asked::Apply => true,
            Asked::Query
            | Asked::QueryRefund
            | Asked::TradeBill
            | Asked::FundFlowBill
            | Asked::DownloadBill
            | Asked::Certificates => false,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Asked::Prepay => "prepay",
            Asked::Query => "query",
            Asked::Close => "close",
            Asked::Refund => "refund",
            Asked::QueryRefund => "query refund",
            Asked::Apply => "apply abnormal refund",
            Asked::TradeBill => "trade bill",
            Asked::FundFlowBill => "fund flow bill",
            Asked::DownloadBill => "download bill",
            Asked::Certificates => "certificates",
        }
    }
}

/// What a request asks, and about which number.
#[must_use]
pub fn asked_of(request: &wechatpay::WireRequest) -> (Asked, String) {
    let path = request.target.split('?').next().unwrap_or_default();
    if let Some(rest) = path.strip_prefix("/v3/pay/transactions/out-trade-no/") {
        return match rest.strip_suffix("/close") {
            Some(number) => (Asked::Close, number.to_owned()),
            None => (Asked::Query, rest.to_owned()),
        };
    }
    let member = |name: &str| {
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap_or_default();
        body[name].as_str().unwrap_or_default().to_owned()
    };
    if path.starts_with("/v3/pay/transactions/") {
        return (Asked::Prepay, member("out_trade_no"));
    }
    if let Some(rest) = path.strip_prefix("/v3/refund/domestic/refunds") {
        return match rest.strip_prefix('/') {
            Some(id) if id.ends_with("/apply-abnormal-refund") => {
                (Asked::Apply, member("out_refund_no"))
            }
            Some(number) => (Asked::QueryRefund, number.to_owned()),
            None => (Asked::Refund, member("out_refund_no")),
        };
    }
    let about_nobody = match path {
        "/v3/bill/tradebill" => Asked::TradeBill,
        "/v3/bill/fundflowbill" => Asked::FundFlowBill,
        "/v3/billdownload/file" | "/v3/bill/downloadurl" => Asked::DownloadBill,
        _ => Asked::Certificates,
    };
    (about_nobody, String::new())
}
