//! How buyers behave. Each temper is a short story; what it says in the end is checked by others.

mod back;
mod door;
mod purse;
mod thrift;

use crate::chance::Chance;
use crate::clock::pause_ms;
use crate::crowd::buyer::{Buyer, COMMON, Offer, is_over};
use serde_json::json;
use std::pin::Pin;
use std::time::Duration;

/// How long a buyer looks at an order before they put the phone away.
const LOOKS_FOR: Duration = Duration::from_secs(20);

/// What somebody does from the beginning to the end; `None` when it was refused on the way.
type Story<'a> = Pin<Box<dyn Future<Output = Option<()>> + Send + 'a>>;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temper {
    /// Pays at once and waits until it is seen.
    Prompt,
    /// Pays some seconds later.
    Slow,
    /// Never pays.
    Forgetful,
    /// Changes their mind before paying.
    Fickle,
    /// Pays and cancels at the same moment.
    Torn,
    /// Goes from one way to pay to another.
    Switching,
    /// Pays on two devices at the same moment.
    TwoDevices,
    /// Clicks twice: under one key, and under two.
    DoubleClicking,
    /// Hangs up in the middle and asks again.
    Impatient,
    /// Fails to pay first, then pays with a coupon of WeChat.
    Clumsy,
    /// Pays when the order is over, which WeChat Pay never shows and the sandbox can.
    Late,
    /// Says that they paid, and did not, or not yet.
    Lying,
    /// Orders now and pays another day, having changed the list.
    Planning,
    /// Orders anew over the same list.
    Replacing,
    /// Wants a part of the money back, twice at once.
    Bargaining,
    /// Wants all of it back, by a refund or by cancelling.
    Returning,
    /// Wants money back for what was sent, and may think better of it.
    SendingBack,
    /// Is given more back than an operator may give alone.
    Complaining,
    /// Sees the order cancelled by an operator.
    Recalled,
    /// Pays another amount than was asked for.
    Miscounting,
    /// Pays late, and has closed the account to which it would go back.
    Gone,
    /// Sends back things of a list of several, twice at once.
    Picky,
    /// Pays ahead, and from it.
    Saving,
    /// Pays from the wallet and by WeChat Pay at the same moment.
    Racing,
    /// Buys points, which the merchant's backend spends twice at once.
    Gambling,
    /// Wants back what they paid ahead while they spend it.
    Undoing,
    /// Uses one coupon for two orders.
    Thrifty,
    /// Cancels with a coupon, and uses it again.
    Reusing,
    /// Pays at the door, or does not take the goods.
    AtTheDoor,
    /// Turns cash into an online payment while the courier stands there.
    Converting,
}

const ALL: [(u64, Temper); 30] = [
    (6, Temper::Prompt),
    (4, Temper::Slow),
    (2, Temper::Forgetful),
    (2, Temper::Fickle),
    (3, Temper::Torn),
    (3, Temper::Switching),
    (3, Temper::TwoDevices),
    (2, Temper::DoubleClicking),
    (3, Temper::Impatient),
    (2, Temper::Clumsy),
    (3, Temper::Late),
    (1, Temper::Lying),
    (2, Temper::Planning),
    (2, Temper::Replacing),
    (3, Temper::Bargaining),
    (3, Temper::Returning),
    (3, Temper::SendingBack),
    (2, Temper::Complaining),
    (2, Temper::Recalled),
    (1, Temper::Miscounting),
    (1, Temper::Gone),
    (4, Temper::Picky),
    (3, Temper::Saving),
    (4, Temper::Racing),
    (2, Temper::Gambling),
    (3, Temper::Undoing),
    (3, Temper::Thrifty),
    (3, Temper::Reusing),
    (4, Temper::AtTheDoor),
    (5, Temper::Converting),
];

