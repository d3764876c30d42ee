//! The real transport against a few lines of TCP.

use core::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wechatpay::{
    DOWNLOAD_MAX, Host, HttpTransport, Method, Purpose, Transport as _, TransportError,
    WireRequest, WireResponse,
};

fn request() -> WireRequest {
    WireRequest {
        method: Method::Post,
        target: "/v3/pay/A%7CB*C?x=%2B".to_owned(),
        purpose: Purpose::Call,
        headers: [
            ("User-Agent", "Paydesk/1".to_owned()),
            ("Accept", "application/json".to_owned()),
        ]
        .into(),
        body: "{\"店\":1}".to_owned(),
    }
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn transport(url: &str, backup: Option<&str>) -> HttpTransport {
    let (whole, connect) = (Duration::from_millis(700), Duration::from_millis(300));
    HttpTransport::new(url, backup, whole, connect).unwrap()
}

/// Answers one connection with these bytes, and hands back what it read.
async fn serve(listener: &TcpListener, answer: &str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut seen = vec![0; 4_096];
    let read = stream.read(&mut seen).await.unwrap();
    seen.truncate(read);
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    String::from_utf8(seen).unwrap()
}

async fn exchange(answer: &str) -> (Result<WireResponse, TransportError>, String) {
    let (listener, url) = listener().await;
    let transport = transport(&url, None);
    tokio::join!(transport.send(request()), serve(&listener, answer))
}

#[tokio::test]
async fn target_headers_and_body_go_out_as_they_are() {
    let answer = "HTTP/1.1 200 OK\r\nWechatpay-Nonce: a\r\nWechatpay-Nonce: b\r\nContent-Length: 2\r\n\r\n{}";
    let (response, seen) = exchange(answer).await;
    let response = response.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (200, b"{}".as_slice()));
    assert_eq!(response.header("Wechatpay-Nonce"), Some("a"));
    assert!(seen.starts_with("POST /v3/pay/A%7CB*C?x=%2B HTTP/1.1\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\n{\"店\":1}"), "{seen}");
    assert!(seen.contains("user-agent: Paydesk/1\r\n"), "{seen}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (response, _) = exchange(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    assert_eq!(response.unwrap().status, 302);
}

#[tokio::test]
async fn a_truncated_answer_is_no_answer() {
    let (response, _) = exchange("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{}").await;
    assert!(response.is_err());
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let long = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(1_100_000));
    let (listener, url) = listener().await;
    let transport = transport(&url, None);
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4_096]).await.unwrap() > 0);
        // The client hangs up in the middle.
        stream.write_all(long.as_bytes()).await.ok()
    };
    let (response, _) = tokio::join!(transport.send(request()), serve);
    assert_eq!(response, Err(TransportError::too_long()));
}

fn download(host: Host) -> WireRequest {
    WireRequest { purpose: Purpose::Download(host), ..request() }
}

/// Answers one connection with a head and this many bytes, as far as the client wants them.
async fn serve_long(listener: &TcpListener, length: usize) {
    let (mut stream, _) = listener.accept().await.unwrap();
    assert!(stream.read(&mut [0; 4_096]).await.unwrap() > 0);
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let bytes = vec![b'x'; length];
    if stream.write_all(&bytes).await.is_ok() {
        stream.shutdown().await.ok();
    }
}

#[tokio::test]
async fn a_file_may_be_long_and_not_endless() {
    let (listener, url) = listener().await;
    let transport = transport(&url, None);
    let (file, ()) =
        tokio::join!(transport.send(download(Host::First)), serve_long(&listener, DOWNLOAD_MAX));
    assert_eq!(file.unwrap().body.len(), DOWNLOAD_MAX);
    let (file, ()) = tokio::join!(
        transport.send(download(Host::First)),
        serve_long(&listener, DOWNLOAD_MAX + 1)
    );
    assert_eq!(file, Err(TransportError::too_long()));
    assert!(TransportError::too_long().is_too_long());
    assert!(!TransportError("the time was up".to_owned()).is_too_long());
}

