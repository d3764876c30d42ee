//! `paydesk keys` beside a running service: what it makes works at once, what it revokes lets nobody
//! in any more, and it talks as a command should.

use crate::processes::deployment::{Deployment, Instance};
use crate::processes::phone::Phone;
use reqwest::Method;
use serde_json::{Value, json};
use std::process::{Command, Output};
use testkit::TestDatabase;

const SKU: &str = "/api/admin/skus/tea";

fn keys(instance: &Instance, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paydesk"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PAYDESK_") {
            command.env_remove(name);
        }
    }
    command.args(["keys", "--config"]).arg(&instance.config).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The key, and its id.
fn create(instance: &Instance, arguments: &[&str]) -> (String, String) {
    let made = keys(instance, &[&["create"], arguments].concat());
    let (out, err) = (text(&made.stdout), text(&made.stderr));
    assert!(made.status.success(), "{err}");
    let key = out.strip_suffix('\n').unwrap_or(&out).to_owned();
    let plain =
        key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    assert!(plain && key.starts_with("pk_"), "nothing but the key is on stdout: {out:?}");
    assert!(!err.contains(&key), "the key is said once");
    let id = err.strip_prefix("key ").and_then(|rest| rest.split(',').next()).unwrap();
    (key, id.to_owned())
}

async fn asked(instance: &Instance, key: &str, method: Method, body: &Value) -> (u16, String) {
    let phone = Phone::at(&[instance]).holding(key.to_owned());
    let answer = phone.insist(method, SKU, body).await.last;
    (answer.status, answer.body["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_works_as_soon_as_it_is_made_and_no_longer_than_until_it_is_revoked() {
    let database = TestDatabase::create().await.unwrap();
    let deployment = Deployment::new("keys", database.url()).await;
    let instance = deployment.instance("serve", |_| {});
    let process = instance.start().await;
    let none = keys(&instance, &["list"]);
    assert!(none.status.success() && none.stdout.is_empty(), "{none:?}");

    let (viewer, viewer_id) = create(&instance, &["--name", "auditor", "--role", "viewer"]);
    let both = ["--name", "till 1", "--role", "viewer", "--role", "operator"];
    let (operator, _) = create(&instance, &both);
    let (service, _) =
        create(&instance, &["--name", "shop", "--role", "service", "--client-id", "shop-1"]);
    let tea = json!({"title": "tea", "price_fen": 100, "cost_price_fen": 0});
    let put = |key: String| {
        let (instance, tea) = (&instance, &tea);
        async move { asked(instance, &key, Method::PUT, tea).await }
    };
    let look = |key: String| {
        let instance = &instance;
        async move { asked(instance, &key, Method::GET, &Value::Null).await.0 }
    };
    assert_eq!(put(viewer.clone()).await, (403, "forbidden".to_owned()), "it may only look");
    assert_eq!(put(service.clone()).await, (403, "forbidden".to_owned()));
    assert!((200..300).contains(&put(operator.clone()).await.0));
    assert_eq!(look(viewer.clone()).await, 200);
    assert_eq!(look(service).await, 403);
    assert_eq!(look("pk_nobody-has-this-key".to_owned()).await, 401);

    let revoked = keys(&instance, &["revoke", &viewer_id]);
    assert!(revoked.status.success(), "{revoked:?}");
    assert_eq!(look(viewer.clone()).await, 401, "at once");
    assert_eq!(look(operator.clone()).await, 200, "the others stay");
    let listed = text(&keys(&instance, &["list"]).stdout);
    assert_eq!(listed.lines().count(), 3, "{listed}");
    let of = |name: &str| listed.lines().find(|line| line.contains(name)).unwrap();
    assert!(of("auditor").starts_with(&viewer_id) && of("auditor").contains("revoked"), "{listed}");
    assert!(of("till 1").contains("viewer,operator") && !of("till 1").contains("revoked"));
    assert!(of("shop-1").contains("service"));
    for key in [&viewer, &operator] {
        assert!(!listed.contains(key.as_str()), "only its hash is kept");
    }
    process.kill().await.unwrap();
    deployment.stop().await;
    database.drop_now().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistake_is_named_and_nothing_is_made() {
    let database = TestDatabase::create().await.unwrap();
    let deployment = Deployment::new("keys-mistakes", database.url()).await;
    let instance = deployment.instance("serve", |_| {});
    let before = keys(&instance, &["list"]);
    assert_eq!(before.status.code(), Some(1));
    let said = text(&before.stderr);
    assert!(said.contains("paydesk migrate") && !said.contains("relation"), "{said}");
    instance.start().await.kill().await.unwrap();
    let cases: [(&[&str], i32, &str); 8] = [
        (&["create", "--name", " ", "--role", "viewer"], 1, "--name: 1 to 64 characters"),
        (&["create", "--name", "x", "--role", "service"], 1, "--client-id"),
        (&["create", "--name", "x", "--role", "viewer", "--client-id", "y"], 1, "--client-id"),
        (
            &["create", "--name", "x", "--role", "service", "--role", "viewer", "--client-id", "y"],
            1,
            "--role: a service key has no other role",
        ),
        (
            &["create", "--name", "x", "--role", "service", "--client-id", "a b"],
            1,
            "--client-id: 1 to 64 of [0-9A-Za-z_-]",
        ),
        (&["revoke", "nothing"], 1, "there is no key nothing"),
        // A command line that cannot be read is 2, as everywhere.
        (&["create", "--name", "x", "--role", "admin"], 2, "viewer"),
        (&["create", "--name", "x"], 2, "--role"),
    ];
    for (arguments, code, says) in cases {
        let refused = keys(&instance, arguments);
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
        assert!(refused.stdout.is_empty(), "{arguments:?}");
        assert!(!said.contains("postgres://") && !said.contains("panicked"), "{said}");
    }
    assert!(keys(&instance, &["list"]).stdout.is_empty(), "nothing was made");
    let help = keys(&instance, &["create", "--help"]);
    assert!(help.status.success());
    let help = text(&help.stdout);
    for part in ["--name", "--role", "--client-id", "service, viewer, operator, approver", "once"] {
        assert!(help.contains(part), "{part}: {help}");
    }
    deployment.stop().await;
    database.drop_now().await;
}
