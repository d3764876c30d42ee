//! Starting: addresses, directories, files.

use std::net::SocketAddr;

use wechatpay_sim::{Credentials, Sandbox, SandboxOptions, Settings};

use crate::{any_port, own_directory, shared_directory, start, start_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_named() {
    let (sandbox, _) = start(Settings::default()).await;
    let options = SandboxOptions::new(sandbox.addr(), shared_directory());
    let error = Sandbox::start(options).await.unwrap_err().to_string();
    assert!(error.contains(&sandbox.addr().to_string()), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_machines_are_kept_out_unless_allowed() {
    drop(start(Settings::default()).await);
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let mut options = SandboxOptions::new(everywhere, shared_directory());
    let error = Sandbox::start(options.clone()).await.unwrap_err().to_string();
    assert!(error.contains("0.0.0.0:0"), "{error}");
    options.allow_public = true;
    Sandbox::start(options).await.unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_are_files_too() {
    let directory = own_directory("files").await;
    let (sandbox, merchant) = start_in(directory.clone(), Settings::default()).await;
    let read = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap();
    let written: Credentials = serde_json::from_str(&read("credentials.json")).unwrap();
    assert_eq!(&written, sandbox.credentials());
    assert_eq!(read("apiclient_key.pem"), written.merchant_private_key_pem);
    assert_eq!(read("apiclient_cert.pem"), written.merchant_certificate_pem);
    assert_eq!(read("platform_certificate.pem"), written.platform_certificate_pem);
    assert_eq!(read("pub_key.pem"), written.public_key_pem);
    let (_, answered) = merchant.control("GET", "credentials", serde_json::Value::Null).await;
    assert_eq!(serde_json::from_value::<Credentials>(answered).unwrap(), written);
    assert_eq!((written.api_v3_key.len(), written.merchant_serial.len()), (32, 40));
    assert!(!format!("{written:?}").contains("PRIVATE KEY"), "no secrets in logs");
    sandbox.stop().await;
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_key_file_is_named() {
    let directory = own_directory("damaged").await;
    std::fs::write(directory.join("sandbox_keys.json"), "{}").unwrap();
    let options = SandboxOptions::new(any_port(), &directory);
    let error = Sandbox::start(options).await.unwrap_err().to_string();
    assert!(error.contains("sandbox_keys.json"), "{error}");
    std::fs::remove_dir_all(directory).unwrap();
}
