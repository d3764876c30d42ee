//! Closes a connection without an answer, as a lost network does.
//!
//! An HTTP framework always answers, so the socket is shut down under it; what it writes then goes nowhere.
//! MAY NOT be used but for a fault rule.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream as AsyncStream;
use actix_web::{HttpRequest, HttpResponse};

/// A second handle on a connection's socket.
struct Socket(TcpStream);

/// Keeps a handle on the socket with the connection.
pub(super) fn remember_socket(connection: &dyn Any, data: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<AsyncStream>() else { return };
    match stream.as_fd().try_clone_to_owned() {
        Ok(socket) => {
            data.insert(Socket(socket.into()));
        }
        Err(error) => tracing::warn!(%error, "this connection cannot be hung up on"),
    }
}

/// Shuts the connection down; the answer given back is never seen.
pub(super) fn hang_up(request: &HttpRequest) -> HttpResponse {
    let shut = request.conn_data::<Socket>().map(|socket| socket.0.shutdown(Shutdown::Both));
    if !matches!(shut, Some(Ok(()))) {
        tracing::warn!(?shut, "a connection could not be hung up on");
    }
    HttpResponse::ServiceUnavailable().force_close().finish()
}
