//! The sandbox as a process is: behind a port.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;
use wechatpay_sim::core::exchange::ApiRequest;
use wechatpay_sim::{Rehearsal, RunningSandbox, Sandbox, SandboxOptions, Settings};

use crate::control::{Control, Said};
use crate::wire::{self, Message};

/// Stops when dropped.
pub(crate) struct Process(RunningSandbox);

impl Process {
    pub(crate) async fn start(folder: &Path, settings: Settings, rehearsal: Rehearsal) -> Process {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut options = SandboxOptions::new(any_port, folder);
        options.settings = settings;
        options.rehearsal = Some(rehearsal);
        Process(Sandbox::start(options).await.unwrap())
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.0.addr()
    }
}

/// A call of the API.
pub(crate) async fn call(to: SocketAddr, request: ApiRequest) -> Option<Message> {
    let ApiRequest { method, target, headers, body } = request;
    wire::ask(to, (&method, &target), &headers, &body).await
}

/// A control request.
pub(crate) async fn control(to: SocketAddr, asked: Control) -> Said {
    let Control { method, path, body } = asked;
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let target = format!("/_sandbox/{path}");
    let answer = wire::ask(to, (method, &target), &[], body.as_bytes()).await;
    let answer = answer.expect("control requests are always answered");
    let body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    (answer.status(), body)
}
