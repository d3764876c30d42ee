// A shop's door for notifications: what the SDK believes is answered 200, anything else 401.
// May not judge by itself: the SDK verifies and decrypts.
'use strict';

const http = require('node:http');

/** Listens on a free port of this machine until it is closed. */
class Receiver {
  /** (headers, body) -> the notification with its `resource` decrypted; or it throws. */
  open = null;

  /** What the SDK opened, and the serial each was signed with. */
  opened = [];

  serials = [];

  async listen() {
    this.server = http.createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const [status, answer] = await this.take(request.headers, Buffer.concat(chunks).toString());
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
    });
    await new Promise((resolve) => { this.server.listen(0, '127.0.0.1', resolve); });
    this.url = `http://127.0.0.1:${this.server.address().port}/notify`;
  }

  /** The status and the body of the answer. */
  async take(headers, body) {
    try {
      this.opened.push(await this.open(headers, body));
    } catch (refusal) {
      // SDKs say no with errors of every kind; a shop must not believe any of them.
      return [401, { code: 'FAIL', message: `${refusal.message}`.slice(0, 200) }];
    }
    this.serials.push(headers['wechatpay-serial']);
    return [200, { code: 'SUCCESS' }];
  }

  /** Nothing has come yet. */
  forget() {
    this.opened = [];
    this.serials = [];
  }

  /** Frees the port. */
  close() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

module.exports = { Receiver };