impl Temper {
    pub(crate) fn draw(chance: &mut Chance) -> Temper {
        chance.weighted(&ALL).unwrap_or(Temper::Prompt)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Temper::Prompt => "prompt",
            Temper::Slow => "slow",
            Temper::Forgetful => "forgetful",
            Temper::Fickle => "fickle",
            Temper::Torn => "torn",
            Temper::Switching => "switching",
            Temper::TwoDevices => "on two devices",
            Temper::DoubleClicking => "double-clicking",
            Temper::Impatient => "impatient",
            Temper::Clumsy => "clumsy",
            Temper::Late => "late",
            Temper::Lying => "lying",
            Temper::Planning => "planning",
            Temper::Replacing => "replacing",
            Temper::Bargaining => "bargaining",
            Temper::Returning => "returning",
            Temper::SendingBack => "sending back",
            Temper::Complaining => "complaining",
            Temper::Recalled => "recalled",
            Temper::Miscounting => "miscounting",
            Temper::Gone => "gone",
            Temper::Picky => "picky",
            Temper::Saving => "saving",
            Temper::Racing => "racing",
            Temper::Gambling => "gambling",
            Temper::Undoing => "undoing",
            Temper::Thrifty => "thrifty",
            Temper::Reusing => "reusing",
            Temper::AtTheDoor => "at the door",
            Temper::Converting => "converting",
        }
    }

    /// The whole story: whether it was told to its end. One that ends early has been refused on the way,
    /// which is in order.
    pub(crate) async fn buy(self, buyer: &mut Buyer) -> bool {
        let story: Story<'_> = match self {
            Temper::Prompt => Box::pin(prompt(buyer)),
            Temper::Slow => Box::pin(slow(buyer)),
            Temper::Forgetful => Box::pin(forgetful(buyer)),
            Temper::Fickle => Box::pin(fickle(buyer)),
            Temper::Torn => Box::pin(torn(buyer)),
            Temper::Switching => Box::pin(switching(buyer)),
            Temper::TwoDevices => Box::pin(two_devices(buyer)),
            Temper::DoubleClicking => Box::pin(double_clicking(buyer)),
            Temper::Impatient => Box::pin(impatient(buyer)),
            Temper::Clumsy => Box::pin(clumsy(buyer)),
            Temper::Late => Box::pin(late(buyer)),
            Temper::Lying => Box::pin(lying(buyer)),
            Temper::Planning => Box::pin(planning(buyer)),
            Temper::Replacing => Box::pin(replacing(buyer)),
            Temper::Bargaining => Box::pin(back::bargaining(buyer)),
            Temper::Returning => Box::pin(back::returning(buyer)),
            Temper::SendingBack => Box::pin(back::sending_back(buyer)),
            Temper::Complaining => Box::pin(back::complaining(buyer)),
            Temper::Recalled => Box::pin(back::recalled(buyer)),
            Temper::Miscounting => Box::pin(miscounting(buyer)),
            Temper::Gone => Box::pin(back::gone(buyer)),
            Temper::Picky => Box::pin(back::picky(buyer)),
            Temper::Saving => Box::pin(purse::saving(buyer)),
            Temper::Racing => Box::pin(purse::racing(buyer)),
            Temper::Gambling => Box::pin(purse::gambling(buyer)),
            Temper::Undoing => Box::pin(purse::undoing(buyer)),
            Temper::Thrifty => Box::pin(thrift::thrifty(buyer)),
            Temper::Reusing => Box::pin(thrift::reusing(buyer)),
            Temper::AtTheDoor => Box::pin(door::at_the_door(buyer)),
            Temper::Converting => Box::pin(door::converting(buyer)),
        };
        story.await.is_some()
    }
}

async fn look(buyer: &Buyer, order: &str) {
    buyer.until(order, is_over, LOOKS_FOR).await;
}

async fn pay(buyer: &Buyer, offer: &Offer) -> bool {
    buyer.pay(&offer.out_trade_no, &json!({})).await
}

async fn forgetful(buyer: &Buyer) -> Option<()> {
    buyer.check_out("JSAPI").await.map(drop)
}

async fn prompt(buyer: &Buyer) -> Option<()> {
    let offer = buyer.check_out("JSAPI").await?;
    buyer.open_cashier(&offer).await;
    pay(buyer, &offer).await;
    buyer.report(&offer.order, "ok").await;
    look(buyer, &offer.order).await;
    Some(())
}

async fn slow(buyer: &mut Buyer) -> Option<()> {
    let offer = buyer.check_out("JSAPI").await?;
    pause_ms(buyer.chance.doublings(500, 16_000)).await;
    pay(buyer, &offer).await;
    look(buyer, &offer.order).await;
    Some(())
}

async fn fickle(buyer: &mut Buyer) -> Option<()> {
    let offer = buyer.check_out("JSAPI").await?;
    pause_ms(buyer.chance.between(0, 2_000)).await;
    buyer.cancel(&offer.order).await;
    look(buyer, &offer.order).await;
    // What was taken off the list by the order is back on it.
    let again = buyer.check_out("NATIVE").await?;
    pay(buyer, &again).await;
    look(buyer, &again.order).await;
    Some(())
}

async fn torn(buyer: &mut Buyer) -> Option<()> {
    let offer = buyer.check_out("JSAPI").await?;
    let (first, second) = (buyer.chance.between(0, 300), buyer.chance.between(0, 300));
    let cancelling = async {
        pause_ms(first).await;
        buyer.cancel(&offer.order).await;
    };
    let paying = async {
        pause_ms(second).await;
        pay(buyer, &offer).await
    };
    tokio::join!(cancelling, paying);
    look(buyer, &offer.order).await;
    Some(())
}

async fn switching(buyer: &mut Buyer) -> Option<()> {
    let first = buyer.check_out("JSAPI").await?;
    let second = buyer.pay_by(&first.order, "NATIVE").await?;
    let back =
        if buyer.chance.permille(300) { buyer.pay_by(&first.order, "JSAPI").await } else { None };
    pay(buyer, back.as_ref().unwrap_or(&second)).await;
    look(buyer, &first.order).await;
    Some(())
}

