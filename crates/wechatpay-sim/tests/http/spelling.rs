//! How the names of headers are spelt on the wire.
//!
//! To HTTP it is all the same, but there are SDKs that look their headers up letter by letter (wechatpay-java
//! does), and frameworks that hand them on as they came.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wechatpay_sim::Settings;

use crate::{LIMIT, start};

const SIGNED: [&str; 5] = [
    "\r\nWechatpay-Timestamp: ",
    "\r\nWechatpay-Nonce: ",
    "\r\nWechatpay-Signature: ",
    "\r\nWechatpay-Serial: ",
    "\r\nWechatpay-Signature-Type: ",
];

/// The bytes up to the empty line.
async fn head_of(connection: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = tokio::time::timeout(LIMIT, connection.read_u8()).await.unwrap().unwrap();
        head.push(byte);
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_headers_of_an_answer_are_spelt_as_wechat_pay_spells_them() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let host = merchant.base_url.strip_prefix("http://").unwrap();
    let target = "/v3/certificates";
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nUser-Agent: x\r\nAuthorization: {}\r\n\r\n",
        merchant.authorization("GET", target, "")
    );
    let mut connection = TcpStream::connect(host).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let head = head_of(&mut connection).await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    for name in SIGNED.iter().chain(&["\r\nContent-Type: ", "\r\nContent-Length: "]) {
        assert!(head.contains(name), "{name:?} is not in {head}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_headers_of_a_notification_are_spelt_as_wechat_pay_spells_them() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notify", receiver.local_addr().unwrap());
    merchant.native("T00001", &url).await;
    merchant.user_pays("T00001").await;
    let (mut connection, _) =
        tokio::time::timeout(LIMIT, receiver.accept()).await.unwrap().unwrap();
    let head = head_of(&mut connection).await;
    for name in SIGNED.iter().chain(&["\r\nContent-Type: "]) {
        assert!(head.contains(name), "{name:?} is not in {head}");
    }
    connection.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    let noted = merchant.notification_when(|notice| notice["state"] == "delivered").await;
    assert_eq!(noted["attempts"][0]["status"], json!(204));
}
