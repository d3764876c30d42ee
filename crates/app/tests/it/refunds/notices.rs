//! Notifications of refunds: believed when they are true, and once.

use super::{REFUND_QUERIES, number_of};
use crate::world::World;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_refund_is_told_and_no_lie_about_it_is_believed() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.paid_for("alice", "tea").await;
    let (_, refund) = world.ask_back(&buyer, &number, 40).await;
    world.until_refund(&buyer, &number, 0, "processing").await;
    // From here on nobody answers our questions: what is learnt is told.
    let silent = json!([
        {"match": {"path": REFUND_QUERIES}, "action": "drop"},
        {"match": {"event_type": "REFUND.SUCCESS"}, "action": "drop"},
    ]);
    world.faults(silent).await;
    world.let_pass(6).await;
    let path = format!("/_sandbox/refund/{}/notify", number_of(&refund));
    let notify = async |tamper: Value| {
        let (status, said) = world.sandbox(Method::POST, &path, json!({"tamper": tamper})).await;
        assert_eq!(status, 200, "{said}");
        said["status"].as_u64().unwrap_or_default()
    };
    let mute = json!([{"match": {"path": REFUND_QUERIES}, "action": "drop"}]);
    world.faults(mute).await;
    for tamper in ["signature", "probe", "body", "stale", "unsigned", "mchid"] {
        assert_eq!(notify(json!(tamper)).await, 401, "{tamper}");
    }
    let order = world.order(&buyer, &number, 0).await;
    assert_eq!(order["refunds"][0]["status"], "processing", "{order}");
    // Signed, and not our refund: kept, with a case, and nothing changes.
    assert_ne!(notify(json!("amount")).await, 401);
    let order = world.order(&buyer, &number, 0).await;
    assert_eq!(order["refunds"][0]["status"], "processing", "{order}");
    let before = order["version"].as_u64().unwrap();
    for _ in 0..3 {
        assert_eq!(notify(Value::Null).await, 204);
    }
    let order = world.order(&buyer, &number, 0).await;
    assert_eq!(order["refunds"][0]["status"], "succeeded");
    assert_eq!(order["version"].as_u64().unwrap(), before + 1, "three times told is once");
    world.check_invariants().await;
    world.stop().await;
}