async fn two_devices(buyer: &mut Buyer) -> Option<()> {
    let at_once = buyer.chance.permille(400);
    let buyer = &*buyer;
    let phone = buyer.check_out("JSAPI").await?;
    // Some pay on the phone while the desktop still asks, some when it has its own payment.
    let at_once = async { if at_once { pay(buyer, &phone).await } else { false } };
    let (desktop, _) = tokio::join!(buyer.pay_by(&phone.order, "NATIVE"), at_once);
    if let Some(desktop) = desktop.filter(|offer| !offer.out_trade_no.is_empty()) {
        let (honest, unfaithful) = (json!({}), json!({"unfaithful": true}));
        tokio::join!(
            buyer.pay(&desktop.out_trade_no, &honest),
            buyer.pay(&phone.out_trade_no, &unfaithful),
        );
    }
    look(buyer, &phone.order).await;
    Some(())
}

async fn double_clicking(buyer: &Buyer) -> Option<()> {
    let key = buyer.phone.key();
    let (one, two, three) = tokio::join!(
        buyer.check_out_under(&key, "JSAPI"),
        buyer.check_out_under(&key, "JSAPI"),
        buyer.check_out("JSAPI"),
    );
    let offer = one.or(two).or(three)?;
    let (one, two) =
        tokio::join!(buyer.pay_by(&offer.order, "JSAPI"), buyer.pay_by(&offer.order, "JSAPI"),);
    let offer = one.or(two)?;
    tokio::join!(pay(buyer, &offer), pay(buyer, &offer));
    look(buyer, &offer.order).await;
    Some(())
}

async fn impatient(buyer: &mut Buyer) -> Option<()> {
    let key = buyer.phone.key();
    let wish = buyer.everything("JSAPI");
    for _ in 0..buyer.chance.between(1, 4) {
        let after = buyer.chance.doublings(5, 1_500);
        buyer.phone.send_and_leave(&key, super::buyer::CHECKOUT, &wish, after).await;
    }
    let offer = buyer.check_out_under(&key, "JSAPI").await?;
    pay(buyer, &offer).await;
    look(buyer, &offer.order).await;
    Some(())
}

async fn clumsy(buyer: &Buyer) -> Option<()> {
    let offer = buyer.check_out("NATIVE").await?;
    buyer.pay(&offer.out_trade_no, &json!({"outcome": "fail"})).await;
    buyer.report(&offer.order, "fail").await;
    buyer.pay(&offer.out_trade_no, &json!({"coupon_fen": 1})).await;
    look(buyer, &offer.order).await;
    Some(())
}

async fn late(buyer: &mut Buyer) -> Option<()> {
    let offer = buyer.check_out("JSAPI").await?;
    buyer.cancel(&offer.order).await;
    let mut pauses = buyer.chance.clone();
    // Some wait until it is over, some come into the middle of it.
    if pauses.permille(600) {
        look(buyer, &offer.order).await;
    } else {
        pause_ms(pauses.doublings(10, 2_000)).await;
    }
    buyer.pay(&offer.out_trade_no, &json!({"unfaithful": true})).await;
    pause_ms(pauses.between(0, 1_000)).await;
    look(buyer, &offer.order).await;
    Some(())
}

async fn lying(buyer: &mut Buyer) -> Option<()> {
    let offer = buyer.check_out("JSAPI").await?;
    buyer.report(&offer.order, "ok").await;
    pause_ms(buyer.chance.between(0, 3_000)).await;
    if buyer.chance.permille(500) {
        pay(buyer, &offer).await;
        buyer.report(&offer.order, "cancel").await;
    }
    look(buyer, &offer.order).await;
    Some(())
}

async fn planning(buyer: &mut Buyer) -> Option<()> {
    let order = buyer.place("wechat").await?;
    pause_ms(buyer.chance.doublings(100, 6_000)).await;
    buyer.want(COMMON[0], 1).await;
    let offer = buyer.pay_by(&order, "NATIVE").await?;
    pay(buyer, &offer).await;
    look(buyer, &order).await;
    Some(())
}

async fn replacing(buyer: &mut Buyer) -> Option<()> {
    let first = buyer.check_out("JSAPI").await?;
    let mut wish = buyer.everything("NATIVE");
    wish["replace_open"] = json!(true);
    let key = buyer.phone.key();
    let path = super::buyer::CHECKOUT;
    // Half of them pay the old one while it makes way.
    let pays_old = buyer.chance.permille(500);
    let paying = async {
        if pays_old {
            pay(buyer, &first).await;
        }
    };
    let replaced = buyer.phone.insist_under(&key, "POST", path, &wish);
    let (answer, ()) = tokio::join!(replaced, paying);
    let number = answer.text("out_trade_no");
    if answer.is_success() && !number.is_empty() {
        buyer.pay(number, &json!({})).await;
        look(buyer, answer.text("order_number")).await;
    }
    look(buyer, &first.order).await;
    Some(())
}

async fn miscounting(buyer: &mut Buyer) -> Option<()> {
    let offer = buyer.check_out("JSAPI").await?;
    let amount_fen = buyer.chance.between(1, 400);
    let form = json!({"unfaithful": true, "amount_fen": amount_fen});
    buyer.pay(&offer.out_trade_no, &form).await;
    look(buyer, &offer.order).await;
    Some(())
}