#[tokio::test]
async fn a_file_may_take_longer_than_a_call() {
    let (listener, url) = listener().await;
    let transport = transport(&url, None);
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4_096]).await.unwrap() > 0);
        // Longer than the time of a call.
        let never = core::future::pending::<()>();
        assert!(tokio::time::timeout(Duration::from_millis(900), never).await.is_err());
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
        stream.write_all(answer).await.unwrap();
    };
    let (file, ()) = tokio::join!(transport.send(download(Host::First)), serve);
    assert_eq!(file.unwrap().body, b"x");
}

#[tokio::test]
async fn a_file_comes_from_the_host_that_is_named_and_from_no_other() {
    let (first, first_url) = listener().await;
    let (backup, backup_url) = listener().await;
    let both = transport(&first_url, Some(&backup_url));
    let answers =
        ["a", "b"].map(|body| format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{body}"));
    let (file, _) = tokio::join!(both.send(download(Host::Backup)), serve(&backup, &answers[1]));
    assert_eq!(file.unwrap().body, b"b");
    let (file, _) = tokio::join!(both.send(download(Host::First)), serve(&first, &answers[0]));
    assert_eq!(file.unwrap().body, b"a");
    // Nobody is asked in the place of a host that is gone, or that there is not.
    drop(first);
    assert!(both.send(download(Host::First)).await.is_err());
    let asked = tokio::time::timeout(Duration::from_millis(20), backup.accept()).await;
    assert!(asked.is_err(), "the backup host was asked");
    let alone = transport(&backup_url, None);
    let none = Err(TransportError("there is no backup host".to_owned()));
    assert_eq!(alone.send(download(Host::Backup)).await, none);
}

#[tokio::test]
async fn a_silent_host_costs_no_more_than_the_time_allowed_and_no_url_is_told() {
    let (_listener, url) = listener().await;
    let error = transport(&url, None).send(request()).await.unwrap_err();
    assert!(!error.to_string().contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn without_an_http_answer_the_backup_host_is_asked_the_same() {
    let (backup, backup_url) = listener().await;
    let dead_url = {
        let (dead, url) = listener().await;
        drop(dead);
        url
    };
    let transport = transport(&dead_url, Some(&backup_url));
    let answer = "HTTP/1.1 204 No Content\r\n\r\n";
    let (response, seen) = tokio::join!(transport.send(request()), serve(&backup, answer));
    assert_eq!(response.unwrap().status, 204);
    assert!(seen.contains("user-agent: Paydesk/1 (Retried-V1)\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\n{\"店\":1}"), "{seen}");
}

/// It may have been taken: what another host says of it is no answer to it.
#[tokio::test]
async fn what_may_be_sent_once_is_sent_to_the_first_host_alone() {
    let (first, first_url) = listener().await;
    let (backup, backup_url) = listener().await;
    let transport = transport(&first_url, Some(&backup_url));
    let once = WireRequest { purpose: Purpose::Once, ..request() };
    let refusal = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    let taken = async {
        let (mut stream, _) = first.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4_096]).await.unwrap() > 0);
        drop(stream);
    };
    let asked = async {
        tokio::select! {
            (answer, ()) = async { tokio::join!(transport.send(once), taken) } => answer,
            _ = serve(&backup, refusal) => panic!("the backup host was asked"),
        }
    };
    assert!(asked.await.is_err());
    let (answer, seen) = tokio::join!(
        transport.send(WireRequest { purpose: Purpose::Once, ..request() }),
        serve(&first, refusal)
    );
    assert_eq!(answer.unwrap().status, 400);
    assert!(seen.contains("user-agent: Paydesk/1\r\n"), "{seen}");
}

#[tokio::test]
async fn an_answer_of_any_status_is_an_answer_and_not_sent_again() {
    let (first, first_url) = listener().await;
    let (_backup, backup_url) = listener().await;
    let transport = transport(&first_url, Some(&backup_url));
    let answer = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
    let (response, _) = tokio::join!(transport.send(request()), serve(&first, answer));
    assert_eq!(response.unwrap().status, 500);
}
