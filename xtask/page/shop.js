// A shop as far as the page needs one: a door for notifications, and pages of another site.
'use strict';

const http = require('node:http');

/** Listens on a free port of this machine until it is closed. */
class Shop {
  /** The event types that came, in their order. */
  events = [];

  /** The status that answers notifications. */
  status = 204;

  async listen() {
    this.server = http.createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      if (request.method === 'GET') {
        response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Another site</title>');
        return;
      }
      this.events.push(JSON.parse(Buffer.concat(chunks).toString()).event_type);
      response.writeHead(this.status).end();
    });
    await new Promise((resolve) => { this.server.listen(0, '127.0.0.1', resolve); });
    this.base = `http://127.0.0.1:${this.server.address().port}`;
    this.url = `${this.base}/notify`;
  }

  /** Frees the port. */
  close() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

module.exports = { Shop };
