//! Two hundred buyers, fifty pieces.

use crate::world::World;
use futures_util::future::join_all;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_checkouts_of_fifty_pieces_are_fifty_orders() {
    let world = World::new().await;
    world.put_sku("last", 100, 50).await;
    let names: Vec<String> = (0..200).map(|n| format!("buyer-{n}")).collect();
    let mut buyers = Vec::new();
    for some in names.chunks(20) {
        let arriving = some.iter().map(|name| async {
            let buyer = world.buyer(name).await;
            world.want(&buyer, "last", 1).await;
            buyer
        });
        buyers.extend(join_all(arriving).await);
    }
    // All at once.
    let answers = join_all(buyers.iter().map(|buyer| world.check_out(buyer))).await;
    let placed = answers.iter().filter(|(status, _)| status.is_success()).count();
    let refused = answers
        .iter()
        .filter(|(status, answer)| status.as_u16() == 409 && answer["code"] == "out_of_stock")
        .count();
    assert_eq!(
        (placed, refused),
        (50, 150),
        "{:?}",
        answers.iter().map(|a| a.0).collect::<Vec<_>>()
    );
    let sku = world.sku("last").await;
    assert_eq!(sku["available"], 0, "{sku}");
    assert_eq!(sku["held"], 50, "{sku}");
    assert_eq!(sku["sold"], 0, "{sku}");

    let (_, first) = &answers.iter().find(|(status, _)| status.is_success()).unwrap();
    let number = first["order_number"].as_str().unwrap().to_owned();
    let index = answers.iter().position(|(_, a)| a["order_number"] == number.as_str()).unwrap();
    world.pay(&number).await;
    world.paid_order(&buyers[index], &number).await;
    let sku = world.sku("last").await;
    assert_eq!((sku["held"].as_i64(), sku["sold"].as_i64()), (Some(49), Some(1)), "{sku}");
    world.stop().await;
}
