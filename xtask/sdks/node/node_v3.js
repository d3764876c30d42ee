// wechatpay-node-v3, pointed at the sandbox by its own hook `createHttp`: what it signs and sends stays its
// own, only the host is another.
'use strict';

const crypto = require('node:crypto');
const Pay = require('wechatpay-node-v3');
const { PayRequest } = require('wechatpay-node-v3/dist/lib/pay-request');
const { version } = require('wechatpay-node-v3/package.json');
const { play, check } = require('./course');

const LIVE = 'https://api.mch.weixin.qq.com';

/** The package's own HTTP client, with another host. */
class PointedRequest extends PayRequest {
  constructor(base) {
    super();
    this.base = base;
  }

  get(url, headers) {
    return super.get(url.replace(LIVE, this.base), headers);
  }

  post(url, params, headers) {
    return super.post(url.replace(LIVE, this.base), params, headers);
  }
}

/** The package has no option for the public key, but its table of keys is open to subclasses. */
class Shop extends Pay {
  static trust(keys) {
    Pay.certificates = keys;
  }
}

class NodeV3 {
  static version = version;

  /** It has no check of answers of its own; notifications are verified when it is asked to. */
  static verifiesAnswers = false;

  /** It has a function that encrypts, but no call that needs it here. */
  static encrypts = false;

  static fetchesNewCertificates = true;

  constructor(base, credentials) {
    this.base = base;
    this.pay = new Shop({
      appid: credentials.appid,
      mchid: credentials.mchid,
      serial_no: credentials.merchant_serial,
      publicKey: Buffer.from(credentials.merchant_certificate_pem),
      privateKey: Buffer.from(credentials.merchant_private_key_pem),
      key: credentials.api_v3_key,
    });
    this.pay.createHttp(new PointedRequest(base));
  }

  /** The SDK as a merchant of this mode sets it up. */
  static async connect(base, mode, credentials) {
    // The table is one for all instances: what the mode before left there is not known any more.
    Shop.trust(mode === 'certificate' ? {} : { [credentials.public_key_id]: credentials.public_key_pem });
    return new this(base, credentials);
  }

  /** As the package lists them: each with its serial and its public key. */
  static certificates(base, credentials) {
    return new this(base, credentials).pay.get_certificates(credentials.api_v3_key);
  }

  static hasCertificate(certificates, serial, pem) {
    const found = certificates.find((listed) => listed.serial_no === serial);
    const { publicKey } = new crypto.X509Certificate(pem);
    return found && crypto.createPublicKey(found.publicKey).equals(publicKey);
  }

  /** Prepay and the pay parameters are one call of this package. */
  async jsapi(order) {
    return done(200, await this.pay.transactions_jsapi(order));
  }

  async native(order) {
    return done(200, await this.pay.transactions_native(order)).code_url;
  }

  async h5(order) {
    return done(200, await this.pay.transactions_h5(order)).h5_url;
  }

  /** Prepay and the pay parameters, again. */
  async app(order) {
    return done(200, await this.pay.transactions_app(order));
  }

  async query(outTradeNo) {
    return done(200, await this.pay.query({ out_trade_no: outTradeNo }));
  }

  async queryById(transactionId) {
    return done(200, await this.pay.query({ transaction_id: transactionId }));
  }

  async close(outTradeNo) {
    return (await this.pay.close(outTradeNo)).status;
  }

  async refund(refund) {
    return done(200, await this.pay.refunds(refund));
  }

  async queryRefund(outRefundNo) {
    return done(200, await this.pay.find_refunds(outRefundNo));
  }

  /** The text of a day's bill, and the hash that it should have. Of gzip the package makes nothing. */
  async bill(day) {
    const asked = done(200, await this.pay.tradebill({ bill_date: day, bill_type: 'ALL' }));
    // What it signs of an address is what follows WeChat Pay's host.
    const url = asked.download_url.replace(this.base, LIVE);
    return { text: Buffer.from(done(200, await this.pay.downloadBill(url))), hash: asked.hash_value };
  }

  /** The notification with its resource decrypted; throws if it is not to be believed. */
  async open(headers, body) {
    const isGenuine = await this.pay.verifySign({
      timestamp: headers['wechatpay-timestamp'],
      nonce: headers['wechatpay-nonce'],
      serial: headers['wechatpay-serial'],
      signature: headers['wechatpay-signature'],
      body,
    });
    check(isGenuine, 'wrongly signed');
    const notice = JSON.parse(body);
    const { ciphertext, nonce, associated_data: aad } = notice.resource;
    notice.resource = this.pay.decipher_gcm(ciphertext, aad, nonce);
    // It does not check the tag of what it decrypts: with another key it answers letters, not members.
    check(typeof notice.resource === 'object', 'cannot be decrypted');
    return notice;
  }

  /** How WeChat Pay refused this. */
  async refusal(call) {
    const error = await call().then(() => undefined, (refused) => refused);
    check(error?.refused, `not refused by WeChat Pay: ${error}`);
    return error.refused;
  }
}

/** What was answered, if it was answered so; else it throws what WeChat Pay said. */
function done(expected, { status, data, error }) {
  if (status === expected) return data;
  const code = error ? JSON.parse(error).code : undefined;
  throw Object.assign(new Error(`answered ${status}: ${error}`), { refused: { status, code } });
}

play(NodeV3);
